package arrowschema

import (
	"fmt"

	"github.com/stokerdata/stoker/loader/dtype"
)

// Type numbers the types as the union Type of Arrow's Schema.fbs does.
type Type uint8

// The types.
const (
	Null            Type = 1
	Int             Type = 2
	Float           Type = 3
	Binary          Type = 4
	Utf8            Type = 5
	Bool            Type = 6
	Decimal         Type = 7
	Date            Type = 8
	Time            Type = 9
	Timestamp       Type = 10
	Interval        Type = 11
	List            Type = 12
	Struct          Type = 13
	Union           Type = 14
	FixedSizeBinary Type = 15
	FixedSizeList   Type = 16
	Map             Type = 17
	Duration        Type = 18
	LargeBinary     Type = 19
	LargeUtf8       Type = 20
	LargeList       Type = 21
	RunEndEncoded   Type = 22
	BinaryView      Type = 23
	Utf8View        Type = 24
	ListView        Type = 25
	LargeListView   Type = 26
)

var types = [...]struct {
	name     string
	children int // -1: any number
}{
	Null: {"null", 0}, Int: {"int", 0}, Float: {"float", 0}, Binary: {"binary", 0}, Utf8: {"utf8", 0}, Bool: {"bool", 0},
	Decimal: {"decimal", 0}, Date: {"date", 0}, Time: {"time", 0}, Timestamp: {"timestamp", 0}, Interval: {"interval", 0},
	List: {"list", 1}, Struct: {"struct", -1}, Union: {"union", -1}, FixedSizeBinary: {"fixed_size_binary", 0},
	FixedSizeList: {"fixed_size_list", 1}, Map: {"map", 1}, Duration: {"duration", 0}, LargeBinary: {"large_binary", 0},
	LargeUtf8: {"large_utf8", 0}, LargeList: {"large_list", 1}, RunEndEncoded: {"run_end_encoded", 2},
	BinaryView: {"binary_view", 0}, Utf8View: {"utf8_view", 0}, ListView: {"list_view", 1}, LargeListView: {"large_list_view", 1},
}

// Known reports whether t is one of the types above.
func (t Type) Known() bool { return int(t) < len(types) && types[t].name != "" }

// String returns the name.
func (t Type) String() string {
	if t.Known() {
		return types[t].name
	}
	return fmt.Sprintf("type %d", uint8(t))
}

// Text reports whether values are texts.
func (t Type) Text() bool { return t == Utf8 || t == LargeUtf8 || t == Utf8View }

// Scalar returns the type of a column of numbers, Invalid for other columns.
func (f *Field) Scalar() dtype.Type {
	switch f.Type {
	case Bool:
		return dtype.Bool
	case Int:
		if f.Size != wideBits {
			return Integer(f.Size, f.Signed)
		}
	case Float:
		switch f.Size {
		case 16:
			return dtype.Float16
		case 32:
			return dtype.Float32
		}
		return dtype.Float64
	case Date, Time, Timestamp, Duration:
		if f.Size == 32 || f.Size == 64 {
			return Integer(f.Size, true)
		}
	}
	return dtype.Invalid
}

// Measure says in words in what a date, a time or a decimal counts. It is empty for
// other columns.
func (f *Field) Measure() string {
	units := [...]string{"s", "ms", "us", "ns"}
	switch f.Type {
	case Date:
		units[0] = "days"
	case Time, Timestamp, Duration:
	case Decimal:
		return fmt.Sprintf("%v with %d digits behind the point", f.Type, f.Unit)
	default:
		return ""
	}
	if f.Unit < 0 || f.Unit >= len(units) {
		return fmt.Sprintf("%v in unit %d", f.Type, f.Unit)
	}
	return fmt.Sprintf("%v in %s", f.Type, units[f.Unit])
}

// Integer returns the type of whole numbers of 8, 16, 32 or 64 bits.
func Integer(bits int, signed bool) dtype.Type {
	types := [...][2]dtype.Type{{dtype.Uint8, dtype.Int8}, {dtype.Uint16, dtype.Int16}, {dtype.Uint32, dtype.Int32}, {dtype.Uint64, dtype.Int64}}
	s := 0
	if signed {
		s = 1
	}
	switch bits {
	case 8:
		return types[0][s]
	case 16:
		return types[1][s]
	case 32:
		return types[2][s]
	}
	return types[3][s]
}

// Of returns a field of numbers, without a name. For bfloat16, which Arrow has not,
// it is uint16.
func Of(t dtype.Type) Field {
	switch t {
	case dtype.Bool:
		return Field{Type: Bool}
	case dtype.Float16, dtype.Float32, dtype.Float64:
		return Field{Type: Float, Size: 8 * t.Size()}
	}
	signed := t == dtype.Int8 || t == dtype.Int16 || t == dtype.Int32 || t == dtype.Int64
	return Field{Type: Int, Size: 8 * t.Size(), Signed: signed}
}

// String returns the type in words.
func (f *Field) String() string {
	s := f.Type.String()
	switch {
	case f.Dict != nil:
		s = "dictionary of " + s
	case len(f.Children) == 1:
		s += " of " + f.Children[0].String()
	case f.Size > 0:
		s += fmt.Sprintf("(%d)", f.Size)
	}
	return s
}
