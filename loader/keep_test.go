package loader_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stokerdata/stoker/loader"
)

// TestReleaseLater keeps all memory there is, and gives it back while the stream waits
// for it.
func TestReleaseLater(t *testing.T) {
	everywhere(t, func(t *testing.T, src loader.Source, c loader.Config) {
		c.Epochs = 2
		keepFive(t, src, c, 0)
	})
}

// keepFive keeps batches until there is no memory left, works for a while, and releases
// them a second later, again and again.
func keepFive(t *testing.T, src loader.Source, c loader.Config, work time.Duration) {
	t.Helper()
	ld := mustNew(t, src, c)
	defer ld.Close()
	var kept []*loader.Batch
	for b, err := range ld.All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if kept = append(kept, b.Keep()); len(kept) == 5 {
			full := kept
			time.Sleep(work)
			time.AfterFunc(time.Second, func() { release(full) })
			kept = nil
		}
	}
	release(kept)
}

// TestKeepTooMany never releases: the stream ends with an error, not a hang, also where
// all that is left is planned.
func TestKeepTooMany(t *testing.T) {
	everywhere(t, func(t *testing.T, src loader.Source, c loader.Config) {
		c.Epochs = 2
		ld := mustNew(t, src, c)
		defer ld.Close()
		n := 0
		var last error
		for b, err := range ld.All(t.Context()) {
			if last = err; err == nil {
				b.Keep()
				n++
			}
		}
		if n != 5 || last == nil || !strings.Contains(last.Error(), "kept") {
			t.Errorf("%d batches, then %v", n, last)
		}
	})
}

// TestKeepEverything keeps all batches of a stream, as many as there is memory for: it
// ends as any other does.
func TestKeepEverything(t *testing.T) {
	everywhere(t, func(t *testing.T, src loader.Source, c loader.Config) {
		_, states := digests(t, src, c)
		c.MaxKept = len(states) - c.Prefetch
		ld := mustNew(t, src, c)
		defer ld.Close()
		var kept []*loader.Batch
		for b, err := range ld.All(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			kept = append(kept, b.Keep())
		}
		if len(kept) != len(states) {
			t.Errorf("%d batches of %d", len(kept), len(states))
		}
		release(kept)
	})
}

// everywhere runs a test in virtual time for each source and pipeline, with memory for
// five batches in all.
func everywhere(t *testing.T, test func(t *testing.T, src loader.Source, c loader.Config)) {
	for tn, table := range tables() {
		for pn, pipe := range pipelines() {
			t.Run(tn+"/"+pn, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					test(t, table().source(), loader.Config{BatchSize: 5, Prefetch: 2, MaxKept: 3, Transforms: pipe})
				})
			})
		}
	}
}

// TestSlowBody keeps all memory and works for longer than the stream is patient, which
// still waits when it is its turn.
func TestSlowBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		keepFive(t, tables()["inline"]().source(), loader.Config{BatchSize: 5, Prefetch: 2, MaxKept: 3}, time.Minute)
	})
}

// TestKeepAndPanic keeps a batch in a loop body that panics: it is valid while the
// loader runs again.
func TestKeepAndPanic(t *testing.T) {
	for _, pipe := range []string{"none", "drop"} {
		t.Run(pipe, func(t *testing.T) {
			ld := mustNew(t, tables()["inline"]().source(), loader.Config{BatchSize: 5, Prefetch: 1, MaxKept: 1, Transforms: pipelines()[pipe]})
			var kept *loader.Batch
			var want []int64
			func() {
				defer func() { recover() }()
				for b := range ld.All(t.Context()) {
					kept, want = b.Keep(), slices.Clone(b.IDs())
					panic("body")
				}
			}()
			for range 2 {
				for b, err := range ld.All(t.Context()) {
					if err != nil {
						t.Fatal(err)
					}
					if b == kept || kept != nil && !slices.Equal(kept.IDs(), want) {
						t.Fatalf("a kept batch has become %v, was %v", b.IDs(), want)
					}
				}
				if kept != nil {
					kept.Release()
					kept = nil
				}
			}
			if n := ld.Stats().Kept; n != 0 {
				t.Errorf("%d batches are kept", n)
			}
		})
	}
}

// TestKeepAsReady keeps batches that have overtaken a slow one: others are built in their
// place meanwhile.
func TestKeepAsReady(t *testing.T) {
	const slow = 10
	synctest.Test(t, func(t *testing.T) {
		tb := tables()["inline"]()
		tb.nap = func(id int64) time.Duration {
			if id == slow {
				return time.Hour
			}
			return 0
		}
		ld := mustNew(t, tb.source(), loader.Config{BatchSize: 1, Workers: 2, Prefetch: 2, MaxKept: 3, AsReady: true})
		defer ld.Close()
		began := time.Now()
		var kept []*loader.Batch
		for b, err := range ld.All(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			if b.IDs()[0] < slow {
				continue
			}
			if kept = append(kept, b.Keep()); len(kept) == 3 {
				break
			}
		}
		release(kept)
		if took := time.Since(began); took > time.Minute {
			t.Errorf("waited %v", took)
		}
		time.Sleep(time.Hour) // for the worker
	})
}

func release(kept []*loader.Batch) {
	for _, b := range kept {
		b.Release()
	}
}
