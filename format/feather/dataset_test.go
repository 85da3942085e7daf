package feather

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/ipc"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
	"github.com/stokerdata/stoker/shard"
)

// fromJSON returns a record of the given rows.
func fromJSON(t testing.TB, schema *arrow.Schema, rows string) arrow.Record {
	t.Helper()
	rec, _, err := array.RecordFromJSON(memory.DefaultAllocator, schema, strings.NewReader(rows))
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

// one is a schema of a single column.
func one(name string, t arrow.DataType, nullable bool) *arrow.Schema {
	return arrow.NewSchema([]arrow.Field{{Name: name, Type: t, Nullable: nullable}}, nil)
}

// folder writes files of one record each to a folder and returns it.
func folder(t testing.TB, files ...arrow.Record) string {
	t.Helper()
	dir := t.TempDir()
	for i, rec := range files {
		b := ipcFile(t, rec.Schema(), []arrow.Record{rec})
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%02d.arrow", i)), b, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// texts returns the values of a field, row by row, as text.
func texts(t testing.TB, src loader.Source, name string) (list []string) {
	t.Helper()
	f := src.Spec().Index(name)
	if f < 0 {
		t.Fatalf("no field %q among %v", name, src.Spec())
	}
	for i, b := range src.Blocks() {
		rows, err := readBlock(t, src, i)
		if err != nil {
			t.Fatal(err)
		}
		for k := range b.Rows {
			list = append(list, text(src.Spec()[f], sample(t, src, rows, k)[f]))
		}
		rows.Close()
	}
	return list
}

func text(f loader.Field, v loader.Tensor) string {
	switch {
	case f.Kind == kind.Text:
		return string(v.Data)
	case f.DType == dtype.Int32 && f.Names != nil:
		return f.Names[loader.View[int32](v)[0]]
	case f.DType == dtype.Int32:
		return fmt.Sprint(v.Shape, loader.View[int32](v))
	case f.DType == dtype.Float32:
		return fmt.Sprint(v.Shape, loader.View[float32](v))
	}
	return fmt.Sprint(v.Shape, v.Data)
}

func equal(t testing.TB, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestShards(t *testing.T) {
	a := arrow.NewSchema([]arrow.Field{{Name: "x", Type: arrow.PrimitiveTypes.Int32}, {Name: "s", Type: arrow.BinaryTypes.String}}, nil)
	b := arrow.NewSchema([]arrow.Field{{Name: "s", Type: arrow.BinaryTypes.LargeString, Nullable: true}, {Name: "x", Type: arrow.PrimitiveTypes.Int32}}, nil)
	dir := folder(t, fromJSON(t, a, `[{"x":1,"s":"one"},{"x":2,"s":"two"}]`), fromJSON(t, b, `[{"x":3,"s":null},{"x":4,"s":"four"}]`))
	src := mustOpen(t, dir, Options{Columns: []string{"s", "x"}})
	equal(t, texts(t, src, "x"), "() [1]", "() [2]", "() [3]", "() [4]")
	equal(t, texts(t, src, "s"), "one", "two", "", "four")
	equal(t, texts(t, src, "s.valid"), "() [1]", "() [1]", "() [0]", "() [1]") // nullable in one shard is nullable
	if b := src.Blocks()[1]; filepath.Base(b.Shard) != "01.arrow" || b.FirstRow != 0 {
		t.Errorf("block 1 is %+v", b)
	}
}

func TestDrift(t *testing.T) {
	first := fromJSON(t, one("x", arrow.PrimitiveTypes.Int32, false), `[{"x":1}]`)
	for _, test := range []struct {
		name  string
		other arrow.Record
		text  string
	}{
		{"type", fromJSON(t, one("x", arrow.PrimitiveTypes.Int64, false), `[{"x":1}]`), "column 0 is x int64 ()"},
		{"missing", fromJSON(t, one("y", arrow.PrimitiveTypes.Int32, false), `[{"y":1}]`), `no column "x"`},
		{"list", fromJSON(t, one("x", arrow.ListOf(arrow.PrimitiveTypes.Int32), false), `[{"x":[1]}]`), "x int32 (?)"},
		{"dictionary", fromJSON(t, one("x", &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.BinaryTypes.String}, false),
			`[{"x":"a"}]`), "label"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Open(folder(t, first, test.other), Options{Columns: []string{"x"}})
			if !errors.Is(err, loader.ErrSpec) || !strings.Contains(err.Error(), test.text) || !strings.Contains(err.Error(), "01.arrow") {
				t.Errorf("error %v, want one about %q in 01.arrow", err, test.text)
			}
		})
	}
}

// TestMeasures reads shards whose columns have the same bytes, but not the same meaning.
func TestMeasures(t *testing.T) {
	decimal := func(scale int32) arrow.DataType { return &arrow.Decimal128Type{Precision: 20, Scale: scale} }
	for _, test := range []struct {
		first, other arrow.DataType
		text         string
	}{
		{arrow.FixedWidthTypes.Timestamp_s, arrow.FixedWidthTypes.Timestamp_us, "timestamp in us, in the first shard timestamp in s"},
		{arrow.FixedWidthTypes.Time64us, arrow.FixedWidthTypes.Time64ns, "time in ns, in the first shard time in us"},
		{arrow.FixedWidthTypes.Date32, arrow.FixedWidthTypes.Time32s, "time in s, in the first shard date in days"},
		{arrow.FixedWidthTypes.Duration_ms, arrow.PrimitiveTypes.Int64, "plain numbers, in the first shard duration in ms"},
		{decimal(2), decimal(3), "decimal with 3 digits behind the point, in the first shard decimal with 2"},
		{arrow.FixedWidthTypes.Date64, arrow.FixedWidthTypes.Date64, ""},
		{decimal(2), &arrow.Decimal128Type{Precision: 9, Scale: 2}, ""},
		{arrow.ListOf(arrow.FixedWidthTypes.Timestamp_ms), arrow.LargeListOf(arrow.FixedWidthTypes.Timestamp_ms), ""},
	} {
		records := [2]arrow.Record{}
		for i, typ := range []arrow.DataType{test.first, test.other} {
			records[i] = fromJSON(t, one("x", typ, true), `[{"x":null}]`)
		}
		src, err := Open(folder(t, records[:]...), Options{RawDecimals: true})
		if test.text == "" && err == nil {
			src.(io.Closer).Close()
		} else if test.text == "" || !errors.Is(err, loader.ErrSpec) || !strings.Contains(err.Error(), test.text) {
			t.Errorf("%v and %v: error %v, want %q", test.first, test.other, err, test.text)
		}
	}
}

func TestDictionaries(t *testing.T) {
	typ := func(index arrow.DataType) *arrow.Schema {
		return one("c", &arrow.DictionaryType{IndexType: index, ValueType: arrow.BinaryTypes.String}, true)
	}
	dir := folder(t,
		fromJSON(t, typ(arrow.PrimitiveTypes.Int8), `[{"c":"dog"},{"c":"cat"},{"c":"dog"}]`),
		fromJSON(t, typ(arrow.PrimitiveTypes.Uint64), `[{"c":"cat"},{"c":"emu"},{"c":null},{"c":"dog"}]`),
		fromJSON(t, typ(arrow.PrimitiveTypes.Int16), `[{"c":null}]`))
	src := mustOpen(t, dir, Options{})
	equal(t, src.Spec()[0].Names, "dog", "cat", "emu")
	equal(t, texts(t, src, "c"), "dog", "cat", "dog", "cat", "emu", "dog", "dog", "dog")
	equal(t, texts(t, src, "c.valid"), "() [1]", "() [1]", "() [1]", "() [1]", "() [1]", "() [0]", "() [1]", "() [0]")

	names := []string{"emu", "cat", "dog", "yak"}
	src = mustOpen(t, dir, Options{Nulls: format.NullZero, Fields: map[string]loader.Field{"c": {Names: names}}})
	equal(t, src.Spec()[0].Names, names...)
	equal(t, texts(t, src, "c"), "dog", "cat", "dog", "cat", "emu", "emu", "dog", "emu")

	_, err := Open(dir, Options{Fields: map[string]loader.Field{"c": {Names: names[1:]}}})
	if !errors.Is(err, loader.ErrSpec) || !strings.Contains(err.Error(), `class "emu"`) {
		t.Errorf("a class that is not among Names: %v", err)
	}
}

func TestNullInDictionary(t *testing.T) {
	typ := &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.BinaryTypes.String}
	index := fromJSON(t, one("x", arrow.PrimitiveTypes.Int8, false), `[{"x":0}]`).Column(0)
	values := fromJSON(t, one("x", arrow.BinaryTypes.String, true), `[{"x":"a"},{"x":null}]`).Column(0)
	x := array.NewDictionaryArray(typ, index, values)
	_, err := Open(folder(t, array.NewRecord(one("x", typ, false), []arrow.Array{x}, 1)), Options{})
	if !errors.Is(err, loader.ErrSpec) || !strings.Contains(err.Error(), `00.arrow: dictionary batch 0: value 1 of the dictionary of column "x" is null`) {
		t.Errorf("error %v", err)
	}
}

// TestDeltaDictionary moves the messages of a stream, in which a dictionary
// grows, to a file.
func TestDeltaDictionary(t *testing.T) {
	grown := []string{`[{"c":"a"},{"c":"b"}]`, `[{"c":"a"},{"c":"b"},{"c":"c"},{"c":"d"}]`}
	b := fileOfStream(t, dictionaryStream(t, true, grown...))
	src := mustOpen(t, save(t, "a.arrow", b), Options{})
	equal(t, src.Spec()[0].Names, "a", "b", "c", "d")
	equal(t, texts(t, src, "c"), "a", "b", "a", "b", "c", "d")

	r, err := ipc.NewFileReader(bytes.NewReader(b)) // Arrow agrees that this is a file
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	rec, err := r.Record(1)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := readBlock(t, src, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	checkRecord(t, src, rows, 0, rec, format.NullMask)
}

// TestReplacedDictionary reads what only a stream may do.
func TestReplacedDictionary(t *testing.T) {
	b := fileOfStream(t, dictionaryStream(t, false, `[{"c":"a"},{"c":"b"}]`, `[{"c":"x"},{"c":"y"}]`))
	_, err := Open(save(t, "a.arrow", b), Options{})
	if !errors.Is(err, loader.ErrCorrupt) || !strings.Contains(err.Error(), "dictionary batch 1: dictionary 0 is replaced") {
		t.Errorf("error %v", err)
	}
}

// dictionaryStream returns a stream of records of a dictionary column.
func dictionaryStream(t *testing.T, deltas bool, records ...string) []byte {
	t.Helper()
	schema := one("c", &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.BinaryTypes.String}, false)
	var list []arrow.Record
	for _, rows := range records {
		list = append(list, fromJSON(t, schema, rows))
	}
	return ipcStream(t, schema, list, ipc.WithDictionaryDeltas(deltas))
}

func TestFields(t *testing.T) {
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "image", Type: arrow.FixedSizeListOf(6, arrow.PrimitiveTypes.Float32)},
		{Name: "boxes", Type: arrow.ListOf(arrow.PrimitiveTypes.Float32)},
		{Name: "point", Type: arrow.ListOf(arrow.PrimitiveTypes.Int32), Nullable: true},
	}, nil)
	path := folder(t, fromJSON(t, schema, `[
		{"image":[1,2,3,4,5,6],"boxes":[1,2,3,4,5,6,7,8],"point":[1,2]},
		{"image":[6,5,4,3,2,1],"boxes":[],"point":null},
		{"image":[6,5,4,3,2,1],"boxes":[9,9,9,9],"point":[3,4]}]`))
	src := mustOpen(t, path, Options{Fields: map[string]loader.Field{
		"image": {Shape: loader.Dims(2, 3), Kind: kind.Image},
		"boxes": {Shape: loader.Dims(-1, 4), Kind: kind.Boxes, Canvas: "image"},
		"point": {Shape: loader.Dims(2)},
	}})
	want := "[image float32 (2, 3) image; boxes float32 (?, 4) boxes; point int32 (2); point.valid bool ()]"
	if got := src.Spec().String(); got != want || src.Spec()[1].Canvas != "image" {
		t.Errorf("spec is %v, want %v", got, want)
	}
	equal(t, texts(t, src, "image"), "(2, 3) [1 2 3 4 5 6]", "(2, 3) [6 5 4 3 2 1]", "(2, 3) [6 5 4 3 2 1]")
	equal(t, texts(t, src, "boxes"), "(2, 4) [1 2 3 4 5 6 7 8]", "(0, 4) []", "(1, 4) [9 9 9 9]")
	equal(t, texts(t, src, "point"), "(2) [1 2]", "(2) [0 0]", "(2) [3 4]")

	for _, test := range []struct {
		name  string
		field loader.Field
		text  string
	}{
		{"none", loader.Field{}, `no column "none"`},
		{"image", loader.Field{Shape: loader.Dims(2, 2)}, "does not hold the 6 elements"},
		{"image", loader.Field{DType: dtype.Int32}, "elements are float32, not int32"},
		{"boxes", loader.Field{Shape: loader.Dims(-1, -1)}, "does not fit"},
	} {
		if _, err := Open(path, Options{Fields: map[string]loader.Field{test.name: test.field}}); !errors.Is(err, loader.ErrSpec) || !strings.Contains(err.Error(), test.text) {
			t.Errorf("%s as %v: error %v, want %q", test.name, test.field, err, test.text)
		}
	}
	src = mustOpen(t, path, Options{Fields: map[string]loader.Field{"boxes": {Shape: loader.Dims(-1, 5)}}})
	if _, err := readBlock(t, src, 0); !errors.Is(err, loader.ErrCorrupt) || !strings.Contains(err.Error(), `column "boxes": row 0 has 8 items`) {
		t.Errorf("8 items in steps of 5: %v", err)
	}
	src = mustOpen(t, path, Options{Fields: map[string]loader.Field{"boxes": {Shape: loader.Dims(4)}}})
	if _, err := readBlock(t, src, 0); !errors.Is(err, loader.ErrCorrupt) || !strings.Contains(err.Error(), "row 0 has 8 items where shape (4) needs 4") {
		t.Errorf("8 items of a fixed shape of 4: %v", err)
	}
}

func TestTensorExtension(t *testing.T) {
	for _, test := range []struct {
		data string
		want string // shape or error
	}{
		{`{"shape":[2,3]}`, "(2, 3)"}, {`{"shape":[3,2],"dim_names":["a","b"]}`, "(3, 2)"},
		{`{"shape":[5]}`, "items of 6 elements"}, {`{"shape":[-1,-6]}`, "items of 6 elements"}, {`{`, "metadata of arrow.fixed_shape_tensor"},
	} {
		meta := arrow.NewMetadata([]string{ipc.ExtensionTypeKeyName, ipc.ExtensionMetadataKeyName}, []string{"arrow.fixed_shape_tensor", test.data})
		schema := arrow.NewSchema([]arrow.Field{{Name: "x", Type: arrow.FixedSizeListOf(6, arrow.PrimitiveTypes.Int32), Metadata: meta}}, nil)
		src, err := Open(folder(t, fromJSON(t, schema, `[{"x":[1,2,3,4,5,6]}]`)), Options{})
		got := fmt.Sprint(err)
		if err == nil {
			got = src.Spec()[0].Shape.String()
		}
		if !strings.Contains(got, test.want) {
			t.Errorf("%s: %s, want %s", test.data, got, test.want)
		}
	}
	three := &arrow.FixedSizeBinaryType{ByteWidth: 3}
	for _, test := range []struct {
		typ         arrow.DataType
		shape, rows string
		want        string
	}{
		{arrow.FixedSizeListOf(2, three), "[2,1]", `[{"x":["AQID","BAUG"]}]`, "(2, 1, 3) [1 2 3 4 5 6]"},
		{three, "[1,3]", `[{"x":"AQID"}]`, "(1, 3) [1 2 3]"},
	} {
		meta := arrow.NewMetadata([]string{ipc.ExtensionTypeKeyName, ipc.ExtensionMetadataKeyName}, []string{"arrow.fixed_shape_tensor", `{"shape":` + test.shape + `}`})
		schema := arrow.NewSchema([]arrow.Field{{Name: "x", Type: test.typ, Metadata: meta}}, nil)
		src := mustOpen(t, folder(t, fromJSON(t, schema, test.rows)), Options{})
		equal(t, texts(t, src, "x"), test.want)
	}
}

func TestUnreadable(t *testing.T) {
	for _, test := range []struct {
		typ  arrow.DataType
		text string
	}{
		{&arrow.Decimal128Type{Precision: 10, Scale: 2}, "decimal"},
		{arrow.MapOf(arrow.BinaryTypes.String, arrow.PrimitiveTypes.Int32), "map of struct"},
		{arrow.ListOf(arrow.ListOf(arrow.PrimitiveTypes.Int8)), "list of list of int(8)"},
		{arrow.Null, "null"},
	} {
		schema := arrow.NewSchema([]arrow.Field{{Name: "bad", Type: test.typ, Nullable: true}, {Name: "x", Type: arrow.PrimitiveTypes.Int32}}, nil)
		b := ipcFile(t, schema, records(grower{rand.New(rand.NewPCG(1, 1)), 1}, schema, 5))
		path := save(t, "a.arrow", b)
		_, err := Open(path, Options{})
		if !errors.Is(err, loader.ErrSpec) || !strings.Contains(err.Error(), `column "bad", `+test.text) {
			t.Errorf("%v: error %v, want one about %s", test.typ, err, test.text)
		}
		src := mustOpen(t, path, Options{Columns: []string{"x"}}) // what is behind it is where it should be
		r, err := ipc.NewFileReader(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		rec, err := r.Record(0)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := readBlock(t, src, 0)
		if err != nil {
			t.Fatal(err)
		}
		checkRecord(t, src, rows, 0, rec, format.NullMask)
		rows.Close()
	}
}

func TestRawDecimals(t *testing.T) {
	for typ, want := range map[arrow.DataType]string{
		&arrow.Decimal128Type{Precision: 10, Scale: 2}: "(16)", &arrow.Decimal256Type{Precision: 60, Scale: 2}: "(32)",
	} {
		schema := one("d", typ, false)
		rec := fromJSON(t, schema, `[{"d":"1.50"},{"d":"-0.01"}]`)
		src := mustOpen(t, save(t, "a.arrow", ipcFile(t, schema, []arrow.Record{rec})), Options{RawDecimals: true})
		width := typ.(arrow.FixedWidthDataType).Bytes()
		ones := append(append([]byte{150}, make([]byte, width-1)...), bytes.Repeat([]byte{0xff}, width)...)
		if f := src.Spec()[0]; f.DType != dtype.Uint8 || f.Shape.String() != want {
			t.Errorf("%v is %v", typ, f)
		}
		equal(t, texts(t, src, "d"), fmt.Sprint(want, " ", ones[:width]), fmt.Sprint(want, " ", ones[width:]))
	}
}

func TestColumns(t *testing.T) {
	st := arrow.StructOf(arrow.Field{Name: "a", Type: arrow.PrimitiveTypes.Int32}, arrow.Field{Name: "b", Type: arrow.PrimitiveTypes.Int8})
	schema := arrow.NewSchema([]arrow.Field{{Name: "s", Type: st}, {Name: "x", Type: arrow.PrimitiveTypes.Int32}, {Name: "y", Type: arrow.PrimitiveTypes.Int32}}, nil)
	path := folder(t, fromJSON(t, schema, `[{"s":{"a":1,"b":2},"x":3,"y":4}]`))
	for _, test := range []struct {
		columns []string
		want    string
	}{
		{nil, "[s.a int32 (); s.b int8 (); x int32 (); y int32 ()]"},
		{[]string{"y", "s"}, "[y int32 (); s.a int32 (); s.b int8 ()]"},
		{[]string{"s.b"}, "[s.b int8 ()]"},
	} {
		if got := mustOpen(t, path, Options{Columns: test.columns}).Spec().String(); got != test.want {
			t.Errorf("%q: %s, want %s", test.columns, got, test.want)
		}
	}
	if _, err := Open(path, Options{Columns: []string{"x", "z"}}); !errors.Is(err, loader.ErrSpec) || !strings.Contains(err.Error(), `no column "z" among s (struct), x (int), y (int)`) {
		t.Errorf("missing column: %v", err)
	}
}

// TestUnnamed refuses a column without a name, as a field without one is a field
// that was removed.
func TestUnnamed(t *testing.T) {
	schema := arrow.NewSchema([]arrow.Field{{Type: arrow.PrimitiveTypes.Int32}, {Name: "x", Type: arrow.PrimitiveTypes.Int32}}, nil)
	path := folder(t, fromJSON(t, schema, `[{"":1,"x":3}]`))
	if _, err := Open(path, Options{}); !errors.Is(err, loader.ErrSpec) || !strings.Contains(err.Error(), "no name") {
		t.Errorf("unnamed column: %v", err)
	}
	mustOpen(t, path, Options{Columns: []string{"x"}})
	none := array.NewRecord(arrow.NewSchema(nil, nil), nil, 3)
	if _, err := Open(folder(t, none), Options{}); !errors.Is(err, loader.ErrSpec) || !strings.Contains(err.Error(), "00.arrow: there are no columns") {
		t.Errorf("no columns: %v", err)
	}
}

// TestNulls reads what format.Nulls says.
func TestNulls(t *testing.T) {
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "f", Type: arrow.PrimitiveTypes.Float32, Nullable: true}, {Name: "i", Type: arrow.PrimitiveTypes.Int32, Nullable: true},
		{Name: "l", Type: arrow.ListOf(arrow.PrimitiveTypes.Float32), Nullable: true},
	}, nil)
	path := folder(t, fromJSON(t, schema, `[{"f":1,"i":1,"l":[1]},{"f":null,"i":null,"l":null}]`))
	src := mustOpen(t, path, Options{})
	equal(t, texts(t, src, "f"), "() [1]", "() [NaN]")
	equal(t, texts(t, src, "i"), "() [1]", "() [0]")
	equal(t, texts(t, src, "l"), "(1) [1]", "(0) []")
	equal(t, texts(t, src, "l.valid"), "() [1]", "() [0]")
	if got := src.Spec().String(); got != "[f float32 (); i int32 (); i.valid bool (); l float32 (?); l.valid bool ()]" {
		t.Errorf("spec is %s", got)
	}
	src = mustOpen(t, path, Options{Nulls: format.NullZero})
	equal(t, texts(t, src, "f"), "() [1]", "() [0]")
	if len(src.Spec()) != 3 {
		t.Errorf("NullZero: spec is %v", src.Spec())
	}
	src = mustOpen(t, path, Options{Nulls: format.NullError})
	rows, err := readBlock(t, src, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	s := loader.Sample{Fields: make([]loader.Tensor, 3)}
	if err := rows.Row(nil, 0, &s); err != nil {
		t.Errorf("NullError, row without nulls: %v", err)
	}
	if err := rows.Row(nil, 1, &s); err == nil || !strings.Contains(err.Error(), `column "f" is null`) {
		t.Errorf("NullError, row with nulls: %v", err)
	}

	within := folder(t, fromJSON(t, one("l", arrow.ListOf(arrow.PrimitiveTypes.Int32), false), `[{"l":[1,null]}]`))
	if _, err := readBlock(t, mustOpen(t, within, Options{}), 0); !errors.Is(err, loader.ErrSpec) || !strings.Contains(err.Error(), "row 0 has a null within its value") {
		t.Errorf("null in a list of int32: %v", err)
	}
	equal(t, texts(t, mustOpen(t, within, Options{Nulls: format.NullZero}), "l"), "(2) [1 0]")
}

func TestRandomRows(t *testing.T) {
	for _, nulls := range []float64{0, 0.3} {
		schema := largeRows()
		b := ipcFile(t, schema, records(grower{rand.New(rand.NewPCG(9, 10)), nulls}, schema, 20, 0, 33))
		src := mustOpen(t, save(t, "a.arrow", b), Options{})
		for _, nulls := range []format.Nulls{format.NullMask, format.NullZero} {
			checkFile(t, b, Options{Nulls: nulls})
		}
		// In any order, across blocks, a row twice.
		refs := []loader.Ref{{Block: 1, Row: 7}, {Block: 0, Row: 19}, {Block: 1, Row: 7}, {Block: 1, Row: 32}, {Block: 0, Row: 0}}
		rows, err := byRow(src, Options{}).OpenRows(context.Background(), refs)
		if err != nil {
			t.Fatal(err)
		}
		for i, ref := range refs {
			block, err := readBlock(t, src, ref.Block)
			if err != nil {
				t.Fatal(err)
			}
			got, want := sample(t, src, rows, i), sample(t, src, block, ref.Row)
			for f := range got {
				if !bytes.Equal(got[f].Data, want[f].Data) || got[f].Shape != want[f].Shape {
					t.Errorf("ref %v, field %v: got %v, want %v", ref, src.Spec()[f], got[f], want[f])
				}
			}
			block.Close()
		}
		rows.Close()
	}
}

// TestBackends reads every type by every backend; mapped files lend their memory
// to several readers, and stay as they are.
func TestBackends(t *testing.T) {
	for _, backend := range []shard.Backend{shard.Direct, shard.DirectRing, shard.MmapTrusted} {
		for _, codec := range codecs {
			schema := allTypes(true)
			b := ipcFile(t, schema, records(grower{rand.New(rand.NewPCG(41, 42)), 0.2}, schema, 50, 3), codec.options...)
			checkFile(t, b, Options{Pool: shard.PoolConfig{Backend: backend}})
		}
		schema := largeRows()
		checkFile(t, ipcFile(t, schema, records(grower{rand.New(rand.NewPCG(43, 44)), 0.2}, schema, 50, 30)), Options{Pool: shard.PoolConfig{Backend: backend}})
	}
}

// TestMappedNulls opens a block twice at the same time, with values to be filled
// in: what one has filled in, the other must not see.
func TestMappedNulls(t *testing.T) {
	schema := one("x", arrow.PrimitiveTypes.Int32, true)
	b := ipcFile(t, schema, []arrow.Record{fromJSON(t, schema, `[{"x":1},{"x":null},{"x":3}]`)})
	copy(b[bytes.Index(b, []byte{1, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0})+4:], []byte{9, 9, 9, 9}) // beneath the null
	src := mustOpen(t, save(t, "a.arrow", b), Options{Nulls: format.NullZero, Pool: shard.PoolConfig{Backend: shard.MmapTrusted}})
	first, err := src.Open(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	equal(t, texts(t, src, "x"), "() [1]", "() [0]", "() [3]")
	r := first.(*rows)
	if lent := r.raw[len(r.raw)-1]; !bytes.Equal(lent[4:8], []byte{9, 9, 9, 9}) {
		t.Errorf("the mapped file was changed to %v", lent)
	}
}

// TestConcurrent reads blocks and single rows of dictionary columns in several
// goroutines, which arrow's readers get wrong.
func TestConcurrent(t *testing.T) {
	schema := largeRows()
	recs := records(grower{rand.New(rand.NewPCG(31, 32)), 0.1}, schema, 50, 60, 70)
	src := byRow(mustOpen(t, save(t, "a.arrow", ipcFile(t, schema, recs)), Options{}), Options{})
	var all sync.WaitGroup
	for g := range 4 {
		all.Go(func() {
			for k := range 10 {
				i := (g + k) % len(recs)
				checkRandom(t, src, i, recs[i], format.NullMask)
				rows, err := readBlock(t, src, i)
				if err != nil {
					t.Error(err)
					return
				}
				checkRecord(t, src, rows, 0, recs[i], format.NullMask)
				rows.Close()
			}
		})
	}
	all.Wait()
}
