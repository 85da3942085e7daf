package raw

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/shard"
)

// recordRows is a number of records, read into one buffer.
type recordRows struct {
	src    *Records
	refs   []loader.Ref // the loader's, or own
	own    []loader.Ref
	ranges []shard.Range
	data   [][]byte // of each row
	errs   []error  // of reading each row, nil if all went well
	buf    []byte
	lost   bool // a read that hangs still owns buf
}

var _ loader.Gatherer = (*recordRows)(nil)

// Open implements loader.Source.
func (s *Records) Open(ctx context.Context, i int) (loader.Rows, error) {
	r := s.free.Get().(*recordRows)
	r.own = r.own[:0]
	for row := range s.blocks[i].Rows {
		r.own = append(r.own, loader.Ref{Block: i, Row: row})
	}
	r.refs = r.own
	return r.open(ctx)
}

// OpenRows implements loader.RandomSource.
func (s *Records) OpenRows(ctx context.Context, refs []loader.Ref) (loader.Rows, error) {
	r := s.free.Get().(*recordRows)
	r.refs = refs
	return r.open(ctx)
}

func (r *recordRows) open(ctx context.Context) (loader.Rows, error) {
	s := r.src
	r.data = append(r.data[:0], make([][]byte, len(r.refs))...)
	r.ranges = r.ranges[:0]
	for i, ref := range r.refs {
		r.ranges = append(r.ranges, shard.Range{File: s.files[ref.Block], Off: s.offset(ref), Len: s.layout.bytes, Tag: i})
	}
	buf, err := s.pool.Fetch(ctx, s.bufs, s.read, r.ranges)
	if err == nil {
		r.buf = buf
		for _, g := range r.ranges {
			r.data[g.Tag] = g.Data
		}
		return r, nil
	}
	if cause := cmp.Or(ctx.Err(), closed(err)); cause != nil {
		err = cause
	} else {
		err = r.openApart(ctx)
	}
	if err != nil {
		r.Close()
		return nil, fmt.Errorf("raw: records: %w", err)
	}
	return r, nil
}

// openApart reads record by record, so that an error costs the records alone
// that cannot be read.
func (r *recordRows) openApart(ctx context.Context) error {
	s, n := r.src, r.src.layout.bytes
	var err error
	if r.buf, err = s.bufs.Get(ctx, n*len(r.refs)); err != nil {
		return err
	}
	for i, ref := range r.refs {
		r.data[i] = r.buf[i*n : (i+1)*n : (i+1)*n]
		err := s.pool.ReadAt(ctx, s.files[ref.Block], r.data[i], s.offset(ref))
		r.lost = r.lost || errors.Is(err, shard.ErrAbandoned)
		if cause := cmp.Or(ctx.Err(), closed(err)); cause != nil {
			return cause
		}
		r.errs = append(r.errs, err)
	}
	return nil
}

// offset returns where a record begins in its file.
func (s *Records) offset(ref loader.Ref) int64 {
	return s.header + (s.blocks[ref.Block].FirstRow+int64(ref.Row))*int64(s.layout.bytes)
}

// Row implements loader.Rows.
func (r *recordRows) Row(w *loader.Worker, i int, smp *loader.Sample) error {
	if r.errs != nil && r.errs[i] != nil {
		return r.fault(smp.ID, i, "read", r.errs[i])
	}
	for f := range r.src.layout.fields {
		p := &r.src.layout.fields[f]
		src := r.data[i][p.at : p.at+p.n : p.at+p.n]
		if err := p.check(src); err != nil {
			return r.fault(smp.ID, i, "decode", fmt.Errorf("field %q: %w", r.src.spec[f].Name, err))
		}
		if p.dtype.Size() == 1 {
			smp.Set(f, p.dtype, p.shape, src)
			continue
		}
		p.copy(w.Out(smp, f, p.dtype, p.shape).Data, src)
	}
	return nil
}

// Gather implements loader.Gatherer.
func (r *recordRows) Gather(w *loader.Worker, rows, at []int, b *loader.Batch) error {
	if r.errs != nil {
		for _, i := range rows {
			if r.errs[i] != nil {
				return r.fault(-1, i, "read", r.errs[i])
			}
		}
	}
	for f := range r.src.layout.fields {
		p := &r.src.layout.fields[f]
		dst := b.Column(f).Data
		for k, i := range rows {
			src := r.data[i][p.at : p.at+p.n]
			if err := p.check(src); err != nil {
				return r.fault(-1, i, "decode", fmt.Errorf("field %q: %w", r.src.spec[f].Name, err))
			}
			p.copy(dst[at[k]*p.n:(at[k]+1)*p.n], src)
		}
	}
	return nil
}

// fault says what is wrong with row i.
func (r *recordRows) fault(id int64, i int, stage string, err error) error {
	ref := r.refs[i]
	b := &r.src.blocks[ref.Block]
	return &loader.SampleError{ID: id, Shard: b.Shard, Row: b.FirstRow + int64(ref.Row), Stage: stage, Err: err}
}

// Close implements loader.Rows.
func (r *recordRows) Close() error {
	if r.lost {
		r.src.bufs.Abandon(r.buf)
	} else {
		r.src.bufs.Put(r.buf)
	}
	clear(r.data)
	clear(r.ranges)
	r.refs, r.errs, r.buf, r.lost = nil, nil, nil, false
	r.src.free.Put(r)
	return nil
}
