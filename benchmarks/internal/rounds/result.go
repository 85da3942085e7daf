package rounds

import "slices"

// Result is what a match showed.
type Result struct {
	Name, About string
	By          Measure
	Rounds      int // that were played
	Turns       Turns
	Rows        []*Row
	Ratios      []*Ratio
}

// Row is what is known of one contender.
type Row struct {
	Name, About, Version string
	Output               string  // how well what it makes agrees with what it should make
	Skipped              string  // why it was not timed, empty if it was
	Doubt                string  // why its figures may be wrong, empty if nothing speaks against them
	RSS                  int64   // the most bytes that it held, 0 if unknown
	Rounds               []Usage // of each round
}

// Ratio compares two contenders by the measure of a match. It is taken round by
// round, of what both did within seconds of each other.
type Ratio struct {
	A, B   string
	Value  float64   // that of B over that of A: the median of Rounds
	Spread float64   // what lies between the least and the greatest of Rounds, as a part of Value
	Rounds []float64 // the ratios of the first rounds in a row that agree, or of the last ones
	Steady bool      // Rounds agree; where they do not, Value means nothing
}

// Name returns the name of r, as in "ours_vs_torch".
func (r *Ratio) Name() string { return r.A + "_vs_" + r.B }

// open reports whether rounds were played and more may settle r.
func (r *Ratio) open() bool { return len(r.Rounds) > 0 && !r.Steady }

func newResult(m Match) *Result {
	r := &Result{Name: m.Name, About: m.About, By: m.By}
	for _, e := range m.Entries {
		r.Rows = append(r.Rows, &Row{Name: e.Name, About: e.About})
	}
	for _, p := range m.Ratios {
		r.Ratios = append(r.Ratios, &Ratio{A: p[0], B: p[1]})
	}
	return r
}

// row returns the row of a contender that was timed, or nil.
func (r *Result) row(name string) *Row {
	i := slices.IndexFunc(r.Rows, func(w *Row) bool { return w.Name == name && len(w.Rounds) > 0 })
	if i < 0 {
		return nil
	}
	return r.Rows[i]
}

// settle makes up each ratio from the first rounds in a row that agree, and
// reports whether nothing is left to be settled.
func (r *Result) settle(o Options) bool {
	done := true
	for _, t := range r.Ratios {
		a, b := r.row(t.A), r.row(t.B)
		if a == nil || b == nil {
			t.Rounds, t.Steady = nil, false
			continue
		}
		if t.Steady {
			continue
		}
		t.Rounds = nil
		for i := max(0, r.Rounds-o.Rounds); i < r.Rounds; i++ {
			t.Rounds = append(t.Rounds, b.Rounds[i].perItem(r.By)/max(a.Rounds[i].perItem(r.By), 1e-12))
		}
		t.Value, t.Spread = median(t.Rounds), spread(t.Rounds, 0)
		t.Steady = len(t.Rounds) >= o.Rounds && t.Spread <= o.Most
		done = done && t.Steady
	}
	return done
}

// median returns the middle of x, or the mean of the two in the middle.
func median(x []float64) float64 { return quantile(x, 0.5) }

// quantile returns what a part q of x lies below, between two of them if need be.
func quantile(x []float64, q float64) float64 {
	if len(x) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(x))
	at := q * float64(len(s)-1)
	i := int(at)
	return s[i] + (at-float64(i))*(s[min(i+1, len(s)-1)]-s[i])
}

const quartile = 0.25

// spread returns how far what a part q of x lies below and what a part q lies above
// are apart, as a part of the median: all of x with 0, the quartiles with quartile.
func spread(x []float64, q float64) float64 {
	m := median(x)
	if m == 0 {
		return 0
	}
	return (quantile(x, 1-q) - quantile(x, q)) / m
}
