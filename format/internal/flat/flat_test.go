package flat_test

import (
	"errors"
	"testing"

	"github.com/stokerdata/stoker/format/internal/flat"
	"github.com/stokerdata/stoker/format/internal/flat/flattest"
)

func TestBounds(t *testing.T) {
	for name, b := range map[string][]byte{
		"nothing":             {},
		"root behind the end": {200, 0, 0, 0},
		"vtable before front": {4, 0, 0, 0, 0xff, 0, 0, 0},
		"vtable behind end":   {4, 0, 0, 0, 0x80, 0xff, 0xff, 0xff},
		"vtable too short":    {8, 0, 0, 0, 2, 0, 8, 0, 4, 0, 0, 0},
	} {
		if err := flat.New(b).Root().Err(); !errors.Is(err, flat.ErrOutside) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

// build returns a FlatBuffer with the numbers 7 and 8, a table, a string, structs
// and a vector of two tables, of which the second is the first again.
func build() []byte {
	var b flattest.Builder
	b.U32(0)
	root := b.Table(7, 5)
	b.Point(0, root)
	b.Bytes[root+4], b.Bytes[root+8] = 7, 8
	b.Point(root+4+4*2, b.Table(1))
	b.Point(root+4+4*3, b.Pos())
	b.U32(4)
	b.Bytes = append(b.Bytes, "text"...)
	b.Point(root+4+4*4, b.Pos())
	b.U32(2, 1, 2, 3, 4)
	list := b.Vector(2)
	b.Point(root+4+4*6, list)
	one := b.Table(1)
	b.Point(list+4, one)
	b.Point(list+8, one)
	b.Bytes[one+4] = 9
	return b.Bytes
}

func TestRead(t *testing.T) {
	root := flat.New(build()).Root()
	if a, b, c := root.Int32(0, -1), root.Int16(1, -1), root.Int8(5, -1); a != 7 || b != 8 || c != -1 {
		t.Errorf("numbers are %d, %d and %d", a, b, c)
	}
	if _, ok := root.Table(2); !ok {
		t.Error("no table")
	}
	if _, ok := root.Table(5); ok {
		t.Error("a table that is absent")
	}
	if s := root.String(3); s != "text" {
		t.Errorf("string is %q", s)
	}
	if b := root.Structs(4, 8); len(b) != 16 || b[12] != 4 {
		t.Errorf("structs are %d", b)
	}
	list := root.Tables(6)
	if list.Len() != 2 || list.At(0).Int32(0, 0) != 9 || list.At(1).Int32(0, 0) != 9 {
		t.Errorf("%d tables", list.Len())
	}
	if err := root.Err(); err != nil {
		t.Error(err)
	}
}

// TestMultiplied refers to a string, and to a table, more often than there is room
// for them.
func TestMultiplied(t *testing.T) {
	root := flat.New(build()).Root()
	for range 100 {
		root.String(3)
	}
	if root.Err() == nil {
		t.Error("a hundred copies of one string")
	}
	root = flat.New(build()).Root()
	for range 100 {
		root.Table(2)
	}
	if root.Err() == nil {
		t.Error("a hundred times one table")
	}
}

// FuzzRead reads all kinds of fields of any bytes.
func FuzzRead(f *testing.F) {
	f.Add(build())
	f.Fuzz(func(t *testing.T, b []byte) {
		var walk func(x flat.Table, depth int)
		walk = func(x flat.Table, depth int) {
			for i := range 8 {
				x.Int8(i, 0)
				x.Int16(i, 0)
				x.Int32(i, 0)
				x.Int64(i)
				_ = x.String(i)
				x.Structs(i, 16)
				list := x.Tables(i)
				if list.Len() > len(b)/4 {
					t.Fatalf("%d tables in %d bytes", list.Len(), len(b))
				}
				if sub, ok := x.Table(i); ok && depth < 4 {
					walk(sub, depth+1)
				}
				if list.Len() > 0 && depth < 4 {
					walk(list.At(list.Len()-1), depth+1)
				}
			}
		}
		root := flat.New(b).Root()
		walk(root, 0)
	})
}
