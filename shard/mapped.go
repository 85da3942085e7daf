package shard

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"sync/atomic"

	"github.com/stokerdata/stoker/internal/bulk"
	"github.com/stokerdata/stoker/shard/internal/sysio"
)

// A mapping is a mapped file.
type mapping struct {
	data    []byte
	brought []atomic.Bool // by huge page: once is enough for what is looked at again and again
}

// mostMapped is how many files are mapped at most: half of the mappings that Linux lets
// a process have, as Go ends one that gets no more.
const mostMapped = 32 << 10

// mappings counts the files that all pools of this process have mapped.
var mappings atomic.Int64

// mapping returns file i, which it maps if that was not done before.
func (p *Pool) mapping(ctx context.Context, i int) (*mapping, error) {
	if m := p.maps[i].Load(); m != nil {
		return m, nil
	}
	o, err := p.do(ctx, op{kind: opMap, file: i})
	return o.mapped, err
}

// mapFile returns h's file, mapped.
func (p *Pool) mapFile(h *handle) (*mapping, error) {
	f := raw(h.Handle)
	if f == nil || h.size > math.MaxInt {
		return nil, errors.ErrUnsupported
	}
	if mappings.Add(1) > mostMapped {
		mappings.Add(-1)
		return nil, errors.ErrUnsupported
	}
	data, err := f.Map(int(h.size))
	if err != nil {
		mappings.Add(-1)
		return nil, err
	}
	m := &mapping{data, make([]atomic.Bool, len(data)/sysio.HugePage+1)}
	if !p.maps[h.file].CompareAndSwap(nil, m) { // another was faster
		return p.maps[h.file].Load(), m.unmap()
	}
	return m, nil
}

func (m *mapping) unmap() error {
	mappings.Add(-1)
	return sysio.Unmap(m.data)
}

// unmap gives back all mapped files.
func (p *Pool) unmap() error {
	var errs []error
	for i := range p.maps {
		if m := p.maps[i].Swap(nil); m != nil {
			errs = append(errs, m.unmap())
		}
	}
	return errors.Join(errs...)
}

// mapWhole returns a file, mapped, of which all is in memory for now, or nil if it is to be
// read. The caller has entered.
func (p *Pool) mapWhole(file int) (*mapping, error) {
	if p.maps == nil {
		return nil, nil
	}
	if m := p.maps[file].Load(); m != nil {
		if !sysio.Resident(m.data) { // and would have to go again
			return nil, nil
		}
		return m, nil
	}
	if mappings.Load() >= mostMapped {
		return nil, nil
	}
	h, err := p.acquire(file)
	if err != nil {
		return nil, err
	}
	m, err := p.mapFile(h)
	if err == nil {
		if p.brings && m.toBring(0, h.size) {
			raw(h.Handle).Bring(0, h.size)
		}
		sysio.Populate(m.data)
	}
	p.release(h, err)
	if errors.Is(err, errors.ErrUnsupported) {
		return nil, nil
	}
	return m, err
}

// copyWhole is runWhole from a mapped file.
func (p *Pool) copyWhole(c *call, m *mapping) error {
	n := len(m.data)
	if int64(n) > p.cfg.MaxFileBytes {
		return tooLarge(int64(n), p.cfg.MaxFileBytes)
	}
	c.buf = slices.Grow(c.buf[:0], n)[:n]
	bulk.CopyAhead(c.buf, m.data, nil)
	return nil
}

// toBring reports whether huge pages begin from off to end that were not brought, which
// they are now. There is no m of a file that is not mapped, as those of a closed pool.
func (m *mapping) toBring(off, end int64) (any bool) {
	if m == nil {
		return false
	}
	for k := (off + sysio.HugePage - 1) / sysio.HugePage; k*sysio.HugePage < end; k++ {
		if b := &m.brought[k]; !b.Load() {
			b.Store(true)
			any = true
		}
	}
	return any
}

// lend sets the Data of ranges to parts of the mapped files.
func (p *Pool) lend(ctx context.Context, ranges []Range) error {
	if err := p.usable(ctx); err != nil && len(ranges) > 0 {
		return &ReadError{Path: p.files[ranges[0].File].path, Err: err}
	}
	if !inOrder(ranges) {
		slices.SortFunc(ranges, byOffset)
	}
	var n int64
	for i := range ranges {
		r := &ranges[i]
		m, err := p.mapping(ctx, r.File)
		if err == nil && r.Off > int64(len(m.data))-int64(r.Len) {
			err = &ReadError{p.files[r.File].path, r.Off, r.Len, fmt.Errorf("%w: the file has %d bytes", io.ErrUnexpectedEOF, len(m.data))}
		}
		if err != nil {
			for k := range ranges[:i] {
				ranges[k].Data = nil
			}
			return err
		}
		r.Data = m.data[r.Off:][:r.Len:r.Len]
		n += int64(r.Len)
	}
	p.bring(ctx, len(ranges), func(i int) *Range { return &ranges[i] })
	p.reads.Add(int64(len(ranges)))
	p.bytes.Add(n)
	return nil
}
