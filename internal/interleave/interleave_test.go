package interleave

import (
	"fmt"
	"testing"
)

// TestColumns lays values of all sizes, with room between the rows that stays as
// it is, in numbers of rows and columns around those of the kernel.
func TestColumns(t *testing.T) {
	t.Run("uint8", columns[uint8])
	t.Run("uint32", columns[uint32])
	t.Run("float32", columns[float32])
	t.Run("uint64", columns[uint64])
}

func columns[T uint8 | uint32 | float32 | uint64](t *testing.T) {
	const spare = 3
	for rows := range 36 {
		for n := 0; n <= 35; n++ {
			stride := n + spare
			dst := make([]T, rows*stride)
			from := make([][]T, n)
			for g := range from {
				for i := range rows {
					from[g] = append(from[g], T(1+g+37*i))
				}
			}
			Columns(dst, stride, from)
			for at, x := range dst {
				i, g := at/stride, at%stride
				if want := T(1 + g + 37*i); g < n && x != want || g >= n && x != 0 {
					t.Fatalf("%d rows of %d columns: element (%d, %d) is %v", rows, n, i, g, x)
				}
			}
		}
	}
}

// BenchmarkColumns fills rows of 26 columns, a tile of them at a time.
func BenchmarkColumns(b *testing.B) {
	for _, n := range []int{4, 8, 9, 13, 26} {
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
