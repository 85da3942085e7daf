package loader_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stokerdata/stoker/loader"
)

// TestReleaseLater keeps all memory there is, and gives it back while the stream waits
// for it.
func TestReleaseLater(t *testing.T) {
	for tn, table := range tables() {
		for pn, pipe := range pipelines() {
			t.Run(tn+"/"+pn, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					ld := mustNew(t, table().source(), loader.Config{BatchSize: 5, Epochs: 2, Prefetch: 2, MaxKept: 3, Transforms: pipe})
					defer ld.Close()
					var kept []*loader.Batch
					for b, err := range ld.All(t.Context()) {
						if err != nil {
							t.Fatal(err)
						}
						if kept = append(kept, b.Keep()); len(kept) == 5 {
							full := kept
							time.AfterFunc(time.Second, func() { release(full) })
							kept = nil
						}
					}
					release(kept)
				})
			})
		}
	}
}

// TestKeepTooMany never releases: the stream ends with an error, not a hang, also where
// all that is left is planned.
func TestKeepTooMany(t *testing.T) {
	for tn, table := range tables() {
		for pn, pipe := range pipelines() {
			t.Run(tn+"/"+pn, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					ld := mustNew(t, table().source(), loader.Config{BatchSize: 5, Prefetch: 2, MaxKept: 3, Transforms: pipe})
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
			})
		}
	}
}

// TestSlowBody keeps all memory and works for longer than the stream is patient, which
// still waits when it is its turn.
func TestSlowBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ld := mustNew(t, tables()["inline"]().source(), loader.Config{BatchSize: 5, Prefetch: 2, MaxKept: 3})
		defer ld.Close()
		var kept []*loader.Batch
		for b, err := range ld.All(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			if kept = append(kept, b.Keep()); len(kept) == 5 {
				full := kept
				time.Sleep(time.Minute)
				time.AfterFunc(time.Second, func() { release(full) })
				kept = nil
			}
		}
	})
}

func release(kept []*loader.Batch) {
	for _, b := range kept {
		b.Release()
	}
}
