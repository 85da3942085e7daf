package shard

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stokerdata/stoker/shard/internal/sysio"
)

// grace is how long a cancelled read may take to come back before it is
// left behind, and Close waits for reads that nothing can interrupt.
const grace = 25 * time.Millisecond

// PoolConfig says how a [Pool] reads. The zero value is a good start; set
// Deadline where a disk or a network file system may hang.
type PoolConfig struct {
	// FS opens the files. Nil means the operating system's.
	FS FS

	// Root, if set, is the directory that every file must lie in: a symbolic
	// link that leads out is an error. It applies to the operating system's
	// files, so not together with FS.
	Root string

	// Backend is how the operating system's files are read; the zero value is
	// Pread. Others do not go together with FS.
	Backend Backend

	// MaxOpen bounds the descriptors in use, and with them the reads in flight:
	// further reads wait. 0 means 256, a quarter of the usual limit of a process.
	MaxOpen int

	// Deadline bounds each call, waiting and retries included. 0 means none:
	// reads then run in the caller's goroutine, at the least cost, and a hung
	// one cannot be cancelled.
	Deadline time.Duration

	// Readers is the number of goroutines that read when there is a Deadline,
	// at most MaxOpen. 0 means 16, which keeps an NVMe disk busy.
	Readers int

	// Retries is how often a read that failed for a reason that may pass (EIO,
	// EAGAIN, ESTALE, ...) is tried again. 0 means 2, negative none. Waiting for
	// descriptors that other parts of the process hold (EMFILE) does not count.
	Retries int

	// Backoff is the pause before the first retry; it doubles up to a second.
	// 0 means 10 ms.
	Backoff time.Duration

	// MaxFileBytes is the largest file that ReadFile takes. 0 means the
	// package's MaxFileBytes.
	MaxFileBytes int64
}

func (c PoolConfig) withDefaults() PoolConfig {
	if c.FS == nil {
		c.FS = osFS{eager: c.Deadline == 0 && !c.Backend.direct()} // a read that hangs must hold nobody up
	}
	if c.MaxOpen <= 0 {
		c.MaxOpen = 256
	}
	if c.Readers <= 0 {
		c.Readers = 16
	}
	c.Readers = min(c.Readers, c.MaxOpen)
	if c.Retries == 0 {
		c.Retries = 2
	}
	if c.Backoff <= 0 {
		c.Backoff = 10 * time.Millisecond
	}
	if c.MaxFileBytes <= 0 {
		c.MaxFileBytes = MaxFileBytes
	}
	c.MaxFileBytes = min(c.MaxFileBytes, math.MaxInt/2) // matters for 32 bits
	return c
}

// A Pool reads the files of a [Set] by position, keeping the descriptors of the
// files used last. A read gives exactly the bytes asked for, from the file that
// was listed, or a *[ReadError]; reads of old and of new content never mix: size
// and time of a file are compared when it is opened to stay so, and behind each
// read, or all reads of a file that one goroutine does for one call. That costs an
// fstat, about as much as 4 KiB from the page cache do (BenchmarkReadAt).
//
// All methods may be called concurrently.
type Pool struct {
	cfg     PoolConfig
	root    *os.Root
	fetches sync.Pool // of *fetch

	calls   sync.Pool     // of *call
	tokens  chan struct{} // one per read in flight
	work    chan *call    // to the readers
	readers sync.WaitGroup
	closing chan struct{}

	mu     sync.Mutex
	closed bool
	files  []poolFile
	idle   idleList
	open   int     // descriptors held, also those being opened or closed
	stuck  int     // readers lost in a read
	rings  []*ring // not in use
	lost   []lostRing

	useRings bool
	brings   bool                      // what it reads into the page cache
	maps     []atomic.Pointer[mapping] // by file, of MmapTrusted

	reads, bytes, retries, opens, abandoned atomic.Int64
}

// NewPool returns a Pool that reads files. It opens none yet.
func NewPool(files Set, cfg PoolConfig) (*Pool, error) {
	if cfg.Backend != Pread && cfg.FS != nil || cfg.Backend > MmapTrusted {
		return nil, fmt.Errorf("shard: a pool has an FS or a known Backend, not the Backend %q", cfg.Backend)
	}
	p := &Pool{closing: make(chan struct{})}
	if cfg.Root != "" {
		if cfg.FS != nil {
			return nil, errors.New("shard: a pool has a Root or an FS, not both")
		}
		root, err := os.OpenRoot(cfg.Root)
		if err != nil {
			return nil, fmt.Errorf("shard: pool: %w", err)
		}
		p.root = root
		cfg.FS = rootFS{root, cfg.Root}
	}
	p.cfg = cfg.withDefaults()
	p.calls.New = func() any { return newCall() }
	p.fetches.New = func() any { return newFetch() }
	p.tokens = make(chan struct{}, p.cfg.MaxOpen)
	p.idle.init()
	p.files = make([]poolFile, len(files))
	for i, f := range files {
		p.files[i] = poolFile{path: f.Path, known: versionOf(f)}
	}
	p.setBackend()
	if p.cfg.Deadline > 0 {
		p.work = make(chan *call)
		for range p.cfg.Readers {
			p.readers.Add(1)
			go p.reader()
		}
	}
	return p, nil
}

// ReadAt fills b with the bytes of file i from off. A range that the file does
// not hold is an error wrapping [io.ErrUnexpectedEOF].
//
// After an error that wraps [ErrAbandoned], and only then, b is lost: a read
// that may still come back owns it.
func (p *Pool) ReadAt(ctx context.Context, i int, b []byte, off int64) error {
	_, err := p.do(ctx, op{kind: opRead, file: i, buf: b, off: off})
	return err
}

// ReadFile reads the whole of file i into buf's memory, growing it where it is
// too small, and returns the filled slice, or buf emptied on an error. It is for small
// files, each read once an epoch. It keeps none open, except with [MmapTrusted].
//
// After an error that wraps [ErrAbandoned] buf is lost, and the result nil.
func (p *Pool) ReadFile(ctx context.Context, i int, buf []byte) ([]byte, error) {
	o, err := p.do(ctx, op{kind: opWhole, file: i, buf: buf[:0]})
	return o.buf, err
}

// WillNeed asks the kernel to read n bytes of file i from off into its cache,
// where it does such things (Linux); n 0 means to the end.
func (p *Pool) WillNeed(ctx context.Context, i int, off, n int64) error {
	return p.advise(ctx, i, off, n, sysio.WillNeed)
}

// DontNeed lets the kernel drop n bytes of file i from off from its cache; n 0
// means to the end. A dataset that is larger than memory and read once an epoch
// is better not cached at all.
func (p *Pool) DontNeed(ctx context.Context, i int, off, n int64) error {
	return p.advise(ctx, i, off, n, sysio.DontNeed)
}

// Sequential tells the kernel that file i will be read from start to end, for as
// long as its descriptor stays open.
func (p *Pool) Sequential(ctx context.Context, i int) error {
	return p.advise(ctx, i, 0, 0, sysio.Sequential)
}

func (p *Pool) advise(ctx context.Context, i int, off, n int64, a sysio.Advice) error {
	_, err := p.do(ctx, op{kind: opAdvise, file: i, off: off, size: n, advice: a})
	return err
}

// size returns the size of file i as it is now.
func (p *Pool) size(ctx context.Context, i int) (int64, error) {
	o, err := p.do(ctx, op{kind: opSize, file: i})
	return o.size, err
}

// Close closes all descriptors and waits for the reads in flight, but not for
// those that hang: they, and the descriptor that each holds, end when their
// system call does. Later calls return an error wrapping [fs.ErrClosed].
func (p *Pool) Close() error {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil
	}
	p.closed = true
	close(p.closing)
	p.mu.Unlock()

	p.readers.Wait()
	drained := p.drain()
	for p.shed() {
	}
	err := p.closeRings()
	if drained { // else one that hangs may still look at what is mapped
		err = errors.Join(err, p.unmap())
	}
	if p.root != nil {
		err = errors.Join(err, p.root.Close())
	}
	return err
}

// drain waits until no read is in flight, for a moment, and reports whether none is.
func (p *Pool) drain() bool {
	t := time.NewTimer(grace)
	defer t.Stop()
	for range cap(p.tokens) {
		select {
		case p.tokens <- struct{}{}:
		case <-t.C:
			return false
		}
	}
	return true
}

// Stats counts what a [Pool] did since it was made.
type Stats struct {
	Reads     int64 // reads that succeeded
	Bytes     int64 // bytes they returned
	Retries   int64 // attempts after the first of a read
	Opens     int64 // files opened
	Abandoned int64 // reads left behind
	Open      int   // descriptors held now
	Stuck     int   // reads left behind that have not come back yet
}

// Stats returns the counts so far.
func (p *Pool) Stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	return Stats{
		Reads: p.reads.Load(), Bytes: p.bytes.Load(), Retries: p.retries.Load(),
		Opens: p.opens.Load(), Abandoned: p.abandoned.Load(),
		Open: p.open, Stuck: p.stuck,
	}
}

var errClosed = fmt.Errorf("pool: %w", fs.ErrClosed)
