package pixel

// YCbCr holds the planes of a JPEG image. The chroma planes have one sample for
// StepX by StepY pixels, rounded up.
type YCbCr struct {
	Y, Cb, Cr        []uint8
	YStride, CStride int
	StepX, StepY     int
}

// ChromaBytes returns the scratch memory that YCbCr.RGB needs for dst.
func ChromaBytes(dst Image) int { return 2 * (dst.W + 1) }

// RGB writes the colours of m to dst as libjpeg does: full-range BT.601 with
// 16-bit constants (jdcolor.c) and, for chroma of half the width, the triangle
// filter that is called fancy upsampling (jdsample.c). Chroma of other steps is
// repeated. tmp has at least ChromaBytes bytes.
func (m YCbCr) RGB(dst Image, tmp []uint8) {
	cw, ch := (dst.W+m.StepX-1)/m.StepX, (dst.H+m.StepY-1)/m.StepY
	half := dst.W + 1
	up := [2][]uint8{tmp[:half:half], tmp[half : 2*half : 2*half]}
	for y := range dst.H {
		cur := y / m.StepY
		near := cur
		if m.StepY == 2 {
			near = min(max(cur-1+2*(y&1), 0), ch-1)
		}
		var c [2][]uint8
		for i, plane := range [2][]uint8{m.Cb, m.Cr} {
			a, b := plane[cur*m.CStride:][:cw], plane[near*m.CStride:][:cw]
			switch {
			case m.StepX == 1:
				c[i] = a
			case m.StepX == 2 && m.StepY <= 2 && cw > 2:
				c[i] = triangle(up[i], a, b, m.StepY)
			default:
				c[i] = repeat(up[i][:dst.W], a, m.StepX)
			}
		}
		rgbRow(dst.Row(y), m.Y[y*m.YStride:][:dst.W], c[0], c[1])
	}
}

// triangle doubles the width of row a, and with stepY 2 the height too: near
// is then the row on the other side of the output row.
func triangle(dst, a, near []uint8, stepY int) []uint8 {
	if stepY == 2 {
		return triangle2(dst[:2*len(a)], a, near)
	}
	last := int32(a[0])
	for i, v := range a {
		this, next := int32(v), int32(a[min(i+1, len(a)-1)])
		q := dst[2*i : 2*i+2 : 2*i+2]
		q[0] = uint8((3*this + last + 1) >> 2)
		q[1] = uint8((3*this + next + 2) >> 2)
		last = this
	}
	return dst
}

// triangle2 weighs columns first: sums are four times the sample.
func triangle2(dst, a, near []uint8) []uint8 {
	near = near[:len(a)]
	this := 3*int32(a[0]) + int32(near[0])
	last := this
	a, near = a[1:], near[1:]
	out := dst
	for i, v := range a {
		if len(out) < 2 || i >= len(near) { // never: a hint for the compiler
			break
		}
		next := 3*int32(v) + int32(near[i])
		out[0] = uint8((3*this + last + 8) >> 4)
		out[1] = uint8((3*this + next + 7) >> 4)
		last, this, out = this, next, out[2:]
	}
	out[0] = uint8((3*this + last + 8) >> 4)
	out[1] = uint8((4*this + 7) >> 4)
	return dst
}

func repeat(dst, a []uint8, step int) []uint8 {
	for i := range dst {
		dst[i] = a[i/step]
	}
	return dst
}

func rgbRow(dst, y, cb, cr []uint8) {
	cb, cr = cb[:len(y)], cr[:len(y)]
	for i, v := range y {
		if len(dst) < 3 { // never: a hint for the compiler
			break
		}
		l, b, r := int32(v)<<16+1<<15, int32(cb[i])-128, int32(cr[i])-128
		dst[0] = clamp((l + 91881*r) >> 16)
		dst[1] = clamp((l - 22554*b - 46802*r) >> 16)
		dst[2] = clamp((l + 116130*b) >> 16)
		dst = dst[3:]
	}
}

func clamp(v int32) uint8 {
	if uint32(v) > 255 {
		return uint8(^(v >> 31))
	}
	return uint8(v)
}
