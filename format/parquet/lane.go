package parquet

import (
	"errors"

	"github.com/stokerdata/stoker/internal/interleave"
)

const (
	// stripColumns is how many columns of a join are laid side by side at a time.
	// Fewer would have rows brought into the cache several times.
	stripColumns = 64
	// tileRows is how many rows of them are: their tiles stay in the second-level
	// cache.
	tileRows = 256
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
	at     [stripColumns][]byte // what a tile should hold: its front, or part of a page
	valid  [stripColumns][tileRows]byte
}

// A strip decodes some lanes side by side. Its memory is used again.
type strip struct {
	scratch
	tools
	decoders [stripColumns]decoder
	flows    [stripColumns]flow
}

// decode decodes the given lanes, one field or some of joins, of all rows of r.
func (s *strip) decode(r *rows, lanes []lane) error {
	defer func() {
		clear(s.at[:])
		for g := range lanes {
			s.decoders[g].end()
		}
	}()
	for g, l := range lanes {
		s.flows[g] = flow{}
		if err := s.decoders[g].beginLane(r, l, &s.tools); err != nil {
			return err
		}
	}
	all, alone := int(r.group.rows), r.s.cols[lanes[0].to].isLane
	for at := 0; at < all; {
		n := 0
		if alone {
			var err error
			if n, err = s.decoders[0].whole(&s.flows[0], r.targets[lanes[0].to].data, at); err != nil {
				return err
			}
		}
		if n == 0 {
			n = min(tileRows, all-at)
			bad, err := s.rows(lanes, s.decoders[:], s.flows[:], r.targets, at, n)
			if err != nil {
				return err
			}
			r.spoil(at, n, bad)
		}
		at += n
	}
	return nil
}

// rows decodes the next n rows of lanes, at most tileRows, to rows at and on of
// their targets, and returns the first value that does not fit there.
func (s *scratch) rows(lanes []lane, ds []decoder, fs []flow, to []target, at, n int) (bad *badValue, err error) {
	for g := 0; g < len(lanes); {
		same := 1
		for g+same < len(lanes) && same < stripColumns && lanes[g+same].to == lanes[g].to {
			same++
		}
		t, c := &to[lanes[g].to], ds[g].to
		for h := range same {
			d, f := &ds[g+h], &fs[g+h]
			dst := s.tiles[h][:n*c.size]
			if t.stride == c.size { // it is all there is
				dst = t.data[at*c.size:][:n*c.size]
			} else if s.at[h] = dst; t.valid == nil {
				if b := d.lend(f, n); b != nil {
					s.at[h] = b
					continue
				}
			}
			var valid []byte
			if t.valid != nil {
				valid = s.valid[h][:n]
				fill(valid, 1)
			}
			if err := d.next(f, s, dst, valid, n); err != nil {
				if !errors.As(err, new(valueError)) {
					return nil, d.fault(-1, err)
				}
				if bad == nil {
					bad = &badValue{col: lanes[g+h].col, err: err}
				}
			}
		}
		s.lay(t, c, lanes[g].cell, at, n, same)
		g += same
	}
	return bad, nil
}

// lay writes the first tiles, which are n rows of lanes of column c from the given
// cell on, to rows at and on of t.
func (s *scratch) lay(t *target, c *column, cell, at, n, tiles int) {
	if t.stride != c.size {
		dst, stride := t.data[at*t.stride+cell*c.size:], t.stride/c.size
		switch c.size {
		case 1:
			lay[uint8](dst, stride, s.at[:tiles])
		case 2:
			lay[uint16](dst, stride, s.at[:tiles])
		case 4:
			lay[uint32](dst, stride, s.at[:tiles])
		default:
			lay[uint64](dst, stride, s.at[:tiles])
		}
	}
	if t.valid != nil {
		var from [stripColumns][]byte
		for g := range s.valid[:tiles] {
			from[g] = s.valid[g][:n]
		}
		interleave.Columns(t.valid[at*c.cells()+cell:], c.cells(), from[:tiles])
	}
}

func lay[T uint8 | uint16 | uint32 | uint64](dst []byte, stride int, tiles [][]byte) {
	var from [stripColumns][]T
	for g, tile := range tiles {
		from[g] = view[T](tile)
	}
	interleave.Columns(view[T](dst), stride, from[:len(tiles)])
}

// A badValue is a value that does not fit, and the rows that it spoils.
type badValue struct {
	lo, hi int
	col    int
	err    error
}

// spoil notes that rows at to at+n cannot be had, if bad is a value.
func (r *rows) spoil(at, n int, bad *badValue) {
	if bad == nil {
		return
	}
	bad.lo, bad.hi = at, at+n
	r.mu.Lock()
	defer r.mu.Unlock()
	r.bad = append(r.bad, *bad)
}

// spoiled returns the error of a row that cannot be had: whatever part was decoded
// first, that of the first column.
func (r *rows) spoiled(row int) error {
	var first *badValue
	for i := range r.bad {
		if b := &r.bad[i]; b.lo <= row && row < b.hi && (first == nil || b.col < first.col) {
			first = b
		}
	}
	if first == nil {
		return nil
	}
	return r.fault(row, &r.s.cols[first.col], first.err)
}
