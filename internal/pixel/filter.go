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

// weight returns the height of the window at distance x of its centre.
func (f Filter) weight(x float64) float64 {
	switch f {
	case Bicubic:
		return cubic(math.Abs(x))
	case Lanczos:
		if x < -3 || x >= 3 {
			return 0
		}
		return stable.Sinc(x) * stable.Sinc(x/3)
	case Box:
		if x > -0.5 && x <= 0.5 {
			return 1
		}
		return 0
	case Hamming:
		x = math.Abs(x)
		if x >= 1 {
			return 0
		}
		return stable.Sinc(x) * (0.54 + float64(0.46*stable.SinPi(x+0.5)))
	}
	return max(0, 1-math.Abs(x))
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
