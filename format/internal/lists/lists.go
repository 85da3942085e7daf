// Package lists knows the two fields that a column becomes whose rows are lists of
// texts or of binary values: see format.LengthsSuffix.
//
//	f := lists.Values("tags", true) // a reader
//	spec = append(spec, f, lists.Lengths(f, loader.Dims(-1)))
//	...
//	rows, err := lists.Of(batch, i, lists.Find(spec, i)) // a writer
//	values, lengths := rows.Row(0)
//
// What Row returns is memory of the batch.
package lists

import (
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
)

// Values returns the field of the values of all lists of a column, which are texts
// or bytes.
func Values(name string, k kind.Kind) loader.Field {
	return loader.Field{Name: name, DType: dtype.Uint8, Shape: loader.Dims(-1), Kind: k}
}

// Lengths returns the field of the lengths of values, with the given shape.
func Lengths(values loader.Field, shape loader.Shape) loader.Field {
	return loader.Field{Name: values.Name + format.LengthsSuffix, DType: dtype.Int32, Shape: shape, Kind: kind.Lengths, Canvas: values.Name}
}

// Find returns the field of the lengths of field f, or -1 if f is no field of
// lists.
func Find(spec loader.Spec, f int) int {
	l := spec.FindOn(spec[f].Name, kind.Lengths)
	if l < 0 || spec[f].DType != dtype.Uint8 || spec[f].Shape != loader.Dims(-1) || spec[l].Name != spec[f].Name+format.LengthsSuffix ||
		spec[l].DType != dtype.Int32 || spec[l].Shape.Rank() == 0 || spec[l].Shape.Len() == 0 || step(spec[l].Shape) <= 0 {
		return -1
	}
	return l
}

// Written returns Find's field if it is one of the names that are written, too.
func Written(spec loader.Spec, names []string, f int) int {
	if l := Find(spec, f); l >= 0 && slices.Contains(names, spec[l].Name) {
		return l
	}
	return -1
}

// IsPart reports whether field l holds the lengths of another one of the names, in
// whose column they are written. Nil names are all.
func IsPart(spec loader.Spec, names []string, l int) bool {
	f := spec.Index(spec[l].Canvas)
	return f >= 0 && (names == nil || slices.Contains(names, spec[f].Name)) && Find(spec, f) == l
}

// step returns the lengths in one unit of the first dimension of s, or less than
// 1 if another varies.
func step(s loader.Shape) int {
	n := 1
	for d := 1; d < s.Rank(); d++ {
		n *= s.Dim(d)
	}
	return n
}

// Rows is the lists of a batch.
type Rows struct {
	values  []byte
	ends    []int64 // of the values of each row, behind a 0
	lengths []int32
	counts  []int64 // likewise of the lengths, in units of step; nil if all rows have step
	step    int
}

// Of returns the lists that fields f and l of b hold. An error wraps
// loader.ErrSpec: the lengths of a row are not those of its values, or one of
// several texts is not UTF-8.
func Of(b *loader.Batch, f, l int) (Rows, error) {
	spec := b.Spec()
	r := Rows{values: b.Column(f).Data, ends: b.Offsets(spec[f].Name), lengths: loader.View[int32](b.Column(l)), counts: b.Offsets(spec[l].Name), step: step(spec[l].Shape)}
	if r.counts == nil {
		r.step = spec[l].Shape.Len()
	}
	for i := range b.Len() {
		if err := check(r.Row(i)); err != nil {
			return r, fmt.Errorf("field %q: row %d of a batch: %w: %w", spec[f].Name, i, err, loader.ErrSpec)
		}
		if spec[f].Kind == kind.Texts && !valid(r.Row(i)) {
			return r, fmt.Errorf("field %q: row %d of a batch is not UTF-8: %w", spec[f].Name, i, loader.ErrSpec)
		}
	}
	return r, nil
}

// Row returns the values of row i and their lengths.
func (r *Rows) Row(i int) (values []byte, lengths []int32) {
	lo, hi := i*r.step, (i+1)*r.step
	if r.counts != nil {
		lo, hi = int(r.counts[i])*r.step, int(r.counts[i+1])*r.step
	}
	return r.values[r.ends[i]:r.ends[i+1]], r.lengths[lo:hi]
}

// check returns an error unless the lengths are those of values.
func check(values []byte, lengths []int32) error {
	rest := len(values)
	for _, n := range lengths {
		if n < 0 || int(n) > rest {
			return fmt.Errorf("%d bytes where %d are left", n, rest)
		}
		rest -= int(n)
	}
	if rest > 0 {
		return fmt.Errorf("%d bytes more than the lengths tell", rest)
	}
	return nil
}

// valid reports whether each of the values is UTF-8.
func valid(values []byte, lengths []int32) bool {
	if !utf8.Valid(values) {
		return false
	}
	at := 0
	return !slices.ContainsFunc(lengths, func(n int32) bool { // none may begin within a character
		begins := n == 0 || utf8.RuneStart(values[at])
		at += int(n)
		return !begins
	})
}
