package loader_test

import (
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

func release(kept []*loader.Batch) {
	for _, b := range kept {
		b.Release()
	}
}
