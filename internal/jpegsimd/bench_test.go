package jpegsimd

import "testing"

// benchBlock returns a block as photographs have it.
func benchBlock() (coef, quant [64]int16) {
	for k := range 64 {
		quant[Zigzag(k)] = int16(3 + k/4)
		if k < 24 && k%3 != 2 {
			coef[Zigzag(k)] = int16(60/(k+1)) * int16(1-k%2*2)
		}
	}
	return coef, quant
}

func BenchmarkIDCT(b *testing.B) {
	coef, quant := benchBlock()
	dst := make([]uint8, 64)
	for b.Loop() {
		IDCT(dst, 8, &coef, &quant, 64)
	}
}

func BenchmarkPlainIDCT(b *testing.B) {
	coef, quant := benchBlock()
	dst := make([]uint8, 64)
	for b.Loop() {
		plainIDCT(dst, 8, &coef, &quant, 64)
	}
}

func BenchmarkYCC(b *testing.B) {
	dst, y := make([]uint8, 1536), make([]uint8, 512)
	b.SetBytes(512)
	for b.Loop() {
		YCC(dst, y, y, y)
	}
}

func BenchmarkUp22(b *testing.B) {
	dst, y := make([]uint8, 512), make([]uint8, 258)
	b.SetBytes(512)
	for b.Loop() {
		Up22(dst, y, y)
	}
}
