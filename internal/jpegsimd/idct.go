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
	plainIDCT(dst, stride, coef, quant, end)
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

// plainIDCT is the accurate integer transform of libjpeg, jidctint.c, in the
// 16-bit arithmetic of libjpeg-turbo's kernels: see exactIDCT. Coefficients of
// pictures do not overflow it, which shows in what the first pass hands on: the
// transform keeps lengths, so that numbers that go into a pass are at most a
// quarter of the largest that come out.
//
// All else fits in lanes. The factors of what comes out of a pass sum up to 61214
// at most, which with the 2^15 of coefficients is less than 2^31, and with the
// 2^14 of the second pass less than 2^30.
func plainIDCT(dst []uint8, stride int, coef, quant *[64]int16, end int) {
	var w [32]lanes // two rows in 8 of them
	over := lanes(0)
	for u := 0; u < width(end); u += 2 {
		over |= columns((*[26]lanes)(w[u:]), (*[52]int16)(coef[2*u:]), (*[52]int16)(quant[2*u:]))
	}
	if over&^(both*(1<<15-1)) != 0 {
		exactIDCT(dst, stride, coef, quant)
		return
	}
	for i := range 4 {
		rows(dst[2*i*stride:], stride, (*[8]lanes)(w[8*i:]))
	}
}

// width returns in how many columns the first coefficients in zigzag order are.
func width(end int) int {
	switch {
	case end <= 5:
		return 2
	case end <= 14:
		return 4
	case end <= 27:
		return 6
	}
	return 8
}

// lanes is two numbers in one word: the first, plus 2^32 times the second. Sums
// of such words and products with constants are those of both numbers, whatever
// their signs are, as long as what comes out in the end fits in 32 bits.
type lanes int64

// both is 1 in each lane.
const both = 1<<32 + 1

// columns is the first pass over two columns, without regard to overflow. In to
// rows are 8 words apart, two of them in one. It returns what has bits beyond the
// low 15 of a lane if a number is not from -2^14 to 2^14-1.
func columns(to *[26]lanes, c, q *[52]int16) (over lanes) {
	// Rows are where Place has them.
	i0 := lanes(c[0]*q[0]) + lanes(c[2]*q[2])<<32
	i4 := lanes(c[1]*q[1]) + lanes(c[3]*q[3])<<32
	i2 := lanes(c[16]*q[16]) + lanes(c[18]*q[18])<<32
	i6 := lanes(c[17]*q[17]) + lanes(c[19]*q[19])<<32
	i7 := lanes(c[32]*q[32]) + lanes(c[34]*q[34])<<32
	i1 := lanes(c[33]*q[33]) + lanes(c[35]*q[35])<<32
	i3 := lanes(c[48]*q[48]) + lanes(c[50]*q[50])<<32
	i5 := lanes(c[49]*q[49]) + lanes(c[51]*q[51])<<32
	// With 2^31 more the first lane is positive, and borrows nothing.
	v0, v1, v2, v3, v4, v5, v6, v7 := butterflies(i0, i1, i2, i3, i4, i5, i6, i7, both<<10+1<<31)
	to[0], to[1] = turn(v0, v1)
	to[8], to[9] = turn(v2, v3)
	to[16], to[17] = turn(v4, v5)
	to[24], to[25] = turn(v6, v7)
	const half = both << 14
	over = (to[0] + half) | (to[1] + half) | (to[8] + half) | (to[9] + half)
	return over | (to[16] + half) | (to[17] + half) | (to[24] + half) | (to[25] + half)
}

// turn turns two columns of two rows, of which the first has 2^31 more, into
// two rows of two columns, and scales them.
func turn(top, bottom lanes) (left, right lanes) {
	left = lanes(uint32(top)>>11) + lanes(uint32(bottom)>>11)<<32 - both<<20
	return left, top>>43 + bottom>>43<<32
}

// rows is the second pass over two rows.
func rows(dst []uint8, stride int, w *[8]lanes) {
	v0, v1, v2, v3, v4, v5, v6, v7 := butterflies(w[0], w[1], w[2], w[3], w[4], w[5], w[6], w[7], both*(128<<18+1<<17))
	if (v0|v1|v2|v3|v4|v5|v6|v7)&^(both*(1<<26-1)) != 0 {
		v0, v1, v2, v3 = v0.clamp(), v1.clamp(), v2.clamp(), v3.clamp()
		v4, v5, v6, v7 = v4.clamp(), v5.clamp(), v6.clamp(), v7.clamp()
	}
	const mask = both * 255 << 18
	left := v0&mask>>18 | v1&mask>>10 | v2&mask>>2 | v3&mask<<6
	right := v4&mask>>18 | v5&mask>>10 | v6&mask>>2 | v7&mask<<6
	binary.LittleEndian.PutUint32(dst, uint32(left))
	binary.LittleEndian.PutUint32(dst[4:], uint32(right))
	binary.LittleEndian.PutUint32(dst[stride:], uint32(left>>32))
	binary.LittleEndian.PutUint32(dst[stride+4:], uint32(right>>32))
}

// clamp makes bits 18 to 25 of lanes that are less than 0, or have bits above
// these, those of 0 or 255.
func (v lanes) clamp() lanes {
	v += both << 30
	const far = both * 15 << 26
	over, under := (v&far+far)>>30&both, ^v>>30&both
	return (v | over*(255<<18)) &^ (under * (255 << 18))
}

// butterflies is butterfly of lanes, without regard to overflow.
func butterflies(i0, i1, i2, i3, i4, i5, i6, i7, round lanes) (_, _, _, _, _, _, _, _ lanes) {
	if i4|i5|i6|i7 == 0 { // as in most of what is smooth
		i0, t2, t3 := i0<<13+round, i2*f0541, i2*(f0541+f0765)
		e0, e1, e2, e3 := i0+t3, i0+t2, i0-t2, i0-t3
		z := (i1 + i3) * f1175
		o0, o1 := z-i1*f0899-i3*f1961, z-i1*f0390-i3*f2562
		o2, o3 := z+i3*(f3072-f2562-f1961), z+i1*(f1501-f0899-f0390)
		return e0 + o3, e1 + o2, e2 + o1, e3 + o0, e3 - o0, e2 - o1, e1 - o2, e0 - o3
	}
	z := (i2 + i6) * f0541
	t2, t3 := z-i6*f1847, z+i2*f0765
	t0, t1 := (i0+i4)<<13+round, (i0-i4)<<13+round
	e0, e1, e2, e3 := t0+t3, t1+t2, t1-t2, t0-t3

	z37, z15 := i3+i7, i1+i5
	z = (z37 + z15) * f1175
	z37, z15 = z-z37*f1961, z-z15*f0390
	a, b := (i1+i7)*f0899, (i3+i5)*f2562
	o0, o1, o2, o3 := i7*f0298-a+z37, i5*f2053-b+z15, i3*f3072-b+z37, i1*f1501-a+z15
	return e0 + o3, e1 + o2, e2 + o1, e3 + o0, e3 - o0, e2 - o1, e1 - o2, e0 - o3
}

// exactIDCT is the transform with 16-bit arithmetic: products of coefficients
// and factors, and sums of two inputs, wrap; what the first pass hands on
// saturates, unless all columns are flat, when it wraps too.
func exactIDCT(dst []uint8, stride int, coef, quant *[64]int16) {
	var w [64]int16
	if rowAlone(coef) {
		for i := range w {
			w[i] = coef[2*(i%8)] * quant[2*(i%8)] << 2
		}
	} else {
		for u := range 8 {
			var in [8]int16
			for v := range in {
				in[v] = coef[Place(v, u)] * quant[Place(v, u)]
			}
			for y, v := range butterfly(&in, 1<<10) {
				w[8*y+u] = int16(min(max(v>>11, -1<<15), 1<<15-1))
			}
		}
	}
	for y := range 8 {
		for x, v := range butterfly((*[8]int16)(w[8*y:]), 1<<17) {
			dst[y*stride+x] = sample(v >> 18)
		}
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
	o0, o1, o2, o3 := i7*f0298-a+z37, i5*f2053-b+z15, i3*f3072-b+z37, i1*f1501-a+z15
	return [8]int32{e0 + o3, e1 + o2, e2 + o1, e3 + o0, e3 - o0, e2 - o1, e1 - o2, e0 - o3}
}
