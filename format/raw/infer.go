package raw

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
)

// maxLists is how deep lists may lie in lists: a field has five dimensions.
const maxLists = 5

var errMissing = errors.New("no value")

// profile is what the values of a column have in common.
type profile struct {
	json bool
	rank int           // of lists, -1 while unknown
	dim  [maxLists]int // elements of the lists at each depth, -1 if they differ, -2 while unknown
	list bool

	ints, floats, bools, texts bool // kinds of leaves
}

// column returns column c as field f, of which what is zero is found out.
func (t *table) column(c int, f loader.Field) (loader.Field, column, error) {
	p := profile{json: t.json, rank: -1, dim: [maxLists]int{-2, -2, -2, -2, -2}}
	for row := range t.rows() {
		if err := p.measure(t.cells[c].at(row), 0); err != nil {
			return f, nil, t.fault(row, f.Name, err)
		}
	}
	if err := p.complete(&f); err != nil {
		return f, nil, fmt.Errorf("column %q: %w", f.Name, err)
	}
	if f.Kind == kind.Label && p.texts {
		return t.labels(c, f)
	}
	col, err := t.convert(c, f)
	return f, col, err
}

// measure takes a value into the profile.
func (p *profile) measure(cell []byte, depth int) error {
	if !p.json || cell[0] != '[' {
		if p.rank >= 0 && p.rank != depth || p.list && depth == 0 {
			return errors.New("not as deep in lists as the values before it")
		}
		p.rank = depth
		return p.leaf(cell)
	}
	if depth == maxLists {
		return fmt.Errorf("lists deeper than %d", maxLists)
	}
	if p.rank >= 0 && p.rank <= depth {
		return errors.New("deeper in lists than the values before it")
	}
	p.list = true
	n := 0
	for e := range elements(cell) {
		if err := p.measure(e, depth+1); err != nil {
			return err
		}
		n++
	}
	switch d := &p.dim[depth]; {
	case *d == -2:
		*d = n
	case *d != n && depth > 0:
		return fmt.Errorf("a list of %d values, those before it have %d", n, *d)
	case *d != n:
		*d = -1
	}
	return nil
}

// leaf takes a value that is no list into the profile.
func (p *profile) leaf(v []byte) error {
	number, text := p.json && (v[0] == '-' || v[0] >= '0' && v[0] <= '9'), p.json && v[0] == '"'
	switch {
	case len(v) == 0: // fits any type until it is converted
	case !p.json:
		number = isNumber(v)
		text = !number
	case v[0] == 'n':
		return errMissing
	case v[0] == '{':
		return errors.New("an object within the row")
	case !number && !text:
		p.bools = true
	}
	p.texts = p.texts || text
	if number {
		_, err := signed[int64](v)
		p.ints = p.ints || err == nil
		p.floats = p.floats || err != nil
	}
	return nil
}

// isNumber reports whether text should be taken for a number where nobody has
// said what it is. One that begins with more zeros is a name: "007".
func isNumber(v []byte) bool {
	digits := v
	if digits[0] == '-' || digits[0] == '+' {
		digits = digits[1:]
	}
	if len(digits) == 0 || digits[0] != '.' && (digits[0] < '0' || digits[0] > '9') {
		return false
	}
	if len(digits) > 1 && digits[0] == '0' && digits[1] >= '0' && digits[1] <= '9' {
		return false
	}
	_, err := strconv.ParseFloat(string(v), 64)
	return err == nil
}

// complete sets what is zero in f and checks the rest.
func (p *profile) complete(f *loader.Field) error {
	p.setType(f)
	rank := max(p.rank, 0)
	if p.rank < 0 && p.list {
		rank = max(1, f.Shape.Rank()) // nothing but empty lists
	}
	if f.Kind == kind.Text {
		if rank != 0 || f.DType != dtype.Uint8 {
			return fmt.Errorf("text is one string, as uint8: %w", loader.ErrSpec)
		}
		f.Shape = loader.Dims(-1)
		return nil
	}
	found := loader.Dims()
	if rank > 0 {
		found = p.inner(f, rank).Rows(-1)
	}
	if f.Shape.Rank() == 0 && f.Kind != kind.Boxes && f.Kind != kind.KeyPoints {
		f.Shape = found
	}
	return p.checkShape(f, rank)
}

// setType sets the element type and, where a Kind implies it, the shape.
func (p *profile) setType(f *loader.Field) {
	byKind := dtype.Invalid
	switch f.Kind {
	case kind.Label, kind.Tokens, kind.Spans:
		byKind = dtype.Int32
	case kind.Boxes:
		byKind = dtype.Float32
		f.Shape = orShape(f.Shape, loader.Dims(-1, 4))
	case kind.KeyPoints:
		byKind = dtype.Float32
		f.Shape = orShape(f.Shape, loader.Dims(-1, 3))
	case kind.Plain:
		if p.texts && f.DType == dtype.Invalid {
			f.Kind = kind.Text
		}
	}
	switch {
	case f.DType != dtype.Invalid:
	case f.Kind == kind.Text:
		f.DType = dtype.Uint8
	case byKind != dtype.Invalid:
		f.DType = byKind
	case p.bools:
		f.DType = dtype.Bool
	case p.floats || !p.ints:
		f.DType = dtype.Float32
	default:
		f.DType = dtype.Int64
	}
}

func orShape(given, usual loader.Shape) loader.Shape {
	if given.Rank() == 0 {
		return usual
	}
	return given
}

// inner returns the shape of the elements of the outermost lists.
func (p *profile) inner(f *loader.Field, rank int) loader.Shape {
	dims := make([]int, 0, maxLists)
	for d := 1; d < rank; d++ {
		n := p.dim[d]
		if n == -2 && d < f.Shape.Rank() {
			n = f.Shape.Dim(d) // nothing but empty lists
		}
		dims = append(dims, max(-1, n))
	}
	return loader.Dims(dims...)
}

// checkShape returns an error if values of the given rank cannot have the shape
// of f.
func (p *profile) checkShape(f *loader.Field, rank int) error {
	if f.Shape.Rank() != rank {
		return fmt.Errorf("lists %d deep for shape %v: %w", rank, f.Shape, loader.ErrSpec)
	}
	for d := range rank {
		n := f.Shape.Dim(d)
		if d > 0 && n <= 0 {
			return fmt.Errorf("shape %v: only the first dimension may vary or be 0: %w", f.Shape, loader.ErrSpec)
		}
		if d > 0 && p.dim[d] >= 0 && p.dim[d] != n {
			return fmt.Errorf("lists of %d values for shape %v: %w", p.dim[d], f.Shape, loader.ErrSpec)
		}
	}
	return nil
}

// convert returns column c as values of f.
func (t *table) convert(c int, f loader.Field) (column, error) {
	if f.Kind == kind.Text {
		return t.texts(c, f)
	}
	switch f.DType {
	case dtype.Bool:
		return fill(t, c, f, parseBool)
	case dtype.Uint8:
		return fill(t, c, f, unsigned[uint8])
	case dtype.Uint16:
		return fill(t, c, f, unsigned[uint16])
	case dtype.Uint32:
		return fill(t, c, f, unsigned[uint32])
	case dtype.Uint64:
		return fill(t, c, f, unsigned[uint64])
	case dtype.Int8:
		return fill(t, c, f, signed[int8])
	case dtype.Int16:
		return fill(t, c, f, signed[int16])
	case dtype.Int32:
		if f.Kind == kind.Label && f.Names != nil {
			return fill(t, c, f, classNumber(len(f.Names)))
		}
		return fill(t, c, f, signed[int32])
	case dtype.Int64:
		return fill(t, c, f, signed[int64])
	case dtype.Float32:
		return fill(t, c, f, float[float32])
	case dtype.Float64:
		return fill(t, c, f, float[float64])
	}
	return nil, fmt.Errorf("column %q: a manifest has no values of type %v: %w", f.Name, f.DType, loader.ErrSpec)
}

// fill parses all leaves of column c.
func fill[T dtype.Element](t *table, c int, f loader.Field, parse func(leaf []byte) (T, error)) (column, error) {
	s := newSeries[T](f, t.rows())
	for row := range t.rows() {
		n := len(s.data)
		var err error
		if s.data, err = appendLeaves(s.data, t.cells[c].at(row), t.json, parse); err == nil {
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
	dims := make([]int, 0, maxLists)
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
		for e := range elements(cell) {
			if data, err = appendLeaves(data, e, json, parse); err != nil {
				return data, err
			}
		}
		return data, nil
	}
	if len(cell) == 0 || json && cell[0] == 'n' {
		return data, errMissing
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
		v, err := signed[int32](leaf)
		if err == nil && (v < 0 || int(v) >= n) {
			err = fmt.Errorf("class number %d of %d", v, n)
		}
		return v, err
	}
}

func signed[T int8 | int16 | int32 | int64](leaf []byte) (T, error) {
	var v T
	n, err := strconv.ParseInt(string(leaf), 10, 8*dtype.Of[T]().Size())
	return T(n), badNumber(err, v)
}

func unsigned[T uint8 | uint16 | uint32 | uint64](leaf []byte) (T, error) {
	var v T
	n, err := strconv.ParseUint(string(leaf), 10, 8*dtype.Of[T]().Size())
	return T(n), badNumber(err, v)
}

func float[T float32 | float64](leaf []byte) (T, error) {
	var v T
	n, err := strconv.ParseFloat(string(leaf), 8*dtype.Of[T]().Size())
	return T(n), badNumber(err, v)
}

func parseBool(leaf []byte) (bool, error) {
	v, err := strconv.ParseBool(string(leaf))
	return v, badNumber(err, v)
}

// badNumber says what is wrong with a number without telling what it is.
func badNumber(err error, want any) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, strconv.ErrRange):
		return fmt.Errorf("out of the range of %T", want)
	}
	return fmt.Errorf("not a number of type %T", want)
}
