// Package ahead opens the files of a set: it does what is slow for files that follow, as
// others wait for their turn.
//
//	err := ahead.Files(set, read, func(i int, footer []byte) error {
//		return add(set[i], footer)
//	})
//
// The footers of a thousand files are read in a sixteenth of the time, and what add does
// and which error is returned is the same as in a loop.
package ahead

import (
	"fmt"
	"sync"

	"github.com/stokerdata/stoker/shard"
)

// most is how many files are worked on at a time, which keeps a drive busy. Twice as many
// results may wait.
const most = 16

// Files calls get for each file of set, some at a time, and use with what it returned, one
// file after the other and in order. It returns the first error, that of the lowest
// number, with the path of the file, and calls nothing after that.
func Files[T any](set shard.Set, get func(i int) (T, error), use func(i int, t T) error) error {
	if i, err := each(len(set), get, use); err != nil {
		return fmt.Errorf("%s: %w", set[i].Path, err)
	}
	return nil
}

// each is Files of n files. It returns the number of the one that has the error.
func each[T any](n int, get func(i int) (T, error), use func(i int, t T) error) (int, error) {
	var got [most]chan result[T]
	stop, width := make(chan struct{}), min(n, most)
	var all sync.WaitGroup
	defer all.Wait()
	defer close(stop)
	for w := range width {
		got[w] = make(chan result[T], 1)
		all.Go(func() {
			for i := w; i < n; i += width {
				t, err := get(i)
				select {
				case got[w] <- result[T]{t, err}:
				case <-stop:
					return
				}
				if err != nil {
					return
				}
			}
		})
	}
	for i := range n {
		r := <-got[i%width]
		if r.err == nil {
			r.err = use(i, r.t)
		}
		if r.err != nil {
			return i, r.err
		}
	}
	return 0, nil
}

// result is what get returned.
type result[T any] struct {
	t   T
	err error
}
