package arrowbridge_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/ipc"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/format/feather"
	"github.com/stokerdata/stoker/format/feather/arrowbridge"
	"github.com/stokerdata/stoker/format/mem"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
	"github.com/stokerdata/stoker/loader/loadertest"
)

// everything returns n rows of all sorts of fields.
func everything(t testing.TB, n int) *mem.Source {
	t.Helper()
	var spec loader.Spec
	var cols []mem.Column
	for d := dtype.Bool; d.Valid(); d++ {
		spec = append(spec, loader.Field{Name: d.String(), DType: d})
		c := mem.Column{DType: d, Data: make([]byte, n*d.Size())}
		for i := range c.Data {
			c.Data[i] = byte(i * 7)
			if d == dtype.Bool {
				c.Data[i] = byte(i * 7 % 3 & 1)
			}
		}
		cols = append(cols, c)
	}
	var words []string
	var boxes, steps [][]float32
	var flags [][]bool
	for i := range n {
		words = append(words, "äöü and so on"[:2*(i%4)])
		boxes = append(boxes, make([]float32, 4*(i%3)))
		steps = append(steps, []float32{float32(i), 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}[:6*(i%3)])
		flags = append(flags, []bool{true, false, true, true}[:i%5])
	}
	units := func(c mem.Column, by int64) mem.Column {
		for i := range c.Offsets {
			c.Offsets[i] /= by
		}
		return c
	}
	spec = append(spec,
		loader.Field{Name: "image", DType: dtype.Uint8, Shape: loader.Dims(2, 3, 1), Kind: kind.Image},
		loader.Field{Name: "mean", DType: dtype.Float32, Shape: loader.Dims(3)},
		loader.Field{Name: "text", DType: dtype.Uint8, Shape: loader.Dims(-1), Kind: kind.Text},
		loader.Field{Name: "file", DType: dtype.Uint8, Shape: loader.Dims(-1)},
		loader.Field{Name: "boxes", DType: dtype.Float32, Shape: loader.Dims(-1, 4), Kind: kind.Boxes, Canvas: "image"},
		loader.Field{Name: "steps", DType: dtype.Float32, Shape: loader.Dims(-1, 2, 3)},
		loader.Field{Name: "flags", DType: dtype.Bool, Shape: loader.Dims(-1)},
		loader.Field{Name: "class", DType: dtype.Int32, Kind: kind.Label, Names: []string{"cat", "dog"}},
		loader.Field{Name: "tags", DType: dtype.Uint8, Shape: loader.Dims(-1), Kind: kind.Texts},
		loader.Field{Name: "tags.lengths", DType: dtype.Int32, Shape: loader.Dims(-1), Kind: kind.Lengths, Canvas: "tags"},
		loader.Field{Name: "pair", DType: dtype.Uint8, Shape: loader.Dims(-1)},
		loader.Field{Name: "pair.lengths", DType: dtype.Int32, Shape: loader.Dims(2), Kind: kind.Lengths, Canvas: "pair"},
	)
	mean, class := make([]float32, 3*n), make([]int32, n)
	var tags []string
	var lengths [][]int32
	var pairs []int32
	for i := range n {
		tags = append(tags, "ein kleiner Bär"[:3*(i%3)])
		lengths = append(lengths, [][]int32{nil, {2, 1}, {0, 5, 1}}[i%3])
		pairs = append(pairs, int32(i%4), int32(i%4))
		mean[3*i], class[i] = float32(i), int32(i%2)
	}
	cols = append(cols, mem.Of(bytes.Repeat([]uint8{1, 2, 3, 4, 5, 6}, n)), mem.Of(mean), mem.Strings(words), mem.Strings(words),
		units(mem.Varying(boxes), 4), units(mem.Varying(steps), 6), mem.Varying(flags), mem.Of(class), mem.Strings(tags), mem.Varying(lengths), mem.Strings(words), mem.Of(pairs))
	src, err := mem.Columns(spec, cols...)
	if err != nil {
		t.Fatal(err)
	}
	return src
}

// rows reads src once and returns all values as texts.
func rows(t testing.TB, src loader.Source) (list []string) {
	t.Helper()
	for b := range batches(t, src, 7) {
		for i := range b.Len() {
			for _, f := range b.Spec() {
				v := b.Row(f.Name, i)
				list = append(list, fmt.Sprint(f, " ", v.Shape, v.Data))
			}
		}
	}
	return list
}

// batches runs over one epoch of src in order.
func batches(t testing.TB, src loader.Source, n int) func(func(*loader.Batch) bool) {
	return func(yield func(*loader.Batch) bool) {
		t.Helper()
		ld, err := loader.New(src, loader.Config{BatchSize: n, Epochs: 1})
		if err != nil {
			t.Fatal(err)
		}
		defer ld.Close()
		for b, err := range ld.All(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			if !yield(b) {
				return
			}
		}
	}
}

// written returns a stream of the batches of src.
func written(t testing.TB, src loader.Source, n int) []byte {
	t.Helper()
	bridge, err := arrowbridge.New(src.Spec())
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w := ipc.NewWriter(&out, ipc.WithSchema(bridge.Schema()))
	for b := range batches(t, src, n) {
		rec, err := bridge.Record(b)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Write(rec); err != nil {
			t.Fatal(err)
		}
		rec.Release()
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestRoundTrip sends batches through Arrow's writer and reads them with Arrow's
// reader and Open, and with package feather.
func TestRoundTrip(t *testing.T) {
	src := everything(t, 30)
	want := rows(t, src)
	stream := written(t, src, 30)

	path := filepath.Join(t.TempDir(), "a.arrows")
	if err := os.WriteFile(path, stream, 0o666); err != nil {
		t.Fatal(err)
	}
	other, err := feather.Open(path, feather.Options{})
	if err != nil {
		t.Fatal(err)
	}
	r, err := ipc.NewReader(bytes.NewReader(stream))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Release()
	if !r.Next() {
		t.Fatal(r.Err())
	}
	back, err := arrowbridge.Open(r.Record(), arrowbridge.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer back.Close()
	for name, src := range map[string]loader.Source{"Open": back, "feather.Open": other} {
		got := rows(t, src)
		if len(got) != len(want) {
			t.Fatalf("%s: %d values, want %d", name, len(got), len(want))
		}
		for i := range got {
			if got[i] != want[i] {
				t.Errorf("%s: %s, want %s", name, got[i], want[i])
			}
		}
	}
}

func TestConformance(t *testing.T) {
	r, err := ipc.NewReader(bytes.NewReader(written(t, everything(t, 25), 25)))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Release()
	if !r.Next() {
		t.Fatal(r.Err())
	}
	loadertest.Source(t, func() loader.Source {
		src, err := arrowbridge.Open(r.Record(), arrowbridge.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return src
	})
}

func TestTensorMetadata(t *testing.T) {
	bridge, err := arrowbridge.New(everything(t, 1).Spec())
	if err != nil {
		t.Fatal(err)
	}
	s := bridge.Schema()
	image := s.Field(s.FieldIndices("image")[0])
	name, _ := image.Metadata.GetValue("ARROW:extension:name")
	data, _ := image.Metadata.GetValue("ARROW:extension:metadata")
	if name != "arrow.fixed_shape_tensor" || data != `{"shape":[2,3,1]}` || image.Type.String() != "fixed_size_list<item: uint8>[6]" {
		t.Errorf("%v is %q %s", image, name, data)
	}
	if mean := s.Field(s.FieldIndices("mean")[0]); mean.HasMetadata() {
		t.Errorf("a vector is a plain list, not %v", mean)
	}
}

// TestZeroCopy compares addresses.
func TestZeroCopy(t *testing.T) {
	src := everything(t, 8)
	bridge, err := arrowbridge.New(src.Spec())
	if err != nil {
		t.Fatal(err)
	}
	for b := range batches(t, src, 8) {
		rec, err := bridge.Record(b)
		if err != nil {
			t.Fatal(err)
		}
		back, err := arrowbridge.Open(rec, arrowbridge.Options{})
		if err != nil {
			t.Fatal(err)
		}
		opened, err := back.Open(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		s := loader.Sample{Fields: make([]loader.Tensor, len(back.Spec()))}
		if err := opened.Row(nil, 0, &s); err != nil {
			t.Fatal(err)
		}
		for f, field := range b.Spec() {
			if field.DType == dtype.Bool || field.Kind == kind.Lengths || len(s.Fields[f].Data) == 0 {
				continue
			}
			if unsafe.SliceData(s.Fields[f].Data) != unsafe.SliceData(b.Column(f).Data) {
				t.Errorf("%v was copied", field)
			}
		}
		back.Close()
		rec.Release()
	}
}

// TestOwnership holds records, and columns of records, beyond the loop body.
func TestOwnership(t *testing.T) {
	src := everything(t, 40)
	bridge, err := arrowbridge.New(src.Spec())
	if err != nil {
		t.Fatal(err)
	}
	ld, err := loader.New(src, loader.Config{BatchSize: 10, Epochs: 1, MaxKept: 4})
	if err != nil {
		t.Fatal(err)
	}
	defer ld.Close()
	var kept []arrow.Array
	var held *loader.Batch
	for b, err := range ld.All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		rec, err := bridge.Record(b)
		if err != nil {
			t.Fatal(err)
		}
		col := rec.Column(rec.Schema().FieldIndices("int32")[0])
		col.Retain()
		rec.Release()
		kept, held = append(kept, col), b
	}
	for i, col := range kept { // the memory of each batch is still its own
		x := col.(*array.Int32).Int32Values()
		if len(x) != 10 || byte(x[0]) != byte(i*10*4*7) {
			t.Errorf("batch %d begins with %#x", i, x[0])
		}
		col.Release()
	}
	defer func() {
		if recover() == nil {
			t.Error("the batch was still kept when all columns were released")
		}
	}()
	held.Release()
}

func TestRecordErrors(t *testing.T) {
	texts, err := mem.Columns(loader.Spec{{Name: "text", DType: dtype.Uint8, Shape: loader.Dims(-1), Kind: kind.Text}}, mem.Strings([]string{"a\xc3", "\xa4"}))
	if err != nil {
		t.Fatal(err)
	}
	bridge, err := arrowbridge.New(texts.Spec())
	if err != nil {
		t.Fatal(err)
	}
	for b := range batches(t, texts, 2) { // together the two rows are UTF-8
		if _, err := bridge.Record(b); !errors.Is(err, loader.ErrSpec) || !strings.Contains(err.Error(), `field "text" has rows that are not UTF-8`) {
			t.Errorf("error %v", err)
		}
	}
	for b := range batches(t, everything(t, 2), 2) {
		if _, err := bridge.Record(b); !errors.Is(err, loader.ErrSpec) {
			t.Errorf("a batch of another spec: error %v", err)
		}
	}
	lying, err := mem.Columns(loader.Spec{
		{Name: "x", DType: dtype.Uint8, Shape: loader.Dims(-1), Kind: kind.Texts},
		{Name: "x.lengths", DType: dtype.Int32, Shape: loader.Dims(-1), Kind: kind.Lengths, Canvas: "x"},
	}, mem.Strings([]string{"ab"}), mem.Varying([][]int32{{1, 2}}))
	if err != nil {
		t.Fatal(err)
	}
	if bridge, err = arrowbridge.New(lying.Spec()); err != nil {
		t.Fatal(err)
	}
	for b := range batches(t, lying, 1) {
		if _, err := bridge.Record(b); !errors.Is(err, loader.ErrSpec) || !strings.Contains(err.Error(), `field "x": row 0 of a batch: 2 bytes where 1 are left`) {
			t.Errorf("lengths of other texts: error %v", err)
		}
	}
	if _, err := arrowbridge.New(loader.Spec{{Name: "x", DType: dtype.Uint8, Shape: loader.Dims(-1, -1, 3)}}); !errors.Is(err, loader.ErrSpec) {
		t.Errorf("a shape of which two dimensions vary: error %v", err)
	}
}

// record returns a record of one column.
func record(t testing.TB, typ arrow.DataType, rows string) arrow.Record {
	t.Helper()
	schema := arrow.NewSchema([]arrow.Field{{Name: "x", Type: typ, Nullable: true}}, nil)
	rec, _, err := array.RecordFromJSON(memory.DefaultAllocator, schema, strings.NewReader(rows))
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

// TestOpenTypes reads what Record does not make, also in the middle of arrays.
func TestOpenTypes(t *testing.T) {
	for _, test := range []struct {
		typ  arrow.DataType
		rows string
		want string // of the rows but the first
	}{
		{arrow.PrimitiveTypes.Int16, `[{"x":1},{"x":2},{"x":-3}]`, "int16 () [2 0] [253 255]"},
		{arrow.FixedWidthTypes.Boolean, `[{"x":true},{"x":false},{"x":true}]`, "bool () [0] [1]"},
		{arrow.FixedWidthTypes.Date32, `[{"x":"1970-01-02"},{"x":"1970-01-03"},{"x":"1970-01-04"}]`, "int32 () [2 0 0 0] [3 0 0 0]"},
		{arrow.BinaryTypes.String, `[{"x":"a"},{"x":"bc"},{"x":""}]`, "uint8 (?) [98 99] []"},
		{arrow.BinaryTypes.StringView, `[{"x":"a"},{"x":"a text that is not inline"},{"x":"c"}]`, "uint8 (?) " + fmt.Sprint([]byte("a text that is not inline")) + " [99]"},
		{arrow.ListOf(arrow.PrimitiveTypes.Uint8), `[{"x":[1]},{"x":[2,3]},{"x":[4]}]`, "uint8 (?) [2 3] [4]"},
		{arrow.ListOf(arrow.BinaryTypes.String), `[{"x":["a"]},{"x":["bc","d"]},{"x":[]}]`, "uint8 (?) [98 99 100] []"},
		{arrow.ListOf(arrow.FixedSizeListOf(2, arrow.BinaryTypes.Binary)), `[{"x":[["AA==","AQ=="]]},{"x":[]},{"x":[["AgM=",""],["BA==","BQ=="]]}]`, "uint8 (?) [] [2 3 4 5]"},
		{arrow.FixedSizeListOf(2, arrow.FixedSizeListOf(1, arrow.PrimitiveTypes.Int8)), `[{"x":[[1],[2]]},{"x":[[3],[4]]},{"x":[[5],[6]]}]`, "int8 (2, 1) [3 4] [5 6]"},
		{&arrow.FixedSizeBinaryType{ByteWidth: 2}, `[{"x":"AAE="},{"x":"AgM="},{"x":"BAU="}]`, "uint8 (2) [2 3] [4 5]"},
		{&arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.BinaryTypes.String}, `[{"x":"a"},{"x":"b"},{"x":"a"}]`, "int32 () [1 0 0 0] [0 0 0 0]"},
	} {
		whole := record(t, test.typ, test.rows)
		src, err := arrowbridge.Open(whole.NewSlice(1, 3), arrowbridge.Options{Nulls: format.NullZero})
		if err != nil {
			t.Errorf("%v: %v", test.typ, err)
			continue
		}
		var got strings.Builder
		got.WriteString(fmt.Sprint(src.Spec()[0].DType, " ", src.Spec()[0].Shape))
		for b := range batches(t, src, 1) {
			got.WriteString(fmt.Sprint(" ", b.Row("x", 0).Data))
		}
		if got.String() != test.want {
			t.Errorf("%v: %s, want %s", test.typ, got.String(), test.want)
		}
	}
}

// TestNulls compares nulls of all sorts with what package feather makes of them.
func TestNulls(t *testing.T) {
	for typ, value := range map[arrow.DataType]string{
		arrow.PrimitiveTypes.Int16: `1`, arrow.PrimitiveTypes.Float32: `1.5`, arrow.PrimitiveTypes.Float64: `2`, arrow.FixedWidthTypes.Float16: `0.5`,
		arrow.FixedWidthTypes.Boolean: `true`, arrow.BinaryTypes.String: `"ab"`, arrow.BinaryTypes.StringView: `"a text that is not inline"`,
		arrow.ListOf(arrow.BinaryTypes.String): `["ab","","c"]`, arrow.FixedSizeListOf(2, arrow.BinaryTypes.LargeString): `["ab","c"]`,
		arrow.ListOf(arrow.PrimitiveTypes.Float32): `[1,2]`, arrow.FixedSizeListOf(2, arrow.PrimitiveTypes.Float32): `[1,2]`,
		arrow.FixedSizeListOf(2, arrow.FixedSizeListOf(2, arrow.PrimitiveTypes.Int8)):                    `[[1,2],[3,4]]`,
		&arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.BinaryTypes.String}: `"ab"`,
	} {
		rec := record(t, typ, fmt.Sprintf(`[{"x":null},{"x":%s},{"x":null},{"x":%[1]s}]`, value))
		var file bytes.Buffer
		w := ipc.NewWriter(&file, ipc.WithSchema(rec.Schema()))
		if err := errors.Join(w.Write(rec), w.Close()); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "a.arrows")
		if err := os.WriteFile(path, file.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
		for _, nulls := range []format.Nulls{format.NullMask, format.NullZero} {
			want, err := feather.Open(path, feather.Options{Nulls: nulls})
			if err != nil {
				t.Fatal(err)
			}
			got, err := arrowbridge.Open(rec, arrowbridge.Options{Nulls: nulls})
			if err != nil {
				t.Errorf("%v: %v", typ, err)
				continue
			}
			if a, b := rows(t, got), rows(t, want); !slices.Equal(a, b) {
				t.Errorf("%v, nulls %d:\n%q, package feather has\n%q", typ, nulls, a, b)
			}
		}
		if _, err := arrowbridge.Open(rec, arrowbridge.Options{Nulls: format.NullError}); !errors.Is(err, loader.ErrSpec) {
			t.Errorf("%v: error %v", typ, err)
		}
	}
}

// TestNullsBetween reads lists with nulls that no row has: they lie outside of a slice,
// or beneath a row that is null.
func TestNullsBetween(t *testing.T) {
	for _, test := range []struct {
		typ        arrow.DataType
		rows, want string
	}{
		{arrow.ListOf(arrow.PrimitiveTypes.Int8), `[{"x":[1,null,2]},{"x":[3,4]},{"x":[5,null]}]`, "[3 4]"},
		{arrow.LargeListOf(arrow.BinaryTypes.String), `[{"x":["1",null]},{"x":["3","4"]},{"x":["5",null]}]`, "[51 52]"},
		{arrow.ListOf(arrow.FixedSizeListOf(1, arrow.PrimitiveTypes.Int8)), `[{"x":[[1],[null]]},{"x":[[3],[4]]},{"x":[[5],null]}]`, "[3 4]"},
	} {
		rec := record(t, test.typ, test.rows)
		src, err := arrowbridge.Open(rec.NewSlice(1, 2), arrowbridge.Options{})
		if err != nil {
			t.Fatalf("%v: %v", test.typ, err)
		}
		if got := rows(t, src); !strings.HasSuffix(got[0], test.want) {
			t.Errorf("%v: rows are %q, want %s", test.typ, got, test.want)
		}
		if _, err := arrowbridge.Open(rec.NewSlice(1, 3), arrowbridge.Options{}); !errors.Is(err, loader.ErrSpec) {
			t.Errorf("%v: error %v", test.typ, err)
		}
	}
	list := record(t, arrow.ListOf(arrow.PrimitiveTypes.Int8), `[{"x":[1,null]},{"x":[3]}]`).Column(0).Data()
	buffers := []*memory.Buffer{memory.NewBufferBytes([]byte{2}), list.Buffers()[1]} // the first row is null
	x := array.MakeFromData(array.NewData(list.DataType(), 2, buffers, list.Children(), 1, 0))
	schema := arrow.NewSchema([]arrow.Field{{Name: "x", Type: list.DataType(), Nullable: true}}, nil)
	src, err := arrowbridge.Open(array.NewRecord(schema, []arrow.Array{x}, 2), arrowbridge.Options{Nulls: format.NullZero})
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(rows(t, src)); got != "[x int8 (?) (0) [] x int8 (?) (1) [3]]" {
		t.Errorf("rows are %s", got)
	}
}

func TestOpenErrors(t *testing.T) {
	index := &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.BinaryTypes.String}
	damaged := func(typ arrow.DataType, buffers ...[]byte) arrow.Record {
		var bufs []*memory.Buffer
		for _, b := range buffers {
			bufs = append(bufs, memory.NewBufferBytes(b))
		}
		return raw{nil, arrow.NewSchema([]arrow.Field{{Name: "x", Type: typ}}, nil), array.NewData(typ, 3, bufs, nil, 0, 0)}
	}
	for _, test := range []struct {
		name string
		rec  arrow.Record
		want error
		text string
	}{
		{"nulls", record(t, arrow.PrimitiveTypes.Int8, `[{"x":null}]`), loader.ErrSpec, "has nulls"},
		{"nulls within", record(t, arrow.ListOf(arrow.PrimitiveTypes.Int8), `[{"x":[1,null]}]`), loader.ErrSpec, "nulls within its rows"},
		{"struct", record(t, arrow.StructOf(arrow.Field{Name: "y", Type: arrow.PrimitiveTypes.Int8}), `[{"x":{"y":1}}]`), loader.ErrSpec, "not read"},
		{"no bytes", record(t, &arrow.FixedSizeBinaryType{}, `[{"x":""}]`), loader.ErrSpec, "items of [0] elements"},
		{"decimal", record(t, &arrow.Decimal128Type{Precision: 3}, `[{"x":"1"}]`), loader.ErrSpec, "not read"},
		{"dictionary of numbers", record(t, &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.PrimitiveTypes.Int8}, `[{"x":1}]`), loader.ErrSpec, "dictionaries of utf8"},
		{"short numbers", damaged(arrow.PrimitiveTypes.Int32, nil, make([]byte, 11)), loader.ErrCorrupt, "does not hold 3 values"},
		{"short bools", damaged(arrow.FixedWidthTypes.Boolean, nil, nil), loader.ErrCorrupt, "does not hold"},
		{"short offsets", damaged(arrow.BinaryTypes.String, nil, make([]byte, 15), nil), loader.ErrCorrupt, "does not hold 4 values"},
		{"wild offsets", damaged(arrow.BinaryTypes.String, nil, []byte{0, 0, 0, 0, 9, 0, 0, 0, 1, 0, 0, 0, 9, 0, 0, 0}, make([]byte, 9)), loader.ErrCorrupt, "row 1 is from item 9 to 1 of 9"},
		{"nulls among texts", record(t, arrow.ListOf(arrow.BinaryTypes.String), `[{"x":["a",null]}]`), loader.ErrSpec, "nulls within its rows"},
		{"a view of nothing", damaged(arrow.BinaryTypes.StringView, nil, slices.Concat([]byte{13}, make([]byte, 47))), loader.ErrCorrupt, "row 0 is at 0 of buffer 0, which is not there"},
		{"a negative view", damaged(arrow.BinaryTypes.StringView, nil, slices.Concat([]byte{0, 0, 0, 0x80}, make([]byte, 44))), loader.ErrCorrupt, "which is not there"},
		{"no dictionary", damaged(index, nil, make([]byte, 3)), loader.ErrCorrupt, "no dictionary"},
	} {
		src, err := arrowbridge.Open(test.rec, arrowbridge.Options{Nulls: format.NullError})
		if !errors.Is(err, test.want) || !strings.Contains(err.Error(), test.text) || src != nil {
			t.Errorf("%s: error %v, want %q", test.name, err, test.text)
		}
	}
	lying := record(t, arrow.PrimitiveTypes.Int8, `[{"x":null}]`).Column(0).Data()
	never := raw{nil, arrow.NewSchema([]arrow.Field{{Name: "x", Type: arrow.PrimitiveTypes.Int8}}, nil), lying}
	if _, err := arrowbridge.Open(never, arrowbridge.Options{}); !errors.Is(err, loader.ErrCorrupt) {
		t.Errorf("nulls where there can be none: error %v", err)
	}
	bad := record(t, index, `[{"x":"a"},{"x":"b"}]`)
	bad.Column(0).Data().Buffers()[1].Bytes()[1] = 2
	if _, err := arrowbridge.Open(bad, arrowbridge.Options{}); !errors.Is(err, loader.ErrCorrupt) || !strings.Contains(err.Error(), "index of row 1 is out of range") {
		t.Errorf("error %v", err)
	}
}

// TestDictionaryValues reads dictionaries in which a value is null, or stands twice.
func TestDictionaryValues(t *testing.T) {
	typ := &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.BinaryTypes.String}
	open := func(values string) (*arrowbridge.Source, error) {
		dict := record(t, arrow.BinaryTypes.String, values).Column(0)
		index := record(t, arrow.PrimitiveTypes.Int8, `[{"x":2},{"x":0},{"x":1}]`).Column(0)
		x := array.NewDictionaryArray(typ, index, dict)
		return arrowbridge.Open(array.NewRecord(arrow.NewSchema([]arrow.Field{{Name: "x", Type: typ}}, nil), []arrow.Array{x}, 3), arrowbridge.Options{})
	}
	if _, err := open(`[{"x":"a"},{"x":null},{"x":"b"}]`); !errors.Is(err, loader.ErrSpec) || !strings.Contains(err.Error(), "dictionary is null") {
		t.Errorf("error %v", err)
	}
	src, err := open(`[{"x":"a"},{"x":"b"},{"x":"a"}]`)
	if err != nil {
		t.Fatal(err)
	}
	f, list := src.Spec()[0], []int32(nil)
	for b := range batches(t, src, 7) {
		list = append(list, loader.View[int32](b.Tensor("x"))...)
	}
	if !slices.Equal(f.Names, []string{"a", "b"}) || !slices.Equal(list, []int32{0, 0, 1}) {
		t.Errorf("names %q, labels %v", f.Names, list)
	}
}

// raw is a record that Arrow itself would not make.
type raw struct {
	arrow.Record
	schema *arrow.Schema
	data   arrow.ArrayData
}

func (r raw) Schema() *arrow.Schema  { return r.schema }
func (r raw) Columns() []arrow.Array { return []arrow.Array{rawArray{data: r.data}} }

type rawArray struct {
	arrow.Array
	data arrow.ArrayData
}

func (a rawArray) Data() arrow.ArrayData    { return a.data }
func (a rawArray) DataType() arrow.DataType { return a.data.DataType() }
