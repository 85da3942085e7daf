package loader_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/stokerdata/stoker/format/mem"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
)

// rowFunc is a transform that does what it is.
type rowFunc func(w *loader.Worker, s *loader.Sample) error

func (f rowFunc) Bind(in loader.Spec) (loader.Stage, error) {
	return loader.Stage{Out: in, Writes: []int{0}, Row: f}, nil
}

// through returns what f makes of the number 7, and how.
func through(t *testing.T, f rowFunc) (*loader.Trace, error) {
	t.Helper()
	src, err := mem.Columns(loader.Spec{{Name: "x", DType: dtype.Int64}}, mem.Of([]int64{7}))
	if err != nil {
		t.Fatal(err)
	}
	ld, err := loader.New(src, loader.Config{BatchSize: 1, Transforms: []loader.Transform{f}})
	if err != nil {
		t.Fatal(err)
	}
	defer ld.Close()
	return ld.Trace(t.Context(), 3, 0, 0)
}

func TestPureRefusesDraws(t *testing.T) {
	draws := loader.Stage{Row: func(w *loader.Worker, _ *loader.Sample) error { w.Rand().Uint64(); return nil }}
	for name, f := range map[string]func(w *loader.Worker, s *loader.Sample) error{
		"at once":    draws.Row,
		"in a stage": func(w *loader.Worker, s *loader.Sample) error { return w.Run(1, &draws, s) },
		"and fails":  func(w *loader.Worker, s *loader.Sample) error { draws.Row(w, s); return errRotten },
		"in another": func(w *loader.Worker, s *loader.Sample) error { return w.Pure(func() error { return draws.Row(w, s) }) },
		"after another": func(w *loader.Worker, s *loader.Sample) error {
			w.Pure(func() error { return nil })
			return draws.Row(w, s)
		},
	} {
		_, err := through(t, func(w *loader.Worker, s *loader.Sample) error {
			w.Rand().Uint64() // that a stage has drawn before does not matter
			return w.Pure(func() error { return f(w, s) })
		})
		if !errors.Is(err, loader.ErrSpec) {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := through(t, func(w *loader.Worker, s *loader.Sample) error {
		return w.Pure(func() error { return errRotten })
	})
	if !errors.Is(err, errRotten) {
		t.Errorf("an error of its own became %v", err)
	}
}

// TestPureLeavesNoTrace draws around a call of Pure: the numbers, the notes and
// the memory of the stage are what they are without it.
func TestPureLeavesNoTrace(t *testing.T) {
	run := func(between func(w *loader.Worker, s *loader.Sample)) (*loader.Trace, int64) {
		tr, err := through(t, func(w *loader.Worker, s *loader.Sample) error {
			a := w.Rand().Int64()
			between(w, s)
			old := loader.View[int64](s.Fields[0])[0]
			loader.View[int64](*w.Out(s, 0, dtype.Int64, loader.Dims()))[0] = a ^ w.Rand().Int64() ^ old
			w.Note("last", 1)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return tr, loader.View[int64](tr.Fields[0])[0]
	}
	_, want := run(func(*loader.Worker, *loader.Sample) {})
	tr, got := run(func(w *loader.Worker, s *loader.Sample) {
		w.Pure(func() error { w.Rand().Uint64(); return nil })
		w.Pure(func() error {
			w.Note("inside", 1)
			for range 3 { // each is made of the one before, so none may overlap it
				old := loader.View[int64](s.Fields[0])
				out := loader.View[int64](*w.Out(s, 0, dtype.Int64, loader.Dims()))
				out[0] = 0
				if old[0] != 7 {
					t.Errorf("Out overlaps the value: it is %d", old[0])
				}
				out[0] = 7
			}
			return nil
		})
	})
	if got != want {
		t.Errorf("%d, without Pure it is %d", got, want)
	}
	notes := tr.Steps[len(tr.Steps)-1].Notes
	if !slices.EqualFunc(notes, []string{"last"}, func(n loader.Note, name string) bool { return n.Name == name }) {
		t.Errorf("notes are %v", notes)
	}
}
