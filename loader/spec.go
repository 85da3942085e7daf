package loader

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
)

// maxRank is the most dimensions of a Shape: five of a sample and the batch.
const maxRank = 6

// Shape holds the dimensions of a tensor. It is a value: a copy shares nothing,
// and shapes compare with ==. A dimension of -1 varies from sample to sample.
type Shape struct {
	// Two dimensions plus one in 31 bits each, and two bits of the rank: words
	// are passed in registers, where an array would go through memory.
	d01, d23, d45 uint64
}

const (
	dimBits     = 31
	dimMask     = 1<<dimBits - 1
	rankShift   = 2 * dimBits
	maxDim      = dimMask - 1
	maxElements = 1 << 56 // so that sizes in bytes do not overflow
)

// Dims returns the shape with the given dimensions; Dims() is a scalar's. It
// panics on more than six dimensions, on one below -1 or above 2^31-2, and on
// more than 2^56 elements.
func Dims(dims ...int) Shape {
	if len(dims) > maxRank {
		panic(fmt.Sprintf("loader: %d dimensions, the most is %d", len(dims), maxRank))
	}
	s := Shape{d01: uint64(len(dims)) & 3 << rankShift, d23: uint64(len(dims)) >> 2 << rankShift}
	for i, n := range dims {
		s = s.with(i, n)
	}
	s.check()
	return s
}

// with returns s with dimension i set to n.
func (s Shape) with(i, n int) Shape {
	if n < -1 || n > maxDim {
		panic(fmt.Sprintf("loader: dimension %d out of range", n))
	}
	w := &s.d01
	switch i >> 1 {
	case 1:
		w = &s.d23
	case 2:
		w = &s.d45
	}
	shift := dimBits * (i & 1)
	*w = *w&^(dimMask<<shift) | uint64(n+1)<<shift
	return s
}

// check panics if s has more elements than any memory.
func (s Shape) check() {
	n := 1
	for i := range s.Rank() {
		d := max(s.Dim(i), 1)
		if n > maxElements/d {
			panic(fmt.Sprintf("loader: shape %v has too many elements", s))
		}
		n *= d
	}
}

// Rank returns the number of dimensions.
func (s Shape) Rank() int { return int(s.d01>>rankShift | s.d23>>rankShift<<2) }

// Dim returns dimension i, and panics unless i is below the rank.
func (s Shape) Dim(i int) int {
	if uint(i) >= uint(s.Rank()) {
		panic(fmt.Sprintf("loader: dimension %d of shape %v", i, s))
	}
	w := s.d01
	switch i >> 1 {
	case 1:
		w = s.d23
	case 2:
		w = s.d45
	}
	return int(w>>(dimBits*(i&1))&dimMask) - 1
}

// Fixed reports whether every sample has the same dimensions.
func (s Shape) Fixed() bool { return s.Len() >= 0 }

// Len returns the number of elements, or -1 if a dimension varies.
func (s Shape) Len() int {
	n, w := 1, s.d01
	for i := range s.Rank() {
		switch i {
		case 2:
			w = s.d23
		case 4:
			w = s.d45
		}
		d := int(w&dimMask) - 1
		if d < 0 {
			return -1
		}
		n *= d
		w >>= dimBits
	}
	return n
}

// Rows returns the shape of n values of shape s, one after another.
func (s Shape) Rows(n int) Shape {
	if s == (Shape{}) && uint(n) <= maxDim { // a text: called for each
		return Shape{d01: 1<<rankShift | uint64(n+1)}
	}
	return s.rows(n)
}

func (s Shape) rows(n int) Shape {
	dims := [maxRank + 1]int{n}
	for i := range s.Rank() {
		dims[i+1] = s.Dim(i)
	}
	return Dims(dims[:s.Rank()+1]...)
}

// WithDim returns s with dimension i set to n, and panics unless i is below the
// rank.
func (s Shape) WithDim(i, n int) Shape {
	s.Dim(i)
	s = s.with(i, n)
	s.check()
	return s
}

// Fits reports whether a sample of shape t is one of the shapes that s allows.
func (s Shape) Fits(t Shape) bool {
	if s.Rank() != t.Rank() {
		return false
	}
	for i := range s.Rank() {
		if d := s.Dim(i); d >= 0 && d != t.Dim(i) {
			return false
		}
	}
	return true
}

// String returns the dimensions as in (224, 224, 3), with ? for one that varies.
func (s Shape) String() string {
	var b strings.Builder
	b.WriteByte('(')
	for i := range s.Rank() {
		if i > 0 {
			b.WriteString(", ")
		}
		if d := s.Dim(i); d < 0 {
			b.WriteByte('?')
		} else {
			fmt.Fprint(&b, d)
		}
	}
	b.WriteByte(')')
	return b.String()
}

// Field describes one named value of a sample. Fields are values, and the
// slices in them are never changed once a Spec holds them.
type Field struct {
	Name  string
	DType dtype.Type
	Shape Shape // of one sample
	Kind  kind.Kind

	// Canvas names the field on which this one's coordinates live: the image
	// of a mask, boxes or key points, the text of spans, the texts of lengths. A
	// transform that changes the geometry of a canvas changes all that live on it.
	Canvas string
	// Follows names the field whose first dimension this one shares row for
	// row: the labels, scores or key points of boxes. Dropping a box drops what
	// follows it.
	Follows string
	// Names holds the class names of a Label, or the names of the key points of
	// one instance.
	Names []string
	// Mirror holds, for KeyPoints with left and right, the number of each
	// point's partner within the instance, which takes its place in a mirrored
	// image. Nil: none.
	Mirror []int
	// Rate is the frames per second of Audio, 0 if it varies.
	Rate int
}

// String returns the field as in image uint8 (224, 224, 3) image.
func (f Field) String() string {
	s := fmt.Sprintf("%s %v %v", f.Name, f.DType, f.Shape)
	if f.Kind != kind.Plain {
		s += " " + f.Kind.String()
	}
	return s
}

// Spec lists the fields of a sample. A field keeps its index through the whole
// pipeline: a transform appends fields at the end, and removes one by clearing
// its Name.
type Spec []Field

// Index returns the index of the field with the given name, or -1.
func (s Spec) Index(name string) int {
	if name == "" {
		return -1
	}
	return slices.IndexFunc(s, func(f Field) bool { return f.Name == name })
}

// Find returns the index of the field called name or, if name is empty, of the
// only field of kind k. The error wraps ErrSpec and lists what there is.
func (s Spec) Find(name string, k kind.Kind) (int, error) {
	if name != "" {
		if i := s.Index(name); i >= 0 {
			return i, nil
		}
		return -1, fmt.Errorf("no field %q among %v: %w", name, s, ErrSpec)
	}
	found := -1
	for i, f := range s {
		if f.Name == "" || f.Kind != k {
			continue
		}
		if found >= 0 {
			return -1, fmt.Errorf("several fields are of kind %v, name one of %v: %w", k, s, ErrSpec)
		}
		found = i
	}
	if found < 0 {
		return -1, fmt.Errorf("no field of kind %v among %v: %w", k, s, ErrSpec)
	}
	return found, nil
}

// FindOn returns the index of the first field of kind k that lives on the named
// field, or -1.
func (s Spec) FindOn(canvas string, k kind.Kind) int {
	return slices.IndexFunc(s, func(f Field) bool { return f.Name != "" && f.Canvas == canvas && f.Kind == k })
}

// With returns a copy of s with f appended, and f's index.
func (s Spec) With(f Field) (Spec, int) { return append(slices.Clone(s), f), len(s) }

// Clone returns a copy of s that a transform may change.
func (s Spec) Clone() Spec { return slices.Clone(s) }

// String lists the fields that s holds.
func (s Spec) String() string {
	var names []string
	for _, f := range s {
		if f.Name != "" {
			names = append(names, f.String())
		}
	}
	return "[" + strings.Join(names, "; ") + "]"
}

// check returns an error if s could not describe a sample.
func (s Spec) check() error {
	seen := make(map[string]bool, len(s))
	for _, f := range s {
		switch {
		case f.Name == "":
			continue
		case seen[f.Name]:
			return fmt.Errorf("two fields are called %q: %w", f.Name, ErrSpec)
		case !f.DType.Valid():
			return fmt.Errorf("field %q has no element type: %w", f.Name, ErrSpec)
		case f.Shape.Rank() == maxRank:
			return fmt.Errorf("field %q has more than %d dimensions: %w", f.Name, maxRank-1, ErrSpec)
		case f.Canvas != "" && s.Index(f.Canvas) < 0:
			return fmt.Errorf("field %q lives on %q, which is not there: %w", f.Name, f.Canvas, ErrSpec)
		case f.Follows != "" && s.Index(f.Follows) < 0:
			return fmt.Errorf("field %q follows %q, which is not there: %w", f.Name, f.Follows, ErrSpec)
		}
		seen[f.Name] = true
	}
	if len(seen) == 0 {
		return fmt.Errorf("no fields: %w", ErrSpec)
	}
	return nil
}

// Errors that callers can test for with errors.Is.
var (
	// ErrSpec marks a pipeline that does not fit together: a missing field, a
	// wrong element type or shape. New returns it, or a sample that breaks its
	// own spec causes it.
	ErrSpec = errors.New("spec mismatch")
	// ErrState marks a State that belongs to other data, another pipeline or
	// another layout of ranks.
	ErrState = errors.New("state mismatch")
	// ErrCorrupt marks data that is damaged or breaks a limit.
	ErrCorrupt = errors.New("corrupt data")
	// Drop is returned by the Row function of a Stage that Drops rows: the
	// sample is left out, and it is not an error, as fs.SkipDir is none.
	Drop = errors.New("row dropped") //lint:ignore ST1012 not an error
)
