package tabular

import (
	"fmt"
	"math"

	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
)

// Impute fills missing cells with a constant of their column and removes the
// companions of these columns. The zero Impute fills all that can be missing, the
// float columns and those with a companion, with 0. Stats.Impute fills with means.
type Impute struct {
	// With gives the columns to fill, and with what. Nil means all that can be
	// missing, with 0. A value that the element type does not hold, such as
	// 0.5 for an int32, is an error; columns of whole numbers that are
	// standardized first take any.
	With map[string]float64
	// Indicator appends for each filled column a Bool field of the same shape,
	// "<name>.missing", that is true where a cell was filled.
	Indicator bool
}

// fill is what Impute does to one column.
type fill struct {
	column
	value   float64
	cell    []byte // value as an element
	missing int    // index of the indicator, -1 for none
}

// Bind implements loader.Transform.
func (m Impute) Bind(in loader.Spec) (loader.Stage, error) {
	columns, err := findAll(in, sortedKeys(m.With), func(c column) bool { return isFloat(c) || c.valid >= 0 })
	if err != nil {
		return loader.Stage{}, err
	}
	out := in.Clone()
	fills := make([]fill, len(columns))
	for i, c := range columns {
		p := fill{column: c, value: m.With[c.Name], missing: -1}
		var ok bool
		if p.cell, ok = encode(c.DType, p.value); !ok {
			return loader.Stage{}, fmt.Errorf("field %q is %v and cannot hold %v: %w", c.Name, c.DType, p.value, loader.ErrSpec)
		}
		if m.Indicator {
			out, p.missing = out.With(loader.Field{Name: c.Name + ".missing", DType: dtype.Bool, Shape: c.Shape, Kind: kind.Plain})
		}
		if c.valid >= 0 {
			out[c.valid].Name = ""
		}
		fills[i] = p
	}
	return loader.Stage{Out: out, Batch: func(_ *loader.Worker, b *loader.Batch) error {
		for i := range fills {
			fills[i].run(b)
		}
		return nil
	}}, nil
}

func (p *fill) run(b *loader.Batch) {
	t, valid := b.Column(p.f), p.companion(b)
	if p.missing >= 0 {
		mark(b.Replace(p.missing).Data, t, valid)
	}
	switch t.DType {
	case dtype.Float32:
		fillNaN(loader.View[float32](t), float32(p.value))
	case dtype.Float64:
		fillNaN(loader.View[float64](t), p.value)
	}
	n := len(p.cell)
	for i, v := range valid {
		if v == 0 {
			copy(t.Data[i*n:][:n], p.cell)
		}
	}
}

func fillNaN[F float32 | float64](x []F, v F) {
	for i, c := range x {
		if c != c {
			x[i] = v
		}
	}
}

// mark sets missing to 1 where t is NaN or not valid, to 0 elsewhere.
func mark(missing []byte, t loader.Tensor, valid []byte) {
	switch t.DType {
	case dtype.Float32:
		markNaN(missing, loader.View[float32](t))
	case dtype.Float64:
		markNaN(missing, loader.View[float64](t))
	default:
		clear(missing)
	}
	for i, v := range valid {
		if v == 0 {
			missing[i] = 1
		}
	}
}

func markNaN[F float32 | float64](missing []byte, x []F) {
	x = x[:len(missing)]
	for i, c := range x {
		missing[i] = 0
		if c != c {
			missing[i] = 1
		}
	}
}

// finite reports whether v is neither infinite nor NaN.
func finite(v float64) bool { return !math.IsInf(v, 0) && !math.IsNaN(v) }
