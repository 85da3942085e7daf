package arrowschema_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/format/internal/arrowschema"
	"github.com/stokerdata/stoker/format/internal/flat"
	"github.com/stokerdata/stoker/format/internal/flat/flattest"
)

// structTable appends a Field table of a struct without children and returns
// its position and that of the offset of its children.
func structTable(f *flattest.Builder) (pos, kids int) {
	pos = f.Table(6, 0, 3, 4) // no name, parameters of the type, dictionary
	f.Bytes[pos+4+4*2] = byte(arrowschema.Struct)
	return pos, pos + 4 + 4*5
}

// readHostile reads b as a Schema table.
func readHostile(b []byte) error {
	_, err := arrowschema.Read(flat.New(b).Root(), format.Limits{}.WithDefaults())
	return err
}

func TestCyclicSchema(t *testing.T) {
	f := &flattest.Builder{}
	f.U32(0)
	schema := f.Table(2, 0)
	f.Point(0, schema)
	fields := f.Vector(1)
	f.Point(schema+8, fields)
	field, kids := structTable(f)
	f.Point(fields+4, field)
	f.Point(kids, fields) // an offset that wraps around
	if err := readHostile(f.Bytes); !errors.Is(err, flat.ErrOutside) {
		t.Errorf("schema that contains itself: error %v", err)
	}
}

// TestSharedSchema lets each of 40 structs have the same next one as child
// 64 times: 64^40 fields.
func TestSharedSchema(t *testing.T) {
	f := &flattest.Builder{}
	f.U32(0)
	schema := f.Table(2, 0)
	f.Point(0, schema)
	at := schema + 8
	for range 40 {
		kids := f.Vector(64)
		f.Point(at, kids)
		field, next := structTable(f)
		for i := range 64 {
			f.Point(kids+4+4*i, field)
		}
		at = next
	}
	f.Point(at, f.Vector(0))
	if err := readHostile(f.Bytes); err == nil || !strings.Contains(err.Error(), "schema has more than") && !strings.Contains(err.Error(), "refers to itself") {
		t.Errorf("64^40 fields: error %v", err)
	}
}

// TestSharedMetadata lets 1,000 fields have the same 1,000 pieces of metadata.
func TestSharedMetadata(t *testing.T) {
	const n = 1000
	f := &flattest.Builder{}
	f.U32(0)
	schema := f.Table(2, 0)
	f.Point(0, schema)
	fields := f.Vector(n)
	f.Point(schema+8, fields)
	var shared []int
	for i := range n {
		pos := f.Table(7, 0, 3, 4, 5)
		f.Bytes[pos+4+4*2] = byte(arrowschema.Struct)
		f.Point(fields+4+4*i, pos)
		shared = append(shared, pos+4+4*6)
	}
	pairs := f.Vector(n)
	pair := f.Table(2, 0, 1)
	for i := range n {
		f.Point(shared[i], pairs)
		f.Point(pairs+4+4*i, pair)
	}
	if err := readHostile(f.Bytes); err == nil || !strings.Contains(err.Error(), "refers to itself") {
		t.Errorf("a million pieces of metadata: error %v", err)
	}
}

func TestDeepSchema(t *testing.T) {
	for _, depth := range []int{60, 70} {
		f := &flattest.Builder{}
		f.U32(0)
		schema := f.Table(2, 0)
		f.Point(0, schema)
		at := schema + 8
		for range depth {
			kids := f.Vector(1)
			f.Point(at, kids)
			field, next := structTable(f)
			f.Point(kids+4, field)
			at = next
		}
		f.Point(at, f.Vector(0))
		err := readHostile(f.Bytes)
		if deep := err != nil && strings.Contains(err.Error(), "nested more than 64 deep"); deep != (depth > 64) {
			t.Errorf("depth %d: error %v", depth, err)
		}
	}
}
