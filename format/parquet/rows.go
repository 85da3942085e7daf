package parquet

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/shard"
)

// rows is an open row group. It is a loader.Decoder whose parts are columns,
// and a loader.Gatherer.
type rows struct {
	s      *Source
	group  *block
	buf    []byte // of the chunks, to be given back
	ranges []shard.Range
	chunks [][]byte // of each column
	cells  []cells
}

var (
	_ loader.Decoder  = (*rows)(nil)
	_ loader.Gatherer = (*rows)(nil)
)

// Open reads the column chunks of row group i.
func (s *Source) Open(ctx context.Context, i int) (loader.Rows, error) {
	r := s.take()
	r.group = &s.groups[i]
	r.ranges = r.ranges[:0]
	for k := range r.group.chunks {
		ch := &r.group.chunks[k]
		r.ranges = append(r.ranges, shard.Range{File: r.group.shard, Off: ch.off, Len: int(ch.size), Tag: k})
	}
	buf, err := s.pool.Fetch(ctx, s.bufs, s.read, r.ranges)
	if err != nil {
		s.give(r)
		return nil, fmt.Errorf("parquet: row group at row %d: %w", s.blocks[i].FirstRow, err)
	}
	r.buf = buf
	for _, x := range r.ranges {
		r.chunks[x.Tag] = x.Data
	}
	return r, nil
}

// take returns rows that are not in use.
func (s *Source) take() *rows {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.free); n > 0 {
		r := s.free[n-1]
		s.free = s.free[:n-1]
		return r
	}
	return &rows{s: s, chunks: make([][]byte, len(s.cols)), cells: make([]cells, len(s.cols))}
}

func (s *Source) give(r *rows) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.free = append(s.free, r)
}

// Close gives the memory back.
func (r *rows) Close() error {
	bufs := r.s.bufs
	for k := range r.cells {
		c := &r.cells[k]
		bufs.Put(c.lent)
		bufs.Put(c.mask)
		*c = cells{spans: c.spans[:0]}
	}
	bufs.Put(r.buf)
	r.buf, r.group = nil, nil
	clear(r.chunks)
	clear(r.ranges)
	r.s.give(r)
	return nil
}

// Parts returns the number of columns.
func (r *rows) Parts() int { return len(r.cells) }

// Decode decodes a column. Whatever a codec does with damaged data, the result
// is an error that names shard and column; Row and Gather return it too, as
// there is nothing for them to read.
func (r *rows) Decode(_ *loader.Worker, part int) (err error) {
	d := r.s.scratch.Get().(*decoder)
	defer func() {
		if p := recover(); p != nil {
			err = r.fault(-1, &r.s.cols[part], fmt.Errorf("%v", p))
			d = nil // may be in any state, and is left to the garbage collector
		}
		if d != nil {
			r.s.scratch.Put(d)
		}
		r.cells[part].err = err
	}()
	return d.decode(r, part)
}

// Gather copies rows into the batch column by column.
func (r *rows) Gather(_ *loader.Worker, from, to []int, b *loader.Batch) error {
	whole := inOrder(from) && inOrder(to)
	for f, role := range r.s.fields {
		c, in := &r.s.cols[role.col], &r.cells[role.col]
		if in.err != nil {
			return in.err
		}
		if r.s.nulls == format.NullError && in.valid != nil {
			for _, row := range from {
				if err := r.checkNull(c, in, row); err != nil {
					return err
				}
			}
		}
		switch {
		case role.mask:
			gather(b.Column(f).Data, in.valid, from, to, 1, whole)
		case c.row < 0:
			if err := r.set(f, c, in, from, to, b); err != nil {
				return err
			}
		case len(in.spans) > 0:
			dst := b.Column(f).Data
			for i, row := range from {
				c.put(dst[to[i]*c.row:(to[i]+1)*c.row], in, row)
			}
		default:
			gather(b.Column(f).Data, in.data, from, to, c.row, whole)
		}
	}
	return nil
}

// set lends rows of varying size to the batch.
func (r *rows) set(f int, c *column, in *cells, from, to []int, b *loader.Batch) error {
	for i, row := range from {
		if c.dims < 0 && c.unit == 1 { // most columns, without a division
			v := in.bytes(row)
			b.Set(f, to[i], v, c.tail.Rows(len(v)))
			continue
		}
		shape, err := r.shape(c, in, row)
		if err != nil {
			return err
		}
		b.Set(f, to[i], in.bytes(row), shape)
	}
	return nil
}

// bytes returns the value of a row that has a span.
func (in *cells) bytes(row int) []byte {
	s := in.spans[row]
	return in.data[s.off:][:s.n:s.n]
}

// Row sets s to row i, which it lends from the memory of the row group.
func (r *rows) Row(w *loader.Worker, i int, s *loader.Sample) error {
	for f, role := range r.s.fields {
		c, in := &r.s.cols[role.col], &r.cells[role.col]
		if in.err != nil {
			return in.err
		}
		if r.s.nulls == format.NullError && in.valid != nil {
			if err := r.checkNull(c, in, i); err != nil {
				return err
			}
		}
		switch {
		case role.mask:
			s.Set(f, dtype.Bool, loader.Shape{}, in.valid[i:i+1:i+1])
		case c.row < 0:
			shape, err := r.shape(c, in, i)
			if err != nil {
				return err
			}
			lend(w, s, f, c, shape, in.bytes(i))
		case len(in.spans) > 0:
			c.put(w.Out(s, f, c.field.DType, c.field.Shape).Data, in, i)
		default:
			s.Set(f, c.field.DType, c.field.Shape, in.data[i*c.row:][:c.row:c.row])
		}
	}
	return nil
}

// checkNull returns an error if a row of a column that has a mask is null.
func (r *rows) checkNull(c *column, in *cells, row int) error {
	if in.valid[row] != 0 {
		return nil
	}
	return r.fault(row, c, fmt.Errorf("is null: %w", loader.ErrSpec))
}

// lend sets field f to a value that varies, copied if it is not aligned.
func lend(w *loader.Worker, s *loader.Sample, f int, c *column, shape loader.Shape, b []byte) {
	if !c.isBin || c.size == 1 {
		s.Set(f, c.field.DType, shape, b)
		return
	}
	copy(w.Out(s, f, c.field.DType, shape).Data, b)
}

// inOrder reports whether rows follow each other without a gap.
func inOrder(rows []int) bool {
	for i, r := range rows {
		if r != rows[0]+i {
			return false
		}
	}
	return len(rows) > 0
}

// gather copies rows of width bytes.
func gather(dst, src []byte, from, to []int, width int, whole bool) {
	if whole {
		copy(dst[to[0]*width:], src[from[0]*width:(from[0]+len(from))*width])
		return
	}
	switch width {
	case 1:
		move(dst, src, from, to)
	case 2:
		move(view[uint16](dst), view[uint16](src), from, to)
	case 4:
		move(view[uint32](dst), view[uint32](src), from, to)
	case 8:
		move(view[uint64](dst), view[uint64](src), from, to)
	default:
		for i, r := range from {
			copy(dst[to[i]*width:(to[i]+1)*width], src[r*width:])
		}
	}
}

func move[T any](dst, src []T, from, to []int) {
	to = to[:len(from)]
	for i, r := range from {
		dst[to[i]] = src[r]
	}
}

// put copies row r into dst, or what stands for null.
func (c *column) put(dst []byte, in *cells, r int) {
	s := in.spans[r]
	if s.n > 0 {
		copy(dst, in.data[s.off:][:s.n])
		return
	}
	for len(dst) > 0 {
		dst = dst[copy(dst, c.null):]
	}
}

// shape returns the shape of a row that varies.
func (r *rows) shape(c *column, in *cells, row int) (loader.Shape, error) {
	n := int64(in.spans[row].n)
	if c.dims < 0 {
		return c.tail.Rows(int(n) / c.unit), nil
	}
	if err := r.cells[c.dims].err; err != nil {
		return loader.Shape{}, err
	}
	var dims [maxRank]int
	rank := c.field.Shape.Rank()
	bytes := int64(c.size)
	stored := r.cells[c.dims].data[row*4*rank:][:4*rank]
	for i := range rank {
		d := int32(le32(stored[4*i:]))
		if d < 0 || c.field.Shape.Dim(i) >= 0 && int(d) != c.field.Shape.Dim(i) || bytes > math.MaxInt32 {
			return loader.Shape{}, r.fault(row, c, errShapes)
		}
		dims[i] = int(d)
		bytes *= int64(d)
	}
	if bytes != n {
		return loader.Shape{}, r.fault(row, c, errShapes)
	}
	return loader.Dims(dims[:rank]...), nil
}

var errShapes = errors.New("the stored shape does not fit the value")

// fault returns err as an error of the given row, or of the row group if row is
// negative.
func (r *rows) fault(row int, c *column, err error) error {
	if !errors.Is(err, loader.ErrCorrupt) && !errors.Is(err, loader.ErrSpec) {
		err = fmt.Errorf("%w: %w", err, loader.ErrCorrupt)
	}
	b := &r.s.blocks[r.group.number]
	e := &loader.SampleError{ID: -1, Shard: b.Shard, Row: b.FirstRow, Stage: "decode",
		Err: fmt.Errorf("parquet: column %q: %w", c.field.Name, err)}
	if row >= 0 {
		e.ID, e.Row = r.group.ids+int64(row), b.FirstRow+int64(row)
	}
	return e
}
