package plot

import (
	"math"
	"strconv"
	"strings"
)

// An Axis is one side of a chart.
type Axis struct {
	Label  string
	Log    bool                 // values that are not positive are left out
	Ticks  []float64            // nil means round numbers
	Format func(float64) string // of ticks; nil means SI
}

// scale maps values to pixels.
type scale struct {
	Axis
	lo, hi   float64 // values
	from, to float64 // pixels
}

// newScale returns a scale that shows all values.
func newScale(a Axis, values []float64, from, to float64) scale {
	s := scale{Axis: a, lo: math.Inf(1), hi: math.Inf(-1), from: from, to: to}
	for _, v := range append(values, a.Ticks...) {
		if s.shows(v) {
			s.lo, s.hi = min(s.lo, v), max(s.hi, v)
		}
	}
	if s.lo > s.hi {
		s.lo, s.hi = 1, 10
	}
	switch {
	case a.Ticks != nil && a.Log:
		s.lo, s.hi = s.lo/1.15, s.hi*1.15
	case a.Log:
		s.lo, s.hi = below(s.lo), -below(-s.hi)
	default:
		s.lo = min(0, s.lo)
		step := step(s.hi - s.lo)
		s.hi = math.Ceil(s.hi/step) * step
	}
	if s.lo == s.hi {
		s.hi = s.lo + 1
	}
	return s
}

// below returns the largest of 1, 2 and 5 times a power of ten up to v; for a
// negative v, the negative of the smallest that is not below -v.
func below(v float64) float64 {
	decade := math.Pow(10, math.Floor(math.Log10(math.Abs(v))))
	steps := []float64{1, 2, 5, 10}
	if v < 0 {
		for _, m := range steps {
			if m*decade >= -v*(1-1e-9) {
				return -m * decade
			}
		}
	}
	best := decade
	for _, m := range steps {
		if m*decade <= v*(1+1e-9) {
			best = m * decade
		}
	}
	return best
}

// step returns a round distance of ticks for a range.
func step(length float64) float64 {
	if length <= 0 {
		return 1
	}
	return below(length / 4)
}

// shows reports whether a value has a place.
func (s *scale) shows(v float64) bool {
	return !math.IsNaN(v) && !math.IsInf(v, 0) && (!s.Log || v > 0)
}

// at returns the pixel of a value.
func (s *scale) at(v float64) float64 {
	part := (v - s.lo) / (s.hi - s.lo)
	if s.Log {
		part = math.Log(v/s.lo) / math.Log(s.hi/s.lo)
	}
	return s.from + part*(s.to-s.from)
}

// ticks returns the values that are named.
func (s *scale) ticks() (t []float64) {
	switch {
	case s.Axis.Ticks != nil:
		return s.Axis.Ticks
	case s.Log:
		multiples := []float64{1}
		if s.hi/s.lo < 200 {
			multiples = []float64{1, 2, 5}
		}
		for decade := math.Pow(10, math.Floor(math.Log10(s.lo)+1e-9)); decade <= s.hi*(1+1e-9); decade *= 10 {
			for _, m := range multiples {
				if v := m * decade; v >= s.lo*(1-1e-9) && v <= s.hi*(1+1e-9) {
					t = append(t, v)
				}
			}
		}
		return t
	}
	d := step(s.hi - s.lo)
	for i := 0; s.lo+float64(i)*d <= s.hi+d/1e6; i++ {
		t = append(t, s.lo+float64(i)*d)
	}
	return t
}

// text returns the name of a tick.
func (s *scale) text(v float64) string {
	if s.Format != nil {
		return s.Format(v)
	}
	return SI(v)
}

// SI returns a number with three digits and k, M or G.
func SI(v float64) string {
	for _, u := range []struct {
		size float64
		name string
	}{{1e9, "G"}, {1e6, "M"}, {1e3, "k"}} {
		if math.Abs(v) >= 0.9995*u.size {
			return digits(v/u.size) + " " + u.name
		}
	}
	return digits(v)
}

// Seconds returns a time with three digits and its unit.
func Seconds(v float64) string {
	for _, u := range []struct {
		size float64
		name string
	}{{1, "s"}, {1e-3, "ms"}, {1e-6, "µs"}} {
		if math.Abs(v) >= 0.9995*u.size {
			return digits(v/u.size) + " " + u.name
		}
	}
	return digits(v*1e9) + " ns"
}

// Percent returns a part of 1 in percent.
func Percent(v float64) string { return digits(100*v) + " %" }

// digits returns a number with three digits, or all of those before the point.
func digits(v float64) string {
	if v == 0 {
		return "0"
	}
	s := strconv.FormatFloat(v, 'f', max(0, 2-int(math.Floor(math.Log10(math.Abs(v))))), 64)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s
}
