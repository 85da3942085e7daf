package sheet

import (
	"errors"
	"fmt"
	"image"
	"strconv"
	"strings"

	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
)

// ErrNoPicture is returned for samples without an image, a sound or a text.
var ErrNoPicture = errors.New("sheet: no field can be drawn")

// Drawable returns the kind of the field that Sample draws: Image, Audio or
// Text, the first of these that spec has, or Plain if it has none.
func Drawable(spec loader.Spec) kind.Kind {
	for _, k := range []kind.Kind{kind.Image, kind.Audio, kind.Text} {
		if first(spec, k) >= 0 {
			return k
		}
	}
	return kind.Plain
}

// Sample draws row i of b, at most as large as size: its image, else its sound,
// else its text. The caption is made of its labels, the corner of its id.
func Sample(b *loader.Batch, i int, size image.Point) (Tile, error) {
	spec := b.Spec()
	k := Drawable(spec)
	if k == kind.Plain {
		return Tile{}, fmt.Errorf("%w: %v", ErrNoPicture, spec)
	}
	f := first(spec, k)
	var m *image.NRGBA
	var err error
	switch k {
	case kind.Image:
		m, err = picture(b, i, spec[f].Name, size)
	case kind.Audio:
		m, err = wave(b.Row(spec[f].Name, i), size)
	case kind.Text:
		m = page(b, i, spec[f].Name, size)
	}
	if err != nil {
		return Tile{}, err
	}
	t := Tile{Picture: m, Caption: Caption(b, i)}
	if ids := b.IDs(); ids != nil {
		t.Corner = "#" + strconv.FormatInt(ids[i], 10)
	}
	return t, nil
}

// Legend returns the class names of what Sample marks on samples: those of the
// labels that follow boxes or spans. It is nil if there are none.
func Legend(spec loader.Spec) []string {
	for _, f := range spec {
		if f.Name != "" && f.Kind == kind.Label && f.Follows != "" {
			return f.Names
		}
	}
	return nil
}

// Pipeline names transforms, in their order.
func Pipeline(transforms []loader.Transform) string {
	names := make([]string, len(transforms))
	for i, t := range transforms {
		names[i] = fmt.Sprintf("%T", t)
	}
	return strings.Join(names, " > ")
}

// Caption returns the labels of row i of b in words: classes by their names, as
// far as they have any.
func Caption(b *loader.Batch, i int) string {
	var parts []string
	for _, f := range b.Spec() {
		if f.Name == "" || f.Kind != kind.Label || f.Follows != "" {
			continue
		}
		for _, v := range integers(b.Row(f.Name, i)) {
			parts = append(parts, Class(f, v))
		}
	}
	return strings.Join(parts, " ")
}

// Class returns the name of class v of the label f, or its number where it has
// none.
func Class(f loader.Field, v int) string {
	if v >= 0 && v < len(f.Names) {
		return f.Names[v]
	}
	return strconv.Itoa(v)
}

// first returns the index of the first field of kind k, or -1.
func first(spec loader.Spec, k kind.Kind) int {
	for i, f := range spec {
		if f.Name != "" && f.Kind == k {
			return i
		}
	}
	return -1
}

// on returns the fields of kind k that live on the given canvas.
func on(spec loader.Spec, canvas string, k kind.Kind) (fields []loader.Field) {
	for _, f := range spec {
		if f.Name != "" && f.Kind == k && f.Canvas == canvas {
			fields = append(fields, f)
		}
	}
	return fields
}

// follower returns the labels that follow the named field in row i of b, and
// their field; nil if there are none.
func follower(b *loader.Batch, i int, name string) ([]int, loader.Field) {
	for _, f := range b.Spec() {
		if f.Name != "" && f.Kind == kind.Label && f.Follows == name {
			return integers(b.Row(f.Name, i)), f
		}
	}
	return nil, loader.Field{}
}

// integers returns the elements of t as ints, nil if they are no whole numbers.
func integers(t loader.Tensor) []int {
	switch t.DType {
	case dtype.Uint8:
		return toInts(loader.View[uint8](t))
	case dtype.Int8:
		return toInts(loader.View[int8](t))
	case dtype.Uint16:
		return toInts(loader.View[uint16](t))
	case dtype.Int16:
		return toInts(loader.View[int16](t))
	case dtype.Uint32:
		return toInts(loader.View[uint32](t))
	case dtype.Int32:
		return toInts(loader.View[int32](t))
	case dtype.Int64:
		return toInts(loader.View[int64](t))
	case dtype.Uint64:
		return toInts(loader.View[uint64](t))
	}
	return nil
}

func toInts[T uint8 | int8 | uint16 | int16 | uint32 | int32 | uint64 | int64](x []T) []int {
	out := make([]int, len(x))
	for i, v := range x {
		out[i] = int(v)
	}
	return out
}
