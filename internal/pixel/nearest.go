package pixel

import "math"

// NearestTable sets at[i] to the source pixel, of n, in which the centre of output
// pixel i lies, or to -1 if it lies outside: pixel floor(start + (i+0.5)·step).
//
// The sum is run up step by step, as Pillow does it. The whole pixels of start
// are kept apart from it, so that a crop gives what it gives as an image of its
// own.
func NearestTable(at []int32, start, step float64, n int) {
	whole := math.Floor(start)
	x := start - whole + float64(step*0.5)
	for i := range at {
		at[i] = -1
		if p := math.Floor(x) + whole; p >= 0 && p < float64(n) {
			at[i] = int32(p)
		}
		x += step
	}
}

// pick sets pixel x of dst to pixel xs[x] of src.
func pick(dst, src []uint8, xs []int32, c int) {
	if c == 1 {
		for x, sx := range xs {
			dst[x] = src[sx]
		}
		return
	}
	for x, sx := range xs {
		at := 3 * int(sx)
		p, q := src[at:at+3:at+3], dst[3*x:3*x+3:3*x+3]
		q[0], q[1], q[2] = p[0], p[1], p[2]
	}
}

// Gather sets value (x, y) of dst, which is len(xs) wide, to value (xs[x],
// ys[y]) of src, which is w wide, and to fill where either is negative.
func Gather[T any](dst, src []T, w int, xs, ys []int32, fill T) {
	for y, sy := range ys {
		q := dst[y*len(xs):][:len(xs)]
		if sy < 0 {
			for x := range q {
				q[x] = fill
			}
			continue
		}
		p := src[int(sy)*w:][:w]
		for x, sx := range xs {
			if uint(sx) < uint(len(p)) {
				q[x] = p[sx]
			} else {
				q[x] = fill
			}
		}
	}
}

// GatherAffine is Gather for rows and columns that do not stay such: the source
// of the centre (x, y) of a pixel of dst, which is w wide, is (a[0]x + a[1]y +
// a[2], a[3]x + a[4]y + a[5]) in src, which is sh high and sw wide.
func GatherAffine[T any](dst, src []T, w, sh, sw int, a [6]float64, fill T) {
	for y := 0; len(dst) >= w && w > 0; y++ {
		cy := float64(y) + 0.5
		for x := range w {
			cx := float64(x) + 0.5
			sx := math.Floor(float64(a[0]*cx) + float64(a[1]*cy) + a[2])
			sy := math.Floor(float64(a[3]*cx) + float64(a[4]*cy) + a[5])
			if sx >= 0 && sx < float64(sw) && sy >= 0 && sy < float64(sh) {
				dst[x] = src[int(sy)*sw+int(sx)]
			} else {
				dst[x] = fill
			}
		}
		dst = dst[w:]
	}
}
