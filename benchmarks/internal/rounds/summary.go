package rounds

import "time"

// A Summary is a result as it stands in files: medians over all rounds.
type Summary struct {
	Name       string               `json:"name"`
	About      string               `json:"about"`
	By         Measure              `json:"by"` // what ratios and spreads are of
	Rounds     int                  `json:"rounds"`
	Turns      Turns                `json:"turns"`
	Order      []string             `json:"order"` // of all contenders, ours first
	Contenders map[string]Figures   `json:"contenders"`
	Skipped    map[string]string    `json:"skipped,omitempty"`  // contenders that were not timed, and why
	Ratios     map[string]float64   `json:"ratios"`             // those that are steady
	Spreads    map[string]float64   `json:"spreads"`            // of Ratios
	Unsteady   map[string]float64   `json:"unsteady,omitempty"` // spreads of those that are not
	Each       map[string][]float64 `json:"each"`               // the ratio of each round
}

// Figures are of one contender.
type Figures struct {
	Items       int     `json:"items"` // of a round
	WallS       float64 `json:"wall_s"`
	CPUS        float64 `json:"cpu_s"`
	RSSBytes    int64   `json:"rss_bytes"`
	ItemsPerS   float64 `json:"items_per_s"`
	CPUSPerItem float64 `json:"cpu_s_per_item"`
	Spread      float64 `json:"spread"`
	About       string  `json:"about,omitempty"`
	Version     string  `json:"version,omitempty"`
	Output      string  `json:"output,omitempty"`
	Doubt       string  `json:"doubt,omitempty"`
}

// Summary returns what is kept of r.
func (r *Result) Summary() *Summary {
	s := &Summary{
		Name: r.Name, About: r.About, By: r.By, Rounds: r.Rounds, Turns: r.Turns,
		Contenders: map[string]Figures{}, Skipped: map[string]string{},
		Ratios: map[string]float64{}, Spreads: map[string]float64{}, Unsteady: map[string]float64{}, Each: map[string][]float64{},
	}
	for _, w := range r.Rows {
		s.Order = append(s.Order, w.Name)
		if len(w.Rounds) == 0 {
			s.Skipped[w.Name] = w.Skipped
			continue
		}
		s.Contenders[w.Name] = w.figures(r.By)
	}
	for _, t := range r.Ratios {
		switch {
		case t.Steady:
			s.Ratios[t.Name()], s.Spreads[t.Name()] = t.Value, t.Spread
		case len(t.Rounds) > 0:
			s.Unsteady[t.Name()] = t.Spread
		}
		if len(t.Rounds) > 0 {
			s.Each[t.Name()] = t.Rounds
		}
	}
	return s
}

func (w *Row) figures(by Measure) Figures {
	measure := func(f func(Usage) float64) float64 { return median(w.column(f)) }
	return Figures{
		Items:       w.Rounds[0].Items,
		WallS:       measure(func(u Usage) float64 { return u.Wall.Seconds() }),
		CPUS:        measure(func(u Usage) float64 { return u.CPU.Seconds() }),
		RSSBytes:    w.RSS,
		ItemsPerS:   measure(Usage.itemsPerSecond),
		CPUSPerItem: measure(func(u Usage) float64 { return u.perItem(CPUTime) }),
		Spread:      spread(w.column(func(u Usage) float64 { return u.perItem(by) }), quartile),
		About:       w.About, Version: w.Version, Output: w.Output, Doubt: w.Doubt,
	}
}

// column returns one number of each round.
func (w *Row) column(f func(Usage) float64) []float64 {
	x := make([]float64, len(w.Rounds))
	for i, u := range w.Rounds {
		x[i] = f(u)
	}
	return x
}

// seconds turns seconds into a duration.
func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
