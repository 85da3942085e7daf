package feather

import (
	"errors"
	"fmt"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/loader"
)

// arrowType numbers the types as the union Type of Arrow's Schema.fbs does.
type arrowType uint8

const (
	typeNull            arrowType = 1
	typeInt             arrowType = 2
	typeFloat           arrowType = 3
	typeBinary          arrowType = 4
	typeUtf8            arrowType = 5
	typeBool            arrowType = 6
	typeDecimal         arrowType = 7
	typeDate            arrowType = 8
	typeTime            arrowType = 9
	typeTimestamp       arrowType = 10
	typeInterval        arrowType = 11
	typeList            arrowType = 12
	typeStruct          arrowType = 13
	typeUnion           arrowType = 14
	typeFixedSizeBinary arrowType = 15
	typeFixedSizeList   arrowType = 16
	typeMap             arrowType = 17
	typeDuration        arrowType = 18
	typeLargeBinary     arrowType = 19
	typeLargeUtf8       arrowType = 20
	typeLargeList       arrowType = 21
	typeRunEndEncoded   arrowType = 22
	typeBinaryView      arrowType = 23
	typeUtf8View        arrowType = 24
	typeListView        arrowType = 25
	typeLargeListView   arrowType = 26
)

// layouts tells, by type, what a column has in a record batch.
var layouts = [...]struct {
	name     string
	buffers  int // validity bitmap included
	children int // -1: any number
}{
	typeNull: {"null", 0, 0}, typeInt: {"int", 2, 0}, typeFloat: {"float", 2, 0}, typeBinary: {"binary", 3, 0},
	typeUtf8: {"utf8", 3, 0}, typeBool: {"bool", 2, 0}, typeDecimal: {"decimal", 2, 0}, typeDate: {"date", 2, 0},
	typeTime: {"time", 2, 0}, typeTimestamp: {"timestamp", 2, 0}, typeInterval: {"interval", 2, 0},
	typeList: {"list", 2, 1}, typeStruct: {"struct", 1, -1}, typeUnion: {"union", 1, -1},
	typeFixedSizeBinary: {"fixed_size_binary", 2, 0}, typeFixedSizeList: {"fixed_size_list", 1, 1}, typeMap: {"map", 2, 1},
	typeDuration: {"duration", 2, 0}, typeLargeBinary: {"large_binary", 3, 0}, typeLargeUtf8: {"large_utf8", 3, 0},
	typeLargeList: {"large_list", 2, 1}, typeRunEndEncoded: {"run_end_encoded", 0, 2}, typeBinaryView: {"binary_view", 2, 0},
	typeUtf8View: {"utf8_view", 2, 0}, typeListView: {"list_view", 3, 1}, typeLargeListView: {"large_list_view", 3, 1},
}

func (t arrowType) String() string {
	if int(t) < len(layouts) && layouts[t].name != "" {
		return layouts[t].name
	}
	return fmt.Sprintf("type %d", uint8(t))
}

// Versions of the metadata (MetadataVersion of Schema.fbs).
const (
	version4 = 3 // Arrow 0.8 to 0.17: unions have a validity bitmap
	version5 = 4
)

// maxName bounds the path of a column, as paths of nested fields repeat names.
const maxName = 4096

// node is a field of an Arrow schema.
type node struct {
	name     string
	typ      arrowType
	nullable bool
	signed   bool
	size     int // bits of numbers and times, bytes of a fixed_size_binary or decimal, items of a fixed_size_list
	dense    bool
	dict     *encoding
	children []node
	// Extension type, as custom metadata tells it.
	extension, extensionData string

	place
}

// place says where in a record batch a field begins: the number of its node and
// of its first buffer, to which the variadic buffers of the views before it add.
type place struct{ node, buffer, views int }

// encoding says that a field holds indexes into a dictionary.
type encoding struct {
	id     int64
	size   int // bits of an index
	signed bool
}

// schema is an Arrow schema and the layout of its record batches.
type schema struct {
	fields []node
	spec   string // custom metadata format.SpecKey
	total  place  // nodes, buffers and views of a record batch
}

// readSchema reads a Schema table.
func readSchema(t table, version int16, lim format.Limits) (*schema, error) {
	if t.int16(0, 0) != 0 {
		return nil, fmt.Errorf("values are big-endian: %w", loader.ErrSpec)
	}
	r := schemaReader{lim: lim}
	s := &schema{fields: r.nodes(t, 1, 0)}
	metadata(t, 2, func(key, value string) {
		if key == format.SpecKey {
			s.spec = value
		}
	})
	if t.f.err != nil {
		return nil, t.f.err
	}
	for i := range s.fields {
		s.fields[i].lay(&s.total, version)
	}
	return s, nil
}

// metadata calls use for the KeyValue pairs of field i of t, in order.
func metadata(t table, i int, use func(key, value string)) {
	pos, n := t.vector(i, 4)
	for k := 0; k < n && t.f.err == nil; k++ {
		kv := t.f.table(t.f.follow(pos + 4*k))
		use(kv.string(0), kv.string(1))
	}
}

type schemaReader struct {
	lim   format.Limits
	count int
}

// nodes reads the vector of Field tables in field i of t.
func (r *schemaReader) nodes(t table, i, depth int) []node {
	pos, n := t.vector(i, 4)
	r.count += n
	switch {
	case r.count > r.lim.Columns:
		t.f.fail(fmt.Errorf("schema has more than %d fields", r.lim.Columns))
	case n > 0 && depth >= r.lim.Depth:
		t.f.fail(fmt.Errorf("schema is nested more than %d deep", r.lim.Depth))
	}
	if n == 0 || t.f.err != nil {
		return nil
	}
	nodes := make([]node, n)
	for k := range nodes {
		r.node(&nodes[k], t.f.table(t.f.follow(pos+4*k)), depth)
	}
	return nodes
}

// node reads a Field table.
func (r *schemaReader) node(n *node, t table, depth int) {
	n.name, n.nullable, n.typ = t.string(0), t.bool(1), arrowType(t.int8(2, 0))
	typ, _ := t.child(3)
	n.setType(typ)
	if d, ok := t.child(4); ok {
		n.dict = &encoding{id: d.int64(0), size: 32, signed: true}
		if index, ok := d.child(1); ok {
			n.dict.size, n.dict.signed = int(index.int32(0, 0)), index.bool(1)
		}
		if !validBits(n.dict.size) {
			t.f.fail(fmt.Errorf("column %q: dictionary indexes of %d bits", n.name, n.dict.size))
		}
	}
	n.children = r.nodes(t, 5, depth+1)
	if want := layouts[n.typ].children; want >= 0 && len(n.children) != want {
		t.f.fail(fmt.Errorf("column %q: %v with %d children", n.name, n.typ, len(n.children)))
	}
	metadata(t, 6, func(key, value string) {
		switch key {
		case "ARROW:extension:name":
			n.extension = value
		case "ARROW:extension:metadata":
			n.extensionData = value
		}
	})
	if len(n.name) > maxName {
		t.f.fail(errors.New("schema has a name of more than 4096 bytes"))
	}
}

func validBits(n int) bool { return n == 8 || n == 16 || n == 32 || n == 64 }

// setType reads the parameters of the type.
func (n *node) setType(t table) {
	switch n.typ {
	case typeInt:
		n.size, n.signed = int(t.int32(0, 0)), t.bool(1)
	case typeFloat:
		n.size = 16 << min(uint16(t.int16(0, 0)), 3) // HALF, SINGLE, DOUBLE
	case typeDate:
		n.size = 32 << (uint16(t.int16(0, 1)) & 1) // DAY, MILLISECOND
	case typeTime:
		n.size = int(t.int32(1, 32))
	case typeTimestamp, typeDuration:
		n.size = 64
	case typeDecimal:
		n.size = int(t.int32(2, 128)) / 8
	case typeUnion:
		n.dense = t.int16(0, 0) == 1
	case typeFixedSizeBinary, typeFixedSizeList:
		n.size = int(t.int32(0, 0))
	}
	bad := int(n.typ) >= len(layouts) || layouts[n.typ].name == ""
	switch n.typ {
	case typeInt, typeTime:
		bad = !validBits(n.size)
	case typeFloat:
		bad = n.size > 64
	case typeDecimal:
		bad = n.size != 4 && n.size != 8 && n.size != 16 && n.size != 32
	case typeFixedSizeBinary, typeFixedSizeList:
		bad = n.size < 0
	}
	if bad {
		t.f.fail(fmt.Errorf("column %q: impossible %v of size %d", n.name, n.typ, n.size))
		n.typ = typeNull
	}
}

// lay notes where n lies in a record batch and moves p behind it.
func (n *node) lay(p *place, version int16) {
	n.place = *p
	p.node++
	if n.dict != nil {
		p.buffer += 2
		return
	}
	p.buffer += layouts[n.typ].buffers
	switch n.typ {
	case typeUnion:
		if n.dense {
			p.buffer++
		}
		if version <= version4 {
			p.buffer++
		}
	case typeBinaryView, typeUtf8View:
		p.views++
	}
	for i := range n.children {
		n.children[i].lay(p, version)
	}
}
