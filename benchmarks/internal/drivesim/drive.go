package drivesim

import (
	"fmt"
	"io"
	"io/fs"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stokerdata/stoker/shard"
)

// A Drive is a simulated drive in real time.
type Drive struct {
	Profile Profile

	began    time.Time
	requests sync.Pool
	mu       sync.Mutex
	device   device

	reads, late, over atomic.Int64
	under             atomic.Int64 // reads under way
	awake             atomic.Int64 // reads that wait without sleeping
	lead              atomic.Int64 // ns that waking up takes
}

// New returns a drive at rest.
func New(p Profile) *Drive {
	d := &Drive{Profile: p, began: time.Now(), device: p.device()}
	d.requests.New = func() any { return newRequest() }
	return d
}

// Stats counts reads.
type Stats struct {
	Reads int64 `json:"reads"`
	// Late counts reads whose bytes this machine did not have by the time at
	// which the simulated drive would have delivered them.
	Late int64 `json:"late"`
	// Over is how much later than they should reads came back, all together.
	Over time.Duration `json:"over_ns"`
}

// LateShare returns the part of the reads that were late.
func (s Stats) LateShare() float64 { return float64(s.Late) / float64(max(1, s.Reads)) }

// Minus returns what was counted since t was taken.
func (s Stats) Minus(t Stats) Stats {
	return Stats{s.Reads - t.Reads, s.Late - t.Late, s.Over - t.Over}
}

// String returns s in a few words.
func (s Stats) String() string {
	over := s.Over / time.Duration(max(1, s.Reads))
	return fmt.Sprintf("%d reads, %.1f %% of them late, on average %v over", s.Reads, 100*s.LateShare(), over.Round(time.Microsecond))
}

// Stats returns what was counted since New.
func (d *Drive) Stats() Stats {
	return Stats{d.reads.Load(), d.late.Load(), time.Duration(d.over.Load())}
}

func (d *Drive) now() time.Duration { return time.Since(d.began) }

// read reads from a place of r that is at off on the drive.
func (d *Drive) read(r io.ReaderAt, b []byte, at, off int64) (int, error) {
	q := d.requests.Get().(*request)
	defer d.requests.Put(q)
	d.under.Add(1)
	defer d.under.Add(-1)
	d.mu.Lock()
	q.off, q.n, q.arrive, q.done = off, int64(len(b)), d.now(), 0
	d.device.submit(q)
	d.mu.Unlock()

	n, err := r.ReadAt(b, at)
	select {
	case <-q.settled:
		if d.now() > q.done {
			d.late.Add(1)
		}
	default:
		<-q.settled
	}
	d.sleep(q.done)
	d.reads.Add(1)
	d.over.Add(int64(d.now() - q.done))
	d.mu.Lock()
	d.device.advance(q.done)
	d.mu.Unlock()
	return n, err
}

const (
	alone    = 150 * time.Microsecond // what is shorter is waited for awake by a read without company
	company  = time.Millisecond       // likewise by one beside others that are awake
	leastNap = 20 * time.Microsecond  // what is shorter costs more than it saves
	mostLead = 200 * time.Microsecond // a later wake-up is an accident, not a habit
)

// sleep returns at a time, or as soon after it as this goroutine gets its turn.
// It naps until it has to wake up, which takes as long as it did lately, and waits
// for the rest awake, but behind everything else that can run. As long as others are
// awake Go's scheduler hardly looks for those whose nap is over, so that short naps
// would be long ones.
func (d *Drive) sleep(until time.Duration) {
	for {
		left := until - d.now()
		if left <= 0 {
			return
		}
		lead := time.Duration(d.lead.Load())
		if left < lead+leastNap || left < alone && d.under.Load() == 1 || left < company && d.awake.Load() > 0 {
			d.awake.Add(1)
			runtime.Gosched()
			d.awake.Add(-1)
			continue
		}
		nap(left - lead)
		over := d.now() - (until - lead)
		d.lead.Store(int64(min(max(lead+(over-lead)/8, 0), mostLead)))
	}
}

// Surface returns the whole drive, filled with bytes that mean nothing.
func (d *Drive) Surface() io.ReaderAt { return d.Over(make(pattern, 8<<20)) }

// Over returns the whole drive with the bytes of r on it.
func (d *Drive) Over(r io.ReaderAt) io.ReaderAt { return surface{d, r} }

type surface struct {
	d *Drive
	r io.ReaderAt
}

func (s surface) ReadAt(b []byte, off int64) (int, error) {
	if off < 0 || off > Span-int64(len(b)) {
		return 0, io.EOF
	}
	return s.d.read(s.r, b, off, off)
}

// pattern repeats its bytes for ever.
type pattern []byte

func (p pattern) ReadAt(b []byte, off int64) (n int, err error) {
	for n < len(b) {
		n += copy(b[n:], p[(off+int64(n))%int64(len(p)):])
	}
	return n, nil
}

// FS returns the files of another FS as if they lay on the drive, spread over
// all of it, each in one piece, in the order given. It opens no others.
func (d *Drive) FS(from shard.FS, paths []string) shard.FS {
	f := files{d, from, map[string]int64{}}
	for i, p := range paths {
		f.at[p] = int64(float64(i)/float64(len(paths))*Span) &^ (smallBytes - 1)
	}
	return f
}

type files struct {
	d    *Drive
	from shard.FS
	at   map[string]int64
}

func (f files) Open(name string) (shard.Handle, error) {
	at, ok := f.at[name]
	if !ok {
		return nil, fmt.Errorf("not on the simulated drive: %w", fs.ErrNotExist)
	}
	h, err := f.from.Open(name)
	if err != nil {
		return nil, err
	}
	return &handle{h, f.d, at}, nil
}

type handle struct {
	shard.Handle
	d  *Drive
	at int64
}

func (h *handle) ReadAt(b []byte, off int64) (int, error) {
	return h.d.read(h.Handle, b, off, h.at+off)
}
