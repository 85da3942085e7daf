package parquet

import "encoding/binary"

// Types of the Thrift compact protocol.
const (
	thriftTrue   = 1
	thriftFalse  = 2
	thriftByte   = 3
	thriftI16    = 4
	thriftI32    = 5
	thriftI64    = 6
	thriftDouble = 7
	thriftBinary = 8
	thriftList   = 9
	thriftSet    = 10
	thriftMap    = 11
	thriftStruct = 12
	thriftUUID   = 13
)

// maxThriftDepth bounds the nesting of values that are skipped.
const maxThriftDepth = 32

// compact reads the Thrift compact protocol. It never reads or allocates more
// than b holds: after the first error b is empty, bad is set, and every value
// that is read is zero.
type compact struct {
	b   []byte
	bad bool
}

func (c *compact) fail() { c.b, c.bad = nil, true }

func (c *compact) byte() byte {
	if len(c.b) == 0 {
		c.fail()
		return 0
	}
	x := c.b[0]
	c.b = c.b[1:]
	return x
}

func (c *compact) uvarint() uint64 {
	x, n := binary.Uvarint(c.b)
	if n <= 0 {
		c.fail()
		return 0
	}
	c.b = c.b[n:]
	return x
}

// int reads an i16, i32 or i64.
func (c *compact) int() int64 {
	x := c.uvarint()
	return int64(x>>1) ^ -int64(x&1)
}

// int32 reads an i32.
func (c *compact) int32() int32 {
	x := c.int()
	if int64(int32(x)) != x {
		c.fail()
		return 0
	}
	return int32(x)
}

// next returns n bytes, which are c's.
func (c *compact) next(n uint64) []byte {
	if n > uint64(len(c.b)) {
		c.fail()
		return nil
	}
	x := c.b[:n:n]
	c.b = c.b[n:]
	return x
}

// binary reads a string; the bytes are c's.
func (c *compact) binary() []byte { return c.next(c.uvarint()) }

// list reads the head of a list or set. Every element takes at least a byte,
// so n is never more than what is left.
func (c *compact) list() (n int, typ byte) {
	head := c.byte()
	size := uint64(head >> 4)
	if size == 15 {
		size = c.uvarint()
	}
	if size > uint64(len(c.b)) {
		c.fail()
		return 0, 0
	}
	return int(size), head & 15
}

// structs calls f for each element of a list of structs.
func (c *compact) structs(f func(i int)) {
	n, typ := c.list()
	if n > 0 && typ != thriftStruct {
		c.fail()
	}
	for i := 0; i < n && !c.bad; i++ {
		f(i)
	}
}

// fields calls f for each field of a struct. f reads the value or returns
// false, and then it is skipped.
func (c *compact) fields(f func(id int16, typ byte) bool) {
	var id int16
	for !c.bad {
		head := c.byte()
		if head&15 == 0 {
			return
		}
		if delta := head >> 4; delta > 0 {
			id += int16(delta)
		} else {
			id = int16(c.int())
		}
		if !f(id, head&15) {
			c.skip(head&15, 0)
		}
	}
}

// skip passes over the value of a field.
func (c *compact) skip(typ byte, depth int) {
	if depth > maxThriftDepth {
		c.fail()
	}
	switch typ {
	case thriftTrue, thriftFalse:
	case thriftByte:
		c.byte()
	case thriftI16, thriftI32, thriftI64:
		c.uvarint()
	case thriftDouble:
		c.next(8)
	case thriftBinary:
		c.binary()
	case thriftUUID:
		c.next(16)
	case thriftList, thriftSet:
		n, elem := c.list()
		for ; n > 0 && !c.bad; n-- {
			c.skipElement(elem, depth+1)
		}
	case thriftMap:
		c.skipMap(depth)
	case thriftStruct:
		c.skipStruct(depth)
	default:
		c.fail()
	}
}

func (c *compact) skipStruct(depth int) {
	for !c.bad {
		head := c.byte()
		if head&15 == 0 {
			return
		}
		if head>>4 == 0 {
			c.uvarint()
		}
		c.skip(head&15, depth+1)
	}
}

func (c *compact) skipMap(depth int) {
	n := c.uvarint()
	if n == 0 {
		return
	}
	types := c.byte()
	for ; n > 0 && !c.bad; n-- {
		c.skipElement(types>>4, depth+1)
		c.skipElement(types&15, depth+1)
	}
}

// skipElement passes over an element of a list or map, where a bool takes a
// byte.
func (c *compact) skipElement(typ byte, depth int) {
	if typ == thriftTrue || typ == thriftFalse {
		c.byte()
		return
	}
	c.skip(typ, depth)
}
