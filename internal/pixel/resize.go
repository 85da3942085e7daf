package pixel

// Resizer changes the size of images. It keeps the tables of the last sizes,
// so the zero Resizer is ready, and one is used by one goroutine at a time.
type Resizer struct {
	x, y axis
	acc  []int32
	near []int32
}

// ScratchBytes returns the scratch memory that Resize needs at most.
func ScratchBytes(dst, src Image) int { return dst.W * src.H * src.C }

// Resize writes src to dst at the size of dst, exactly as Pillow's
// Image.resize does with 8-bit samples (libImaging/Resample.c, Geometry.c):
// first along x into 8 bits, then along y, each with 22-bit weights. Both
// images have the same C. tmp has at least ScratchBytes bytes.
func (r *Resizer) Resize(dst, src Image, f Filter, tmp []uint8) {
	switch {
	case dst.W == src.W && dst.H == src.H:
		Window(dst, src, 0, 0, [3]uint8{})
	case f == Nearest:
		r.nearest(dst, src)
	case dst.W == src.W:
		r.y.set(src.H, dst.H, f)
		r.vertical(dst, src, 0)
	case dst.H == src.H:
		r.x.set(src.W, dst.W, f)
		r.horizontal(dst, src)
	default:
		r.x.set(src.W, dst.W, f)
		r.y.set(src.H, dst.H, f)
		lo, hi := r.y.span()
		mid := Packed(tmp[:dst.W*src.C*(hi-lo)], hi-lo, dst.W, src.C)
		r.horizontal(mid, src.Crop(0, lo, src.W, hi-lo))
		r.vertical(dst, mid, lo)
	}
}

func (r *Resizer) horizontal(dst, src Image) {
	for y := range dst.H {
		if src.C == 3 {
			r.x.row3(dst.Row(y), src.Row(y))
		} else {
			r.x.row1(dst.Row(y), src.Row(y))
		}
	}
}

func (a *axis) row3(dst, src []uint8) {
	lo, num := a.lo[:a.out], a.n[:a.out]
	for i := range lo {
		k := a.k[i*a.taps:][:num[i]]
		at := 3 * int(lo[i])
		p := src[at : at+3*len(k)]
		var c0, c1, c2 int32 = half, half, half
		for len(k) >= 2 && len(p) >= 6 {
			w, v := k[0], k[1]
			c0 += int32(p[0])*w + int32(p[3])*v
			c1 += int32(p[1])*w + int32(p[4])*v
			c2 += int32(p[2])*w + int32(p[5])*v
			k, p = k[2:], p[6:]
		}
		if len(k) > 0 && len(p) >= 3 {
			w := k[0]
			c0 += int32(p[0]) * w
			c1 += int32(p[1]) * w
			c2 += int32(p[2]) * w
		}
		q := dst[3*i : 3*i+3 : 3*i+3]
		q[0], q[1], q[2] = clip(c0), clip(c1), clip(c2)
	}
}

func (a *axis) row1(dst, src []uint8) {
	lo, num := a.lo[:a.out], a.n[:a.out]
	dst = dst[:len(lo)]
	for i := range lo {
		k := a.k[i*a.taps:][:num[i]]
		p := src[lo[i]:][:len(k)]
		var sum int32 = half
		for j, w := range k {
			sum += int32(p[j]) * w
		}
		dst[i] = clip(sum)
	}
}

// vertical resizes along y; the first row of src is row first of the image
// that the table was made for.
func (r *Resizer) vertical(dst, src Image, first int) {
	a := &r.y
	r.acc = resized(r.acc, dst.W*dst.C)
	for y := range dst.H {
		k := a.k[y*a.taps:][:a.n[y]]
		row := int(a.lo[y]) - first
		for i := range r.acc {
			r.acc[i] = half
		}
		for len(k) >= 4 {
			add4(r.acc, src.Row(row), src.Row(row+1), src.Row(row+2), src.Row(row+3), k)
			k, row = k[4:], row+4
		}
		for _, w := range k {
			add(r.acc, src.Row(row), w)
			row++
		}
		clipAll(dst.Row(y), r.acc)
	}
}

func add(acc []int32, p []uint8, w int32) {
	p = p[:len(acc)]
	for i, v := range p {
		acc[i] += int32(v) * w
	}
}

// add4 adds four rows at once: the sums are read and written a quarter as often.
func add4(acc []int32, p0, p1, p2, p3 []uint8, k []int32) {
	k0, k1, k2, k3 := k[0], k[1], k[2], k[3]
	n := len(acc)
	p0, p1, p2, p3 = p0[:n], p1[:n], p2[:n], p3[:n]
	for i := range acc {
		acc[i] += int32(p0[i])*k0 + int32(p1[i])*k1 + int32(p2[i])*k2 + int32(p3[i])*k3
	}
}

func clipAll(dst []uint8, acc []int32) {
	dst = dst[:len(acc)]
	for i, v := range acc {
		dst[i] = clip(v)
	}
}

// half is the one half that rounds a sum of weighted samples.
const half = 1 << (precision - 1)

// clip returns the sample nearest to a sum of weighted ones.
func clip(v int32) uint8 {
	v >>= precision
	if uint32(v) > 255 {
		return uint8(^(v >> 31))
	}
	return uint8(v)
}
