package pixel

import "github.com/stokerdata/stoker/internal/pixelsimd"

// axis is the table of one direction of a resize.
type axis struct {
	route
	pixelsimd.Table
	centre []float64 // of each window
	f      []float64
}

// route is between which sizes a resize goes, and how.
type route struct {
	in, out int // pixels of the source and of the output
	filter  Filter
	c       int // samples a pixel along rows, 0 along columns
}

// set makes the table of a route. The steps and their order are those of Pillow's
// precompute_coeffs, whose weights it gives bit for bit.
func (a *axis) set(to route) {
	a.route = to
	scale := float64(to.in) / float64(to.out)
	stretch := max(scale, 1)
	a.place(scale, float64(to.filter.support()*stretch))
	a.K, a.f = resized(a.K, to.out*a.Room), resized(a.f, a.Room)
	shrink := 1 / stretch
	for i := range to.out {
		a.weigh(i, shrink)
	}
}

// place sets where the windows are.
func (a *axis) place(scale, support float64) {
	a.Lo, a.N, a.centre = resized(a.Lo, a.out), resized(a.N, a.out), resized(a.centre, a.out)
	widest := 0
	for i := range a.out {
		centre := float64((float64(i) + 0.5) * scale)
		lo := max(int(centre-support+0.5), 0)
		hi := min(int(centre+support+0.5), a.in)
		a.Lo[i], a.N[i], a.centre[i] = int32(lo), int32(hi-lo), centre
		widest = max(widest, hi-lo)
	}
	a.Room = widest + widest&1
}

// weigh sets the weights of window i. All windows take as many steps: the end of
// a short loop that varies costs more than what it spares.
func (a *axis) weigh(i int, shrink float64) {
	f, k := a.f[:a.Room], a.K[i*a.Room:][:a.Room]
	sum := a.filter.weights(f, window{int(a.N[i]), float64(a.Lo[i]), a.centre[i], shrink})
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
