package loader

import (
	"context"
	"runtime"
	"sync"
	"time"
)

// engine is one run of a Loader: readers open what is planned, workers fill
// the steps, the consumer takes them in order. One mutex guards the fields of
// the engine, its steps and blocks; it is never held during I/O, decoding or a
// transform. Hand-overs are per chunk of rows.
type engine struct {
	l      *Loader
	p      *pipeline
	ctx    context.Context // of reads
	cancel context.CancelFunc

	mu    sync.Mutex
	work  sync.Cond // workers wait for a task
	reads sync.Cond // readers wait for something to read
	plans sync.Cond // the planner waits for room
	out   sync.Cond // the consumer waits for a batch, shutdown for goroutines

	stop    bool
	running int // goroutines
	resting int // workers that wait for a task
	procs   int // on which goroutines run

	// steps is a ring. Those from head to active are being built, for each of which
	// there is a buffer; those from active to planned only know their rows.
	steps                 []*step
	head, active, planned int64
	crowded               bool // the planner waits for room for a block
	cramped               bool // there was no room for a unit
	ended                 bool // nothing is planned behind planned
	walk                  walker
	free                  []*buffer
	bare                  int // steps from head to active that wait for one of free
	chunk                 chunker
	pace                  time.Duration // what a worker takes for the rows of a batch, of late
	unseen                int           // batches that got ready since the consumer was woken up
	unclaimed             int           // steps that got a buffer since a worker was woken up
	largest               int64         // bytes that varying fields take in a batch, of late

	cache   *blockCache // sources read in blocks
	regroup *regrouper  // pipelines that move rows between batches
	unread  int64       // bytes of units that are read and not used up
	toRead  int         // units of steps from head to active that nobody has begun to read
	lag     float64     // what reads take, in what they take if they do not wait, of late

	stats    counters
	deadline *time.Timer
}

// counters are the running totals behind Stats.
type counters struct {
	start, end                time.Time
	samples, batches, bytes   int64
	starved, trained          time.Duration
	blocked, waiting, reading time.Duration
	stages                    []stageTime
	skipped                   []*SampleError
	skippedTotal              int64
	stuck                     int
}

// access is how the source is read.
type access uint8

const (
	inline access = iota // random, without I/O: workers open what they need
	random               // random, with I/O: readers open units of rows
	blocks               // whole blocks, shared by many steps
)

// String says how rows are read.
func (a access) String() string {
	return [...]string{"opened by workers", "read by rows", "read by blocks"}[a]
}

func newEngine(l *Loader, ctx context.Context) *engine {
	e := &engine{l: l, p: l.pipe, procs: runtime.GOMAXPROCS(0)}
	e.ctx, e.cancel = context.WithCancel(ctx)
	for _, c := range []*sync.Cond{&e.work, &e.reads, &e.plans, &e.out} {
		c.L = &e.mu
	}
	e.steps = make([]*step, l.ring)
	for i := range e.steps {
		e.steps[i] = &step{}
	}
	e.walk = l.begin()
	e.stats.start = time.Now()
	e.stats.stages = make([]stageTime, len(e.p.row)+len(e.p.batch)+2)
	e.stats.skippedTotal = l.from.Skipped
	e.chunk.rows = 1
	if e.p.regroups() {
		e.regroup = newRegrouper(e)
	}
	if l.access == blocks {
		e.cache = newBlockCache(l, &e.walk)
	}
	return e
}

// start starts the goroutines; shutdown joins them.
func (e *engine) start() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.regroup != nil {
		e.free, e.regroup.free = e.l.takeFeeds(), e.l.takeBuffers()
	} else {
		e.free = e.l.takeBuffers()
	}
	e.running = e.l.cfg.Workers
	for range e.l.cfg.Workers {
		go e.runWorker()
	}
	if e.l.access != inline {
		e.running += e.l.cfg.Readers
		for range e.l.cfg.Readers {
			go e.runReader()
		}
	}
	if e.l.access == blocks {
		e.running++
		go e.runPlanner()
	}
	e.extend()
}

// grace is how long shutdown waits for a goroutine that is inside a read or a
// transform.
const grace = 40 * time.Millisecond

// shutdown ends the run and joins its goroutines. Those that hang in a read or a
// transform are given up after a grace period, with all memory they may write.
func (e *engine) shutdown() {
	e.cancel()
	e.halt()
	e.mu.Lock()
	defer e.mu.Unlock()
	late := time.AfterFunc(grace, func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.stats.stuck = e.running
		e.out.Broadcast()
	})
	defer late.Stop()
	for e.running > 0 && e.stats.stuck == 0 {
		e.out.Wait()
	}
	if e.stats.end.IsZero() {
		e.stats.end = time.Now()
	}
	if e.stats.stuck == 0 {
		e.closeRows()
	}
}

// closeRows closes all that is open. Batches no longer need it, as what they
// hold was copied when they were compacted.
func (e *engine) closeRows() {
	for _, s := range e.steps {
		s.close()
	}
	if e.cache != nil {
		e.cache.closeAll()
	}
}

// halt makes all goroutines end soon.
func (e *engine) halt() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.stop = true
	for _, c := range []*sync.Cond{&e.work, &e.reads, &e.plans, &e.out} {
		c.Broadcast()
	}
}

// ends notes that the calling goroutine ends. The last of those that shutdown gave
// up closes what they left open. The caller holds mu.
func (e *engine) ends() {
	if e.running--; e.running > 0 {
		return
	}
	if e.stats.stuck > 0 {
		e.closeRows()
	}
	e.out.Broadcast()
}

// reclaim gives all memory back, once every goroutine has ended. The batch of a loop
// body that panicked may be kept.
func (e *engine) reclaim() {
	if e.stats.stuck > 0 {
		e.l.forget() // somebody may still write to it
		return
	}
	for _, s := range e.steps {
		if s.buf != nil && !e.l.wasKept(s.buf) {
			e.free = append(e.free, s.buf)
		}
		s.buf = nil
	}
	for _, u := range e.free {
		u.by = nil
	}
	if e.regroup != nil {
		e.l.giveFeeds(e.free)
		e.free = e.regroup.reclaim()
	}
	e.l.giveBuffers(e.free)
	e.free = nil
}

// unlocked runs f without the mutex that the caller holds, and takes it again
// even if f panics, so that the panic is what is seen.
func (e *engine) unlocked(f func()) {
	e.mu.Unlock()
	defer e.mu.Lock()
	f()
}

func (e *engine) step(seq int64) *step { return e.steps[seq%int64(len(e.steps))] }

// extend plans steps and has as many built as there are buffers for. The caller
// holds mu. For sources read in blocks the planner plans.
func (e *engine) extend() {
	if e.l.access != blocks {
		for !e.ended && e.planned < e.head+int64(len(e.steps)) {
			if !e.plan(e.step(e.planned)) {
				break
			}
		}
	}
	from, units := e.active, 0
	for e.active < e.planned {
		if s := e.step(e.active); !s.delivered { // before a resume
			if len(e.free) == e.bare || e.active > e.head && e.overBudget() {
				break
			}
			e.bare++
			units += len(s.units)
		}
		e.active++
	}
	if e.active > from {
		e.built(int(e.active-from), units)
	}
}

// overBudget reports whether one batch more would, if it is like the largest of
// late, take more memory for varying fields than is left for them. As many
// steps are built ahead as are complete, at most, so that there is something
// to learn from. Memory that is not in use is given up. The caller holds mu.
func (e *engine) overBudget() bool {
	if !e.l.varies {
		return false
	}
	ahead := e.active - e.head
	if (ahead+1)*e.largest <= e.l.growth {
		return ahead > e.head
	}
	for _, u := range e.free {
		u.shrink()
	}
	return true
}

// sized learns from a batch that was delivered how large they are. The caller
// holds mu.
func (e *engine) sized(u *buffer) {
	if e.l.varies {
		e.largest = max(u.grown(), e.largest*15/16)
	}
}

// plan makes s the next step of the stream. The caller holds mu.
func (e *engine) plan(s *step) bool {
	p, ok := e.walk.next()
	if !ok {
		e.ended = true
		e.out.Broadcast()
		e.work.Broadcast()
		return false
	}
	s.reset(p, e.l.cfg.BatchSize)
	switch {
	case e.walk.wasDelivered(p.seq):
		s.delivered, s.ready = true, true
	case e.l.access == random:
		s.list()
		s.cut(e.l.unitRows)
	case e.l.access == inline:
		s.list()
	}
	e.planned++
	return true
}

// task is a piece of work for a worker.
type task struct {
	kind   taskKind
	s      *step
	u      *unit
	lo, hi int // items of the step or unit
	b      *block
	part   int
}

type taskKind uint8

const (
	noTask taskKind = iota
	readTask
	fillTask
	decodeTask
	regroupTask
	batchTask
)

// runWorker is a worker.
func (e *engine) runWorker() {
	w := newWorker(e.p.rows, e.p.last, len(e.stats.stages))
	e.mu.Lock()
	defer e.mu.Unlock()
	defer e.ends()
	for {
		t := e.claim(w)
		if e.stop {
			return
		}
		if t.kind == noTask {
			e.idle()
			continue
		}
		e.share()
		e.run(w, t)
		for i := range w.times {
			if i <= len(e.p.row) {
				w.times[i].items += w.through
			}
			e.stats.stages[i].add(&w.times[i])
		}
		w.through = 0
	}
}

// idle waits for work and accounts why there is none.
func (e *engine) idle() {
	now := time.Now()
	if e.unseen > 0 {
		e.wake()
	}
	full := e.active < e.head+int64(len(e.steps)) && len(e.free) == 0 && e.allClaimed()
	e.resting++
	e.work.Wait()
	e.resting--
	if d := time.Since(now); full {
		e.stats.blocked += d
	} else if e.l.access != inline {
		e.stats.waiting += d
	}
}

// allClaimed reports whether every row that has a buffer is in hand.
func (e *engine) allClaimed() bool {
	for seq := e.head; seq < e.active; seq++ {
		if s := e.step(seq); s.claimed < s.items {
			return false
		}
	}
	return true
}

// claim takes the most urgent task for w, if any. The caller holds mu.
func (e *engine) claim(w *Worker) task {
	if e.stop {
		return task{}
	}
	if e.regroup != nil {
		if t := e.regroup.claim(); t.kind != noTask {
			return t
		}
	}
	if e.cache != nil {
		if b, part := e.cache.claimPart(); b != nil {
			return task{kind: decodeTask, b: b, part: part}
		}
	}
	for seq := e.head; seq < e.active; seq++ {
		s := e.step(seq)
		u, ok := e.claimable(s)
		switch {
		case !ok:
			continue
		case u == nil:
			e.furnish(w, s)
			n := e.chunk.size(s.items - s.claimed)
			t := task{kind: fillTask, s: s, lo: s.claimed, hi: s.claimed + n}
			s.claimed += n
			return t
		case u.state == unread:
			e.claimUnit(w, s, u)
			return task{kind: readTask, s: s, u: u}
		}
		e.furnish(w, s)
		n := e.chunk.size(u.hi - u.lo - u.claimed)
		t := task{kind: fillTask, s: s, u: u, lo: u.lo + u.claimed, hi: u.lo + u.claimed + n}
		u.claimed, s.claimed = u.claimed+n, s.claimed+n
		return t
	}
	return task{}
}

// claimable reports whether there is something to do for s, in a unit if it has any.
func (e *engine) claimable(s *step) (u *unit, ok bool) {
	if s.claimed >= s.items || s.pending > 0 || s.delivered {
		return nil, false
	}
	for i := range s.units {
		u := &s.units[i]
		if u.state == read && u.claimed < u.hi-u.lo || u.state == unread && e.swift() && e.fits(s, u) {
			return u, true
		}
	}
	return nil, len(s.units) == 0
}

// run does t. The caller holds mu, which is let go while rows are read or made.
func (e *engine) run(w *Worker, t task) {
	switch t.kind {
	case readTask:
		e.readForItself(t.s, t.u)
	case fillTask:
		e.makeRows(w, t)
	case decodeTask:
		e.decode(w, t.b, t.part)
	case regroupTask:
		e.regroup.run(w)
	case batchTask:
		e.finish(w, t.s)
	}
}

// makeRows makes rows of a step, and goes on with it if they are the last.
func (e *engine) makeRows(w *Worker, t task) {
	s, start := t.s, time.Now()
	var took time.Duration
	e.unlocked(func() {
		e.fill(w, t)
		took = time.Since(start)
	})
	e.chunk.learn(took, t.hi-t.lo)
	s.done += t.hi - t.lo
	s.took += took
	complete := s.done == s.items
	e.learn(s.took, complete)
	switch {
	case !complete:
	case e.regroup != nil:
		s.ready = true
		e.work.Signal()
	default:
		e.unlocked(s.compact)
		e.closed(s)
		e.finish(w, s)
	}
}

// closed lets go of what was read for s, which is closed.
func (e *engine) closed(s *step) {
	switch e.l.access {
	case random:
		e.unread -= int64(s.n) * e.l.rowBytes
		e.room()
	case blocks:
		letGo := e.cache.unpin(s.blocks)
		s.blocks = s.blocks[:0]
		e.wakePlanner(letGo)
	}
}

// finish runs the batch stages and hands s to the consumer.
func (e *engine) finish(w *Worker, s *step) {
	if s.fatal == nil && s.buf.batch.n > 0 && len(e.p.batch) > 0 {
		e.unlocked(func() { e.batchStages(w, s) })
	}
	s.ready = true
	if e.announce() {
		e.unlocked(runtime.Gosched)
	}
}

func (e *engine) batchStages(w *Worker, s *step) {
	u := s.buf
	w.arena = &u.arena
	for k := range e.p.batch {
		st := &e.p.batch[k]
		u.stage, w.used = k, 0
		w.seed(e.stream(st, s.epoch), uint64(s.from))
		start := time.Now()
		err := st.Batch(w, &u.batch)
		if err == nil {
			err = u.replacedAll()
		}
		w.times[len(e.p.row)+1+k].all(u.batch.n, &u.batch, start)
		if err != nil {
			s.fail(0, asSampleError(err, SampleError{ID: -1, Stage: st.name}))
			return
		}
		u.batch.spec = st.Out
		u.batch.resize(u.batch.n)
	}
}
