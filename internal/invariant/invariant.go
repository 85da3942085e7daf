// Package invariant makes test builds check what production builds assume: in
// builds with the race detector, memory that was given back is overwritten, so
// that a borrow that was kept shows at once.
package invariant

// Poison overwrites b if Enabled.
func Poison(b []byte) {
	if Enabled {
		for i := range b {
			b[i] = 0xdb
		}
	}
}
