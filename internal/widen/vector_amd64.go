//go:build !purego

package widen

import "github.com/stokerdata/stoker/internal/cpu"

// block is how many numbers the kernel makes at a time.
const block = 32

// vector makes the first numbers, as many as fill blocks, and returns how many.
func vector(dst []int32, src []byte) int {
	n := len(dst) / block
	if n == 0 || !cpu.AVX2() {
		return 0
	}
	uint16AVX2(&dst[0], &src[0], n)
	return n * block
}
