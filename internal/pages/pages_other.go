//go:build !linux || race

package pages

// Alloc returns n bytes of any content that start at a multiple of [Bytes].
func Alloc(n int) []byte { return Make(n) }

// Free takes back what [Alloc] returned, as long as it was then. Nobody may use it
// any more.
func Free([]byte) {}

// Huge does nothing: small pages work as well.
func Huge([]byte) {}

// Discard does nothing: the garbage collector finds what is dropped.
func Discard([]byte) {}
