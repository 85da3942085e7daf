package pixel

import (
	"math"

	"github.com/stokerdata/stoker/internal/stable"
)

// Filter is the shape of the window that weighs source pixels.
type Filter uint8

// The filters, as Pillow defines them. When an image shrinks, the window grows
// with the scale, so that every source pixel counts.
const (
	Bilinear Filter = iota
	Bicubic         // a = -0.5
	Lanczos         // three lobes
	Box
	Hamming
	Nearest // one source pixel each, whatever the scale
)

// support is the half width of the window at scale 1.
func (f Filter) support() float64 {
	switch f {
	case Bicubic:
		return 2
	case Lanczos:
		return 3
	case Box:
		return 0.5
	}
	return 1
}

// window is where a filter weighs: n pixels from lo on. Its middle is at centre,
// and it is 1/shrink times as wide as at scale 1.
type window struct {
	n                  int
	lo, centre, shrink float64
}

// x returns how far from the middle pixel j is, at scale 1.
func (w *window) x(j int) float64 {
	return float64((w.lo + float64(j) - w.centre + 0.5) * w.shrink)
}

// weights sets to to the heights of a window over its pixels, followed by zeros,
// and returns their sum.
func (f Filter) weights(to []float64, w window) (sum float64) {
	if f == Bilinear {
		return tent(to, w)
	}
	for j := range to {
		x := w.x(j)
		switch f {
		case Bicubic:
			x = cubic(math.Abs(x))
		case Lanczos:
			x = lanczos(x)
		case Hamming:
			x = hamming(math.Abs(x))
		default:
			x = box(x)
		}
		to[j] = within(j, w.n, math.Float64bits(x))
		sum += to[j]
	}
	return sum
}

// tent is weights for Bilinear, 1 in the middle and 0 from distance 1 on.
func tent(to []float64, w window) (sum float64) {
	for j := range to {
		b := math.Float64bits(1 - math.Abs(w.x(j)))
		to[j] = within(j, w.n, b&^uint64(int64(b)>>63)) // what is below 0 is 0
		sum += to[j]
	}
	return sum
}

// within returns the number with the given bits if j < n, and else 0. It is no
// branch, which nobody could predict.
func within(j, n int, bits uint64) float64 {
	return math.Float64frombits(bits & uint64(int64(j-n)>>63))
}

// lanczos is sinc(x) times sinc(x/3), where sinc(x) is sin(πx)/(πx), for x within
// 3. With s = sin(πx/3), sin(πx) is 3s - 4s³: one sine does.
func lanczos(x float64) float64 {
	switch {
	case x == 0:
		return 1
	case x < -3 || x >= 3:
		return 0
	}
	x = math.Abs(x)
	s := stable.Arch(x / 3)
	return s / x * s / x * (3 - float64(4*s*s)) * (3 / (math.Pi * math.Pi))
}

// cubic is the convolution kernel of Keys (1981) with a = -0.5.
func cubic(x float64) float64 {
	const a = -0.5
	switch {
	case x < 1:
		return float64((float64((a+2)*x)-(a+3))*x*x) + 1
	case x < 2:
		return (float64((float64((x-5)*x)+8)*x) - 4) * a
	}
	return 0
}

// hamming is sinc(x) under a raised cosine, whose numbers Pillow rounds to
// float32: they add up to more than 1.
func hamming(x float64) float64 {
	switch {
	case x == 0:
		return 1
	case x >= 1:
		return 0
	}
	half := stable.Arch(x / 2)
	cos := 1 - float64(2*half*half)
	return stable.Arch(x) / (math.Pi * x) * (float64(float32(0.54)) + float64(float64(float32(0.46))*cos))
}

// box is 1 within half a pixel.
func box(x float64) float64 {
	if x > -0.5 && x <= 0.5 {
		return 1
	}
	return 0
}
