package ldr

import (
	"testing"

	"github.com/stokerdata/stoker/loader"
)

// counted counts the loaders that are made of it, each of which asks for its fields
// as often as the first.
type counted struct {
	numbers
	asked *int
}

func (s counted) Spec() loader.Spec {
	*s.asked++
	return s.numbers.Spec()
}

// TestResumeOneLoader makes no more of a client that goes on than of one that begins.
func TestResumeOneLoader(t *testing.T) {
	asked := 0
	d := Dataset{counted{numbers{101, -1}, &asked}, loader.Config{BatchSize: 6}}
	srv := &Server{Datasets: map[string]Dataset{"": d}}
	var costs []int
	for _, r := range []Request{{}, {Next: 3}, {Epoch: 2, Next: 1}} {
		asked = 0
		ld, err := srv.Loader(r)
		if err != nil {
			t.Fatal(err)
		}
		if st := ld.State(); st.Epoch != r.Epoch || st.Step != r.Next {
			t.Errorf("%+v begins at %+v", r, st)
		}
		costs = append(costs, asked)
	}
	if costs[0] == 0 || costs[1] != costs[0] || costs[2] != costs[0] {
		t.Errorf("fields were asked for %d times", costs)
	}
}
