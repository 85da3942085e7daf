package webp

import (
	"image"

	"github.com/stokerdata/stoker/internal/pixel"
)

// writeYCbCr writes the colours of a lossy image as libwebp does: BT.601 of
// limited range, from chroma planes that are doubled by what it calls fancy
// upsampling.
func writeYCbCr(dst pixel.Image, m *image.YCbCr) {
	cw, ch := (dst.W+1)/2, (dst.H+1)/2
	for y := range dst.H {
		at := y / 2
		near := min(max(at-1+2*(y&1), 0), ch-1) // the row on the other side
		u, v := m.Cb[at*m.CStride:][:cw], m.Cr[at*m.CStride:][:cw]
		nu, nv := m.Cb[near*m.CStride:][:cw], m.Cr[near*m.CStride:][:cw]
		luma, row := m.Y[y*m.YStride:][:dst.W], dst.Row(y)
		paint(row, luma[0], quarter(u[0], nu[0]), quarter(v[0], nv[0]))
		inner(row[3:], luma[1:], u, nu, v, nv)
		if dst.W&1 == 0 {
			last := dst.W - 1
			paint(row[3*last:], luma[last], quarter(u[cw-1], nu[cw-1]), quarter(v[cw-1], nv[cw-1]))
		}
	}
}

// inner writes the pixels between two samples of chroma each.
func inner(dst, luma, u, nu, v, nv []uint8) {
	nu, v, nv = nu[:len(u)], v[:len(u)], nv[:len(u)]
	for i := 1; i < len(u); i++ {
		if len(dst) < 6 || len(luma) < 2 { // never: a hint for the compiler
			break
		}
		u0, u1 := between(u[i-1], u[i], nu[i-1], nu[i])
		v0, v1 := between(v[i-1], v[i], nv[i-1], nv[i])
		paint(dst[:3:3], luma[0], u0, v0)
		paint(dst[3:6:6], luma[1], u1, v1)
		dst, luma = dst[6:], luma[2:]
	}
}

// between returns the values of two pixels between a, on the left, and b. They
// are made of a and b and of what is near them on the other side of the row, 9,
// 3, 3 and 1 parts of 16, in the steps in which libwebp rounds.
func between(a, b, nearA, nearB uint8) (int32, int32) {
	p, q, r, s := int32(a), int32(b), int32(nearA), int32(nearB)
	sum := p + q + r + s + 8
	return ((sum+2*(q+r))>>3 + p) >> 1, ((sum+2*(p+s))>>3 + q) >> 1
}

// quarter is between at the edges.
func quarter(a, near uint8) int32 { return (3*int32(a) + int32(near) + 2) >> 2 }

// paint sets a pixel. The numbers are fixed point of 14 bits, 6 of which are
// left when products have been cut (dsp/yuv.h of libwebp).
func paint(dst []uint8, y uint8, u, v int32) {
	_ = dst[2]
	l := int32(y) * 19077 >> 8
	dst[0] = clip(l + v*26149>>8 - 14234)
	dst[1] = clip(l - u*6419>>8 - v*13320>>8 + 8708)
	dst[2] = clip(l + u*33050>>8 - 17685)
}

// clip returns v without its fraction, cut to a sample.
func clip(v int32) uint8 {
	if uint32(v) > 255<<6|63 {
		return uint8(^(v >> 31))
	}
	return uint8(v >> 6)
}
