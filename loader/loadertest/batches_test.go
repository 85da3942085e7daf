package loadertest_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/stokerdata/stoker/internal/invariant"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/loadertest"
)

func TestApply(t *testing.T) {
	spec := samples(1).Spec()
	values := loadertest.Row(t, samples(9), 7)
	if x := loader.View[float32](values[0]); !slices.Equal(x, []float32{7, 3.5}) || string(values[1].Data) != "bc" {
		t.Fatalf("row 7 is %v", values)
	}
	failing := onNumber(func(*loader.Worker, *loader.Sample, []float32) error { return errBroken })
	for _, c := range []struct {
		name  string
		tr    loader.Transform
		spec  loader.Spec
		want  string // of the first field
		cause error
	}{
		{"row", onNumber(func(_ *loader.Worker, _ *loader.Sample, x []float32) error { x[1] = -1; return nil }), spec, "[7 -1]", nil},
		{"batch", transformFunc(mix), spec, "[14 7]", nil},
		{"regroup", pairs{}, spec, "[7 3.5]", nil},
		{"drop", transformFunc(func(in loader.Spec) (loader.Stage, error) {
			return loader.Stage{Out: in, Drops: true, Row: func(*loader.Worker, *loader.Sample) error { return loader.Drop }}, nil
		}), spec, "", loader.Drop},
		{"error", failing, spec, "", errBroken},
		{"misfit", failing, loader.Spec{spec[1], spec[1], spec[2]}, "", loader.ErrSpec},
	} {
		before := slices.Clone(values[0].Data)
		got, err := loadertest.Apply(t, c.tr, c.spec, values...)
		if !errors.Is(err, c.cause) {
			t.Errorf("%s: error %v, want %v", c.name, err, c.cause)
		}
		if err == nil && fmt.Sprint(loader.View[float32](got[0])) != c.want {
			t.Errorf("%s: %v, want %s", c.name, loader.View[float32](got[0]), c.want)
		}
		if !slices.Equal(values[0].Data, before) {
			t.Errorf("%s: the argument has changed", c.name)
		}
	}
	mustReport(t, "1 values for 3 fields", func(t testing.TB) { loadertest.Apply(t, failing, spec, values[0]) })
	mustReport(t, "no sample 9", func(t testing.TB) { loadertest.Row(t, samples(9), 9) })
}

func TestOf(t *testing.T) {
	if got := loadertest.Of(loader.Dims(1, 2), int16(1), -1); got.DType != dtype.Int16 || got.Shape != loader.Dims(1, 2) || !slices.Equal(loader.View[int16](got), []int16{1, -1}) {
		t.Errorf("got %v", got)
	}
	if got := loadertest.Of(loader.Dims(0), []bool{}...); got.DType != dtype.Bool || len(got.Data) != 0 {
		t.Errorf("got %v", got)
	}
	defer func() {
		if recover() == nil {
			t.Error("two values for a scalar")
		}
	}()
	loadertest.Of(loader.Dims(), 1.5, 2)
}

// TestDigest changes one thing at a time, each of which must show.
func TestDigest(t *testing.T) {
	base := loader.Config{BatchSize: 4, Seed: 1, Transforms: []loader.Transform{onNumber(add)}}
	want := loadertest.Digest(t, samples(9), base)
	if again := loadertest.Digest(t, samples(9), base); again != want {
		t.Errorf("%s and then %s", want, again)
	}
	for name, change := range map[string]func(c *loader.Config){
		"batch":   func(c *loader.Config) { c.BatchSize = 3 },
		"seed":    func(c *loader.Config) { c.Seed = 2 },
		"order":   func(c *loader.Config) { c.Order, c.Transforms = loader.Shuffle{}, nil },
		"epochs":  func(c *loader.Config) { c.Epochs = 2 },
		"columns": func(c *loader.Config) { c.Transforms = append(c.Transforms[:1:1], transformFunc(mark)) },
	} {
		c := base
		change(&c)
		if got := loadertest.Digest(t, samples(9), c); got == want {
			t.Errorf("another %s: the same digest", name)
		}
	}
	shapes := func(a, b loader.Shape) string {
		v := loadertest.Of(a, []uint8{1, 2, 3, 4, 5, 6}...)
		return loadertest.Digest(t, shaped{v, b}, loader.Config{BatchSize: 1})
	}
	if shapes(loader.Dims(2, 3), loader.Dims(-1, -1)) == shapes(loader.Dims(3, 2), loader.Dims(-1, -1)) {
		t.Error("another shape of a row: the same digest")
	}
}

// shaped is a source of one value, whose shape is announced as such.
type shaped struct {
	value loader.Tensor
	as    loader.Shape
}

func (s shaped) Spec() loader.Spec {
	return loader.Spec{{Name: "x", DType: s.value.DType, Shape: s.as}}
}
func (shaped) Blocks() []loader.Block { return []loader.Block{{Rows: 1}} }
func (s shaped) Open(context.Context, int) (loader.Rows, error) {
	return s, nil
}
func (s shaped) Row(_ *loader.Worker, _ int, smp *loader.Sample) error {
	smp.Fields[0] = s.value
	return nil
}
func (shaped) Close() error { return nil }

// TestAll shows that a source stays open, and that errors end the test.
func TestAll(t *testing.T) {
	closed := 0
	src := opener(true, func(p *poem) { p.shut = func() error { closed++; return nil } })()
	for range 2 {
		n := 0
		for b := range loadertest.All(t, src, loader.Config{BatchSize: 10}) {
			n += b.Len()
		}
		if n != 33 || closed > 0 {
			t.Errorf("%d rows, closed %d times", n, closed)
		}
	}
	for range loadertest.All(t, src, loader.Config{BatchSize: 1}) {
		break
	}
	mustReport(t, "BatchSize is 0", func(t testing.TB) {
		for range loadertest.All(t, src, loader.Config{}) {
		}
	})
	mustReport(t, "sample 0: loadertest_test.transformFunc: broken", func(t testing.TB) {
		failing := onNumber(func(*loader.Worker, *loader.Sample, []float32) error { return errBroken })
		for range loadertest.All(t, samples(3), loader.Config{BatchSize: 1, Transforms: []loader.Transform{failing}}) {
		}
	})
}

func TestResume(t *testing.T) {
	for name, c := range map[string]loader.Config{
		"shuffled": {Order: loader.Shuffle{}},
		"ranks":    {Rank: 1, World: 2},
		"drop":     {Transforms: []loader.Transform{transformFunc(sieve)}},
		"pairs":    {Transforms: []loader.Transform{pairs{}}},
		"as ready": {AsReady: true, Workers: 3},
	} {
		t.Run(name, func(t *testing.T) {
			c.BatchSize, c.Epochs = 4, 2
			loadertest.Resume(t, opener(false, func(*poem) {}), c)
			loadertest.Resume(t, opener(true, func(*poem) {}), c, 0, 2)
		})
	}
}

func TestResumeReports(t *testing.T) {
	var opened atomic.Int64
	changing := func(where int) func() loader.Source {
		opened.Store(0)
		return opener(true, func(p *poem) {
			n := opened.Add(1)
			p.line = func(r *lines, i int, _ *loader.Worker, line []byte) []byte {
				if r.refs[i].Row == where {
					return line[:min(n, int64(len(line)))]
				}
				return line
			}
		})
	}
	c := loader.Config{BatchSize: 4}
	mustReport(t, "resumed behind batch 0: batch 3 has other bytes", func(t testing.TB) { loadertest.Resume(t, changing(9), c, 0) })
	mustReport(t, "resumed behind batch 0: 8 other batches", func(t testing.TB) {
		ready := loader.Config{BatchSize: 4, AsReady: true, Workers: 1}
		loadertest.Resume(t, changing(9), ready, 0)
	})
	mustReport(t, "state of another data set", func(t testing.TB) {
		n := 0
		loadertest.Resume(t, opener(true, func(p *poem) { n++; p.sizes[0] = n }), c)
	})
	mustReport(t, "no batches", func(t testing.TB) {
		loadertest.Resume(t, opener(true, func(p *poem) { p.sizes = nil }), c)
	})
}

func TestAllocs(t *testing.T) {
	if invariant.Enabled {
		t.Skip("such builds do not count")
	}
	src := &digits{1000}
	var sink [2]*int64
	wasteful := transformFunc(func(in loader.Spec) (loader.Stage, error) {
		return loader.Stage{Out: in, Row: func(*loader.Worker, *loader.Sample) error {
			sink = [2]*int64{new(int64), new(int64)}
			return nil
		}}, nil
	})
	c := loader.Config{BatchSize: 50, Workers: 1, Transforms: []loader.Transform{wasteful}}
	loadertest.Allocs(t, src, loader.Config{BatchSize: 50}, 0)
	loadertest.Allocs(t, src, loader.Config{BatchSize: 8, Order: loader.Shuffle{}}, 0)
	loadertest.Allocs(t, src, c, 2)
	mustReport(t, "allocations for each sample, want at most 1.5", func(t testing.TB) { loadertest.Allocs(t, src, c, 1.5) })
	runtime.KeepAlive(sink)
}

// digits is a source that allocates nothing. Its rows are digits of some sort.
type digits struct{ n int }

func (*digits) Spec() loader.Spec { return loader.Spec{{Name: "x", DType: dtype.Uint8}} }

func (d *digits) Blocks() []loader.Block { return []loader.Block{{Rows: d.n}} }

func (d *digits) Open(context.Context, int) (loader.Rows, error) { return d, nil }

func (d *digits) Row(w *loader.Worker, i int, s *loader.Sample) error {
	w.Out(s, 0, dtype.Uint8, loader.Dims()).Data[0] = byte(i % 10)
	return nil
}

func (d *digits) OpenRows(context.Context, []loader.Ref) (loader.Rows, error) { return d, nil }

func (*digits) Close() error { return nil }
