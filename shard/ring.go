package shard

import (
	"context"
	"errors"
	"io"
	"runtime"

	"github.com/stokerdata/stoker/shard/internal/sysio"
)

// ringReads is how many reads a ring has room for, and so the most of a Fetch
// that are in flight.
const ringReads = 64

// ring returns a ring that is not in use, nil if there can be none.
func (p *Pool) ring() *sysio.Ring {
	p.mu.Lock()
	if n := len(p.rings); n > 0 {
		r := p.rings[n-1]
		p.rings = p.rings[:n-1]
		p.mu.Unlock()
		return r
	}
	p.mu.Unlock()
	r, err := sysio.NewRing(ringReads)
	if err != nil {
		return nil
	}
	return r
}

// putRing takes back a ring without reads.
func (p *Pool) putRing(r *sysio.Ring) {
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
	*sysio.Ring
	buf []byte
}

// lose gives up a ring that does not work any more, with its reads.
func (p *Pool) lose(r *sysio.Ring, buf []byte) {
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
	f.handles = append(f.handles[:0], make([]*handle, len(f.requests))...)
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
			f.handles = nil // which are lost too
			f.fail(&ReadError{Path: p.files[f.requests[0].File].path, Err: &abandonedError{err}})
			return
		}
		for {
			d, ok := r.Next()
			if !ok {
				break
			}
			flying--
			f.land(ctx, p, d, buf)
		}
		if f.err != nil {
			next = len(f.requests)
		}
	}
	runtime.KeepAlive(buf)
	p.putRing(r)
}

// memory returns the part of buf that request i is read into.
func (f *fetch) memory(i int, buf []byte) []byte {
	return buf[f.starts[i]:][:f.requests[i].Len:f.requests[i].Len]
}

// start starts request i, or reads it at once if the ring cannot. While all
// descriptors are in use it waits for one only if it may.
func (f *fetch) start(ctx context.Context, p *Pool, r *sysio.Ring, i int, buf []byte, mayWait bool) (started, waits bool) {
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
func (f *fetch) submit(p *Pool, r *sysio.Ring, i int, buf []byte) bool {
	q := &f.requests[i]
	h, err := p.acquire(q.File)
	if err != nil {
		return false
	}
	file, n := raw(h.Handle), q.Len
	if file == nil || q.Off > h.size-int64(n) {
		p.release(h, nil)
		return false
	}
	if p.cfg.Backend.direct() {
		n = roundUp(n) // for which the buffer has room
	}
	f.handles[i] = h
	r.Read(*file, buf[f.starts[i]:][:n], q.Off, i)
	return true
}

// land ends a read of the ring.
func (f *fetch) land(ctx context.Context, p *Pool, d sysio.Done, buf []byte) {
	q, h := &f.requests[d.Tag], f.handles[d.Tag]
	err := d.Err
	if err == nil && d.N < q.Len {
		err = io.ErrShortBuffer
	}
	if err == nil {
		err = unchanged(h.Handle, h.version)
	}
	p.release(h, err)
	p.leave()
	f.handles[d.Tag] = nil
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
