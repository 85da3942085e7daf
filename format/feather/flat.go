package feather

import (
	"encoding/binary"
	"errors"
)

// flat reads a FlatBuffer that nobody has verified (layout: "FlatBuffers
// internals", flatbuffers.dev). Every position is checked when it is followed.
// The first damage stays in err, and all that is read after it is zero, so that
// callers look at err once, at the end.
type flat struct {
	b   []byte
	err error
	// Parts of a FlatBuffer may be referred to several times, by an attacker so
	// often that they multiply. No honest one has more than these.
	tables int // still to be followed
	text   int // bytes of strings still to be copied
}

func newFlat(b []byte) *flat { return &flat{b: b, tables: len(b)/4 + 16, text: len(b)} }

var errFlat = errors.New("metadata points outside of itself")

func (f *flat) fail(err error) {
	if f.err == nil {
		f.err = err
	}
}

// has reports whether n bytes lie at pos.
func (f *flat) has(pos, n int) bool {
	if f.err == nil && pos >= 0 && n >= 0 && n <= len(f.b) && pos <= len(f.b)-n {
		return true
	}
	f.fail(errFlat)
	return false
}

// follow returns the position that the offset at pos refers to.
func (f *flat) follow(pos int) int {
	if !f.has(pos, 4) {
		return -1
	}
	n := binary.LittleEndian.Uint32(f.b[pos:])
	if int64(n) > int64(len(f.b)-pos) {
		f.fail(errFlat)
		return -1
	}
	return pos + int(n)
}

func (f *flat) root() table { return f.table(f.follow(0)) }

// table is a FlatBuffer table whose extent was checked. The zero table has no
// fields.
type table struct {
	f              *flat
	pos, size      int
	vtable, nTable int // position and bytes of its vtable
}

func (f *flat) table(pos int) table {
	none := table{f: f}
	if !f.has(pos, 4) {
		return none
	}
	if f.tables--; f.tables < 0 {
		f.fail(errors.New("metadata refers to itself"))
		return none
	}
	vtable := int64(pos) - int64(int32(binary.LittleEndian.Uint32(f.b[pos:])))
	if vtable < 0 || vtable > int64(len(f.b)) || !f.has(int(vtable), 4) {
		f.fail(errFlat)
		return none
	}
	t := table{f: f, pos: pos, vtable: int(vtable)}
	t.nTable = int(binary.LittleEndian.Uint16(f.b[t.vtable:]))
	t.size = int(binary.LittleEndian.Uint16(f.b[t.vtable+2:]))
	if t.nTable < 4 || t.size < 4 || !f.has(t.vtable, t.nTable) || !f.has(pos, t.size) {
		f.fail(errFlat)
		return none
	}
	return t
}

// at returns the position of field i, which is n bytes long, or -1 if it is not
// there.
func (t table) at(i, n int) int {
	o := 4 + 2*i
	if o+2 > t.nTable {
		return -1
	}
	off := int(binary.LittleEndian.Uint16(t.f.b[t.vtable+o:]))
	if off == 0 {
		return -1
	}
	if off < 4 || off+n > t.size {
		t.f.fail(errFlat)
		return -1
	}
	return t.pos + off
}

func (t table) int8(i int, absent int8) int8 {
	if p := t.at(i, 1); p >= 0 {
		return int8(t.f.b[p])
	}
	return absent
}

func (t table) bool(i int) bool { return t.int8(i, 0) != 0 }

func (t table) int16(i int, absent int16) int16 {
	if p := t.at(i, 2); p >= 0 {
		return int16(binary.LittleEndian.Uint16(t.f.b[p:]))
	}
	return absent
}

func (t table) int32(i int, absent int32) int32 {
	if p := t.at(i, 4); p >= 0 {
		return int32(binary.LittleEndian.Uint32(t.f.b[p:]))
	}
	return absent
}

func (t table) int64(i int) int64 {
	if p := t.at(i, 8); p >= 0 {
		return int64(binary.LittleEndian.Uint64(t.f.b[p:]))
	}
	return 0
}

// child returns the table that field i refers to, and whether there is one.
func (t table) child(i int) (table, bool) {
	p := t.at(i, 4)
	if p < 0 {
		return table{f: t.f}, false
	}
	c := t.f.table(t.f.follow(p))
	return c, t.f.err == nil
}

// vector returns the position of the first of the n elements of field i, each
// of the given size.
func (t table) vector(i, size int) (pos, n int) {
	p := t.at(i, 4)
	if p < 0 {
		return 0, 0
	}
	p = t.f.follow(p)
	if !t.f.has(p, 4) {
		return 0, 0
	}
	count := binary.LittleEndian.Uint32(t.f.b[p:])
	if int64(count) > int64(len(t.f.b)-p-4)/int64(size) {
		t.f.fail(errFlat)
		return 0, 0
	}
	return p + 4, int(count)
}

// string returns a copy of the string of field i.
func (t table) string(i int) string {
	pos, n := t.vector(i, 1)
	if t.f.text -= n; t.f.text < 0 {
		t.f.fail(errors.New("metadata refers to itself"))
		return ""
	}
	return string(t.f.b[pos : pos+n])
}

// structs returns the bytes of the vector of structs of field i.
func (t table) structs(i, size int) []byte {
	pos, n := t.vector(i, size)
	return t.f.b[pos : pos+n*size]
}
