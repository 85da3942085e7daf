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
func plainIDCT(dst []uint8, stride int, coef, quant *[64]int16, end int) {
	var w [64]int32
	switch {
	case end <= 10 && lowColumns(&w, coef, quant):
		lowRows(dst, stride, &w)
	case end > 10 && columns(&w, coef, quant):
		rows(dst, stride, &w)
	default:
		exactIDCT(dst, stride, coef, quant)
	}
}

// columns is the first pass, without regard to overflow. It reports whether
// there is none.
func columns(w *[64]int32, coef, quant *[64]int16) bool {
	over := uint64(0)
	for u := range 8 {
		c, q, to := (*[50]int16)(coef[2*u:]), (*[50]int16)(quant[2*u:]), (*[57]int32)(w[u:])
		if c[1]|c[16]|c[17]|c[32]|c[33]|c[48]|c[49] == 0 {
			v := int64(c[0]*q[0]) << 2
			over |= uint64(v + 1<<14)
			f := int32(v)
			to[0], to[8], to[16], to[24], to[32], to[40], to[48], to[56] = f, f, f, f, f, f, f, f
			continue
		}
		i2, i6 := int64(c[16]*q[16]), int64(c[17]*q[17])
		t0, t1 := int64(c[0]*q[0])<<13+1<<10, int64(c[1]*q[1])<<13
		z := (i2 + i6) * f0541
		t2, t3 := z-i6*f1847, z+i2*f0765
		t0, t1 = t0+t1, t0-t1
		e0, e1, e2, e3 := t0+t3, t1+t2, t1-t2, t0-t3

		i7, i1, i3, i5 := int64(c[32]*q[32]), int64(c[33]*q[33]), int64(c[48]*q[48]), int64(c[49]*q[49])
		z37, z15 := i3+i7, i1+i5
		z = (z37 + z15) * f1175
		z37, z15 = z-z37*f1961, z-z15*f0390
		a, b := (i1+i7)*f0899, (i3+i5)*f2562
		o0, o1, o2, o3 := i7*f0298-a+z37, i5*f2053-b+z15, i3*f3072-b+z37, i1*f1501-a+z15

		v0, v1, v2, v3 := (e0+o3)>>11, (e1+o2)>>11, (e2+o1)>>11, (e3+o0)>>11
		v4, v5, v6, v7 := (e3-o0)>>11, (e2-o1)>>11, (e1-o2)>>11, (e0-o3)>>11
		const half = 1 << 14
		over |= uint64(v0+half) | uint64(v1+half) | uint64(v2+half) | uint64(v3+half)
		over |= uint64(v4+half) | uint64(v5+half) | uint64(v6+half) | uint64(v7+half)
		to[0], to[8], to[16], to[24] = int32(v0), int32(v1), int32(v2), int32(v3)
		to[32], to[40], to[48], to[56] = int32(v4), int32(v5), int32(v6), int32(v7)
	}
	return over < 1<<15
}

// rows is the second pass, for numbers below 2^14.
func rows(dst []uint8, stride int, w *[64]int32) {
	for y := range 8 {
		in, to := (*[8]int32)(w[8*y:]), (*[8]uint8)(dst[y*stride:])
		i2, i6 := in[2], in[6]
		t0, t1 := in[0]<<13+128<<18+1<<17, in[4]<<13
		z := (i2 + i6) * f0541
		t2, t3 := z-i6*f1847, z+i2*f0765
		t0, t1 = t0+t1, t0-t1
		e0, e1, e2, e3 := t0+t3, t1+t2, t1-t2, t0-t3

		i1, i3, i5, i7 := in[1], in[3], in[5], in[7]
		z37, z15 := i3+i7, i1+i5
		z = (z37 + z15) * f1175
		z37, z15 = z-z37*f1961, z-z15*f0390
		a, b := (i1+i7)*f0899, (i3+i5)*f2562
		o0, o1, o2, o3 := i7*f0298-a+z37, i5*f2053-b+z15, i3*f3072-b+z37, i1*f1501-a+z15

		v0, v1, v2, v3 := (e0+o3)>>18, (e1+o2)>>18, (e2+o1)>>18, (e3+o0)>>18
		v4, v5, v6, v7 := (e3-o0)>>18, (e2-o1)>>18, (e1-o2)>>18, (e0-o3)>>18
		if uint32(v0|v1|v2|v3|v4|v5|v6|v7) > 255 {
			to[0], to[1], to[2], to[3] = clamp(v0), clamp(v1), clamp(v2), clamp(v3)
			to[4], to[5], to[6], to[7] = clamp(v4), clamp(v5), clamp(v6), clamp(v7)
			continue
		}
		to[0], to[1], to[2], to[3] = uint8(v0), uint8(v1), uint8(v2), uint8(v3)
		to[4], to[5], to[6], to[7] = uint8(v4), uint8(v5), uint8(v6), uint8(v7)
	}
}

// lowColumns is columns for blocks whose first 10 coefficients in zigzag order
// alone differ from zero: 4 rows of 4 columns.
func lowColumns(w *[64]int32, coef, quant *[64]int16) bool {
	over := uint64(0)
	for u := range 4 {
		c, q, to := (*[50]int16)(coef[2*u:]), (*[50]int16)(quant[2*u:]), (*[57]int32)(w[u:])
		i0, i1, i2, i3 := int64(c[0]*q[0])<<13+1<<10, int64(c[33]*q[33]), int64(c[16]*q[16]), int64(c[48]*q[48])
		t2, t3 := i2*f0541, i2*(f0541+f0765)
		e0, e1, e2, e3 := i0+t3, i0+t2, i0-t2, i0-t3
		z := (i1 + i3) * f1175
		o0, o1 := z-i1*f0899-i3*f1961, z-i1*f0390-i3*f2562
		o2, o3 := z+i3*(f3072-f2562-f1961), z+i1*(f1501-f0899-f0390)

		v0, v1, v2, v3 := (e0+o3)>>11, (e1+o2)>>11, (e2+o1)>>11, (e3+o0)>>11
		v4, v5, v6, v7 := (e3-o0)>>11, (e2-o1)>>11, (e1-o2)>>11, (e0-o3)>>11
		const half = 1 << 14
		over |= uint64(v0+half) | uint64(v1+half) | uint64(v2+half) | uint64(v3+half)
		over |= uint64(v4+half) | uint64(v5+half) | uint64(v6+half) | uint64(v7+half)
		to[0], to[8], to[16], to[24] = int32(v0), int32(v1), int32(v2), int32(v3)
		to[32], to[40], to[48], to[56] = int32(v4), int32(v5), int32(v6), int32(v7)
	}
	return over < 1<<15
}

// lowRows is rows for what lowColumns has written.
func lowRows(dst []uint8, stride int, w *[64]int32) {
	for y := range 8 {
		in, to := (*[4]int32)(w[8*y:]), (*[8]uint8)(dst[y*stride:])
		i0, i1, i2, i3 := in[0]<<13+128<<18+1<<17, in[1], in[2], in[3]
		t2, t3 := i2*f0541, i2*(f0541+f0765)
		e0, e1, e2, e3 := i0+t3, i0+t2, i0-t2, i0-t3
		z := (i1 + i3) * f1175
		o0, o1 := z-i1*f0899-i3*f1961, z-i1*f0390-i3*f2562
		o2, o3 := z+i3*(f3072-f2562-f1961), z+i1*(f1501-f0899-f0390)

		v0, v1, v2, v3 := (e0+o3)>>18, (e1+o2)>>18, (e2+o1)>>18, (e3+o0)>>18
		v4, v5, v6, v7 := (e3-o0)>>18, (e2-o1)>>18, (e1-o2)>>18, (e0-o3)>>18
		if uint32(v0|v1|v2|v3|v4|v5|v6|v7) > 255 {
			to[0], to[1], to[2], to[3] = clamp(v0), clamp(v1), clamp(v2), clamp(v3)
			to[4], to[5], to[6], to[7] = clamp(v4), clamp(v5), clamp(v6), clamp(v7)
			continue
		}
		to[0], to[1], to[2], to[3] = uint8(v0), uint8(v1), uint8(v2), uint8(v3)
		to[4], to[5], to[6], to[7] = uint8(v4), uint8(v5), uint8(v6), uint8(v7)
	}
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
