package loadertest

import (
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// parallel calls do for 0 to n-1 at once and waits.
func parallel(n int, do func(i int)) {
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { do(i) })
	}
	wg.Wait()
}

// goroutines returns the stacks of all goroutines, by their number.
func goroutines() map[string]string {
	buf := make([]byte, 1<<20)
	buf = buf[:runtime.Stack(buf, true)]
	all := map[string]string{}
	for g := range strings.SplitSeq(string(buf), "\n\n") {
		if id, stack, ok := strings.Cut(strings.TrimPrefix(g, "goroutine "), " "); ok {
			all[id] = stack
		}
	}
	return all
}

// settle waits for the goroutines to end that were not there before.
func settle(t testing.TB, before map[string]string) {
	t.Helper()
	end := time.Now().Add(patience)
	for wait := time.Millisecond; ; wait *= 2 {
		left := ""
		for id, stack := range goroutines() {
			if before[id] == "" {
				left = stack
			}
		}
		if left == "" {
			return
		}
		if time.Now().After(end) {
			t.Errorf("a goroutine is left behind: %s", left)
			return
		}
		time.Sleep(wait)
	}
}
