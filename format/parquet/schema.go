package parquet

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/format/internal/arrowschema"
	"github.com/stokerdata/stoker/loader"
)

// physical is parquet.thrift's Type; group stands for an inner node.
type physical int32

const (
	group             physical = -1
	boolean           physical = 0
	int32Type         physical = 1
	int64Type         physical = 2
	int96Type         physical = 3
	floatType         physical = 4
	doubleType        physical = 5
	byteArray         physical = 6
	fixedLenByteArray physical = 7
)

// logical is the annotation of a node, in the numbers of parquet.thrift's
// LogicalType, into which the older ConvertedType is translated.
type logical int16

const (
	noLogical      logical = 0
	stringLogical  logical = 1
	mapLogical     logical = 2
	listLogical    logical = 3
	enumLogical    logical = 4
	decimalLogical logical = 5
	dateLogical    logical = 6
	timeLogical    logical = 7
	stampLogical   logical = 8
	intLogical     logical = 10
	nullLogical    logical = 11
	jsonLogical    logical = 12
	bsonLogical    logical = 13
	uuidLogical    logical = 14
	float16Logical logical = 15
	variantLogical logical = 16
)

var logicalNames = map[logical]string{stringLogical: "STRING", mapLogical: "MAP", listLogical: "LIST", enumLogical: "ENUM",
	decimalLogical: "DECIMAL", dateLogical: "DATE", timeLogical: "TIME", stampLogical: "TIMESTAMP", nullLogical: "NULL",
	jsonLogical: "JSON", bsonLogical: "BSON", uuidLogical: "UUID", float16Logical: "FLOAT16", variantLogical: "VARIANT"}

// A node is parquet.thrift's SchemaElement.
type node struct {
	name     string
	physical physical
	length   int32 // of a FIXED_LEN_BYTE_ARRAY
	repeat   int32 // 0 required, 1 optional, 2 repeated
	children int32
	logical  logical
	bits     int8  // of an INT annotation
	unsigned bool  // likewise
	unit     int32 // of a TIME or TIMESTAMP, as parquet.thrift numbers it; of a DECIMAL the digits behind its point
}

const (
	required = 0
	optional = 1
	repeated = 2
)

// readSchema reads the flat, depth-first list of nodes.
func readSchema(c *compact, limits format.Limits) (nodes []node, err error) {
	c.structs(func(int) {
		if len(nodes) > 4*limits.Columns {
			c.fail()
			err = fmt.Errorf("schema has more than %d columns", limits.Columns)
			return
		}
		nodes = append(nodes, readNode(c))
	})
	switch {
	case err != nil:
		return nil, err
	case c.bad:
		return nil, errors.New("schema ends early")
	case len(nodes) == 0:
		return nil, errors.New("schema is empty")
	}
	return nodes, nil
}

func readNode(c *compact) node {
	n := node{physical: group}
	converted := int32(-1)
	c.fields(func(id int16, typ byte) bool {
		switch {
		case id == 4 && typ == thriftBinary:
			n.name = string(c.binary())
		case id == 10 && typ == thriftStruct:
			n.readLogical(c)
		case typ != thriftI32:
			return false
		case id == 1:
			n.physical = physical(c.int32())
		case id == 2:
			n.length = c.int32()
		case id == 3:
			n.repeat = c.int32()
		case id == 5:
			n.children = c.int32()
		case id == 6:
			converted = c.int32()
		case id == 7:
			n.unit = c.int32()
		default:
			return false
		}
		return true
	})
	if n.logical == noLogical && converted >= 0 {
		n.convert(converted)
	}
	return n
}

// readLogical reads the union LogicalType, most of whose members have no parameters.
func (n *node) readLogical(c *compact) {
	c.fields(func(id int16, typ byte) bool {
		n.logical = logical(id)
		if typ != thriftStruct {
			return false
		}
		switch n.logical {
		case intLogical:
			n.readInt(c)
		case decimalLogical:
			c.fields(func(id int16, typ byte) bool {
				scale := id == 1 && typ == thriftI32
				if scale {
					n.unit = c.int32()
				}
				return scale
			})
		case timeLogical, stampLogical:
			c.fields(func(id int16, typ byte) bool {
				union := id == 2 && typ == thriftStruct
				if union {
					c.fields(func(id int16, _ byte) bool { n.unit = int32(id); return false })
				}
				return union
			})
		default:
			return false
		}
		return true
	})
}

func (n *node) readInt(c *compact) {
	n.unsigned = true
	c.fields(func(id int16, typ byte) bool {
		switch {
		case id == 1 && typ == thriftByte:
			n.bits = int8(c.byte())
		case id == 2 && (typ == thriftTrue || typ == thriftFalse):
			n.unsigned = typ == thriftFalse
		default:
			return false
		}
		return true
	})
}

// convert translates a ConvertedType.
func (n *node) convert(t int32) {
	table := [...]logical{stringLogical, mapLogical, mapLogical, listLogical, enumLogical, decimalLogical, dateLogical,
		timeLogical, timeLogical, stampLogical, stampLogical, intLogical, intLogical, intLogical, intLogical,
		intLogical, intLogical, intLogical, intLogical, jsonLogical, bsonLogical}
	if int(t) >= len(table) {
		return
	}
	switch n.logical = table[t]; n.logical {
	case intLogical: // UINT_8 is 11, INT_8 15
		n.unsigned = t < 15
		n.bits = 8 << ((t - 11) % 4)
	case timeLogical, stampLogical: // TIME_MILLIS is 7, TIME_MICROS 8
		n.unit = 2 - t%2
	}
}

// A leaf is a column of the file: how its values are stored and nested.
type leaf struct {
	name   string // path with dots, without the inner nodes of a list
	index  int    // among the leaves
	node   node
	maxDef int
	isList bool
	entry  int    // lists: the definition level from which an entry is there
	deep   int    // the one from which an element is there: entry, unless entries are lists
	steps  []int  // the length of those lists, of the lists within, and so on
	refuse string // why it cannot be read, empty if it can

	counts   string       // in what Arrow's schema has it count time, which Parquet has no word for
	label    bool         // Arrow's schema has it as a dictionary of texts
	promised bool         // Arrow's schema tells the shape of rows
	shape    loader.Shape // if so
	err      error        // what is wrong with the promise
}

// nullable reports whether a row can be null; an entry of a list being null is
// another matter.
func (l *leaf) nullable() bool {
	if l.isList {
		return l.entry > 1
	}
	return l.maxDef > 0
}

// String returns the type in Parquet's words.
func (l *leaf) String() string {
	s := l.node.typeName()
	if l.counts != "" {
		s += ", " + l.counts
	}
	switch {
	case l.refuse != "":
		return l.refuse
	case l.isList:
		return "LIST of " + s
	case l.maxDef > 0:
		return "optional " + s
	}
	return s
}

// isText reports whether the values are texts.
func (n *node) isText() bool {
	return n.physical == byteArray && (n.logical == stringLogical || n.logical == enumLogical || n.logical == jsonLogical)
}

// isTexts reports whether rows are lists of texts or of binary values.
func (l *leaf) isTexts() bool { return l.isList && l.node.physical == byteArray && !l.label }

func (n *node) typeName() string {
	names := [...]string{"BOOLEAN", "INT32", "INT64", "INT96", "FLOAT", "DOUBLE", "BYTE_ARRAY", "FIXED_LEN_BYTE_ARRAY"}
	s := "group"
	if n.physical >= 0 && int(n.physical) < len(names) {
		s = names[n.physical]
	}
	if n.physical == fixedLenByteArray {
		s += fmt.Sprintf("(%d)", n.length)
	}
	if what := n.annotation(); what != "" {
		s += " (" + what + ")"
	}
	return s
}

func (n *node) annotation() string {
	if n.logical == intLogical {
		sign := ""
		if n.unsigned {
			sign = "U"
		}
		return fmt.Sprintf("%sINT%d", sign, n.bits)
	}
	return cmp.Or(n.measure(), logicalNames[n.logical])
}

// measure says what a date, a time or a decimal counts, in which all shards must agree.
// It is empty for other columns.
func (n *node) measure() string {
	name := logicalNames[n.logical]
	switch n.logical {
	case dateLogical:
		return name
	case timeLogical, stampLogical:
		units := [...]string{1: "ms", 2: "us", 3: "ns"}
		if n.unit > 0 && int(n.unit) < len(units) {
			return name + " in " + units[n.unit]
		}
		return fmt.Sprintf("%s in unit %d", name, n.unit)
	case decimalLogical:
		return fmt.Sprintf("%s with %d digits behind the point", name, n.unit)
	}
	return ""
}

// agrees reports whether the numbers of two columns, if they say so, count the same.
func (l *leaf) agrees(m *leaf) bool {
	return l.node.measure() == m.node.measure() && (l.counts == m.counts || l.counts == "" || m.counts == "")
}

// maxNameBytes bounds a column's path, so that many columns below one group
// with a long name stay small.
const maxNameBytes = 4096

// A tree walks the nodes of a schema and collects its leaves.
type tree struct {
	nodes  []node
	next   int
	leaves []leaf
	limits format.Limits
}

// leavesOf returns the leaves of a schema, in the order of the file. Arrow says what
// the table was that the file was made of, as far as is known.
func leavesOf(nodes []node, arrow []arrowschema.Field, limits format.Limits) ([]leaf, error) {
	t := &tree{nodes: nodes, next: 1, limits: limits}
	root := place{arrow: &arrowschema.Field{Type: arrowschema.Struct, Children: arrow}}
	for i := range nodes[0].children {
		if err := t.walk(t.child(root, int(i)), 1); err != nil {
			return nil, err
		}
	}
	if t.next != len(nodes) {
		return nil, fmt.Errorf("schema has %d nodes, its tree %d", len(nodes), t.next)
	}
	return t.leaves, nil
}

// place is where the walk has come to.
type place struct {
	path    []string
	def     int
	entry   int
	deep    int
	lists   []*arrowschema.Field // of the repeated nodes above, nil for a list of any length
	wrapper logical              // LIST or MAP if the node above is so annotated
	element bool                 // the node above is the repeated one of a LIST, and no element
	refuse  string               // what above makes leaves unreadable
	arrow   *arrowschema.Field   // of the node; nil if nothing is known, or it is another type
	fixed   *arrowschema.Field   // fixed_size_list whose repeated node is next
}

func (t *tree) walk(p place, depth int) error {
	if t.next >= len(t.nodes) {
		return errors.New("schema ends within a group")
	}
	if depth > t.limits.Depth {
		return fmt.Errorf("schema is nested more than %d deep", t.limits.Depth)
	}
	n := t.nodes[t.next]
	t.next++
	if n.repeat < required || n.repeat > repeated || n.children < 0 {
		return fmt.Errorf("schema node %q is malformed", n.name)
	}
	p.enter(n)
	p.describe(n)
	if n.physical != group {
		if n.children > 0 {
			return fmt.Errorf("column %q has children", n.name)
		}
		return t.leaf(p, n)
	}
	p.group(n)
	for i := range n.children {
		if err := t.walk(t.child(p, int(i)), depth+1); err != nil {
			return err
		}
	}
	return nil
}

// enter moves p into n. The inner nodes of a LIST and of a MAP have names that
// are nobody's.
func (p *place) enter(n node) {
	inner := p.wrapper != noLogical && n.repeat == repeated
	if !inner && !p.element {
		p.path = append(p.path[:len(p.path):len(p.path)], n.name)
	}
	p.element = inner && p.wrapper == listLogical && n.wraps()
	fixed := p.fixed
	p.fixed = nil
	if n.repeat == optional {
		p.def++
	}
	if n.repeat == repeated {
		p.def++
		if p.lists = append(slices.Clip(p.lists), fixed); len(p.lists) == 1 {
			p.entry = p.def
		} else if fixed == nil && p.refuse == "" {
			p.refuse = "list of lists"
		}
		p.deep = p.def
	}
	p.wrapper = noLogical
}

// wraps reports whether the repeated node of a LIST has the element below it,
// and is not the element itself, as older writers have it (LogicalTypes.md).
func (n *node) wraps() bool {
	return n.children == 1 && n.name != "array" && !strings.HasSuffix(n.name, "_tuple")
}

// group notes what the inner node n means for the nodes below it.
func (p *place) group(n node) {
	if n.logical == variantLogical && p.refuse == "" {
		p.refuse = "VARIANT"
	}
	if (n.logical == listLogical || n.logical == mapLogical) && n.repeat != repeated {
		p.wrapper = n.logical
	}
}

func (t *tree) leaf(p place, n node) error {
	if len(t.leaves) == t.limits.Columns {
		return fmt.Errorf("schema has more than %d columns", t.limits.Columns)
	}
	l := leaf{name: strings.Join(p.path, "."), index: len(t.leaves), node: n, maxDef: p.def, isList: len(p.lists) > 0,
		entry: p.entry, deep: p.deep, refuse: p.refuse}
	if len(p.lists) > 1 && p.arrow == nil && l.refuse == "" {
		l.refuse = "list of lists"
	}
	switch {
	case len(l.name) > maxNameBytes:
		return fmt.Errorf("column name of %d bytes, the limit is %d", len(l.name), maxNameBytes)
	case l.refuse != "":
	case n.physical < boolean || n.physical > fixedLenByteArray:
		return fmt.Errorf("column %q has unknown type %d", l.name, n.physical)
	case n.physical == fixedLenByteArray && n.length <= 0:
		return fmt.Errorf("column %q has values of %d bytes", l.name, n.length)
	case n.physical == fixedLenByteArray && int64(n.length) > t.limits.ValueBytes:
		return fmt.Errorf("column %q has values of %d bytes, the limit is %d", l.name, n.length, t.limits.ValueBytes)
	default:
		l.err = l.promise(p, t.limits)
	}
	t.leaves = append(t.leaves, l)
	return nil
}
