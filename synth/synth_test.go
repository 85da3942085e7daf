package synth_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/loadertest"
	"github.com/stokerdata/stoker/synth"
	"github.com/stokerdata/stoker/synth/internal/synthtest"
)

// dice is a generator of one's own: each row is its number and a throw of two dice.
type dice struct{}

func (dice) Spec() loader.Spec {
	return loader.Spec{
		{Name: "row", DType: dtype.Int64, Shape: loader.Dims()},
		{Name: "dice", DType: dtype.Uint8, Shape: loader.Dims(2)},
	}
}

func (dice) Row(rng *rand.Rand, i int64, w *loader.Worker, s *loader.Sample) error {
	loader.View[int64](*w.Out(s, 0, dtype.Int64, loader.Dims()))[0] = i
	throw := w.Out(s, 1, dtype.Uint8, loader.Dims(2))
	for k := range throw.Data {
		throw.Data[k] = uint8(1 + rng.Int32N(6))
	}
	return nil
}

func Example() {
	ld, err := loader.New(synth.New(dice{}, 6, 1), loader.Config{BatchSize: 3, Order: loader.Shuffle{}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer ld.Close()
	for b, err := range ld.All(context.Background()) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(loader.View[int64](b.Tensor("row")), loader.View[uint8](b.Tensor("dice")))
	}
	// Output:
	// [5 2 3] [6 4 6 1 2 4]
	// [4 1 0] [5 4 6 6 6 1]
}

// diceTable is dice whose columns are gathered.
type diceTable struct{ dice }

func (diceTable) Gather(rng func(i int64) *rand.Rand, ids []int64, at []int, b *loader.Batch) error {
	row, throws := loader.View[int64](b.Column(0)), b.Column(1).Data
	for k, id := range ids {
		r := rng(id)
		row[at[k]] = id
		throws[2*at[k]], throws[2*at[k]+1] = uint8(1+r.Int32N(6)), uint8(1+r.Int32N(6))
	}
	return nil
}

// brittle is dice with a row that cannot be made.
type brittle struct{ dice }

var errCracked = errors.New("a die has cracked")

func (g brittle) Row(rng *rand.Rand, i int64, w *loader.Worker, s *loader.Sample) error {
	if i == 13 {
		return errCracked
	}
	return g.dice.Row(rng, i, w, s)
}

func TestRows(t *testing.T) {
	for _, g := range []synth.Generator{dice{}, diceTable{}} {
		t.Run(fmt.Sprintf("%T", g), func(t *testing.T) {
			synthtest.Generator(t, g)
			synthtest.Golden(t, "dice", g)
			loadertest.Source(t, func() loader.Source { return synth.New(g, 40, 7) })
			loadertest.Allocs(t, synth.New(g, 1<<20, 1), loader.Config{BatchSize: 32}, 0)
		})
	}
}

// TestPrefix: a larger source begins with the rows of a smaller one.
func TestPrefix(t *testing.T) {
	var small, large []string
	for _, c := range []struct {
		n   int
		out *[]string
	}{{50, &small}, {1_000_000_000_000, &large}} {
		ld, err := loader.New(synth.New(dice{}, c.n, 1), loader.Config{BatchSize: 10})
		if err != nil {
			t.Fatal(err)
		}
		for b, err := range ld.All(context.Background()) {
			if err != nil {
				t.Fatal(err)
			}
			if *c.out = append(*c.out, fmt.Sprint(b.Tensor("dice").Data)); len(*c.out) == 5 {
				break
			}
		}
		ld.Close()
	}
	if len(small) != 5 || strings.Join(small, " ") != strings.Join(large, " ") {
		t.Errorf("the first rows are %v and %v", small, large)
	}
}

// TestResume goes on from every batch, and not with another seed.
func TestResume(t *testing.T) {
	c := loader.Config{BatchSize: 8, Order: loader.Shuffle{}, Epochs: 2}
	var all []string
	var states []loader.State
	collect := func(src loader.Source, c loader.Config) (got []string) {
		synthtest.Each(t, src, c, func(b *loader.Batch, i int) {
			got = append(got, fmt.Sprint(b.IDs()[i], b.Row("dice", i).Data))
			if c.Resume == nil && i == 0 {
				states = append(states, b.State())
			}
		})
		return got
	}
	all = collect(synth.New(dice{}, 40, 1), c)
	for k, s := range states {
		c.Resume = &s
		if got := collect(synth.New(dice{}, 40, 1), c); fmt.Sprint(got) != fmt.Sprint(all[8*(k+1):]) {
			t.Errorf("after batch %d: %v, want %v", k, got, all[8*(k+1):])
		}
	}
	if _, err := loader.New(synth.New(dice{}, 40, 2), c); !errors.Is(err, loader.ErrState) {
		t.Errorf("resumed on another seed: %v", err)
	}
}

func TestErrorNamesRow(t *testing.T) {
	ld, err := loader.New(synth.New(brittle{}, 20, 5), loader.Config{BatchSize: 4})
	if err != nil {
		t.Fatal(err)
	}
	defer ld.Close()
	var last error
	for _, err := range ld.All(context.Background()) {
		last = err
	}
	if !errors.Is(last, errCracked) || !strings.Contains(last.Error(), "brittle seed 5, row 13") {
		t.Errorf("error is %v", last)
	}
}

func TestNoRows(t *testing.T) {
	src := synth.New(dice{}, 0, 1)
	if n := src.Blocks()[0].Rows; n != 0 {
		t.Errorf("%d rows", n)
	}
	if _, err := src.Open(context.Background(), 1); err == nil {
		t.Error("opened a block that is not there")
	}
	defer func() {
		if recover() == nil {
			t.Error("made a source of -1 rows")
		}
	}()
	synth.New(dice{}, -1, 1)
}

func BenchmarkDice(b *testing.B)      { synthtest.Rate(b, dice{}) }
func BenchmarkDiceTable(b *testing.B) { synthtest.Rate(b, diceTable{}) }

// BenchmarkDiceIdeal is the hand-written loop: seed, draw, store.
func BenchmarkDiceIdeal(b *testing.B) {
	var pcg rand.PCG
	rng := rand.New(&pcg)
	rows, throws := make([]int64, 64), make([]uint8, 128)
	i := uint64(0)
	for b.Loop() {
		for k := range rows {
			pcg.Seed(i, i)
			rows[k] = int64(i)
			throws[2*k], throws[2*k+1] = uint8(1+rng.Int32N(6)), uint8(1+rng.Int32N(6))
			i++
		}
	}
	b.ReportMetric(float64(64*b.N)/b.Elapsed().Seconds(), "samples/s")
}
