package loader

import (
	"context"
	"fmt"
	"time"
)

// patience is how long the stream waits for a kept batch to be released when
// nothing else can go on.
const patience = 10 * time.Second

// await returns the next step to be delivered, or nil at the end of the stream,
// with an error if it is a premature one.
func (e *engine) await() (*step, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	began := time.Now()
	defer func() { e.stats.starved += time.Since(began) }()
	for {
		if e.stop || e.ctx.Err() != nil { // a cancelled read makes its rows look damaged
			if err := context.Cause(e.ctx); err != nil && !e.l.isClosed() {
				return nil, err
			}
			return nil, errClosed
		}
		s, done := e.nextReady()
		if done {
			return nil, nil
		}
		if s != nil {
			return s, e.judge(s)
		}
		if e.starvedByKeeps() {
			if time.Since(later(began, e.l.lastKeep())) >= patience {
				return nil, fmt.Errorf("loader: kept batches take all memory (%d are, MaxKept is %d), and none was released for %v", e.l.keptCount(), e.l.cfg.MaxKept, patience)
			}
			e.deadline = time.AfterFunc(patience, e.wakeConsumer)
		}
		e.offer()
		e.out.Wait()
		if e.deadline != nil {
			e.deadline.Stop()
			e.deadline = nil
		}
		e.refill()
		e.extend()
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func (e *engine) wakeConsumer() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.out.Broadcast()
}

// nextReady returns a step to deliver, if one is ready. The caller holds mu.
func (e *engine) nextReady() (s *step, done bool) {
	if e.regroup != nil {
		return e.regroup.nextReady()
	}
	for e.advance() {
		e.extend() // there may be others that were delivered before a resume
	}
	if e.ended && e.head == e.planned {
		return nil, true
	}
	for seq := e.head; seq < e.active; seq++ {
		if s := e.step(seq); s.ready && !s.delivered {
			return s, false
		}
		if !e.l.cfg.AsReady {
			break
		}
	}
	return nil, false
}

// advance moves head over the steps that were delivered, which makes room to plan
// others, and reports whether there were any.
func (e *engine) advance() (moved bool) {
	for e.head < e.active && e.step(e.head).delivered && e.step(e.head).buf == nil {
		e.head++
		moved = true
	}
	e.wakePlanner(false)
	return moved
}

// starvedByKeeps reports whether only the release of a kept batch helps.
func (e *engine) starvedByKeeps() bool {
	if e.regroup != nil {
		return len(e.regroup.free) == 0 && len(e.regroup.outs) == 0 && e.l.keptCount() > 0
	}
	return len(e.free) == 0 && e.active == e.head && e.l.keptCount() > 0
}

// judge applies the error policy to a step that is about to be delivered: the
// budget counts in the order of delivery. The caller holds mu.
func (e *engine) judge(s *step) error {
	e.countSkipped(s)
	over := e.l.cfg.OnError.action != stop && len(s.errs) > 0 && e.stats.skippedTotal > e.l.cfg.OnError.budget
	switch {
	case s.fatal != nil:
		return s.fatal.err
	case over:
		last := s.errs[len(s.errs)-1].err
		return fmt.Errorf("loader: more than %d damaged samples: %w", e.l.cfg.OnError.budget, last)
	}
	return nil
}

// maxLedger is how many skipped samples Stats lists.
const maxLedger = 1000

func (e *engine) countSkipped(s *step) {
	sortRowErrors(s.errs)
	for _, r := range s.errs {
		e.stats.skippedTotal++
		e.stats.skipped = append(e.stats.skipped, r.err)
	}
	if n := len(e.stats.skipped); n > maxLedger {
		e.stats.skipped = append(e.stats.skipped[:0], e.stats.skipped[n-maxLedger:]...)
	}
}

// deliver completes the batch of s.
func (e *engine) deliver(s *step) {
	e.mu.Lock()
	defer e.mu.Unlock()
	s.delivered = true
	e.l.handOut(s.buf)
	b := &s.buf.batch
	b.Epoch, b.Step = s.epoch, s.number
	e.stats.batches++
	e.stats.samples += int64(b.n)
	b.state = State{
		Version: stateVersion, Seed: e.l.cfg.Seed, Fingerprint: e.l.print, Skipped: e.stats.skippedTotal,
		Batch: e.l.cfg.BatchSize * e.l.cfg.World,
	}
	switch {
	case e.regroup != nil:
		st := &s.state
		b.state.Rank, b.state.World = e.l.cfg.Rank, e.l.cfg.World
		b.state.Epoch, b.state.Position, b.state.Step = st.Epoch, st.Position, st.Step
		b.state.Into, b.state.Held = st.Into, st.Held
	case e.l.cfg.AsReady:
		e.positionAhead(&b.state)
	default:
		b.state.Epoch, b.state.Position, b.state.Step = s.after()
	}
}

// after returns the position behind s.
func (p *place) after() (epoch, position, number int64) {
	if p.last {
		return p.epoch + 1, 0, 0
	}
	return p.epoch, p.next, p.number + 1
}

// positionAhead sets the position to the first step that was not delivered, and
// lists those behind it that were.
func (e *engine) positionAhead(st *State) {
	first := e.head
	for first < e.active && e.step(first).delivered {
		first++
	}
	if first == e.active {
		st.Epoch, st.Position, st.Step = e.step(first - 1).after()
	} else {
		s := e.step(first)
		st.Epoch, st.Position, st.Step = s.epoch, s.start, s.number
	}
	for seq := first; seq < e.active; seq++ {
		if e.step(seq).delivered {
			st.Ahead = append(st.Ahead, seq-first)
		}
	}
	for _, seq := range e.walk.ahead { // those that are not even planned
		if seq >= e.active {
			st.Ahead = append(st.Ahead, seq-first)
		}
	}
}
