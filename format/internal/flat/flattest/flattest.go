// Package flattest lays out FlatBuffers by hand, so that tests can make wrong ones.
//
//	var b flattest.Builder
//	b.U32(0)
//	root := b.Table(2, 0)
//	b.Point(0, root)
//	fields := b.Vector(1)
//	b.Point(root+8, fields)
//	b.Point(fields+4, fields) // no table
//	err := flat.New(b.Bytes).Root().Tables(1).At(0).Err()
package flattest

import (
	"encoding/binary"
	"slices"
)

// Builder appends to Bytes, front to back: offsets are what the test says.
type Builder struct{ Bytes []byte }

// Pos returns the position of what is appended next.
func (f *Builder) Pos() int { return len(f.Bytes) }

// U16 appends numbers.
func (f *Builder) U16(x ...int) {
	for _, x := range x {
		f.Bytes = binary.LittleEndian.AppendUint16(f.Bytes, uint16(x))
	}
}

// U32 appends numbers.
func (f *Builder) U32(x ...int) {
	for _, x := range x {
		f.Bytes = binary.LittleEndian.AppendUint32(f.Bytes, uint32(x))
	}
}

// Point makes the offset at pos refer to to.
func (f *Builder) Point(pos, to int) { binary.LittleEndian.PutUint32(f.Bytes[pos:], uint32(to-pos)) }

// Table appends a table with n fields of 4 bytes each, all zero, and returns
// its position: field i is at 4+4*i behind it. Fields that skip names are absent.
func (f *Builder) Table(n int, skip ...int) int {
	vtable := f.Pos()
	f.U16(4+2*n, 4+4*n)
	for i := range n {
		off := 4 + 4*i
		if slices.Contains(skip, i) {
			off = 0
		}
		f.U16(off)
	}
	if n%2 == 1 {
		f.U16(0)
	}
	pos := f.Pos()
	f.U32(pos - vtable)
	f.U32(make([]int, n)...)
	return pos
}

// Vector appends a vector of n offsets and returns its position.
func (f *Builder) Vector(n int) int {
	pos := f.Pos()
	f.U32(n)
	f.U32(make([]int, n)...)
	return pos
}
