package loader_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
)

// noise adds drawn numbers to the ids, and fuses with the noise behind it. As the
// last sums are written to the batch, each step of a run needs the one before.
type noise struct {
	Alone bool  // does not fuse
	Fail  int64 // fails for this id, if it is not 0
	Drop  int64 // drops multiples of it
}

func (n noise) Bind(in loader.Spec) (loader.Stage, error) {
	f := in.Index("id")
	st := loader.Stage{Out: in, Writes: []int{f}, Drops: n.Drop > 0, Op: n}
	st.Row = func(w *loader.Worker, s *loader.Sample) error {
		x, err := n.add(w, s, loader.View[int64](s.Fields[f])[0])
		loader.View[int64](*w.Out(s, f, dtype.Int64, loader.Dims()))[0] = x
		return err
	}
	if !n.Alone {
		st.Fuse = func(next []loader.Stage) (int, func(w *loader.Worker, s *loader.Sample) error) {
			return n.fuse(f, next)
		}
	}
	return st, nil
}

func (n noise) add(w *loader.Worker, s *loader.Sample, x int64) (int64, error) {
	d := w.Rand().Int64N(1 << 40)
	w.Note("noise", float64(d))
	switch {
	case n.Fail != 0 && s.ID == n.Fail:
		return 0, errRotten
	case n.Drop > 0 && s.ID%n.Drop == 0:
		return 0, loader.Drop
	}
	return 3*x + d, nil
}

func (n noise) fuse(f int, next []loader.Stage) (int, func(w *loader.Worker, s *loader.Sample) error) {
	run := []noise{n}
	for _, st := range next {
		m, ok := st.Op.(noise)
		if !ok {
			break
		}
		run = append(run, m)
	}
	return len(run) - 1, func(w *loader.Worker, s *loader.Sample) (err error) {
		x := loader.View[int64](s.Fields[f])[0]
		for i, m := range run {
			w.Enter(i)
			if x, err = m.add(w, s, x); err != nil {
				return err
			}
		}
		loader.View[int64](*w.Out(s, f, dtype.Int64, loader.Dims()))[0] = x
		return nil
	}
}

// noises returns a pipeline in which up to three are fused.
func noises(alone bool, drop, fail int64) []loader.Transform {
	return []loader.Transform{
		noise{Alone: alone}, noise{Alone: alone, Drop: drop}, noise{Alone: alone, Fail: fail},
		jitter{},
		noise{Alone: alone}, noise{Alone: alone},
	}
}

func TestFusedStagesGiveTheSameBytes(t *testing.T) {
	for _, drop := range []int64{0, 5} {
		src := (&table{sizes: []int{40, 3, 60}, random: true}).source()
		c := loader.Config{BatchSize: 8, Seed: 3, Epochs: 2, Order: loader.Shuffle{}}
		c.Transforms = noises(true, drop, 0)
		want, _ := digests(t, src, c)
		c.Transforms = noises(false, drop, 0)
		got, _ := digests(t, src, c)
		if !slices.Equal(got, want) || len(got) < 20 {
			t.Errorf("drop %d: %d batches are not the %d batches of stages that run alone", drop, len(got), len(want))
		}
	}
}

func TestFusedErrorsNameTheirStage(t *testing.T) {
	src := (&table{sizes: []int{40}, random: true}).source()
	ld, err := loader.New(src, loader.Config{BatchSize: 8, Workers: 1, Transforms: noises(false, 0, 21)})
	if err != nil {
		t.Fatal(err)
	}
	defer ld.Close()
	for _, err = range ld.All(t.Context()) {
		if err != nil {
			break
		}
	}
	at, ok := errors.AsType[*loader.SampleError](err)
	if !ok || at.ID != 21 || at.Stage != "loader_test.noise#3" || !errors.Is(err, errRotten) {
		t.Errorf("got %v", err)
	}
	for k, st := range ld.Stats().Stages { // one sample got as far as the third noise
		before := ld.Stats().Stages[max(k-1, 0)].Items
		if want := before - map[bool]int64{true: 1}[k == 3]; st.Items != want || st.Items < 20 {
			t.Errorf("%d items of stage %s, want %d", st.Items, st.Name, want)
		}
	}
}

func TestFusedStagesAreTraced(t *testing.T) {
	src := (&table{sizes: []int{40}, random: true}).source()
	ld, err := loader.New(src, loader.Config{BatchSize: 40, Transforms: noises(false, 0, 0)})
	if err != nil {
		t.Fatal(err)
	}
	defer ld.Close()
	for b, err := range ld.All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		tr, err := ld.Trace(t.Context(), 0, 17, 0)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := loader.View[int64](tr.Fields[0])[0], loader.View[int64](b.Tensor("id"))[17]; got != want {
			t.Errorf("traced %d, the batch holds %d", got, want)
		}
		if n := len(tr.Steps); n != 7 || len(tr.Steps[3].Notes) != 1 {
			t.Errorf("%d steps: %v", n, tr.Steps)
		}
	}
	text := ld.Explain()
	for _, want := range []string{"loader_test.noise + loader_test.noise#2 + loader_test.noise#3 (fused)", "rows     loader_test.jitter: ", "noise#4 + loader_test.noise#5 (fused)", "40 samples in 1 blocks"} {
		if !strings.Contains(text, want) {
			t.Errorf("Explain does not say %q:\n%s", want, text)
		}
	}
}
