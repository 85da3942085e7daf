package tabular

import (
	"fmt"
	"math"

	"github.com/stokerdata/stoker/loader"
)

// DropCells overwrites each cell with probability P, independently of all
// others. What happens to a row depends on its sample alone, not on the batch
// that it stands in.
type DropCells struct {
	// P is the probability, from 0 to 1; 0 means 0.1.
	P float64
	// Fields lists the columns; nil means the float columns of kind Plain.
	Fields []string
	// Fill is what a dropped cell holds. NaN makes it missing: for columns
	// other than float ones this needs a companion, which becomes false.
	Fill float64
}

// Bind implements loader.Transform.
func (m DropCells) Bind(in loader.Spec) (loader.Stage, error) {
	p, err := probability(m.P)
	if err != nil {
		return loader.Stage{}, err
	}
	columns, err := findAll(in, m.Fields, isFloat)
	if err != nil {
		return loader.Stage{}, err
	}
	cells := make([][]byte, len(columns))
	for i, c := range columns {
		v := m.Fill
		if math.IsNaN(v) && !isFloat(c) && c.valid >= 0 {
			v = 0
		}
		var ok bool
		if cells[i], ok = encode(c.DType, v); !ok {
			return loader.Stage{}, fmt.Errorf("field %q is %v and cannot hold %v: %w", c.Name, c.DType, v, loader.ErrSpec)
		}
	}
	d := dropper{p: p, columns: columns, cells: cells, missing: math.IsNaN(m.Fill)}
	return loader.Stage{Out: in, Batch: d.run}, nil
}

// dropper is a bound DropCells.
type dropper struct {
	p       float64
	columns []column
	cells   [][]byte // what a dropped cell of each column holds
	missing bool     // a dropped cell is not valid
}

func (d *dropper) run(w *loader.Worker, b *loader.Batch) error {
	for i := range b.Len() {
		w.ForRow(b, i)
		rng, dropped := w.Rand(), 0
		for k := range d.columns {
			c, cell := &d.columns[k], d.cells[k]
			data, valid := b.Column(c.f).Data, c.companion(b)
			for at := i * c.width; at < (i+1)*c.width; at++ {
				if rng.Float64() >= d.p {
					continue
				}
				dropped++
				copy(data[at*len(cell):][:len(cell)], cell)
				if valid != nil {
					valid[at] = validity(!d.missing)
				}
			}
		}
		w.Note("dropped", float64(dropped))
	}
	return nil
}

func validity(ok bool) byte {
	if ok {
		return 1
	}
	return 0
}

// SwapNoise replaces each cell, with probability P, by the same cell of another
// row of the batch, drawn uniformly: the corruption that denoising
// auto-encoders for tables learn to undo. The cell brings along whether it is
// missing. The draws of a row depend on its sample alone, the values that it
// receives also on the other rows of the batch.
type SwapNoise struct {
	// P is the probability, from 0 to 1; 0 means 0.1.
	P float64
	// Fields lists the columns; nil means all of kind Plain.
	Fields []string
}

// Bind implements loader.Transform.
func (m SwapNoise) Bind(in loader.Spec) (loader.Stage, error) {
	p, err := probability(m.P)
	if err != nil {
		return loader.Stage{}, err
	}
	columns, err := findAll(in, m.Fields, func(c column) bool { return true })
	if err != nil {
		return loader.Stage{}, err
	}
	s := swapper{p: p, columns: columns}
	for _, c := range columns {
		s.at = append(s.at, s.rowBytes)
		s.rowBytes += c.width * (c.DType.Size() + 1)
	}
	return loader.Stage{Out: in, Batch: s.run}, nil
}

// swapper is a bound SwapNoise. Its copy of the batch holds the columns one
// after another, each followed by its companion.
type swapper struct {
	p        float64
	columns  []column
	at       []int // where the copy of each column begins, in bytes per row
	rowBytes int
}

func (s *swapper) run(w *loader.Worker, b *loader.Batch) error {
	n := b.Len()
	if n < 2 {
		return nil
	}
	old := w.Scratch(n * s.rowBytes)
	for k := range s.columns {
		c := &s.columns[k]
		end := copy(old[n*s.at[k]:], b.Column(c.f).Data)
		copy(old[n*s.at[k]+end:], c.companion(b))
	}
	for i := range n {
		w.ForRow(b, i)
		s.row(w, b, old, i)
	}
	return nil
}

// row draws for row i.
func (s *swapper) row(w *loader.Worker, b *loader.Batch, old []byte, i int) {
	rng, n, swapped := w.Rand(), b.Len(), 0
	for k := range s.columns {
		c := &s.columns[k]
		t, valid := b.Column(c.f), c.companion(b)
		size := t.DType.Size()
		from := old[n*s.at[k]:]
		fromValid := from[len(t.Data):]
		for at := i * c.width; at < (i+1)*c.width; at++ {
			if rng.Float64() >= s.p {
				continue
			}
			swapped++
			other := rng.IntN(n - 1)
			if other >= i {
				other++
			}
			src := other*c.width + at - i*c.width
			copy(t.Data[at*size:][:size], from[src*size:])
			if valid != nil {
				valid[at] = fromValid[src]
			}
		}
	}
	w.Note("swapped", float64(swapped))
}

// probability returns p, or the default of 0.1 for 0.
func probability(p float64) (float64, error) {
	if p == 0 {
		return 0.1, nil
	}
	if !(p > 0 && p <= 1) {
		return 0, fmt.Errorf("probability %v is not between 0 and 1: %w", p, loader.ErrSpec)
	}
	return p, nil
}
