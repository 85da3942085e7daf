package parquet

import (
	"fmt"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
)

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

// addLanes makes lanes of the columns of numbers, says where the values of joins
// lie in the records of a row group, all those of a row beside each other, so
// that a shuffle goes to one place, and divides the columns into parts.
func (s *Source) addLanes() {
	widest, shapes := 1, make(map[int]bool)
	for k := range s.cols {
		c := &s.cols[k]
		if c.dims >= 0 {
			shapes[c.dims] = true
		}
		if c.join == nil {
			continue
		}
		widest = max(widest, c.size)
		c.at = (s.record + c.size - 1) / c.size * c.size
		s.record = c.at + c.row
		for i, col := range c.join {
			s.cols[col].joined = true
			s.lanes = append(s.lanes, lane{col: col, to: k, cell: i})
		}
	}
	s.record = (s.record + widest - 1) / widest * widest
	s.joined = len(s.lanes)
	n := (s.joined + stripColumns - 1) / stripColumns
	for i := range n {
		lo, hi := s.joined*i/n, s.joined*(i+1)/n
		s.parts = append(s.parts, part{s.lanes[lo].to, lo, hi})
	}
	for k := range s.cols {
		c := &s.cols[k]
		if c.join != nil || c.joined {
			continue
		}
		p := part{col: k}
		if c.isLane = c.row == c.size && c.size == c.elem && !c.isBin && !c.isList && !shapes[k]; c.isLane {
			p.lo, p.hi = len(s.lanes), len(s.lanes)+1
			s.lanes = append(s.lanes, lane{col: k, to: k})
		}
		s.parts = append(s.parts, p)
	}
	for k := range s.cols {
		if c := &s.cols[k]; s.nulls == format.NullError && c.masked && (c.isLane || c.join != nil) {
			s.checked += c.cells()
		}
	}
}
