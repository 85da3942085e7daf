package shard

import (
	"fmt"
	"io"
)

// A poolFile is a file of a Pool and, while it is kept open, its handle.
type poolFile struct {
	path  string
	known version // what it must be
	h     *handle
}

// A handle is an open file. Its fields but the first three are guarded by
// Pool.mu.
type handle struct {
	Handle
	file int
	version
	users      int
	prev, next *handle // in the idle list, while it has no users
}

// run does c in this goroutine. The caller has entered.
func (p *Pool) run(c *call) error {
	err := p.runOnce(c)
	if err != nil && isShortage(err) {
		p.shed()
	}
	return err
}

func (p *Pool) runOnce(c *call) error {
	if c.kind == opWhole {
		m, err := p.mapWhole(c.file)
		switch {
		case err != nil:
			return err
		case m != nil:
			return p.copyWhole(c, m)
		}
		return p.runWhole(c)
	}
	h, err := p.acquire(c.file)
	if err != nil {
		return err
	}
	switch c.kind {
	case opPieces:
		err = p.readPieces(h, &c.op)
	case opMap:
		c.mapped, err = p.mapFile(h)
	default:
		err = h.do(&c.op)
	}
	p.release(h, err)
	return err
}

func (h *handle) do(o *op) error {
	switch o.kind {
	case opSize:
		o.size = h.size
	case opAdvise:
		if a, ok := h.Handle.(adviser); ok {
			return a.Advise(o.off, o.size, o.advice)
		}
	case opBring:
		raw(h.Handle).Bring(o.off, o.size)
	case opRead:
		if err := h.fill(o); err != nil {
			return err
		}
		return unchanged(h.Handle, h.version)
	}
	return nil
}

// readPieces does o, unless it is cancelled. Whether the file has changed shows
// behind the last piece.
func (p *Pool) readPieces(h *handle, o *op) error {
	for i := range o.pieces {
		o.buf, o.off = o.pieces[i].buf, o.pieces[i].off
		if err := p.usable(o.ctx); err != nil {
			return err
		}
		if err := h.fill(o); err != nil {
			return err
		}
	}
	return unchanged(h.Handle, h.version)
}

// fill reads o.buf.
func (h *handle) fill(o *op) error {
	if o.off < 0 || o.off > h.size || int64(len(o.buf)) > h.size-o.off {
		return fmt.Errorf("%w: the file has %d bytes", io.ErrUnexpectedEOF, h.size)
	}
	return readFull(h.Handle, h.version, o.buf, o.off)
}

// runWhole reads a file through a descriptor of its own.
func (p *Pool) runWhole(c *call) error {
	p.reserve()
	defer p.unreserve()
	path := p.files[c.file].path
	if o, ok := p.cfg.FS.(osFS); ok { // no Handle, so no allocation
		f, err := o.open(path)
		if err != nil {
			return err
		}
		c.buf, err = readAndClose(p, c, f)
		return err
	}
	h, err := p.cfg.FS.Open(path)
	if err != nil {
		return err
	}
	c.buf, err = readAndClose(p, c, h)
	return err
}

func readAndClose[H Handle](p *Pool, c *call, h H) ([]byte, error) {
	defer h.Close()
	p.opens.Add(1)
	p.mu.Lock()
	was := p.files[c.file].known
	p.mu.Unlock()
	if was.size == unknown || was.modNs == unknown { // else it is enough to look behind the read
		now, err := stat(h)
		if err == nil {
			p.mu.Lock()
			err = p.files[c.file].learn(now)
			p.mu.Unlock()
		}
		if err != nil {
			return c.buf[:0], err
		}
		was = now
	}
	return readWhole(h, was, c.buf, p.cfg.MaxFileBytes)
}

// learn compares a file's state with what is known of it, and makes it known.
func (f *poolFile) learn(now version) error {
	if err := f.known.differs(now); err != nil {
		return err
	}
	f.known = now
	return nil
}

// acquire returns an open handle of file i. More than one goroutine may open the
// same file at once: the first handle is kept, others close when released.
func (p *Pool) acquire(i int) (*handle, error) {
	p.mu.Lock()
	if h := p.files[i].h; h != nil {
		if h.users == 0 {
			p.idle.remove(h)
		}
		h.users++
		p.mu.Unlock()
		return h, nil
	}
	p.mu.Unlock()
	p.reserve()
	h, err := p.openFile(i)
	if err != nil {
		p.unreserve()
	}
	return h, err
}

func (p *Pool) openFile(i int) (*handle, error) {
	f := &p.files[i]
	fh, err := p.cfg.FS.Open(f.path)
	if err != nil {
		return nil, err
	}
	p.opens.Add(1)
	h := &handle{Handle: fh, file: i, users: 1}
	h.version, err = stat(fh)
	if err == nil {
		err = p.publish(h)
	}
	if err != nil {
		fh.Close()
		return nil, err
	}
	return h, nil
}

// publish lets others use h, if its file is what it must be and none did first.
func (p *Pool) publish(h *handle) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	f := &p.files[h.file]
	if err := f.learn(h.version); err != nil {
		return err
	}
	if f.h == nil {
		f.h = h
	}
	return nil
}

// release ends a use of h. After an error the descriptor is not used again: a
// new one may be better, for instance when the old one is stale.
func (p *Pool) release(h *handle, err error) {
	p.mu.Lock()
	f := &p.files[h.file]
	if f.h == h && (err != nil || p.closed) {
		f.h = nil
	}
	h.users--
	last := h.users == 0
	if last && f.h == h {
		p.idle.push(h)
		last = false
	}
	p.mu.Unlock()
	if last {
		h.Close()
		p.unreserve()
	}
}

// reserve makes room for one more descriptor, closing the one that was idle for
// longest when there is none. There always is an idle one then: each goroutine
// that has entered holds one descriptor at most, and this one none.
//
// Errors of closing a file that was only read mean nothing, here and elsewhere.
func (p *Pool) reserve() {
	p.mu.Lock()
	if p.open < p.cfg.MaxOpen {
		p.open++
		p.mu.Unlock()
		return
	}
	h := p.takeIdle()
	p.mu.Unlock()
	h.Close()
}

func (p *Pool) unreserve() {
	p.mu.Lock()
	p.open--
	p.mu.Unlock()
}

// shed closes an idle descriptor and reports whether there was one. The caller
// has entered and holds none, as for reserve, or the pool is closed.
func (p *Pool) shed() bool {
	p.mu.Lock()
	h := p.takeIdle()
	p.mu.Unlock()
	if h == nil {
		return false
	}
	h.Close()
	p.unreserve()
	return true
}

func (p *Pool) takeIdle() *handle {
	h := p.idle.pop()
	if h != nil {
		p.files[h.file].h = nil
	}
	return h
}

// An idleList is a ring of handles, the one used last at the end.
type idleList struct{ ring handle }

func (l *idleList) init() { l.ring.prev, l.ring.next = &l.ring, &l.ring }

func (l *idleList) push(h *handle) {
	h.prev, h.next = l.ring.prev, &l.ring
	h.prev.next, h.next.prev = h, h
}

func (l *idleList) remove(h *handle) {
	h.prev.next, h.next.prev = h.next, h.prev
	h.prev, h.next = nil, nil
}

// pop removes and returns the handle that was idle for longest, or nil.
func (l *idleList) pop() *handle {
	h := l.ring.next
	if h == &l.ring {
		return nil
	}
	l.remove(h)
	return h
}
