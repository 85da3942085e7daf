package jpegsimd

import "encoding/binary"

// The constants of jidctint.c, times 2^13.
const (
	f0298, f0390, f0541, f0765, f0899, f1175 = 2446, 3196, 4433, 6270, 7373, 9633
	f1501, f1847, f1961, f2053, f2562, f3072 = 12299, 15137, 16069, 16819, 20995, 25172
)

// IDCT writes the 8 by 8 samples of a block to dst, whose rows are stride
// apart. Coefficients and their quantisation factors are in the order of Place;
// end is what Block has returned for them.
func IDCT(dst []uint8, stride int, coef, quant *[64]int16, end int) {
	_ = dst[7*stride+7]
	if end <= 1 {
		flat(dst, stride, coef[0]*quant[0])
		return
	}
	if useAVX2 {
		idct(&dst[0], stride, coef, quant)
		return
	}
	plainIDCT(dst, stride, coef, quant)
}

// flat writes a block that has the first coefficient alone.
func flat(dst []uint8, stride int, dc int16) {
	all := uint64(sample((int32(dc<<2)+16)>>5)) * 0x0101010101010101
	for y := range 8 {
		binary.LittleEndian.PutUint64(dst[y*stride:], all)
	}
}

// sample moves zero to the middle of the range of a byte.
func sample(v int32) uint8 { return uint8(min(max(v, -128), 127) + 128) }

// word saturates.
func word(v int32) int32 { return min(max(v, -1<<15), 1<<15-1) }

// plainIDCT is the accurate integer transform of libjpeg, jidctint.c, in the
// 16-bit arithmetic of libjpeg-turbo's kernels: products of coefficients and
// factors, and sums of two inputs, wrap; what the first pass hands on saturates,
// unless all columns are flat, when it wraps too.
func plainIDCT(dst []uint8, stride int, coef, quant *[64]int16) {
	var w [64]int32
	alone := rowAlone(coef)
	for c := range 8 {
		column(&w, coef, quant, c, alone)
	}
	for y := range 8 {
		row(dst[y*stride:y*stride+8:y*stride+8], (*[8]int32)(w[8*y:]))
	}
}

// rowAlone reports whether only the first row has coefficients.
func rowAlone(coef *[64]int16) bool {
	var rest int16
	for u := range 8 {
		rest |= coef[2*u+1]
	}
	for _, v := range coef[16:] {
		rest |= v
	}
	return rest == 0
}

// column transforms column u of a block into that of w.
func column(w *[64]int32, coef, quant *[64]int16, u int, alone bool) {
	c, q := coef[2*u:2*u+50:2*u+50], quant[2*u:2*u+50:2*u+50]
	if c[1]|c[16]|c[17]|c[32]|c[33]|c[48]|c[49] == 0 {
		v := int32(c[0] * q[0])
		if v = v << 2; alone {
			v = int32(int16(v))
		}
		v = word(v)
		for y := range 8 {
			w[8*y+u] = v
		}
		return
	}
	out := butterfly(&[8]int16{c[0] * q[0], c[33] * q[33], c[16] * q[16], c[48] * q[48],
		c[1] * q[1], c[49] * q[49], c[17] * q[17], c[32] * q[32]}, 1<<10)
	for y, v := range out {
		w[8*y+u] = word(v >> 11)
	}
}

// row transforms one row and writes it.
func row(dst []uint8, w *[8]int32) {
	in := [8]int16{}
	for i, v := range w {
		in[i] = int16(v)
	}
	for i, v := range butterfly(&in, 1<<17) {
		dst[i] = sample(word(v >> 18))
	}
}

// butterfly is the transform of 8 numbers, times 2^13, plus round.
func butterfly(in *[8]int16, round int32) [8]int32 {
	i0, i1, i2, i3 := int32(in[0]), int32(in[1]), int32(in[2]), int32(in[3])
	i4, i5, i6, i7 := int32(in[4]), int32(in[5]), int32(in[6]), int32(in[7])
	z := (i2 + i6) * f0541
	t2, t3 := z-i6*f1847, z+i2*f0765
	t0, t1 := int32(int16(i0+i4))<<13+round, int32(int16(i0-i4))<<13+round
	e0, e1, e2, e3 := t0+t3, t1+t2, t1-t2, t0-t3

	z37, z15 := int32(int16(i3+i7)), int32(int16(i1+i5))
	z = (z37 + z15) * f1175
	z37, z15 = z-z37*f1961, z-z15*f0390
	a, b := (i1+i7)*f0899, (i3+i5)*f2562
	o0 := i7*f0298 - a + z37
	o1 := i5*f2053 - b + z15
	o2 := i3*f3072 - b + z37
	o3 := i1*f1501 - a + z15
	return [8]int32{e0 + o3, e1 + o2, e2 + o1, e3 + o0, e3 - o0, e2 - o1, e1 - o2, e0 - o3}
}
