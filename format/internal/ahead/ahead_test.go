package ahead

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stokerdata/stoker/shard"
)

// TestEach compares each with a loop: the same calls of use, the same error, and nothing
// still running when it returns, whichever elements are slow or fail.
func TestEach(t *testing.T) {
	for _, n := range []int{0, 1, 2, most - 1, most, most + 1, 10 * most} {
		for _, bad := range []int{-1, 0, n / 2, n - 1} {
			for _, where := range []string{"get", "use"} {
				var running atomic.Int32
				used := 0
				at, err := each(n, func(i int) (string, error) {
					running.Add(1)
					defer running.Add(-1)
					if i%7 == 3 {
						time.Sleep(time.Millisecond)
					}
					if where == "get" && i >= bad && bad >= 0 {
						return "", fmt.Errorf("bad %d", i)
					}
					return fmt.Sprint(i), nil
				}, func(i int, s string) error {
					if i != used || s != fmt.Sprint(i) {
						t.Errorf("n %d: element %d is %q, want %d", n, i, s, used)
					}
					if used++; where == "use" && i == bad {
						return fmt.Errorf("bad %d", i)
					}
					return nil
				})
				want := error(nil)
				if bad >= 0 && bad < n {
					want = fmt.Errorf("bad %d", bad)
				}
				if fmt.Sprint(err) != fmt.Sprint(want) {
					t.Errorf("n %d, %s: error %v, want %v", n, where, err, want)
				}
				if err != nil && at != bad {
					t.Errorf("n %d, %s: the error of element %d, want that of %d", n, where, at, bad)
				}
				if k := running.Load(); k != 0 {
					t.Errorf("n %d: %d still run", n, k)
				}
				if want == nil && used != n || where == "get" && want != nil && used != bad {
					t.Errorf("n %d, %s: %d were used, and %d is bad", n, where, used, bad)
				}
			}
		}
	}
}

// TestTogether checks that elements are got together: each waits for another.
func TestTogether(t *testing.T) {
	var here atomic.Int32
	all := make(chan struct{})
	_, err := each(most, func(int) (int, error) {
		if here.Add(1) == most {
			close(all)
		}
		select {
		case <-all:
			return 0, nil
		case <-time.After(10 * time.Second):
			return 0, errors.New("alone")
		}
	}, func(int, int) error { return nil })
	if err != nil {
		t.Error(err)
	}
}

// TestFiles checks that an error names the file.
func TestFiles(t *testing.T) {
	set := shard.Set{{Path: "a"}, {Path: "b"}}
	err := Files(set, func(i int) (int, error) { return i, nil }, func(i, k int) error {
		if i == 1 {
			return errors.New("is bad")
		}
		return nil
	})
	if err == nil || err.Error() != "b: is bad" {
		t.Errorf("error %v", err)
	}
}
