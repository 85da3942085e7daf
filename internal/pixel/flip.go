package pixel

import "github.com/stokerdata/stoker/internal/pixelsimd"

// FlipH mirrors m left to right, in place.
func FlipH(m Image) {
	for y := range m.H {
		pixelsimd.Flip(m.Row(y), m.C)
	}
}

// FlipV mirrors m top to bottom, in place.
func FlipV(m Image) {
	for i, j := 0, m.H-1; i < j; i, j = i+1, j-1 {
		swap(m.Row(i), m.Row(j))
	}
}

// swap exchanges two rows through a block on the stack: whole copies are
// several times faster than sample by sample.
func swap(a, b []uint8) {
	var t [512]uint8
	for len(a) > 0 {
		n := copy(t[:], a)
		copy(a[:n], b)
		copy(b[:n], t[:n])
		a, b = a[n:], b[n:]
	}
}

// Orient writes src to dst turned as EXIF orientation 1 to 8 says. From 5 on
// rows become columns: dst is src.H wide and src.W high.
func Orient(dst, src Image, orientation int) {
	c := src.C
	for y := range dst.H {
		q := dst.Row(y)
		for x := range dst.W {
			sx, sy := oriented(x, y, dst, orientation)
			p := src.Pix[sy*src.Stride+sx*c:]
			copy(q[x*c:(x+1)*c], p[:c])
		}
	}
}

// oriented returns the source of pixel (x, y) of dst.
func oriented(x, y int, dst Image, orientation int) (sx, sy int) {
	right, bottom := dst.W-1-x, dst.H-1-y
	switch orientation {
	case 2:
		return right, y
	case 3:
		return right, bottom
	case 4:
		return x, bottom
	case 5:
		return y, x
	case 6:
		return y, right
	case 7:
		return bottom, right
	case 8:
		return bottom, x
	}
	return x, y
}
