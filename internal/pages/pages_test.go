package pages

import "testing"

func TestAlloc(t *testing.T) {
	for _, n := range []int{0, 1, 100, Bytes - 1, Bytes, Bytes + 1, 64<<10 - 1, 64 << 10, 64<<10 + 1, 1 << 20, 3<<20 + 1, 64<<20 + 1} {
		for what, alloc := range map[string]func(int) []byte{"Alloc": Alloc, "Make": Make} {
			a, b := alloc(n), alloc(n)
			for _, m := range [][]byte{a, b} {
				if len(m) != n || n > 0 && !Aligned(m) {
					t.Errorf("%s(%d): length %d, aligned %v", what, n, len(m), Aligned(m))
				}
				for i := range m[:min(n, 10)] {
					m[i], m[n-1-i] = 1, 1
				}
			}
			if n > 0 && &a[0] == &b[0] {
				t.Errorf("%s(%d) gives the same memory twice", what, n)
			}
			if what == "Alloc" {
				Free(a)
				Free(b)
			}
		}
	}
}
