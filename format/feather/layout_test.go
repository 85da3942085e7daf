package feather

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/endian"

	"github.com/stokerdata/stoker/format/internal/arrowschema"
	"github.com/stokerdata/stoker/format/internal/flat"
	"github.com/stokerdata/stoker/format/internal/flat/flattest"
	"github.com/stokerdata/stoker/loader"
)

// TestLay counts the nodes and buffers of types that are stepped over, by the
// tables of the format ("Arrow Columnar Format", buffer listing for each layout).
func TestLay(t *testing.T) {
	children := []arrowschema.Field{{Type: arrowschema.Int, Size: 32}, {Type: arrowschema.Utf8}}
	for _, test := range []struct {
		f    arrowschema.Field
		want place
	}{
		{arrowschema.Field{Type: arrowschema.Null}, place{1, 0, 0, 0}},
		{arrowschema.Field{Type: arrowschema.Decimal}, place{1, 2, 0, 0}},
		{arrowschema.Field{Type: arrowschema.Struct, Children: children}, place{3, 6, 0, 0}},
		{arrowschema.Field{Type: arrowschema.Union, Children: children}, place{3, 6, 0, 1}},
		{arrowschema.Field{Type: arrowschema.Union, Children: children, Dense: true}, place{3, 7, 0, 1}},
		{arrowschema.Field{Type: arrowschema.RunEndEncoded, Children: children}, place{3, 5, 0, 1}},
		{arrowschema.Field{Type: arrowschema.Utf8View}, place{1, 2, 1, 0}},
		{arrowschema.Field{Type: arrowschema.ListView, Children: children[:1]}, place{2, 5, 0, 0}},
		{arrowschema.Field{Type: arrowschema.Map, Children: []arrowschema.Field{{Type: arrowschema.Struct, Children: children}}}, place{4, 8, 0, 0}},
		{arrowschema.Field{Type: arrowschema.Utf8, Dict: &arrowschema.Dictionary{}}, place{1, 2, 0, 0}},
	} {
		var got place
		if _, err := lay(&test.f, &got); err != nil || got != test.want {
			t.Errorf("%v, dense %v: %+v, %v, want %+v", test.f.Type, test.f.Dense, got, err, test.want)
		}
	}
}

// TestUnknownType refuses a type of a later Arrow, as nobody knows where the columns
// behind it lie.
func TestUnknownType(t *testing.T) {
	f := arrowschema.Field{Type: arrowschema.Struct, Children: []arrowschema.Field{{Name: "new", Type: 99}}}
	if _, err := lay(&f, new(place)); !errors.Is(err, loader.ErrSpec) || !strings.Contains(err.Error(), `"new"`) {
		t.Errorf("error %v", err)
	}
}

// TestBigEndian refuses values in the other order.
func TestBigEndian(t *testing.T) {
	fields := []arrow.Field{{Name: "n", Type: arrow.PrimitiveTypes.Int32}}
	b := ipcStream(t, arrow.NewSchemaWithEndian(fields, nil, endian.BigEndian), nil)
	if _, err := Open(save(t, "a.arrows", b), Options{}); !errors.Is(err, loader.ErrSpec) || !strings.Contains(err.Error(), "a.arrows: values are big-endian") {
		t.Errorf("error %v", err)
	}
}

// fileOfStream returns the messages of a stream as a file.
func fileOfStream(t *testing.T, stream []byte) []byte {
	t.Helper()
	file := append([]byte(magic+"\x00\x00"), stream...)
	var schema []byte // metadata of the schema message
	blocks := map[int8][]byte{}
	for at := 8; ; {
		n := int(binary.LittleEndian.Uint32(file[at+4:]))
		if n == 0 {
			break
		}
		meta := file[at+8:][:n]
		message := flat.New(meta).Root()
		kind, body := message.Int8(1, 0), message.Int64(3)
		if kind == 1 {
			schema = meta
		}
		b := binary.LittleEndian.AppendUint64(blocks[kind], uint64(at))
		b = binary.LittleEndian.AppendUint64(b, uint64(8+n))
		blocks[kind] = binary.LittleEndian.AppendUint64(b, uint64(body))
		at += 8 + n + int(body)
	}
	f := &flattest.Builder{}
	f.U32(0)
	footer := f.Table(4)
	f.Point(0, footer)
	f.Bytes[footer+4] = version5
	for i, kind := range []int8{headerDictionary, headerBatch} {
		f.Point(footer+4+4*(2+i), f.Pos())
		f.U32(len(blocks[kind]) / 24)
		f.Bytes = append(f.Bytes, blocks[kind]...)
	}
	at := f.Pos()
	f.Bytes = append(f.Bytes, schema...)
	f.Point(footer+4+4, at+schemaTable(schema))
	file = append(file, f.Bytes...)
	return append(binary.LittleEndian.AppendUint32(file, uint32(len(f.Bytes))), magic...)
}

// schemaTable returns where the table of a schema lies in the metadata of its
// message: field 2 of the root.
func schemaTable(meta []byte) int {
	u32 := func(at int) int { return int(int32(binary.LittleEndian.Uint32(meta[at:]))) }
	root := u32(0)
	vtable := root - u32(root)
	at := root + int(binary.LittleEndian.Uint16(meta[vtable+4+2*2:]))
	return at + u32(at)
}

// TestSharedVtable reads a schema in which two tables of different size share a
// vtable, as the Go library for FlatBuffers lays them out.
func TestSharedVtable(t *testing.T) {
	meta := arrow.NewMetadata([]string{"key"}, []string{"value"})
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "n", Type: arrow.PrimitiveTypes.Int32, Metadata: meta},
		{Name: "label", Type: &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.BinaryTypes.String}},
		{Name: "m", Type: arrow.PrimitiveTypes.Int32, Metadata: meta},
		{Name: "other", Type: &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.BinaryTypes.String}},
	}, nil)
	path := save(t, "a.arrow", ipcFile(t, schema, records(grower{rand.New(rand.NewPCG(1, 2)), 0}, schema, 3)))
	src := mustOpen(t, path, Options{})
	if got := fmt.Sprint(src.Spec()); got != "[n int32 (); label int32 () label; m int32 (); other int32 () label]" {
		t.Errorf("fields are %s", got)
	}
}
