package raw

import (
	"context"
	"fmt"

	"github.com/stokerdata/stoker/format/internal/reads"
	"github.com/stokerdata/stoker/loader"
)

// recordRows is a number of records, read into one buffer.
type recordRows struct {
	src  *Records
	refs []loader.Ref // the loader's, or own
	own  []loader.Ref
	read reads.Rows
	lies bool // records were read to their place in a batch
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
	return r.open(ctx, nil)
}

// OpenRows implements loader.RandomSource.
func (s *Records) OpenRows(ctx context.Context, refs []loader.Ref) (loader.Rows, error) {
	return s.OpenInto(ctx, refs, nil)
}

// OpenInto is OpenRows, reading records of a single field into the given memory:
// see [loader.RandomSource].
func (s *Records) OpenInto(ctx context.Context, refs []loader.Ref, to []byte) (loader.Rows, error) {
	r := s.free.Get().(*recordRows)
	r.refs = refs
	return r.open(ctx, to)
}

// Sizes says how large a field of records is, for OpenInto: see
// [loader.RandomSource].
func (s *Records) Sizes(refs []loader.Ref, bytes []int64) (field int) {
	if !s.inPlace {
		return -1
	}
	for i := range refs {
		bytes[i] = int64(s.layout.bytes)
	}
	return 0
}

// open reads the records r.refs: to where it is told, or into a buffer of its own.
func (r *recordRows) open(ctx context.Context, to []byte) (loader.Rows, error) {
	s := r.src
	for _, ref := range r.refs {
		r.read.Want(s.shards[ref.Block], s.offset(ref), s.layout.bytes)
	}
	var err error
	if r.lies = to != nil; r.lies {
		err = r.read.ReadInto(ctx, s.files, to)
	} else {
		err = r.read.Read(ctx, s.files)
	}
	if err != nil {
		s.free.Put(r)
		return nil, fmt.Errorf("raw: records: %w", err)
	}
	return r, nil
}

// offset returns where a record begins in its file.
func (s *Records) offset(ref loader.Ref) int64 {
	return s.header + (s.blocks[ref.Block].FirstRow+int64(ref.Row))*int64(s.layout.bytes)
}

// Row implements loader.Rows.
func (r *recordRows) Row(w *loader.Worker, i int, smp *loader.Sample) error {
	data, err := r.read.Row(i)
	if err != nil {
		return r.fault(smp.ID, i, "read", err)
	}
	for f := range r.src.layout.fields {
		p := &r.src.layout.fields[f]
		src := data[p.at : p.at+p.n : p.at+p.n]
		if err := p.check(src); err != nil {
			return r.fault(smp.ID, i, "decode", fmt.Errorf("field %q: %w", r.src.spec[f].Name, err))
		}
		if p.dtype.Size() == 1 || r.lies {
			smp.Set(f, p.dtype, p.shape, src)
			continue
		}
		p.copy(w.Out(smp, f, p.dtype, p.shape).Data, src)
	}
	return nil
}

// Gather implements loader.Gatherer.
func (r *recordRows) Gather(_ *loader.Worker, pick loader.Pick, b *loader.Batch) error {
	for k, i := range pick.Rows {
		data, err := r.read.Row(i)
		if err != nil {
			return r.fault(-1, i, "read", err)
		}
		for f := range r.src.layout.fields {
			p := &r.src.layout.fields[f]
			src := data[p.at : p.at+p.n]
			if err := p.check(src); err != nil {
				return r.fault(-1, i, "decode", fmt.Errorf("field %q: %w", r.src.spec[f].Name, err))
			}
			p.copy(b.Column(f).Data[pick.At[k]*p.n:][:p.n], src)
		}
	}
	return nil
}

// fault says what is wrong with row i.
func (r *recordRows) fault(id int64, i int, stage string, err error) error {
	return reads.Fault(r.src.blocks, r.refs[i], id, stage, err)
}

// Close implements loader.Rows.
func (r *recordRows) Close() error {
	r.read.Close(r.src.files)
	r.refs = nil
	r.src.free.Put(r)
	return nil
}
