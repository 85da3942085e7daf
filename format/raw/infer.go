package raw

import (
	"fmt"

	"github.com/stokerdata/stoker/format/internal/cells"
	"github.com/stokerdata/stoker/format/internal/syntax"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
)

// column returns column c as field f, of which what is zero is found out.
func (t *table) column(c int, f loader.Field) (loader.Field, column, error) {
	p := cells.NewProfile(t.syntax)
	for row := range t.rows() {
		if err := p.Measure(t.cells[c].at(row)); err != nil {
			return f, nil, t.fault(row, f.Name, err)
		}
	}
	if err := p.Complete(&f); err != nil {
		return f, nil, fmt.Errorf("column %q: %w", f.Name, err)
	}
	if p.Named(&f) {
		return t.labels(c, f)
	}
	col, err := t.convert(c, f)
	return f, col, err
}

// convert returns column c as values of f.
func (t *table) convert(c int, f loader.Field) (column, error) {
	switch f.Kind {
	case kind.Text:
		return t.texts(c, f)
	case kind.Texts:
		return nil, fmt.Errorf("column %q: lists of texts, which a manifest has as names of kind.Label alone: %w", f.Name, loader.ErrSpec)
	}
	switch f.DType {
	case dtype.Bool:
		return fill(t, c, f, cells.Bool)
	case dtype.Uint8:
		return fill(t, c, f, cells.Uint[uint8])
	case dtype.Uint16:
		return fill(t, c, f, cells.Uint[uint16])
	case dtype.Uint32:
		return fill(t, c, f, cells.Uint[uint32])
	case dtype.Uint64:
		return fill(t, c, f, cells.Uint[uint64])
	case dtype.Int8:
		return fill(t, c, f, cells.Int[int8])
	case dtype.Int16:
		return fill(t, c, f, cells.Int[int16])
	case dtype.Int32:
		if f.Kind == kind.Label && f.Names != nil {
			return fill(t, c, f, classNumber(len(f.Names)))
		}
		return fill(t, c, f, cells.Int[int32])
	case dtype.Int64:
		return fill(t, c, f, cells.Int[int64])
	case dtype.Float32:
		return fill(t, c, f, cells.Float[float32])
	case dtype.Float64:
		return fill(t, c, f, cells.Float[float64])
	}
	return nil, fmt.Errorf("column %q: a manifest has no values of type %v: %w", f.Name, f.DType, loader.ErrSpec)
}

// fill parses all leaves of column c.
func fill[T dtype.Element](t *table, c int, f loader.Field, parse func(leaf []byte) (T, error)) (column, error) {
	s := newSeries[T](f, t.rows())
	for row := range t.rows() {
		n := len(s.data)
		var err error
		if s.data, err = appendLeaves(s.data, t.cells[c].at(row), t.isJSON(), parse); err == nil {
			err = s.end(len(s.data) - n)
		}
		if err != nil {
			return nil, t.fault(row, f.Name, err)
		}
	}
	return s, nil
}

// newSeries returns an empty series with room for rows.
func newSeries[T dtype.Element](f loader.Field, rows int) *series[T] {
	s := &series[T]{field: f, inner: loader.Dims()}
	if n := f.Shape.Len(); n >= 0 {
		s.data = make([]T, 0, n*rows)
		return s
	}
	s.ends = make([]int64, 0, rows)
	dims := make([]int, 0, f.Shape.Rank())
	for d := 1; d < f.Shape.Rank(); d++ {
		dims = append(dims, f.Shape.Dim(d))
	}
	s.inner = loader.Dims(dims...)
	return s
}

// end completes a row whose n values have been appended.
func (c *series[T]) end(n int) error {
	if c.ends != nil {
		c.ends = append(c.ends, int64(len(c.data)))
		return nil
	}
	if want := c.field.Shape.Len(); n != want {
		return fmt.Errorf("%d values for shape %v", n, c.field.Shape)
	}
	return nil
}

// appendLeaves appends the leaves of a value, in order.
func appendLeaves[T any](data []T, cell []byte, json bool, parse func([]byte) (T, error)) ([]T, error) {
	if json && cell[0] == '[' {
		var err error
		for e := range syntax.Elements(cell) {
			if data, err = appendLeaves(data, e, json, parse); err != nil {
				return data, err
			}
		}
		return data, nil
	}
	if len(cell) == 0 || json && cell[0] == 'n' {
		return data, cells.ErrMissing
	}
	v, err := parse(cell)
	return append(data, v), err
}

// texts returns a column of strings.
func (t *table) texts(c int, f loader.Field) (column, error) {
	s := newSeries[uint8](f, t.rows())
	for row := range t.rows() {
		text, err := t.text(t.cells[c].at(row))
		if err != nil {
			return nil, t.fault(row, f.Name, err)
		}
		s.data = append(s.data, text...)
		s.ends = append(s.ends, int64(len(s.data)))
	}
	return s, nil
}

// labels returns a column of class names as numbers.
func (t *table) labels(c int, f loader.Field) (loader.Field, column, error) {
	if f.DType != dtype.Int32 {
		return f, nil, fmt.Errorf("column %q: class names are numbered as int32, not %v: %w", f.Name, f.DType, loader.ErrSpec)
	}
	names := newClasses(f.Names)
	col, err := fill(t, c, f, func(leaf []byte) (int32, error) {
		name, err := t.text(leaf)
		if err != nil {
			return 0, err
		}
		n, ok := names.number(name)
		if !ok {
			return 0, fmt.Errorf("class %.64q is not among the %d of Names", name, len(names.names))
		}
		return n, nil
	})
	if err != nil {
		return f, nil, err
	}
	s := col.(*series[int32])
	f.Names = names.sorted(s.data)
	s.field = f
	return f, s, nil
}

// classNumber returns a parser of the numbers of n classes.
func classNumber(n int) func([]byte) (int32, error) {
	return func(leaf []byte) (int32, error) {
		v, err := cells.Int[int32](leaf)
		if err == nil && (v < 0 || int(v) >= n) {
			err = fmt.Errorf("class number %d of %d", v, n)
		}
		return v, err
	}
}
