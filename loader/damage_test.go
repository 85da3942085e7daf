package loader_test

import (
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
