package audio

import (
	"math"

	"github.com/stokerdata/stoker/internal/stable"
)

const (
	zeroCrossings = 24
	kaiserBeta    = 9
	rolloff       = 0.9
	phases        = 512 // of a frame; linear interpolation between two is exact to 2e-6
	perOctave     = 8
)

// filter holds a windowed sinc at 512 positions between two frames. Each row,
// of 2*half taps, is followed by its difference to the next one.
type filter struct {
	half int // taps on each side
	taps []float32
}

// newFilter returns the filter that cuts off at the given part of the Nyquist
// frequency.
func newFilter(cutoff float64) *filter {
	half := int(zeroCrossings/cutoff) + 1
	f := &filter{half: half, taps: make([]float32, 4*half*phases)}
	row, next := make([]float64, 2*half), make([]float64, 2*half)
	sinc(row, cutoff, 0)
	for p := range phases {
		sinc(next, cutoff, float64(p+1)/phases)
		taps := f.taps[4*half*p:]
		for t := range row {
			taps[t] = float32(row[t])
			taps[2*half+t] = float32(next[t] - row[t])
		}
		row, next = next, row
	}
	return f
}

// sinc sets taps to the filter for the position at between frames half-1 and
// half of its 2*half. Their sum is 1.
func sinc(taps []float64, cutoff, at float64) {
	half := float64(len(taps) / 2)
	window := 1 / bessel(kaiserBeta)
	sum := 0.0
	for t := range taps {
		x := float64(t) - half + 1 - at
		u := 1 - float64(x*x)/float64(half*half)
		v := 0.0
		if u >= 0 {
			v = float64(cutoff * stable.Sinc(float64(x*cutoff)) * bessel(kaiserBeta*math.Sqrt(u)) * window)
		}
		taps[t] = v
		sum += v
	}
	for t := range taps {
		taps[t] /= sum
	}
}

// bessel returns the modified Bessel function I0, to 1e-15 for 0 <= x < 30, by
// its power series (Abramowitz and Stegun, 9.6.12).
func bessel(x float64) float64 {
	q := x * x / 4
	term, sum := 1.0, 1.0
	for k := 1.0; term > 1e-17*sum; k++ {
		term = term * q / float64(k*k)
		sum += term
	}
	return sum
}

// mono sets each sample of y to what f finds in x, which begins with half
// samples of silence, at the next multiple of step.
func (f *filter) mono(y, x []float32, step uint64) {
	n := 2 * f.half
	pos := uint64(0)
	for i := range y {
		taps, frac := f.at(pos)
		value, change := dot2(x[pos>>32+1:][:n], taps[:n], taps[n:2*n])
		y[i] = value + float32(change*frac)
		pos += step
	}
}

// dot2 returns the products of x with a and with b, all of the same even length.
func dot2(x, a, b []float32) (float32, float32) {
	a, b = a[:len(x)], b[:len(x)]
	var a0, a1, b0, b1 float32
	for t := 0; t < len(x)-1; t += 2 {
		u, v := x[t], x[t+1]
		a0 += float32(u * a[t])
		b0 += float32(u * b[t])
		a1 += float32(v * a[t+1])
		b1 += float32(v * b[t+1])
	}
	return a0 + a1, b0 + b1
}

// frames is mono for several channels; spare holds 2*half samples.
func (f *filter) frames(y, x []float32, channels int, step uint64, spare []float32) {
	n := 2 * f.half
	pos := uint64(0)
	for i := 0; i < len(y); i += channels {
		taps, frac := f.at(pos)
		for t := range spare {
			spare[t] = taps[t] + float32(taps[n+t]*frac)
		}
		in := x[int(pos>>32+1)*channels:][:n*channels]
		for c := range channels {
			var s0, s1 float32
			for t, k := 0, c; t < len(spare)-1; t, k = t+2, k+2*channels {
				s0 += float32(in[k] * spare[t])
				s1 += float32(in[k+channels] * spare[t+1])
			}
			y[i+c] = s0 + s1
		}
		pos += step
	}
}

// at returns the taps for position pos, in 2^-32 frames, and how far it is from
// there to the next ones.
func (f *filter) at(pos uint64) (taps []float32, frac float32) {
	const shift = 32 - 9 // of phases
	p := int(pos >> shift & (phases - 1))
	return f.taps[4*f.half*p:][:4*f.half], float32(pos&(1<<shift-1)) * (1.0 / (1 << shift))
}

// bank holds filters for a range of speeds.
type bank struct {
	limits  []float64 // filters[i] is for factors up to limits[i]
	filters []*filter
}

// newBank returns the filters for factors from lo to hi.
func newBank(lo, hi float64) *bank {
	b := &bank{}
	for i := 0; ; i++ {
		limit := stable.Exp2(float64(i) / perOctave)
		if limit < lo {
			continue
		}
		b.limits = append(b.limits, limit)
		b.filters = append(b.filters, newFilter(rolloff/limit))
		if limit >= hi {
			return b
		}
	}
}

// filter returns the one with the highest cutoff that does for factor.
func (b *bank) filter(factor float64) *filter {
	i := 0
	for i+1 < len(b.limits) && b.limits[i] < factor {
		i++
	}
	return b.filters[i]
}
