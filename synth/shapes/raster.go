package shapes

import "slices"

// point is a place in the picture, in 1/256 pixel.
type point struct{ x, y int32 }

// box is a range of pixels: x0 <= x < x1, y0 <= y < y1.
type box struct{ x0, y0, x1, y1 int }

// add grows b to hold pixel (x, y).
func (b *box) add(x, y int) {
	b.x0, b.y0 = min(b.x0, x), min(b.y0, y)
	b.x1, b.y1 = max(b.x1, x+1), max(b.y1, y+1)
}

// addRow grows b to hold the pixels x0 <= x < x1 of row y, if there are any.
func (b *box) addRow(x0, x1, y int) {
	if x0 < x1 {
		b.add(x0, y)
		b.add(x1-1, y)
	}
}

// none holds no pixel.
var none = box{1 << 30, 1 << 30, -1, -1}

// hull returns the pixels that the points touch.
func hull(points []point) box {
	b := none
	for _, p := range points {
		b.add(int(p.x>>8), int(p.y>>8))
	}
	return b
}

// raster computes the part of each pixel that a polygon covers, exactly but for
// the rounding to 1/256: every edge adds the signed area to its right, and a
// running sum along the row gives the area inside.
type raster struct {
	stride int
	sums   []int32 // in 1/512 of 1/256 pixel: differences along each row
}

// fill appends to dst the coverage, 0 to 255, of the pixels of b by the closed
// simple polygon, which lies within b.
func (r *raster) fill(dst []uint8, polygon []point, b box) []uint8 {
	w, h := b.x1-b.x0, b.y1-b.y0
	r.stride = w + 2
	if n := r.stride * h; cap(r.sums) < n {
		r.sums = make([]int32, n)
	} else {
		r.sums = r.sums[:n]
		clear(r.sums)
	}
	last := polygon[len(polygon)-1]
	for _, p := range polygon {
		r.edge(last, p, b)
		last = p
	}
	start := len(dst)
	dst = slices.Grow(dst, w*h)[:start+w*h]
	for y := range h {
		sum := int32(0)
		row := dst[start+y*w:][:w]
		for x, d := range r.sums[y*r.stride:][:w] {
			sum += d
			row[x] = uint8(min(max(sum, -sum)>>9, 255))
		}
	}
	return dst
}

// edge adds the edge from p to q, row by row.
func (r *raster) edge(p, q point, b box) {
	sign := int64(1)
	if p.y > q.y {
		p, q, sign = q, p, -1
	}
	left, top := int64(b.x0)<<8, int64(b.y0)<<8
	x0, y0, x1, y1 := int64(p.x)-left, int64(p.y)-top, int64(q.x)-left, int64(q.y)-top
	for x, y := x0, y0; y < y1; {
		end := min((y>>8+1)<<8, y1)
		xe := x0 + (x1-x0)*(end-y0)/(y1-y0)
		r.span(r.sums[int(y>>8)*r.stride:][:r.stride], min(x, xe), max(x, xe), (end-y)*sign)
		x, y = xe, end
	}
}

// span adds to one row a piece of an edge that goes from xa to xb >= xa and
// whose height, with its sign, is dy.
func (r *raster) span(row []int32, xa, xb, dy int64) {
	done := int64(0)
	for c := xa >> 8; c <= xb>>8; c++ {
		lo, hi := max(xa, c<<8), min(xb, (c+1)<<8)
		part := dy
		if xb > xa {
			part = dy * (hi - xa) / (xb - xa)
		}
		left := lo + hi - c<<9 // twice the mean distance from the cell's left side
		row[c] += int32((part - done) * (512 - left))
		row[c+1] += int32((part - done) * left)
		done = part
	}
}
