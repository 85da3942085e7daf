package rounds

import (
	"errors"
	"runtime"
	"testing"
	"testing/synctest"
	"time"
)

// TestDisturbed has others work during turns: these are measured anew, as long as
// that takes no more than a part of the time.
func TestDisturbed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const length = 20 * time.Millisecond
		others, n := time.Duration(0), 0
		w := watch{others: func() time.Duration { return others }}
		take := func(by time.Duration) {
			t.Helper()
			u, err := w.take(func() error { others += time.Hour; return nil }, func() (Usage, error) {
				n++
				others += by
				time.Sleep(length)
				return Usage{Items: n}, nil
			})
			if err != nil || u.Items != n {
				t.Errorf("turn %d counts, %v, want the last one, %d", u.Items, err, n)
			}
		}
		take(time.Hour) // there is no time yet for another one
		for range 24 {
			take(leastSeen / 2) // too little to be known
		}
		if want := (Turns{Counted: 25, Disturbed: 1}); w.Turns != want {
			t.Fatalf("%+v, want %+v", w.Turns, want)
		}
		take(time.Hour) // twice again, and then it counts
		if want := (Turns{Counted: 26, Again: 2, Disturbed: 2}); w.Turns != want || n != 28 {
			t.Errorf("%+v after %d turns, want %+v after 28", w.Turns, n, want)
		}
	})
}

// TestDisturbedOnce has a turn in which others take a share of all cores, and quiet
// ones behind it.
func TestDisturbedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, c := range []struct {
			share float64
			want  Turns
		}{{0.9 * mostTaken, Turns{Counted: 1}}, {1.1 * mostTaken, Turns{Counted: 1, Again: 1}}} {
			others, share := time.Duration(0), c.share
			w := watch{others: func() time.Duration { return others }, counted: time.Hour}
			_, err := w.take(func() error { return nil }, func() (Usage, error) {
				time.Sleep(time.Second)
				others += time.Duration(share * float64(runtime.NumCPU()) * float64(time.Second))
				share = 0
				return Usage{}, nil
			})
			if err != nil || w.Turns != c.want {
				t.Errorf("a share of %.2f: %+v, want %+v; %v", c.share, w.Turns, c.want, err)
			}
		}
		w := watch{others: quiet}
		if _, err := w.take(func() error { return errors.New("warm") }, nil); err == nil {
			t.Error("what goes before may fail")
		}
	})
}
