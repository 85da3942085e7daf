package jpegsimd

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

func random() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }

// needKernels skips a test where there are none to compare.
func needKernels(t *testing.T) {
	if !useAVX2 {
		t.Skip("no kernels here")
	}
}

// last returns the number of the last coefficient that is not zero.
func last(coef *[64]int16) int {
	k := 63
	for k > 0 && coef[Zigzag(k)] == 0 {
		k--
	}
	return k
}

// TestIDCTTwins compares the transforms with each other: on coefficients as
// pictures have them and on those that overflow everywhere.
func TestIDCTTwins(t *testing.T) {
	r := random()
	for i := range 200_000 {
		var coef, quant [64]int16
		most := 1 << r.IntN(17)
		for k := range 64 {
			quant[k] = int16(r.IntN(1 + most))
		}
		for range r.IntN(1 + 1<<r.IntN(7)) {
			coef[Zigzag(r.IntN(1+r.IntN(64)))] = int16(r.IntN(2*most) - most)
		}
		if i%8 == 0 {
			for k := range 64 {
				if k%2 == 1 || k >= 16 {
					coef[k] = 0
				}
			}
		}
		var got, want [64]uint8
		exactIDCT(want[:], 8, &coef, &quant)
		if plainIDCT(got[:], 8, &coef, &quant, last(&coef)+1); got != want {
			t.Fatalf("block %d: got %v, want %v for %v times %v", i, got, want, coef, quant)
		}
		if useAVX2 {
			idct(&got[0], 8, &coef, &quant)
		}
		if got != want {
			t.Fatalf("block %d: the kernel gives %v, want %v for %v times %v", i, got, want, coef, quant)
		}
		for k := range 64 {
			if k > 0 {
				coef[k] = 0
			}
		}
		plainIDCT(want[:], 8, &coef, &quant, 64)
		if flat(got[:], 8, coef[0]*quant[0]); got != want {
			t.Fatalf("flat block %d: got %v, want %v", i, got, want)
		}
	}
}

// TestRowTwins compares the kernels for rows with their twins at all widths.
func TestRowTwins(t *testing.T) {
	needKernels(t)
	r := random()
	noise := func(n int) []uint8 {
		b := make([]uint8, n)
		for i := range b {
			b[i] = uint8(r.IntN(256))
			if r.IntN(4) == 0 {
				b[i] = uint8(255 * r.IntN(2))
			}
		}
		return b
	}
	for n := 1; n < 300; n++ {
		a, b, c := noise(n+2), noise(n+2), noise(n+2)
		for name, run := range map[string][2]func([]uint8){
			"Up22": {func(d []uint8) { Up22(d, a, b) }, func(d []uint8) { plainUp22(d, a, b) }},
			"Up21": {func(d []uint8) { Up21(d, a) }, func(d []uint8) { plainUp21(d, a) }},
			"Up12": {func(d []uint8) { Up12(d, a[:n], b, 1+n%2) }, func(d []uint8) { plainUp12(d[:n], a[:n], b, 1+n%2) }},
			"YCC":  {func(d []uint8) { YCC(d, a[:n], b, c) }, func(d []uint8) { plainYCC(d, a[:n], b, c) }},
			"Weave": {
				func(d []uint8) { Weave(d, a[:n], b, c) },
				func(d []uint8) { plainWeave(d, a[:n], b, c) },
			},
		} {
			got, want := make([]uint8, 3*n), make([]uint8, 3*n)
			run[0](got)
			run[1](want)
			if !bytes.Equal(got, want) {
				t.Fatalf("%s of %d samples: got %v, want %v", name, n, got, want)
			}
		}
	}
}

// TestYCCPairs converts each pair of chroma values.
func TestYCCPairs(t *testing.T) {
	needKernels(t)
	r := random()
	y, cb, cr := make([]uint8, 256), make([]uint8, 256), make([]uint8, 256)
	got, want := make([]uint8, 3*256), make([]uint8, 3*256)
	for u := range 256 {
		for v := range 256 {
			y[v], cb[v], cr[v] = uint8(r.IntN(256)), uint8(u), uint8(v)
		}
		YCC(got, y, cb, cr)
		plainYCC(want, y, cb, cr)
		if !bytes.Equal(got, want) {
			t.Fatalf("cb %d: got %v, want %v of luma %v", u, got, want, y)
		}
	}
}
