// Package fields completes what a file tells of a field by what its user does.
//
//	err := fields.Describe(spec, o.Fields)
package fields

import (
	"fmt"
	"maps"
	"slices"

	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
)

// Describe sets in spec, field by field, what the user's fields of the same names
// say: Kind, Canvas, Follows, Names, Mirror and Rate where they are not zero. Their
// DType may be that of the field, or bfloat16 for one of uint16, and their Shape
// that of the field; both may be zero. Errors wrap loader.ErrSpec.
func Describe(spec loader.Spec, by map[string]loader.Field) error {
	for _, name := range slices.Sorted(maps.Keys(by)) {
		i := spec.Index(name)
		if i < 0 {
			return fmt.Errorf("Options.Fields: no field %q among %v: %w", name, spec, loader.ErrSpec)
		}
		if err := describe(&spec[i], by[name]); err != nil {
			return fmt.Errorf("Options.Fields: %q: %w", name, err)
		}
	}
	return nil
}

func describe(f *loader.Field, by loader.Field) error {
	if by.DType == dtype.BFloat16 && f.DType == dtype.Uint16 {
		f.DType = by.DType
	}
	if by.DType != dtype.Invalid && by.DType != f.DType {
		return fmt.Errorf("elements are %v, not %v: %w", f.DType, by.DType, loader.ErrSpec)
	}
	if by.Shape != (loader.Shape{}) && by.Shape != f.Shape {
		return fmt.Errorf("its shape is %v, not %v: %w", f.Shape, by.Shape, loader.ErrSpec)
	}
	if by.Kind != kind.Plain {
		f.Kind = by.Kind
	}
	if by.Canvas != "" {
		f.Canvas = by.Canvas
	}
	if by.Follows != "" {
		f.Follows = by.Follows
	}
	if by.Rate != 0 {
		f.Rate = by.Rate
	}
	if by.Names != nil {
		f.Names = by.Names
	}
	if by.Mirror != nil {
		f.Mirror = by.Mirror
	}
	return nil
}
