package loader_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/remainder"
)

// tables are the ways of reading that every test of the engine goes through.
func tables() map[string]func() *table {
	return map[string]func() *table{
		"inline": func() *table { return &table{sizes: []int{5, 0, 40, 7, 48}, random: true} },
		"random": func() *table { return &table{sizes: []int{5, 0, 40, 7, 48}, random: true, bytes: 100 << 10} },
		"texts": func() *table {
			return &table{sizes: []int{5, 0, 40, 7, 48}, random: true, place: "text", bytes: 100 << 10}
		},
		"ids": func() *table {
			return &table{sizes: []int{5, 0, 40, 7, 48}, random: true, place: "id", bytes: 100 << 10}
		},
		"blocks": func() *table { return &table{sizes: []int{5, 0, 40, 7, 48}, bytes: 1 << 10} },
		"decode": func() *table { return &table{sizes: []int{5, 0, 40, 7, 48}, bytes: 1 << 10, decode: true} },
		"many":   func() *table { return &table{sizes: slices.Repeat([]int{3, 1}, 25), bytes: 1 << 10} },
	}
}

func orders() map[string]loader.Order {
	return map[string]loader.Order{"sequential": loader.Sequential{}, "shuffle": loader.Shuffle{}, "shuffle3": loader.Shuffle{Live: 3, Lanes: 2}}
}

func pipelines() map[string][]loader.Transform {
	return map[string][]loader.Transform{
		"none":  nil,
		"row":   {jitter{}},
		"batch": {double{}},
		"both":  {jitter{}, double{}},
		"drop":  {jitter{Drop: 3}, double{}},
		"pack":  {jitter{}, pack{Bytes: 12}},
	}
}

// TestSameBytes runs every pipeline under many settings that must not matter.
func TestSameBytes(t *testing.T) {
	for tn, table := range tables() {
		for on, order := range orders() {
			for pn, pipe := range pipelines() {
				t.Run(tn+"/"+on+"/"+pn, func(t *testing.T) {
					config := func(workers, prefetch int) loader.Config {
						return loader.Config{BatchSize: 8, Seed: 42, Epochs: 2, Order: order, Transforms: pipe, Workers: workers, Prefetch: prefetch}
					}
					want, _ := digests(t, table().source(), config(1, 1))
					if len(want) < 8 {
						t.Fatalf("%d batches", len(want))
					}
					for _, c := range []struct{ workers, prefetch, procs int }{{16, 64, 8}, {3, 2, 2}} {
						old := runtime.GOMAXPROCS(c.procs)
						slow := table()
						slow.delay = func(block int) time.Duration { return time.Duration(block%3) * 30 * time.Microsecond }
						got, _ := digests(t, slow.source(), config(c.workers, c.prefetch))
						runtime.GOMAXPROCS(old)
						if !slices.Equal(got, want) {
							t.Errorf("%+v: other batches", c)
						}
						slow.checkClosed(t)
					}
				})
			}
		}
	}
}

// TestEveryResume saves at every step and compares all that follows.
func TestEveryResume(t *testing.T) {
	for tn, table := range tables() {
		for on, order := range orders() {
			for pn, pipe := range pipelines() {
				t.Run(tn+"/"+on+"/"+pn, func(t *testing.T) {
					c := loader.Config{BatchSize: 8, Seed: 7, Epochs: 2, Order: order, Transforms: pipe, Workers: 2}
					want, states := digests(t, table().source(), c)
					for i := 0; i < len(states); i += 1 + few(0, 3) {
						c.Resume = &states[i]
						got, _ := digests(t, table().source(), c)
						if !slices.Equal(got, want[i+1:]) {
							t.Fatalf("resumed behind batch %d of %d (%+v): other batches\n got %v\nwant %v", i, len(want), states[i], got, want[i+1:])
						}
					}
				})
			}
		}
	}
}

func TestEachIDOncePerEpoch(t *testing.T) {
	for tn, table := range tables() {
		for on, order := range orders() {
			for _, world := range []int{1, 2, 4} {
				t.Run(fmt.Sprintf("%s/%s/world%d", tn, on, world), func(t *testing.T) {
					seen := map[int64]int{}
					var global [][]int64
					for rank := range world {
						list := ids(t, table().source(), loader.Config{BatchSize: 8 / world, Order: order, Rank: rank, World: world, Seed: 3})
						if rank == 0 {
							global = make([][]int64, len(list))
						}
						if len(list) != len(global) {
							t.Fatalf("rank %d has %d batches, rank 0 %d", rank, len(list), len(global))
						}
						for i, b := range list {
							global[i] = append(global[i], b...)
							for _, id := range b {
								seen[id]++
							}
						}
					}
					for id := range int64(100) {
						if seen[id] != 1 {
							t.Errorf("id %d was seen %d times", id, seen[id])
						}
					}
					one := ids(t, table().source(), loader.Config{BatchSize: 8, Order: order, Seed: 3})
					if !slices.EqualFunc(global, one, slices.Equal) {
						t.Errorf("the ranks' batches together are not those of world 1")
					}
				})
			}
		}
	}
}

// TestGoldenBatches pins the bytes of whole streams, for all combinations of
// workers, batches ahead, processors and delays. .ci/run repeats it for other
// CPU levels.
func TestGoldenBatches(t *testing.T) {
	var got strings.Builder
	for _, name := range []string{"inline", "random", "decode"} {
		for _, pipe := range []string{"both", "drop", "pack"} {
			c := loader.Config{BatchSize: 8, Seed: 42, Epochs: 2, Order: loader.Shuffle{Live: 3}, Transforms: pipelines()[pipe]}
			first := ""
			for _, c.Workers = range []int{1, 16, 2, 3}[:few(4, 2)] {
				for _, c.Prefetch = range []int{1, 64, 4}[:few(3, 2)] {
					for _, procs := range []int{1, 2, 8} {
						old := runtime.GOMAXPROCS(procs)
						tb := tables()[name]()
						if procs == 2 {
							tb.delay = func(block int) time.Duration { return time.Duration(block%3) * 50 * time.Microsecond }
						}
						list, _ := digests(t, tb.source(), c)
						runtime.GOMAXPROCS(old)
						sum := sha256.Sum256([]byte(strings.Join(list, " ")))
						if d := hex.EncodeToString(sum[:12]); first == "" {
							first = d
						} else if d != first {
							t.Errorf("%s, %s: %d workers, %d ahead, %d processors: %s, want %s", name, pipe, c.Workers, c.Prefetch, procs, d, first)
						}
					}
				}
			}
			fmt.Fprintf(&got, "%s %s: %s\n", name, pipe, first)
		}
	}
	golden(t, "testdata/batches.golden", got.String())
}

// TestBatchStages checks what batch stages replace and add, values and all.
func TestBatchStages(t *testing.T) {
	for name, table := range tables() {
		t.Run(name, func(t *testing.T) {
			ld, err := loader.New(table().source(), loader.Config{BatchSize: 8, Epochs: 2, Transforms: []loader.Transform{double{}, add{}, idle{}}})
			if err != nil {
				t.Fatal(err)
			}
			defer ld.Close()
			for b, err := range ld.All(t.Context()) {
				if err != nil {
					t.Fatal(err)
				}
				id, sum := loader.View[float64](b.Tensor("id")), loader.View[float32](b.Tensor("sum"))
				for i, want := range b.IDs() {
					if id[i] != 2*float64(want) || sum[2*i] != 2*float32(want) || sum[2*i+1] != 1 {
						t.Fatalf("row %d, id %d: %v, %v", i, want, id[i], sum[2*i:2*i+2])
					}
					if got := string(b.Row("text", i).Data); got != "abcdefg"[:want%7] {
						t.Fatalf("id %d: text %q", want, got)
					}
				}
			}
		})
	}
}

// TestForgottenReplace checks that a stage that breaks its announcement is named.
func TestForgottenReplace(t *testing.T) {
	ld, err := loader.New((&table{sizes: []int{9}, random: true}).source(), loader.Config{BatchSize: 4, Transforms: []loader.Transform{forgetful{}}})
	if err != nil {
		t.Fatal(err)
	}
	defer ld.Close()
	for _, err := range ld.All(t.Context()) {
		if !errors.Is(err, loader.ErrSpec) || !strings.Contains(err.Error(), "forgetful") {
			t.Fatalf("got %v", err)
		}
	}
}

// add adds the column sum, of two numbers.
type add struct{}

func (add) Bind(in loader.Spec) (loader.Stage, error) {
	id := in.Index("id")
	out, sum := in.With(loader.Field{Name: "sum", DType: dtype.Float32, Shape: loader.Dims(2)})
	return loader.Stage{Out: out, Batch: func(_ *loader.Worker, b *loader.Batch) error {
		dst := loader.View[float32](b.Replace(sum))
		for i, v := range loader.View[float64](b.Column(id)) {
			dst[2*i], dst[2*i+1] = float32(v), 1
		}
		return nil
	}}, nil
}

// idle changes nothing.
type idle struct{}

func (idle) Bind(in loader.Spec) (loader.Stage, error) {
	return loader.Stage{Out: in, Batch: func(*loader.Worker, *loader.Batch) error { return nil }}, nil
}

type forgetful struct{}

func (forgetful) Bind(in loader.Spec) (loader.Stage, error) {
	out, _ := in.With(loader.Field{Name: "more", DType: dtype.Float32})
	return loader.Stage{Out: out, Batch: func(*loader.Worker, *loader.Batch) error { return nil }}, nil
}

// TestElasticResume saves on two ranks, goes on with four, then with one, and
// finds the sequence of an uninterrupted run.
func TestElasticResume(t *testing.T) {
	for tn, table := range tables() {
		t.Run(tn, func(t *testing.T) {
			want := ids(t, table().source(), loader.Config{BatchSize: 8, Order: loader.Shuffle{}, Epochs: 2})
			var got [][]int64
			var at *loader.State
			for _, leg := range []struct{ world, batches int }{{2, 3}, {4, 9}, {1, 100}} {
				steps := make([][]int64, 0, leg.batches)
				var next loader.State
				for rank := range leg.world {
					ld := mustNew(t, table().source(), loader.Config{
						BatchSize: 8 / leg.world, Order: loader.Shuffle{}, Epochs: 2, Rank: rank, World: leg.world, Resume: at,
					})
					i := 0
					for b, err := range ld.All(t.Context()) {
						if err != nil {
							t.Fatal(err)
						}
						if rank == 0 {
							steps = append(steps, nil)
						}
						steps[i] = append(steps[i], b.IDs()...)
						next = b.State()
						if i++; i == leg.batches {
							break
						}
					}
				}
				got = append(got, steps...)
				at = &next
			}
			if !slices.EqualFunc(got, want, slices.Equal) {
				t.Errorf("got  %v\nwant %v", got, want)
			}
		})
	}
}

// TestRemainders counts batches and rows for worlds that divide nothing.
func TestRemainders(t *testing.T) {
	for tn, table := range tables() {
		for world := 1; world <= 7; world++ {
			for _, policy := range []remainder.Policy{remainder.Short, remainder.Drop, remainder.Repeat} {
				t.Run(fmt.Sprintf("%s/%d/%v", tn, world, policy), func(t *testing.T) {
					batches, rows := make([]int, world), 0
					for rank := range world {
						c := loader.Config{BatchSize: 3, Rank: rank, World: world, Remainder: policy, Order: loader.Shuffle{}}
						for _, b := range ids(t, table().source(), c) {
							batches[rank]++
							rows += len(b)
						}
						if n := mustNew(t, table().source(), c).Len(); n != int64(batches[rank]) {
							t.Errorf("rank %d: Len is %d, %d batches came", rank, n, batches[rank])
						}
					}
					rest := 100 % (3 * world)
					want := map[remainder.Policy]int{remainder.Short: 100, remainder.Drop: 100 - rest, remainder.Repeat: 100 - rest + 3*world}[policy]
					if policy == remainder.Short && rest < world || rest == 0 {
						want = 100 - rest
					}
					if slices.Min(batches) != slices.Max(batches) || rows != want {
						t.Errorf("batches %v, %d rows, want %d", batches, rows, want)
					}
				})
			}
		}
	}
}

// TestNothingComesThrough ends an endless stream of which all is dropped.
func TestNothingComesThrough(t *testing.T) {
	n := 0
	for b, err := range mustNew(t, tables()["inline"]().source(), loader.Config{BatchSize: 8, Epochs: -1, Transforms: []loader.Transform{jitter{Drop: 1}}}).All(t.Context()) {
		if b != nil || !strings.Contains(err.Error(), "no row came through") {
			t.Errorf("got %v, %v", b, err)
		}
		n++
	}
	if n != 1 {
		t.Errorf("%d times", n)
	}
}

// few returns how much of something a test does: less with -short, which is for the
// race detector, under which all of it takes minutes.
func few(usual, short int) int {
	if testing.Short() {
		return short
	}
	return usual
}

// checkClosed checks that all rows are closed, or will be: a goroutine that a busy
// machine holds up for longer than Close waits closes them when it ends.
func (f *table) checkClosed(t *testing.T) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); f.opened.Load() != f.closed.Load(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Errorf("opened %d, closed %d", f.opened.Load(), f.closed.Load())
			return
		}
	}
}
