package loader

import (
	"iter"
	"time"
)

// runReader is a reader: it opens the units or blocks that are needed first.
func (e *engine) runReader() {
	e.mu.Lock()
	defer e.mu.Unlock()
	defer e.ends()
	for !e.stop {
		if e.l.access == random {
			if s, u := e.claimUnit(); u != nil {
				e.readUnit(s, u)
				continue
			}
		} else if b := e.cache.claimRead(); b != nil {
			e.readBlock(b)
			continue
		}
		e.reads.Wait()
	}
}

// claimUnit returns the first unit that is not read, if there is room for it: the
// batch that is next in line always finds room, and what is read into batches needs
// no more.
func (e *engine) claimUnit() (*step, *unit) {
	for seq := e.head; seq < e.active; seq++ {
		s := e.step(seq)
		for i := range s.units {
			u := &s.units[i]
			if u.state != unread || s.delivered {
				continue
			}
			bytes := int64(u.hi-u.lo) * e.l.rowBytes
			if seq > e.head && e.l.inPlace == nil && e.unread+bytes > e.l.readBudget {
				return nil, nil
			}
			if e.l.inPlace != nil {
				e.furnish(nil, s)
			}
			e.unread += bytes
			u.state = reading
			return s, u
		}
	}
	return nil, nil
}

// readUnit opens the rows of u. The caller holds mu, which is let go meanwhile.
func (e *engine) readUnit(s *step, u *unit) {
	var rows Rows
	var err error
	start := time.Now()
	e.unlocked(func() { rows, err = e.openUnit(s, u) })
	took := time.Since(start)
	u.rows, u.err, u.state = rows, err, read
	e.stats.reading += took
	e.stats.bytes += int64(u.hi-u.lo) * e.l.rowBytes
	e.work.Signal()
}

// openUnit opens the rows of u, and reads into the batch what can be read there.
func (e *engine) openUnit(s *step, u *unit) (Rows, error) {
	if e.l.inPlace == nil {
		e.fillRefs(s, u.lo, u.hi)
		return e.l.random.OpenRows(e.ctx, s.refs[u.lo:u.hi])
	}
	c := &s.buf.batch.cols[e.l.placed]
	s.laidOut.Do(func() {
		e.fillRefs(s, 0, s.n)
		if c.row < 0 {
			e.l.inPlace.Sizes(s.refs, c.sizes())
			s.buf.joined.Add(c.layOut())
		}
	})
	return e.l.inPlace.OpenInto(e.ctx, s.refs[u.lo:u.hi], c.places(u.lo, u.hi))
}

// readBlock opens b. The caller holds mu, which is let go meanwhile.
func (e *engine) readBlock(b *block) {
	var rows Rows
	start := time.Now()
	e.unlocked(func() { rows = e.openOrStandIn(b) })
	e.stats.reading += time.Since(start)
	e.stats.bytes += e.l.blocks[b.actual].Bytes
	e.cache.opened(b, rows)
	if b.state == decoded {
		e.work.Broadcast()
	} else {
		e.work.Signal()
	}
}

// openOrStandIn opens b, or under Substitute the next block that opens. It sets
// b.err and b.actual.
func (e *engine) openOrStandIn(b *block) Rows {
	rows, err := e.l.src.Open(e.ctx, b.index)
	if err == nil {
		return rows
	}
	b.err = err
	for i := range e.standIns(b) {
		if rows, err = e.l.src.Open(e.ctx, i); err == nil {
			b.actual = i
			return rows
		}
	}
	return nil
}

// standIns lists the blocks that may stand in for b.
func (e *engine) standIns(b *block) iter.Seq[int] {
	return func(yield func(int) bool) {
		if e.l.cfg.OnError.action != substitute {
			return
		}
		for try := 1; try <= maxStandIns && e.ctx.Err() == nil; try++ {
			i := (b.index + try) % len(e.l.blocks)
			if e.l.blocks[i].Rows > 0 && !yield(i) {
				return
			}
		}
	}
}

// decode decodes a part of b.
func (e *engine) decode(w *Worker, b *block, part int) {
	start := time.Now()
	w.stage, w.used = 0, 0
	err := b.decoder.Decode(w, part)
	w.times[len(w.times)-1].ns += int64(time.Since(start))
	e.mu.Lock()
	defer e.mu.Unlock()
	if !b.partDone(part, err) {
		return
	}
	if b.failed {
		e.unlocked(func() { e.replaceBlock(w, b) })
	}
	b.ready()
	e.work.Broadcast()
}

// replaceBlock closes a block that does not decode and, under Substitute, puts
// the next one that does in its place.
func (e *engine) replaceBlock(w *Worker, b *block) {
	b.close()
	for i := range e.standIns(b) {
		if other, err := e.openBlock(w, i); err == nil {
			b.rows, b.actual = other.rows, i
			return
		}
	}
}
