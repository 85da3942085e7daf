// Package prefetch asks for memory that is about to be read in no order that the
// processor could foresee, so that loads are under way together and not one behind
// the other, or about to be written.
//
//	prefetch.Rows(table, size, rows[16:32])
//	work(rows[:16])
package prefetch

//go:generate go run -C ../asmgen ./prefetch -out ../prefetch/kernel_amd64.s -stubs ../prefetch/kernel_amd64.go -pkg prefetch
