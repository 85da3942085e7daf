package tabular

import (
	"context"
	"fmt"
	"iter"
	"math"

	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
)

// Stats holds a Summary for each column: plain data, to be stored as JSON
// beside the model that was trained with it.
type Stats map[string]Summary

// Summary describes the cells of one column.
type Summary struct {
	Count   int64   `json:"count"`   // cells that are there
	Missing int64   `json:"missing"` // cells that are not
	Mean    float64 `json:"mean"`    // 0 if Count is 0, as are the next three
	Std     float64 `json:"std"`     // of the population: divided by Count
	Min     float64 `json:"min"`
	Max     float64 `json:"max"`
}

// Fit reads all batches, once, and summarises the named columns, or, without
// names, all of kind Plain that are not Bool. Sums are float64; batches are
// joined as in Chan, Golub and LeVeque, "Updating formulae and a pairwise
// algorithm for computing sample variances" (1979), so that no precision is
// lost to large means. An infinite cell is an error that wraps
// loader.ErrCorrupt. For the same batches in the same order the result is the
// same to the last bit.
func Fit(ctx context.Context, batches iter.Seq2[*loader.Batch, error], fields ...string) (Stats, error) {
	var columns []column
	var sums []Summary // Std holds the sum of squared deviations meanwhile
	for b, err := range batches {
		if err == nil {
			err = ctx.Err()
		}
		if err == nil && columns == nil {
			columns, err = findAll(b.Spec(), fields, func(c column) bool { return c.DType != dtype.Bool })
			sums = make([]Summary, len(columns))
		}
		if err != nil {
			return nil, fmt.Errorf("tabular: fit: %w", err)
		}
		for i := range columns {
			c := &columns[i]
			t, valid := b.Column(c.f), c.companion(b)
			if !sums[i].add(t, valid) {
				return nil, fmt.Errorf("tabular: fit: field %q holds an infinite number in batch %d of epoch %d: %w", c.Name, b.Step, b.Epoch, loader.ErrCorrupt)
			}
		}
	}
	if columns == nil {
		return nil, fmt.Errorf("tabular: fit: no batches: %w", loader.ErrSpec)
	}
	stats := Stats{}
	for i, c := range columns {
		if s := &sums[i]; s.Count > 0 {
			s.Std = math.Sqrt(s.Std / float64(s.Count))
		}
		if !finite(sums[i].Mean) || !finite(sums[i].Std) {
			return nil, fmt.Errorf("tabular: fit: the numbers of field %q are too large to sum up: %w", c.Name, loader.ErrCorrupt)
		}
		stats[c.Name] = sums[i]
	}
	return stats, nil
}

// add takes in the elements of t and reports whether all are finite.
func (s *Summary) add(t loader.Tensor, valid []byte) bool {
	var buf [tile]float64
	n := len(t.Data) / t.DType.Size()
	for at := 0; at < n; at += tile {
		x := buf[:min(tile, n-at)]
		load(x, t, at)
		if valid != nil {
			blank(x, valid[at:at+len(x)])
		}
		part := summarize(x)
		if !finite(part.Min) || !finite(part.Max) {
			return false
		}
		s.join(part)
	}
	return true
}

// summarize returns the summary of x, with the sum of squared deviations in Std.
func summarize(x []float64) Summary {
	n, sum, lo, hi := 0, 0.0, math.Inf(1), math.Inf(-1)
	for _, v := range x {
		if v != v {
			continue
		}
		n++
		sum += v
		if v < lo {
			lo = v
		}
		if v > hi {
			hi = v
		}
	}
	s := Summary{Count: int64(n), Missing: int64(len(x) - n)}
	if n == 0 {
		return s
	}
	s.Mean, s.Min, s.Max = sum/float64(n), lo, hi
	for _, v := range x {
		if d := v - s.Mean; d == d {
			s.Std += float64(d * d)
		}
	}
	return s
}

// join adds p to s.
func (s *Summary) join(p Summary) {
	if s.Count == 0 || p.Count == 0 {
		p.Missing += s.Missing
		if p.Count == 0 {
			s.Missing = p.Missing
			return
		}
		*s = p
		return
	}
	n, m := float64(s.Count), float64(p.Count)
	d := p.Mean - s.Mean
	s.Mean += float64(d * (m / (n + m)))
	s.Std += p.Std + float64(d*d*(n*m/(n+m)))
	s.Min, s.Max = min(s.Min, p.Min), max(s.Max, p.Max)
	s.Count += p.Count
	s.Missing += p.Missing
}

// Impute returns the transform that fills missing cells with the mean of their
// column. It goes before Standardize, for float columns; behind it, the zero
// Impute does the same, and for columns of whole numbers too.
func (s Stats) Impute() Impute {
	m := Impute{With: map[string]float64{}}
	for name, c := range s {
		m.With[name] = c.Mean
	}
	return m
}

// Standardize returns the transform that gives each column mean 0 and standard
// deviation 1. Columns of one value become 0.
func (s Stats) Standardize() Standardize {
	m := Standardize{Mean: map[string]float64{}, Std: map[string]float64{}}
	for name, c := range s {
		m.Mean[name] = c.Mean
		if !isConstant(c.Mean, c.Std) {
			m.Std[name] = c.Std
		}
	}
	return m
}
