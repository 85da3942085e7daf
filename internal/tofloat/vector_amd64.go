//go:build !purego

package tofloat

import "github.com/stokerdata/stoker/internal/cpu"

// The numbers of a block, as the kernels make them.
const (
	int32Block   = 32
	float64Block = 16
)

// vectorInt32 converts the first numbers, as many as fill blocks, and returns how
// many.
func vectorInt32(dst []float32, src []int32) int {
	n := len(dst) / int32Block
	if n == 0 || !cpu.AVX2() {
		return 0
	}
	int32AVX2(&dst[0], &src[0], n)
	return n * int32Block
}

// vectorFloat64 is vectorInt32 for float64.
func vectorFloat64(dst []float32, src []float64) int {
	n := len(dst) / float64Block
	if n == 0 || !cpu.AVX2() {
		return 0
	}
	float64AVX2(&dst[0], &src[0], n)
	return n * float64Block
}
