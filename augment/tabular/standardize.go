package tabular

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
)

// Standardize replaces each cell x of the columns that Mean or Std name by
// (x - mean) * (1/std), computed in float64. The columns become float32,
// whatever number they held; missing cells become NaN, and companions are
// removed. Stats.Standardize is how it usually comes about.
type Standardize struct {
	Mean map[string]float64 // 0 for a column that only Std names
	// Std must not be negative. 0, and a column that only Mean names, mean 1:
	// a column of one value becomes zeros.
	Std map[string]float64
}

// scaling is what Standardize does to one column.
type scaling struct {
	column
	mean, inverse float64
}

// Bind implements loader.Transform.
func (m Standardize) Bind(in loader.Spec) (loader.Stage, error) {
	names := sortedKeys(m.Mean)
	for _, name := range sortedKeys(m.Std) {
		if _, ok := m.Mean[name]; !ok {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return loader.Stage{}, fmt.Errorf("neither Mean nor Std names a field: %w", loader.ErrSpec)
	}
	columns, err := findAll(in, names, nil)
	if err != nil {
		return loader.Stage{}, err
	}
	out := in.Clone()
	scalings := make([]scaling, len(columns))
	for i, c := range columns {
		mean, std := m.Mean[c.Name], m.Std[c.Name]
		if std == 0 {
			std = 1
		}
		if !finite(mean) || !finite(std) || std < 0 {
			return loader.Stage{}, fmt.Errorf("field %q: mean %v, std %v: %w", c.Name, mean, std, loader.ErrSpec)
		}
		scalings[i] = scaling{c, mean, 1 / std}
		out[c.f].DType, out[c.f].Kind = dtype.Float32, kind.Plain
		if c.valid >= 0 {
			out[c.valid].Name = ""
		}
	}
	return loader.Stage{Out: out, Batch: func(_ *loader.Worker, b *loader.Batch) error {
		for i := range scalings {
			scalings[i].run(b)
		}
		return nil
	}}, nil
}

func (p *scaling) run(b *loader.Batch) {
	t, valid := b.Column(p.f), p.companion(b)
	to := t
	if t.DType != dtype.Float32 {
		to = b.Replace(p.f)
	}
	standardize(loader.View[float32](to), t, p.mean, p.inverse)
	if valid != nil {
		blank(loader.View[float32](to), valid)
	}
}

// standardize sets dst to the elements of t, less mean, times inverse. The two
// may be the same memory.
func standardize(dst []float32, t loader.Tensor, mean, inverse float64) {
	var buf [tile]float64
	for at := 0; at < len(dst); at += tile {
		part := dst[at:min(at+tile, len(dst))]
		x := buf[:len(part)]
		load(x, t, at)
		for i, v := range x {
			part[i] = float32((v - mean) * inverse)
		}
	}
}

// sortedKeys returns the keys of m in order, nil if m is nil.
func sortedKeys(m map[string]float64) []string {
	if m == nil {
		return nil
	}
	return append([]string{}, slices.Sorted(maps.Keys(m))...)
}

// isConstant reports whether std is that of a column of one value, up to
// rounding: what has no scale to divide by.
func isConstant(mean, std float64) bool { return std <= 1e-12*math.Abs(mean) }
