package parquet

import (
	"fmt"
	"slices"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/internal/prefetch"
	"github.com/stokerdata/stoker/loader"
)

// Rows that are gathered in runs go from the pages into the batch, and are laid
// nowhere else: the pages are held, decompressed, and each worker has a cursor on
// them.

// runRows is how many rows that follow one another make a run: with fewer, to find
// the place in each column costs more than to lay out the row group.
const runRows = 32

// maxCursors is how many cursors a row group keeps for the next run: as many as
// there may be workers.
const maxCursors = 64

// errNull is the error of a run with a null where there must be none.
var errNull = fmt.Errorf("parquet: a row is null: %w", loader.ErrSpec)

// A cursor is where the lanes of a row group are to be decoded next.
type cursor struct {
	row     int
	flows   []flow
	targets []target
	valid   []byte // of columns whose nulls are errors
}

// cursor returns a cursor at the given row.
func (r *rows) cursor(row int, s *scratch) (*cursor, error) {
	c := r.nearest(row)
	for g := range c.flows {
		if err := r.held[g].skip(&c.flows[g], s, row-c.row); err != nil {
			return nil, r.held[g].fault(-1, err)
		}
	}
	c.row = row
	return c, nil
}

// nearest takes the cursor that is the least way before row, or a new one.
func (r *rows) nearest(row int) *cursor {
	r.mu.Lock()
	defer r.mu.Unlock()
	best := -1
	for i, c := range r.cursors {
		if c.row <= row && (best < 0 || c.row > r.cursors[best].row) {
			best = i
		}
	}
	if best >= 0 {
		c := r.cursors[best]
		r.cursors = slices.Delete(r.cursors, best, best+1)
		return c
	}
	if n := len(r.idle); n > 0 {
		c := r.idle[n-1]
		r.idle = r.idle[:n-1]
		return c
	}
	return &cursor{flows: make([]flow, len(r.s.lanes)), targets: make([]target, len(r.s.cols))}
}

// leave gives a cursor back.
func (r *rows) leave(c *cursor) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.cursors) < maxCursors {
		r.cursors = append(r.cursors, c)
	}
}

// run decodes n rows from the given one on, to rows at and on of the batch.
func (r *rows) run(row, at, n int, b *loader.Batch) error {
	s := strips.Get().(*strip)
	defer func() {
		clear(s.at[:])
		s.next = nil
		strips.Put(s)
	}()
	c, err := r.cursor(row, &s.scratch)
	if err != nil {
		return err
	}
	c.aim(r.s, at, n, b)
	if err := r.advance(c, n, &s.scratch); err != nil {
		return err
	}
	clear(c.targets)
	r.leave(c)
	return nil
}

// advance decodes the next n rows of c to its targets. If one has a value that does
// not fit, or is null where it must not be, Row tells which.
func (r *rows) advance(c *cursor, n int, s *scratch) error {
	for i, p := range r.s.parts {
		s.next = r.front(c, r.s.parts[(i+1)%len(r.s.parts)], n)
		if !r.copies(c, p) {
			prefetch.Front(s.next) // while this part is decoded
		}
		for lo, k := 0, 0; p.hi > 0 && lo < n; lo += k {
			k = min(tileRows, n-lo)
			if r.copies(c, p) {
				k = min(n-lo, c.flows[p.lo].left) // with few, a copy takes long to begin
			}
			if err := s.rows(r.s.lanes[p.lo:p.hi], r.held[p.lo:p.hi], c.flows[p.lo:p.hi], c.targets, lo, k); err != nil {
				return err
			}
		}
	}
	c.row += n
	if slices.Contains(c.valid, 0) {
		return errNull
	}
	return nil
}

// copies reports whether the next values of p are copied from their page as they are.
func (r *rows) copies(c *cursor, p part) bool {
	if p.hi != p.lo+1 || c.targets[p.col].valid != nil {
		return false
	}
	d := &r.held[p.lo]
	return d.alike() && d.lends(&c.flows[p.lo])
}

// front returns the next n rows of the first lane of p, as far as they are known.
func (r *rows) front(c *cursor, p part, n int) []byte {
	if p.hi == 0 {
		return nil
	}
	f := &c.flows[p.lo]
	if f.left == 0 || f.at.form != asElements {
		return nil
	}
	next := f.at.values[f.used:]
	return next[:min(n*r.held[p.lo].col.elem, len(next))]
}

// aim sets the targets to rows at to at+n of a batch.
func (c *cursor) aim(s *Source, at, n int, b *loader.Batch) {
	c.valid = sized(c.valid, n*s.checked)
	rest := c.valid
	for f, role := range s.fields {
		col := &s.cols[role.col]
		if col.join == nil && !col.isLane {
			continue
		}
		t := &c.targets[role.col]
		if data := b.Column(f).Data; role.mask {
			t.valid = data[at*col.cells():][:n*col.cells()]
		} else {
			t.data, t.stride = data[at*col.row:][:n*col.row], col.row
		}
		if s.nulls == format.NullError && col.masked {
			size := n * col.cells()
			t.valid, rest = rest[:size], rest[size:]
		}
	}
}

// hold opens the pages of some lanes.
func (s *strip) hold(r *rows, p part) error {
	for g := p.lo; g < p.hi; g++ {
		d := &r.held[g]
		if err := d.beginLane(r, r.s.lanes[g], &s.tools); err != nil {
			return err
		}
		if err := d.hold(); err != nil {
			return err
		}
		d.tools = nil
	}
	return nil
}

// expect notes in what order rows are asked for, for row groups that are opened
// from now on. Short runs are the rest of long ones, or a batch is short.
func (s *Source) expect(p loader.Pick) {
	if (len(p.Rows) >= runRows || !p.Run) && p.Run != s.runs.Load() {
		s.runs.Store(p.Run)
	}
}

// gatherHeld gathers a run, if pages are still held, and reports whether it did;
// for rows in another order it lays the row group out.
func (r *rows) gatherHeld(p loader.Pick, b *loader.Batch) (done bool, err error) {
	if !p.Run {
		return false, r.layOut()
	}
	r.use.RLock()
	defer r.use.RUnlock()
	if !r.isHeld.Load() {
		return false, nil
	}
	return true, r.gather(p, b)
}

// layOut lays out the lanes of a row group whose pages are held. It does so under
// the lock, as there is nothing that others could do before: they want these rows.
func (r *rows) layOut() error {
	r.use.Lock()
	defer r.use.Unlock()
	if !r.isHeld.Load() {
		return nil
	}
	r.s.runs.Store(false)
	r.letGo()
	err := r.allot()
	for _, p := range r.s.parts {
		switch {
		case p.hi == 0:
		case err != nil:
			r.fail(p, err) // as there is nothing to read
		default:
			err = r.decode(p, false)
		}
	}
	r.isHeld.Store(false)
	return err
}

// letGo gives back the pages that are held.
func (r *rows) letGo() {
	for g := range r.held {
		if d := &r.held[g]; d.s != nil {
			d.release()
		}
	}
	for _, c := range r.cursors {
		c.row = 0
		clear(c.flows)
		r.idle = append(r.idle, c)
	}
	clear(r.cursors)
	r.cursors = r.cursors[:0]
}
