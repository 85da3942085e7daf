package loader

import (
	"slices"
	"time"
)

// Keep makes b outlive the loop body: it is valid until Release. Config.MaxKept
// batches can be kept beside those that are built ahead, more take memory from
// these; the stream waits for a Release when there is none left, and fails if
// none comes for ten seconds. Keep panics outside the loop body that got b.
//
//	for b, err := range ld.All(ctx) {
//		...
//		kept := b.Keep()
//		g.Go(func() error {
//			defer kept.Release()
//			return send(kept)
//		})
//	}
func (b *Batch) Keep() *Batch {
	l := b.buf.owner
	l.mu.Lock()
	defer l.mu.Unlock()
	if !b.buf.kept && !b.buf.inBody {
		panic("loader: Keep of a batch outside the loop body that got it")
	}
	if !b.buf.kept {
		b.buf.kept = true
		l.kept++
		l.keptAt = time.Now()
	}
	return b
}

// Release gives a kept batch back, from any goroutine. It panics if b is not
// kept: whoever keeps a batch releases it, once.
func (b *Batch) Release() {
	l := b.buf.owner
	l.mu.Lock()
	if !b.buf.kept {
		l.mu.Unlock()
		panic("loader: Release of a batch that is not kept")
	}
	b.buf.kept = false
	l.kept--
	l.keptAt = time.Now()
	inBody := b.buf.inBody
	if !inBody {
		b.buf.poison()
		l.spare = append(l.spare, b.buf)
	}
	e := l.run
	l.mu.Unlock()
	if e != nil && !inBody {
		e.wakeConsumer()
	}
}

// handOut notes that u goes to the loop body.
func (l *Loader) handOut(u *buffer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	u.inBody = true
}

// wasKept notes that the loop body has left u and reports whether u is kept. A
// batch that was released in the body it was kept in goes back at once.
func (l *Loader) wasKept(u *buffer) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	u.inBody = false
	return u.kept
}

func (l *Loader) keptCount() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.kept
}

func (l *Loader) lastKeep() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.keptAt
}

func (l *Loader) isClosed() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.closed
}

// takeBuffers returns the memory for the batches ahead.
func (l *Loader) takeBuffers() []*buffer {
	l.mu.Lock()
	defer l.mu.Unlock()
	var taken []*buffer
	for len(taken) < l.cfg.Prefetch {
		u := l.spareBuffer()
		if u == nil {
			break
		}
		taken = append(taken, u)
	}
	return taken
}

// spareBuffer returns memory that is not in use, made anew if the number of
// batches allows, or nil. The caller holds mu.
func (l *Loader) spareBuffer() *buffer {
	if n := len(l.spare); n > 0 {
		u := l.spare[n-1]
		l.spare = l.spare[:n-1]
		return u
	}
	if l.made >= l.cfg.Prefetch+l.cfg.MaxKept {
		return nil
	}
	l.made++
	u := newBuffer(l.pipe.layout, l.cfg.Alloc)
	u.owner = l
	return u
}

// giveBuffers takes the memory of a run back.
func (l *Loader) giveBuffers(u []*buffer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.spare = append(l.spare, u...)
}

// forget gives up the memory of a run whose goroutines did not all end.
func (l *Loader) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.made = len(l.spare) + l.kept
}

// takeFeeds returns the memory for the rows that a regrouping stage draws from.
func (l *Loader) takeFeeds() []*buffer {
	l.mu.Lock()
	defer l.mu.Unlock()
	feeds := l.feeds
	l.feeds = nil
	for len(feeds) < l.cfg.Prefetch {
		feeds = append(feeds, newBuffer(l.pipe.feed(), newBytes))
	}
	return feeds
}

func (l *Loader) giveFeeds(u []*buffer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.feeds = u
}

// furnish gives s its buffer when w is about to write the first row, or a reader if w
// is nil: of those that w wrote the one that came back last, as the cache of its core
// may still hold it, or else of all. The caller holds mu.
func (e *engine) furnish(w *Worker, s *step) {
	if s.buf != nil {
		return
	}
	e.bare--
	k := len(e.free) - 1
	for k > 0 && e.free[k].by != w {
		k--
	}
	if e.free[k].by != w {
		k = len(e.free) - 1
	}
	s.buf = e.free[k]
	e.free = slices.Delete(e.free, k, k+1)
	s.buf.by = w
	s.buf.reset()
	s.buf.batch.resize(s.n)
}

// refill makes up for buffers that are kept. The caller holds e.mu.
func (e *engine) refill() {
	e.l.mu.Lock()
	defer e.l.mu.Unlock()
	free, inUse := &e.free, 0
	for seq := e.head; seq < e.active; seq++ {
		if e.step(seq).buf != nil {
			inUse++
		}
	}
	if e.regroup != nil {
		free, inUse = &e.regroup.free, len(e.regroup.outs)
	}
	for want := e.l.cfg.Prefetch - inUse - len(*free); want > 0; want-- {
		u := e.l.spareBuffer()
		if u == nil {
			return
		}
		*free = append(*free, u)
		if e.regroup != nil { // elsewhere extend tells what it is for
			e.work.Signal()
		}
	}
}
