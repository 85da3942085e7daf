package raw

import (
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
)

// column holds one value for each row.
type column interface {
	// put gives field f of s the value of a row.
	put(w *loader.Worker, s *loader.Sample, f, row int)
}

// series is a column of numbers, of which the first dimension may vary.
type series[T dtype.Element] struct {
	field loader.Field
	data  []T
	ends  []int64      // of each row in data, nil if the shape is fixed
	inner loader.Shape // without the first dimension, if that varies
}

func (c *series[T]) put(w *loader.Worker, s *loader.Sample, f, row int) {
	v, shape := c.row(row), c.field.Shape
	if c.ends != nil {
		shape = c.inner.Rows(len(v) / c.inner.Len())
	}
	copy(loader.View[T](*w.Out(s, f, c.field.DType, shape)), v)
}

func (c *series[T]) row(row int) []T {
	if c.ends == nil {
		n := c.field.Shape.Len()
		return c.data[row*n : (row+1)*n]
	}
	start := int64(0)
	if row > 0 {
		start = c.ends[row-1]
	}
	return c.data[start:c.ends[row]]
}

// count returns the first dimension of a row's value, 1 of a scalar.
func (c *series[T]) count(row int) int {
	switch {
	case c.ends != nil:
		return len(c.row(row)) / c.inner.Len()
	case c.field.Shape.Rank() > 0:
		return c.field.Shape.Dim(0)
	}
	return 1
}

// counter is a column that can tell how many values a row has.
type counter interface{ count(row int) int }

// pathColumn is the text column of the paths of a Source.
type pathColumn struct{ src *Source }

func (c pathColumn) put(w *loader.Worker, s *loader.Sample, f, row int) {
	p := c.src.rel(row)
	copy(w.Out(s, f, dtype.Uint8, loader.Dims(len(p))).Data, p)
}
