package parquet

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sort"
	"sync"

	"github.com/stokerdata/stoker/format/internal/spare"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/shard"
)

// A RowSource reads the rows of a Source one by one, by the pages that they lie
// in. It is a loader.RandomSource, over which a Shuffle is exact.
type RowSource struct {
	*Source
	pages [][][]location // of each block and column
	free  spare.List[picked]
}

var _ loader.RandomSource = (*RowSource)(nil)

// A location is where a page lies: parquet.thrift's PageLocation.
type location struct {
	off   int64
	size  int32
	first int64 // row of the row group with which it begins
}

// ByRow returns s as a source of single rows. It reads the offset indexes of all
// columns, which say where pages lie. To read a row costs a page of each column,
// so it is for rows that fill a good part of one: images, sounds, long texts. Rows
// that are asked for together share a page.
//
// An error wraps loader.ErrSpec if a column has no offset index or s has Joins,
// and loader.ErrCorrupt if an index is damaged. Closing either source closes both.
func (s *Source) ByRow() (*RowSource, error) {
	r := &RowSource{Source: s, pages: make([][][]location, len(s.blocks))}
	if s.record > 0 {
		return nil, fmt.Errorf("parquet: joins are not read row by row: %w", loader.ErrSpec)
	}
	for lo := 0; lo < len(s.groups); {
		hi := lo + 1
		for hi < len(s.groups) && s.groups[hi].shard == s.groups[lo].shard {
			hi++
		}
		if err := r.readIndexes(context.Background(), lo, hi); err != nil {
			return nil, fmt.Errorf("parquet: %s: %w", s.blocks[lo].Shard, err)
		}
		lo = hi
	}
	return r, nil
}

// readIndexes reads the offset indexes of blocks lo to hi, which are of one shard.
func (r *RowSource) readIndexes(ctx context.Context, lo, hi int) error {
	var ranges []shard.Range
	for b := lo; b < hi; b++ {
		g := &r.groups[b]
		r.pages[b] = make([][]location, len(g.chunks))
		for k, ch := range g.chunks {
			if ch.index <= 0 || ch.indexSize <= 0 {
				return fmt.Errorf("column %q has no offset index: %w", r.cols[k].field.Name, loader.ErrSpec)
			}
			if int64(ch.indexSize) > r.limits.FooterBytes {
				return fmt.Errorf("column %q has an offset index of %d bytes: %w", r.cols[k].field.Name, ch.indexSize, loader.ErrCorrupt)
			}
			ranges = append(ranges, shard.Range{File: g.shard, Off: ch.index, Len: int(ch.indexSize), Tag: (b-lo)*len(g.chunks) + k})
		}
	}
	buf, err := r.pool.Fetch(ctx, r.bufs, r.read, ranges)
	if err != nil {
		return err
	}
	defer r.bufs.Put(buf)
	for _, x := range ranges {
		b, k := lo+x.Tag/len(r.groups[lo].chunks), x.Tag%len(r.groups[lo].chunks)
		g := &r.groups[b]
		if r.pages[b][k], err = readLocations(x.Data, &g.chunks[k], g.rows); err != nil {
			return fmt.Errorf("row group at row %d, column %q: offset index: %w: %w", r.blocks[b].FirstRow, r.cols[k].field.Name, err, loader.ErrCorrupt)
		}
	}
	return nil
}

// readLocations reads parquet.thrift's OffsetIndex of a chunk.
func readLocations(b []byte, ch *chunk, rows int64) (all []location, err error) {
	c := compact{b: b}
	c.fields(func(id int16, typ byte) bool {
		if id != 1 || typ != thriftList {
			return false
		}
		c.structs(func(int) { all = append(all, readLocation(&c)) })
		return true
	})
	if c.bad {
		return nil, errors.New("is malformed")
	}
	return inOrder(all, ch, rows)
}

// inOrder returns those of the pages of a chunk that have rows, of which Arrow also
// writes some that have none.
func inOrder(all []location, ch *chunk, rows int64) ([]location, error) {
	end, row := ch.off, int64(0)
	kept := all[:0]
	for _, l := range all {
		if l.off < end || l.size <= 0 || int64(l.size) > ch.off+ch.size-l.off || l.first < row || l.first > rows {
			return nil, errors.New("pages are not in order")
		}
		end, row = l.off+int64(l.size), l.first
		if n := len(kept); n > 0 && kept[n-1].first == row {
			kept = kept[:n-1]
		}
		if row < rows {
			kept = append(kept, l)
		}
	}
	if len(kept) == 0 || kept[0].first != 0 {
		return nil, errors.New("is malformed")
	}
	return kept, nil
}

func readLocation(c *compact) (l location) {
	l.first = -1
	c.fields(func(id int16, typ byte) bool {
		switch {
		case id == 1 && typ == thriftI64:
			l.off = c.int()
		case id == 2 && typ == thriftI32:
			l.size = c.int32()
		case id == 3 && typ == thriftI64:
			l.first = c.int()
		default:
			return false
		}
		return true
	})
	return l
}

// picked are rows that OpenRows has opened.
type picked struct {
	src    *RowSource
	refs   []loader.Ref
	units  []unit
	of     []int // unit of each row and column
	ranges []shard.Range
	buf    []byte
}

// A unit is a page of a column, with the rows of it that are asked for.
type unit struct {
	col        int
	group      block
	dictionary []byte // page, if there is one
	data       []byte
	once       sync.Once
	rows       *rows
	err        error
}

// OpenRows reads the pages in which the given rows lie.
func (r *RowSource) OpenRows(ctx context.Context, refs []loader.Ref) (loader.Rows, error) {
	p := r.take()
	p.refs, p.units, p.of, p.ranges = refs, p.units[:0], p.of[:0], p.ranges[:0]
	for _, ref := range refs {
		for k := range r.cols {
			p.of = append(p.of, p.unit(ref, k))
		}
	}
	buf, err := r.pool.Fetch(ctx, r.bufs, r.read, p.ranges)
	if err != nil {
		r.free.Give(p)
		return nil, fmt.Errorf("parquet: %w", err)
	}
	p.buf = buf
	for _, x := range p.ranges {
		if u := &p.units[x.Tag/2]; x.Tag%2 == 0 {
			u.data = x.Data
		} else {
			u.dictionary = x.Data
		}
	}
	return p, nil
}

// unit returns the unit in which a column of a row lies. Rows that follow each
// other often share one.
func (p *picked) unit(ref loader.Ref, k int) int {
	g := &p.src.groups[ref.Block]
	pages := p.src.pages[ref.Block][k]
	i := sort.Search(len(pages), func(i int) bool { return pages[i].first > int64(ref.Row) }) - 1
	for n := len(p.of) - len(p.src.cols); n >= 0 && n >= len(p.of)-sharedRows*len(p.src.cols); n -= len(p.src.cols) {
		if u := &p.units[p.of[n]]; u.group.number == g.number && u.group.first == pages[i].first {
			return p.of[n]
		}
	}
	end := g.rows
	if i+1 < len(pages) {
		end = pages[i+1].first
	}
	n := len(p.units)
	p.units = slices.Grow(p.units, 1)[:n+1]
	u := &p.units[n]
	*u = unit{col: k, group: *g}
	u.group.first, u.group.rows = pages[i].first, end-pages[i].first
	p.ranges = append(p.ranges, shard.Range{File: g.shard, Off: pages[i].off, Len: int(pages[i].size), Tag: 2 * n})
	if ch := &g.chunks[k]; ch.off < pages[0].off {
		p.ranges = append(p.ranges, shard.Range{File: g.shard, Off: ch.off, Len: int(pages[0].off - ch.off), Tag: 2*n + 1})
	}
	return n
}

// sharedRows is how many rows before one are looked at for a page that both lie
// in.
const sharedRows = 4

// open decodes the unit, once.
func (u *unit) open(s *Source) error {
	u.once.Do(func() {
		r := s.take()
		r.group, r.isPage = &u.group, true
		r.chunks[u.col] = u.data
		if u.dictionary != nil {
			if r.buf, u.err = s.buffer(int64(len(u.dictionary) + len(u.data))); u.err != nil {
				s.free.Give(r)
				return
			}
			copy(r.buf[copy(r.buf, u.dictionary):], u.data)
			r.chunks[u.col] = r.buf
		}
		u.rows, u.err = r, r.decode(part{col: u.col}, false)
	})
	return u.err
}

// Row decodes the pages of row i, if no other row has done so, and sets s to it.
func (p *picked) Row(w *loader.Worker, i int, s *loader.Sample) error {
	src := p.src.Source
	of := p.of[i*len(src.cols):][:len(src.cols)]
	for f, role := range src.fields {
		u := &p.units[of[role.col]]
		if err := u.open(src); err != nil {
			return err
		}
		var sizes []byte
		if c := &src.cols[role.col]; c.dims >= 0 {
			shapes := &p.units[of[c.dims]]
			if err := shapes.open(src); err != nil {
				return err
			}
			var err error
			if sizes, err = shapes.rows.sizes(c, p.refs[i].Row-int(shapes.group.first)); err != nil {
				return err
			}
		}
		if err := u.rows.field(w, s, f, p.refs[i].Row-int(u.group.first), sizes); err != nil {
			return err
		}
	}
	return nil
}

// Close gives the memory back.
func (p *picked) Close() error {
	for i := range p.units {
		if r := p.units[i].rows; r != nil {
			r.Close()
		}
	}
	clear(p.units)
	clear(p.ranges)
	p.src.bufs.Put(p.buf)
	p.buf, p.refs = nil, nil
	p.src.free.Give(p)
	return nil
}

// take returns rows that are not in use.
func (r *RowSource) take() *picked {
	if p := r.free.Take(); p != nil {
		return p
	}
	return &picked{src: r}
}
