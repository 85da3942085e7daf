package shard

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
)

// Fetch reads all ranges, merged as plan says, into one buffer of bufs. It sorts
// ranges by file and offset and sets the Data of each, which is part of the
// returned buffer: give that to [Buffers.Put] when all are done with. Nothing
// else needs to be done after an error, and then every Data is nil.
func (p *Pool) Fetch(ctx context.Context, bufs *Buffers, plan Plan, ranges []Range) ([]byte, error) {
	for i := range ranges {
		ranges[i].Data = nil
	}
	if err := p.possible(ranges); err != nil {
		return nil, err
	}
	if p.maps != nil {
		err := p.lend(ctx, ranges)
		if !errors.Is(err, errors.ErrUnsupported) {
			return nil, err
		}
	}
	f := p.fetches.Get().(*fetch)
	defer func() {
		clear(f.requests) // keeps no reference to ranges
		p.fetches.Put(f)
	}()
	n, err := f.plan(p, plan, ranges)
	if err != nil {
		return nil, err
	}
	p.bring(ctx, len(ranges), func(i int) *Range { return &ranges[i] })
	buf, err := bufs.Get(ctx, n)
	if err != nil {
		return nil, err
	}
	lost, err := f.run(ctx, p, buf, plan.withDefaults().Concurrency)
	switch {
	case lost:
		bufs.Abandon(buf)
	case err != nil:
		bufs.Put(buf)
	}
	if err != nil {
		return nil, err
	}
	f.share(buf)
	return buf, nil
}

// possible returns an error if there can be no such ranges.
func (p *Pool) possible(ranges []Range) error {
	for i := range ranges {
		if r := &ranges[i]; r.Off < 0 || r.Len < 0 || r.Off > math.MaxInt64-int64(r.Len) {
			return &ReadError{p.files[r.File].path, r.Off, r.Len, errors.New("impossible range")}
		}
	}
	return nil
}

// A fetch is the state of one Fetch, reused by later ones.
type fetch struct {
	work     func()          // of another goroutine
	ctx      context.Context // of the call, for work, as are the next two
	pool     *Pool
	buf      []byte
	requests []Request
	pieces   []piece  // of one file
	order    []place  // of ranges
	starts   []int    // of each request, in the buffer
	bounced  bool     // a ring reads to memory between, as requests are no whole pages
	flights  []flight // by request, of a ring
	next     atomic.Int64
	others   sync.WaitGroup // here, as a local one would be allocated each time

	mu   sync.Mutex
	err  error // the first
	lost bool  // a read was abandoned
}

// plan makes the requests and returns the bytes that they need.
func (f *fetch) plan(p *Pool, plan Plan, ranges []Range) (int, error) {
	if !inOrder(ranges) {
		f.order = sorted(f.order[:0], ranges)
		arrange(ranges, f.order)
	}
	f.requests = plan.Coalesce(f.requests[:0], ranges)
	f.starts = f.starts[:0]
	direct := p.cfg.Backend.direct()
	n := 0
	for i := range f.requests {
		r := &f.requests[i]
		if direct {
			p.widen(r)
		}
		if r.Len > math.MaxInt-page-n {
			return 0, fmt.Errorf("shard: fetch: %w", ErrTooLarge)
		}
		f.starts = append(f.starts, n)
		if n += r.Len; direct {
			n = roundUp(n)
		}
	}
	return n, nil
}

// widen makes r begin and end at whole pages, or at the end of its file.
func (p *Pool) widen(r *Request) {
	skip := int(r.Off & (page - 1))
	r.Off, r.Len = r.Off-int64(skip), r.Len+skip
	p.mu.Lock()
	size := p.files[r.File].known.size
	p.mu.Unlock()
	if end := r.Off + int64(r.Len); size != unknown && end < size {
		r.Len = int(min(roundUp(end), size) - r.Off)
	}
}

// run reads all requests with up to width reads in flight and reports whether
// buf is lost.
func (f *fetch) run(ctx context.Context, p *Pool, buf []byte, width int) (lost bool, err error) {
	f.next.Store(0)
	f.err, f.lost = nil, false
	if p.useRings && width > 1 && len(f.requests) > 1 {
		f.runRing(ctx, p, buf, width)
		return f.lost, f.err
	}
	if width == 1 {
		f.readAlone(ctx, p, buf)
		return f.lost, f.err
	}
	f.ctx, f.pool, f.buf = ctx, p, buf
	for range min(width, len(f.requests)) - 1 {
		f.others.Add(1)
		go f.work() // which is made once, as a closure here would be each time
	}
	f.read(ctx, p, buf)
	f.others.Wait()
	f.ctx, f.pool, f.buf = nil, nil, nil
	return f.lost, f.err
}

func newFetch() *fetch {
	f := &fetch{}
	f.work = func() {
		defer f.others.Done()
		f.read(f.ctx, f.pool, f.buf)
	}
	return f
}

// read reads one request after the other until none is left or one failed.
func (f *fetch) read(ctx context.Context, p *Pool, buf []byte) {
	for {
		i := int(f.next.Add(1)) - 1
		if i >= len(f.requests) {
			return
		}
		r := &f.requests[i]
		if err := p.ReadAt(ctx, r.File, buf[f.starts[i]:][:r.Len:r.Len], r.Off); err != nil {
			f.fail(err)
			return
		}
	}
}

// readAlone reads all requests in this goroutine, a file at a time.
func (f *fetch) readAlone(ctx context.Context, p *Pool, buf []byte) {
	for i := 0; i < len(f.requests) && f.err == nil; {
		file := f.requests[i].File
		for ; i < len(f.requests) && f.requests[i].File == file; i++ {
			f.pieces = append(f.pieces, piece{f.memory(i, buf), f.requests[i].Off})
		}
		f.readPieces(ctx, p, file)
	}
}

// readPieces reads f.pieces, of one file, and empties them: together, unless each
// has its deadline.
func (f *fetch) readPieces(ctx context.Context, p *Pool, file int) {
	var err error
	if p.cfg.Deadline == 0 && len(f.pieces) > 0 {
		_, err = p.do(ctx, op{kind: opPieces, file: file, pieces: f.pieces, ctx: ctx})
	} else {
		for i := 0; i < len(f.pieces) && err == nil; i++ {
			err = p.ReadAt(ctx, file, f.pieces[i].buf, f.pieces[i].off)
		}
	}
	if err != nil {
		f.fail(err)
	}
	clear(f.pieces)
	f.pieces = f.pieces[:0]
}

// ReadInto reads all ranges, each to its Tag in to. Unlike [Pool.Fetch] it reads
// nothing between them: those that are neighbours in a file and in to as well are
// one read, up to plan.MaxBytes. It leaves ranges as they are. Direct reads go through
// memory between, 256 KiB at a time, as to is theirs to be filled at any byte.
//
// After an error that wraps [ErrAbandoned], and only then, to is lost: a read that
// may still come back owns it.
func (p *Pool) ReadInto(ctx context.Context, to []byte, plan Plan, ranges []Range) error {
	if err := p.possible(ranges); err != nil {
		return err
	}
	f := p.fetches.Get().(*fetch)
	defer p.fetches.Put(f)
	plan = plan.withDefaults()
	if f.bounced = p.cfg.Backend.direct(); f.bounced {
		plan.MaxBytes = min(plan.MaxBytes, bounceBytes-page)
	}
	f.requests, f.starts, f.order = f.requests[:0], f.starts[:0], sorted(f.order[:0], ranges)
	for k := 0; k < len(f.order); {
		first, n := &ranges[f.order[k].i], 0
		for k < len(f.order) {
			r := &ranges[f.order[k].i]
			if !r.follows(first, n) || n > 0 && r.Len > plan.MaxBytes-n {
				break
			}
			n += r.Len
			k++
		}
		if n > 0 {
			f.requests = append(f.requests, Request{File: first.File, Off: first.Off, Len: n})
			f.starts = append(f.starts, first.Tag)
		}
	}
	p.bring(ctx, len(ranges), func(i int) *Range { return &ranges[f.order[i].i] })
	_, err := f.run(ctx, p, to, plan.Concurrency)
	f.bounced = false
	return err
}

// follows reports whether r lies behind the n bytes from first on, in the file and
// in memory.
func (r *Range) follows(first *Range, n int) bool {
	return r.File == first.File && r.Off == first.Off+int64(n) && r.Tag == first.Tag+n
}

func (f *fetch) fail(err error) {
	f.next.Store(int64(len(f.requests))) // the others stop too
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lost = f.lost || errors.Is(err, ErrAbandoned)
	if f.err == nil {
		f.err = err
	}
}

// share gives every range its part of buf.
func (f *fetch) share(buf []byte) {
	for i, req := range f.requests {
		for j := range req.Ranges {
			r := &req.Ranges[j]
			at := f.starts[i] + int(r.Off-req.Off)
			r.Data = buf[at:][:r.Len:r.Len]
		}
	}
}
