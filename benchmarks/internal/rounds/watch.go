package rounds

import (
	"runtime"
	"time"
)

// Turns counts the turns of a match, and those in which other programs, or other
// machines beside a virtual one, took more than a part of the CPU time there was.
type Turns struct {
	Counted   int `json:"counted"`
	Again     int `json:"again"`     // that were disturbed and measured anew instead
	Disturbed int `json:"disturbed"` // that were disturbed and count all the same
}

// What others may take of a turn: a part of the CPU time there was, and as much as
// the kernel, which counts in hundredths of a second, can miss.
const (
	mostTaken = 0.1
	leastSeen = 50 * time.Millisecond
)

// anew is how much of the time of turns that count is spent on measuring turns anew
// at most: a machine that is never quiet is not worth more of it.
const anew = 0.1

// watch measures turns.
type watch struct {
	Turns
	others         func() time.Duration // CPU time so far
	counted, again time.Duration        // time on the wall of turns
}

// take measures a turn, and once more if it was disturbed and there is time for it.
// Before goes ahead of it.
func (w *watch) take(before func() error, run func() (Usage, error)) (Usage, error) {
	for {
		if err := before(); err != nil {
			return Usage{}, err
		}
		began, others := time.Now(), w.others()
		u, err := run()
		took, others := time.Since(began), w.others()-others
		disturbed := others > max(leastSeen, time.Duration(mostTaken*float64(took)*float64(runtime.NumCPU())))
		if disturbed && err == nil && float64(w.again+took) <= anew*float64(w.counted) {
			w.again += took
			w.Again++
			continue
		}
		w.counted += took
		w.Counted++
		if disturbed {
			w.Disturbed++
		}
		return u, err
	}
}
