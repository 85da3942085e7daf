package shard

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/stokerdata/stoker/shard/internal/sysio"
)

const (
	maxBackoff  = time.Second
	maxShortage = 10 * time.Second // waiting for descriptors that others hold
)

// An op is one thing to do with a file.
type op struct {
	kind   opKind
	file   int
	buf    []byte // opRead fills it, opWhole replaces it
	off    int64
	pieces []piece         // opPieces reads them, one by one as buf and off
	ctx    context.Context // that ends opPieces
	size   int64           // opSize sets it, opAdvise and opBring take it
	advice sysio.Advice
	mapped *mapping // opMap sets it
}

// A piece is a part of a file, and the memory that it is read to.
type piece struct {
	buf []byte
	off int64
}

type opKind int

const (
	opRead opKind = iota
	opPieces
	opWhole
	opSize
	opAdvise
	opMap
	opBring // into the page cache
)

// A call carries an op from a caller to a reader and its outcome back. One that
// is abandoned belongs to the reader; all others are reused.
type call struct {
	op
	err     error
	done    chan struct{} // the reader is through
	expired <-chan time.Time
	timer   *time.Timer
	state   atomic.Int32
}

const (
	statePending int32 = iota
	stateDone
	stateAbandoned
)

func newCall() *call { return &call{done: make(chan struct{}, 1)} }

// do does o, retrying, within the deadline. It returns o with its results.
func (p *Pool) do(ctx context.Context, o op) (op, error) {
	path := p.files[o.file].path
	c := p.calls.Get().(*call)
	c.op = o
	if p.cfg.Deadline > 0 {
		c.arm(p.cfg.Deadline)
	}
	err := p.try(ctx, c)
	if c.timer != nil {
		c.timer.Stop()
	}
	if err == nil || !errors.Is(err, ErrAbandoned) {
		o = c.op
		c.op = op{}
		p.calls.Put(c)
	}
	if err != nil {
		err = &ReadError{Path: path, Off: o.off, Len: len(o.buf), Err: err}
		if errors.Is(err, ErrAbandoned) {
			o.buf = nil
		}
		return o, err
	}
	switch o.kind {
	case opRead, opWhole:
		p.count(1, len(o.buf))
	case opPieces:
		n := 0
		for i := range o.pieces {
			n += len(o.pieces[i].buf)
		}
		p.count(len(o.pieces), n)
	}
	return o, nil
}

// count counts reads that succeeded.
func (p *Pool) count(reads, bytes int) {
	p.reads.Add(int64(reads))
	p.bytes.Add(int64(bytes))
}

func (c *call) arm(d time.Duration) {
	if c.timer == nil {
		c.timer = time.NewTimer(d)
		c.expired = c.timer.C
		return
	}
	c.timer.Reset(d)
}

// try attempts c until it succeeds or there is no hope or time left.
func (p *Pool) try(ctx context.Context, c *call) error {
	pause, shortage, retries := p.cfg.Backoff, time.Duration(0), 0
	for {
		err := p.attempt(ctx, c)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, ErrAbandoned):
			return err
		case isShortage(err) && shortage < maxShortage:
			shortage += pause
		case isTransient(err) && retries < p.cfg.Retries:
			retries++
		default:
			return err
		}
		p.retries.Add(1)
		if cut := p.sleep(ctx, c, pause); cut != nil {
			return fmt.Errorf("%w while retrying after: %w", cut, err)
		}
		pause = min(2*pause, maxBackoff)
	}
}

// isTransient reports whether the same read may well succeed a little later.
func isTransient(err error) bool {
	errno, ok := errors.AsType[syscall.Errno](err)
	if !ok {
		return err == io.ErrNoProgress
	}
	switch errno {
	case syscall.EIO, syscall.EAGAIN, syscall.EINTR, syscall.ESTALE, syscall.EBUSY, syscall.ETIMEDOUT:
		return true
	}
	return false
}

// isShortage reports whether descriptors ran out, of the process or the machine.
func isShortage(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)
}

func (p *Pool) sleep(ctx context.Context, c *call, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-c.expired:
		return p.deadlineError()
	case <-p.closing:
		return errClosed
	}
}

func (p *Pool) deadlineError() error {
	return fmt.Errorf("deadline of %v: %w", p.cfg.Deadline, os.ErrDeadlineExceeded)
}

// attempt does c once, here or in a reader.
func (p *Pool) attempt(ctx context.Context, c *call) error {
	if err := p.enter(ctx, c); err != nil {
		return err
	}
	if p.cfg.Deadline > 0 {
		return p.handOver(ctx, c)
	}
	defer p.leave()
	return p.run(c)
}

// enter waits until c may use a descriptor.
func (p *Pool) enter(ctx context.Context, c *call) error {
	if err := p.usable(ctx); err != nil {
		return err
	}
	if p.tryEnter() {
		return nil
	}
	select {
	case p.tokens <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-c.expired:
		return p.deadlineError()
	case <-p.closing:
		return errClosed
	}
}

// usable returns why nothing can be read any more, if that is so.
func (p *Pool) usable(ctx context.Context) error {
	select {
	case <-p.closing:
		return errClosed
	default:
		return ctx.Err()
	}
}

// tryEnter enters if that needs no waiting, and reports whether it has.
func (p *Pool) tryEnter() bool {
	select {
	case p.tokens <- struct{}{}:
		return true
	default:
		return false
	}
}

func (p *Pool) leave() { <-p.tokens }

// handOver lets a reader do c and waits for it, but not for ever.
func (p *Pool) handOver(ctx context.Context, c *call) error {
	c.state.Store(statePending)
	var cause error
	select {
	case p.work <- c:
	case <-ctx.Done():
		cause = ctx.Err()
	case <-c.expired:
		cause = p.deadlineError()
	case <-p.closing:
		cause = errClosed
	}
	if cause != nil {
		p.leave()
		return cause
	}
	select {
	case <-c.done:
		return c.err
	case <-c.expired:
		c.timer.Reset(0) // what may be tried next has expired too
		return p.abandon(c, p.deadlineError())
	case <-ctx.Done():
		cause = ctx.Err()
	case <-p.closing:
		cause = errClosed
	}
	// Almost every read ends in a moment, and then its buffer is not lost.
	t := time.NewTimer(grace)
	defer t.Stop()
	select {
	case <-c.done:
		return c.err
	case <-t.C:
		return p.abandon(c, cause)
	}
}

// abandon leaves c to the reader that is stuck in it, and puts another in that
// reader's place.
func (p *Pool) abandon(c *call, cause error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !c.state.CompareAndSwap(statePending, stateAbandoned) {
		<-c.done // it came back just now
		return c.err
	}
	p.abandoned.Add(1)
	p.stuck++
	if p.closed {
		p.readers.Done()
	} else {
		go p.reader() // counted in p.readers as the one it replaces was
	}
	return &abandonedError{cause}
}

// reader does calls until the pool closes or one of them gets stuck.
func (p *Pool) reader() {
	for {
		select {
		case <-p.closing:
			p.readers.Done()
			return
		case c := <-p.work:
			c.err = p.run(c)
			p.leave()
			if c.state.CompareAndSwap(statePending, stateDone) {
				c.done <- struct{}{}
				continue
			}
			p.mu.Lock()
			p.stuck--
			p.mu.Unlock()
			return
		}
	}
}
