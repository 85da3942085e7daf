package pixel

import "math"

// precision is the number of fractional bits of a weight: what is left of 32
// bits beside 8 of a sample and 2 for the overshoot of negative lobes.
const precision = 32 - 8 - 2

// axis tells, for one direction of a resize, which source pixels each output
// pixel is made of, and their weights. It keeps the last table that it made.
type axis struct {
	in, out int
	filter  Filter

	taps int     // room for each output pixel in weight
	lo   []int32 // first source pixel
	n    []int32 // number of source pixels
	k    []int32 // weights, fixed point
	f    []float64
}

// set makes the table for in source and out output pixels. The steps and their
// order are those of Pillow's precompute_coeffs, whose weights it gives bit for
// bit.
func (a *axis) set(in, out int, filter Filter) {
	if a.in == in && a.out == out && a.filter == filter {
		return
	}
	scale := float64(in) / float64(out)
	stretch := max(scale, 1)
	support := float64(filter.support() * stretch)
	a.in, a.out, a.filter = in, out, filter
	a.taps = int(math.Ceil(support))*2 + 1
	a.lo, a.n = resized(a.lo, out), resized(a.n, out)
	a.k, a.f = resized(a.k, out*a.taps), resized(a.f, a.taps)
	for i := range out {
		centre := float64((float64(i) + 0.5) * scale)
		lo := max(int(centre-support+0.5), 0)
		hi := min(int(centre+support+0.5), in)
		a.lo[i], a.n[i] = int32(lo), int32(hi-lo)
		a.weigh(a.k[i*a.taps:][:hi-lo], centre, lo, 1/stretch)
	}
}

// weigh sets k to the weights of the source pixels from lo on.
func (a *axis) weigh(k []int32, centre float64, lo int, shrink float64) {
	f := a.f[:len(k)]
	sum := 0.0
	for j := range f {
		f[j] = float64(a.filter.weight(float64((float64(j+lo) - centre + 0.5) * shrink)))
		sum += f[j]
	}
	for j, v := range f {
		if sum != 0 {
			v /= sum
		}
		v = float64(v * (1 << precision))
		if v < 0 {
			k[j] = int32(v - 0.5)
		} else {
			k[j] = int32(v + 0.5)
		}
	}
}

// span returns the source pixels [lo, hi) that any output pixel needs.
func (a *axis) span() (lo, hi int) {
	last := a.out - 1
	return int(a.lo[0]), int(a.lo[last] + a.n[last])
}

// resized returns s with length n, newly made if it has to be.
func resized[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n+n/4)[:n]
	}
	return s[:n]
}
