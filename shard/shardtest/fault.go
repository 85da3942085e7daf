package shardtest

import (
	"io"
	"math"
	"strings"
	"sync"
	"time"

	"github.com/stokerdata/stoker/shard"
)

// An Op is a kind of call of a file system.
type Op int

// The calls that faults strike.
const (
	Open Op = iota
	Read
	Stat
	Close
	nOps
)

// A Fault changes what calls do.
type Fault struct {
	Op   Op
	Path string // only files whose path ends like this; empty means all

	// Nth is the first call of Op that the fault strikes, counted from 1 over
	// all files; 0 means 1. Count is how many calls it strikes from there on; 0
	// means one, negative all.
	Nth, Count int

	Effect Effect
}

func (f *Fault) strikes(op Op, path string, n int) bool {
	first := max(f.Nth, 1)
	if op != f.Op || n < first || !strings.HasSuffix(path, f.Path) {
		return false
	}
	return f.Count < 0 || n < first+max(f.Count, 1)
}

// An Effect is what a [Fault] does to a call. The functions of this package make
// them.
type Effect struct {
	err   error
	delay time.Duration
	hang  bool
	short int   // bytes a read returns at most, plus one
	size  int64 // that the file seems to have from now on, plus one
	flip  int64 // offset of the byte of which a bit is flipped, plus one
}

// Error makes the call return err and do nothing.
func Error(err error) Effect { return Effect{err: err} }

// Delay makes the call take d longer.
func Delay(d time.Duration) Effect { return Effect{delay: d} }

// Hang makes the call not return before [FaultFS.Release].
func Hang() Effect { return Effect{hang: true} }

// Short makes a read return at most n bytes, without an error even if n is 0.
func Short(n int) Effect { return Effect{short: n + 1} }

// Truncate makes the file seem to end at size, in this call and all later ones.
func Truncate(size int64) Effect { return Effect{size: size + 1} }

// FlipBit makes a read that holds the byte at offset off of the file see its
// lowest bit flipped.
func FlipBit(off int64) Effect { return Effect{flip: off + 1} }

// FaultFS is a [shard.FS] with faults. Its fields must not change once it is in
// use; its methods may be called concurrently.
type FaultFS struct {
	FS     shard.FS // the files; nil means the operating system's
	Faults []Fault

	mu      sync.Mutex
	calls   [nOps]int
	open    int
	maxOpen int
	sizes   map[string]int64 // of truncated files
	hung    chan struct{}    // closed by Release
}

// Open opens the named file.
func (f *FaultFS) Open(name string) (shard.Handle, error) {
	if _, err := f.call(Open, name); err != nil {
		return nil, err
	}
	files := f.FS
	if files == nil {
		files = shard.OS()
	}
	h, err := files.Open(name)
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.open++
	f.maxOpen = max(f.maxOpen, f.open)
	return &handle{h, f, name}, nil
}

// Calls returns how many calls of op there were.
func (f *FaultFS) Calls(op Op) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls[op]
}

// Handles returns how many handles are open now, and were at most at once.
func (f *FaultFS) Handles() (now, most int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.open, f.maxOpen
}

// Release lets the calls that hang go on, and makes later ones not hang.
func (f *FaultFS) Release() {
	hung := f.released()
	f.mu.Lock()
	defer f.mu.Unlock()
	select {
	case <-hung:
	default:
		close(hung)
	}
}

// released returns the channel that Release closes.
func (f *FaultFS) released() chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.hung == nil {
		f.hung = make(chan struct{})
	}
	return f.hung
}

// call counts a call, waits as its faults say, and returns what they do.
func (f *FaultFS) call(op Op, path string) (Effect, error) {
	e := f.effect(op, path)
	time.Sleep(e.delay)
	if e.hang {
		<-f.released()
	}
	return e, e.err
}

// effect returns all effects on a call as one.
func (f *FaultFS) effect(op Op, path string) Effect {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls[op]++
	var all Effect
	for i := range f.Faults {
		if !f.Faults[i].strikes(op, path, f.calls[op]) {
			continue
		}
		e := f.Faults[i].Effect
		all.delay += e.delay
		all.hang = all.hang || e.hang
		all.short, all.flip = max(all.short, e.short), max(all.flip, e.flip)
		if e.err != nil {
			all.err = e.err
		}
		if e.size > 0 {
			if f.sizes == nil {
				f.sizes = make(map[string]int64)
			}
			f.sizes[path] = e.size - 1
		}
	}
	return all
}

// limit returns the size that the file at path seems to have at most.
func (f *FaultFS) limit(path string) int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	if size, ok := f.sizes[path]; ok {
		return size
	}
	return math.MaxInt64
}

type handle struct {
	shard.Handle
	fs   *FaultFS
	path string
}

func (h *handle) ReadAt(p []byte, off int64) (int, error) {
	e, err := h.fs.call(Read, h.path)
	if err != nil {
		return 0, err
	}
	if e.short > 0 && len(p) >= e.short {
		p = p[:e.short-1]
	}
	if rest := h.fs.limit(h.path) - off; rest <= 0 && len(p) > 0 {
		return 0, io.EOF
	} else if int64(len(p)) > rest {
		p = p[:rest]
	}
	n, err := h.Handle.ReadAt(p, off)
	if at := e.flip - 1 - off; e.flip > 0 && at >= 0 && at < int64(n) {
		p[at] ^= 1
	}
	return n, err
}

func (h *handle) Stat() (int64, time.Time, error) {
	if _, err := h.fs.call(Stat, h.path); err != nil {
		return 0, time.Time{}, err
	}
	size, modTime, err := h.Handle.Stat()
	return min(size, h.fs.limit(h.path)), modTime, err
}

// Close closes the file also when a fault makes it return an error.
func (h *handle) Close() error {
	_, err := h.fs.call(Close, h.path)
	h.fs.mu.Lock()
	h.fs.open--
	h.fs.mu.Unlock()
	if e := h.Handle.Close(); err == nil {
		err = e
	}
	return err
}
