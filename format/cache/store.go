package cache

import (
	"sync"
	"sync/atomic"

	"github.com/stokerdata/stoker/format/mem"
)

const (
	// segmentBytes is the unit of memory and of files: large enough to be
	// written fast, small enough that every reader may be writing one.
	segmentBytes = 16 << 20
	// aloneBytes is what a record may take without lying alone in a segment, so
	// that no more than that is unused at the end of one.
	aloneBytes = segmentBytes / 4
	// maxRecord is the largest row that is cached, so that a file which claims a
	// larger one is not believed.
	maxRecord = 1 << 30
)

// A place says where the record of a row lies. It is one word, so that rows are
// looked up without a lock: 22 bits of the segment plus one, and 21 bits each of
// offset and size, in units of 8 bytes. What lies alone has size 0 here.
type place uint64

const (
	none   place = 0 // the row is not cached
	making place = 1 // a worker has room for it and copies it there

	unitBits = 21 // of an offset or size, segmentBytes at most
	unitMask = 1<<unitBits - 1
	maxSlots = 1<<(64-2*unitBits) - 1
)

func placeOf(slot, off, size int) place {
	return place(slot+1)<<(2*unitBits) | place(off>>3)<<unitBits | place(size>>3)
}

// split returns what placeOf was given. The place is neither none nor making.
func (p place) split() (slot, off, size int) {
	return int(p>>(2*unitBits)) - 1, int(p>>unitBits&unitMask) << 3, int(p&unitMask) << 3
}

// A segment is a run of records, in memory or in a file. It does not change once
// it is full.
type segment struct {
	mem  []byte // nil if it lies in a file
	file int    // number of the file
	only int    // bytes of a record that lies alone, 0 if there may be several

	// While it fills, guarded by store.mu.
	slot    int
	used    int // bytes
	count   int // records
	writers int // records that are being copied
	full    bool
	entries []entry // records that are there
}

// entry is a record in the index of a file.
type entry struct {
	id        int64
	off, size int
}

// store holds the records. A row is looked up by two loads; the mutex is for
// whoever adds one.
type store struct {
	rows   []atomic.Uint64 // a place for each sample id
	slots  []atomic.Pointer[segment]
	unit   int   // segmentBytes, or less in tests
	keep   bool  // segments that are full are to be written to files
	budget int64 // bytes of all segments

	cached, bytes atomic.Int64 // rows, and bytes of their records

	mu      sync.Mutex
	taken   int   // slots
	spent   int64 // bytes of segments
	open    *segment
	stopped bool // no row is added any more
	due     []*segment
	nDue    atomic.Int32 // len(due), to be looked at without the lock
}

// spareSlots is for segments below aloneBytes: the last one in memory; and files
// that runs which were short have left.
const spareSlots = 1024

func newStore(rows, budget int64) *store {
	slots := min(budget/aloneBytes+spareSlots, maxSlots)
	return &store{unit: segmentBytes, rows: make([]atomic.Uint64, rows), slots: make([]atomic.Pointer[segment], slots), budget: budget}
}

// find returns the segment that holds a row and where in it, or nil.
func (s *store) find(id int64) (g *segment, p place, off, size int) {
	p = place(s.rows[id].Load())
	if p <= making {
		return nil, none, 0, 0
	}
	slot, off, size := p.split()
	g = s.slots[slot].Load()
	if size == 0 {
		size = g.only
	}
	return g, p, off, size
}

// add makes room for a record of a row that is not cached. It returns nil if
// there is none, or if somebody else has done so. Whoever got room fills it and
// calls added.
func (s *store) add(id int64, size int) (g *segment, off int) {
	if !s.rows[id].CompareAndSwap(uint64(none), uint64(making)) {
		return nil, 0
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if g = s.room(size); g == nil {
		s.rows[id].Store(uint64(none))
		return nil, 0
	}
	off = g.used
	g.used += size
	g.count++
	g.writers++
	return g, off
}

// overhead returns what a file of n records takes beside them.
func (s *store) overhead(n int) int {
	if !s.keep {
		return 0
	}
	return n*entryBytes + footerBytes
}

// room returns a segment with room for size bytes, or nil. The caller holds mu.
func (s *store) room(size int) *segment {
	if s.stopped || size > maxRecord {
		return nil
	}
	if size > s.unit/4 {
		g := s.extend(align(size + s.overhead(1)))
		if g != nil {
			g.only, g.full = size, true
		}
		return g
	}
	if g := s.open; g != nil && g.used+size+s.overhead(g.count+1) <= len(g.mem) {
		return g
	}
	n := int(min(int64(s.unit), s.budget-s.spent)) &^ 7
	if size+s.overhead(1) > n {
		return nil
	}
	g := s.extend(n)
	if g != nil {
		s.close()
		s.open = g
	}
	return g
}

// extend adds a segment of n bytes, if the budget allows. The caller holds mu.
func (s *store) extend(n int) *segment {
	if s.taken == len(s.slots) || int64(n) > s.budget-s.spent {
		return nil
	}
	g := &segment{mem: mem.Of(make([]uint64, n/8)).Data, slot: s.taken}
	s.slots[s.taken].Store(g)
	s.taken++
	s.spent += int64(n)
	return g
}

// close lets no more records into the open segment. The caller holds mu.
func (s *store) close() {
	if g := s.open; g != nil {
		s.open = nil
		g.full = true
		s.complete(g)
	}
}

// complete puts a segment on the list of those to be written once all that is
// in it was copied. The caller holds mu.
func (s *store) complete(g *segment) {
	if s.keep && g.full && g.writers == 0 && len(g.entries) > 0 {
		s.due = append(s.due, g)
		s.nDue.Add(1)
	}
}

// added makes a record that was filled be found.
func (s *store) added(id int64, g *segment, off, size int) {
	s.cached.Add(1)
	s.bytes.Add(int64(size))
	s.mu.Lock()
	defer s.mu.Unlock()
	g.writers--
	if s.keep {
		g.entries = append(g.entries, entry{id, off, size})
	}
	s.complete(g)
	if g.only > 0 {
		size = 0
	}
	s.rows[id].Store(uint64(placeOf(g.slot, off, size)))
}

// drop makes a row not be found any more, if it still is at p.
func (s *store) drop(id int64, p place, size int) bool {
	if !s.rows[id].CompareAndSwap(uint64(p), uint64(none)) {
		return false
	}
	s.cached.Add(-1)
	s.bytes.Add(int64(-size))
	return true
}

// takeDue returns a segment that is to be written, or nil.
func (s *store) takeDue() *segment {
	if s.nDue.Load() == 0 {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.due)
	if n == 0 {
		return nil
	}
	g := s.due[n-1]
	s.due[n-1] = nil
	s.due = s.due[:n-1]
	s.nDue.Add(-1)
	return g
}

// again gives back what takeDue has returned.
func (s *store) again(g *segment) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.due = append(s.due, g)
	s.nDue.Add(1)
}

// written puts the file that holds a segment in its place. What borrows its
// memory keeps that alive.
func (s *store) written(g *segment, file int, bytes int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.spent += bytes - int64(len(g.mem))
	s.slots[g.slot].Store(&segment{file: file, only: g.only})
}

// adopt takes a file with the given records in, as far as their rows are not
// cached.
func (s *store) adopt(file int, bytes int64, records []entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.spent += bytes
	if s.taken == len(s.slots) {
		return
	}
	g := &segment{file: file}
	if len(records) == 1 {
		g.only = records[0].size
	}
	s.slots[s.taken].Store(g)
	for _, r := range records {
		p := placeOf(s.taken, r.off, r.size)
		if g.only > 0 {
			p = placeOf(s.taken, r.off, 0)
		}
		if s.rows[r.id].CompareAndSwap(uint64(none), uint64(p)) {
			s.cached.Add(1)
			s.bytes.Add(int64(r.size))
		}
	}
	s.taken++
}

// stop adds no rows from now on and makes all that is there be written.
func (s *store) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.close()
	s.stopped = true
}
