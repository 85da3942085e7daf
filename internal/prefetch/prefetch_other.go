//go:build !amd64 || purego

package prefetch

import "runtime"

// Rows brings the given rows of table, each of size bytes, into the cache, by
// loads that do not wait for one another.
func Rows(table []byte, size int, rows []int) {
	const line = 64
	var sum byte
	for _, row := range rows {
		r := table[row*size:][:size]
		for at := 0; at < size; at += line {
			sum += r[at]
		}
		if size > 0 {
			sum += r[size-1]
		}
	}
	runtime.KeepAlive(sum)
}

// ForStores does nothing here: to wait for the memory that rows are written to would
// be no help to those who write.
func ForStores[T any](table []T, size int, rows []int) {}
