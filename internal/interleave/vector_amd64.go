//go:build !purego

package interleave

import (
	"unsafe"

	"github.com/stokerdata/stoker/internal/cpu"
)

// few is how many columns are laid sooner eight at once than 16.
const few = 8

// LooksAhead reports whether Columns asks for what follows values of size bytes, as
// package cast does.
func LooksAhead(size int) bool { return size == 4 && cpu.AVX2() }

// wide lays columns of 32-bit values side by side, as many rows as fill blocks of 16,
// and returns how many.
func wide[T any](dst []T, stride int, from [][]T) int {
	n := len(from[0]) &^ 15
	if n == 0 || len(from) <= few || unsafe.Sizeof(dst[0]) != 4 || !cpu.AVX512() {
		return 0
	}
	_ = dst[(n-1)*stride+len(from)-1]
	for len(from) > 0 {
		var columns [16]*uint32
		k := min(len(columns), len(from))
		for g := range columns {
			columns[g] = pointer(from[min(g, k-1)][:n])
		}
		sixteenAVX512(pointer(dst), 4*stride, &columns, n/16, k)
		dst, from = dst[k:], from[k:]
	}
	return n
}

// vector lays eight columns of 32-bit values side by side from row first on, as many
// rows as fill blocks of eight, and returns the next row.
func vector[T any](dst []T, stride int, from *[8][]T, first int) int {
	n := (len(from[0]) - first) &^ 7
	if n == 0 || unsafe.Sizeof(dst[0]) != 4 || !cpu.AVX2() {
		return first
	}
	_ = dst[(first+n-1)*stride+7]
	var columns [8]*uint32
	for g := range from {
		columns[g] = pointer(from[g][first:][:n])
	}
	eightAVX2(pointer(dst[first*stride:]), 4*stride, &columns, n/8)
	return first + n
}

// pointer returns where values of 32 bits lie.
func pointer[T any](s []T) *uint32 { return (*uint32)(unsafe.Pointer(unsafe.SliceData(s))) }
