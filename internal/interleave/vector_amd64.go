//go:build !purego

package interleave

import (
	"unsafe"

	"github.com/stokerdata/stoker/internal/cpu"
)

// vector lays eight columns of 32-bit values side by side, as many rows as fill
// blocks of eight, and returns how many.
func vector[T any](dst []T, stride int, from *[8][]T) int {
	n := len(from[0]) &^ 7
	if n == 0 || unsafe.Sizeof(dst[0]) != 4 || !cpu.AVX2() {
		return 0
	}
	_ = dst[(n-1)*stride+7]
	var columns [8]*uint32
	for g := range from {
		columns[g] = (*uint32)(unsafe.Pointer(unsafe.SliceData(from[g][:n])))
	}
	eightAVX2((*uint32)(unsafe.Pointer(unsafe.SliceData(dst))), 4*stride, &columns, n/8)
	return n
}
