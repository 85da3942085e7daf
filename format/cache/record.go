package cache

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/zeebo/xxh3"

	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
)

// A record is a row in one piece of memory, the same in RAM and in a file:
//
//	8 bytes   XXH3 of all that follows, where it is for a file
//	8         sample id
//	4 each    dimensions that vary, field by field
//	          values, field by field
//
// Dimensions and each value end at a multiple of 8 bytes, so that values are
// aligned. Numbers are in the byte order of the machine.
const recordHead = 16

// What dimensions may claim: the bounds of loader.Shape.
const (
	maxDim      = 1<<31 - 2
	maxElements = 1 << 56
)

// layout tells how rows of a spec become records.
type layout struct {
	fields []part
	head   int   // bytes before the values
	fixed  int   // bytes of a record, 0 if they vary
	bools  []int // indices in the spec
	gone   []int // likewise, of fields that were removed
}

// part is a field that is kept.
type part struct {
	field loader.Field
	index int // in the spec
	vary  int // dimensions that vary
	at    int // where the value begins, and
	bytes int // its size, if records are of fixed size
}

func newLayout(spec loader.Spec) layout {
	l := layout{head: recordHead}
	fixed := true
	for i, f := range spec {
		if f.Name == "" {
			l.gone = append(l.gone, i)
			continue
		}
		p := part{field: f, index: i}
		for d := range f.Shape.Rank() {
			if f.Shape.Dim(d) < 0 {
				p.vary++
			}
		}
		if f.DType == dtype.Bool {
			l.bools = append(l.bools, i)
		}
		fixed = fixed && p.vary == 0
		l.head += 4 * p.vary
		l.fields = append(l.fields, p)
	}
	l.head = align(l.head)
	if fixed {
		l.fixed = l.head
		for i := range l.fields {
			p := &l.fields[i]
			p.at, p.bytes = l.fixed, p.field.Shape.Len()*p.field.DType.Size()
			l.fixed += align(p.bytes)
		}
	}
	return l
}

func align(n int) int { return (n + 7) &^ 7 }

// clear leaves nothing in the fields of a row that were removed.
func (l *layout) clear(row []loader.Tensor) {
	for _, i := range l.gone {
		row[i] = loader.Tensor{}
	}
}

// size returns the bytes of the record of a row, and an error if a value is not
// what the spec has announced.
func (l *layout) size(row []loader.Tensor) (int, error) {
	n := l.head
	for i := range l.fields {
		f, t := &l.fields[i].field, &row[l.fields[i].index]
		if t.DType != f.DType || !f.Shape.Fits(t.Shape) || len(t.Data) != t.Shape.Len()*t.DType.Size() {
			return 0, fmt.Errorf("field %q is %d bytes of %v %v, announced as %v %v: %w",
				f.Name, len(t.Data), t.DType, t.Shape, f.DType, f.Shape, loader.ErrSpec)
		}
		n += align(len(t.Data))
	}
	return n, nil
}

// put writes a row into rec, which is zero and of its size.
func (l *layout) put(rec []byte, id int64, row []loader.Tensor) {
	binary.NativeEndian.PutUint64(rec[8:], uint64(id))
	dims, at := rec[recordHead:l.head], l.head
	for i := range l.fields {
		p := &l.fields[i]
		t := &row[p.index]
		for d := range t.Shape.Rank() {
			if p.field.Shape.Dim(d) < 0 {
				binary.NativeEndian.PutUint32(dims, uint32(t.Shape.Dim(d)))
				dims = dims[4:]
			}
		}
		copy(rec[at:], t.Data)
		at += align(len(t.Data))
	}
}

// get sets a row to the values of a record, which they borrow. The error wraps
// loader.ErrCorrupt, and is none where put has made the record.
func (l *layout) get(rec []byte, row []loader.Tensor) error {
	if l.fixed == 0 {
		return l.getVarying(rec, row)
	}
	if len(rec) != l.fixed {
		return errRecord
	}
	for i := range l.fields {
		p := &l.fields[i]
		end := p.at + p.bytes
		row[p.index] = loader.Tensor{DType: p.field.DType, Shape: p.field.Shape, Data: rec[p.at:end:end]}
	}
	return nil
}

func (l *layout) getVarying(rec []byte, row []loader.Tensor) error {
	if len(rec) < l.head {
		return errRecord
	}
	dims, at := rec[recordHead:l.head], l.head
	for i := range l.fields {
		p := &l.fields[i]
		shape, ok := p.shape(dims)
		if !ok {
			return errRecord
		}
		dims = dims[4*p.vary:]
		n := shape.Len() * p.field.DType.Size()
		if n > len(rec)-at {
			return errRecord
		}
		row[p.index] = loader.Tensor{DType: p.field.DType, Shape: shape, Data: rec[at : at+n : at+n]}
		at += align(n)
	}
	if at != len(rec) {
		return errRecord
	}
	return nil
}

// shape returns the shape with the given dimensions in the place of those that
// vary, if there can be one.
func (p *part) shape(dims []byte) (loader.Shape, bool) {
	shape, elements := p.field.Shape, int64(1)
	for d := range shape.Rank() {
		n := int64(shape.Dim(d))
		if n < 0 {
			n = int64(binary.NativeEndian.Uint32(dims))
			dims = dims[4:]
		}
		if n > maxDim || elements > maxElements/max(n, 1) {
			return shape, false
		}
		elements *= max(n, 1)
		shape = shape.WithDim(d, int(n))
	}
	return shape, true
}

var errRecord = fmt.Errorf("cached row: %w", loader.ErrCorrupt)

// stamp puts the checksum into a record.
func stamp(rec []byte) { binary.NativeEndian.PutUint64(rec, xxh3.Hash(rec[8:])) }

// sound reports whether a record that was read is that of sample id, whole and a
// row of the spec. Row is memory to work with.
func (l *layout) sound(rec []byte, id int64, row []loader.Tensor) bool {
	if len(rec) < recordHead || binary.NativeEndian.Uint64(rec) != xxh3.Hash(rec[8:]) ||
		binary.NativeEndian.Uint64(rec[8:]) != uint64(id) || l.get(rec, row) != nil {
		return false
	}
	return !slices.ContainsFunc(l.bools, func(i int) bool {
		return slices.ContainsFunc(row[i].Data, func(b byte) bool { return b > 1 })
	})
}
