package vision

// affine maps (x, y) to (xx·x + xy·y + x0, yx·x + yy·y + y0).
type affine struct{ xx, xy, x0, yx, yy, y0 float64 }

// at returns where a takes the point (x, y).
func (a affine) at(x, y float64) (float64, float64) {
	return float64(a.xx*x) + float64(a.xy*y) + a.x0, float64(a.yx*x) + float64(a.yy*y) + a.y0
}

// hull returns the smallest box, as x1, y1, x2, y2, around the four corners of
// a box that a has moved.
func (a affine) hull(b [4]float64) [4]float64 {
	x, y := a.at(b[0], b[1])
	h := [4]float64{x, y, x, y}
	for _, c := range [3][2]float64{{b[2], b[1]}, {b[0], b[3]}, {b[2], b[3]}} {
		x, y := a.at(c[0], c[1])
		h = [4]float64{min(h[0], x), min(h[1], y), max(h[2], x), max(h[3], y)}
	}
	return h
}

// straight reports whether a leaves rows rows and columns columns.
func (a affine) straight() bool { return a.xy == 0 && a.yx == 0 }

// motion is what an operation does to a canvas: its size before and after, and
// where points go, in continuous coordinates, and come from. Pixels are looked
// up backwards; boxes and key points move forwards.
type motion struct {
	from, to  size
	fwd, back affine
}

// mirrors reports whether left and right change places.
func (m motion) mirrors() bool {
	return float64(m.fwd.xx*m.fwd.yy)-float64(m.fwd.xy*m.fwd.yx) < 0
}

// window is a rectangle of whole pixels on a canvas, partly outside of it if a
// crop pads.
type window struct{ x, y, h, w int }

// crop returns the motion that takes a window and scales it to a size.
func crop(from size, c window, to size) motion {
	sx, sy := float64(to.w)/float64(c.w), float64(to.h)/float64(c.h)
	x, y := float64(c.x), float64(c.y)
	return motion{
		from: from, to: to,
		fwd:  affine{xx: sx, x0: -float64(x * sx), yy: sy, y0: -float64(y * sy)},
		back: affine{xx: float64(c.w) / float64(to.w), x0: x, yy: float64(c.h) / float64(to.h), y0: y},
	}
}

// scale returns the motion that changes the size of a canvas.
func scale(from, to size) motion { return crop(from, window{0, 0, from.h, from.w}, to) }

// mirrorX returns the motion that mirrors a canvas left to right.
func mirrorX(z size) motion {
	a := affine{xx: -1, x0: float64(z.w), yy: 1}
	return motion{z, z, a, a}
}

// mirrorY returns the motion that mirrors a canvas top to bottom.
func mirrorY(z size) motion {
	a := affine{xx: 1, yy: -1, y0: float64(z.h)}
	return motion{z, z, a, a}
}
