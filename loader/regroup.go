package loader

import (
	"fmt"
	"slices"

	"github.com/stokerdata/stoker/loader/remainder"
)

// regrouper makes batches of rows that move: it takes the rows of the engine's
// steps in order, without those that were dropped, through the bins of a placer
// if there is a Regroup stage, into batches of its own. One worker at a time
// does so; the batch stages then run as tasks of their own. Fields are guarded
// by the engine's mutex or, below busy, belong to the worker that is at it.
type regrouper struct {
	e    *engine
	free []*buffer
	outs []*step // batches in order; the last may be incomplete
	todo []*step // complete, but for their batch stages
	made int64
	over bool // everything is placed
	busy bool

	cur      *step // incomplete
	epoch    int64
	number   int64 // of the next batch in the epoch
	position int64 // of the step whose rows are being placed
	into     int   // rows of it that are placed
	errs     int   // errors of it that are accounted for
	atEnd    bool  // all rows of the epoch are placed
	barren   int   // epochs without a batch

	placer Placer
	bins   Bins
	open   map[int][]*held
	giving []*given // closed bins, in order
	unused []*held
	w      *Worker
	resume []hold // to be restored
}

// held is a row that a bin holds, in memory of its own.
type held struct {
	Sample
	pos int64
	key uint64
	mem []byte
}

// given is a closed bin that gives rows.
type given struct {
	bin, gives, given int
	rows              []*held
	samples           []Sample
}

func newRegrouper(e *engine) *regrouper {
	from := &e.l.from
	r := &regrouper{
		e: e, open: map[int][]*held{}, resume: from.Held,
		epoch: from.Epoch, number: from.Step, position: from.Position, into: from.Into,
	}
	r.atEnd = from.Position > 0 && from.Position == e.l.planEpoch(from.Epoch).Len()
	if e.p.group != nil {
		r.placer = e.p.group.Regroup.New()
	}
	r.w = newWorker(e.p.formed(), make([]int, len(e.p.formed())), 1)
	return r
}

// claim takes a batch whose stages are to be run, or the placing of rows.
func (r *regrouper) claim() task {
	if len(r.todo) > 0 {
		s := r.todo[0]
		r.todo = append(r.todo[:0], r.todo[1:]...)
		return task{kind: batchTask, s: s}
	}
	if r.busy || r.over || r.cur == nil && len(r.free) == 0 && !r.settled() {
		return task{}
	}
	if len(r.giving) > 0 || r.atEnd || r.resume != nil || r.first() != nil || r.drained() {
		r.busy = true
		return task{kind: regroupTask}
	}
	return task{}
}

// first returns the first step, if its rows are there.
func (r *regrouper) first() *step {
	if r.e.head < r.e.active {
		if s := r.e.step(r.e.head); s.ready {
			return s
		}
	}
	return nil
}

// drained reports whether no step is left.
func (r *regrouper) drained() bool { return r.e.ended && r.e.head == r.e.planned }

// settled reports whether nothing but the end of an epoch, or of the stream, comes next,
// for which no batch is needed: all memory may be kept by then.
func (r *regrouper) settled() bool {
	return r.cur == nil && len(r.giving) == 0 && r.resume == nil && (r.atEnd || r.drained())
}

// run places rows until there is nothing to place, or no memory for it. The caller
// holds the engine's mutex.
func (r *regrouper) run(w *Worker) {
	e := r.e
	defer func() { r.busy = false }()
	for !e.stop && !r.over && (r.cur != nil || r.settled() || r.begin()) {
		s := r.first()
		switch {
		case r.resume != nil:
			e.unlocked(func() { r.restore(w) })
		case len(r.giving) > 0:
			e.unlocked(r.give)
		case r.atEnd:
			r.endEpoch()
			continue
		case s != nil:
			e.unlocked(func() { r.place(s) })
			if r.into == s.n {
				r.leave(s)
			}
		case r.drained():
			r.over = true
			r.abandon()
			e.out.Broadcast()
		default:
			return
		}
		if c := r.cur; c != nil && (c.fatal != nil || c.buf.batch.n == e.l.cfg.BatchSize) {
			r.emit(r.state())
		}
	}
}

// begin starts a batch, if there is memory for it.
func (r *regrouper) begin() bool {
	if len(r.free) == 0 {
		return false
	}
	s := &step{}
	s.buf = r.free[len(r.free)-1]
	r.free = r.free[:len(r.free)-1]
	s.buf.reset()
	s.buf.batch.resize(0)
	s.seq = r.made
	r.made++
	r.cur = s
	r.outs = append(r.outs, s)
	return true
}

// abandon gives up the batch at hand, which is empty, unless there is damage to tell of.
func (r *regrouper) abandon() {
	switch {
	case r.cur == nil:
		return
	case len(r.cur.errs) > 0:
		r.emit(r.state())
		return
	}
	r.free = append(r.free, r.cur.buf)
	r.outs = r.outs[:len(r.outs)-1]
	r.cur = nil
}

// leave goes on to the next step.
func (r *regrouper) leave(s *step) {
	e := r.e
	r.position, r.into, r.errs = s.next, 0, 0
	if s.last {
		r.position, r.atEnd = s.plan.Len(), true
		if r.placer != nil {
			r.bins.reset()
			if err := r.placer.Flush(&r.bins); err != nil {
				r.cur.fail(0, r.blame(err))
			}
			r.take(r.bins.first)
			r.take(r.bins.then)
			r.dropOpen()
		}
	}
	e.unlocked(s.close)
	e.closed(s)
	e.sized(s.buf)
	e.free = append(e.free, s.buf)
	s.buf, s.delivered = nil, true
	e.advance()
	e.extend()
	e.plans.Signal()
}

// endEpoch delivers what is left of an epoch, and goes on to the next.
func (r *regrouper) endEpoch() {
	epoch, number := r.epoch, r.number
	r.epoch, r.number, r.position, r.atEnd = r.epoch+1, 0, 0, false
	if r.cur == nil {
		return
	}
	if r.cur.buf.batch.n > 0 && r.e.l.cfg.Remainder != remainder.Drop {
		after := r.state()
		r.epoch, r.number = epoch, number
		r.emit(after)
		r.epoch, r.number = epoch+1, 0
		return
	}
	if r.barren++; r.barren > maxBarren && number == 0 && r.e.l.cfg.Epochs < 0 {
		r.cur.fail(0, &SampleError{ID: -1, Stage: "batch", Err: fmt.Errorf("no row came through the pipeline in %d epochs", r.barren)})
		r.emit(r.state())
		return
	}
	r.cur.buf.reset()
	r.cur.buf.batch.resize(0)
}

// maxBarren is after how many epochs without a batch an endless stream ends.
const maxBarren = 2

// emit completes the batch at hand, behind which the stream is at the given state.
func (r *regrouper) emit(after State) {
	s := r.cur
	r.cur = nil
	s.epoch, s.number, s.n, s.from = r.epoch, r.number, s.buf.batch.n, r.number
	if r.number++; after.Epoch == r.epoch {
		after.Step = r.number
	}
	s.state = after
	r.barren = 0
	s.buf.compact()
	r.todo = append(r.todo, s)
}

// state returns the position of the row that is placed next.
func (r *regrouper) state() State {
	st := State{Epoch: r.epoch, Step: r.number, Position: r.position, Into: r.into}
	for bin, rows := range r.open {
		if len(rows) > 0 {
			st.Held = append(st.Held, holdOf(bin, rows))
		}
	}
	slices.SortFunc(st.Held, func(a, b hold) int { return a.Bin - b.Bin })
	for _, g := range r.giving {
		h := holdOf(g.bin, g.rows)
		h.Closed, h.Gives, h.Given = true, g.gives, g.given
		st.Held = append(st.Held, h)
	}
	return st
}

func holdOf(bin int, rows []*held) hold {
	h := hold{Bin: bin, Rows: make([]int64, len(rows))}
	for i, r := range rows {
		h.Rows[i] = r.pos
	}
	return h
}

// place places the rows of s up to one that completes a batch or closes a bin.
func (r *regrouper) place(s *step) {
	if s.epoch > r.epoch { // those between had no rows
		r.epoch, r.number = s.epoch, 0
	}
	if r.errs == 0 {
		sortRowErrors(s.errs)
	}
	for r.errs < len(s.errs) && s.errs[r.errs].row < r.into { // before a resume
		r.errs++
	}
	for r.into < s.n && r.cur.buf.batch.n < r.e.l.cfg.BatchSize && len(r.giving) == 0 {
		i := r.into
		if s.fatal != nil && s.fatal.row == i {
			r.cur.fail(0, s.fatal.err)
			return
		}
		for r.errs < len(s.errs) && s.errs[r.errs].row <= i {
			r.cur.errs = append(r.cur.errs, s.errs[r.errs])
			r.errs++
		}
		r.into++
		if s.failed[i] {
			continue
		}
		smp := s.buf.sample(r.view(), i)
		if r.placer == nil {
			r.append(smp, s.buf.keys[i])
			continue
		}
		if err := r.bin(smp, (s.from+int64(i))%s.plan.Len(), s.buf.keys[i]); err != nil {
			r.cur.fail(0, err)
			return
		}
	}
}

// view returns a sample with room for the fields of a row.
func (r *regrouper) view() *Sample {
	smp := &r.w.row
	smp.Fields = smp.Fields[:cap(smp.Fields)]
	return smp
}

// bin asks the placer where a row goes.
func (r *regrouper) bin(smp *Sample, pos int64, key uint64) *SampleError {
	r.bins.reset()
	if err := r.placer.Place(smp, &r.bins); err != nil {
		e := r.blame(err)
		e.ID = smp.ID
		return e
	}
	r.take(r.bins.first)
	if b := r.bins.put; b >= 0 {
		r.open[b] = append(r.open[b], r.hold(smp, pos, key))
	}
	r.take(r.bins.then)
	return nil
}

// blame makes an error of the regrouping stage.
func (r *regrouper) blame(err error) *SampleError {
	return asSampleError(err, SampleError{ID: -1, Stage: r.e.p.group.name})
}

// take makes closed bins give their rows.
func (r *regrouper) take(closed []closing) {
	for _, c := range closed {
		r.close(c.bin, c.rows, 0)
	}
}

func (r *regrouper) close(bin, gives, already int) {
	g := &given{bin: bin, gives: gives, given: already, rows: r.open[bin]}
	delete(r.open, bin)
	for _, h := range g.rows {
		g.samples = append(g.samples, h.Sample)
	}
	r.giving = append(r.giving, g)
}

// dropOpen empties the bins that were not closed at the end of an epoch.
func (r *regrouper) dropOpen() {
	for _, rows := range r.open {
		r.unused = append(r.unused, rows...)
	}
	clear(r.open)
}

// hold copies a row into memory of its own.
func (r *regrouper) hold(smp *Sample, pos int64, key uint64) *held {
	h := &held{}
	if n := len(r.unused); n > 0 {
		h, r.unused = r.unused[n-1], r.unused[:n-1]
	}
	h.ID, h.pos, h.key = smp.ID, pos, key
	total := 0
	for _, t := range smp.Fields {
		total += (len(t.Data) + 7) &^ 7
	}
	if cap(h.mem) < total {
		h.mem = newBytes(total)
	}
	h.Fields = append(h.Fields[:0], smp.Fields...)
	at := 0
	for f := range h.Fields {
		t := &h.Fields[f]
		n := copy(h.mem[at:cap(h.mem)], t.Data)
		t.Data = h.mem[at : at+n : at+n]
		at += (n + 7) &^ 7
	}
	return h
}

// give puts rows of the first closed bin into the batch at hand.
func (r *regrouper) give() {
	g := r.giving[0]
	form := r.e.p.group.Regroup.Form
	for g.given < g.gives && r.cur.buf.batch.n < r.e.l.cfg.BatchSize {
		var err error
		switch {
		case form != nil:
			err = r.form(g)
		case g.given < len(g.rows):
			err = r.append(&g.rows[g.given].Sample, g.rows[g.given].key)
		default:
			err = fmt.Errorf("bin %d gives %d rows and holds %d", g.bin, g.gives, len(g.rows))
		}
		if err != nil {
			r.cur.fail(0, r.blame(err))
			return
		}
		g.given++
	}
	if g.given >= g.gives {
		r.unused = append(r.unused, g.rows...)
		r.giving = append(r.giving[:0], r.giving[1:]...)
	}
}

// next makes room for a row in the batch at hand.
func (r *regrouper) next(id int64, key uint64) (w *Worker, b *Batch, i int) {
	b = &r.cur.buf.batch
	i = b.n
	b.resize(i + 1)
	b.keys[i] = key
	if b.ids != nil {
		b.ids[i] = id
	}
	return r.w, b, i
}

// append copies a row into the batch at hand.
func (r *regrouper) append(smp *Sample, key uint64) error {
	fields := smp.Fields
	w, b, i := r.next(smp.ID, key)
	w.arena = &r.cur.buf.arena
	w.begin(smp.ID, b, i)
	copy(w.row.Fields, fields)
	for f := range w.fields {
		w.fields[f].own = true // so that it is copied
	}
	return w.place(b, i)
}

// form makes a row of a closed bin.
func (r *regrouper) form(g *given) error {
	var k uint64
	var id int64 = -1
	if len(g.rows) > 0 {
		id, k = g.rows[0].ID, key(int64(g.rows[0].key), g.given)
	}
	w, b, i := r.next(id, k)
	w.arena = &r.cur.buf.arena
	w.begin(id, b, i)
	clear(w.row.Fields)
	w.used = 0
	w.seed(r.e.stream(r.e.p.group, r.epoch), k)
	if err := r.e.p.group.Regroup.Form(w, g.samples, g.given, &w.row); err != nil {
		return err
	}
	for f := range w.fields {
		w.fields[f].own = true
	}
	return w.place(b, i)
}

// closedFirst orders what a State holds: a bin that is closed may have other rows by
// now, which must not become its own.
func closedFirst(a, b hold) int {
	switch {
	case a.Closed == b.Closed:
		return 0
	case a.Closed:
		return -1
	}
	return 1
}

// restore reads the rows that a State holds into their bins.
func (r *regrouper) restore(w *Worker) {
	holds := slices.Clone(r.resume)
	r.resume = nil
	slices.SortStableFunc(holds, closedFirst)
	plan := r.e.l.planEpoch(r.epoch)
	tmp := &step{buf: newBuffer(r.e.p.feed(), newBytes)}
	for _, h := range holds {
		for _, pos := range h.Rows {
			if pos < 0 || pos >= plan.Len() {
				r.cur.fail(0, r.blame(fmt.Errorf("the state holds position %d of %d: %w", pos, plan.Len(), ErrState)))
				return
			}
			if err := r.restoreRow(w, tmp, place{epoch: r.epoch, from: pos, n: 1, plan: plan}, h); err != nil {
				r.cur.fail(0, err)
				return
			}
		}
		if h.Closed {
			r.close(h.Bin, h.Gives, h.Given)
		}
	}
}

func (r *regrouper) restoreRow(w *Worker, tmp *step, p place, h hold) *SampleError {
	e := r.e
	tmp.buf.reset()
	buf := tmp.buf
	tmp.reset(p, 1)
	tmp.list()
	tmp.buf = buf
	e.fillRefs(tmp, 0, 1)
	w.arena = &buf.arena
	e.streams(w, p.epoch)
	defer tmp.close()
	if e.l.access == blocks {
		b := e.openNow(w, tmp.refs[0].Block)
		defer b.close()
		tmp.blocks, tmp.at = append(tmp.blocks[:0], b), append(tmp.at[:0], 0)
		e.fillFromBlock(w, tmp, 0)
	} else {
		e.fillApart(w, tmp, 0, 1)
	}
	if tmp.fatal != nil {
		return tmp.fatal.err
	}
	if tmp.failed[0] { // it was whole when it was taken
		return tmp.errs[0].err
	}
	smp := buf.sample(r.view(), 0)
	r.open[h.Bin] = append(r.open[h.Bin], r.hold(smp, p.from, buf.keys[0]))
	if h.Closed {
		return nil
	}
	if err := r.placer.Restore(smp, h.Bin); err != nil {
		return r.blame(err)
	}
	return nil
}

// nextReady returns the next batch, if it is ready.
func (r *regrouper) nextReady() (s *step, done bool) {
	if len(r.outs) > 0 && r.outs[0].ready {
		return r.outs[0], false
	}
	return nil, r.over && len(r.outs) == 0
}

// taken removes a batch that was delivered.
func (r *regrouper) taken(s *step) {
	r.outs = slices.DeleteFunc(r.outs, func(o *step) bool { return o == s })
}

// held returns the bytes of all batches.
func (r *regrouper) held() (n int64) {
	for _, u := range r.free {
		n += u.held()
	}
	for _, s := range r.outs {
		if s.buf != nil {
			n += s.buf.held()
		}
	}
	return n
}

// reclaim returns the memory of all batches.
func (r *regrouper) reclaim() []*buffer {
	for _, s := range r.outs {
		if s.buf != nil && !r.e.l.wasKept(s.buf) {
			r.free = append(r.free, s.buf)
		}
	}
	return r.free
}

// sample sets smp to row i.
func (u *buffer) sample(smp *Sample, i int) *Sample {
	b := &u.batch
	if b.ids != nil {
		smp.ID = b.ids[i]
	}
	smp.Fields = smp.Fields[:len(b.spec)]
	for f, field := range b.spec {
		c := &b.cols[f]
		switch {
		case field.Name == "":
			smp.Fields[f] = Tensor{}
		case c.row >= 0:
			smp.Fields[f] = Tensor{DType: field.DType, Shape: field.Shape, Data: c.slab[i*c.row : (i+1)*c.row : (i+1)*c.row]}
		default:
			smp.Fields[f] = c.varying(&u.shape.rows[f], c.vary[i].data, i)
		}
	}
	return smp
}
