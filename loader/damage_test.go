package loader_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/stokerdata/stoker/loader"
)

// TestDamageBeforeResume resumes behind each batch of a stream that regroups rows: what
// was skipped before does not count again.
func TestDamageBeforeResume(t *testing.T) {
	for _, pipe := range []string{"drop", "pack"} {
		t.Run(pipe, func(t *testing.T) {
			damaged := func() loader.Source {
				tb := tables()["blocks"]()
				tb.bad = map[int64]error{}
				for id := int64(1); id < 100; id += 5 {
					tb.bad[id] = errRotten
				}
				return tb.source()
			}
			c := loader.Config{BatchSize: 8, Transforms: pipelines()[pipe], OnError: loader.Skip(20)}
			_, want := digests(t, damaged(), c)
			for i := range want {
				c.Resume = &want[i]
				_, got := digests(t, damaged(), c)
				if n := len(got); n > 0 && got[n-1].Skipped != want[len(want)-1].Skipped {
					t.Errorf("resumed behind batch %d: %d samples were skipped, want %d", i, got[n-1].Skipped, want[len(want)-1].Skipped)
				}
			}
		})
	}
}

// TestDamageAtTheEnd skips rows behind which no batch comes: they count like others.
func TestDamageAtTheEnd(t *testing.T) {
	for pn, pipe := range pipelines() {
		t.Run(pn, func(t *testing.T) {
			for _, budget := range []int64{5, 4} {
				tb := tables()["inline"]()
				tb.bad = map[int64]error{}
				for id := int64(95); id < 100; id++ {
					tb.bad[id] = errRotten
				}
				ld := mustNew(t, tb.source(), loader.Config{BatchSize: 9, Transforms: pipe, OnError: loader.Skip(budget)})
				var last error
				for b, err := range ld.All(t.Context()) {
					if last = err; err == nil && b.Len() == 0 {
						t.Error("an empty batch")
					}
				}
				if n := ld.Stats().SkippedTotal; n != 5 || errors.Is(last, errRotten) != (budget < 5) {
					t.Errorf("a budget of %d: %d were skipped, ended with %v", budget, n, last)
				}
			}
		})
	}
}

// TestRestoreStandIns resumes with rows held that were replaced, as their block cannot be
// read or decoded.
func TestRestoreStandIns(t *testing.T) {
	for name, damage := range map[string]func(tb *table){
		"rows":   func(tb *table) { tb.bad = map[int64]error{6: errRotten, 7: errRotten} },
		"read":   func(tb *table) { tb.broken = map[int]error{2: errRotten} },
		"decode": func(tb *table) { tb.garble = map[int]error{2: errRotten} },
		"both": func(tb *table) {
			tb.broken, tb.garble = map[int]error{2: errRotten}, map[int]error{3: errRotten}
		},
	} {
		t.Run(name, func(t *testing.T) {
			damaged := func() loader.Source {
				tb := tables()["decode"]()
				damage(tb)
				return tb.source()
			}
			c := loader.Config{BatchSize: 2, Transforms: pipelines()["pack"], OnError: loader.Substitute(100)}
			want, states := digests(t, damaged(), c)
			for i := range states {
				c.Resume = &states[i]
				if got, _ := digests(t, damaged(), c); !slices.Equal(got, want[i+1:]) {
					t.Errorf("resumed behind batch %d: other batches", i)
				}
			}
		})
	}
}

// TestRestoreDamaged resumes with rows held that have become damaged since: they are not
// skipped, as others were grouped with them.
func TestRestoreDamaged(t *testing.T) {
	c := loader.Config{BatchSize: 2, Transforms: pipelines()["pack"], OnError: loader.Skip(100)}
	_, states := digests(t, tables()["inline"]().source(), c)
	tb := tables()["inline"]()
	tb.bad = map[int64]error{states[1].Held[0].Rows[0]: errRotten}
	c.Resume = &states[1]
	for b, err := range mustNew(t, tb.source(), c).All(t.Context()) {
		if b != nil || !errors.Is(err, errRotten) {
			t.Fatalf("got %v, %v", b, err)
		}
	}
}
