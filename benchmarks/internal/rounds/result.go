package rounds

import (
	"encoding/json"
	"slices"
	"time"
)

// Result is what a match showed.
type Result struct {
	Name, About string
	Rounds      int // that were played
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

// Ratio compares two contenders by their CPU time per item.
type Ratio struct {
	A, B   string
	Value  float64   // that of B over that of A: the median of Rounds
	Spread float64   // what lies between the least and the greatest of Rounds, as a part of Value
	Rounds []float64 // that it is made of
	Steady bool      // Rounds agree; where they do not, Value means nothing
}

// Name returns the name of r, as in "ours_vs_torch".
func (r *Ratio) Name() string { return r.A + "_vs_" + r.B }

func newResult(m Match) *Result {
	r := &Result{Name: m.Name, About: m.About}
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
	if r.Rounds < o.Rounds {
		return false
	}
	done := true
	for _, t := range r.Ratios {
		a, b := r.row(t.A), r.row(t.B)
		if t.Steady || a == nil || b == nil {
			continue
		}
		t.Rounds = t.Rounds[:0]
		for i := r.Rounds - o.Rounds; i < r.Rounds; i++ {
			t.Rounds = append(t.Rounds, b.Rounds[i].cpuPerItem()/max(a.Rounds[i].cpuPerItem(), 1e-12))
		}
		t.Value, t.Spread = median(t.Rounds), spread(t.Rounds)
		t.Steady = t.Spread <= o.Most
		done = done && t.Steady
	}
	return done
}

// median returns the middle of x, or the mean of the two in the middle.
func median(x []float64) float64 {
	if len(x) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(x))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}

// spread returns how far the least and the greatest of x are apart, as a part
// of the median.
func spread(x []float64) float64 {
	if len(x) == 0 || median(x) == 0 {
		return 0
	}
	return (slices.Max(x) - slices.Min(x)) / median(x)
}

// column returns one number of each round.
func (w *Row) column(f func(Usage) float64) []float64 {
	x := make([]float64, len(w.Rounds))
	for i, u := range w.Rounds {
		x[i] = f(u)
	}
	return x
}

// rowJSON is a contender in a file of results: medians over all rounds.
type rowJSON struct {
	Items       int     `json:"items"`
	WallS       float64 `json:"wall_s"`
	CPUS        float64 `json:"cpu_s"`
	RSSBytes    int64   `json:"rss_bytes"`
	ItemsPerS   float64 `json:"items_per_s"`
	CPUSPerItem float64 `json:"cpu_s_per_item"`
	Spread      float64 `json:"spread"` // of cpu_s_per_item
	About       string  `json:"about,omitempty"`
	Version     string  `json:"version,omitempty"`
	Output      string  `json:"output,omitempty"`
	Doubt       string  `json:"doubt,omitempty"`
}

// resultJSON is a match in a file of results.
type resultJSON struct {
	Name       string             `json:"name"`
	About      string             `json:"about"`
	Rounds     int                `json:"rounds"`
	Contenders map[string]rowJSON `json:"contenders"`
	Skipped    map[string]string  `json:"skipped,omitempty"`
	Ratios     map[string]float64 `json:"ratios"`             // those that are steady
	Spreads    map[string]float64 `json:"spreads"`            // of Ratios
	Unsteady   map[string]float64 `json:"unsteady,omitempty"` // spreads of those that are not
}

// MarshalJSON implements json.Marshaler.
func (r *Result) MarshalJSON() ([]byte, error) {
	j := resultJSON{
		Name: r.Name, About: r.About, Rounds: r.Rounds,
		Contenders: map[string]rowJSON{}, Skipped: map[string]string{},
		Ratios: map[string]float64{}, Spreads: map[string]float64{}, Unsteady: map[string]float64{},
	}
	for _, w := range r.Rows {
		if len(w.Rounds) == 0 {
			j.Skipped[w.Name] = w.Skipped
			continue
		}
		perItem := w.column(Usage.cpuPerItem)
		j.Contenders[w.Name] = rowJSON{
			Items:     w.Rounds[0].Items,
			WallS:     median(w.column(func(u Usage) float64 { return u.Wall.Seconds() })),
			CPUS:      median(w.column(func(u Usage) float64 { return u.CPU.Seconds() })),
			RSSBytes:  w.RSS,
			ItemsPerS: median(w.column(Usage.itemsPerSecond)), CPUSPerItem: median(perItem), Spread: spread(perItem),
			About: w.About, Version: w.Version, Output: w.Output, Doubt: w.Doubt,
		}
	}
	for _, t := range r.Ratios {
		switch {
		case t.Steady:
			j.Ratios[t.Name()], j.Spreads[t.Name()] = t.Value, t.Spread
		case len(t.Rounds) > 0:
			j.Unsteady[t.Name()] = t.Spread
		}
	}
	return json.Marshal(j)
}

// seconds turns seconds into a duration.
func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
