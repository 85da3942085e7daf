package feather

import (
	"cmp"
	"context"
	"fmt"
	"sync"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/format/internal/reads"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/shard"
)

// randomSource is a source whose rows are read one by one.
type randomSource struct {
	*source
	plan   shard.Plan // of reads
	spares sync.Pool  // of *picked
	placed int        // the column that is read straight into batches, -1 for none
	starts [][]byte   // its offsets by record batch, if it varies
}

// rowGap is the gap between rows that is read over: a page, as the system reads whole
// ones, and copies it in less time than another read takes.
const rowGap = 4 << 10

// single returns the source of the same rows, read one by one.
func (s *source) single(o Options) (*randomSource, error) {
	for i := range s.columns {
		s.columns[i].makeNull(s.nulls)
	}
	r := &randomSource{source: s, placed: -1, plan: rowPlan(o.Read)}
	if !reads.InPlace(o.Pool) {
		return r, nil
	}
	return r, r.place()
}

// makeNull makes the value of null rows. It is no larger than the files, which hold a
// row at least.
func (m *merged) makeNull(policy format.Nulls) {
	if n := m.field.Shape.Len(); m.nullable && n >= 0 {
		m.null = make([]byte, n*m.field.DType.Size())
		fill(m.null, m.field.DType, policy == format.NullMask && m.field.DType.Float())
	}
}

// rowPlan returns how single rows are merged into reads.
func rowPlan(p shard.Plan) shard.Plan {
	p.GapBytes, p.Concurrency = cmp.Or(p.GapBytes, rowGap), cmp.Or(p.Concurrency, 1)
	return p
}

// picked is a set of rows that were read one by one.
type picked struct {
	s      *randomSource
	cells  []cell // row by row
	bufs   [2][]byte
	ranges []shard.Range
	wants  []want
	labels []byte

	to     []byte        // where values of the placed column go, nil for memory of our own
	placed []shard.Range // of them, each with its place in to
	filled int           // bytes of to
}

// cell is one value.
type cell struct {
	data  []byte
	items int // of a field that varies; in the end its steps
	off   int64
	null  bool
	err   error
}

// want says what a range is read for.
type want struct {
	cell, row int // row in its block
	skip, n   int // the bytes wanted are [skip:skip+n]
	what      whatFor
}

type whatFor uint8

const (
	forValidity whatFor = iota
	forStarts
	forValues
)

// OpenRows implements loader.RandomSource.
func (s *randomSource) OpenRows(ctx context.Context, refs []loader.Ref) (loader.Rows, error) {
	return s.OpenInto(ctx, refs, nil)
}

// OpenInto is OpenRows, reading the values of a column into the given memory: see
// loader.RandomSource. It reads what lies at known places first, and then what
// offsets point to.
func (s *randomSource) OpenInto(ctx context.Context, refs []loader.Ref, to []byte) (loader.Rows, error) {
	p, _ := s.spares.Get().(*picked)
	if p == nil {
		p = &picked{s: s}
	}
	p.to = to
	if err := p.read(ctx, refs); err != nil {
		p.Close()
		return nil, fmt.Errorf("feather: %w", err)
	}
	return p, nil
}

func (p *picked) read(ctx context.Context, refs []loader.Ref) (err error) {
	n := len(p.s.columns)
	p.cells = append(p.cells[:0], make([]cell, n*len(refs))...)
	p.labels = grow(p.labels, 4*len(p.cells))
	for i, ref := range refs {
		for c := range n {
			if p.places(c) {
				p.put(i*n+c, ref)
			} else {
				p.plan(i*n+c, c, ref)
			}
		}
	}
	if p.bufs[0], err = p.fetch(ctx); err != nil {
		return err
	}
	for i := range p.ranges {
		r := &p.ranges[i]
		w := p.wants[r.Tag]
		b := &p.s.batches[refs[w.cell/n].Block]
		p.take(w, w.cell%n, b, r.Data[w.skip:w.skip+w.n])
	}
	p.forget()
	for i, ref := range refs {
		b := &p.s.batches[ref.Block]
		for c := range n {
			if !p.places(c) {
				p.follow(i*n+c, c, b)
			}
		}
	}
	if p.bufs[1], err = p.fetch(ctx); err != nil {
		return err
	}
	for i := range p.ranges {
		r := &p.ranges[i]
		w := p.wants[r.Tag]
		p.cells[w.cell].data = r.Data[w.skip:][:w.n:w.n]
	}
	p.forget()
	return p.s.pool.ReadInto(ctx, p.to, p.s.plan, p.placed)
}

func (p *picked) fetch(ctx context.Context) ([]byte, error) {
	if len(p.ranges) == 0 {
		return nil, nil
	}
	return p.s.pool.Fetch(ctx, p.s.bufs, p.s.plan, p.ranges)
}

// places reports whether column c is read to where we are told.
func (p *picked) places(c int) bool { return p.to != nil && c == p.s.placed }

// forget drops the ranges that were read.
func (p *picked) forget() {
	clear(p.ranges)
	p.ranges, p.wants = p.ranges[:0], p.wants[:0]
}

// add asks for n bytes at off, in whole words: see layout.ranges.
func (p *picked) add(w want, b *batch, off int64, n int) {
	w.skip, w.n = int(off&7), n
	p.ranges = append(p.ranges, shard.Range{File: b.shard, Off: off &^ 7, Len: (w.skip + n + 7) &^ 7, Tag: len(p.wants)})
	p.wants = append(p.wants, w)
}

// plan asks for what is at known places of column c of a row.
func (p *picked) plan(at, c int, ref loader.Ref) {
	b, row := &p.s.batches[ref.Block], ref.Row
	l := p.s.layouts[b.shard]
	col := &l.columns[c]
	valid, starts, values := l.spans(c, b)
	w := want{cell: at, row: row}
	for k := range valid {
		if valid[k].n > 0 {
			w.what = forValidity
			p.add(w, b, valid[k].off+int64(row/8), 1)
		}
	}
	switch n := col.bytes(1); {
	case c == p.s.placed && p.s.starts != nil:
		w.what = forStarts
		p.take(w, c, b, p.s.startsOf(ref, col))
	case col.offset > 0:
		w.what = forStarts
		p.add(w, b, starts.off+int64(row)*int64(col.offset), 2*col.offset)
	case col.bits:
		w.what = forValues
		p.add(w, b, values.off+int64(row/8), 1)
	case n > 0:
		w.what = forValues
		p.add(w, b, values.off+int64(row)*int64(n), n)
	}
}

// take puts the bytes that were read for w into its cell.
func (p *picked) take(w want, c int, b *batch, data []byte) {
	cell, col := &p.cells[w.cell], &p.s.layouts[b.shard].columns[c]
	switch {
	case w.what == forValidity:
		cell.null = cell.null || data[0]>>(w.row&7)&1 == 0
	case w.what == forStarts:
		cell.off, cell.items, cell.err = p.s.item(col, c, b, data)
	case col.bits:
		cell.data = truth[data[0]>>(w.row&7)&1]
	default:
		cell.data = data[:len(data):len(data)]
	}
}

// item returns the first item of a row and how many there are, given its offsets.
func (s *source) item(col *column, c int, b *batch, starts []byte) (first int64, n int, err error) {
	d := decoded{starts: starts}
	lo, hi := d.bounds(col, 0)
	items := int64(b.items[c])
	if !col.list {
		_, _, values := s.layouts[b.shard].spans(c, b)
		items = int64(values.n)
	}
	if err := col.checkValue(lo, hi, items, s.lim.ValueBytes); err != nil {
		return 0, 0, err
	}
	return lo, int(hi - lo), nil
}

// checkValue checks the items lo to hi, of n in all, of a row.
func (c *column) checkValue(lo, hi, n, most int64) error {
	switch {
	case lo < 0 || hi < lo || hi > n:
		return corrupt("value is from item %d to %d of %d", lo, hi, n)
	case hi-lo > most/int64(max(1, c.per*c.size())):
		return corrupt("value has %d items, Limits.ValueBytes is %d", hi-lo, most)
	case (hi-lo)%int64(c.group) != 0 || c.fixed >= 0 && hi-lo != int64(c.fixed):
		return corrupt("value has %d items, which do not fit the shape %v", hi-lo, c.field.Shape)
	}
	return nil
}

// follow finishes a cell, or asks for the items that its offsets point to.
func (p *picked) follow(at, c int, b *batch) {
	cell, m := &p.cells[at], &p.s.columns[c]
	l := p.s.layouts[b.shard]
	col := &l.columns[c]
	if cell.null {
		cell.data, cell.items, cell.err = m.null, 0, nil
		if p.s.nulls == format.NullError {
			cell.err = nullError(m)
		}
		return
	}
	switch {
	case col.dict != nil:
		p.label(cell, at, col, b.dictionary(c))
	case col.offset > 0 && cell.items > 0 && cell.err == nil:
		_, _, values := l.spans(c, b)
		item := col.bytes(1)
		if !col.list {
			item = 1
		}
		p.add(want{cell: at, what: forValues}, b, values.off+cell.off*int64(item), cell.items*item)
		cell.items /= col.group
	}
	if cell.err != nil {
		cell.err = p.s.fault(c, b, cell.err)
	}
}

// fault says where column c is damaged.
func (s *source) fault(c int, b *batch, err error) error {
	return fmt.Errorf("feather: %s, record batch %d, column %q: %w", s.set[b.shard].Path, b.index, s.columns[c].field.Name, err)
}

// label replaces an index into a dictionary by the number of the name.
func (p *picked) label(cell *cell, at int, col *column, dict *dictionary) {
	to := p.labels[4*at:][:4:4]
	if dict.labels(col.dtype, loader.View[int32](loader.Tensor{DType: dtype.Int32, Data: to}), cell.data, nil) >= 0 {
		cell.err = corrupt("dictionary index is out of range")
	}
	cell.data = to
}

// Close implements loader.Rows.
func (p *picked) Close() error {
	for i := range p.bufs {
		p.s.bufs.Put(p.bufs[i])
		p.bufs[i] = nil
	}
	p.forget()
	p.to, p.placed, p.filled = nil, p.placed[:0], 0
	clear(p.cells)
	p.s.spares.Put(p)
	return nil
}

// value returns the value of a column of row i.
func (p *picked) value(i, c int) (data []byte, shape loader.Shape, null bool, err error) {
	cell := &p.cells[i*len(p.s.columns)+c]
	shape = p.s.columns[c].field.Shape
	if !shape.Fixed() {
		shape = p.s.columns[c].step.Rows(cell.items)
	}
	return cell.data, shape, cell.null, cell.err
}

// Row implements loader.Rows.
func (p *picked) Row(_ *loader.Worker, i int, s *loader.Sample) error {
	for c := range p.s.columns {
		m := &p.s.columns[c]
		data, shape, null, err := p.value(i, c)
		if err != nil {
			return err
		}
		s.Fields[m.f] = loader.Tensor{DType: m.field.DType, Shape: shape, Data: data}
		if m.mask >= 0 {
			s.Fields[m.mask] = truthOf(!null)
		}
	}
	return nil
}

// Gather implements loader.Gatherer.
func (p *picked) Gather(_ *loader.Worker, pick loader.Pick, b *loader.Batch) error {
	for c := range p.s.columns {
		m := &p.s.columns[c]
		n := -1
		if m.field.Shape.Fixed() {
			n = m.field.Shape.Len() * m.field.DType.Size()
		}
		for k, i := range pick.Rows {
			data, shape, null, err := p.value(i, c)
			if err != nil {
				return err
			}
			if n >= 0 {
				copy(b.Column(m.f).Data[pick.At[k]*n:][:n], data)
			} else {
				b.Set(m.f, pick.At[k], data, shape)
			}
			if m.mask >= 0 {
				copy(b.Column(m.mask).Data[pick.At[k]:], truthOf(!null).Data)
			}
		}
	}
	return nil
}
