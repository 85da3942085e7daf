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
			if s, u := e.nextUnit(); u != nil {
				e.claimUnit(nil, s, u)
				e.readUnit(s, u)
				e.unitRead(s)
				continue
			}
		} else if b := e.cache.claimRead(); b != nil {
			e.readBlock(b)
			continue
		}
		e.reads.Wait()
	}
}

// nextUnit returns the first unit that is not read, if readers are to read and there
// is room for it.
func (e *engine) nextUnit() (*step, *unit) {
	if e.toRead == 0 || e.swift() {
		return nil, nil
	}
	for seq := e.head; seq < e.active; seq++ {
		s := e.step(seq)
		for i := range s.units {
			u := &s.units[i]
			if u.state != unread || s.delivered {
				continue
			}
			if !e.fits(s, u) {
				return nil, nil
			}
			return s, u
		}
	}
	return nil, nil
}

// fits reports whether there is room for u, and notes if there is not: the batch that
// is next in line always finds room, and what is read into batches needs no more.
func (e *engine) fits(s *step, u *unit) bool {
	if s.seq == e.head || e.l.inPlace != nil || e.unread+e.bytesOf(u) <= e.l.readBudget {
		return true
	}
	e.cramped = true
	return false
}

// bytesOf returns what is read for u.
func (e *engine) bytesOf(u *unit) int64 { return int64(u.hi-u.lo) * e.l.rowBytes }

// claimUnit has w read u, or a reader if w is nil.
func (e *engine) claimUnit(w *Worker, s *step, u *unit) {
	if e.l.inPlace != nil {
		e.furnish(w, s)
	}
	e.unread += e.bytesOf(u)
	e.toRead--
	u.state = reading
}

// readUnit opens the rows of u and returns how long that took. The caller holds mu,
// which is let go meanwhile.
func (e *engine) readUnit(s *step, u *unit) time.Duration {
	var rows Rows
	var err error
	start := time.Now()
	e.unlocked(func() { rows, err = e.openUnit(s, u) })
	took := time.Since(start)
	u.rows, u.err, u.state = rows, err, read
	s.left--
	e.stats.reading += took
	e.stats.bytes += e.bytesOf(u)
	e.readTook(took, e.bytesOf(u))
	return took
}

// readForItself is how a worker reads u. The caller holds mu.
func (e *engine) readForItself(s *step, u *unit) {
	took := e.readUnit(s, u)
	e.stats.waiting += took
	s.took += took
	e.learn(s.took, false)
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
	e.work.Signal()
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

// decode decodes a part of b. The caller holds mu, which is let go meanwhile.
func (e *engine) decode(w *Worker, b *block, part int) {
	var err error
	e.unlocked(func() {
		start := time.Now()
		w.stage, w.used = 0, 0
		err = b.decoder.Decode(w, part)
		w.times[len(w.times)-1].ns += int64(time.Since(start))
	})
	if !b.partDone(part, err) {
		return
	}
	if b.failed {
		e.unlocked(func() { e.replaceBlock(w, b) })
	}
	b.ready()
	e.work.Signal()
}

// openNow is how a worker opens and decodes block i on the spot, or what stands in for it.
func (e *engine) openNow(w *Worker, i int) *block {
	b := &block{index: i, actual: i}
	b.rows = e.openOrStandIn(b)
	if err := decodeAll(w, b.rows); err != nil {
		b.err, b.failed = err, true
		e.replaceBlock(w, b)
	}
	return b
}

// openBlock is openNow without anything to stand in.
func (e *engine) openBlock(w *Worker, i int) (*block, error) {
	rows, err := e.l.src.Open(e.ctx, i)
	if err != nil {
		return nil, err
	}
	if err := decodeAll(w, rows); err != nil {
		rows.Close()
		return nil, err
	}
	return &block{index: i, actual: i, rows: rows, state: decoded}, nil
}

// decodeAll decodes a block, if it needs that.
func decodeAll(w *Worker, rows Rows) error {
	d, ok := rows.(Decoder)
	for part := 0; ok && part < d.Parts(); part++ {
		if err := d.Decode(w, part); err != nil {
			return err
		}
	}
	return nil
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
