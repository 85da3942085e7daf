package loadertest

import (
	"fmt"

	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
)

// misfit is a spec that may not suit a transform, and how it came about.
type misfit struct {
	what string
	spec loader.Spec
}

// misfits returns specs that differ from one in one thing each; the first is
// the spec itself.
func misfits(spec loader.Spec) []misfit {
	list := []misfit{{"fields that suit", spec}, {"no fields", nil}}
	for f, field := range spec {
		if field.Name == "" {
			continue
		}
		with := func(what string, change func(*loader.Field)) {
			s := clone(spec)
			change(&s[f])
			list = append(list, misfit{fmt.Sprintf("field %q %s", field.Name, what), s})
		}
		list = append(list, misfit{fmt.Sprintf("field %q left out", field.Name), append(spec[:f:f], spec[f+1:]...)})
		with("removed", func(f *loader.Field) { *f = loader.Field{} })
		with("renamed", func(f *loader.Field) { f.Name += "2" })
		for d := dtype.Bool; d.Valid(); d++ {
			if d != field.DType {
				with("as "+d.String(), func(f *loader.Field) { f.DType = d })
			}
		}
		for k := kind.Plain; k.String() != "unknown"; k++ {
			if k != field.Kind {
				with("meaning "+k.String(), func(f *loader.Field) { f.Kind = k })
			}
		}
		for _, s := range shapes(field.Shape) {
			with("of shape "+s.String(), func(f *loader.Field) { f.Shape = s })
		}
		with("without all that links it", func(f *loader.Field) {
			f.Canvas, f.Follows, f.Names, f.Mirror, f.Rate = "", "", nil, nil, 0
		})
	}
	return list
}

// shapes returns shapes that differ from s.
func shapes(s loader.Shape) (list []loader.Shape) {
	add := func(t loader.Shape) {
		if t != s {
			list = append(list, t)
		}
	}
	add(loader.Dims())
	add(loader.Dims(-1))
	add(loader.Dims(2, 3))
	add(loader.Dims(-1, -1, -1, -1))
	if s.Rank() < 5 {
		add(s.Rows(-1))
		add(s.Rows(2))
	}
	for i := range s.Rank() {
		for _, d := range []int{-1, 0, 1, 4} {
			add(s.WithDim(i, d))
		}
	}
	return list
}

// maxSample is the most elements of a field of an odd sample.
const maxSample = 1 << 20

// odd is a sample with unlikely values: field f has dimensions of n+f*step where
// they vary, and all bytes are x.
type odd struct {
	n, step int
	x       byte
}

// String describes o.
func (o odd) String() string {
	return fmt.Sprintf("all bytes %#x, varying dimensions from %d up by %d", o.x, o.n, o.step)
}

// sample returns such a sample, or nil if it were large.
func (o odd) sample(spec loader.Spec) []loader.Tensor {
	row := make([]loader.Tensor, len(spec))
	for f, field := range spec {
		if field.Name == "" {
			continue
		}
		shape := field.Shape
		for i := range shape.Rank() {
			if shape.Dim(i) < 0 {
				shape = shape.WithDim(i, max(0, o.n+f*o.step))
			}
		}
		if shape.Len() > maxSample {
			return nil
		}
		row[f] = loader.Tensor{DType: field.DType, Shape: shape, Data: make([]byte, shape.Len()*field.DType.Size())}
		value := o.x
		if field.DType == dtype.Bool {
			value &= 1
		}
		fill(row[f].Data, value)
	}
	return row
}
