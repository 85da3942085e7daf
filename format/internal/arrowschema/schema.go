package arrowschema

import (
	"fmt"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/format/internal/flat"
)

// MaxName bounds a name, as paths of nested fields repeat names.
const MaxName = 4096

// Keys of the metadata that make a field one of an extension type.
const (
	ExtensionKey     = "ARROW:extension:name"
	ExtensionDataKey = "ARROW:extension:metadata"
)

// Schema is an Arrow schema.
type Schema struct {
	Fields    []Field
	BigEndian bool   // values of a Feather file; those of Parquet never are
	Spec      string // metadata format.SpecKey
}

// Field is a column, or a part of one.
type Field struct {
	Name     string
	Type     Type
	Nullable bool
	Signed   bool
	Size     int  // bits of numbers and times, bytes of a FixedSizeBinary or Decimal, items of a FixedSizeList
	Unit     int  // of a date or time, as Arrow's Schema.fbs numbers it; of a Decimal the digits behind its point
	Dense    bool // of a Union
	Dict     *Dictionary
	Children []Field
	// Extension type, as custom metadata tells it.
	Extension, ExtensionData string
}

// Dictionary says that a field holds indexes into a dictionary.
type Dictionary struct {
	ID     int64
	Size   int // bits of an index
	Signed bool
}

// Read reads a Schema table.
func Read(t flat.Table, lim format.Limits) (*Schema, error) {
	r := reader{lim: lim}
	s := &Schema{Fields: r.fields(t, 1, 0), BigEndian: t.Int16(0, 0) != 0}
	metadata(t, 2, func(key, value string) {
		if key == format.SpecKey {
			s.Spec = value
		}
	})
	return s, t.Err()
}

// metadata calls use for the KeyValue pairs of field i of t, in order.
func metadata(t flat.Table, i int, use func(key, value string)) {
	pairs := t.Tables(i)
	for k := 0; k < pairs.Len() && t.Err() == nil; k++ {
		kv := pairs.At(k)
		use(kv.String(0), kv.String(1))
	}
}

type reader struct {
	lim   format.Limits
	count int
}

// fields reads the vector of Field tables in field i of t.
func (r *reader) fields(t flat.Table, i, depth int) []Field {
	list := t.Tables(i)
	n := list.Len()
	r.count += n
	switch {
	case r.count > r.lim.Columns:
		t.Fail(fmt.Errorf("schema has more than %d fields", r.lim.Columns))
	case n > 0 && depth >= r.lim.Depth:
		t.Fail(fmt.Errorf("schema is nested more than %d deep", r.lim.Depth))
	}
	if n == 0 || t.Err() != nil {
		return nil
	}
	fields := make([]Field, n)
	for k := range fields {
		r.field(&fields[k], list.At(k), depth)
	}
	return fields
}

// field reads a Field table.
func (r *reader) field(f *Field, t flat.Table, depth int) {
	f.Name, f.Nullable, f.Type = t.String(0), t.Bool(1), Type(t.Int8(2, 0))
	typ, _ := t.Table(3)
	f.setType(typ)
	if d, ok := t.Table(4); ok {
		f.Dict = &Dictionary{ID: d.Int64(0), Size: 32, Signed: true}
		if index, ok := d.Table(1); ok {
			f.Dict.Size, f.Dict.Signed = int(index.Int32(0, 0)), index.Bool(1)
		}
		if !validBits(f.Dict.Size) {
			t.Fail(fmt.Errorf("column %q: dictionary indexes of %d bits", f.Name, f.Dict.Size))
		}
	}
	f.Children = r.fields(t, 5, depth+1)
	if f.Type.Known() {
		if want := types[f.Type].children; want >= 0 && len(f.Children) != want {
			t.Fail(fmt.Errorf("column %q: %v with %d children", f.Name, f.Type, len(f.Children)))
		}
	}
	metadata(t, 6, func(key, value string) {
		switch key {
		case ExtensionKey:
			f.Extension = value
		case ExtensionDataKey:
			f.ExtensionData = value
		}
	})
	if len(f.Name) > MaxName {
		t.Fail(fmt.Errorf("schema has a name of more than %d bytes", MaxName))
	}
}

// wideBits is the size of the Int128 and UInt128 of Polars, which Arrow has not. They
// are not read, but columns beside them are.
const wideBits = 128

func validBits(n int) bool { return n == 8 || n == 16 || n == 32 || n == 64 }

// setType reads the parameters of the type.
func (f *Field) setType(t flat.Table) {
	switch f.Type {
	case Int:
		f.Size, f.Signed = int(t.Int32(0, 0)), t.Bool(1)
	case Float:
		f.Size = 16 << min(uint16(t.Int16(0, 0)), 3) // HALF, SINGLE, DOUBLE
	case Date:
		f.Unit = int(t.Int16(0, 1) & 1) // DAY, MILLISECOND
		f.Size = 32 << f.Unit
	case Time:
		f.Unit, f.Size = int(t.Int16(0, 1)), int(t.Int32(1, 32))
	case Timestamp:
		f.Unit, f.Size = int(t.Int16(0, 0)), 64
	case Duration:
		f.Unit, f.Size = int(t.Int16(0, 1)), 64
	case Decimal:
		f.Unit, f.Size = int(t.Int32(1, 0)), int(t.Int32(2, 128))/8
	case Union:
		f.Dense = t.Int16(0, 0) == 1
	case FixedSizeBinary, FixedSizeList:
		f.Size = int(t.Int32(0, 0))
	}
	bad := false
	switch f.Type {
	case Int:
		bad = !validBits(f.Size) && f.Size != wideBits
	case Time:
		bad = !validBits(f.Size)
	case Float:
		bad = f.Size > 64
	case Decimal:
		bad = f.Size != 4 && f.Size != 8 && f.Size != 16 && f.Size != 32
	case FixedSizeBinary, FixedSizeList:
		bad = f.Size < 0
	}
	if bad {
		t.Fail(fmt.Errorf("column %q: impossible %v of size %d", f.Name, f.Type, f.Size))
	}
}
