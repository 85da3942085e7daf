package feather

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/kind"
)

// TestListsOfTexts reads nested lists, nulls among the texts, and nulls that have
// bytes, as computed columns of Arrow do.
func TestListsOfTexts(t *testing.T) {
	pairs := arrow.ListOf(arrow.FixedSizeListOf(2, arrow.BinaryTypes.Binary))
	src := mustOpen(t, folder(t, fromJSON(t, one("x", pairs, true), `[{"x":[["YQ==","YmI="],["","Yw=="]]},{"x":null},{"x":[]},{"x":[["ZGQ=","ZQ=="]]}]`)), Options{})
	equal(t, texts(t, src, "x"), "(4) [97 98 98 99]", "(0) []", "(0) []", "(3) [100 100 101]")
	equal(t, texts(t, src, "x.lengths"), "(2, 2) [1 2 0 1]", "(0, 2) []", "(0, 2) []", "(1, 2) [2 1]")
	equal(t, texts(t, src, "x.valid"), "() [1]", "() [0]", "() [1]", "() [1]")

	for _, typ := range []arrow.DataType{arrow.ListOf(arrow.BinaryTypes.String), arrow.ListOf(arrow.BinaryTypes.StringView), arrow.LargeListOf(arrow.BinaryTypes.LargeString)} {
		path := folder(t, fromJSON(t, one("x", typ, true), `[{"x":["a",null,"a text of some length"]},{"x":[null]},{"x":["b"]}]`))
		if _, err := readBlock(t, mustOpen(t, path, Options{}), 0); !errors.Is(err, loader.ErrSpec) || !strings.Contains(err.Error(), `column "x": row 0 has a null within its value`) {
			t.Errorf("%v: %v", typ, err)
		}
		src := mustOpen(t, path, Options{Nulls: format.NullZero, Fields: map[string]loader.Field{"x": {Kind: kind.EncodedAudio, Rate: 8}}})
		if got := fmt.Sprint(src.Spec(), src.Spec()[0].Rate); got != "[x uint8 (?) encoded audio; x.lengths int32 (?) lengths] 8" {
			t.Errorf("spec is %s", got)
		}
		equal(t, texts(t, src, "x")[1:], "(0) []", "(1) [98]")
		equal(t, texts(t, src, "x.lengths"), "(3) [1 0 21]", "(1) [0]", "(1) [1]")
	}

	item := arrow.Field{Name: "item", Type: arrow.BinaryTypes.String, Nullable: true}
	values := array.NewData(item.Type, 3, []*memory.Buffer{memory.NewBufferBytes([]byte{0b101}), memory.NewBufferBytes(arrow.Int32Traits.CastToBytes([]int32{0, 1, 3, 4})), memory.NewBufferBytes([]byte("abbc"))}, nil, 1, 0)
	list := array.NewData(arrow.ListOfField(item), 2, []*memory.Buffer{nil, memory.NewBufferBytes(arrow.Int32Traits.CastToBytes([]int32{0, 2, 3}))}, []arrow.ArrayData{values}, 0, 0)
	rec := array.NewRecord(one("x", arrow.ListOfField(item), false), []arrow.Array{array.MakeFromData(list)}, 2)
	src = mustOpen(t, folder(t, rec), Options{Nulls: format.NullZero})
	equal(t, texts(t, src, "x"), "(1) [97]", "(1) [99]")
	equal(t, texts(t, src, "x.lengths"), "(2) [1 0]", "(1) [1]")
}

// TestListsOfLabels reads lists of dictionaries.
func TestListsOfLabels(t *testing.T) {
	dict := func(indexes []int8, valid []bool) arrow.Array {
		b := array.NewInt8Builder(memory.DefaultAllocator)
		b.AppendValues(indexes, valid)
		names := array.NewStringBuilder(memory.DefaultAllocator)
		names.AppendValues([]string{"p", "q", "r"}, nil)
		return array.NewDictionaryArray(&arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.BinaryTypes.String}, b.NewArray(), names.NewArray())
	}
	record := func(indexes []int8, valid []bool) arrow.Record {
		values := dict(indexes, valid)
		typ := arrow.ListOf(values.DataType())
		list := array.NewData(typ, 3, []*memory.Buffer{nil, memory.NewBufferBytes(arrow.Int32Traits.CastToBytes([]int32{0, 2, 2, 5}))}, []arrow.ArrayData{values.Data()}, 0, 0)
		fixed := arrow.FixedSizeListOf(1, values.DataType())
		pair := array.NewData(fixed, 3, []*memory.Buffer{nil}, []arrow.ArrayData{dict(indexes[:3], nil).Data()}, 0, 0)
		schema := arrow.NewSchema([]arrow.Field{{Name: "x", Type: typ}, {Name: "y", Type: fixed}}, nil)
		return array.NewRecord(schema, []arrow.Array{array.MakeFromData(list), array.MakeFromData(pair)}, 3)
	}
	src := mustOpen(t, folder(t, record([]int8{2, 0, 1, 1, 2}, nil)), Options{})
	if got := fmt.Sprint(src.Spec(), src.Spec()[0].Names); got != "[x int32 (?) label; y int32 (1) label] [p q r]" {
		t.Errorf("spec is %s", got)
	}
	src.Spec()[0].Names, src.Spec()[1].Names = nil, nil
	equal(t, texts(t, src, "x"), "(2) [2 0]", "(0) []", "(3) [1 1 2]")
	equal(t, texts(t, src, "y"), "(1) [2]", "(1) [0]", "(1) [1]")

	nulls := folder(t, record([]int8{2, 99, 1, 1, 2}, []bool{true, false, true, true, true}))
	if _, err := readBlock(t, mustOpen(t, nulls, Options{Columns: []string{"x"}}), 0); !errors.Is(err, loader.ErrSpec) || !strings.Contains(err.Error(), "null within") {
		t.Errorf("a null in a list of labels: %v", err)
	}
	src = mustOpen(t, nulls, Options{Columns: []string{"x"}, Nulls: format.NullZero})
	src.Spec()[0].Names = nil
	equal(t, texts(t, src, "x"), "(2) [2 0]", "(0) []", "(3) [1 1 2]")
	wrong := mustOpen(t, folder(t, record([]int8{2, 0, 3, 1, 2}, nil)), Options{})
	if _, err := readBlock(t, wrong, 0); !errors.Is(err, loader.ErrCorrupt) || !strings.Contains(err.Error(), "dictionary index 2 is out of range") {
		t.Errorf("an index out of range: %v", err)
	}
}

// TestNullListsOfAnything reads lists of fixed length of which one is null, and stands
// above indexes and views that are none.
func TestNullListsOfAnything(t *testing.T) {
	record := func(typ arrow.DataType, items *array.Data) arrow.Record {
		list := arrow.FixedSizeListOfNonNullable(1, typ)
		data := array.NewData(list, 3, []*memory.Buffer{memory.NewBufferBytes([]byte{0b101})}, []arrow.ArrayData{items}, 1, 0)
		return array.NewRecord(one("x", list, true), []arrow.Array{array.MakeFromData(data)}, 3)
	}
	views := make([]byte, 3*viewBytes)
	views[0], views[4], views[2*viewBytes], views[2*viewBytes+4] = 1, 'a', 1, 'b'
	binary.LittleEndian.PutUint64(views[viewBytes:], 1<<30)
	src := mustOpen(t, folder(t, record(arrow.BinaryTypes.StringView, array.NewData(arrow.BinaryTypes.StringView, 3, []*memory.Buffer{nil, memory.NewBufferBytes(views)}, nil, 0, 0))), Options{})
	equal(t, texts(t, src, "x"), "(1) [97]", "(0) []", "(1) [98]")
	equal(t, texts(t, src, "x.lengths"), "(1) [1]", "(1) [0]", "(1) [1]")

	names := array.NewStringBuilder(memory.DefaultAllocator)
	names.AppendValues([]string{"p", "q"}, nil)
	typ := &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.BinaryTypes.String}
	items := array.NewDataWithDictionary(typ, 3, []*memory.Buffer{nil, memory.NewBufferBytes([]byte{1, 99, 0})}, 0, 0, names.NewArray().Data().(*array.Data))
	src = mustOpen(t, folder(t, record(typ, items)), Options{Columns: []string{"x"}})
	src.Spec()[0].Names = nil
	equal(t, texts(t, src, "x"), "(1) [1]", "(1) [0]", "(1) [0]")
}

// TestDamagedTexts has offsets of texts that lie, and lists above the limits.
func TestDamagedTexts(t *testing.T) {
	schema := one("x", arrow.ListOf(arrow.BinaryTypes.String), false)
	b := ipcFile(t, schema, []arrow.Record{fromJSON(t, schema, `[{"x":["aaa","bb"]},{"x":["cccccc"]}]`)})
	offsets := arrow.Int32Traits.CastToBytes([]int32{0, 3, 5, 11})
	at := bytes.Index(b, offsets)
	if at < 0 {
		t.Fatal("no offsets")
	}
	for name, c := range map[string]struct {
		starts []int32
		most   int64
		words  string
	}{
		"falls":      {[]int32{0, 3, 2, 11}, 0, "text 1 is from byte 3 to 2 of"},
		"beyond":     {[]int32{0, 3, 5, 1 << 30}, 0, "text 2 is from byte 5"},
		"negative":   {[]int32{-1, 3, 5, 11}, 0, "text 0 is from byte -1"},
		"large text": {[]int32{0, 3, 5, 11}, 5, "text 2 is from byte 5 to 11"},
		"large row":  {[]int32{0, 6, 11, 11}, 8, "row 0 has texts of 11 bytes"}, // and 8 of lengths
		"many texts": {[]int32{0, 1, 2, 3}, 7, "row 0 has 2 items"},
	} {
		damaged := bytes.Clone(b)
		copy(damaged[at:], arrow.Int32Traits.CastToBytes(c.starts))
		_, err := readBlock(t, mustOpen(t, save(t, "a.arrow", damaged), Options{Limits: format.Limits{ValueBytes: c.most}}), 0)
		if !errors.Is(err, loader.ErrCorrupt) || !strings.Contains(err.Error(), `a.arrow, record batch 0, column "x": `+c.words) {
			t.Errorf("%s: %v, want an error with %q", name, err, c.words)
		}
	}
}

// TestTextsBomb has many views of one text.
func TestTextsBomb(t *testing.T) {
	const n, size = 5000, 1000
	view := make([]byte, viewBytes)
	binary.LittleEndian.PutUint32(view, size)
	values := array.NewData(arrow.BinaryTypes.StringView, n, []*memory.Buffer{nil, memory.NewBufferBytes(bytes.Repeat(view, n)), memory.NewBufferBytes(bytes.Repeat([]byte{0}, size))}, nil, 0, 0)
	typ := arrow.FixedSizeListOfNonNullable(1, arrow.BinaryTypes.StringView)
	list := array.MakeFromData(array.NewData(typ, n, []*memory.Buffer{nil}, []arrow.ArrayData{values}, 0, 0))
	schema := one("x", typ, false)
	path := save(t, "a.arrow", ipcFile(t, schema, []arrow.Record{array.NewRecord(schema, []arrow.Array{list}, n)}))
	if _, err := readBlock(t, mustOpen(t, path, Options{Limits: format.Limits{BlockBytes: 1 << 20}}), 0); !errors.Is(err, loader.ErrCorrupt) || !strings.Contains(err.Error(), "lists of more than the 1048576 bytes") {
		t.Errorf("lists above Limits.BlockBytes: %v", err)
	}
	rows, err := readBlock(t, mustOpen(t, path, Options{}), 0)
	if err != nil {
		t.Fatal(err)
	}
	rows.Close()
}
