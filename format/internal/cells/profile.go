package cells

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/stokerdata/stoker/format/internal/syntax"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
)

// maxLists is how deep lists may lie in lists: a field has five dimensions.
const maxLists = 5

// ErrMissing says that there is no value.
var ErrMissing = errors.New("no value")

// Profile is what the values of a column have in common.
type Profile struct {
	json bool
	rank int           // of lists, -1 while unknown
	dim  [maxLists]int // elements of the lists at each depth, -1 if they differ, -2 while unknown
	list bool

	ints, floats, bools, texts bool // kinds of leaves
	large, negative            bool // whole numbers that only uint64 holds, or only int64
}

// NewProfile returns the profile of no cells of files of the given syntax.
func NewProfile(s syntax.Syntax) Profile {
	_, json := s.(syntax.JSON)
	return Profile{json: json, rank: -1, dim: [maxLists]int{-2, -2, -2, -2, -2}}
}

// Named reports whether the cells of f are names of classes: because some are texts or,
// as CSV cannot tell, because a name among f.Names is a number other than its own.
func (p *Profile) Named(f *loader.Field) bool {
	if f.Kind != kind.Label {
		return false
	}
	for i, name := range f.Names {
		if !p.json && name != "" && isNumber([]byte(name)) && name != strconv.Itoa(i) {
			return true
		}
	}
	return p.texts
}

// Measure takes a cell into the profile.
func (p *Profile) Measure(cell []byte) error { return p.measure(cell, 0) }

// measure takes a value into the profile.
func (p *Profile) measure(cell []byte, depth int) error {
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
	for e := range syntax.Elements(cell) {
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
func (p *Profile) leaf(v []byte) error {
	number, text := p.json && (v[0] == '-' || v[0] >= '0' && v[0] <= '9'), p.json && v[0] == '"'
	switch {
	case len(v) == 0: // fits any type until it is converted
	case !p.json:
		number = isNumber(v)
		text = !number
	case v[0] == 'n':
		return ErrMissing
	case v[0] == '{':
		return errors.New("an object within the row")
	case !number && !text:
		p.bools = true
	}
	p.texts = p.texts || text
	if number {
		p.number(v)
	}
	return nil
}

// number takes a number into the profile.
func (p *Profile) number(v []byte) {
	if _, err := Int[int64](v); err == nil {
		p.ints, p.negative = true, p.negative || v[0] == '-'
	} else if _, err := Uint[uint64](v); err == nil {
		p.ints, p.large = true, true
	} else {
		p.floats = true
	}
}

// isNumber reports whether text should be taken for a number where nobody has
// said what it is. One that begins with more zeros is a name, "007", and so is one
// with an underscore, "2024_01".
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
	_, err := Float[float64](v)
	return err == nil
}

// Complete sets what is zero in f, of type and shape, and checks the rest. Errors
// wrap loader.ErrSpec.
func (p *Profile) Complete(f *loader.Field) error {
	p.setType(f)
	rank := max(p.rank, 0)
	if p.rank < 0 && p.list {
		rank = max(1, f.Shape.Rank()) // nothing but empty lists
	}
	if f.Kind == kind.Texts {
		if rank > 1 || rank == 0 && !p.list || f.DType != dtype.Uint8 || !p.texts && p.rank >= 0 {
			return fmt.Errorf("texts are a list of strings, as uint8: %w", loader.ErrSpec)
		}
		f.Shape = loader.Dims(-1)
		return nil
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
	if f.Shape.Rank() == 0 {
		f.Shape = found
	}
	return p.checkShape(f, rank)
}

// setType sets the element type and, where a Kind implies it, the shape.
func (p *Profile) setType(f *loader.Field) {
	byKind := dtype.Invalid
	switch f.Kind {
	case kind.Label, kind.Tokens:
		byKind = dtype.Int32
	case kind.Spans:
		byKind = dtype.Int32
		f.Shape = orShape(f.Shape, loader.Dims(-1, 2))
	case kind.Boxes:
		byKind = dtype.Float32
		f.Shape = orShape(f.Shape, loader.Dims(-1, 4))
	case kind.KeyPoints:
		byKind = dtype.Float32
		f.Shape = orShape(f.Shape, loader.Dims(-1, 3))
	case kind.Plain:
		if p.texts && f.DType == dtype.Invalid {
			if f.Kind = kind.Text; p.rank == 1 {
				f.Kind = kind.Texts
			}
		}
	}
	switch {
	case f.DType != dtype.Invalid:
	case f.Kind == kind.Text || f.Kind == kind.Texts:
		f.DType = dtype.Uint8
	case byKind != dtype.Invalid:
		f.DType = byKind
	case p.bools:
		f.DType = dtype.Bool
	case p.floats || !p.ints || p.large && p.negative:
		f.DType = dtype.Float32
	case p.large:
		f.DType = dtype.Uint64
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
func (p *Profile) inner(f *loader.Field, rank int) loader.Shape {
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
func (p *Profile) checkShape(f *loader.Field, rank int) error {
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
