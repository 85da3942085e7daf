package shard

import (
	"context"
	"errors"
	"io"
	"runtime"

	"github.com/stokerdata/stoker/internal/pages"
	"github.com/stokerdata/stoker/shard/internal/sysio"
)

// ringReads is how many reads a ring has room for, and so the most of a Fetch
// that are in flight.
const ringReads = 64

// A ring is one of the kernel's, and memory for direct reads whose bytes are wanted
// where such reads cannot put them.
type ring struct {
	*sysio.Ring
	memory  []byte   // nil until a fetch needs it
	between [][]byte // of memory, bounceBytes each, not in use
}

// ringBounces is how many reads of a fetch go through memory between at a time. A huge
// page holds it.
const ringBounces = 8

func newRing() (*ring, error) {
	r, err := sysio.NewRing(ringReads)
	return &ring{Ring: r}, err
}

// bounce makes the memory between, once.
func (r *ring) bounce() {
	if r.memory == nil {
		r.memory = pages.Alloc(ringBounces * bounceBytes)
		for b := r.memory; len(b) > 0; b = b[bounceBytes:] {
			r.between = append(r.between, b[:bounceBytes:bounceBytes])
		}
	}
}

// Close gives up the ring, which has no reads, and its memory.
func (r *ring) Close() error {
	pages.Free(r.memory)
	return r.Ring.Close()
}

// ring returns a ring that is not in use, nil if there can be none.
func (p *Pool) ring() *ring {
	p.mu.Lock()
	if n := len(p.rings); n > 0 {
		r := p.rings[n-1]
		p.rings = p.rings[:n-1]
		p.mu.Unlock()
		return r
	}
	p.mu.Unlock()
	r, err := newRing()
	if err != nil {
		return nil
	}
	return r
}

// putRing takes back a ring without reads.
func (p *Pool) putRing(r *ring) {
	p.mu.Lock()
	closed := p.closed
	if !closed {
		p.rings = append(p.rings, r)
	}
	p.mu.Unlock()
	if closed {
		r.Close()
	}
}

// A lostRing has reads of which nobody will know when they end. It is held for
// ever, as is the memory that they write to.
type lostRing struct {
	*ring
	buf []byte
}

// lose gives up a ring that does not work any more, with its reads.
func (p *Pool) lose(r *ring, buf []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lost = append(p.lost, lostRing{r, buf})
	p.abandoned.Add(1)
}

func (p *Pool) closeRings() error {
	p.mu.Lock()
	rings := p.rings
	p.rings = nil
	p.mu.Unlock()
	var errs []error
	for _, r := range rings {
		errs = append(errs, r.Close())
	}
	return errors.Join(errs...)
}

// runRing is run with a ring in the place of goroutines. What goes wrong there is
// read again by ReadAt, which knows what to do about it.
func (f *fetch) runRing(ctx context.Context, p *Pool, buf []byte, width int) {
	r := p.ring()
	if r == nil {
		f.read(ctx, p, buf)
		return
	}
	if f.bounced {
		r.bounce()
		width = min(width, ringBounces)
	}
	f.flights = append(f.flights[:0], make([]flight, len(f.requests))...)
	next, flying := 0, 0
	for {
		for next < len(f.requests) && flying < width && r.Room() > 0 {
			started, waits := f.start(ctx, p, r, next, buf, flying == 0)
			if waits {
				break
			}
			if next++; started {
				flying++
			}
			if f.err != nil {
				next = len(f.requests)
			}
		}
		if flying == 0 {
			break
		}
		n := flying
		if next < len(f.requests) { // to sleep for each read costs more than a queue that is a little shorter
			n = max(1, flying/8)
		}
		if err := r.Wait(n); err != nil {
			p.lose(r, buf)
			f.flights = nil // which are lost too
			f.fail(&ReadError{Path: p.files[f.requests[0].File].path, Err: &abandonedError{err}})
			return
		}
		for {
			d, ok := r.Next()
			if !ok {
				break
			}
			flying--
			f.land(ctx, p, r, d, buf)
		}
		if f.err != nil {
			next = len(f.requests)
		}
	}
	runtime.KeepAlive(buf)
	p.putRing(r)
}

// A flight is a read that a ring does.
type flight struct {
	h    *handle
	to   []byte
	skip int // bytes at the start of to that nobody wants
}

// memory returns the part of buf that request i is read into.
func (f *fetch) memory(i int, buf []byte) []byte {
	return buf[f.starts[i]:][:f.requests[i].Len:f.requests[i].Len]
}

// start starts request i, or reads it at once if the ring cannot. While all
// descriptors are in use it waits for one only if it may.
func (f *fetch) start(ctx context.Context, p *Pool, r *ring, i int, buf []byte, mayWait bool) (started, waits bool) {
	if p.usable(ctx) == nil {
		entered := p.tryEnter()
		if !entered && !mayWait {
			return false, true
		}
		if entered {
			if f.submit(p, r, i, buf) {
				return true, false
			}
			p.leave()
		}
	}
	f.readOne(ctx, p, i, buf)
	return false, false
}

// submit hands request i to the ring and reports whether it could. The caller
// has entered.
func (f *fetch) submit(p *Pool, r *ring, i int, buf []byte) bool {
	q := &f.requests[i]
	h, err := p.acquire(q.File)
	if err != nil {
		return false
	}
	file, skip := raw(h.Handle), int(q.Off&(page-1))
	if file == nil || q.Off > h.size-int64(q.Len) || f.bounced && q.Len > bounceBytes-skip {
		p.release(h, nil)
		return false
	}
	t := flight{h: h, to: buf[f.starts[i]:]}
	n := q.Len
	if f.bounced {
		last := len(r.between) - 1
		t.to, r.between = r.between[last], r.between[:last]
		t.skip = skip
		n += skip
	}
	if p.cfg.Backend.direct() {
		n = roundUp(n) // for which the buffer has room
	}
	t.to = t.to[:n]
	f.flights[i] = t
	r.Read(*file, t.to, q.Off-int64(t.skip), i)
	return true
}

// land ends a read of the ring.
func (f *fetch) land(ctx context.Context, p *Pool, r *ring, d sysio.Done, buf []byte) {
	q, t := &f.requests[d.Tag], f.flights[d.Tag]
	err := d.Err
	if err == nil && d.N < t.skip+q.Len {
		err = io.ErrShortBuffer
	}
	if err == nil {
		err = unchanged(t.h.Handle, t.h.version)
	}
	if f.bounced {
		if err == nil {
			copy(f.memory(d.Tag, buf), t.to[t.skip:])
		}
		r.between = append(r.between, t.to)
	}
	p.release(t.h, err)
	p.leave()
	f.flights[d.Tag] = flight{}
	if err == nil {
		p.reads.Add(1)
		p.bytes.Add(int64(q.Len))
	} else if f.err == nil {
		f.readOne(ctx, p, d.Tag, buf)
	}
}

// readOne reads request i without the ring.
func (f *fetch) readOne(ctx context.Context, p *Pool, i int, buf []byte) {
	q := &f.requests[i]
	if err := p.ReadAt(ctx, q.File, f.memory(i, buf), q.Off); err != nil {
		f.fail(err)
	}
}
