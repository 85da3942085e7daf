package bulk

import (
	"bytes"
	"fmt"
	"testing"
)

// TestCopy copies all sorts of lengths between places of all alignments, and looks
// at the bytes and at what lies beside them.
func TestCopy(t *testing.T) {
	const longest = 3*step + 2
	src, dst := make([]byte, longest+2*line), make([]byte, longest+2*line)
	for i := range src {
		src[i] = byte(i%251 + 1)
	}
	for _, n := range []int{0, 1, line, step - 1, step, step + 1, 2048, 2 * step, 2*step + 1, longest} {
		for off := range line {
			for _, more := range []int{-1, 0, 1} { // of dst than of src
				from, to := src[off:][:n], dst[1:][:max(0, n+more)]
				clear(dst)
				want := min(n, len(to))
				if got := Copy(to, from); got != want {
					t.Fatalf("%d bytes of %d to %d, want %d", got, n, len(to), want)
				}
				if !bytes.Equal(to[:want], from[:want]) {
					t.Fatalf("%d bytes from %d on differ", n, off)
				}
				if dst[0] != 0 || bytes.Count(dst[1+want:], []byte{0}) != len(dst)-1-want {
					t.Fatalf("%d bytes from %d on: more was written", n, off)
				}
			}
		}
	}
}

// BenchmarkCopy copies from memory that no cache of a core holds to memory that one
// does, beside the built-in copy.
func BenchmarkCopy(b *testing.B) {
	src, dst := make([]byte, 256<<20), make([]byte, 128<<10)
	for i := range src {
		src[i] = byte(i)
	}
	for _, off := range []int{0, 4, 37} {
		for name, by := range map[string]func(dst, src []byte) int{"Copy": Copy, "copy": func(dst, src []byte) int { return copy(dst, src) }} {
			for _, n := range []int{4 << 10, 16 << 10, 100 << 10} {
				b.Run(fmt.Sprint(name, "/", n, "/off by ", off), func(b *testing.B) {
					b.SetBytes(int64(n))
					at := 0
					for b.Loop() {
						if at += n; at+n+off > len(src) {
							at = 0
						}
						by(dst[:n], src[at+off:])
					}
				})
			}
		}
	}
}
