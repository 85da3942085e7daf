package tabular

import (
	"encoding/binary"
	"fmt"
	"math"
	"strings"

	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
)

// tile is the number of elements that are converted at a time: what the stack
// and the first-level cache hold easily.
const tile = 512

// column is a field of numbers, and the companion that says which are valid.
type column struct {
	loader.Field
	f     int // index of the field
	valid int // index of the companion, -1 if there is none
	width int // cells of a row
}

// find returns the column with the given name.
func find(in loader.Spec, name string) (column, error) {
	f, err := in.Find(name, kind.Plain)
	if err != nil {
		return column{}, err
	}
	c := column{Field: in[f], f: f, valid: in.Index(name + ".valid"), width: in[f].Shape.Len()}
	switch {
	case !numeric(c.DType):
		return column{}, fmt.Errorf("field %q holds %v, which is no number of a table: %w", name, c.DType, loader.ErrSpec)
	case c.width < 0:
		return column{}, fmt.Errorf("field %q has shape %v, which is not fixed: %w", name, c.Shape, loader.ErrSpec)
	case c.valid >= 0 && (in[c.valid].DType != dtype.Bool || in[c.valid].Shape != c.Shape):
		return column{}, fmt.Errorf("field %q is not bool %v as %q needs: %w", in[c.valid].Name, c.Shape, name, loader.ErrSpec)
	}
	return c, nil
}

// findAll returns the named columns or, if names is nil, those of kind Plain
// that pass want and are no companions. It is an error if a name stands twice or there are none.
func findAll(in loader.Spec, names []string, want func(column) bool) ([]column, error) {
	var columns []column
	seen := map[string]bool{}
	for _, name := range names {
		c, err := find(in, name)
		if err != nil {
			return nil, err
		}
		if seen[name] {
			return nil, fmt.Errorf("field %q is listed twice: %w", name, loader.ErrSpec)
		}
		seen[name] = true
		columns = append(columns, c)
	}
	if names == nil {
		for _, f := range in {
			if base, ok := strings.CutSuffix(f.Name, ".valid"); f.Name == "" || f.Kind != kind.Plain || ok && in.Index(base) >= 0 {
				continue
			}
			if c, err := find(in, f.Name); err == nil && want(c) {
				columns = append(columns, c)
			}
		}
	}
	if len(columns) == 0 {
		return nil, fmt.Errorf("no columns to work on in %v: %w", in, loader.ErrSpec)
	}
	return columns, nil
}

func isFloat(c column) bool { return c.DType.Float() }

func numeric(t dtype.Type) bool { return t.Valid() && t != dtype.Float16 && t != dtype.BFloat16 }

// companion returns the bytes of c's companion in b, nil if it has none. They
// are read as bytes, since a file may hold others than 0 and 1.
func (c *column) companion(b *loader.Batch) []byte {
	if c.valid < 0 {
		return nil
	}
	return b.Column(c.valid).Data
}

// load converts the elements of t from index at to floats, to fill dst.
func load[F float32 | float64](dst []F, t loader.Tensor, at int) {
	switch t.DType {
	case dtype.Bool:
		for i, x := range t.Data[at : at+len(dst)] {
			dst[i] = 0
			if x != 0 {
				dst[i] = 1
			}
		}
	case dtype.Uint8:
		convert(dst, loader.View[uint8](t)[at:])
	case dtype.Int8:
		convert(dst, loader.View[int8](t)[at:])
	case dtype.Uint16:
		convert(dst, loader.View[uint16](t)[at:])
	case dtype.Int16:
		convert(dst, loader.View[int16](t)[at:])
	case dtype.Uint32:
		convert(dst, loader.View[uint32](t)[at:])
	case dtype.Int32:
		convert(dst, loader.View[int32](t)[at:])
	case dtype.Uint64:
		convert(dst, loader.View[uint64](t)[at:])
	case dtype.Int64:
		convert(dst, loader.View[int64](t)[at:])
	case dtype.Float32:
		convert(dst, loader.View[float32](t)[at:])
	case dtype.Float64:
		convert(dst, loader.View[float64](t)[at:])
	}
}

func convert[F float32 | float64, N uint8 | int8 | uint16 | int16 | uint32 | int32 | uint64 | int64 | float32 | float64](dst []F, src []N) {
	src = src[:len(dst)]
	for i, x := range src {
		dst[i] = F(x)
	}
}

// blank makes the elements of x that are not valid NaN.
func blank[F float32 | float64](x []F, valid []byte) {
	nan := F(math.NaN())
	for i, v := range valid[:len(x)] {
		if v == 0 {
			x[i] = nan
		}
	}
}

// encode returns the bytes of the element v of type t, and whether t holds v.
func encode(t dtype.Type, v float64) ([]byte, bool) {
	var bits uint64
	ok := false
	switch t {
	case dtype.Float32:
		bits, ok = uint64(math.Float32bits(float32(v))), math.Abs(v) <= math.MaxFloat32 || v-v != 0
	case dtype.Float64:
		bits, ok = math.Float64bits(v), true
	case dtype.Bool:
		bits, ok = 0, v == 0 || v == 1
		if v == 1 {
			bits = 1
		}
	case dtype.Uint8, dtype.Uint16, dtype.Uint32, dtype.Uint64:
		if ok = v >= 0 && v < math.Ldexp(1, 8*t.Size()) && v == math.Trunc(v); ok {
			bits = uint64(v)
		}
	default:
		half := math.Ldexp(1, 8*t.Size()-1)
		if ok = v >= -half && v < half && v == math.Trunc(v); ok {
			bits = uint64(int64(v))
		}
	}
	return elementBytes(t, bits), ok
}

// elementBytes returns the low bytes of bits in the order of the machine.
func elementBytes(t dtype.Type, bits uint64) []byte {
	switch t.Size() {
	case 1:
		return []byte{byte(bits)}
	case 2:
		return binary.NativeEndian.AppendUint16(nil, uint16(bits))
	case 4:
		return binary.NativeEndian.AppendUint32(nil, uint32(bits))
	}
	return binary.NativeEndian.AppendUint64(nil, bits)
}
