package loadertest_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
	"github.com/stokerdata/stoker/loader/loadertest"
)

// transformFunc is a transform by its Bind.
type transformFunc func(in loader.Spec) (loader.Stage, error)

func (f transformFunc) Bind(in loader.Spec) (loader.Stage, error) { return f(in) }

// rowFunc is what a row stage does to the numbers of a sample.
type rowFunc func(w *loader.Worker, s *loader.Sample, x []float32) error

// onNumber returns a row transform of the field "number", float32 and of any shape.
func onNumber(do rowFunc) transformFunc {
	return func(in loader.Spec) (loader.Stage, error) {
		f := in.Index("number")
		if f < 0 || in[f].DType != dtype.Float32 {
			return loader.Stage{}, fmt.Errorf("no float32 number: %w", loader.ErrSpec)
		}
		return loader.Stage{Out: in, Row: func(w *loader.Worker, s *loader.Sample) error {
			return do(w, s, loader.View[float32](*w.Mutable(s, f)))
		}}, nil
	}
}

// add adds a random number.
func add(w *loader.Worker, _ *loader.Sample, x []float32) error {
	by := w.Rand().Float32()
	w.Note("by", float64(by))
	for i := range x {
		x[i] += by
	}
	return nil
}

// mark appends a field with a drawn digit.
func mark(in loader.Spec) (loader.Stage, error) {
	out, f := in.With(loader.Field{Name: "mark", DType: dtype.Uint8})
	return loader.Stage{Out: out, Writes: []int{f}, Row: func(w *loader.Worker, s *loader.Sample) error {
		w.Out(s, f, dtype.Uint8, loader.Dims()).Data[0] = byte(w.Rand().IntN(10))
		return nil
	}}, nil
}

// sieve drops samples at random.
func sieve(in loader.Spec) (loader.Stage, error) {
	return loader.Stage{Out: in, Drops: true, Row: func(w *loader.Worker, _ *loader.Sample) error {
		if w.Rand().IntN(3) == 0 {
			return loader.Drop
		}
		return nil
	}}, nil
}

// mix adds a random row of the batch to each row of the field "number".
func mix(in loader.Spec) (loader.Stage, error) {
	f := in.Index("number")
	if f < 0 || in[f].DType != dtype.Float32 || in[f].Shape.Len() < 1 {
		return loader.Stage{}, fmt.Errorf("no fixed float32 number: %w", loader.ErrSpec)
	}
	return loader.Stage{Out: in, Batch: func(w *loader.Worker, b *loader.Batch) error {
		x := loader.View[float32](b.Column(f))
		n := len(x) / b.Len()
		for i := range b.Len() {
			w.ForRow(b, i)
			other := w.Rand().IntN(b.Len())
			for k := range n {
				x[i*n+k] += x[other*n+k]
			}
		}
		return nil
	}}, nil
}

// pairs puts rows together by two, of which it gives the first, or their sum.
type pairs struct {
	Sum    bool
	Forget bool // not to restore
}

func (p pairs) Bind(in loader.Spec) (loader.Stage, error) {
	g := &loader.Regroup{New: func() loader.Placer { return &pairer{forget: p.Forget} }}
	st := loader.Stage{Out: in, Regroup: g}
	if p.Sum {
		out := make(loader.Spec, len(in))
		var sum int
		st.Out, sum = out.With(loader.Field{Name: "sum", DType: dtype.Int64})
		g.Form = func(w *loader.Worker, rows []loader.Sample, _ int, s *loader.Sample) error {
			total := &loader.View[int64](*w.Out(s, sum, dtype.Int64, loader.Dims()))[0]
			*total = int64(w.Rand().IntN(100)) * 1000
			for _, r := range rows {
				*total += r.ID
			}
			return nil
		}
	}
	return st, nil
}

// pairer has a bin for even samples and one for odd ones.
type pairer struct {
	n      [2]int
	forget bool
}

func (p *pairer) Place(s *loader.Sample, bins *loader.Bins) error {
	bin := int(s.ID % 2)
	bins.Put(bin)
	if p.n[bin]++; p.n[bin] == 2 {
		bins.Close(bin, 1)
		p.n[bin] = 0
	}
	return nil
}

func (p *pairer) Restore(_ *loader.Sample, bin int) error {
	if !p.forget {
		p.n[bin]++
	}
	return nil
}

func (p *pairer) Flush(bins *loader.Bins) error {
	for bin, n := range p.n {
		if n > 0 {
			bins.Close(bin, 1)
		}
	}
	p.n = [2]int{}
	return nil
}

// samples is a source of n rows with a number, some letters and a class.
func samples(n int) loader.Source { return many{n} }

type many struct{ n int }

func (m many) Blocks() []loader.Block { return []loader.Block{{Rows: m.n}} }

func (m many) Open(context.Context, int) (loader.Rows, error) { return nil, errors.ErrUnsupported }

func (m many) OpenRows(_ context.Context, refs []loader.Ref) (loader.Rows, error) {
	return manyRows{refs}, nil
}

type manyRows struct{ refs []loader.Ref }

func (r manyRows) Row(_ *loader.Worker, i int, s *loader.Sample) error {
	n := r.refs[i].Row
	s.Fields[0] = loadertest.Of(loader.Dims(2), float32(n), float32(n)/2)
	s.Fields[1] = loadertest.Of(loader.Dims(n%5), []uint8("abcdefg")[n%3:n%3+n%5]...)
	s.Fields[2] = loadertest.Of(loader.Dims(), int32(n%2))
	return nil
}

func (manyRows) Close() error { return nil }

func (m many) Spec() loader.Spec {
	return loader.Spec{
		{Name: "number", DType: dtype.Float32, Shape: loader.Dims(2)},
		{Name: "letters", DType: dtype.Uint8, Shape: loader.Dims(-1), Kind: kind.Text},
		{Name: "class", DType: dtype.Int32, Kind: kind.Label, Names: []string{"odd", "even"}},
	}
}

func TestTransform(t *testing.T) {
	for name, tr := range map[string]loader.Transform{
		"row": onNumber(add), "new field": transformFunc(mark), "drop": transformFunc(sieve),
		"batch": transformFunc(mix), "regroup": pairs{}, "regroup to sums": pairs{Sum: true},
	} {
		t.Run(name, func(t *testing.T) { loadertest.Transform(t, tr, samples(23)) })
	}
}

// twin draws once for two that follow one another on a worker.
type twin struct {
	mu   sync.Mutex
	last *loader.Worker
	id   int64
	by   float32
}

func (p *twin) add(w *loader.Worker, s *loader.Sample, x []float32) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.last == w && p.id == s.ID {
		p.last = nil
	} else {
		p.last, p.id, p.by = w, s.ID, w.Rand().Float32()
	}
	w.Note("by", float64(p.by))
	for i := range x {
		x[i] += p.by
	}
	return nil
}

// inOrder returns a transform that decides by the sample before which to drop.
func inOrder(drop func(before, id int64) bool) loader.Transform {
	return transformFunc(func(in loader.Spec) (loader.Stage, error) {
		var last atomic.Int64
		last.Store(-2)
		return loader.Stage{Out: in, Drops: true, Row: func(_ *loader.Worker, s *loader.Sample) error {
			if drop(last.Swap(s.ID), s.ID) {
				return loader.Drop
			}
			return nil
		}}, nil
	})
}

// withField returns a transform whose Bind looks at nothing but the name.
func withField(name string, bind func(in loader.Spec, f int) loader.Stage) loader.Transform {
	return transformFunc(func(in loader.Spec) (loader.Stage, error) {
		f := in.Index(name)
		if f < 0 {
			return loader.Stage{}, loader.ErrSpec
		}
		return bind(in, f), nil
	})
}

func rowStage(out loader.Spec, do func(w *loader.Worker, s *loader.Sample) error) loader.Stage {
	return loader.Stage{Out: out, Row: do}
}

func fillBytes(b []byte, x byte) {
	for i := range b {
		b[i] = x
	}
}

func nothing(*loader.Worker, *loader.Sample) error { return nil }

func TestTransformReports(t *testing.T) {
	var calls atomic.Int64
	var mu sync.Mutex
	for _, c := range []struct {
		want string
		tr   loader.Transform
	}{
		{"Bind: no luck", transformFunc(func(loader.Spec) (loader.Stage, error) { return loader.Stage{}, errors.New("no luck") })},
		{"Bind has changed the spec", transformFunc(func(in loader.Spec) (loader.Stage, error) {
			in[0].Names = []string{"x"}
			return rowStage(in, nothing), nil
		})},
		{"Bind has changed the spec", transformFunc(func(in loader.Spec) (loader.Stage, error) {
			in[2].Names[0] = "x"
			return rowStage(in, nothing), nil
		})},
		{"or wrote behind it", transformFunc(func(in loader.Spec) (loader.Stage, error) {
			return rowStage(append(in, loader.Field{Name: "more", DType: dtype.Int32}), nothing), nil
		})},
		{"Bind gives another stage the second time", transformFunc(func(in loader.Spec) (loader.Stage, error) {
			out, f := in.With(loader.Field{Name: fmt.Sprint("n", calls.Add(1)), DType: dtype.Int32})
			return rowStage(out, func(w *loader.Worker, s *loader.Sample) error {
				s.Fields[f] = loadertest.Of(loader.Dims(), int32(1))
				return nil
			}), nil
		})},
		{"no loader takes it", transformFunc(func(in loader.Spec) (loader.Stage, error) { return loader.Stage{Out: in}, nil })},
		{`field "number" left out: Bind panics: runtime error: index out of range [-1]`, transformFunc(func(in loader.Spec) (loader.Stage, error) {
			f := in.Index("number")
			if in[f].DType != dtype.Float32 {
				return loader.Stage{}, loader.ErrSpec
			}
			return rowStage(in, nothing), nil
		})},
		{`field "class" removed: the error of Bind does not wrap ErrSpec: no class`, transformFunc(func(in loader.Spec) (loader.Stage, error) {
			if in.Index("class") < 0 {
				return loader.Stage{}, errors.New("no class")
			}
			return rowStage(in, nothing), nil
		})},
		{`field "number" as float64, all bytes 0x0, varying dimensions from 0 up by 0: Row panics: loader: View as float32 of a float64 tensor`, withField("number", func(in loader.Spec, f int) loader.Stage {
			return rowStage(in, func(w *loader.Worker, s *loader.Sample) error {
				if in[f].DType.Size() >= 4 { // as if it were float32
					loader.View[float32](*w.Mutable(s, f))[0] = 1
				}
				return nil
			})
		})},
		{`fields that suit, all bytes 0x0, varying dimensions from 0 up by 0: Row panics`, withField("letters", func(in loader.Spec, f int) loader.Stage {
			return rowStage(in, func(w *loader.Worker, s *loader.Sample) error { _ = s.Fields[f].Data[0]; return nil })
		})},
		{"Batch panics", transformFunc(func(in loader.Spec) (loader.Stage, error) {
			return loader.Stage{Out: in, Batch: func(w *loader.Worker, b *loader.Batch) error { b.Tensor("number"); return nil }}, nil
		})},
		{"Place panics", withField("number", func(in loader.Spec, f int) loader.Stage {
			return loader.Stage{Out: in, Regroup: &loader.Regroup{New: func() loader.Placer { return careless{f} }}}
		})},
		{`field "number" of shape (), all bytes 0x0, varying dimensions from 0 up by 0: Row panics`, withField("number", func(in loader.Spec, f int) loader.Stage {
			return rowStage(in, func(w *loader.Worker, s *loader.Sample) error { _ = s.Fields[f].Shape.Dim(0); return nil })
		})},
		{"it does not keep to its Out", withField("letters", func(in loader.Spec, f int) loader.Stage {
			out := in.Clone()
			out[f].Shape = loader.Dims(1)
			return rowStage(out, func(w *loader.Worker, s *loader.Sample) error {
				if len(s.Fields[f].Data) > 1 {
					s.Fields[f].Data, s.Fields[f].Shape = s.Fields[f].Data[:1], loader.Dims(1)
				}
				return nil
			})
		})},
		{`it has written to the memory of the source (field "letters" of sample`, withField("letters", func(in loader.Spec, f int) loader.Stage {
			return rowStage(in, func(w *loader.Worker, s *loader.Sample) error {
				for i := range s.Fields[f].Data {
					s.Fields[f].Data[i]++
				}
				return nil
			})
		})},
		{"other batches than with 1 worker the first time", withField("class", func(in loader.Spec, f int) loader.Stage {
			return loader.Stage{Out: in, Batch: func(_ *loader.Worker, b *loader.Batch) error {
				fillBytes(b.Column(f).Data, byte(calls.Add(1)))
				return nil
			}}
		})},
		{"its configuration has changed while it was used", &counting{}},
		{"behind a transform that draws random numbers", onNumber(func(w *loader.Worker, _ *loader.Sample, x []float32) error {
			mu.Lock()
			defer mu.Unlock()
			if len(x) > 0 {
				x[0] = float32(w.Scratch(8)[0])
			}
			return nil
		})},
		{"before a transform that draws random numbers", withField("class", func(in loader.Spec, f int) loader.Stage {
			return loader.Stage{Out: in, Batch: func(w *loader.Worker, b *loader.Batch) error {
				fillBytes(b.Column(f).Data, w.Scratch(8)[0])
				return nil
			}}
		})},
		{"behind a transform that writes all fields", withField("letters", func(in loader.Spec, f int) loader.Stage {
			return loader.Stage{Out: in, Writes: []int{f}, Row: func(w *loader.Worker, s *loader.Sample) error {
				n := cap(s.Fields[f].Data)
				fillBytes(w.Mutable(s, f).Data, byte(n))
				return nil
			}}
		})},
		{"before a transform that writes all fields", withField("letters", func(in loader.Spec, f int) loader.Stage {
			return loader.Stage{Out: in, Writes: []int{f}, Row: func(w *loader.Worker, s *loader.Sample) error {
				t := w.Out(s, f, in[f].DType, s.Fields[f].Shape)
				fillBytes(t.Data, byte(cap(t.Data)))
				return nil
			}}
		})},
		{"gives another row than the batch has", withField("letters", func(in loader.Spec, f int) loader.Stage {
			return rowStage(in, func(w *loader.Worker, s *loader.Sample) error {
				old := s.Fields[f]
				t := w.Out(s, f, old.DType, old.Shape) // as if it were cleared
				for i, x := range old.Data {
					if x != 'c' {
						t.Data[i] = x
					}
				}
				return nil
			})
		})},
		{"another seed changes the samples and another epoch does not", transformFunc(func(in loader.Spec) (loader.Stage, error) {
			drawn := map[int64]float32{}
			return onNumber(func(w *loader.Worker, s *loader.Sample, x []float32) error {
				mu.Lock()
				defer mu.Unlock()
				if _, ok := drawn[s.ID]; !ok {
					drawn[s.ID] = w.Rand().Float32()
				}
				for i := range x {
					x[i] += drawn[s.ID]
				}
				return nil
			})(in)
		})},
		{"has other bytes in another order", transformFunc(func(in loader.Spec) (loader.Stage, error) {
			before := float32(0)
			return onNumber(func(_ *loader.Worker, _ *loader.Sample, x []float32) error {
				mu.Lock()
				defer mu.Unlock()
				for i := range x {
					x[i], before = x[i]+before, x[i]
				}
				return nil
			})(in)
		})},
		{"the order decides which are dropped", inOrder(func(before, id int64) bool { return id == before+1 })},
		{"is dropped in another order", inOrder(func(before, id int64) bool { return id < before && id > 0 })},
		{"gives another row than the batch has", onNumber(func(w *loader.Worker, _ *loader.Sample, x []float32) error {
			if b := w.Scratch(8); len(x) > 0 {
				x[0], b[0] = float32(b[0]), 1
			}
			return nil
		})},
		{"two of it in one pipeline note the same draws", onNumber(new(twin).add)},
		{"resumed behind batch", pairs{Forget: true}},
	} {
		calls.Store(0)
		mustReport(t, c.want, func(t testing.TB) { loadertest.Transform(t, c.tr, samples(23)) })
	}
}

// counting counts its calls in its own configuration.
type counting struct{ N int64 }

func (c *counting) Bind(in loader.Spec) (loader.Stage, error) {
	return loader.Stage{Out: in, Row: func(*loader.Worker, *loader.Sample) error { atomic.AddInt64(&c.N, 1); return nil }}, nil
}

// careless is a placer that expects numbers to have a first element.
type careless struct{ field int }

func (c careless) Place(s *loader.Sample, bins *loader.Bins) error {
	_ = s.Fields[c.field].Data[0]
	bins.Put(0)
	bins.Close(0, 1)
	return nil
}

func (careless) Restore(*loader.Sample, int) error { return nil }

func (careless) Flush(*loader.Bins) error { return nil }

func TestTransformLeaks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		left := make(chan struct{})
		var once sync.Once
		mustReport(t, "a goroutine is left behind", func(t testing.TB) {
			loadertest.Transform(t, onNumber(func(*loader.Worker, *loader.Sample, []float32) error {
				once.Do(func() { go func() { <-left }() })
				return nil
			}), samples(3))
		})
		close(left)
	})
}
