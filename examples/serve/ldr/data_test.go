package ldr

import (
	"context"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/stokerdata/stoker/augment/text"
	"github.com/stokerdata/stoker/format/tokens"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
)

// numbers is a source of n rows, each a function of its number, with fields of
// all sorts of shapes.
type numbers struct {
	n   int
	bad int64 // row that does not decode, -1 for none
}

func (s numbers) Spec() loader.Spec {
	return loader.Spec{
		{Name: "text", DType: dtype.Uint8, Shape: loader.Dims(-1), Kind: kind.Text},
		{Name: "id", DType: dtype.Int64},
		{Name: "image", DType: dtype.Uint8, Shape: loader.Dims(3, 5, 1), Kind: kind.Image},
		{Name: "boxes", DType: dtype.Float32, Shape: loader.Dims(-1, 4), Kind: kind.Boxes, Canvas: "image"},
		{Name: "crop", DType: dtype.Uint8, Shape: loader.Dims(-1, -1)},
	}
}

func (s numbers) Blocks() []loader.Block { return []loader.Block{{Rows: s.n, Shard: "numbers"}} }

func (s numbers) Open(context.Context, int) (loader.Rows, error) {
	return nil, fmt.Errorf("rows are cheap to read one by one")
}

func (s numbers) OpenRows(_ context.Context, refs []loader.Ref) (loader.Rows, error) {
	return numbersRows{s, refs}, nil
}

type numbersRows struct {
	numbers
	refs []loader.Ref
}

func (r numbersRows) Row(w *loader.Worker, i int, s *loader.Sample) error {
	n := r.refs[i].Row
	if int64(n) == r.bad {
		return fmt.Errorf("row of rust: %w", loader.ErrCorrupt)
	}
	copy(w.Out(s, 0, dtype.Uint8, loader.Dims(n%9)).Data, strings.Repeat("x", 9))
	binary.LittleEndian.PutUint64(w.Out(s, 1, dtype.Int64, loader.Dims()).Data, uint64(n))
	for k, d := 0, w.Out(s, 2, dtype.Uint8, loader.Dims(3, 5, 1)).Data; k < len(d); k++ {
		d[k] = byte(n + k)
	}
	boxes := loader.View[float32](*w.Out(s, 3, dtype.Float32, loader.Dims(n%3, 4)))
	for k := range boxes {
		boxes[k] = float32(n)
	}
	for k, d := 0, w.Out(s, 4, dtype.Uint8, loader.Dims(n%2+1, n%5)).Data; k < len(d); k++ {
		d[k] = byte(n * k)
	}
	return nil
}

func (numbersRows) Close() error { return nil }

// blocks are the same rows, of which only blocks of ten can be opened.
type blocks struct{ of numbers }

func (s blocks) Spec() loader.Spec { return s.of.Spec() }

func (s blocks) Blocks() (list []loader.Block) {
	for at := 0; at < s.of.n; at += 10 {
		list = append(list, loader.Block{Rows: min(10, s.of.n-at), Shard: "numbers"})
	}
	return list
}

func (s blocks) Open(_ context.Context, i int) (loader.Rows, error) {
	var refs []loader.Ref
	for row := 10 * i; row < min(10*i+10, s.of.n); row++ {
		refs = append(refs, loader.Ref{Row: row})
	}
	return numbersRows{s.of, refs}, nil
}

// noise draws.
type noise struct{}

func (noise) Bind(in loader.Spec) (loader.Stage, error) {
	f := in.Index("image")
	return loader.Stage{Out: in, Row: func(w *loader.Worker, s *loader.Sample) error {
		for k, d := 0, w.Mutable(s, f).Data; k < len(d); k++ {
			d[k] += byte(w.Rand().Uint32())
		}
		return nil
	}}, nil
}

// fixed leaves the fields of fixed shape.
type fixed struct{}

func (fixed) Bind(in loader.Spec) (loader.Stage, error) {
	out := in.Clone()
	for f := range out {
		if !out[f].Shape.Fixed() {
			out[f].Name = ""
		}
	}
	return loader.Stage{Out: out, Row: func(*loader.Worker, *loader.Sample) error { return nil }}, nil
}

// pairs gives rows in pairs of the same parity, and leaves out those that a seventh
// divides.
type pairs struct{ n [2]int }

func (pairs) Bind(in loader.Spec) (loader.Stage, error) {
	return loader.Stage{Out: in, Regroup: &loader.Regroup{New: func() loader.Placer { return &pairs{} }}}, nil
}

func (p *pairs) Place(s *loader.Sample, bins *loader.Bins) error {
	if s.ID%7 == 0 {
		return nil
	}
	bin := int(s.ID % 2)
	bins.Put(bin)
	if p.n[bin]++; p.n[bin] == 2 {
		bins.Close(bin, 2)
		p.n[bin] = 0
	}
	return nil
}

func (p *pairs) Restore(_ *loader.Sample, bin int) error {
	if bin < 0 || bin > 1 {
		return fmt.Errorf("there is no bin %d: %w", bin, loader.ErrState)
	}
	p.n[bin]++
	return nil
}

func (p *pairs) Flush(bins *loader.Bins) error {
	for bin, n := range p.n {
		if n > 0 {
			bins.Close(bin, n)
		}
		p.n[bin] = 0
	}
	return nil
}

// datasets are served by most tests.
func datasets(testing.TB) map[string]Dataset {
	whole, rotten := numbers{101, -1}, numbers{101, 40}
	cfg := loader.Config{BatchSize: 6, Seed: 7, Order: loader.Shuffle{}, Prefetch: 3, MaxKept: 3, Transforms: []loader.Transform{noise{}}}
	with := func(src loader.Source, change func(*loader.Config)) Dataset {
		d := Dataset{src, cfg}
		change(&d.Config)
		return d
	}
	return map[string]Dataset{
		"all":    {whole, cfg},
		"blocks": {blocks{whole}, cfg},
		"fixed":  with(whole, func(c *loader.Config) { c.Transforms = append(c.Transforms, fixed{}) }),
		"packed": with(whole, func(c *loader.Config) { c.Transforms = append(c.Transforms, pairs{}) }),
		"tokens": with(whole, func(c *loader.Config) {
			c.Transforms = []loader.Transform{text.Tokenize{Field: "text", Into: "tokens"}, tokens.Pack{Window: 12, Bins: 3}}
		}),
		"ready":  with(whole, func(c *loader.Config) { c.AsReady = true }),
		"skip":   with(rotten, func(c *loader.Config) { c.OnError = loader.Skip(5) }),
		"rotten": {rotten, cfg},
		"small":  with(whole, func(c *loader.Config) { c.Memory = 1 << 20 }),
	}
}
