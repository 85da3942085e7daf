package loader

import (
	"errors"
	"fmt"
	"time"

	"github.com/stokerdata/stoker/internal/prng"
)

// fill does a task: it makes rows of a step, by columns where no transform
// looks at rows.
func (e *engine) fill(w *Worker, t task) {
	s := t.s
	w.arena = &s.buf.arena
	w.timed = (t.lo + t.hi) / 2
	e.streams(w, s.epoch)
	switch e.l.access {
	case inline:
		e.fillRefs(s, t.lo, t.hi)
		rows, err := e.l.random.OpenRows(e.ctx, s.refs[t.lo:t.hi])
		if err != nil {
			e.fillApart(w, s, t.lo, t.hi)
			return
		}
		e.keepOpen(s, rows)
		e.fillRows(w, s, t.lo, t.hi, rows, t.lo)
	case random:
		if t.u.err != nil {
			e.fillApart(w, s, t.lo, t.hi)
			return
		}
		e.fillRows(w, s, t.lo, t.hi, t.u.rows, t.u.lo)
	case blocks:
		e.fillBlocks(w, s, t.lo, t.hi)
	}
}

// fillRefs sets the refs of rows lo to hi of s, for OpenRows.
func (e *engine) fillRefs(s *step, lo, hi int) {
	s.fill(lo, hi)
	stream := e.sourceStream(s.epoch)
	for i := lo; i < hi; i++ {
		s.refs[i].stream = stream
	}
}

// sourceStream returns the key of the source's random numbers in an epoch.
func (e *engine) sourceStream(epoch int64) uint64 {
	return prng.Mix(prng.Mix(e.l.cfg.Seed, uint64(epoch)), 0)
}

// keepOpen makes rows stay open until the step is compacted.
func (e *engine) keepOpen(s *step, rows Rows) {
	s.mu.Lock()
	s.open = append(s.open, rows)
	s.mu.Unlock()
}

// fillRows makes the rows lo to hi of s from rows, whose first is row first of s.
func (e *engine) fillRows(w *Worker, s *step, lo, hi int, rows Rows, first int) {
	if g, ok := rows.(Gatherer); ok && e.p.columns() {
		p := Pick{Rows: e.l.iota[lo-first : hi-first], At: e.l.iota[lo:hi], Run: true}
		e.mark(s, p.At)
		if e.gather(w, g, p, s) == nil {
			return
		}
	}
	for i := lo; i < hi; i++ {
		if err := e.makeRow(w, s, i, rows, i-first, &s.refs[i]); err != nil {
			e.unmade(w, s, i, err)
		}
	}
}

// fillApart opens row by row, to find the one that cannot be read.
func (e *engine) fillApart(w *Worker, s *step, lo, hi int) {
	for i := lo; i < hi; i++ {
		rows, err := e.l.random.OpenRows(e.ctx, s.refs[i:i+1])
		if err != nil {
			e.damaged(w, s, i, e.sampleError(s.refs[i], "read", err))
			continue
		}
		e.keepOpen(s, rows)
		if err := e.makeRow(w, s, i, rows, 0, &s.refs[i]); err != nil {
			e.unmade(w, s, i, err)
		}
	}
}

// fillBlocks makes items lo to hi of s: runs or groups of rows of one block where
// columns are gathered, rows otherwise.
func (e *engine) fillBlocks(w *Worker, s *step, lo, hi int) {
	for i := lo; i < hi; i++ {
		if e.p.columns() {
			e.fillGroup(w, s, i)
		} else {
			e.fillFromBlock(w, s, i)
		}
	}
}

// fillGroup gathers the k-th run or group of s, or makes its rows one by one.
func (e *engine) fillGroup(w *Worker, s *step, k int) {
	b, p := e.group(w, s, k)
	if g, ok := b.rows.(Gatherer); ok && b.err == nil && b.actual == b.index {
		e.markBlock(s, b.index, p)
		if e.gather(w, g, p, s) == nil {
			return
		}
	}
	if len(s.runs) > 0 {
		s.spell(&s.runs[k])
	}
	for _, i := range p.At {
		e.fillFromBlock(w, s, i)
	}
}

// group returns the k-th run or group of s, which are rows of b.
func (e *engine) group(w *Worker, s *step, k int) (b *block, p Pick) {
	if len(s.runs) == 0 {
		return s.blocks[k], s.group.of(k)
	}
	r := &s.runs[k]
	if len(e.p.batch) > 0 {
		s.spell(r) // for markKeys
	}
	return s.blocks[r.block], Pick{Rows: w.count(r.first.Row, r.n), At: e.l.iota[r.at:][:r.n], Run: true}
}

func (e *engine) fillFromBlock(w *Worker, s *step, i int) {
	b, ref := s.blocks[s.at[i]], s.refs[i]
	stage := "read"
	if b.failed {
		stage = "decode"
	}
	if b.err != nil && b.rows == nil {
		e.damaged(w, s, i, e.sampleError(ref, stage, b.err))
		return
	}
	if b.err != nil { // another block stands in
		s.note(i, e.sampleError(ref, stage, b.err))
		ref = Ref{Block: b.actual, Row: ref.Row % e.l.blocks[b.actual].Rows, Draw: ref.Draw + 1}
	}
	if err := e.makeRow(w, s, i, b.rows, ref.Row, &ref); err != nil {
		e.unmade(w, s, i, err)
	}
}

// mark notes which samples stand in rows at, whose columns are gathered.
func (e *engine) mark(s *step, at []int) {
	ids := s.buf.batch.ids
	for _, i := range at {
		ids[i] = e.l.index.id(s.refs[i])
	}
	e.markKeys(s, at)
}

// markBlock is mark for rows of one block.
func (e *engine) markBlock(s *step, block int, p Pick) {
	ids, first, at := s.buf.batch.ids, e.l.index.starts[block], p.At[:len(p.Rows)]
	if p.Run {
		first += int64(p.Rows[0])
		run := ids[at[0]:][:len(at)]
		for k := range run {
			run[k] = first + int64(k)
		}
	} else {
		for k, row := range p.Rows {
			ids[at[k]] = first + int64(row)
		}
	}
	e.markKeys(s, at)
}

// markKeys sets the keys of rows at if there is a stage that draws by them.
func (e *engine) markKeys(s *step, at []int) {
	if len(e.p.batch) == 0 {
		return
	}
	b := &s.buf.batch
	for _, i := range at {
		b.keys[i] = key(b.ids[i], s.refs[i].Draw)
	}
}

func (e *engine) gather(w *Worker, g Gatherer, p Pick, s *step) error {
	w.stage, w.used = 0, 0
	start := time.Now()
	err := g.Gather(w, p, &s.buf.batch)
	w.times[0].all(len(p.At), &s.buf.batch, start)
	return err
}

// unmade leaves row i out, which makeRow has dropped, or does what the error
// policy says.
func (e *engine) unmade(w *Worker, s *step, i int, err error) {
	if errors.Is(err, Drop) {
		s.leaveOut(i)
	} else {
		e.damaged(w, s, i, err)
	}
}

// maxStandIns is how many samples or blocks in a row may be damaged for a
// substitute to be found.
const maxStandIns = 16

// damaged does what the error policy says of row i.
func (e *engine) damaged(w *Worker, s *step, i int, err error) {
	at := err.(*SampleError)
	switch e.l.cfg.OnError.action {
	case stop:
		s.fail(i, at)
	case skip:
		s.leaveOut(i)
		s.note(i, at)
	case substitute:
		s.note(i, at)
		for try := 1; try <= maxStandIns; try++ {
			err := e.standIn(w, s, i, try)
			if err == nil {
				return
			}
			if errors.Is(err, Drop) {
				s.leaveOut(i)
				return
			}
		}
		at.Err = fmt.Errorf("%w (and none of the %d samples behind it is whole)", at.Err, maxStandIns)
		s.fail(i, at)
	}
}

// standIn makes row i from the sample whose id is its own plus try.
func (e *engine) standIn(w *Worker, s *step, i, try int) error {
	ref := e.l.index.ref((e.l.index.id(s.refs[i]) + int64(try)) % e.l.index.Len())
	ref.Draw = try
	if e.l.access == blocks {
		if b := s.blocks[s.at[i]]; b.err == nil && b.index == ref.Block {
			return e.makeRow(w, s, i, b.rows, ref.Row, &ref)
		}
	}
	rows, row, err := e.openOne(w, s.epoch, ref)
	if err != nil {
		return err
	}
	e.keepOpen(s, rows)
	return e.makeRow(w, s, i, rows, row, &ref)
}

// sampleError says where the row ref lies.
func (e *engine) sampleError(ref Ref, stage string, err error) *SampleError {
	at := SampleError{ID: e.l.index.id(ref), Stage: stage}
	if l, ok := e.l.src.(locator); ok {
		at.Shard, at.Row = l.Locate(ref)
	} else {
		b := &e.l.blocks[ref.Block]
		at.Shard, at.Row = b.Shard, b.FirstRow+int64(ref.Row)
	}
	return asSampleError(err, at)
}

// streams prepares the random streams of an epoch.
func (e *engine) streams(w *Worker, epoch int64) {
	if w.streams != nil && w.epoch == uint64(epoch) {
		return
	}
	w.epoch = uint64(epoch)
	w.streams = append(w.streams[:0], e.sourceStream(epoch))
	for k := range e.p.row {
		w.streams = append(w.streams, e.stream(&e.p.row[k], epoch))
	}
}

// stream returns the key of a stage's random numbers in an epoch.
func (e *engine) stream(b *bound, epoch int64) uint64 {
	return prng.Mix(prng.Mix(e.l.cfg.Seed, uint64(epoch)), b.key)
}

// makeRow decodes a row, runs the row stages and leaves the result in row i of
// the batch.
func (e *engine) makeRow(w *Worker, s *step, i int, rows Rows, row int, ref *Ref) error {
	id := e.l.index.id(*ref)
	b := &s.buf.batch
	k := key(id, ref.Draw)
	b.ids[i], b.keys[i] = id, k
	smp := w.begin(id, b, i)
	w.sample = k
	timed := i == w.timed
	if w.timing = timed; timed {
		w.then = time.Now()
	}
	w.enter(0, "decode")
	if err := rows.Row(w, row, smp); err != nil {
		return e.sampleError(*ref, "decode", err)
	}
	if timed {
		w.measured(0, 0, smp.Fields[:len(e.p.in)])
	}
	stages := e.p.row
	for n := 0; n < len(stages); {
		st := &stages[n]
		w.enter(n+1, st.name)
		if err := st.Row(w, smp); err != nil {
			return e.stopped(w, ref, err)
		}
		n += 1 + st.fused
		if timed {
			w.measured(w.base, n, smp.Fields[:len(stages[n-1].Out)])
		}
	}
	w.through++
	if err := w.place(b, i); err != nil {
		return e.sampleError(*ref, "batch", err)
	}
	return nil
}

// stopped counts a sample that got no further than the stage that works, and
// says what became of it.
func (e *engine) stopped(w *Worker, ref *Ref, err error) error {
	for k := range w.stage {
		w.times[k].items++
	}
	st := &e.p.row[w.stage-1]
	if st.Drops && errors.Is(err, Drop) {
		return Drop
	}
	return e.sampleError(*ref, st.name, err)
}

// all adds the work on all rows of b at once.
func (t *stageTime) all(rows int, b *Batch, began time.Time) {
	t.items, t.timed = t.items+int64(rows), t.timed+int64(rows)
	t.ns += int64(time.Since(began))
	for f := range b.spec {
		if c := &b.cols[f]; c.row > 0 && b.spec[f].Name != "" {
			t.bytes += int64(c.row * rows)
		}
	}
}

// begin makes w ready for row i of b.
func (w *Worker) begin(id int64, b *Batch, i int) *Sample {
	smp := &w.row
	smp.ID, smp.Fields = id, smp.Fields[:len(w.fields)]
	for f := range w.fields {
		at := &w.fields[f]
		at.own, at.given, at.placed.Data = false, false, nil
		if c := &b.cols[f]; c.row > 0 {
			at.dst.Data = c.slab[i*c.row : (i+1)*c.row : (i+1)*c.row]
		} else {
			at.dst.Data = nil
		}
	}
	return smp
}

// place puts what did not land in the batch by itself there.
func (w *Worker) place(b *Batch, i int) error {
	for f := range b.spec {
		c, t := &b.cols[f], &w.row.Fields[f]
		if c.row >= 0 && t.DType == c.DType && t.Shape == b.spec[f].Shape && len(t.Data) == c.row {
			if d := w.fields[f].dst.Data; c.row > 0 && !sameStart(t.Data, d) {
				copy(d, t.Data)
			}
			continue
		}
		if b.spec[f].Name == "" {
			continue
		}
		if err := b.spec[f].holds(t); err != nil {
			return err
		}
		if len(t.Data) == 0 || !w.fields[f].own || sameStart(t.Data, w.fields[f].placed.Data) {
			c.set(i, t.Data, t.Shape)
			continue
		}
		d := w.arena.alloc(len(t.Data))
		copy(d, t.Data)
		c.set(i, d, t.Shape)
	}
	return nil
}

// holds returns an error if t is not a value of f.
func (f *Field) holds(t *Tensor) error {
	if t.DType != f.DType || !f.Shape.Fits(t.Shape) {
		return fmt.Errorf("field %q is %v %v, announced as %v %v: %w", f.Name, t.DType, t.Shape, f.DType, f.Shape, ErrSpec)
	}
	if want := t.Shape.Len() * t.DType.Size(); len(t.Data) != want {
		return fmt.Errorf("field %q holds %d bytes for shape %v, must be %d: %w", f.Name, len(t.Data), t.Shape, want, ErrSpec)
	}
	return nil
}
