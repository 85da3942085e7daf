package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestSearch finds every limit, in few trials.
func TestSearch(t *testing.T) {
	for limit := range 40 {
		trials := map[int]bool{}
		busy, err := search(32, 0.9, func(n int) (float64, error) {
			if trials[n] {
				t.Errorf("limit %d: %d accelerators were tried twice", limit, n)
			}
			trials[n] = true
			if n <= limit {
				return 0.9, nil
			}
			return 0.89, nil
		})
		if err != nil || busy != min(limit, 32) || len(trials) > 12 {
			t.Errorf("limit %d: %d accelerators after %d trials, %v", limit, busy, len(trials), err)
		}
		if busy < 32 && !trials[busy+1] {
			t.Errorf("limit %d: nobody knows that %d are too many", limit, busy+1)
		}
	}
	if _, err := search(8, 0.9, func(int) (float64, error) { return 0, errors.New("no NumPy") }); err == nil {
		t.Error("an error of a trial was lost")
	}
}

// TestAskBusy lets a check end with the number of accelerators that are busy.
func TestAskBusy(t *testing.T) {
	for _, c := range []struct {
		limit int
		note  string
	}{{0, "keeps 0 busy, 1 for 50.0 % of the time"}, {5, "keeps 5 busy, 6 for 50.0 % of the time"}, {100, "keeps 64 busy"}} {
		last := 0
		note, err := askBusy(filepath.Join(t.TempDir(), "busy"), 0.9)(t.Context(), func(what any) error {
			r := what.(readerCheck)
			if last = r.N; r.Out == "" {
				return nil
			}
			au := 0.5
			if r.N <= c.limit {
				au = 0.95
			}
			return os.WriteFile(r.Out, fmt.Append(nil, au), 0o666)
		})
		if err != nil || note != c.note || last != max(1, min(c.limit, mostAccelerators)) {
			t.Errorf("limit %d: %q, %v, runs with %d", c.limit, note, err, last)
		}
	}
}

// TestAccelerators feeds two accelerators of each model from small data, and fewer
// once two are too many.
func TestAccelerators(t *testing.T) {
	for _, m := range mlperf {
		m = m.scaled(0.001)
		m.batch = min(m.batch, 4)
		dir := filepath.Join(t.TempDir(), m.name)
		if err := m.make(dir); err != nil {
			t.Fatal(err)
		}
		r := &reader{readerConfig: readerConfig{Dir: dir, Format: m.format, Record: m.bytes, Take: m.take, Batch: m.batch, Step: leastStep.Seconds(), Steps: 5}, n: 2}
		items, err := r.run(0, 1)
		if err != nil || items != 2*m.batch*5 || r.last.Wall < 5*time.Millisecond {
			t.Errorf("%s: %d samples in %v, %v", m.name, items, r.last, err)
		}
		r.Rule = 2 // which nobody can keep
		if items, err := r.run(0, 1); err != nil || items != m.batch*5 {
			t.Errorf("%s: %d samples, %v", m.name, items, err)
		}
	}
}
