package main

import (
	"context"
	"errors"
	"math"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestSearch finds every limit, and says which trials it took.
func TestSearch(t *testing.T) {
	m := mlModel{name: "m", bytes: 1e6, batch: 2, step: time.Second, rule: 0.9}
	for limit := range 40 {
		a, err := m.search(t.Context(), "r", 32, func(_ context.Context, n, steps int) (float64, error) {
			if steps < 4 {
				t.Errorf("%d steps", steps)
			}
			if n <= limit {
				return 0.9, nil
			}
			return 0.89, nil
		})
		if err != nil || a.Busy != min(limit, 32) || len(a.Trials) > 12 {
			t.Errorf("limit %d: %d accelerators after %d trials, %v", limit, a.Busy, len(a.Trials), err)
		}
		if at := a.trial(a.Busy); limit > 0 && math.Abs(at.Megabytes-1.8*float64(a.Busy)) > 1e-9 {
			t.Errorf("limit %d: %v MB/s", limit, at.Megabytes)
		}
		if over := a.over().N; limit < 32 && over != limit+1 {
			t.Errorf("limit %d: %d are the fewest that were too many", limit, over)
		}
	}
	a, err := m.search(t.Context(), "r", 8, func(context.Context, int, int) (float64, error) { return 0, errors.New("no NumPy") })
	if err != nil || a.Skipped != "no NumPy" {
		t.Errorf("%+v, %v", a, err)
	}
}

// TestAccelerate feeds two accelerators of each model from small data.
func TestAccelerate(t *testing.T) {
	for _, m := range mlperf {
		m.bytes, m.take, m.batch, m.step, m.scale = m.bytes/1000, m.take/1000, min(m.batch, 4), time.Millisecond, 0.01
		dir := filepath.Join(t.TempDir(), m.name)
		if err := m.make(dir); err != nil {
			t.Fatal(err)
		}
		au, err := m.ours(t.Context(), dir, 2, 5)
		if err != nil || au <= 0 || au > 1 {
			t.Errorf("%s: utilisation %v, %v", m.name, au, err)
		}
	}
}

func TestAcceleratorsSkipsPeer(t *testing.T) {
	var out strings.Builder
	err := runAccelerators(t.Context(), []string{"-model", "cosmoflow", "-scale", "0.01", "-most", "1", "-dir", t.TempDir(), "-python", "no-such-python"}, &out)
	if err != nil || !strings.Contains(out.String(), "skipped: no-such-python") {
		t.Errorf("%v\n%s", err, out.String())
	}
}
