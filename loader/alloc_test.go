package loader_test

import (
	"slices"
	"testing"
	"unsafe"

	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
)

// slabs hands out memory and remembers it.
type slabs struct{ given [][]byte }

func (s *slabs) alloc(n int) []byte {
	m := loader.View[uint8](loader.Tensor{DType: dtype.Uint8, Data: make([]byte, n+64)})
	m = m[-uintptr(unsafe.Pointer(unsafe.SliceData(m)))%64:][:n]
	s.given = append(s.given, m)
	return m
}

// find returns which slab t lies in and at what offset, or -1.
func (s *slabs) find(t loader.Tensor) (slab, offset int) {
	p := uintptr(unsafe.Pointer(unsafe.SliceData(t.Data)))
	for i, m := range s.given {
		lo := uintptr(unsafe.Pointer(unsafe.SliceData(m)))
		if lo <= p && p+uintptr(len(t.Data)) <= lo+uintptr(len(m)) {
			return i, int(p - lo)
		}
	}
	return -1, -1
}

// TestAlloc finds every column of fixed shape where Config.Alloc says, replaced
// and added ones too, in slabs that are used again, with the bytes of a run
// without it.
func TestAlloc(t *testing.T) {
	pipes := pipelines()
	pipes["twice"] = []loader.Transform{jitter{}, double{}, add{}, narrow{}}
	for tn, table := range tables() {
		for pn, pipe := range pipes {
			t.Run(tn+"/"+pn, func(t *testing.T) {
				c := loader.Config{BatchSize: 7, Epochs: 3, Prefetch: 3, MaxKept: 2, Transforms: pipe}
				want, _ := digests(t, table().source(), c)
				s := &slabs{}
				c.Alloc = s.alloc
				checkSlabs(t, mustNew(t, table().source(), c), s, c)
				if got, _ := digests(t, table().source(), c); !slices.Equal(got, want) {
					t.Error("other bytes in memory of the caller")
				}
			})
		}
	}
}

// narrow replaces the column id, which double has replaced before.
type narrow struct{}

func (narrow) Bind(in loader.Spec) (loader.Stage, error) {
	f, out := in.Index("id"), in.Clone()
	out[f].DType = dtype.Float32
	return loader.Stage{Out: out, Batch: func(_ *loader.Worker, b *loader.Batch) error {
		from := loader.View[float64](b.Column(f))
		for i, to := 0, loader.View[float32](b.Replace(f)); i < len(to); i++ {
			to[i] = float32(from[i])
		}
		return nil
	}}, nil
}

func checkSlabs(t *testing.T, ld *loader.Loader, s *slabs, c loader.Config) {
	t.Helper()
	var kept *loader.Batch
	for range 2 { // the second run takes the memory of the first
		for b, err := range ld.All(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			slab, next := -1, 0
			for f, field := range ld.Spec() {
				if field.Name == "" || !field.Shape.Fixed() {
					continue
				}
				in, at := s.find(b.Column(f))
				if slab < 0 {
					slab = in
				}
				if in < 0 || in != slab || at != next {
					t.Fatalf("field %q lies in slab %d at %d, want slab %d at %d", field.Name, in, at, slab, next)
				}
				next = (at + c.BatchSize*field.Shape.Len()*field.DType.Size() + 63) &^ 63
			}
			if size := len(s.given[slab]); size != next {
				t.Fatalf("slabs of %d bytes, want %d", size, next)
			}
			if kept != nil {
				kept.Release()
			}
			kept = b.Keep()
		}
	}
	kept.Release()
	if n := len(s.given); n < 2 || n > c.Prefetch+c.MaxKept {
		t.Errorf("%d slabs, at most %d are allowed", n, c.Prefetch+c.MaxKept)
	}
}

// TestAllocTooLittle refuses memory that is short or not aligned.
func TestAllocTooLittle(t *testing.T) {
	for name, alloc := range map[string]func(int) []byte{
		"nil":         func(int) []byte { return nil },
		"short":       func(n int) []byte { return make([]byte, n-1) },
		"not aligned": func(n int) []byte { return make([]byte, n+64)[1:] },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			for range mustNew(t, tables()["inline"]().source(), loader.Config{BatchSize: 4, Alloc: alloc}).All(t.Context()) {
				t.Fatal("a batch")
			}
		})
	}
}

// TestState begins at a position that was made from a loader's own.
func TestState(t *testing.T) {
	c := loader.Config{BatchSize: 6, World: 2, Rank: 1, Seed: 9, Epochs: 2, Order: loader.Shuffle{}}
	src := tables()["inline"]()
	want := ids(t, src.source(), c)
	ld := mustNew(t, src.source(), c)
	at := ld.State()
	at.Epoch, at.Step, at.Position = 1, 2, 2*int64(at.Batch)
	c.Resume = &at
	if got := ids(t, src.source(), c); !slices.EqualFunc(got, want[ld.Len()+2:], slices.Equal) {
		t.Errorf("got %v, want %v", got, want[ld.Len()+2:])
	}
}
