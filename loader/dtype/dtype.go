// Package dtype names the element types of tensors.
package dtype

// Type is the element type of a tensor. Elements are stored in the byte order
// of the machine; a Bool is one byte, 0 or 1.
type Type uint8

// The element types. The zero Type is invalid, so that a forgotten DType shows.
const (
	Invalid Type = iota
	Bool
	Uint8
	Int8
	Uint16
	Int16
	Uint32
	Int32
	Uint64
	Int64
	Float16  // IEEE 754 binary16, viewed as uint16
	BFloat16 // upper half of a binary32, viewed as uint16
	Float32
	Float64
)

// The tables have a power of two entries, so that looking up is one load.
var (
	sizes = [16]uint8{Bool: 1, Uint8: 1, Int8: 1, Uint16: 2, Int16: 2, Uint32: 4, Int32: 4, Uint64: 8, Int64: 8, Float16: 2, BFloat16: 2, Float32: 4, Float64: 8}
	names = [16]string{
		Bool: "bool", Uint8: "uint8", Int8: "int8", Uint16: "uint16", Int16: "int16", Uint32: "uint32", Int32: "int32",
		Uint64: "uint64", Int64: "int64", Float16: "float16", BFloat16: "bfloat16", Float32: "float32", Float64: "float64",
	}
)

// Valid reports whether t is one of the named element types.
func (t Type) Valid() bool { return t != Invalid && t <= Float64 }

// Size returns the bytes of one element, 0 if t is not valid.
func (t Type) Size() int { return int(sizes[t&15]) }

// Float reports whether t is a floating-point type.
func (t Type) Float() bool { return t >= Float16 && t <= Float64 }

// String returns the name that NumPy uses for t.
func (t Type) String() string {
	if !t.Valid() {
		return "invalid"
	}
	return names[t]
}

// Element is the set of Go types through which a tensor can be viewed.
type Element interface {
	bool | uint8 | int8 | uint16 | int16 | uint32 | int32 | uint64 | int64 | float32 | float64
}

// Of returns the element type that is stored as T: uint16 for T uint16, never Float16.
func Of[T Element]() Type {
	var z T
	switch any(z).(type) {
	case bool:
		return Bool
	case uint8:
		return Uint8
	case int8:
		return Int8
	case uint16:
		return Uint16
	case int16:
		return Int16
	case uint32:
		return Uint32
	case int32:
		return Int32
	case uint64:
		return Uint64
	case int64:
		return Int64
	case float32:
		return Float32
	}
	return Float64
}
