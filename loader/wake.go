package loader

import "time"

// To wake somebody up costs time on two cores, and he may have nothing to do and finds
// memory in another core's cache. Hence one is woken at a time, who wakes up the next,
// and only for work that takes longer than that.
const (
	announceTime = time.Millisecond      // some twenty times what it costs to wake up a core of a virtual machine
	turnTime     = 20 * time.Microsecond // likewise to let another one go first
)

// learn notes that the rows of a batch took so long, at least, unless it is complete.
// The caller holds mu.
func (e *engine) learn(took time.Duration, complete bool) {
	switch {
	case complete && e.pace > 0:
		e.pace += (took - e.pace) / 8
	case complete || e.pace > 0:
		e.pace = max(e.pace, took)
	}
}

// took returns in which time so many workers make so many batches.
func (e *engine) took(batches, workers int) time.Duration {
	return e.pace * time.Duration(batches) / time.Duration(max(1, workers))
}

// enough reports whether it pays to wake somebody up for so many batches. Where
// they are quick to make, whoever is woken should find several; until then he is
// woken by whoever finds nothing to do. The caller holds mu.
func (e *engine) enough(batches int) bool {
	return e.regroup != nil || e.took(batches, e.l.cfg.Workers) >= announceTime || batches >= (e.l.cfg.Prefetch+1)/2
}

// announce wakes the consumer up if enough batches are ready, or at once where
// every processor has a worker at work: then no other needs to be started, and
// the caller is to let the consumer go first. The caller holds mu.
func (e *engine) announce() (first bool) {
	first = e.resting == 0 && e.l.cfg.Workers >= e.procs && e.took(1, e.l.cfg.Workers) >= turnTime
	if e.unseen++; first || e.enough(e.unseen) {
		e.wake()
	}
	return first
}

// wake wakes the consumer up. The caller holds mu.
func (e *engine) wake() {
	e.unseen = 0
	e.out.Broadcast()
}

// offer wakes a worker up if steps got a buffer that none was told of. The caller
// holds mu.
func (e *engine) offer() {
	if e.unclaimed > 0 {
		e.unclaimed = 0
		e.work.Signal()
	}
}

// share wakes another worker up if there is enough for one more. The caller holds mu.
func (e *engine) share() {
	if e.resting == 0 {
		return
	}
	if e.regroup != nil || e.cache != nil && len(e.cache.parts) > 0 {
		e.work.Signal()
		return
	}
	batches := 0
	for seq := e.head; seq < e.active; seq++ {
		if _, ok := e.claimable(e.step(seq)); ok {
			batches++
		}
	}
	if batches > 0 && (e.pace == 0 || e.took(batches, e.l.cfg.Workers-e.resting) >= announceTime) {
		e.work.Signal()
	}
}

// built tells of n steps that got a buffer and of their units. The caller holds mu.
func (e *engine) built(n, units int) {
	if e.toRead += units; units > 0 && !e.swift() {
		e.callReaders(units)
		return
	}
	if e.unclaimed += n; e.enough(e.unclaimed) {
		e.offer()
	}
}

// unitRead tells of a unit of s that a reader has read: as soon as it is worth a
// worker's while, at the latest when all are. The caller holds mu.
func (e *engine) unitRead(s *step) {
	if e.swift() || s.left == 0 || e.pace == 0 || e.took(1, len(s.units)) >= turnTime {
		e.work.Signal()
	}
}

// room tells those who read that there is room for more. The caller holds mu.
func (e *engine) room() {
	switch {
	case !e.cramped:
	case e.swift():
		e.work.Signal()
	default:
		e.callReaders(e.toRead)
	}
	e.cramped = false
}

// callReaders wakes up readers for so many units. The caller holds mu.
func (e *engine) callReaders(units int) {
	for range min(units, e.l.cfg.Readers) {
		e.reads.Signal()
	}
}

// wakePlanner wakes the planner up: if it waits for a block to be let go, once one is
// or must be, or else if a quarter of the ring may be planned. The caller holds mu.
func (e *engine) wakePlanner(letGo bool) {
	room := e.planned-e.head <= int64(len(e.steps))*3/4
	if e.crowded {
		room = letGo || e.planned == e.head
	}
	if room {
		e.plans.Signal()
	}
}

const (
	swiftRead = 20 * time.Microsecond // for a unit, and
	swiftRate = 2                     // bytes a nanosecond, of
	swiftMost = 1 << 20               // at most: what takes longer is worth a reader
)

// swift reports whether reads do not wait, as they find all in memory: then workers
// read for themselves, and readers rest. The caller holds mu.
func (e *engine) swift() bool { return 0 < e.lag && e.lag < 1 }

// readTook notes how long it took to read so many bytes. The caller holds mu.
func (e *engine) readTook(took time.Duration, bytes int64) {
	was := e.swift()
	lag := float64(took) / float64(int64(swiftRead)+min(bytes, swiftMost)/swiftRate)
	if e.lag == 0 {
		e.lag = lag
	}
	e.lag += (lag - e.lag) / 8
	switch {
	case was && !e.swift():
		e.callReaders(e.toRead)
	case !was && e.swift():
		e.work.Signal()
	}
}
