package loader_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"reflect"
	"slices"
	"testing"

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
