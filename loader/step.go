package loader

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stokerdata/stoker/loader/remainder"
)

// step is one batch in the making: which rows it takes, and how far they are.
type step struct {
	place
	buf   *buffer // nil until it is among those that are built
	items int     // of work: rows, or blocks whose rows are gathered
	refs  []Ref   // of the rows
	units []unit  // rows that are read together, for random sources that do I/O
	left  int     // of them, that are not read

	// For sources read in blocks.
	blocks  []*block
	at      []int // blocks[at[i]] holds row i
	pending int   // blocks that are not decoded
	runs    []run // its rows, which then are not in refs and at until spell
	group   grouping

	laidOut       sync.Once // the places of rows that are read into the batch
	claimed, done int
	took          time.Duration // by workers, for what is done
	open          []Rows        // to be closed once the rows are compacted
	ready         bool
	delivered     bool
	state         State // behind it, where rows are regrouped

	mu     sync.Mutex
	failed []bool      // rows that are left out
	short  atomic.Bool // there are some
	errs   []rowError
	fatal  *rowError // the error of the first row that ends the stream
}

// rowError is an error and the row of the batch that had it.
type rowError struct {
	row int
	err *SampleError
}

// unit is a run of rows of a step that are read together.
type unit struct {
	lo, hi  int
	rows    Rows
	err     error
	state   unitState
	claimed int
}

type unitState uint8

const (
	unread unitState = iota
	reading
	read
)

// place says which rows of which epoch a step takes.
type place struct {
	seq    int64 // number of the step in the stream
	epoch  int64
	number int64 // of the batch within the epoch
	from   int64 // position of the first row
	n      int
	plan   Plan
	next   int64 // position behind the global batch
	last   bool  // of the epoch
	start  int64 // position of the global batch
}

// reset makes s ready for another place.
func (s *step) reset(p place, rows int) {
	s.place = p
	s.buf, s.items = nil, p.n
	if cap(s.failed) < rows {
		s.failed = make([]bool, rows)
	}
	s.failed = s.failed[:p.n]
	if s.short.Swap(false) {
		clear(s.failed[:cap(s.failed)])
	}
	s.units, s.blocks, s.open, s.errs = s.units[:0], s.blocks[:0], s.open[:0], s.errs[:0]
	s.claimed, s.done, s.took, s.pending = 0, 0, 0, 0
	s.laidOut = sync.Once{}
	s.ready, s.delivered, s.fatal = false, false, nil
}

// list makes room for what fill or spell sets.
func (s *step) list() {
	if s.refs == nil {
		s.refs, s.at = make([]Ref, cap(s.failed)), make([]int, cap(s.failed))
	}
	if len(s.refs) != s.n { // else somebody may read them already
		s.refs, s.at = s.refs[:s.n], s.at[:s.n]
	}
}

// fill sets the refs of rows lo to hi. Positions behind the end wrap around.
func (s *step) fill(lo, hi int) {
	for lo < hi {
		pos := (s.from + int64(lo)) % s.plan.Len()
		n := int(min(int64(hi-lo), s.plan.Len()-pos))
		s.plan.At(pos, s.refs[lo:lo+n])
		lo += n
	}
}

// cut divides the rows into units of the given size.
func (s *step) cut(size int) {
	for lo := 0; lo < s.n; lo += size {
		s.units = append(s.units, unit{lo: lo, hi: min(lo+size, s.n)})
	}
	s.left = len(s.units)
}

// compact leaves failed rows out and joins the varying columns, after which the
// source's memory is needed no more: what was opened for s alone is closed.
func (s *step) compact() {
	if s.fatal == nil {
		if s.short.Load() {
			s.buf.squeeze(s.failed)
		}
		s.buf.compact()
	}
	s.close()
}

// close closes what was opened for s alone.
func (s *step) close() {
	for _, r := range s.open {
		r.Close()
	}
	s.open = s.open[:0]
	for i := range s.units {
		if u := &s.units[i]; u.rows != nil {
			u.rows.Close()
			u.rows = nil
		}
	}
}

// empty reports whether s has no batch to deliver, as all its rows failed.
func (s *step) empty() bool { return s.buf.batch.n == 0 }

// leaveOut leaves row i out of the batch.
func (s *step) leaveOut(i int) {
	s.failed[i] = true
	s.short.Store(true)
}

// fail notes that row i ends the stream.
func (s *step) fail(i int, err *SampleError) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fatal == nil || i < s.fatal.row {
		s.fatal = &rowError{i, err}
	}
}

// note remembers that row i was replaced or left out.
func (s *step) note(i int, err *SampleError) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.errs = append(s.errs, rowError{i, err})
}

// sortRowErrors puts errors in the order of their rows.
func sortRowErrors(errs []rowError) {
	slices.SortFunc(errs, func(a, b rowError) int { return a.row - b.row })
}

// walker goes through the places of a stream, one after another.
type walker struct {
	l     *Loader
	seq   int64
	epoch int64
	pos   int64
	plan  Plan
	ahead []int64 // steps to leave out, as offsets from the first
}

// wasDelivered reports whether a step was delivered before a resume.
func (w *walker) wasDelivered(seq int64) bool { return slices.Contains(w.ahead, seq) }

// maxIdle is after how many epochs in a row without a batch an endless stream ends.
const maxIdle = 100

// next returns the next place, or false at the end of the stream.
func (w *walker) next() (place, bool) {
	c := &w.l.cfg
	global := int64(c.BatchSize) * int64(c.World)
	for idle := 0; c.Epochs < 0 || w.epoch < int64(c.Epochs); w.epoch, w.pos, w.plan = w.epoch+1, 0, nil {
		if w.plan == nil {
			w.plan = w.l.planEpoch(w.epoch)
		}
		left := w.plan.Len() - w.pos
		if left <= 0 || left < global && c.Remainder == remainder.Drop || left < int64(c.World) && c.Remainder == remainder.Short {
			if idle++; idle > maxIdle && c.Epochs < 0 {
				return place{}, false // an endless stream of nothing
			}
			continue
		}
		p := place{seq: w.seq, epoch: w.epoch, number: (w.pos + global - 1) / global, plan: w.plan, start: w.pos, n: c.BatchSize}
		p.from = w.pos + int64(c.Rank)*int64(c.BatchSize)
		if left < global && c.Remainder == remainder.Short {
			lo, hi := left*int64(c.Rank)/int64(c.World), left*int64(c.Rank+1)/int64(c.World)
			p.from, p.n = w.pos+lo, int(hi-lo)
		}
		w.pos = min(w.pos+global, w.plan.Len())
		p.next = w.pos
		rest := w.plan.Len() - w.pos
		p.last = rest <= 0 || rest < global && c.Remainder == remainder.Drop || rest < int64(c.World) && c.Remainder == remainder.Short
		w.seq++
		return p, true
	}
	return place{}, false
}
