package tabular

import (
	"fmt"

	"github.com/stokerdata/stoker/internal/interleave"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
)

// Concat joins columns into one float32 field of shape (k), the input of a
// dense layer, and removes them and their companions. k counts the cells of
// all columns, in the order of Fields. A missing cell is NaN, as in any float
// column. Whole numbers above 2^24 are rounded to the nearest float32.
type Concat struct {
	// Fields lists the columns; nil means all of kind Plain that are not Bool.
	Fields []string
	// Into is the name of the new field; "" means "features".
	Into string
}

// concatTile is the rows that are written before the next ones: enough for the
// loop over them to pay, few enough for the second-level cache to hold the rows
// of 500 columns (BenchmarkInterleave is a third slower at 64).
const concatTile = 256

// Bind implements loader.Transform.
func (m Concat) Bind(in loader.Spec) (loader.Stage, error) {
	columns, err := findAll(in, m.Fields, func(c column) bool { return c.DType != dtype.Bool })
	if err != nil {
		return loader.Stage{}, err
	}
	into := m.Into
	if into == "" {
		into = "features"
	}
	out := in.Clone()
	k, widest := 0, 0
	for _, c := range columns {
		if k += c.width; k > 1<<30 {
			return loader.Stage{}, fmt.Errorf("more than %d cells a row: %w", 1<<30, loader.ErrSpec)
		}
		widest = max(widest, c.width)
		out[c.f].Name = ""
		if c.valid >= 0 {
			out[c.valid].Name = ""
		}
	}
	if out.Index(into) >= 0 {
		return loader.Stage{}, fmt.Errorf("there is a field %q already: %w", into, loader.ErrSpec)
	}
	out, f := out.With(loader.Field{Name: into, DType: dtype.Float32, Shape: loader.Dims(k), Kind: kind.Plain})
	j := joiner{columns: columns, into: f, k: k, widest: widest}
	return loader.Stage{Out: out, Batch: j.run}, nil
}

// joiner is a bound Concat.
type joiner struct {
	columns         []column
	into, k, widest int
}

func (j *joiner) run(w *loader.Worker, b *loader.Batch) error {
	dst := loader.View[float32](b.Replace(j.into))
	spare := loader.View[float32](loader.Tensor{DType: dtype.Float32, Data: w.Scratch(4 * concatTile * max(8, j.widest))})
	for at := 0; at < b.Len(); at += concatTile {
		j.join(dst[at*j.k:], b, spare, at, min(concatTile, b.Len()-at))
	}
	return nil
}

// join writes rows at to at+n of b to the front of dst.
func (j *joiner) join(dst []float32, b *loader.Batch, spare []float32, at, n int) {
	to := 0
	for c := 0; c < len(j.columns); {
		group := j.scalars(c)
		if group == 0 {
			p := &j.columns[c]
			part := p.floats(b, spare, at*p.width, n*p.width)
			for i := range n {
				copy(dst[i*j.k+to:], part[i*p.width:][:p.width])
			}
			c, to = c+1, to+p.width
			continue
		}
		var from [8][]float32
		for g := range group {
			from[g] = j.columns[c+g].floats(b, spare[g*concatTile:], at, n)
		}
		interleave.Columns(dst[to:], j.k, from[:group])
		c, to = c+group, to+group
	}
}

// scalars returns how many scalar columns stand at c in a row, at most 8.
func (j *joiner) scalars(c int) int {
	n := 0
	for n < 8 && c+n < len(j.columns) && j.columns[c+n].width == 1 {
		n++
	}
	return n
}

// floats returns the elements at to at+n of c: its own memory if it holds
// float32 and no companion, else converted into spare.
func (c *column) floats(b *loader.Batch, spare []float32, at, n int) []float32 {
	t, valid := b.Column(c.f), c.companion(b)
	if t.DType == dtype.Float32 && valid == nil {
		return loader.View[float32](t)[at : at+n]
	}
	spare = spare[:n]
	load(spare, t, at)
	if valid != nil {
		blank(spare, valid[at:at+n])
	}
	return spare
}
