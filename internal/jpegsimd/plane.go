package jpegsimd

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

func plainUp22(dst, cur, near []uint8) {
	near = near[:len(cur)]
	last, this := 3*int32(cur[0])+int32(near[0]), 3*int32(cur[1])+int32(near[1])
	for i := 2; i < len(cur); i++ {
		if len(dst) < 2 { // never: a hint for the compiler
			break
		}
		next := 3*int32(cur[i]) + int32(near[i])
		dst[0] = uint8((3*this + last + 8) >> 4)
		dst[1] = uint8((3*this + next + 7) >> 4)
		last, this, dst = this, next, dst[2:]
	}
}

func plainUp21(dst, src []uint8) {
	last, this := int32(src[0]), int32(src[1])
	for _, v := range src[2:] {
		if len(dst) < 2 { // never: a hint for the compiler
			break
		}
		next := int32(v)
		dst[0] = uint8((3*this + last + 1) >> 2)
		dst[1] = uint8((3*this + next + 2) >> 2)
		last, this, dst = this, next, dst[2:]
	}
}

func plainUp12(dst, cur, near []uint8, bias int) {
	near, dst = near[:len(cur)], dst[:len(cur)]
	for i, v := range cur {
		dst[i] = uint8((3*int(v) + int(near[i]) + bias) >> 2)
	}
}

// chroma holds what a chroma sample adds: cr to red and cb to blue, and both to
// green, times 2^16.
type chroma struct {
	red, blue              [256]int32
	greenFromB, greenFromR [256]int32
}

var colours = func() (c chroma) {
	for i := range 256 {
		v := int32(i) - 128
		c.red[i], c.blue[i] = (91881*v+1<<15)>>16, (116130*v+1<<15)>>16
		c.greenFromB[i], c.greenFromR[i] = 1<<15-22554*v, -46802*v
	}
	return c
}()

func plainYCC(dst, y, cb, cr []uint8) {
	cb, cr = cb[:len(y)], cr[:len(y)]
	c := &colours
	for i, v := range y {
		u, v, l := cb[i], cr[i], int32(v)
		r, g, b := l+c.red[v], l+(c.greenFromB[u]+c.greenFromR[v])>>16, l+c.blue[u]
		if uint32(r|g|b) > 255 {
			r, g, b = int32(clamp(r)), int32(clamp(g)), int32(clamp(b))
		}
		to := (*[3]uint8)(dst[3*i:])
		to[0], to[1], to[2] = uint8(r), uint8(g), uint8(b)
	}
}

func clamp(v int32) uint8 {
	if uint32(v) > 255 {
		return uint8(^(v >> 31))
	}
	return uint8(v)
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
