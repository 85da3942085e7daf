package table

import (
	"fmt"
	"math"
	"math/rand/v2"
	"sync"

	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
)

// Generator makes the rows of a table; it is a synth.Gatherer.
type Generator struct {
	cfg    Config
	spec   loader.Spec
	task   task
	nX     int // numeric columns
	nC     int // categorical columns
	label  int // field of the label; .valid fields follow it
	sheets *sync.Pool
}

// New returns a generator of the table that c describes. The error wraps
// loader.ErrSpec.
func New(c Config) (*Generator, error) {
	c = c.withDefaults()
	if err := c.check(); err != nil {
		return nil, err
	}
	g := &Generator{cfg: c, task: newTask(c), nX: c.Informative + c.Redundant + c.Noise, nC: len(c.Categories)}
	g.label = g.nX + g.nC
	g.spec = g.fields()
	g.sheets = &sync.Pool{New: func() any {
		return &sheet{x: make([]float32, g.nX), z: make([]float64, c.Informative), c: make([]int32, g.nC), valid: make([]bool, g.label)}
	}}
	return g, nil
}

func (g *Generator) fields() loader.Spec {
	spec := make(loader.Spec, 0, 2*g.label+1)
	for i := range g.nX {
		spec = append(spec, loader.Field{Name: fmt.Sprintf("x%02d", i), DType: dtype.Float32, Shape: loader.Dims()})
	}
	for i, k := range g.cfg.Categories {
		spec = append(spec, loader.Field{Name: fmt.Sprintf("c%02d", i), DType: dtype.Int32, Shape: loader.Dims(), Kind: kind.Label, Names: k.Names})
	}
	label := loader.Field{Name: "label", DType: dtype.Int32, Shape: loader.Dims(), Kind: kind.Label}
	if g.cfg.Task == Regression {
		label.DType, label.Kind = dtype.Float32, kind.Plain
	}
	spec = append(spec, label)
	if g.cfg.Valid {
		for _, f := range spec[:g.label] {
			spec = append(spec, loader.Field{Name: f.Name + ".valid", DType: dtype.Bool, Shape: loader.Dims()})
		}
	}
	return spec
}

// Spec implements synth.Generator.
func (g *Generator) Spec() loader.Spec { return g.spec }

// Fingerprint returns the configuration, which the rows follow from.
func (g *Generator) Fingerprint() string { return fmt.Sprintf("%+v", g.cfg) }

// sheet is the scratch memory of one row, and of the columns of a batch.
type sheet struct {
	z     []float64 // informative numbers
	x     []float32
	c     []int32
	valid []bool
	class int32
	value float32

	columns []loader.Tensor
}

// Row implements synth.Generator.
func (g *Generator) Row(rng *rand.Rand, _ int64, w *loader.Worker, s *loader.Sample) error {
	r := g.sheets.Get().(*sheet)
	defer g.sheets.Put(r)
	g.draw(rng, r)
	for f := range g.spec {
		w.Out(s, f, g.spec[f].DType, loader.Shape{})
	}
	g.put(r, s.Fields, 0)
	return nil
}

// Gather implements synth.Gatherer.
func (g *Generator) Gather(rng func(i int64) *rand.Rand, ids []int64, at []int, b *loader.Batch) error {
	r := g.sheets.Get().(*sheet)
	defer g.sheets.Put(r)
	r.columns = r.columns[:0]
	for f := range g.spec {
		r.columns = append(r.columns, b.Column(f))
	}
	for k, id := range ids {
		g.draw(rng(id), r)
		g.put(r, r.columns, at[k])
	}
	clear(r.columns)
	return nil
}

// put writes r into row i of the columns.
func (g *Generator) put(r *sheet, columns []loader.Tensor, i int) {
	for f, x := range r.x {
		loader.View[float32](columns[f])[i] = x
	}
	for k, c := range r.c {
		loader.View[int32](columns[g.nX+k])[i] = c
	}
	if g.cfg.Task == Regression {
		loader.View[float32](columns[g.label])[i] = r.value
	} else {
		loader.View[int32](columns[g.label])[i] = r.class
	}
	if g.cfg.Valid {
		for k, v := range r.valid {
			loader.View[bool](columns[g.label+1+k])[i] = v
		}
	}
}

// draw draws a row, and then which of its cells are missing, so that rows with
// and without missing cells are the same but for these.
func (g *Generator) draw(rng *rand.Rand, r *sheet) {
	g.task.draw(rng, r)
	if g.cfg.Missing == 0 {
		for k := range r.valid {
			r.valid[k] = true
		}
		return
	}
	for k := range r.valid {
		if r.valid[k] = rng.Float64() >= g.cfg.Missing; r.valid[k] {
			continue
		}
		if k < g.nX {
			r.x[k] = float32(math.NaN())
		} else {
			r.c[k-g.nX] = -1
		}
	}
}
