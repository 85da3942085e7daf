package feather

import (
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"github.com/stokerdata/stoker/format"
)

// flatBuilder lays out FlatBuffers by hand, front to back, so that tests can
// make wrong ones: offsets are what the test says.
type flatBuilder struct{ b []byte }

func (f *flatBuilder) pos() int { return len(f.b) }

func (f *flatBuilder) u16(x ...int) {
	for _, x := range x {
		f.b = binary.LittleEndian.AppendUint16(f.b, uint16(x))
	}
}

func (f *flatBuilder) u32(x ...int) {
	for _, x := range x {
		f.b = binary.LittleEndian.AppendUint32(f.b, uint32(x))
	}
}

// point makes the offset at pos refer to to.
func (f *flatBuilder) point(pos, to int) { binary.LittleEndian.PutUint32(f.b[pos:], uint32(to-pos)) }

// table appends a table with n fields of 4 bytes each, all zero, and returns
// its position: field i is at 4+4*i behind it. Fields that skip names are absent.
func (f *flatBuilder) table(n int, skip ...int) int {
	vtable := f.pos()
	f.u16(4+2*n, 4+4*n)
	for i := range n {
		off := 4 + 4*i
		for _, s := range skip {
			if s == i {
				off = 0
			}
		}
		f.u16(off)
	}
	if n%2 == 1 {
		f.u16(0)
	}
	pos := f.pos()
	f.u32(pos - vtable)
	f.u32(make([]int, n)...)
	return pos
}

// vector appends a vector of n offsets and returns its position.
func (f *flatBuilder) vector(n int) int {
	pos := f.pos()
	f.u32(n)
	f.u32(make([]int, n)...)
	return pos
}

// structTable appends a Field table of a struct without children and returns
// its position and that of the offset of its children.
func (f *flatBuilder) structTable() (pos, kids int) {
	pos = f.table(6, 0, 3, 4) // no name, parameters of the type, dictionary
	f.b[pos+4+4*2] = byte(typeStruct)
	return pos, pos + 4 + 4*5
}

// readHostile reads b as a Schema table.
func readHostile(b []byte) error {
	fb := newFlat(b)
	_, err := readSchema(fb.root(), version5, format.Limits{}.WithDefaults())
	return err
}

func TestCyclicSchema(t *testing.T) {
	f := &flatBuilder{}
	f.u32(0)
	schema := f.table(2, 0)
	f.point(0, schema)
	fields := f.vector(1)
	f.point(schema+8, fields)
	field, kids := f.structTable()
	f.point(fields+4, field)
	f.point(kids, fields) // an offset that wraps around
	if err := readHostile(f.b); !errors.Is(err, errFlat) {
		t.Errorf("schema that contains itself: error %v", err)
	}
}

// TestSharedSchema lets each of 40 structs have the same next one as child
// 64 times: 64^40 fields.
func TestSharedSchema(t *testing.T) {
	f := &flatBuilder{}
	f.u32(0)
	schema := f.table(2, 0)
	f.point(0, schema)
	at := schema + 8
	for range 40 {
		kids := f.vector(64)
		f.point(at, kids)
		field, next := f.structTable()
		for i := range 64 {
			f.point(kids+4+4*i, field)
		}
		at = next
	}
	f.point(at, f.vector(0))
	if err := readHostile(f.b); err == nil || !strings.Contains(err.Error(), "schema has more than") && !strings.Contains(err.Error(), "refers to itself") {
		t.Errorf("64^40 fields: error %v", err)
	}
}

// TestSharedMetadata lets 1,000 fields have the same 1,000 pieces of metadata.
func TestSharedMetadata(t *testing.T) {
	const n = 1000
	f := &flatBuilder{}
	f.u32(0)
	schema := f.table(2, 0)
	f.point(0, schema)
	fields := f.vector(n)
	f.point(schema+8, fields)
	var shared []int
	for i := range n {
		pos := f.table(7, 0, 3, 4, 5)
		f.b[pos+4+4*2] = byte(typeStruct)
		f.point(fields+4+4*i, pos)
		shared = append(shared, pos+4+4*6)
	}
	pairs := f.vector(n)
	pair := f.table(2, 0, 1)
	for i := range n {
		f.point(shared[i], pairs)
		f.point(pairs+4+4*i, pair)
	}
	if err := readHostile(f.b); err == nil || !strings.Contains(err.Error(), "refers to itself") {
		t.Errorf("a million pieces of metadata: error %v", err)
	}
}

func TestDeepSchema(t *testing.T) {
	for _, depth := range []int{60, 70} {
		f := &flatBuilder{}
		f.u32(0)
		schema := f.table(2, 0)
		f.point(0, schema)
		at := schema + 8
		for range depth {
			kids := f.vector(1)
			f.point(at, kids)
			field, next := f.structTable()
			f.point(kids+4, field)
			at = next
		}
		f.point(at, f.vector(0))
		err := readHostile(f.b)
		if deep := err != nil && strings.Contains(err.Error(), "nested more than 64 deep"); deep != (depth > 64) {
			t.Errorf("depth %d: error %v", depth, err)
		}
	}
}

func TestFlatBounds(t *testing.T) {
	for name, b := range map[string][]byte{
		"nothing":             {},
		"root behind the end": {200, 0, 0, 0},
		"vtable before front": {4, 0, 0, 0, 0xff, 0, 0, 0},
		"vtable behind end":   {4, 0, 0, 0, 0x80, 0xff, 0xff, 0xff},
		"vtable too short":    {8, 0, 0, 0, 2, 0, 8, 0, 4, 0, 0, 0},
	} {
		fb := newFlat(b)
		if fb.root(); !errors.Is(fb.err, errFlat) {
			t.Errorf("%s: error %v", name, fb.err)
		}
	}
}

// TestLay counts the nodes and buffers of types that are stepped over, by the
// tables of the format ("Arrow Columnar Format", buffer listing for each layout).
func TestLay(t *testing.T) {
	children := []node{{typ: typeInt, size: 32}, {typ: typeUtf8}}
	for _, test := range []struct {
		n       node
		version int16
		want    place
	}{
		{node{typ: typeNull}, version5, place{1, 0, 0}},
		{node{typ: typeDecimal}, version5, place{1, 2, 0}},
		{node{typ: typeStruct, children: children}, version5, place{3, 6, 0}},
		{node{typ: typeUnion, children: children}, version5, place{3, 6, 0}},
		{node{typ: typeUnion, children: children, dense: true}, version5, place{3, 7, 0}},
		{node{typ: typeUnion, children: children}, version4, place{3, 7, 0}},
		{node{typ: typeUnion, children: children, dense: true}, version4, place{3, 8, 0}},
		{node{typ: typeRunEndEncoded, children: children}, version5, place{3, 5, 0}},
		{node{typ: typeUtf8View}, version5, place{1, 2, 1}},
		{node{typ: typeListView, children: children[:1]}, version5, place{2, 5, 0}},
		{node{typ: typeMap, children: []node{{typ: typeStruct, children: children}}}, version5, place{4, 8, 0}},
		{node{typ: typeUtf8, dict: &encoding{}}, version5, place{1, 2, 0}},
	} {
		var got place
		if test.n.lay(&got, test.version); got != test.want {
			t.Errorf("%v, dense %v, V%d: %+v, want %+v", test.n.typ, test.n.dense, test.version+1, got, test.want)
		}
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
		message := newFlat(meta).root()
		kind, body := message.int8(1, 0), message.int64(3)
		if kind == 1 {
			schema = meta
		}
		b := binary.LittleEndian.AppendUint64(blocks[kind], uint64(at))
		b = binary.LittleEndian.AppendUint64(b, uint64(8+n))
		blocks[kind] = binary.LittleEndian.AppendUint64(b, uint64(body))
		at += 8 + n + int(body)
	}
	f := &flatBuilder{}
	f.u32(0)
	footer := f.table(4)
	f.point(0, footer)
	f.b[footer+4] = version5
	for i, kind := range []int8{headerDictionary, headerBatch} {
		f.point(footer+4+4*(2+i), f.pos())
		f.u32(len(blocks[kind]) / 24)
		f.b = append(f.b, blocks[kind]...)
	}
	at := f.pos()
	f.b = append(f.b, schema...)
	table, ok := newFlat(schema).root().child(2)
	if !ok {
		t.Fatal("no schema")
	}
	f.point(footer+4+4, at+table.pos)
	file = append(file, f.b...)
	return append(binary.LittleEndian.AppendUint32(file, uint32(len(f.b))), magic...)
}
