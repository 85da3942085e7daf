package parquet

import (
	"fmt"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/internal/interleave"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
)

const (
	// stripColumns is how many columns of joins are laid side by side at a time.
	// Fewer would have rows brought into the cache several times.
	stripColumns = 64
	// tileRows is how many rows of them are: their tiles stay in the second-level
	// cache.
	tileRows = 256
	maxElem  = 8
)

// A lane is a column of the file that a join has.
type lane struct {
	col  int // in Source.cols
	join int // likewise
	cell int // among those of the join
	at   int // where its value is in a record
}

// part is what is decoded at a time: a column, or some of Source.lanes.
type part struct {
	col    int // in Source.cols, if there are no lanes
	lo, hi int // lanes
}

// addJoins turns the joins into columns behind those of the file.
func (s *Source) addJoins(joins []format.Join, fields map[string]loader.Field) error {
	at := make(map[string]int, len(s.cols))
	for k := range s.cols {
		at[s.cols[k].field.Name] = k
	}
	for _, j := range joins {
		c := column{row: -1, dims: -1}
		for _, name := range j.Columns {
			c.join = append(c.join, at[name])
		}
		t, err := s.joinType(j, c.join)
		if err != nil {
			return fmt.Errorf("join %q: %w: %w", j.Into, err, loader.ErrSpec)
		}
		by := fields[j.Into]
		if by.DType != dtype.Invalid || by.Shape.Rank() > 0 {
			return fmt.Errorf("Options.Fields gives join %q a type: %w", j.Into, loader.ErrSpec)
		}
		n := len(c.join)
		own := loader.Field{Name: j.Into, DType: t, Shape: loader.Dims(n), Kind: kind.Plain}
		if c.field, err = override(own, by); err != nil {
			return fmt.Errorf("join %q: %w: %w", j.Into, err, loader.ErrSpec)
		}
		c.size, c.row, c.null = t.Size(), n*t.Size(), nullOf(t, t.Size())
		s.cols = append(s.cols, c)
	}
	return nil
}

// joinType returns the element type of a join, and an error if its columns
// cannot be read as such.
func (s *Source) joinType(j format.Join, cols []int) (dtype.Type, error) {
	t := j.DType
	if t == dtype.Invalid && len(cols) > 0 {
		t = s.cols[cols[0]].field.DType
	}
	if len(cols) == 0 || j.Into == "" {
		return t, fmt.Errorf("needs a name and columns")
	}
	for _, k := range cols {
		c := &s.cols[k]
		f := c.field
		switch {
		case c.isBin || c.isList || f.Shape.Rank() > 0:
			return t, fmt.Errorf("column %v is not one number a row", f)
		case f.DType == t:
		case j.DType == dtype.Invalid:
			return t, fmt.Errorf("column %v is no %v, as %q is", f, t, s.cols[cols[0]].field.Name)
		case !converts(f.DType, t):
			return t, fmt.Errorf("column %v cannot be read as %v", f, t)
		}
	}
	return t, nil
}

// layRecords says where the values of joins lie in the records of a row group:
// all those of a row beside each other, so that a shuffle goes to one place.
func (s *Source) layRecords() {
	widest := 1
	for k := range s.cols {
		c := &s.cols[k]
		if c.join == nil {
			continue
		}
		widest = max(widest, c.size)
		c.at = (s.record + c.size - 1) / c.size * c.size
		for i, col := range c.join {
			s.cols[col].joined = true
			s.lanes = append(s.lanes, lane{col: col, join: k, cell: i, at: c.at + i*c.size})
		}
		s.record = c.at + c.row
	}
	s.record = (s.record + widest - 1) / widest * widest
	for k := range s.cols {
		if c := &s.cols[k]; c.join == nil && !c.joined {
			s.parts = append(s.parts, part{col: k})
		}
	}
	n := (len(s.lanes) + stripColumns - 1) / stripColumns
	for i := range n {
		s.parts = append(s.parts, part{lo: len(s.lanes) * i / n, hi: len(s.lanes) * (i + 1) / n})
	}
}

// A strip decodes some lanes side by side. Its memory is used again.
type strip struct {
	decoders [stripColumns]decoder
	codecs   codecs
	stored   [tileRows * maxElem]byte // a tile of one column, in its own type
	tiles    [stripColumns][tileRows * maxElem]byte
	valid    [stripColumns][tileRows]byte
}

// decode decodes the given lanes into the records of r.
func (s *strip) decode(r *rows, lanes []lane) error {
	defer func() {
		for g := range lanes {
			s.decoders[g].end()
		}
	}()
	for g, l := range lanes {
		s.decoders[g].codecs = &s.codecs
		if err := s.decoders[g].begin(r, l.col); err != nil {
			return err
		}
	}
	all := int(r.group.rows)
	for at := 0; at < all; at += tileRows {
		n := min(tileRows, all-at)
		for g := range lanes {
			to := &r.s.cols[lanes[g].join]
			if err := s.tile(g, n, to); err != nil {
				return err
			}
		}
		for g := 0; g < len(lanes); {
			same := 1
			for g+same < len(lanes) && lanes[g+same].join == lanes[g].join {
				same++
			}
			s.lay(r, lanes[g], at, n, g, g+same)
			g += same
		}
	}
	return nil
}

// tile decodes the next n rows of lane g into its tile.
func (s *strip) tile(g, n int, to *column) error {
	d := &s.decoders[g]
	dst := s.tiles[g][:n*to.size]
	from := d.col.field.DType
	src := dst
	if from != to.field.DType {
		src = s.stored[:n*d.col.elem]
	}
	var valid []byte
	if to.masked || d.col.masked {
		valid = s.valid[g][:n]
		fill(valid, 1)
	}
	if err := d.next(src, valid, n); err != nil {
		return err
	}
	if from != to.field.DType && !convert(dst, to.field.DType, src, from) {
		return d.fault(-1, fmt.Errorf("has a value that %v cannot hold: %w", to.field.DType, loader.ErrSpec))
	}
	if d.col.masked && to.field.DType.Float() {
		spreadNulls(dst, valid, to.null)
	}
	return nil
}

// lay writes tiles lo to hi, which are n rows from row at on of lanes of one join,
// to the records of r. The first of them is l.
func (s *strip) lay(r *rows, l lane, at, n, lo, hi int) {
	c := &r.s.cols[l.join]
	dst, stride := r.record[at*r.s.record+l.at:], r.s.record/c.size
	switch c.size {
	case 1:
		lay[uint8](dst, stride, s.tiles[lo:hi], n)
	case 2:
		lay[uint16](dst, stride, s.tiles[lo:hi], n)
	case 4:
		lay[uint32](dst, stride, s.tiles[lo:hi], n)
	default:
		lay[uint64](dst, stride, s.tiles[lo:hi], n)
	}
	if valid := r.cells[l.join].valid; valid != nil {
		var from [stripColumns][]byte
		for g := range s.valid[lo:hi] {
			from[g] = s.valid[lo+g][:n]
		}
		interleave.Columns(valid[at*len(c.join)+l.cell:], len(c.join), from[:hi-lo])
	}
}

func lay[T uint8 | uint16 | uint32 | uint64](dst []byte, stride int, tiles [][tileRows * maxElem]byte, n int) {
	var from [stripColumns][]T
	for g := range tiles {
		from[g] = view[T](tiles[g][:])[:n]
	}
	interleave.Columns(view[T](dst), stride, from[:len(tiles)])
}
