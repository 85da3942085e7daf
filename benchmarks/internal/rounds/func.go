package rounds

import (
	"context"
	"runtime"
	"time"

	"github.com/stokerdata/stoker/internal/cputime"
)

// Func returns an entry that runs in this process. open gets it ready.
func Func(name, about string, open func() (*Work, error)) Entry {
	return Entry{Name: name, About: about, Open: func(context.Context) (*Contender, error) {
		w, err := open()
		if err != nil {
			return nil, err
		}
		return &Contender{Version: w.Version, Run: func(_ context.Context, part, parts int) (Usage, error) {
			u, err := measure(part, parts, w.Run)
			if err == nil && w.Took != nil {
				t := w.Took()
				u.Wall, u.CPU = t.Wall, t.CPU
			}
			return u, err
		}, Peak: PeakOfSelf}, nil
	}}
}

// measure runs a part of some work. Garbage of whoever ran before is collected
// at the expense of nobody; its own is on its account.
func measure(part, parts int, work func(part, parts int) (int, error)) (u Usage, err error) {
	runtime.GC()
	began, cpu := time.Now(), cputime.Now()
	u.Items, err = work(part, parts)
	u.CPU, u.Wall = cputime.Now()-cpu, time.Since(began)
	return u, err
}

// Checked returns e with a check of what it makes.
func Checked(e Entry, check func(ctx context.Context) (note string, err error)) Entry {
	open := e.Open
	e.Open = func(ctx context.Context) (*Contender, error) {
		c, err := open(ctx)
		if err == nil {
			c.Check = check
		}
		return c, err
	}
	return e
}

// Part returns the items [lo, hi) of n that belong to a part.
func Part(n, part, parts int) (lo, hi int) { return n * part / parts, n * (part + 1) / parts }
