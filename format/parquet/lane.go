package parquet

import (
	"fmt"
	"sync"

	"github.com/stokerdata/stoker/format/internal/elem"
	"github.com/stokerdata/stoker/internal/bulk"
	"github.com/stokerdata/stoker/internal/interleave"
	"github.com/stokerdata/stoker/internal/prefetch"
	"github.com/stokerdata/stoker/loader/dtype"
)

const (
	// stripColumns is how many columns of a join are laid side by side at a time.
	// Fewer would have rows brought into the cache several times.
	stripColumns = elem.Columns
	// tileRows is how many rows of them are: their tiles stay in the second-level
	// cache, and what is looked up often of a dictionary in the first. With 1024
	// rows W5 of module benchmarks takes 2 % longer, with 512 some 8 %.
	tileRows = 2048
	// stepRows is how many rows are laid at a time: those of all columns are then in the
	// first-level cache together, or on their way there if they lie in pages. With
	// 1024, mapped plain values of W5 take 13 % longer.
	stepRows = 128
	maxElem  = 8
)

// A lane is a column of the file with one number a row: a field by itself or one
// of those that a join has.
type lane struct {
	col  int // in Source.cols
	to   int // the field that it is part of, likewise
	cell int // its place there
}

// part is what is decoded at a time: a column, or some of Source.lanes.
type part struct {
	col    int // in Source.cols, that of the first lane if there are any
	lo, hi int // lanes
}

// A target is where the rows of a field of lanes go.
type target struct {
	data   []byte
	stride int    // bytes from row to row
	valid  []byte // a byte for each value, nil if nobody asks
}

// scratch is memory of one worker for a tile.
type scratch struct {
	defs   [tileRows]byte
	stored [tileRows * maxElem]byte // values in the type of the file
	tiles  [stripColumns][tileRows * maxElem]byte
	at     [stripColumns][]byte     // what a tile should hold: its front, or part of a page
	from   [stripColumns]dtype.Type // of what is part of a page, else dtype.Invalid
	valid  [stripColumns][tileRows]byte
	wrong  []int  // rows of the tile whose values do not fit
	next   []byte // what is decoded then, if it is known
}

// A strip decodes some lanes side by side. Its memory is used again.
type strip struct {
	scratch
	tools
	stage    []byte // stepRows records
	decoders [stripColumns]decoder
	flows    [stripColumns]flow
}

// strips and decoders are not in use, and hold nothing of the source they served.
var (
	strips   = sync.Pool{New: func() any { return new(strip) }}
	decoders = sync.Pool{New: func() any { return &decoder{tools: new(tools)} }}
)

// decode decodes the given lanes, one field or some of joins, of all rows of r. If
// several are damaged, its error is the first one's, as when they are held.
func (s *strip) decode(r *rows, lanes []lane) error {
	defer func() {
		clear(s.at[:])
		for g := range lanes {
			s.decoders[g].end()
			s.flows[g] = flow{}
		}
	}()
	err := s.layAll(r, lanes)
	for g := 0; g < len(lanes) && err != nil; g++ {
		d, f := &s.decoders[g], &s.flows[g]
		*f = flow{}
		if err := d.beginLane(r, lanes[g], &s.tools); err != nil {
			return err
		}
		if err := d.skip(f, &s.scratch, d.rows); err != nil {
			return d.fault(-1, fmt.Errorf("page %d: %w", f.page-1, err))
		}
	}
	return err
}

// layAll decodes lanes tile by tile.
func (s *strip) layAll(r *rows, lanes []lane) error {
	for g, l := range lanes {
		if err := s.decoders[g].beginLane(r, l, &s.tools); err != nil {
			return err
		}
	}
	all, alone := int(r.group.rows), r.s.cols[lanes[0].to].isLane
	whole := len(lanes) > 1 && len(lanes) == r.s.joined
	for at := 0; at < all; {
		n := 0
		if alone {
			var err error
			if n, err = s.decoders[0].whole(&s.flows[0], &r.targets[lanes[0].to], at); err != nil {
				return err
			}
		}
		if n == 0 {
			var err error
			if n = min(tileRows, all-at); whole {
				err = s.records(r, lanes, at, n)
			} else {
				err = s.rows(lanes, s.decoders[:], s.flows[:], r.targets, at, n)
			}
			if err != nil {
				return err
			}
		}
		at += n
	}
	return nil
}

// records decodes the next n records, at most tileRows, whose lanes are given, from
// record at on. It lays them where they stay in the cache and copies them from there, as
// a long copy does not read what it overwrites: W5 shuffled takes 11 to 17 % less.
func (s *strip) records(r *rows, lanes []lane, at, n int) error {
	if err := s.decodeTiles(lanes, s.decoders[:], s.flows[:], r.targets, at, n); err != nil {
		return err
	}
	size := r.s.record
	s.stage = sized(s.stage, stepRows*size)
	for lo := 0; lo < n; lo += stepRows {
		hi := min(lo+stepRows, n)
		for g, same := 0, 0; g < len(lanes); g += same {
			same = ofOneField(lanes[g:])
			c := s.decoders[g].to
			s.layStep(s.stage[c.at+lanes[g].cell*c.size:], size/c.size, c, lo, hi, g, same)
		}
		copy(r.record[(at+lo)*size:], s.stage[:(hi-lo)*size])
	}
	for g, same := 0, 0; g < len(lanes); g += same {
		same = ofOneField(lanes[g:])
		s.layValid(&r.targets[lanes[g].to], s.decoders[g].to, lanes[g].cell, at, n, g, same)
	}
	return nil
}

// ofOneField returns how many of lanes, from the first on, are part of the same field.
func ofOneField(lanes []lane) int {
	for g := range lanes {
		if lanes[g].to != lanes[0].to {
			return g
		}
	}
	return len(lanes)
}

// rows decodes the next n rows of lanes, at most tileRows but of one lane without a
// mask that lends them, to rows at and on of their targets.
func (s *scratch) rows(lanes []lane, ds []decoder, fs []flow, to []target, at, n int) error {
	for len(lanes) > 0 {
		same := ofOneField(lanes)
		if err := s.decodeTiles(lanes[:same], ds, fs, to, at, n); err != nil {
			return err
		}
		t, c, cell := &to[lanes[0].to], ds[0].to, lanes[0].cell
		for lo := 0; lo < n && t.stride != c.size; lo += stepRows {
			s.layStep(t.data[(at+lo)*t.stride+cell*c.size:], t.stride/c.size, c, lo, min(lo+stepRows, n), 0, same)
		}
		s.layValid(t, c, cell, at, n, 0, same)
		lanes, ds, fs = lanes[same:], ds[same:], fs[same:]
	}
	return nil
}

// decodeTiles decodes the next n rows of lanes, as rows, to as many tiles. A value that
// does not fit there is an error of a row group that is held, and else spoils its row.
func (s *scratch) decodeTiles(lanes []lane, ds []decoder, fs []flow, to []target, at, n int) error {
	for h, l := range lanes {
		d := &ds[h]
		bad, err := s.tile(d, &fs[h], &to[l.to], h, at, n)
		switch {
		case err != nil:
			return d.fault(-1, err)
		case bad != nil && d.isHeld:
			return d.fault(-1, bad)
		case bad != nil:
			d.out.spoil(int(d.r.group.rows), at, s.wrong, bad)
			d.r.isSpoilt.Store(true)
		}
	}
	return nil
}

// tile decodes the next n rows of the h-th lane of t, to rows at and on of t if it
// is the only one.
func (s *scratch) tile(d *decoder, f *flow, t *target, h, at, n int) (bad, err error) {
	var valid []byte
	if t.valid != nil {
		valid = s.valid[h][:n]
		elem.Fill(valid, 1)
	}
	size := d.to.size
	alone, lends := t.stride == size, d.lends(f) && f.left >= n
	s.from[h] = dtype.Invalid
	switch {
	case alone && lends && d.alike():
		bulk.CopyAhead(t.data[at*size:], d.lend(f, n), s.next)
	case alone:
		return d.next(f, s, t.data[at*size:][:n*size], valid, n)
	case lends:
		s.at[h], s.from[h] = d.lend(f, n), d.col.field.DType
	default:
		s.at[h] = s.tiles[h][:n*size]
		return d.next(f, s, s.at[h], valid, n)
	}
	return nil, nil
}

// layValid writes which values of tiles are there, from the first one on n rows of lanes
// of column c from the given cell on, to rows at and on of t.
func (s *scratch) layValid(t *target, c *column, cell, at, n, first, tiles int) {
	if t.valid == nil {
		return
	}
	var from [stripColumns][]byte
	for g := range tiles {
		from[g] = s.valid[first+g][:n]
	}
	interleave.Columns(t.valid[at*c.cells()+cell:], c.cells(), from[:tiles])
}

// layStep writes rows lo to hi of tiles, from the first one on, to dst.
func (s *scratch) layStep(dst []byte, stride int, c *column, lo, hi, first, tiles int) {
	var step [stripColumns][]byte
	for g, b := range s.at[first:][:tiles] {
		from := s.from[first+g]
		switch from {
		case dtype.Invalid, c.field.DType:
			step[g] = b[lo*c.size : hi*c.size]
		default:
			step[g] = s.tiles[first+g][:(hi-lo)*c.size]
			convert(step[g], c.field.DType, b[lo*from.Size():hi*from.Size()], from)
		}
		if from != dtype.Invalid && !interleave.LooksAhead(from.Size()) { // pages are more streams than the processor follows
			next := b[hi*from.Size():]
			prefetch.Front(next[:min((hi-lo)*from.Size(), len(next))])
		}
	}
	elem.Interleave(dst, stride, c.size, step[:tiles])
}

// spoil notes the rows, counted from row at on of so many, that have a value which
// does not fit.
func (in *cells) spoil(rows, at int, wrong []int, err error) {
	if in.spoilt == nil {
		in.spoilt, in.unfit = make([]byte, (rows+7)/8), err
	}
	for _, i := range wrong {
		in.spoilt[(at+i)/8] |= 1 << ((at + i) % 8)
	}
}

// spoiled returns an error if a row has a value that does not fit.
func (r *rows) spoiled(row int) error {
	for _, l := range r.s.lanes {
		if in := &r.cells[l.col]; in.spoilt != nil && in.spoilt[row/8]>>(row%8)&1 != 0 {
			return r.fault(row, &r.s.cols[l.col], in.unfit)
		}
	}
	return nil
}
