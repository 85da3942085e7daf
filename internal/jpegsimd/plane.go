package jpegsimd

import "encoding/binary"

// chunk is how many samples the kernels for rows work on at a time. The rest of
// a row is done with the chunk that ends with it; a row shorter than a chunk is
// left to the plain twins.
const chunk = 32

// wideChunk is the same for kernels of AVX-512, which see to the rest by themselves.
const wideChunk = 64

// Up22 doubles a row of samples in both directions: dst gets twice as many as
// cur and near have between their first and last, which are the neighbours
// beyond the ends. near is the row on the other side of the row that is made.
// This is the triangle filter of libjpeg's fancy upsampling (jdsample.c).
func Up22(dst, cur, near []uint8) {
	n := len(cur) - 2
	near, dst = near[:n+2], dst[:2*n]
	if useAVX512 && n >= wideChunk {
		up22Wide(&dst[0], &cur[0], &near[0], n)
		return
	}
	if !useAVX2 || n < chunk {
		plainUp22(dst, cur, near)
		return
	}
	up22(&dst[0], &cur[0], &near[0], n&^(chunk-1))
	if i := n - chunk; n%chunk != 0 {
		up22(&dst[2*i], &cur[i], &near[i], chunk)
	}
}

// Up21 doubles a row in its own direction: dst gets twice as many samples as src
// has between its first and last.
func Up21(dst, src []uint8) {
	n := len(src) - 2
	dst = dst[:2*n]
	if !useAVX2 || n < chunk {
		plainUp21(dst, src)
		return
	}
	up21(&dst[0], &src[0], n&^(chunk-1))
	if i := n - chunk; n%chunk != 0 {
		up21(&dst[2*i], &src[i], chunk)
	}
}

// Up12 makes a row between cur and near, nearer to cur. The bias is 1 above cur
// and 2 below.
func Up12(dst, cur, near []uint8, bias int) {
	n := len(cur)
	near, dst = near[:n], dst[:n]
	if !useAVX2 || n < chunk {
		plainUp12(dst, cur, near, bias)
		return
	}
	up12(&dst[0], &cur[0], &near[0], n&^(chunk-1), bias)
	if i := n - chunk; n%chunk != 0 {
		up12(&dst[i], &cur[i], &near[i], chunk, bias)
	}
}

// YCC writes the colours of luma y and chroma cb and cr as red, green and blue,
// 3 bytes for each sample of y: full-range BT.601 with the 16-bit constants of
// jdcolor.c.
func YCC(dst, y, cb, cr []uint8) {
	n := len(y)
	cb, cr, dst = cb[:n], cr[:n], dst[:3*n]
	if useAVX512 && n >= wideChunk {
		yccWide(&dst[0], &y[0], &cb[0], &cr[0], n)
		return
	}
	if !useAVX2 || n < chunk {
		plainYCC(dst, y, cb, cr)
		return
	}
	ycc(&dst[0], &y[0], &cb[0], &cr[0], n&^(chunk-1))
	if i := n - chunk; n%chunk != 0 {
		ycc(&dst[3*i], &y[i], &cb[i], &cr[i], chunk)
	}
}

// Weave interleaves three rows.
func Weave(dst, r, g, b []uint8) {
	n := len(r)
	g, b, dst = g[:n], b[:n], dst[:3*n]
	if !useAVX2 || n < chunk {
		plainWeave(dst, r, g, b)
		return
	}
	weave(&dst[0], &r[0], &g[0], &b[0], n&^(chunk-1))
	if i := n - chunk; n%chunk != 0 {
		weave(&dst[3*i], &r[i], &g[i], &b[i], chunk)
	}
}

// Where there are no kernels, 4 samples are in a word, with 16 bits for each: every
// other one of those that have been loaded.
const (
	evens = 0x00ff00ff00ff00ff
	ones  = 0x0001000100010001
)

func plainUp22(dst, cur, near []uint8) {
	near = near[:len(cur)]
	i := 0
	for ; i < len(cur)-9; i += 8 {
		c, c2 := binary.LittleEndian.Uint64(cur[i:]), binary.LittleEndian.Uint64(cur[i+2:])
		n, n2 := binary.LittleEndian.Uint64(near[i:]), binary.LittleEndian.Uint64(near[i+2:])
		w, x := 3*(c&evens)+n&evens, 3*(c>>8&evens)+n>>8&evens
		y, z := 3*(c2&evens)+n2&evens, 3*(c2>>8&evens)+n2>>8&evens
		weave2((*[16]uint8)(dst[2*i:]), double(w, x, y, 8, 7, 4), double(x, y, z, 8, 7, 4))
	}
	last, this := 3*int32(cur[i])+int32(near[i]), 3*int32(cur[i+1])+int32(near[i+1])
	for ; i < len(cur)-2; i++ {
		next := 3*int32(cur[i+2]) + int32(near[i+2])
		to := (*[2]uint8)(dst[2*i:])
		to[0], to[1] = uint8((3*this+last+8)>>4), uint8((3*this+next+7)>>4)
		last, this = this, next
	}
}

func plainUp21(dst, src []uint8) {
	i := 0
	for ; i < len(src)-9; i += 8 {
		s, s2 := binary.LittleEndian.Uint64(src[i:]), binary.LittleEndian.Uint64(src[i+2:])
		w, x, y, z := s&evens, s>>8&evens, s2&evens, s2>>8&evens
		weave2((*[16]uint8)(dst[2*i:]), double(w, x, y, 1, 2, 2), double(x, y, z, 1, 2, 2))
	}
	last, this := int32(src[i]), int32(src[i+1])
	for ; i < len(src)-2; i++ {
		next := int32(src[i+2])
		to := (*[2]uint8)(dst[2*i:])
		to[0], to[1] = uint8((3*this+last+1)>>2), uint8((3*this+next+2)>>2)
		last, this = this, next
	}
}

// double makes two samples of each: the first is nearer to last, the second to
// next. To both something is added before they are shifted.
func double(last, this, next, first, second uint64, shift uint) uint64 {
	return (3*this+last+first*ones)>>shift&evens | (3*this+next+second*ones)<<(8-shift)&^evens
}

// weave2 writes pairs of samples, of a and b by turns.
func weave2(dst *[16]uint8, a, b uint64) {
	const low = 0x0000ffff0000ffff
	even, odd := a&low|b<<16&^low, a>>16&low|b&^low
	binary.LittleEndian.PutUint64(dst[:8], even&(1<<32-1)|odd<<32)
	binary.LittleEndian.PutUint64(dst[8:], even>>32|odd>>32<<32)
}

func plainUp12(dst, cur, near []uint8, bias int) {
	near, dst = near[:len(cur)], dst[:len(cur)]
	for i, v := range cur {
		dst[i] = uint8((3*int(v) + int(near[i]) + bias) >> 2)
	}
}

// A colour is red, blue and green in one word, so that they are added at once:
// red from bit 0 on, blue from bit 16, and green from bit 48, with 16 bits behind
// its point. A part that is negative borrows from the one above it.
type colour uint64

const (
	lumas  = 1 | 1<<16 | 1<<48 // what a step of luma adds
	beyond = 0xff00 * lumas    // bits of parts that are no bytes
)

// chroma holds what chroma samples add: cb to blue, cr to red, and both to green.
type chroma struct {
	cb, cr [256]colour
}

var colours = func() (c chroma) {
	for i := range 256 {
		v := int64(i) - 128
		c.cb[i] = colour((116130*v+1<<15)>>16<<16 + (1<<15-22554*v)<<32)
		c.cr[i] = colour((91881*v+1<<15)>>16 + (-46802*v)<<32)
	}
	return c
}()

func (c *chroma) add(y, cb, cr uint8) colour { return colour(y)*lumas + c.cb[cb] + c.cr[cr] }

// clamp makes bytes of all parts, which are from -256 to 511.
func (c colour) clamp() colour {
	c += 256 * lumas
	over, under := c>>9&lumas, ^(c>>8|c>>9)&lumas
	return (c | over*255) &^ (under * 255)
}

func plainYCC(dst, y, cb, cr []uint8) {
	cb, cr = cb[:len(y)], cr[:len(y)]
	t, i := &colours, 0
	for ; i < len(y)-3; i += 4 {
		a, b := t.add(y[i], cb[i], cr[i]), t.add(y[i+1], cb[i+1], cr[i+1])
		c, d := t.add(y[i+2], cb[i+2], cr[i+2]), t.add(y[i+3], cb[i+3], cr[i+3])
		if (a|b|c|d)&beyond != 0 {
			a, b, c, d = a.clamp(), b.clamp(), c.clamp(), d.clamp()
		}
		to := (*[12]uint8)(dst[3*i:])
		to[0], to[1], to[2] = uint8(a), uint8(a>>48), uint8(a>>16)
		to[3], to[4], to[5] = uint8(b), uint8(b>>48), uint8(b>>16)
		to[6], to[7], to[8] = uint8(c), uint8(c>>48), uint8(c>>16)
		to[9], to[10], to[11] = uint8(d), uint8(d>>48), uint8(d>>16)
	}
	for ; i < len(y); i++ {
		c := t.add(y[i], cb[i], cr[i]).clamp()
		to := (*[3]uint8)(dst[3*i:])
		to[0], to[1], to[2] = uint8(c), uint8(c>>48), uint8(c>>16)
	}
}

func plainWeave(dst, r, g, b []uint8) {
	g, b = g[:len(r)], b[:len(r)]
	for i, v := range r {
		if len(dst) < 3 { // never: a hint for the compiler
			break
		}
		dst[0], dst[1], dst[2] = v, g[i], b[i]
		dst = dst[3:]
	}
}
