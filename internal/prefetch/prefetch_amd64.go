//go:build !purego

package prefetch

// Rows brings the given rows of table, each of size bytes, into the second cache: more
// loads can be on the way there than to the first. It does not wait for them.
func Rows(table []byte, size int, rows []int) {
	if len(table) > 0 && size > 0 && len(rows) > 0 {
		fetchRows(&table[0], size, &rows[0], len(rows))
	}
}
