package loader_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"reflect"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stokerdata/stoker/loader"
)

// TestResumeAgain moves one loader to several positions, which it refuses while it
// runs, and where the position belongs elsewhere.
func TestResumeAgain(t *testing.T) {
	for name, transforms := range map[string][]loader.Transform{"rows": nil, "regrouped": {pack{Bytes: 12}}} {
		t.Run(name, func(t *testing.T) {
			c := loader.Config{BatchSize: 8, Epochs: 2, Order: loader.Shuffle{}, Transforms: transforms}
			want, states := digests(t, tables()["blocks"]().source(), c)
			ld := mustNew(t, tables()["blocks"]().source(), c)
			defer ld.Close()
			beginning := ld.State()
			for _, cut := range []int{5, 0, len(states) - 1, 3} {
				if err := ld.Resume(states[cut]); err != nil {
					t.Fatal(err)
				}
				foreign := states[1]
				foreign.Fingerprint = "another"
				if err := ld.Resume(foreign); !errors.Is(err, loader.ErrState) || ld.State().Position != states[cut].Position {
					t.Errorf("a foreign state: %v, position %d", err, ld.State().Position)
				}
				var got []string
				for b, err := range ld.All(t.Context()) {
					if err != nil {
						t.Fatal(err)
					}
					if ld.Resume(states[1]) == nil {
						t.Error("moved while it runs")
					}
					h := sha256.New()
					writeBatch(h, b)
					got = append(got, hex.EncodeToString(h.Sum(nil)[:8]))
				}
				if !slices.Equal(got, want[cut+1:]) {
					t.Errorf("behind batch %d: %d other batches, want %d", cut, len(got), len(want)-cut-1)
				}
			}
			if err := ld.Resume(beginning); err != nil || !reflect.DeepEqual(ld.State(), beginning) {
				t.Errorf("the beginning: %v", err)
			}
		})
	}
}

// TestAsReadyElsewhere lets batches overtake slow ones by far, resumes with room for few,
// and again from what that saves: each batch comes once.
func TestAsReadyElsewhere(t *testing.T) {
	const rows, every = 60, 15
	for name, layout := range map[string]func() *table{
		"inline": func() *table { return &table{random: true} },
		"random": func() *table { return &table{random: true, bytes: 1 << 10} },
		"blocks": func() *table { return &table{bytes: 1 << 10} },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				run := func(prefetch int, from *loader.State) (list []string, states []loader.State) {
					src := layout()
					src.sizes = []int{rows / 2, rows / 2}
					src.nap = func(id int64) time.Duration {
						if id%every == 0 {
							return time.Second
						}
						return time.Millisecond
					}
					return digests(t, src.source(), loader.Config{BatchSize: 1, Epochs: 2, Workers: 4, Prefetch: prefetch, AsReady: true, Resume: from})
				}
				want, states := run(20, nil)
				for _, cut := range []int{3, 13, 30, 70} {
					for _, prefetch := range []int{1, 4} {
						rest, later := run(prefetch, &states[cut])
						for again := 0; again < len(rest); again += 5 {
							end, _ := run(1, &later[again])
							if got := slices.Concat(want[:cut+1], rest[:again+1], end); !sameBatches(got, want) {
								t.Fatalf("cut behind batch %d, and %d behind it (%+v, %+v): %d batches, want %d, or others", cut, again, states[cut], later[again], len(got), len(want))
							}
						}
					}
				}
			})
		})
	}
}

// TestAsReadyFarAhead resumes behind a batch that thousands had overtaken.
func TestAsReadyFarAhead(t *testing.T) {
	const rows, far = 6000, 5000
	ld := mustNew(t, (&table{random: true, sizes: []int{rows}}).source(), loader.Config{BatchSize: 1, AsReady: true})
	defer ld.Close()
	state := ld.State()
	state.Ahead = []int64{far}
	if err := ld.Resume(state); err != nil {
		t.Fatal(err)
	}
	n := 0
	for b, err := range ld.All(t.Context()) {
		if err != nil || b.IDs()[0] == far {
			t.Fatalf("batch %d: %v", b.Step, err)
		}
		n++
	}
	if n != rows-1 {
		t.Errorf("%d batches of %d", n, rows-1)
	}
}

// sameBatches reports whether two lists hold the same in some order.
func sameBatches(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}
