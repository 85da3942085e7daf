//go:build !purego

package prefetch

import "unsafe"

// Rows brings the given rows of table, each of size bytes, into the second cache: more
// loads can be on the way there than to the first. It does not wait for them.
func Rows(table []byte, size int, rows []int) {
	if len(table) > 0 && size > 0 && len(rows) > 0 {
		fetchRows(&table[0], size, &rows[0], len(rows))
	}
}

// ForStores does so with memory that is about to be written, of rows with so many
// elements: the processor reads it, too, and has room for few stores that wait for
// that.
func ForStores[T any](table []T, size int, rows []int) {
	if bytes := size * int(unsafe.Sizeof(*new(T))); len(table) > 0 && bytes > 0 && len(rows) > 0 {
		fetchRows((*byte)(unsafe.Pointer(&table[0])), bytes, &rows[0], len(rows))
	}
}
