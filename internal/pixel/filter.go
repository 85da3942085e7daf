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

// weights sets to to the heights of the window over the pixels from lo on, and
// returns their sum. The middle of the window is at centre, and it is 1/shrink
// times as wide as at scale 1.
func (f Filter) weights(to []float64, lo, centre, shrink float64) (sum float64) {
	if f == Bilinear {
		return tent(to, lo, centre, shrink)
	}
	for j := range to {
		x := float64((lo + float64(j) - centre + 0.5) * shrink)
		switch f {
		case Bicubic:
			to[j] = cubic(math.Abs(x))
		case Lanczos:
			to[j] = lanczos(x)
		case Hamming:
			to[j] = hamming(math.Abs(x))
		default:
			to[j] = box(x)
		}
		sum += to[j]
	}
	return sum
}

// tent is the window of Bilinear: 1 in the middle, 0 at distance 1.
func tent(to []float64, lo, centre, shrink float64) (sum float64) {
	for j := range to {
		v := 0.0
		if x := math.Abs(float64((lo + float64(j) - centre + 0.5) * shrink)); x < 1 {
			v = 1 - x
		}
		to[j] = v
		sum += v
	}
	return sum
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
	s := stable.SinPi(x/3) / x
	return s * s * (3 - float64(4*x*x*s*s)) * (3 / (math.Pi * math.Pi))
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
	return stable.Sinc(x) * (float64(float32(0.54)) + float64(float64(float32(0.46))*stable.SinPi(x+0.5)))
}

// box is 1 within half a pixel.
func box(x float64) float64 {
	if x > -0.5 && x <= 0.5 {
		return 1
	}
	return 0
}
