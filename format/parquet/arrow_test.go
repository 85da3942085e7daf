package parquet

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	pq "github.com/parquet-go/parquet-go"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/format/internal/arrowschema"
	"github.com/stokerdata/stoker/format/mem"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
)

// fixed is a fixed_size_list.
func fixed(n int, of arrowschema.Field) arrowschema.Field {
	return arrowschema.Field{Type: arrowschema.FixedSizeList, Size: n, Children: []arrowschema.Field{of}}
}

// tensor is a fixed_size_list of six numbers that is a tensor.
func tensor(shape string) arrowschema.Field {
	f := fixed(6, arrowschema.Of(dtype.Float32))
	f.Extension, f.ExtensionData = arrowschema.TensorName, `{"shape":`+shape+`}`
	return f
}

// arrowSchema writes a schema with a field for each letter of names: those of
// fields, and numbers.
func arrowSchema(fields map[string]arrowschema.Field, names string) pq.WriterOption {
	var s arrowschema.Schema
	for name := range strings.SplitSeq(names, "") {
		f, ok := fields[name]
		if !ok {
			f = arrowschema.Of(dtype.Int32)
		}
		f.Name = name
		s.Fields = append(s.Fields, f)
	}
	return pq.KeyValueMetadata(arrowschema.Key, s.Text())
}

type tensorRow struct {
	A []float32 `parquet:"a,list"`
	B [6]byte   `parquet:"b"`
	C struct {
		V []int32 `parquet:"v,list"`
	} `parquet:"c"`
	D []struct {
		X int16 `parquet:"x"`
	} `parquet:"d,list"`
	E []int64 `parquet:"e"`
}

func tensorRows(n int) []tensorRow {
	rows := make([]tensorRow, n)
	for i := range rows {
		r := &rows[i]
		r.A, r.D, r.E = make([]float32, 6), make([]struct {
			X int16 `parquet:"x"`
		}, 2), []int64{int64(i), 1}
		r.B[0], r.A[5], r.C.V, r.D[1].X = byte(i), float32(i), []int32{int32(i), 7, 8}, int16(-i)
	}
	return rows
}

// tensorFields is what Arrow says of a tensorRow.
func tensorFields() map[string]arrowschema.Field {
	v, x := fixed(3, arrowschema.Of(dtype.Int32)), arrowschema.Of(dtype.Int16)
	v.Name, x.Name = "v", "x"
	bytes := arrowschema.Field{Type: arrowschema.FixedSizeBinary, Size: 6, Extension: arrowschema.TensorName, ExtensionData: `{"shape":[3,2]}`}
	return map[string]arrowschema.Field{"a": tensor("[2,3]"), "b": bytes,
		"c": {Type: arrowschema.Struct, Children: []arrowschema.Field{v}},
		"d": fixed(2, arrowschema.Field{Type: arrowschema.Struct, Children: []arrowschema.Field{x}}), "e": fixed(2, arrowschema.Of(dtype.Int64))}
}

// TestArrowShapes reads lists and bytes of which Arrow's schema tells the shape, in
// both versions of pages, and all codecs of which one decompresses in place.
func TestArrowShapes(t *testing.T) {
	rows := tensorRows(40)
	for _, o := range []pq.WriterOption{pq.DataPageVersion(1), pq.DataPageVersion(2), pq.Compression(&pq.Snappy), pq.PageBufferSize(100)} {
		data := structs(t, rows, arrowSchema(tensorFields(), "abcde"), o)
		src, err := openBytes(data, Options{})
		if err != nil {
			t.Fatal(err)
		}
		const want = "[a float32 (2, 3); b uint8 (3, 2); c.v int32 (3); d.x int16 (2); e int64 (?)]"
		if got := fmt.Sprint(src.Spec()); got != want {
			t.Errorf("spec is %s, want %s", got, want)
		}
		got, err := dumpSource(src)
		var all []string
		for i := range rows {
			all = append(all, fmt.Sprintf("a(2, 3)=[0 0 0 0 0 %d] b(3, 2)=[%d 0 0 0 0 0] c.v(3)=[%d 7 8] d.x(2)=[0 %d] e(2)=[%d 1]", i, i, i, -i, i))
		}
		check(t, got, err, all...)
	}
}

// TestArrowIgnored reads files whose Arrow schema is of another table, or says what
// the columns are not: they are what Parquet says.
func TestArrowIgnored(t *testing.T) {
	for name, c := range map[string]struct {
		names  string
		change func(fields map[string]arrowschema.Field)
	}{
		"other names":   {"fghij", func(map[string]arrowschema.Field) {}},
		"another order": {"eabcd", func(map[string]arrowschema.Field) {}},
		"no columns":    {"", func(map[string]arrowschema.Field) {}},
		"nothing":       {"abcde", func(f map[string]arrowschema.Field) { clear(f) }},
		"no items":      {"abcde", func(f map[string]arrowschema.Field) { clear(f); f["a"] = fixed(0, arrowschema.Of(dtype.Float32)) }},
		"a list in it": {"abcde", func(f map[string]arrowschema.Field) {
			clear(f)
			f["a"] = fixed(6, fixed(1, arrowschema.Of(dtype.Float32)))
		}},
		"another struct": {"abcde", func(f map[string]arrowschema.Field) { clear(f); f["c"] = arrowschema.Field{Type: arrowschema.Struct} }},
		"a later type":   {"abcde", func(f map[string]arrowschema.Field) { clear(f); f["a"] = arrowschema.Field{Type: 99} }},
		"a dictionary": {"abcde", func(f map[string]arrowschema.Field) {
			clear(f)
			f["a"] = arrowschema.Field{Type: arrowschema.Utf8}
		}},
	} {
		fields := tensorFields()
		c.change(fields)
		src, err := openBytes(structs(t, tensorRows(3), arrowSchema(fields, c.names)), Options{})
		const want = "[a float32 (?); b uint8 (6); c.v int32 (?); d.x int16 (?); e int64 (?)]"
		if err != nil || fmt.Sprint(src.Spec()) != want {
			t.Errorf("%s: spec is %v, %v, want %s", name, src.Spec(), err, want)
		}
	}
}

// TestArrowBroken has rows that are not what Arrow's schema promises, and schemas
// that are damaged.
func TestArrowBroken(t *testing.T) {
	rows := tensorRows(9)
	for _, n := range []int{5, 7} { // within a row group, and at its end
		for _, row := range []int{6, 7} {
			rows := slices.Clone(rows)
			rows[row].A = make([]float32, n)
			data := structs(t, rows, arrowSchema(tensorFields(), "abcde"), pq.MaxRowsPerRowGroup(4))
			_, err := dump(t, save(t, data), Options{})
			fails(t, err, loader.ErrCorrupt, "a.parquet", fmt.Sprint("row ", row), `column "a"`, fmt.Sprint(n, " elements"), "(2, 3)")
		}
	}

	for shape, word := range map[string]string{"[2,2]": "[2 2]", "[6": "invalid character"} {
		fields := map[string]arrowschema.Field{"a": tensor(shape)}
		data := structs(t, rows, arrowSchema(fields, "abcde"))
		_, err := openBytes(data, Options{})
		fails(t, err, loader.ErrCorrupt, "a.parquet", `column "a"`, arrowschema.TensorName, word)
		if _, err := openBytes(data, Options{Columns: []string{"b"}}); err != nil {
			t.Errorf("without that column: %v", err)
		}
	}
	_, err := openBytes(structs(t, rows, arrowSchema(map[string]arrowschema.Field{"a": tensor("[1,1,1,1,1,6]")}, "abcde")), Options{})
	fails(t, err, loader.ErrSpec, `column "a"`, "6 dimensions")
	large := map[string]arrowschema.Field{"a": fixed(1<<30, arrowschema.Of(dtype.Float32))}
	_, err = openBytes(structs(t, rows, arrowSchema(large, "abcde")), Options{})
	fails(t, err, loader.ErrCorrupt, `column "a"`, "1073741824", "ValueBytes")
	_, err = openBytes(structs(t, rows, pq.KeyValueMetadata(arrowschema.Key, "?")), Options{})
	fails(t, err, loader.ErrCorrupt, "a.parquet", "metadata ARROW:schema")
	_, err = openBytes(structs(t, rows, pq.KeyValueMetadata(format.SpecKey, `{"version":1,"fields":[{"name":"a","dtype":"float32","shape":[5]}]}`),
		arrowSchema(tensorFields(), "abcde")), Options{})
	fails(t, err, loader.ErrCorrupt, format.SpecKey, `column "a"`)
}

// TestArrowShards has shards of one Parquet schema and several of Arrow's.
func TestArrowShards(t *testing.T) {
	dir := t.TempDir()
	for name, o := range map[string]pq.WriterOption{"a": arrowSchema(tensorFields(), "abcde"), "b": arrowSchema(nil, "fghij")} {
		if err := os.WriteFile(filepath.Join(dir, name+".parquet"), structs(t, tensorRows(3), o), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	_, err := Open(dir, Options{Columns: []string{"a"}})
	fails(t, err, loader.ErrSpec, "b.parquet", `column "a"`, "(?)", "a.parquet", "(2, 3)")
	o := Options{Columns: []string{"a"}, Fields: map[string]loader.Field{"a": {Shape: loader.Dims(6)}}}
	got, err := dump(t, dir, o)
	check(t, got, err, "a(6)=[0 0 0 0 0 0]", "a(6)=[0 0 0 0 0 1]", "a(6)=[0 0 0 0 0 2]",
		"a(6)=[0 0 0 0 0 0]", "a(6)=[0 0 0 0 0 1]", "a(6)=[0 0 0 0 0 2]")
}

// TestArrowFields gives a column another shape for as many elements.
func TestArrowFields(t *testing.T) {
	data := structs(t, tensorRows(2), arrowSchema(tensorFields(), "abcde"))
	src, err := openBytes(data, Options{Columns: []string{"a"}, Fields: map[string]loader.Field{"a": {Shape: loader.Dims(3, 2)}}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := dumpSource(src)
	check(t, got, err, "a(3, 2)=[0 0 0 0 0 0]", "a(3, 2)=[0 0 0 0 0 1]")
	for _, shape := range []loader.Shape{loader.Dims(5), loader.Dims(-1)} {
		_, err = openBytes(data, Options{Columns: []string{"a"}, Fields: map[string]loader.Field{"a": {Shape: shape}}})
		fails(t, err, loader.ErrSpec, `column "a"`, fmt.Sprint(shape))
	}
}

// TestArrowWritten compares what Write says to Arrow of its columns with what they
// are, without the spec that it also writes.
func TestArrowWritten(t *testing.T) {
	floats := make([]float64, 12)
	for i := range floats {
		floats[i] = float64(i)
	}
	src, err := mem.Columns(loader.Spec{
		{Name: "tensor", DType: dtype.Float64, Shape: loader.Dims(3, 2)}, {Name: "vector", DType: dtype.Float64, Shape: loader.Dims(6)},
		{Name: "a.b", DType: dtype.Uint8}, {Name: "pixels", DType: dtype.Uint8, Shape: loader.Dims(2, 3)},
		{Name: "raw", DType: dtype.Int32, Shape: loader.Dims(1)},
	}, mem.Of(floats), mem.Of(floats), mem.Of([]uint8{1, 2}), mem.Of(make([]uint8, 12)), mem.Of([]int32{1, 258}))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "a.parquet")
	if _, err := Write(t.Context(), path, batches(t, src, 2), WriteOptions{Tensors: []string{"tensor", "vector"}}); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{format.SpecKey, sumKey} { // of which the one counts in the other
		data = []byte(strings.Replace(string(data), key, strings.Repeat("x", len(key)), 1))
	}
	got, err := dump(t, save(t, data), Options{})
	check(t, got, err, "tensor(3, 2)=[0 1 2 3 4 5] vector(6)=[0 1 2 3 4 5] a.b()=[1] pixels(6)=[0 0 0 0 0 0] raw(4)=[1 0 0 0]",
		"tensor(3, 2)=[6 7 8 9 10 11] vector(6)=[6 7 8 9 10 11] a.b()=[2] pixels(6)=[0 0 0 0 0 0] raw(4)=[2 1 0 0]")
}

// nested returns a file of lists of lists of pairs of numbers, whose levels are
// given: each value is its number. Arrow's schema says that there are two pairs in
// a list.
func nested(t testing.TB, outer int, levels [][2]int, o ...pq.WriterOption) []byte {
	t.Helper()
	pairs := fixed(2, fixed(2, arrowschema.Of(dtype.Int32)))
	pairs = arrowschema.Field{Type: arrowschema.List, Children: []arrowschema.Field{pairs}}
	if outer > 0 {
		pairs.Type, pairs.Size = arrowschema.FixedSizeList, outer
	}
	list := func(n pq.Node) pq.Node { return pq.List(pq.Optional(n)) }
	schema := pq.NewSchema("t", pq.Group{"x": pq.Optional(list(list(list(pq.Leaf(pq.Int32Type)))))})
	var b bytes.Buffer
	w := pq.NewWriter(&b, append(o, schema, arrowSchema(map[string]arrowschema.Field{"x": pairs}, "x"))...)
	var values []pq.Value
	for i, l := range levels {
		v := pq.Int32Value(int32(i))
		if l[1] < deepest {
			v = pq.NullValue()
		}
		values = append(values, v.Level(l[0], l[1], 0))
	}
	if _, err := w.ColumnWriters()[0].WriteRowValues(values); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// deepest is the definition level of an element of nested: each of the three lists,
// its entries and what they are may be null.
const deepest = 7

// TestArrowNested reads lists of lists of fixed length.
func TestArrowNested(t *testing.T) {
	four := func(rep int) [][2]int { return [][2]int{{rep, deepest}, {3, deepest}, {2, deepest}, {3, deepest}} }
	// Two entries, none, null, and one.
	levels := slices.Concat(four(0), four(1), [][2]int{{0, 1}, {0, 0}}, four(0))
	for _, o := range []pq.WriterOption{pq.DataPageVersion(1), pq.DataPageVersion(2), pq.Compression(&pq.Snappy)} {
		got, err := dump(t, save(t, nested(t, 0, levels, o)), Options{})
		check(t, got, err, "x(2, 2, 2)=[0 1 2 3 4 5 6 7] x.valid()=[true]", "x(0, 2, 2)=[] x.valid()=[true]",
			"x(0, 2, 2)=[] x.valid()=[false]", "x(1, 2, 2)=[10 11 12 13] x.valid()=[true]")
		got, err = dump(t, save(t, nested(t, 1, slices.Concat(four(0), [][2]int{{0, 0}}, four(0)), o)), Options{Nulls: format.NullZero})
		check(t, got, err, "x(1, 2, 2)=[0 1 2 3]", "x(1, 2, 2)=[0 0 0 0]", "x(1, 2, 2)=[5 6 7 8]")
	}
	two := Options{Fields: map[string]loader.Field{"x": {Shape: loader.Dims(2, 2, 2)}}, Nulls: format.NullZero}
	got, err := dump(t, save(t, nested(t, 0, slices.Concat(four(0), four(1)))), two)
	check(t, got, err, "x(2, 2, 2)=[0 1 2 3 4 5 6 7]")
	_, err = dump(t, save(t, nested(t, 0, slices.Concat(four(0), four(1), four(0)))), two)
	fails(t, err, loader.ErrSpec, "row 1", "(2, 2, 2)")
	last := four(0)
	for name, c := range map[string]struct {
		outer  int
		levels [][2]int
		want   error
		word   string
	}{
		"a pair of one":     {0, slices.Concat(four(0), [][2]int{{0, deepest}, {2, deepest}, {3, deepest}}), loader.ErrCorrupt, "length"},
		"a pair of three":   {0, slices.Concat(four(0), [][2]int{{0, deepest}, {3, deepest}, {3, deepest}}), loader.ErrCorrupt, "length"},
		"one pair":          {0, slices.Concat(four(0), [][2]int{{0, deepest}, {3, deepest}, {1, deepest}}), loader.ErrCorrupt, "length"},
		"three pairs":       {0, slices.Concat(four(0), four(0), [][2]int{{2, deepest}}), loader.ErrCorrupt, "length"},
		"cut off":           {0, slices.Concat(four(0), last[:3]), loader.ErrCorrupt, "ends early"},
		"a pair is null":    {0, slices.Concat(four(0), [][2]int{{0, deepest}, {3, deepest}, {2, 4}}), loader.ErrCorrupt, "length"},
		"an entry is null":  {0, slices.Concat(four(0), [][2]int{{0, 2}}), loader.ErrSpec, "null inside"},
		"an element is":     {0, slices.Concat(four(0), [][2]int{{0, deepest}, {3, 6}, {2, deepest}, {3, deepest}}), loader.ErrSpec, "null inside"},
		"two entries, of 1": {1, slices.Concat(four(0), four(0), four(1)), loader.ErrCorrupt, "8 elements"},
	} {
		_, err := dump(t, save(t, nested(t, c.outer, c.levels)), Options{})
		if err == nil {
			t.Errorf("%s: read", name)
			continue
		}
		fails(t, err, c.want, "row 1", `column "x"`, c.word)
	}
}
