package feather

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/format/internal/elem"
	"github.com/stokerdata/stoker/internal/invariant"
	"github.com/stokerdata/stoker/internal/prefetch"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/shard"
)

// rows is an open block.
type rows struct {
	s      *source
	l      *layout
	b      *batch
	buf    []byte // the buffers of the batch, lent by s.bufs
	room   []byte // what they decompress to, likewise
	ranges []shard.Range
	raw    [][]byte // by span
	rooms  [][]byte // by span, parts of room
	cols   []decoded

	laying sync.Mutex
	record []byte // see rows.records, likewise
}

// Open implements loader.Source.
func (s *source) Open(ctx context.Context, i int) (loader.Rows, error) {
	b := &s.batches[i]
	r, err := s.fetch(ctx, s.layouts[b.shard], b)
	if err != nil {
		return nil, fmt.Errorf("feather: %s, record batch %d: %w", s.set[b.shard].Path, b.index, err)
	}
	return r, nil
}

// fetch reads the buffers of b.
func (s *source) fetch(ctx context.Context, l *layout, b *batch) (*rows, error) {
	r := s.take()
	r.use(l, b)
	r.ranges = l.ranges(b, r.ranges)
	var err error
	if r.buf, err = s.pool.Fetch(ctx, s.bufs, s.read, r.ranges); err != nil {
		r.buf = nil
		r.Close()
		return nil, err
	}
	for i := range r.ranges {
		x := &r.ranges[i]
		r.raw[x.Tag] = x.Data[:b.spans[x.Tag].n]
		x.Data = nil
	}
	if b.codec != codecNone {
		if err := r.makeRoom(ctx); err != nil {
			r.Close()
			return nil, err
		}
	}
	return r, nil
}

// ranges appends the ranges of the spans of b, in whole words, so that what is
// aligned in the file is aligned in memory. There is room behind every buffer:
// the footer.
func (l *layout) ranges(b *batch, ranges []shard.Range) []shard.Range {
	ranges = slices.Grow(ranges[:0], len(b.spans))[:len(b.spans)]
	n := 0
	for i := range b.spans {
		if x := &b.spans[i]; x.n > 0 {
			r := &ranges[n] // whose words are not put together first: see loader.Sample.Set
			r.File, r.Off, r.Len, r.Tag = b.shard, x.off, (x.n+7)&^7, i
			n++
		}
	}
	return ranges[:n]
}

// fetchBytes returns the bytes that fetch reads, gaps included.
func (s *source) fetchBytes(l *layout, b *batch) (n int64) {
	for _, r := range s.read.Coalesce(nil, l.ranges(b, nil)) {
		n += int64(r.Len)
	}
	return n
}

// makeRoom gets the memory for what the buffers of a compressed batch claim to hold,
// all in one piece, as shard.Buffers puts large pieces into huge pages.
func (r *rows) makeRoom(ctx context.Context) error {
	var total int64
	for _, b := range r.raw {
		n, err := claimed(b)
		switch {
		case err != nil:
			return err
		case n > r.s.lim.PageBytes:
			return corrupt("compressed buffer claims to hold %d bytes, Limits.PageBytes is %d", n, r.s.lim.PageBytes)
		case total > r.s.lim.BlockBytes-n:
			return corrupt("buffers claim to hold more than the %d bytes of Limits.BlockBytes", r.s.lim.BlockBytes)
		}
		total += (n + 7) &^ 7
	}
	var err error
	if r.room, err = r.s.bufs.Get(ctx, int(total)); err != nil {
		return err
	}
	rest := r.room
	for i, b := range r.raw {
		n, _ := claimed(b)
		r.rooms[i], rest = rest[:n:n], rest[(n+7)&^7:]
	}
	return nil
}

// claimed returns how many bytes the buffer b of a compressed batch decompresses to,
// by what it says itself: 0 if it is not compressed.
func claimed(b []byte) (int64, error) {
	if len(b) == 0 || isPlain(b) {
		return 0, nil
	}
	return decodedSize(b)
}

// take returns rows that are not in use.
func (s *source) take() *rows {
	if r := s.free.Take(); r != nil {
		return r
	}
	return &rows{s: s}
}

// use makes r ready for the columns of l.
func (r *rows) use(l *layout, b *batch) {
	r.l, r.b = l, b
	n := len(b.spans)
	r.raw = slices.Grow(r.raw[:0], n)[:n] // nil, as Close leaves them
	r.rooms = slices.Grow(r.rooms[:0], n)[:n]
	for len(r.cols) < len(l.columns) {
		r.cols = append(r.cols, decoded{})
	}
	for c := range l.columns {
		d := &r.cols[c]
		d.err = nil
		first, spans := l.first[c], len(l.columns[c].levels)+2
		d.raw, d.room = r.raw[first:][:spans], r.rooms[first:][:spans]
		d.more, d.moreRoom = nil, nil
		if b.more != nil {
			first, spans = b.more[c].first, b.more[c].n
			d.more, d.moreRoom = r.raw[first:][:spans], r.rooms[first:][:spans]
		}
	}
}

// Close implements loader.Rows.
func (r *rows) Close() error {
	r.s.bufs.Put(r.buf)
	r.s.bufs.Put(r.room)
	r.s.bufs.Put(r.record)
	r.buf, r.room, r.record = nil, nil, nil
	clear(r.raw)
	clear(r.rooms)
	for c := range r.cols {
		r.cols[c].release()
	}
	r.s.free.Give(r)
	return nil
}

// release forgets the values of d and keeps its memory.
func (d *decoded) release() {
	d.values, d.valid, d.starts = nil, nil, nil
	d.texts.data, d.texts.starts = nil, nil
	if invariant.Enabled {
		invariant.Poison(d.made)
		invariant.Poison(d.packed)
		invariant.Poison(d.mask)
		invariant.Poison(d.texts.joined)
		invariant.Poison(d.texts.made)
	}
}

// Parts implements loader.Decoder: a part is a column.
func (r *rows) Parts() int { return len(r.l.columns) }

// Decode implements loader.Decoder. Its error is also that of every row.
func (r *rows) Decode(_ *loader.Worker, part int) error { return r.decode(part) }

func (r *rows) decode(c int) error {
	d, col := &r.cols[c], &r.l.columns[c]
	err := d.decode(col, c, r.b, reader{r.s.nulls, r.s.lim.ValueBytes, r.s.lim.BlockBytes, r.s.lent})
	if err != nil {
		d.err = fmt.Errorf("feather: %s, record batch %d, column %q: %w", r.s.set[r.b.shard].Path, r.b.index, col.field.Name, err)
	}
	return d.err
}

// yes and no are values of "valid" fields and of bools.
var truth = [2][]byte{{0}, {1}}

// Row implements loader.Rows.
func (r *rows) Row(_ *loader.Worker, i int, s *loader.Sample) error {
	for c := range r.l.columns {
		d, m := &r.cols[c], &r.s.columns[c]
		if d.err != nil {
			return d.err
		}
		ok := d.valid == nil || d.valid[i] != 0
		if !ok && r.s.nulls == format.NullError {
			return nullError(m)
		}
		s.Fields[m.f] = d.value(&r.l.columns[c], i, ok)
		if m.texts >= 0 {
			data := d.text(&r.l.columns[c], i, ok)
			s.Set(m.texts, dtype.Uint8, loader.Dims(len(data)), data)
		}
		if m.mask >= 0 {
			s.Fields[m.mask] = truthOf(ok)
		}
	}
	return nil
}

func nullError(m *merged) error {
	return fmt.Errorf("feather: column %q is null: %w", m.field.Name, loader.ErrSpec)
}

func truthOf(ok bool) loader.Tensor {
	t := loader.Tensor{DType: dtype.Bool, Data: truth[0]}
	if ok {
		t.Data = truth[1]
	}
	return t
}

// value returns the value of row i.
func (d *decoded) value(c *column, i int, ok bool) loader.Tensor {
	if n := c.row(); n >= 0 {
		return loader.Tensor{DType: c.field.DType, Shape: c.field.Shape, Data: d.values[i*n : i*n+n : i*n+n]}
	}
	data, shape := d.items(c, i, ok)
	return loader.Tensor{DType: c.field.DType, Shape: shape, Data: data}
}

// items returns the value of row i of a field that varies.
func (d *decoded) items(c *column, i int, ok bool) ([]byte, loader.Shape) {
	if !ok {
		return nil, c.step.Rows(0)
	}
	if c.view {
		data := d.view(i)
		return data, c.step.Rows(len(data) / c.group)
	}
	lo, hi := d.bounds(c, i)
	item := c.per * c.size()
	from, to := int(lo)*item, int(hi)*item
	return d.values[from:to:to], c.step.Rows(int(hi-lo) / c.group)
}

// Gather implements loader.Gatherer.
func (r *rows) Gather(_ *loader.Worker, p loader.Pick, b *loader.Batch) error {
	byRecord := !p.Run && r.l.recordBytes(r.b) > 0
	if !p.Run {
		r.bring(p.Rows)
	}
	for c := range r.l.columns {
		d, m, col := &r.cols[c], &r.s.columns[c], &r.l.columns[c]
		if d.err != nil {
			return d.err
		}
		if d.valid != nil && r.s.nulls == format.NullError {
			for _, i := range p.Rows {
				if d.valid[i] == 0 {
					return nullError(m)
				}
			}
		}
		switch n := col.row(); {
		case byRecord && col.isLane:
		case n >= 0:
			elem.GatherAhead(b.Column(m.f).Data, d.values, n, p, r.front(c+1, p))
		default:
			d.gatherItems(col, m.f, p, b)
		}
		if m.texts >= 0 {
			d.gatherTexts(col, m.texts, p, b)
		}
		if m.mask >= 0 {
			gatherValid(b.Column(m.mask).Data, d.valid, p)
		}
	}
	if byRecord {
		return r.gatherRecords(p, b)
	}
	return nil
}

// front returns the values of p in column c, if it is a run and they are of fixed size
// and there.
func (r *rows) front(c int, p loader.Pick) []byte {
	if !p.Run || len(p.Rows) == 0 || c == len(r.l.columns) || r.l.columns[c].row() <= 0 || r.cols[c].err != nil {
		return nil
	}
	n := r.l.columns[c].row()
	return r.cols[c].values[p.Rows[0]*n:][:len(p.Rows)*n]
}

// bring asks for what tells where the values of rows lie, in all columns that vary.
func (r *rows) bring(rows []int) {
	for c := range r.l.columns {
		d, col := &r.cols[c], &r.l.columns[c]
		if d.err == nil && col.offset > 0 && col.fixed < 0 {
			prefetch.Rows(d.starts, col.offset, rows)
		}
	}
}

// gatherItems sets the values of field f, which varies.
func (d *decoded) gatherItems(c *column, f int, p loader.Pick, b *loader.Batch) {
	if c.view {
		d.gatherViews(c, f, p, b)
	} else if c.offset == 4 {
		gatherStarts(d, c, loader.View[int32](d.tensor(dtype.Int32)), f, p, b)
	} else {
		gatherStarts(d, c, loader.View[int64](d.tensor(dtype.Int64)), f, p, b)
	}
}

func gatherStarts[T int32 | int64](d *decoded, c *column, starts []T, f int, p loader.Pick, b *loader.Batch) {
	item, group, values := c.per*c.size(), c.group, d.values
	at := p.At[:len(p.Rows)]
	if n := len(at); p.Run && !d.apart && n > 0 && item > 0 {
		starts = starts[p.Rows[0]:][:n+1]
		lo, hi := int(starts[0])*item, int(starts[n])*item
		endsOf(b.SetRun(f, at[0], n, values[lo:hi:hi]), starts, group)
		return
	}
	for k, i := range p.Rows {
		if d.valid != nil && d.valid[i] == 0 {
			b.Set(f, at[k], nil, c.step.Rows(0))
			continue
		}
		lo, hi := int(starts[i]), int(starts[i+1])
		n := hi - lo
		if group > 1 { // a division takes longer than all else
			n /= group
		}
		b.Set(f, at[k], values[lo*item:hi*item:hi*item], c.step.Rows(n))
	}
}

// endsOf sets ends to where rows end, in groups of items from where they begin.
func endsOf[T int32 | int64](ends []int64, starts []T, group int) {
	first := starts[0]
	for k, x := range starts[1:][:len(ends)] {
		ends[k] = int64(x - first)
	}
	if group > 1 {
		for k := range ends {
			ends[k] /= int64(group)
		}
	}
}

// gatherValid sets the "valid" field.
func gatherValid(to, valid []byte, p loader.Pick) {
	switch {
	case valid != nil:
		elem.Gather(to, valid, 1, p)
	case p.Run && len(p.At) > 0:
		elem.Fill(to[p.At[0]:][:len(p.Rows)], 1)
	default:
		for _, i := range p.At[:len(p.Rows)] {
			to[i] = 1
		}
	}
}
