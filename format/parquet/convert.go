package parquet

import (
	"github.com/stokerdata/stoker/internal/cast"
	"github.com/stokerdata/stoker/loader/dtype"
)

// converts reports whether values of one type can be converted to another.
func converts(from, to dtype.Type) bool {
	switch {
	case from == dtype.Float16 || from == dtype.BFloat16:
		return false
	case to == dtype.Float32 || to == dtype.Float64:
		return true
	}
	return !from.Float() && (to == dtype.Int32 || to == dtype.Int64)
}

// convert converts the values in src to those in dst, and reports whether all
// could be: to floats all are rounded, whole numbers must fit.
func convert(dst []byte, to dtype.Type, src []byte, from dtype.Type) bool {
	switch {
	case to == dtype.Float32 && from == dtype.Int32:
		cast.Int32ToFloat32(view[float32](dst), view[int32](src))
	case to == dtype.Float32 && from == dtype.Float64:
		cast.Float64ToFloat32(view[float32](dst), view[float64](src))
	case to == dtype.Float32:
		convertTo(view[float32](dst), src, from)
	case to == dtype.Float64:
		convertTo(view[float64](dst), src, from)
	case to == dtype.Int32:
		convertTo(view[int32](dst), src, from)
		return exact(view[int32](dst), src, from)
	default:
		convertTo(view[int64](dst), src, from)
		return exact(view[int64](dst), src, from)
	}
	return true
}

type number interface {
	int8 | uint8 | int16 | uint16 | int32 | uint32 | int64 | uint64 | float32 | float64
}

func convertTo[D number](dst []D, src []byte, from dtype.Type) {
	switch from {
	case dtype.Bool, dtype.Uint8:
		each(dst, src)
	case dtype.Int8:
		each(dst, view[int8](src))
	case dtype.Uint16:
		each(dst, view[uint16](src))
	case dtype.Int16:
		each(dst, view[int16](src))
	case dtype.Uint32:
		each(dst, view[uint32](src))
	case dtype.Int32:
		each(dst, view[int32](src))
	case dtype.Uint64:
		each(dst, view[uint64](src))
	case dtype.Int64:
		each(dst, view[int64](src))
	case dtype.Float32:
		each(dst, view[float32](src))
	default:
		each(dst, view[float64](src))
	}
}

// each converts number by number, as Go does.
func each[D, S number](dst []D, src []S) {
	src = src[:len(dst)]
	for i, x := range src {
		dst[i] = D(x)
	}
}

// exact reports whether dst holds the same whole numbers as src.
func exact[D int32 | int64](dst []D, src []byte, from dtype.Type) bool {
	switch from {
	case dtype.Uint32:
		return equal(dst, view[uint32](src))
	case dtype.Int64:
		return equal(dst, view[int64](src))
	case dtype.Uint64:
		return equal(dst, view[uint64](src))
	}
	return true // its type holds no others
}

func equal[D int32 | int64, S uint32 | int64 | uint64](dst []D, src []S) bool {
	for i, x := range src[:len(dst)] {
		if y := dst[i]; S(y) != x || (y < 0) != (x < 0) {
			return false
		}
	}
	return true
}
