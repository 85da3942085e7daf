package feather

import (
	"context"
	"fmt"

	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/shard"
)

// maxStarts bounds the offsets that a source keeps in memory: those of 16 million
// rows, as Write stores them.
const maxStarts = 64 << 20

// place chooses the column that is read straight into batches: the largest of
// those whose values are stored as they are delivered. If it varies, its offsets
// are read now and kept, as they tell the sizes; so a row is read by one read and
// not by two.
func (s *randomSource) place() error {
	var most int64
	for c := range s.columns {
		if n := s.placeable(c); n > most {
			s.placed, most = c, n
		}
	}
	if s.placed < 0 || s.columns[s.placed].field.Shape.Fixed() {
		return nil
	}
	return s.readStarts()
}

// placeable returns the bytes of column c, or 0 if it cannot be placed: its rows
// may be null or must be checked or changed, or there are too many offsets.
func (s *randomSource) placeable(c int) (total int64) {
	var starts int64
	for i := range s.batches {
		b := &s.batches[i]
		l := s.layouts[b.shard]
		col := &l.columns[c]
		valid, offsets, values := l.spans(c, b)
		if col.nullRows(valid) || col.bits || col.dict != nil || col.fixed >= 0 {
			return 0
		}
		starts += int64(offsets.n)
		total += int64(values.n)
	}
	if starts > maxStarts {
		return 0
	}
	return total
}

// readStarts reads the offsets of the placed column.
func (s *randomSource) readStarts() error {
	s.starts = make([][]byte, len(s.batches))
	ranges := make([]shard.Range, len(s.batches))
	total := 0
	for i := range s.batches {
		b := &s.batches[i]
		_, x, _ := s.layouts[b.shard].spans(s.placed, b)
		ranges[i] = shard.Range{File: b.shard, Off: x.off, Len: x.n, Tag: total}
		total += x.n
	}
	mem := make([]byte, total)
	for i, r := range ranges {
		s.starts[i] = mem[r.Tag:][:r.Len:r.Len]
	}
	if err := s.pool.ReadInto(context.Background(), mem, s.read, ranges); err != nil {
		return fmt.Errorf("offsets: %w", err)
	}
	return nil
}

// Sizes says how large values of the placed column are, for OpenInto: see
// loader.RandomSource.
func (s *randomSource) Sizes(refs []loader.Ref, bytes []int64) (field int) {
	if s.placed < 0 {
		return -1
	}
	for i, ref := range refs {
		r, _, _ := s.placeOf(ref)
		bytes[i] = int64(r.Len)
	}
	return s.columns[s.placed].f
}

// placeOf returns where the value of the placed column lies, and how many items it
// has; none, and why, if its offsets are damaged.
func (s *randomSource) placeOf(ref loader.Ref) (r shard.Range, items int, err error) {
	b := &s.batches[ref.Block]
	l := s.layouts[b.shard]
	col := &l.columns[s.placed]
	_, _, values := l.spans(s.placed, b)
	first, items := int64(ref.Row), 1
	if s.starts != nil {
		first, items, err = s.item(col, s.placed, b, s.startsOf(ref, col))
	}
	n := col.bytes(1)
	return shard.Range{File: b.shard, Off: values.off + first*int64(n), Len: items * n}, items, err
}

// startsOf returns the offsets of a row of the placed column.
func (s *randomSource) startsOf(ref loader.Ref, col *column) []byte {
	return s.starts[ref.Block][ref.Row*col.offset:][:2*col.offset]
}

// put has the value of the placed column be read to its place.
func (p *picked) put(at int, ref loader.Ref) {
	cell := &p.cells[at]
	r, items, err := p.s.placeOf(ref)
	if err != nil {
		cell.err = p.s.fault(p.s.placed, &p.s.batches[ref.Block], err)
		return
	}
	r.Tag = p.filled
	p.filled += r.Len
	p.placed = append(p.placed, r)
	cell.data = p.to[r.Tag:p.filled:p.filled]
	cell.items = items / p.s.layouts[r.File].columns[p.s.placed].group
}
