// Package mem makes a data set of columns that are in memory already, as
// from_tensor_slices does elsewhere.
//
//	src, err := mem.Columns(loader.Spec{
//		{Name: "image", DType: dtype.Uint8, Shape: loader.Dims(28, 28)},
//		{Name: "label", DType: dtype.Int32},
//	}, mem.Of(pixels), mem.Of(labels))
//
// The slices stay the caller's, and must not change while the source is used.
package mem

import (
	"context"
	"fmt"
	"sync"
	"unsafe"

	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
)

// Column is the values of one field for all rows, one row after another.
type Column struct {
	DType   dtype.Type
	Data    []byte
	Offsets []int64 // of a field whose first dimension varies: rows+1, in units of it
}

// Of returns the column that holds x.
func Of[T dtype.Element](x []T) Column {
	var z T
	c := Column{DType: dtype.Of[T]()}
	if len(x) > 0 {
		c.Data = unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(x))), len(x)*int(unsafe.Sizeof(z)))
	}
	return c
}

// Varying returns the column whose row i is rows[i].
func Varying[T dtype.Element](rows [][]T) Column {
	var all []T
	offsets := make([]int64, 1, len(rows)+1)
	for _, r := range rows {
		all = append(all, r...)
		offsets = append(offsets, int64(len(all)))
	}
	c := Of(all)
	c.Offsets = offsets
	return c
}

// Strings returns the column whose row i is the bytes of s[i].
func Strings(s []string) Column {
	rows := make([][]uint8, len(s))
	for i := range s {
		rows[i] = []uint8(s[i])
	}
	return Varying(rows)
}

// Source is a data set of columns in memory. It implements
// loader.RandomSource, and its rows loader.Gatherer.
type Source struct {
	spec loader.Spec
	cols []Column
	unit []int // bytes of a row, or of one of a varying row's first dimension
	n    int
	free sync.Pool
}

// Columns returns the data set whose field i has the values cols[i]. Of a
// varying field only the first dimension may vary. Errors wrap loader.ErrSpec.
func Columns(spec loader.Spec, cols ...Column) (*Source, error) {
	if len(spec) != len(cols) || len(spec) == 0 {
		return nil, fmt.Errorf("mem: %d fields and %d columns: %w", len(spec), len(cols), loader.ErrSpec)
	}
	s := &Source{spec: spec, cols: cols}
	s.free.New = func() any { return &rows{src: s} }
	for f, field := range spec {
		n, unit, err := measure(field, cols[f])
		if err == nil && f > 0 && n != s.n {
			err = fmt.Errorf("holds %d rows, field %q holds %d", n, spec[0].Name, s.n)
		}
		if err != nil {
			return nil, fmt.Errorf("mem: field %q: %w: %w", field.Name, err, loader.ErrSpec)
		}
		s.n = n
		s.unit = append(s.unit, unit)
	}
	return s, nil
}

// measure returns the rows of a column and the bytes of a row or unit.
func measure(f loader.Field, c Column) (n, unit int, err error) {
	if f.DType.Size() != c.DType.Size() {
		return 0, 0, fmt.Errorf("is %v, the column %v", f.DType, c.DType)
	}
	unit = f.DType.Size()
	for i := range f.Shape.Rank() {
		d := f.Shape.Dim(i)
		if i == 0 && c.Offsets != nil {
			continue
		}
		if d <= 0 {
			return 0, 0, fmt.Errorf("shape %v needs offsets, or varies in another than the first dimension", f.Shape)
		}
		unit *= d
	}
	if c.Offsets == nil {
		if len(c.Data)%unit != 0 {
			return 0, 0, fmt.Errorf("%d bytes are not rows of %d", len(c.Data), unit)
		}
		return len(c.Data) / unit, unit, nil
	}
	if f.Shape.Rank() == 0 || f.Shape.Dim(0) >= 0 || len(c.Offsets) == 0 {
		return 0, 0, fmt.Errorf("shape %v does not go with offsets", f.Shape)
	}
	at := int64(0)
	for _, o := range c.Offsets {
		if o < at || o > int64(len(c.Data)/unit) {
			return 0, 0, fmt.Errorf("offset %d out of order or range", o)
		}
		at = o
	}
	return len(c.Offsets) - 1, unit, nil
}

// Spec implements loader.Source.
func (s *Source) Spec() loader.Spec { return s.spec }

// Blocks implements loader.Source: it is one block, which needs no reading.
func (s *Source) Blocks() []loader.Block { return []loader.Block{{Rows: s.n, Shard: "memory"}} }

// Open implements loader.Source.
func (s *Source) Open(context.Context, int) (loader.Rows, error) { return &rows{src: s}, nil }

// OpenRows implements loader.RandomSource.
func (s *Source) OpenRows(_ context.Context, refs []loader.Ref) (loader.Rows, error) {
	r := s.free.Get().(*rows)
	r.refs = refs
	return r, nil
}

// rows is all rows, or those of refs.
type rows struct {
	src  *Source
	refs []loader.Ref
}

func (r *rows) row(i int) int {
	if r.refs != nil {
		return r.refs[i].Row
	}
	return i
}

// value returns the bytes of field f of a row of the source, and its shape.
func (s *Source) value(f, row int) ([]byte, loader.Shape) {
	c, unit, shape := &s.cols[f], s.unit[f], s.spec[f].Shape
	if c.Offsets == nil {
		return c.Data[row*unit : (row+1)*unit], shape
	}
	lo, hi := int(c.Offsets[row]), int(c.Offsets[row+1])
	return c.Data[lo*unit : hi*unit], shape.WithDim(0, hi-lo)
}

// Row implements loader.Rows.
func (r *rows) Row(_ *loader.Worker, i int, smp *loader.Sample) error {
	row := r.row(i)
	for f := range r.src.spec {
		data, shape := r.src.value(f, row)
		smp.Set(f, r.src.spec[f].DType, shape, data)
	}
	return nil
}

// Gather implements loader.Gatherer.
func (r *rows) Gather(_ *loader.Worker, p loader.Pick, b *loader.Batch) error {
	for f := range r.src.spec {
		unit := r.src.unit[f]
		if r.src.cols[f].Offsets != nil {
			for k, i := range p.Rows {
				data, shape := r.src.value(f, r.row(i))
				b.Set(f, p.At[k], data, shape)
			}
			continue
		}
		src, dst := r.src.cols[f].Data, b.Column(f).Data
		for k, i := range p.Rows {
			row := r.row(i)
			copy(dst[p.At[k]*unit:][:unit], src[row*unit:])
		}
	}
	return nil
}

// Close implements loader.Rows.
func (r *rows) Close() error {
	r.refs = nil
	r.src.free.Put(r)
	return nil
}
