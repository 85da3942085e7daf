package feather

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/ipc"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/kind"
)

var codecs = []struct {
	name    string
	options []ipc.Option
}{{"none", nil}, {"lz4", []ipc.Option{ipc.WithLZ4()}}, {"zstd", []ipc.Option{ipc.WithZstd()}}}

// scalars are the types whose columns become scalars.
var scalars = []arrow.DataType{
	arrow.FixedWidthTypes.Boolean, arrow.PrimitiveTypes.Int8, arrow.PrimitiveTypes.Uint8, arrow.PrimitiveTypes.Int16,
	arrow.PrimitiveTypes.Uint16, arrow.PrimitiveTypes.Int32, arrow.PrimitiveTypes.Uint32, arrow.PrimitiveTypes.Int64,
	arrow.PrimitiveTypes.Uint64, arrow.FixedWidthTypes.Float16, arrow.PrimitiveTypes.Float32, arrow.PrimitiveTypes.Float64,
	arrow.FixedWidthTypes.Date32, arrow.FixedWidthTypes.Date64, arrow.FixedWidthTypes.Time32ms, arrow.FixedWidthTypes.Time64us,
	arrow.FixedWidthTypes.Timestamp_ns, arrow.FixedWidthTypes.Duration_s,
}

// allTypes returns a schema with every type that is read.
func allTypes(nullable bool) *arrow.Schema {
	f32, i64, boolean := arrow.PrimitiveTypes.Float32, arrow.PrimitiveTypes.Int64, arrow.FixedWidthTypes.Boolean
	list := func(t arrow.DataType) arrow.DataType {
		return arrow.ListOfField(arrow.Field{Name: "item", Type: t, Nullable: nullable && t.ID() == arrow.FLOAT32})
	}
	fixed := func(n int32, t arrow.DataType) arrow.DataType {
		return arrow.FixedSizeListOfField(n, arrow.Field{Name: "item", Type: t, Nullable: nullable && t.ID() == arrow.FLOAT32})
	}
	types := append(scalars[:len(scalars):len(scalars)],
		arrow.BinaryTypes.String, arrow.BinaryTypes.LargeString, arrow.BinaryTypes.Binary, arrow.BinaryTypes.LargeBinary,
		arrow.BinaryTypes.StringView, arrow.BinaryTypes.BinaryView,
		&arrow.FixedSizeBinaryType{ByteWidth: 5},
		list(f32), list(i64), list(boolean), list(&arrow.FixedSizeBinaryType{ByteWidth: 3}),
		arrow.LargeListOfField(arrow.Field{Name: "item", Type: arrow.PrimitiveTypes.Uint16}),
		fixed(3, f32), fixed(7, boolean), fixed(2, fixed(3, arrow.PrimitiveTypes.Int16)), list(fixed(4, f32)),
		&arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.BinaryTypes.String},
		&arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Uint32, ValueType: arrow.BinaryTypes.String},
		arrow.StructOf(
			arrow.Field{Name: "x", Type: f32, Nullable: nullable}, arrow.Field{Name: "y", Type: arrow.BinaryTypes.String},
			arrow.Field{Name: "in", Type: arrow.StructOf(arrow.Field{Name: "z", Type: boolean, Nullable: nullable})}),
		list(arrow.BinaryTypes.String), arrow.LargeListOfField(arrow.Field{Name: "item", Type: arrow.BinaryTypes.LargeBinary}), list(arrow.BinaryTypes.StringView),
		fixed(3, arrow.BinaryTypes.String), fixed(2, arrow.BinaryTypes.BinaryView),
	)
	var fields []arrow.Field
	for i, t := range types {
		fields = append(fields, arrow.Field{Name: fmt.Sprintf("c%02d", i), Type: t, Nullable: nullable})
	}
	return arrow.NewSchema(fields, nil)
}

// records returns random records of the given numbers of rows.
func records(g grower, schema *arrow.Schema, rows ...int) []arrow.Record {
	var list []arrow.Record
	for _, n := range rows {
		list = append(list, g.record(schema, n))
	}
	return list
}

func TestEveryType(t *testing.T) {
	for _, nullable := range []bool{false, true} {
		for _, codec := range codecs {
			for _, nulls := range []format.Nulls{format.NullMask, format.NullZero} {
				t.Run(fmt.Sprintf("%s/nullable=%v/nulls=%d", codec.name, nullable, nulls), func(t *testing.T) {
					g := grower{rand.New(rand.NewPCG(1, 2)), 0.2}
					schema := allTypes(nullable)
					b := ipcFile(t, schema, records(g, schema, 100, 1, 0, 17), codec.options...)
					checkFile(t, b, Options{Nulls: nulls})
				})
			}
		}
	}
}

func TestSlicedRecords(t *testing.T) {
	schema := allTypes(true)
	rec := records(grower{rand.New(rand.NewPCG(3, 4)), 0.3}, schema, 64)[0]
	cuts := []arrow.Record{rec.NewSlice(3, 20), rec.NewSlice(20, 64), rec.NewSlice(63, 64)}
	for _, codec := range codecs {
		t.Run(codec.name, func(t *testing.T) { checkFile(t, ipcFile(t, schema, cuts, codec.options...), Options{}) })
	}
}

func TestEmptyBatches(t *testing.T) {
	schema := allTypes(true)
	for _, rows := range [][]int{{}, {0}, {0, 3}, {3, 0, 3}, {3, 0}, {0, 0, 0}} {
		g := grower{rand.New(rand.NewPCG(5, 6)), 0.2}
		for _, codec := range codecs {
			t.Run(fmt.Sprint(codec.name, rows), func(t *testing.T) {
				checkFile(t, ipcFile(t, schema, records(g, schema, rows...), codec.options...), Options{})
			})
		}
	}
}

func TestSpec(t *testing.T) {
	schema := allTypes(false)
	src := mustOpen(t, save(t, "a.arrow", ipcFile(t, schema, records(grower{Rand: rand.New(rand.NewPCG(7, 8))}, schema, 5))), Options{})
	want := []string{
		"c00 bool ()", "c01 int8 ()", "c02 uint8 ()", "c03 int16 ()", "c04 uint16 ()", "c05 int32 ()", "c06 uint32 ()",
		"c07 int64 ()", "c08 uint64 ()", "c09 float16 ()", "c10 float32 ()", "c11 float64 ()", "c12 int32 ()", "c13 int64 ()",
		"c14 int32 ()", "c15 int64 ()", "c16 int64 ()", "c17 int64 ()", "c18 uint8 (?) text", "c19 uint8 (?) text",
		"c20 uint8 (?)", "c21 uint8 (?)", "c22 uint8 (?) text", "c23 uint8 (?)", "c24 uint8 (5)", "c25 float32 (?)", "c26 int64 (?)",
		"c27 bool (?)", "c28 uint8 (?, 3)", "c29 uint16 (?)", "c30 float32 (3)", "c31 bool (7)", "c32 int16 (2, 3)",
		"c33 float32 (?, 4)", "c34 int32 () label", "c35 int32 () label", "c36.x float32 ()", "c36.y uint8 (?) text", "c36.in.z bool ()",
		"c37 uint8 (?) texts", "c37.lengths int32 (?) lengths", "c38 uint8 (?)", "c38.lengths int32 (?) lengths", "c39 uint8 (?) texts", "c39.lengths int32 (?) lengths",
		"c40 uint8 (?) texts", "c40.lengths int32 (3) lengths", "c41 uint8 (?)", "c41.lengths int32 (2) lengths",
	}
	if len(src.Spec()) != len(want) {
		t.Fatalf("%d fields, want %d: %v", len(src.Spec()), len(want), src.Spec())
	}
	for i, f := range src.Spec() {
		if f.String() != want[i] {
			t.Errorf("field %d is %v, want %s", i, f, want[i])
		}
	}
	if names := src.Spec()[34].Names; len(names) == 0 || !strings.HasPrefix(names[0], "class ") {
		t.Errorf("names of a dictionary: %q", names)
	}
	if k := src.Spec()[34].Kind; k != kind.Label {
		t.Errorf("kind of a dictionary: %v", k)
	}
	if _, random := src.(loader.RandomSource); random {
		t.Error("a table of small rows is read row by row")
	}
}
