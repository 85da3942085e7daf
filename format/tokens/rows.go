package tokens

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"github.com/stokerdata/stoker/format/internal/reads"
	"github.com/stokerdata/stoker/internal/cast"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
)

const (
	maxWidth  = 4 // bytes of a stored token
	maxFields = 4
)

// rows is a number of rows of a source, read into one buffer.
type rows struct {
	src  *source
	is   loader.Rows  // these rows as one of the types below
	refs []loader.Ref // the loader's, or own
	own  []loader.Ref
	read reads.Rows
}

// Open implements loader.Source.
func (s *source) Open(ctx context.Context, i int) (loader.Rows, error) {
	r := s.free.Get().(*rows)
	r.own = r.own[:0]
	for row := range s.blocks[i].Rows {
		r.own = append(r.own, loader.Ref{Block: i, Row: row})
	}
	return r.open(ctx, r.own)
}

// OpenRows implements loader.RandomSource.
func (s *source) OpenRows(ctx context.Context, refs []loader.Ref) (loader.Rows, error) {
	return s.free.Get().(*rows).open(ctx, refs)
}

func (r *rows) open(ctx context.Context, refs []loader.Ref) (loader.Rows, error) {
	s := r.src
	r.refs = refs
	for _, ref := range refs {
		file := s.shards[ref.Block]
		width := s.widths[file]
		at, n := s.span(ref)
		r.read.Want(file, s.stored.Header+at*int64(width), n*width)
	}
	if err := r.read.Read(ctx, s.files); err != nil {
		s.free.Put(r)
		return nil, fmt.Errorf("tokens: %w", err)
	}
	return r.is, nil
}

// data returns what was read for row i, and the bytes of a token. id is for errors.
func (r *rows) data(i int, id int64) (data []byte, width int, err error) {
	if data, err = r.read.Row(i); err != nil {
		return nil, 0, r.fault(i, id, "read", err)
	}
	return data, r.src.widths[r.src.shards[r.refs[i].Block]], nil
}

// fault says what is wrong with row i.
func (r *rows) fault(i int, id int64, stage string, err error) error {
	return reads.Fault(r.src.blocks, r.refs[i], id, stage, err)
}

// Close implements loader.Rows.
func (r *rows) Close() error {
	r.read.Close(r.src.files)
	r.refs = nil
	r.src.free.Put(r)
	return nil
}

// windowRows is rows of a Source.
type windowRows struct {
	rows
	src *Source
}

var _ loader.Gatherer = (*windowRows)(nil)

// Row implements loader.Rows.
func (r *windowRows) Row(w *loader.Worker, i int, smp *loader.Sample) error {
	data, width, err := r.data(i, smp.ID)
	if err != nil {
		return err
	}
	var to [maxFields][]byte
	for f := range r.src.spec {
		to[f] = w.Out(smp, f, r.src.spec[f].DType, r.src.spec[f].Shape).Data
	}
	if err := r.src.decode(data, width, &to); err != nil {
		return r.fault(i, smp.ID, "decode", err)
	}
	return nil
}

// Gather implements loader.Gatherer.
func (r *windowRows) Gather(_ *loader.Worker, p loader.Pick, b *loader.Batch) error {
	n := r.src.window * r.src.spec[0].DType.Size()
	var columns, to [maxFields][]byte
	for f := range r.src.spec {
		columns[f] = b.Column(f).Data
	}
	for k, i := range p.Rows {
		data, width, err := r.data(i, -1)
		if err != nil {
			return err
		}
		for f := range r.src.spec {
			to[f] = columns[f][p.At[k]*n:][:n]
		}
		if err := r.src.decode(data, width, &to); err != nil {
			return r.fault(i, -1, "decode", err)
		}
	}
	return nil
}

// decode makes the fields of a window of what was read for it.
func (s *Source) decode(data []byte, width int, to *[maxFields][]byte) error {
	if s.spec[0].DType == dtype.Int64 {
		return decode[int64](s, data, width, to)
	}
	return decode[int32](s, data, width, to)
}

func decode[T int32 | int64](s *Source, data []byte, width int, to *[maxFields][]byte) error {
	view := func(f int) []T { return loader.View[T](loader.Tensor{DType: dtype.Of[T](), Data: to[f]}) }
	list := view(s.fields.tokens)
	if err := unpack(list, data, width, s.stored.Vocabulary); err != nil {
		return err
	}
	if f := s.fields.targets; f >= 0 {
		if err := unpack(view(f), data[width:], width, s.stored.Vocabulary); err != nil {
			return err
		}
	}
	if f := s.fields.segments; f >= 0 {
		tell(view(f), view(s.fields.positions), list, s.ends)
	}
	return nil
}

// unpack sets dst to the tokens that src begins with.
func unpack[T int32 | int64](dst []T, src []byte, width, vocabulary int) error {
	src = src[:width*len(dst)]
	if width == 2 {
		switch dst := any(dst).(type) {
		case []int32:
			cast.Uint16ToInt32(dst, src)
		case []int64:
			for i := range dst {
				dst[i] = int64(binary.LittleEndian.Uint16(src[2*i:]))
			}
		}
		if vocabulary == 0 {
			return nil
		}
	} else {
		for i := range dst {
			dst[i] = T(int32(binary.LittleEndian.Uint32(src[4*i:])))
		}
	}
	return check(dst, vocabulary)
}

// check returns an error if a number is negative, which is what those from 2^31 on
// have become, or not below vocabulary.
func check[T int32 | int64](list []T, vocabulary int) error {
	if vocabulary == 0 {
		vocabulary = math.MaxInt32
	}
	least, most := T(0), T(0)
	for _, v := range list {
		least, most = min(least, v), max(most, v)
	}
	if least == 0 && int64(most) < int64(vocabulary) {
		return nil
	}
	i := slices.IndexFunc(list, func(v T) bool { return v < 0 || int64(v) >= int64(vocabulary) })
	return fmt.Errorf("token %d is number %d of a vocabulary of %d: %w", i, uint32(list[i]), vocabulary, loader.ErrCorrupt)
}

// tell numbers the documents of a window, and the tokens of each.
func tell[T int32 | int64](segments, positions, list []T, ends []uint32) {
	segments, positions = segments[:len(list)], positions[:len(list)]
	segment, position := T(1), T(0)
	for i, v := range list {
		segments[i], positions[i] = segment, position
		position++
		if slices.Contains(ends, uint32(v)) {
			segment, position = segment+1, 0
		}
	}
}
