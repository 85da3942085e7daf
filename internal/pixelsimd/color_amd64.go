//go:build !purego

package pixelsimd

import "github.com/stokerdata/stoker/internal/cpu"

// wildFactor is beyond what the kernels take: their products stay within 32 bits.
const wildFactor = 1 << 20

// tame reports whether there are kernels for a factor.
func tame(factor float32) bool {
	return cpu.AVX2() && factor > -wildFactor && factor < wildFactor
}

// blend moves samples from base by factor and returns those left to do.
func blend(px []uint8, base, factor float32) []uint8 {
	n := len(px) / 32
	if n == 0 || !tame(factor) || !(base >= 0 && base <= 255) {
		return px
	}
	blendAVX2(&px[0], n, base, factor)
	return px[32*n:]
}

// saturate moves pixels from their grey by factor and returns those left to do.
func saturate(px []uint8, factor float32) []uint8 {
	n := len(px) / 24
	if n == 0 || !tame(factor) {
		return px
	}
	saturateAVX2(&px[0], n, factor)
	return px[24*n:]
}

// greySum returns the sum of the grey of pixels, and those left to do. A row has
// fewer than 2^24 of them, so that no part of the sum leaves 32 bits.
func greySum(px []uint8) (uint64, []uint8) {
	n := len(px) / 24
	if n == 0 || n >= 1<<21 || !cpu.AVX2() {
		return 0, px
	}
	return uint64(greySumAVX2(&px[0], n)), px[24*n:]
}

// flip mirrors both ends of a row and returns the middle, which is left to do.
func flip(row []uint8, c int) []uint8 {
	if !cpu.AVX2() || len(row) < 32 {
		return row
	}
	size, order := 16, 0
	if c == 3 {
		size, order = 15, 1
	}
	steps := (len(row)-32)/(2*size) + 1
	flipAVX2(&row[0], len(row), steps, size, order)
	return row[steps*size : len(row)-steps*size]
}
