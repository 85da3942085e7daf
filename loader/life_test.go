package loader_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stokerdata/stoker/internal/invariant"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
)

// TestEndings ends a stream in every way, at every batch, inside a bubble that
// fails if a goroutine is left.
func TestEndings(t *testing.T) {
	ends := 14 // into the second epoch
	if invariant.Enabled {
		ends = 4 // such builds are slow
	}
	for tn, table := range tables() {
		for pn, pipe := range pipelines() {
			for _, how := range []string{"break", "cancel", "close", "panic", "pull"} {
				t.Run(tn+"/"+pn+"/"+how, func(t *testing.T) {
					for at := range ends {
						synctest.Test(t, func(t *testing.T) { endAt(t, table(), pipe, how, at) })
					}
				})
			}
		}
	}
}

func endAt(t *testing.T, table *table, pipe []loader.Transform, how string, at int) {
	table.delay = func(int) time.Duration { return time.Millisecond }
	ld, err := loader.New(table.source(), loader.Config{BatchSize: 8, Epochs: -1, Transforms: pipe, Workers: 3})
	if err != nil {
		t.Fatal(err)
	}
	defer ld.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	began := time.Now()
	defer func() {
		if recover() != nil && how != "panic" {
			t.Error("panic")
		}
		if took := time.Since(began); took > 50*time.Millisecond {
			t.Errorf("the end took %v", took)
		}
		ld.Close()
		if o, c := table.opened.Load(), table.closed.Load(); o != c {
			t.Errorf("%d opened, %d closed", o, c)
		}
	}()
	if how == "pull" {
		next, stop := iter.Pull2(ld.All(ctx))
		for range at {
			next()
		}
		began = time.Now()
		stop()
		return
	}
	i := 0
	for _, err := range ld.All(ctx) {
		if err != nil {
			if how == "cancel" && !errors.Is(err, context.Canceled) || how == "close" && !strings.Contains(err.Error(), "closed") {
				t.Errorf("ended with %v", err)
			}
			break
		}
		if i++; i <= at {
			continue
		}
		began = time.Now()
		switch how {
		case "break":
			return
		case "cancel":
			cancel()
		case "close":
			ld.Close()
		case "panic":
			panic("body")
		}
	}
}

// TestStuckRead cancels and closes while reads hang.
func TestStuckRead(t *testing.T) {
	for _, how := range []string{"cancel", "close"} {
		for _, name := range []string{"random", "texts", "blocks"} {
			t.Run(how+"/"+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					table := tables()[name]()
					table.stuck = make(chan struct{})
					ld, err := loader.New(table.source(), loader.Config{BatchSize: 8})
					if err != nil {
						t.Fatal(err)
					}
					ctx, cancel := context.WithCancel(t.Context())
					defer cancel()
					var began time.Time
					time.AfterFunc(time.Second, func() {
						began = time.Now()
						if how == "cancel" {
							cancel()
						} else {
							ld.Close()
						}
					})
					for _, err := range ld.All(ctx) {
						if err == nil {
							t.Error("a batch although nothing was read")
						}
					}
					if took := time.Since(began); took > 50*time.Millisecond {
						t.Errorf("took %v", took)
					}
					if ld.Stats().Stuck == 0 {
						t.Error("no goroutine is reported as stuck")
					}
					ld.Close()
					close(table.stuck)
					synctest.Wait()
					if n := ld.Stats().Stuck; n != 0 {
						t.Errorf("%d goroutines are stuck, and all have ended", n)
					}
					if o, c := table.opened.Load(), table.closed.Load(); o == 0 || o != c {
						t.Errorf("%d opened, %d closed", o, c)
					}
				})
			})
		}
	}
}

// TestCancelIsNoDamage cancels under a policy that leaves damaged samples out:
// reads that fail because of it are no damage, and no batch lacks their rows.
func TestCancelIsNoDamage(t *testing.T) {
	for _, name := range []string{"inline", "random", "ids", "blocks"} {
		t.Run(name, func(t *testing.T) {
			for at := range 200 {
				tb := tables()[name]()
				tb.heeds = true
				ctx, cancel := context.WithCancel(t.Context())
				ld := mustNew(t, tb.source(), loader.Config{BatchSize: 4, Epochs: -1, Prefetch: 2, OnError: loader.Skip(1 << 20)})
				n := 0
				for b, err := range ld.All(ctx) {
					if err != nil {
						if !errors.Is(err, context.Canceled) {
							t.Errorf("ended with %v", err)
						}
						break
					}
					if b.Len() != 4 {
						t.Fatalf("cancelled behind batch %d: a batch of %d rows", at%20, b.Len())
					}
					if n++; n > at%20 {
						cancel()
					}
				}
				cancel()
				ld.Close()
			}
		})
	}
}

// TestNothingIsLeft counts goroutines and descriptors of the whole process.
func TestNothingIsLeft(t *testing.T) {
	before := runtime.NumGoroutine()
	for range 50 {
		for _, err := range mustNew(t, tables()["random"]().source(), loader.Config{BatchSize: 8}).All(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			break
		}
	}
	for range 100 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("%d goroutines, %d before", runtime.NumGoroutine(), before)
}

func mustNew(t testing.TB, src loader.Source, c loader.Config) *loader.Loader {
	t.Helper()
	ld, err := loader.New(src, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ld.Close() })
	return ld
}

func TestDamage(t *testing.T) {
	for tn, table := range tables() {
		damaged := func() loader.Source {
			tb := table()
			tb.bad = map[int64]error{3: errRotten, 4: errRotten, 20: errRotten}
			return tb.source()
		}
		t.Run(tn+"/stop", func(t *testing.T) {
			n := 0
			for b, err := range mustNew(t, damaged(), loader.Config{BatchSize: 2}).All(t.Context()) {
				if err == nil {
					n += b.Len()
					continue
				}
				var e *loader.SampleError
				if !errors.As(err, &e) || !errors.Is(err, errRotten) || e.ID != 3 || e.Stage != "decode" || n != 2 {
					t.Errorf("after %d samples: %v", n, err)
				}
				if !strings.Contains(err.Error(), "shard-") || !strings.Contains(err.Error(), ", row 10") {
					t.Errorf("the error does not say where: %v", err)
				}
			}
		})
		t.Run(tn+"/skip", func(t *testing.T) {
			ld := mustNew(t, damaged(), loader.Config{BatchSize: 8, OnError: loader.Skip(3), Order: loader.Shuffle{}, Transforms: []loader.Transform{jitter{}}})
			n, batches := 0, int64(0)
			for b, err := range ld.All(t.Context()) {
				if err != nil {
					t.Fatal(err)
				}
				for i, id := range b.IDs() {
					if id == 3 || id == 4 || id == 20 {
						t.Errorf("sample %d was not skipped", id)
					}
					if v := loader.View[float32](b.Row("noisy", i))[1]; v != float32(id) {
						t.Errorf("sample %d holds the value of %v", id, v)
					}
				}
				n += b.Len()
				batches++
			}
			s := ld.Stats()
			skipped := map[int64]bool{}
			for _, e := range s.Skipped {
				skipped[e.ID] = errors.Is(e, errRotten) && e.Shard != ""
			}
			if n != 97 || batches != ld.Len() || s.SkippedTotal != 3 || len(skipped) != 3 || !skipped[3] || !skipped[4] || !skipped[20] {
				t.Errorf("%d samples in %d batches of %d, skipped %v", n, batches, ld.Len(), s.Skipped)
			}
		})
		t.Run(tn+"/substitute", func(t *testing.T) {
			c := loader.Config{BatchSize: 8, OnError: loader.Substitute(3), Order: loader.Shuffle{}, Transforms: []loader.Transform{jitter{}}}
			seen := map[int64]int{}
			ld := mustNew(t, damaged(), c)
			for b, err := range ld.All(t.Context()) {
				if err != nil {
					t.Fatal(err)
				}
				for _, id := range b.IDs() {
					seen[id]++
				}
			}
			total := 0
			for _, n := range seen {
				total += n
			}
			if total != 100 || seen[3]+seen[4]+seen[20] != 0 || ld.Stats().SkippedTotal != 3 {
				t.Errorf("%d samples, bad ones seen %d times, %d replaced", total, seen[3]+seen[4]+seen[20], ld.Stats().SkippedTotal)
			}
			want, states := digests(t, damaged(), c)
			c.Resume = &states[len(states)/2]
			if got, _ := digests(t, damaged(), c); !slices.Equal(got, want[len(states)/2+1:]) {
				t.Error("resumed: other batches")
			}
		})
		t.Run(tn+"/budget", func(t *testing.T) {
			var last error
			for _, err := range mustNew(t, damaged(), loader.Config{BatchSize: 8, OnError: loader.Skip(2)}).All(t.Context()) {
				last = err
			}
			if !errors.Is(last, errRotten) || !strings.Contains(last.Error(), "more than 2") {
				t.Errorf("ended with %v", last)
			}
		})
	}
}

// TestBrokenBlock checks what the policies do when a read fails.
func TestBrokenBlock(t *testing.T) {
	for _, name := range []string{"random", "texts", "ids", "blocks", "decode", "garbled"} {
		for _, policy := range []loader.ErrorPolicy{{}, loader.Skip(1000), loader.Substitute(1000)} {
			t.Run(name+"/"+policy.String(), func(t *testing.T) {
				bad := map[int]error{2: errRotten} // 40 rows from id 5 on
				var tb *table
				if name == "garbled" {
					tb = tables()["decode"]()
					tb.garble = bad
				} else {
					tb = tables()[name]()
					tb.broken = bad
				}
				n := 0
				var last error
				for b, err := range mustNew(t, tb.source(), loader.Config{BatchSize: 10, OnError: policy}).All(t.Context()) {
					if last = err; err == nil {
						n += b.Len()
					}
				}
				switch policy {
				case loader.ErrorPolicy{}:
					if n != 0 || !errors.Is(last, errRotten) || !strings.Contains(last.Error(), "shard-2") {
						t.Errorf("%d samples, ended with %v", n, last)
					}
				case loader.Skip(1000):
					if n != 60 || last != nil {
						t.Errorf("%d samples, ended with %v", n, last)
					}
				default:
					if !tb.random && (n != 100 || last != nil) {
						t.Errorf("%d samples, ended with %v", n, last)
					}
				}
				if o, c := tb.opened.Load(), tb.closed.Load(); o != c {
					t.Errorf("%d opened, %d closed", o, c)
				}
			})
		}
	}
}

// TestKeep keeps batches beyond the loop body and finds them unchanged.
func TestKeep(t *testing.T) {
	ld := mustNew(t, tables()["blocks"]().source(), loader.Config{BatchSize: 5, Epochs: 4, MaxKept: 7, Transforms: []loader.Transform{jitter{}}})
	type keep struct {
		b   *loader.Batch
		ids []int64
	}
	var kept []keep
	check := func(k keep) {
		for i, id := range k.ids {
			if got := loader.View[float32](k.b.Row("noisy", i))[1]; got != float32(id) {
				t.Fatalf("a kept batch changed: row %d holds %v, was %d", i, got, id)
			}
		}
		k.b.Release()
	}
	for b, err := range ld.All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		kept = append(kept, keep{b.Keep(), slices.Clone(b.IDs())})
		if len(kept) == 7 {
			i := rand.IntN(7)
			check(kept[i])
			kept = slices.Delete(kept, i, i+1)
		}
	}
	for _, k := range kept {
		check(k)
	}
	if n := ld.Stats().Kept; n != 0 {
		t.Errorf("%d batches are kept", n)
	}
}

// TestKeepOneAhead keeps with a single batch ahead: there is memory, so that
// nothing waits.
func TestKeepOneAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ld := mustNew(t, tables()["inline"]().source(), loader.Config{BatchSize: 5, Prefetch: 1, MaxKept: 4})
		began := time.Now()
		var last *loader.Batch
		for b, err := range ld.All(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			b.Keep()
			if last != nil {
				last.Release()
			}
			last = b
		}
		last.Release()
		if took := time.Since(began); took > 0 {
			t.Errorf("waited %v", took)
		}
		ld.Close()
	})
}

// TestKeepOutside keeps and releases where one must not.
func TestKeepOutside(t *testing.T) {
	ld := mustNew(t, tables()["inline"]().source(), loader.Config{BatchSize: 5})
	var stale *loader.Batch
	for b := range ld.All(t.Context()) {
		if stale == nil {
			stale = b
			continue
		}
		break
	}
	for name, f := range map[string]func(){"keep": func() { stale.Keep() }, "release": func() { stale.Release() }} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			f()
		}()
	}
}

// TestAsReady finds all batches, in whatever order, and resumes without loss.
func TestAsReady(t *testing.T) {
	for name, table := range tables() {
		t.Run(name, func(t *testing.T) {
			c := loader.Config{BatchSize: 4, Epochs: 2, Order: loader.Shuffle{}, Transforms: []loader.Transform{jitter{}}, Workers: 4}
			want, _ := digests(t, table().source(), c)
			c.AsReady = true
			slow := func() loader.Source {
				tb := table()
				tb.delay = func(b int) time.Duration { return time.Duration(rand.IntN(3)) * time.Millisecond }
				return tb.source()
			}
			got, states := digests(t, slow(), c)
			for cut := 0; cut < len(states); cut += 7 {
				c.Resume = &states[cut]
				rest, _ := digests(t, slow(), c)
				if all := append(slices.Clone(got[:cut+1]), rest...); !slices.Equal(slices.Sorted(slices.Values(all)), slices.Sorted(slices.Values(want))) {
					t.Errorf("cut at %d: %d batches, want %d, or others (%+v)", cut, len(all), len(want), states[cut])
				}
			}
		})
	}
}

// TestForeignState refuses to resume what would not go on.
func TestForeignState(t *testing.T) {
	table := tables()["blocks"]
	c := loader.Config{BatchSize: 8, Seed: 1, Order: loader.Shuffle{}, Transforms: []loader.Transform{jitter{}}}
	_, states := digests(t, table().source(), c)
	for name, change := range map[string]func(c *loader.Config, s *loader.State) loader.Source{
		"seed": func(c *loader.Config, s *loader.State) loader.Source { c.Seed = 2; return table().source() },
		"order": func(c *loader.Config, s *loader.State) loader.Source {
			c.Order = loader.Shuffle{Live: 2}
			return table().source()
		},
		"pipeline": func(c *loader.Config, s *loader.State) loader.Source { c.Transforms = nil; return table().source() },
		"option": func(c *loader.Config, s *loader.State) loader.Source {
			c.Transforms = []loader.Transform{jitter{Drop: 9}}
			return table().source()
		},
		"data":     func(c *loader.Config, s *loader.State) loader.Source { t := table(); t.sizes[0]++; return t.source() },
		"batch":    func(c *loader.Config, s *loader.State) loader.Source { c.BatchSize = 16; return table().source() },
		"version":  func(c *loader.Config, s *loader.State) loader.Source { s.Version = 99; return table().source() },
		"position": func(c *loader.Config, s *loader.State) loader.Source { s.Position = 1 << 40; return table().source() },
		"ended": func(c *loader.Config, s *loader.State) loader.Source {
			s.Epoch, s.Position = 7, 0
			return table().source()
		},
		"ahead":    func(c *loader.Config, s *loader.State) loader.Source { s.Ahead = []int64{-3}; return table().source() },
		"negative": func(c *loader.Config, s *loader.State) loader.Source { s.Epoch = -1; return table().source() },
	} {
		t.Run(name, func(t *testing.T) {
			c, s := c, states[3]
			src := change(&c, &s)
			c.Resume = &s
			if _, err := loader.New(src, c); !errors.Is(err, loader.ErrState) {
				t.Errorf("got %v", err)
			}
		})
	}
	if text, _ := json.Marshal(states[3]); len(text) > 300 {
		t.Errorf("a state of %d bytes: %s", len(text), text)
	}
}

// TestForeignHeld refuses to resume with rows taken and held that cannot be.
func TestForeignHeld(t *testing.T) {
	c := loader.Config{BatchSize: 8, Transforms: []loader.Transform{pack{Bytes: 12}}}
	_, states := digests(t, tables()["blocks"]().source(), c)
	whole, err := json.Marshal(states[1])
	if err != nil || len(states[1].Held) == 0 || states[1].Into == 0 {
		t.Fatalf("a state of no use: %s", whole)
	}
	for name, change := range map[string]func(c *loader.Config, s *loader.State){
		"as it is":   func(*loader.Config, *loader.State) {},
		"taken":      func(_ *loader.Config, s *loader.State) { s.Into = 9 },
		"never":      func(_ *loader.Config, s *loader.State) { s.Into = -1 },
		"bin":        func(_ *loader.Config, s *loader.State) { s.Held[0].Bin = -1 },
		"given":      func(_ *loader.Config, s *loader.State) { s.Held[0].Given = -1 },
		"negative":   func(_ *loader.Config, s *loader.State) { s.Held[0].Rows[0] = -1 },
		"beyond":     func(_ *loader.Config, s *loader.State) { s.Held[0].Rows[0] = 1 << 40 },
		"many":       func(_ *loader.Config, s *loader.State) { s.Held[0].Rows = make([]int64, 1000) },
		"no regroup": func(c *loader.Config, _ *loader.State) { c.Transforms = nil },
	} {
		t.Run(name, func(t *testing.T) {
			c, s := c, loader.State{}
			if err := json.Unmarshal(whole, &s); err != nil {
				t.Fatal(err)
			}
			c.Resume = &s
			if change(&c, &s); c.Transforms == nil {
				s.Fingerprint = mustNew(t, tables()["blocks"]().source(), loader.Config{BatchSize: 8}).State().Fingerprint
			}
			if _, err := loader.New(tables()["blocks"]().source(), c); errors.Is(err, loader.ErrState) == (name == "as it is") {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestResumeElsewhere resumes in a new process, with other settings, from 100
// random cuts.
func TestResumeElsewhere(t *testing.T) {
	if os.Getenv("STOKER_STATE") != "" {
		resumeHere(t)
		return
	}
	want, states := digests(t, elsewhere(), elsewhereConfig())
	cuts := rand.New(rand.NewPCG(5, 5)).Perm(len(states))[:few(100, 20)]
	var chosen []loader.State
	for _, cut := range cuts {
		chosen = append(chosen, states[cut])
	}
	text, err := json.Marshal(chosen)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestResumeElsewhere$", "-test.v")
	cmd.Env = append(os.Environ(), "STOKER_STATE="+string(text))
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for i, cut := range cuts {
		if line := fmt.Sprintf("cut %d: %s\n", i, strings.Join(want[cut+1:], " ")); !strings.Contains(string(out), line) {
			t.Errorf("cut at %d: other batches", cut)
		}
	}
}

func elsewhere() loader.Source {
	return (&table{sizes: []int{100, 3, 0, 250, 80, 80, 80, 80, 127}, bytes: 64}).source()
}

func elsewhereConfig() loader.Config {
	return loader.Config{BatchSize: 8, Seed: 11, Epochs: 2, Order: loader.Shuffle{Live: 4}, Transforms: []loader.Transform{jitter{}}}
}

func resumeHere(t *testing.T) {
	var states []loader.State
	if err := json.Unmarshal([]byte(os.Getenv("STOKER_STATE")), &states); err != nil {
		t.Fatal(err)
	}
	for i := range states {
		c := elsewhereConfig()
		c.Resume, c.Workers, c.Prefetch = &states[i], 1+i%3, 1+i%5
		got, _ := digests(t, elsewhere(), c)
		fmt.Printf("cut %d: %s\n", i, strings.Join(got, " "))
	}
}

// TestTrace makes samples again and finds the same values.
func TestTrace(t *testing.T) {
	for name, table := range tables() {
		t.Run(name, func(t *testing.T) {
			ld := mustNew(t, table().source(), loader.Config{BatchSize: 8, Seed: 5, Epochs: 2, Order: loader.Shuffle{}, Transforms: []loader.Transform{jitter{}}})
			for b, err := range ld.All(t.Context()) {
				if err != nil {
					t.Fatal(err)
				}
				tr, err := ld.Trace(t.Context(), b.Epoch, b.IDs()[0], 0)
				if err != nil {
					t.Fatal(err)
				}
				got, want := tr.Fields[ld.Spec().Index("noisy")], b.Row("noisy", 0)
				if !slices.Equal(got.Data, want.Data) || tr.Steps[1].Notes[0].Values[0] != float64(loader.View[float32](want)[0]) {
					t.Fatalf("sample %d: made again as %v, noted %v", b.IDs()[0], got.Data, tr.Steps)
				}
			}
		})
	}
}

// TestVirtualTime checks, to the millisecond, that reads overlap.
func TestVirtualTime(t *testing.T) {
	for _, readers := range []int{1, 4, 16} {
		synctest.Test(t, func(t *testing.T) {
			tb := &table{sizes: []int{1600}, random: true, bytes: 1 << 20, delay: func(int) time.Duration { return time.Millisecond }}
			ld := mustNew(t, tb.source(), loader.Config{BatchSize: 16, Readers: readers, Prefetch: 4, Workers: 2})
			began := time.Now()
			for _, err := range ld.All(t.Context()) {
				if err != nil {
					t.Fatal(err)
				}
			}
			if took, want := time.Since(began), 1600*time.Millisecond/time.Duration(readers); took > want+10*time.Millisecond {
				t.Errorf("%d readers: %v, want %v", readers, took, want)
			}
			ld.Close()
		})
	}
}

// TestSwiftReads checks, likewise, that readers rest while reads do not wait, when the
// worker reads for itself, and are back when they do.
func TestSwiftReads(t *testing.T) {
	const rows, readers, swift, slow = 800, 16, 100 * time.Microsecond, 2 * time.Millisecond
	for _, delays := range [][2]time.Duration{{swift, slow}, {slow, swift}} {
		synctest.Test(t, func(t *testing.T) {
			tb := &table{sizes: []int{rows, rows}, random: true, bytes: 1 << 20, delay: func(block int) time.Duration { return delays[block] }}
			ld := mustNew(t, tb.source(), loader.Config{BatchSize: 16, Readers: readers, Prefetch: 4, Workers: 1})
			began := time.Now()
			for _, err := range ld.All(t.Context()) {
				if err != nil {
					t.Fatal(err)
				}
			}
			const alone, together = rows * swift, rows * slow / readers
			if took := time.Since(began); took < alone+together-10*time.Millisecond || took > alone+together+10*time.Millisecond {
				t.Errorf("%v: %v, want about %v and %v", delays, took, alone, together)
			}
			ld.Close()
		})
	}
}

// TestNoAllocations counts allocations over 100,000 samples in steady state.
func TestNoAllocations(t *testing.T) {
	if invariant.Enabled {
		t.Skip("checking builds allocate")
	}
	g := geometry{10, 8}
	src, _ := g.source(t, 1<<17)
	for name, c := range map[string]loader.Config{
		"rows":    {Transforms: []loader.Transform{&cropFlip{g}, &brightness{}, &normalize{}}},
		"shuffle": {Order: loader.Shuffle{}},
		"batch":   {Transforms: []loader.Transform{&cropFlip{g}, idle{}}},
		"epochs":  {Transforms: []loader.Transform{&cropFlip{g}}, Epochs: 2},
	} {
		t.Run(name, func(t *testing.T) {
			c.BatchSize = 256
			ld := mustNew(t, pooled{src.(*repeated)}, c)
			var before, after runtime.MemStats
			n := 0
			for _, err := range ld.All(t.Context()) {
				if err != nil {
					t.Fatal(err)
				}
				switch n++; n {
				case 100:
					runtime.ReadMemStats(&before)
				case 500:
					runtime.ReadMemStats(&after)
				}
			}
			if allocs := after.Mallocs - before.Mallocs; allocs > 100 {
				t.Errorf("%d allocations for %d samples", allocs, 400*256)
			}
		})
	}
}

// TestStatsAtAnyTime calls Stats while all else runs, for the race detector.
func TestStatsAtAnyTime(t *testing.T) {
	for name, table := range tables() {
		t.Run(name, func(t *testing.T) {
			ld := mustNew(t, table().source(), loader.Config{BatchSize: 4, Epochs: 5, Transforms: []loader.Transform{jitter{}}})
			done := make(chan bool)
			go func() {
				for {
					select {
					case <-done:
						return
					default:
						if s := ld.Stats(); s.HeldBytes < 0 || s.Samples > 500 {
							t.Errorf("%+v", s)
						}
						runtime.Gosched() // others may have this processor alone
					}
				}
			}()
			for _, err := range ld.All(t.Context()) {
				if err != nil {
					t.Error(err)
				}
			}
			close(done)
			s := ld.Stats()
			if s.Samples != 500 || s.Batches != 125 || s.Stages[0].Items != 500 || s.Stages[1].Items != 500 || s.Bottleneck == "" {
				t.Errorf("%+v", s)
			}
			if in, out := s.Stages[0].Bytes, s.Stages[1].Bytes; in < 500*8 || max(out-in-500*8, in+500*8-out) > 2 { // the id and some text; and two float32; estimates
				t.Errorf("%d bytes decoded, %d behind the transform", in, out)
			}
		})
	}
}

// TestMemory streams rows that become larger than anybody could know, within a
// small budget.
func TestMemory(t *testing.T) {
	const budget = 8 << 20
	ld := mustNew(t, (&table{sizes: []int{400}, random: true}).source(), loader.Config{
		BatchSize: 8, Prefetch: 16, Memory: budget, Transforms: []loader.Transform{swell{}},
	})
	peak, n := int64(0), 0
	for b, err := range ld.All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		for i, id := range b.IDs() {
			if got := b.Row("text", i).Shape.Dim(0); got != int(id)<<10 {
				t.Fatalf("sample %d holds %d bytes", id, got)
			}
		}
		peak = max(peak, ld.Stats().HeldBytes)
		n += b.Len()
	}
	// Each batch is larger than all before it, so that what is learnt is late.
	if batch := int64(2 * 8 * 400 << 10); n != 400 || peak > 2*budget+batch {
		t.Errorf("%d samples, %d bytes held, twice %d allowed and a batch of %d", n, peak, budget, batch)
	}
}

// TestHugeRows reads no further ahead than helps, however much memory there is.
func TestHugeRows(t *testing.T) {
	const rows, batch, ahead = 60, 2, 256 // MiB
	src := &table{sizes: []int{rows}, random: true, bytes: 40 << 20}
	var most atomic.Int64
	src.delay = func(int) time.Duration {
		for now := src.opened.Load() - src.closed.Load(); ; {
			if m := most.Load(); now <= m || most.CompareAndSwap(m, now) {
				return time.Millisecond
			}
		}
	}
	n := 0
	for b, err := range mustNew(t, src.source(), loader.Config{BatchSize: batch, Workers: 2, Readers: rows}).All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		n += b.Len()
	}
	if m := most.Load(); n != rows || m < 2 || m > ahead/40+batch {
		t.Errorf("%d rows, of which %d were read at once", n, m)
	}
}

// TestTooLittleMemory is told by New.
func TestTooLittleMemory(t *testing.T) {
	g := geometry{256, 224}
	src, _ := g.source(t, 100)
	if _, err := loader.New(src, loader.Config{BatchSize: 64, Memory: 1 << 20}); err == nil || !strings.Contains(err.Error(), "Memory allows 1048576") {
		t.Errorf("got %v", err)
	}
}

// swell makes the text of sample id as many KiB long.
type swell struct{}

func (swell) Bind(in loader.Spec) (loader.Stage, error) {
	f := in.Index("text")
	return loader.Stage{Out: in, Writes: []int{f}, Row: func(w *loader.Worker, s *loader.Sample) error {
		w.Out(s, f, dtype.Uint8, loader.Dims(int(s.ID)<<10))
		return nil
	}}, nil
}

// pooled is a repeated whose rows are used again.
type pooled struct{ *repeated }

func (p pooled) OpenRows(_ context.Context, refs []loader.Ref) (loader.Rows, error) {
	var r *pooledRows
	select {
	case r = <-freeRows:
	default:
		r = &pooledRows{}
	}
	r.repeatedRows = repeatedRows{p.repeated, refs}
	return r, nil
}

var freeRows = make(chan *pooledRows, 1000)

type pooledRows struct{ repeatedRows }

func (r *pooledRows) Close() error {
	freeRows <- r
	return nil
}

// TestSpentBudget resumes a state that says more was skipped than is allowed:
// it goes on, and ends at the next damaged sample.
func TestSpentBudget(t *testing.T) {
	c := loader.Config{BatchSize: 10, OnError: loader.Skip(3)}
	_, states := digests(t, tables()["inline"]().source(), c)
	states[0].Skipped = 999
	c.Resume = &states[0]
	tb := tables()["inline"]()
	tb.bad = map[int64]error{75: errRotten}
	n := 0
	var last error
	for b, err := range mustNew(t, tb.source(), c).All(t.Context()) {
		if last = err; err == nil {
			n += b.Len()
		}
	}
	if n != 60 || !errors.Is(last, errRotten) {
		t.Errorf("%d samples, ended with %v", n, last)
	}
}
