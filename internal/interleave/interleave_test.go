package interleave

import (
	"fmt"
	"testing"
)

func TestColumns(t *testing.T) {
	const rows, spare = 5, 3
	for n := 0; n <= 27; n++ {
		stride := n + spare
		dst := make([]int, rows*stride)
		from := make([][]int, n)
		for g := range from {
			for i := range rows {
				from[g] = append(from[g], 100*(g+1)+i)
			}
		}
		Columns(dst, stride, from)
		for at, x := range dst {
			i, g := at/stride, at%stride
			if want := 100*(g+1) + i; g < n && x != want || g >= n && x != 0 {
				t.Fatalf("%d columns: element (%d, %d) is %d", n, i, g, x)
			}
		}
	}
}

// BenchmarkColumns fills rows of 26 columns, a tile of them at a time.
func BenchmarkColumns(b *testing.B) {
	for _, n := range []int{4, 8, 13, 26} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			const rows = 256
			dst, from := make([]uint32, rows*n), make([][]uint32, n)
			for g := range from {
				from[g] = make([]uint32, rows)
			}
			b.SetBytes(4 * rows * int64(n))
			for b.Loop() {
				Columns(dst, n, from)
			}
		})
	}
}

// BenchmarkCopy is its ideal: as many bytes copied.
func BenchmarkCopy(b *testing.B) {
	dst, src := make([]byte, 4*256*26), make([]byte, 4*256*26)
	b.SetBytes(int64(len(dst)))
	for b.Loop() {
		copy(dst, src)
	}
}
