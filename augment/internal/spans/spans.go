// Package spans moves the fields of kind Spans that live on a canvas whose
// length or order a transform changes: a text, in bytes, or audio, in frames.
// Rows that are destroyed are dropped, together with those of the fields that
// follow them.
//
//	set, err := spans.Bind(in, "text")             // in Bind
//	...
//	err := set.Move(w, s, len(text), func(start, end int) (int, int, bool) { // in Row
//		return start + shift, end + shift, true
//	})
//
// A Set never changes and is safe for concurrent use.
package spans

import (
	"fmt"
	"slices"

	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
)

// Set is the span fields of one canvas.
type Set struct {
	fields []int
	follow [][]int // fields that follow each of them
}

// Bind finds what lives on the field called canvas. It is an error that wraps
// loader.ErrSpec if that is no spans, or if rows of it or of what follows it
// cannot be dropped since their number is fixed.
func Bind(in loader.Spec, canvas string) (*Set, error) {
	s := &Set{}
	for i, f := range in {
		if f.Name == "" || f.Canvas != canvas {
			continue
		}
		if f.Kind != kind.Spans || f.DType != dtype.Int32 || f.Shape != loader.Dims(-1, 2) {
			return nil, fmt.Errorf("field %v lives on %q and is no spans int32 (?, 2): %w", f, canvas, loader.ErrSpec)
		}
		var follow []int
		for j, g := range in {
			if g.Name == "" || g.Follows != f.Name {
				continue
			}
			if !rows(g.Shape) {
				return nil, fmt.Errorf("field %v follows %q and must vary in its first dimension alone: %w", g, f.Name, loader.ErrSpec)
			}
			follow = append(follow, j)
		}
		s.fields, s.follow = append(s.fields, i), append(s.follow, follow)
	}
	return s, nil
}

// rows reports whether s varies in its first dimension and in no other.
func rows(s loader.Shape) bool {
	if s.Rank() == 0 || s.Dim(0) >= 0 {
		return false
	}
	for i := 1; i < s.Rank(); i++ {
		if s.Dim(i) < 0 {
			return false
		}
	}
	return true
}

// Writes lists the fields that Move may set.
func (s *Set) Writes() []int {
	return append(slices.Clone(s.fields), slices.Concat(s.follow...)...)
}

// Empty reports whether nothing lives on the canvas.
func (s *Set) Empty() bool { return len(s.fields) == 0 }

// Move sets each span to what to makes of it; false drops it. A span that does
// not lie within [0, size] is an error that wraps loader.ErrCorrupt.
func (s *Set) Move(w *loader.Worker, sample *loader.Sample, size int, to func(start, end int) (int, int, bool)) error {
	for i, f := range s.fields {
		if err := move(w, sample, f, s.follow[i], size, to); err != nil {
			return err
		}
	}
	return nil
}

func move(w *loader.Worker, s *loader.Sample, f int, follow []int, size int, to func(start, end int) (int, int, bool)) error {
	old := loader.View[int32](s.Fields[f])
	n := len(old) / 2
	moved, picks := ints(w, 2*n), ints(w, n)
	left := 0
	for i := range n {
		a, b := int(old[2*i]), int(old[2*i+1])
		if a < 0 || b < a || b > size {
			return fmt.Errorf("span [%d, %d) does not lie within [0, %d): %w", a, b, size, loader.ErrCorrupt)
		}
		if a, b, ok := to(a, b); ok {
			moved[2*left], moved[2*left+1], picks[left] = int32(a), int32(b), int32(i)
			left++
		}
	}
	copy(loader.View[int32](*w.Out(s, f, dtype.Int32, loader.Dims(left, 2))), moved)
	if left == n {
		return nil
	}
	for _, g := range follow {
		if err := pick(w, s, g, picks[:left], n); err != nil {
			return err
		}
	}
	return nil
}

// pick reduces field f, of n rows, to the given rows.
func pick(w *loader.Worker, s *loader.Sample, f int, rows []int32, n int) error {
	old := s.Fields[f]
	if old.Shape.Dim(0) != n {
		return fmt.Errorf("%d rows follow %d spans: %w", old.Shape.Dim(0), n, loader.ErrCorrupt)
	}
	dims := [8]int{len(rows)}
	for i := 1; i < old.Shape.Rank(); i++ {
		dims[i] = old.Shape.Dim(i)
	}
	out := w.Out(s, f, old.DType, loader.Dims(dims[:old.Shape.Rank()]...))
	size := len(old.Data) / n
	for k, i := range rows {
		copy(out.Data[k*size:][:size], old.Data[int(i)*size:])
	}
	return nil
}

// ints returns n numbers of scratch memory.
func ints(w *loader.Worker, n int) []int32 {
	return loader.View[int32](loader.Tensor{DType: dtype.Int32, Data: w.Scratch(4 * n)})
}
