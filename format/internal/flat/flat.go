package flat

import (
	"encoding/binary"
	"errors"
)

// Buffer is a FlatBuffer (layout: "FlatBuffers internals", flatbuffers.dev).
type Buffer struct {
	b   []byte
	err error
	// Parts of a FlatBuffer may be referred to several times, by an attacker so
	// often that they multiply. No honest one has more than these.
	tables int // still to be followed
	text   int // bytes of strings still to be copied
}

// New returns the FlatBuffer b.
func New(b []byte) *Buffer { return &Buffer{b: b, tables: len(b)/4 + 16, text: len(b)} }

var (
	// ErrOutside says that a position lies outside of the buffer.
	ErrOutside = errors.New("metadata points outside of itself")
	errShared  = errors.New("metadata refers to itself")
)

// Fail makes err that of the buffer, unless there is one before it.
func (f *Buffer) Fail(err error) {
	if f.err == nil {
		f.err = err
	}
}

// has reports whether n bytes lie at pos.
func (f *Buffer) has(pos, n int) bool {
	if f.err == nil && pos >= 0 && n >= 0 && n <= len(f.b) && pos <= len(f.b)-n {
		return true
	}
	f.Fail(ErrOutside)
	return false
}

// follow returns the position that the offset at pos refers to.
func (f *Buffer) follow(pos int) int {
	if !f.has(pos, 4) {
		return -1
	}
	n := binary.LittleEndian.Uint32(f.b[pos:])
	if int64(n) > int64(len(f.b)-pos) {
		f.Fail(ErrOutside)
		return -1
	}
	return pos + int(n)
}

// Root returns the table that the buffer is for.
func (f *Buffer) Root() Table { return f.table(f.follow(0)) }

// Table is a table whose extent was checked. One that is not there has no fields.
type Table struct {
	f              *Buffer
	pos            int
	vtable, nTable int // position and bytes of its vtable
}

func (f *Buffer) table(pos int) Table {
	none := Table{f: f}
	if !f.has(pos, 4) {
		return none
	}
	if f.tables--; f.tables < 0 {
		f.Fail(errShared)
		return none
	}
	vtable := int64(pos) - int64(int32(binary.LittleEndian.Uint32(f.b[pos:])))
	if vtable < 0 || vtable > int64(len(f.b)) || !f.has(int(vtable), 4) {
		f.Fail(ErrOutside)
		return none
	}
	t := Table{f: f, pos: pos, vtable: int(vtable)}
	t.nTable = int(binary.LittleEndian.Uint16(f.b[t.vtable:]))
	size := int(binary.LittleEndian.Uint16(f.b[t.vtable+2:]))
	if t.nTable < 4 || size < 4 || !f.has(t.vtable, t.nTable) || !f.has(pos, size) {
		f.Fail(ErrOutside)
		return none
	}
	return t
}

// Err returns the first damage of the buffer that t is in.
func (t Table) Err() error { return t.f.err }

// Fail is Buffer.Fail of the buffer that t is in.
func (t Table) Fail(err error) { t.f.Fail(err) }

// at returns the position of field i, which is n bytes long, or -1 if it is not
// there. It may lie behind the size that the vtable tells: the Go library for
// FlatBuffers, with which Arrow's files are made, lets tables of different size
// share one.
func (t Table) at(i, n int) int {
	o := 4 + 2*i
	if o+2 > t.nTable {
		return -1
	}
	off := int(binary.LittleEndian.Uint16(t.f.b[t.vtable+o:]))
	if off == 0 {
		return -1
	}
	if off < 4 || !t.f.has(t.pos+off, n) {
		t.Fail(ErrOutside)
		return -1
	}
	return t.pos + off
}

// Int8 returns field i.
func (t Table) Int8(i int, absent int8) int8 {
	if p := t.at(i, 1); p >= 0 {
		return int8(t.f.b[p])
	}
	return absent
}

// Bool returns field i, false if it is absent.
func (t Table) Bool(i int) bool { return t.Int8(i, 0) != 0 }

// Int16 returns field i.
func (t Table) Int16(i int, absent int16) int16 {
	if p := t.at(i, 2); p >= 0 {
		return int16(binary.LittleEndian.Uint16(t.f.b[p:]))
	}
	return absent
}

// Int32 returns field i.
func (t Table) Int32(i int, absent int32) int32 {
	if p := t.at(i, 4); p >= 0 {
		return int32(binary.LittleEndian.Uint32(t.f.b[p:]))
	}
	return absent
}

// Int64 returns field i, 0 if it is absent.
func (t Table) Int64(i int) int64 {
	if p := t.at(i, 8); p >= 0 {
		return int64(binary.LittleEndian.Uint64(t.f.b[p:]))
	}
	return 0
}

// Table returns the table of field i, and whether there is one.
func (t Table) Table(i int) (Table, bool) {
	p := t.at(i, 4)
	if p < 0 {
		return Table{f: t.f}, false
	}
	c := t.f.table(t.f.follow(p))
	return c, t.f.err == nil
}

// Tables is a vector of tables.
type Tables struct {
	f      *Buffer
	pos, n int
}

// Tables returns the vector of field i.
func (t Table) Tables(i int) Tables {
	pos, n := t.vector(i, 4)
	return Tables{t.f, pos, n}
}

// Len returns the number of tables.
func (v Tables) Len() int { return v.n }

// At returns table k.
func (v Tables) At(k int) Table { return v.f.table(v.f.follow(v.pos + 4*k)) }

// vector returns the position of the first of the n elements of field i, each
// of the given size.
func (t Table) vector(i, size int) (pos, n int) {
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
		t.Fail(ErrOutside)
		return 0, 0
	}
	return p + 4, int(count)
}

// String returns a copy of the string of field i.
func (t Table) String(i int) string {
	pos, n := t.vector(i, 1)
	if t.f.text -= n; t.f.text < 0 {
		t.Fail(errShared)
		return ""
	}
	return string(t.f.b[pos : pos+n])
}

// Structs returns the bytes of the vector of structs of field i, each of the given
// size.
func (t Table) Structs(i, size int) []byte {
	pos, n := t.vector(i, size)
	return t.f.b[pos : pos+n*size]
}
