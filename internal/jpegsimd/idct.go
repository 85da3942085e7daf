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
	for y := range 8 {
		flatRow(dst[y*stride:], (int32(dc<<2)+16)>>5)
	}
}

// flatRow writes 8 equal samples.
func flatRow(dst []uint8, v int32) {
	binary.LittleEndian.PutUint64(dst, uint64(sample(v))*0x0101010101010101)
}

// sample moves zero to the middle of the range of a byte.
func sample(v int32) uint8 { return clamp(v + 128) }

// word saturates.
func word(v int32) int32 { return min(max(v, -1<<15), 1<<15-1) }

// plainIDCT is the accurate integer transform of libjpeg, jidctint.c, in the
// 16-bit arithmetic of libjpeg-turbo's kernels: products of coefficients and
// factors, and sums of two inputs, wrap; what the first pass hands on saturates,
// unless all columns are flat, when it wraps too.
func plainIDCT(dst []uint8, stride int, coef, quant *[64]int16) {
	var w [64]int32
	for u := range 8 {
		column(&w, coef, quant, u)
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
func column(w *[64]int32, coef, quant *[64]int16, u int) {
	c, q := (*[50]int16)(coef[2*u&15:]), (*[50]int16)(quant[2*u&15:])
	to := w[u&7:]
	_ = to[56]
	if c[1]|c[16]|c[17]|c[32]|c[33]|c[48]|c[49] == 0 {
		v := int32(c[0]*q[0]) << 2
		if v != int32(int16(v)) {
			if v = word(v); rowAlone(coef) {
				v = int32(int16(c[0]*q[0]) << 2)
			}
		}
		to[0], to[8], to[16], to[24], to[32], to[40], to[48], to[56] = v, v, v, v, v, v, v, v
		return
	}
	o0, o1, o2, o3, o4, o5, o6, o7 := butterfly(
		int32(c[0]*q[0]), int32(c[33]*q[33]), int32(c[16]*q[16]), int32(c[48]*q[48]),
		int32(c[1]*q[1]), int32(c[49]*q[49]), int32(c[17]*q[17]), int32(c[32]*q[32]), 1<<10)
	to[0], to[8], to[16], to[24] = word(o0>>11), word(o1>>11), word(o2>>11), word(o3>>11)
	to[32], to[40], to[48], to[56] = word(o4>>11), word(o5>>11), word(o6>>11), word(o7>>11)
}

// row transforms one row and writes it.
func row(dst []uint8, w *[8]int32) {
	_ = dst[7]
	if w[1]|w[2]|w[3]|w[4]|w[5]|w[6]|w[7] == 0 {
		flatRow(dst, (w[0]<<13+1<<17)>>18)
		return
	}
	o0, o1, o2, o3, o4, o5, o6, o7 := butterfly(w[0], w[1], w[2], w[3], w[4], w[5], w[6], w[7], 1<<17)
	dst[0], dst[1], dst[2], dst[3] = sample(o0>>18), sample(o1>>18), sample(o2>>18), sample(o3>>18)
	dst[4], dst[5], dst[6], dst[7] = sample(o4>>18), sample(o5>>18), sample(o6>>18), sample(o7>>18)
}

// butterfly is the transform of 8 words, times 2^13, plus round. Its numbers are
// passed one by one, in registers.
func butterfly(i0, i1, i2, i3, i4, i5, i6, i7, round int32) (o0, o1, o2, o3, o4, o5, o6, o7 int32) {
	z := (i2 + i6) * f0541
	t2, t3 := z-i6*f1847, z+i2*f0765
	t0, t1 := int32(int16(i0+i4))<<13+round, int32(int16(i0-i4))<<13+round
	e0, e1, e2, e3 := t0+t3, t1+t2, t1-t2, t0-t3

	z37, z15 := int32(int16(i3+i7)), int32(int16(i1+i5))
	z = (z37 + z15) * f1175
	z37, z15 = z-z37*f1961, z-z15*f0390
	a, b := (i1+i7)*f0899, (i3+i5)*f2562
	a0 := i7*f0298 - a + z37
	a1 := i5*f2053 - b + z15
	a2 := i3*f3072 - b + z37
	a3 := i1*f1501 - a + z15
	return e0 + a3, e1 + a2, e2 + a1, e3 + a0, e3 - a0, e2 - a1, e1 - a2, e0 - a3
}
