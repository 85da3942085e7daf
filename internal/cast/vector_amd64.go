//go:build !purego

package cast

import "github.com/stokerdata/stoker/internal/cpu"

// The numbers of a block, as the kernels make them.
const (
	uint16Block  = 32
	int32Block   = 32
	float64Block = 16
)

// blocks returns how many blocks of a size n numbers fill, and 0 if no kernel runs
// here.
func blocks(n, size int) int {
	if !cpu.AVX2() {
		return 0
	}
	return n / size
}

// vectorUint16 converts the first numbers, as many as fill blocks, and returns how
// many.
func vectorUint16(dst []int32, src []byte) int {
	n := blocks(len(dst), uint16Block)
	if n > 0 {
		uint16AVX2(&dst[0], &src[0], n)
	}
	return n * uint16Block
}

// vectorInt32 does the same for int32.
func vectorInt32(dst []float32, src []int32) int {
	n := blocks(len(dst), int32Block)
	if n > 0 {
		int32AVX2(&dst[0], &src[0], n)
	}
	return n * int32Block
}

// vectorFloat64 does the same for float64.
func vectorFloat64(dst []float32, src []float64) int {
	n := blocks(len(dst), float64Block)
	if n > 0 {
		float64AVX2(&dst[0], &src[0], n)
	}
	return n * float64Block
}
