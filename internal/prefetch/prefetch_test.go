package prefetch

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// TestRows asks for rows at both ends of tables, and for none: nothing may fault or
// go on without end.
func TestRows(t *testing.T) {
	for _, size := range []int{0, 1, 63, 64, 65, 160, 4096} {
		for _, n := range []int{0, 1, 1000} {
			table := make([]byte, n*size)
			var rows []int
			if n > 0 {
				rows = []int{0, n - 1, n / 2}
			}
			Rows(table, size, rows)
			Rows(table, size, nil)
			Front(table)
			ForStores(table, size, rows)
			ForStores(make([]float32, n*size), size, rows)
		}
	}
}

// BenchmarkForStores writes rows to memory that no cache of a core holds, after some
// work on each, with the next one asked for and without.
func BenchmarkForStores(b *testing.B) {
	const size, n = 672, 1 << 15
	table := make([]float32, size*n)
	for _, asked := range []bool{false, true} {
		b.Run(fmt.Sprint(asked), func(b *testing.B) {
			b.SetBytes(4 * size)
			work := make([]float32, size)
			at := 0
			for b.Loop() {
				if at++; at == n-1 {
					at = 0
				}
				copy(table[at*size:][:size], work)
				if asked {
					ForStores(table, size, []int{at + 1})
				}
				for range 2 {
					for i := range work {
						work[i] = work[i]*0.5 + 1
					}
				}
			}
		})
	}
}

// BenchmarkRows sums up rows of a table that no cache of a core holds, in no order,
// with the next ones asked for and without.
func BenchmarkRows(b *testing.B) {
	const size, n, ahead = 160, 1 << 18, 32
	table, rows := make([]byte, size*n), rand.Perm(n)
	for i := range table {
		table[i] = byte(i)
	}
	for _, asked := range []bool{false, true} {
		b.Run(fmt.Sprint(asked), func(b *testing.B) {
			b.SetBytes(size * ahead)
			var row [size]byte
			at := 0
			for b.Loop() {
				if at += ahead; at+2*ahead > n {
					at = 0
				}
				if asked {
					Rows(table, size, rows[at+ahead:][:ahead])
				}
				for _, r := range rows[at:][:ahead] {
					copy(row[:], table[r*size:])
				}
			}
		})
	}
}
