package pixel

import (
	"math"

	"github.com/stokerdata/stoker/internal/pixelsimd"
)

// axis is the table of one direction of a resize. It keeps the last one.
type axis struct {
	in, out int
	filter  Filter
	pixelsimd.Table
	f []float64
}

// set makes the table for in source and out output pixels, and reports whether
// it is another one than before. The steps and their order are those of Pillow's
// precompute_coeffs, whose weights it gives bit for bit.
func (a *axis) set(in, out int, filter Filter) bool {
	if a.in == in && a.out == out && a.filter == filter {
		return false
	}
	scale := float64(in) / float64(out)
	stretch := max(scale, 1)
	support := float64(filter.support() * stretch)
	a.in, a.out, a.filter = in, out, filter
	a.Room = int(math.Ceil(support))*2 + 1
	a.Lo, a.N = resized(a.Lo, out), resized(a.N, out)
	a.K, a.f = resized(a.K, out*a.Room), resized(a.f, a.Room)
	shrink := 1 / stretch
	for i := range out {
		centre := float64((float64(i) + 0.5) * scale)
		lo := max(int(centre-support+0.5), 0)
		hi := min(int(centre+support+0.5), in)
		a.Lo[i], a.N[i] = int32(lo), int32(hi-lo)
		a.weigh(a.K[i*a.Room:][:hi-lo], centre, lo, shrink)
	}
	return true
}

// weigh sets k to the weights of the source pixels from lo on.
func (a *axis) weigh(k []int32, centre float64, lo int, shrink float64) {
	f := a.f[:len(k)]
	sum := a.filter.weights(f, float64(lo), centre, shrink)
	if sum == 0 {
		sum = 1
	}
	for j, v := range f {
		v = float64(v / sum * (1 << pixelsimd.Precision))
		if v < 0 {
			k[j] = int32(v - 0.5)
		} else {
			k[j] = int32(v + 0.5)
		}
	}
}

// end returns the source pixel behind the last that output pixel i needs.
func (a *axis) end(i int) int { return int(a.Lo[i] + a.N[i]) }

// resized returns s with length n, newly made if it has to be.
func resized[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n+n/4)[:n]
	}
	return s[:n]
}
