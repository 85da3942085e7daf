package parquet

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"math"

	"github.com/parquet-go/parquet-go/bloom/xxhash"

	"github.com/stokerdata/stoker/loader"
)

// A Range is an interval of the values of a column, both ends included. A nil
// end is open. Ends are int or int64 for columns of whole numbers, among them
// dates, times and decimals as the file has them, float64 for floats, and string
// for texts and binary, which are compared byte by byte, decimals of bytes excepted.
type Range struct {
	Column   string
	Min, Max any
}

// bound is a Range of a leaf.
type bound struct {
	Range
	leaf *leaf
}

// newBound returns the bound of a leaf, or an error if the two do not fit.
func newBound(l *leaf, r Range) (bound, error) {
	b := bound{r, l}
	if l.isList {
		return b, fmt.Errorf("column %q is %v, which has no range: %w", r.Column, l, loader.ErrSpec)
	}
	for _, end := range []*any{&b.Min, &b.Max} {
		if x, is := (*end).(int); is {
			*end = int64(x)
		}
		ok := false
		switch x := (*end).(type) {
		case nil:
			ok = true
		case int64:
			ok = l.node.physical == int32Type || l.node.physical == int64Type
		case float64:
			ok = (l.node.physical == floatType || l.node.physical == doubleType) && !math.IsNaN(x)
		case string:
			ok = l.node.physical == byteArray && l.node.logical != decimalLogical // whose statistics are in order of their numbers
		}
		if !ok {
			return b, fmt.Errorf("column %q is %v, which is not compared with %T %[3]v: %w", r.Column, l, *end, loader.ErrSpec)
		}
	}
	return b, nil
}

// statistics is parquet.thrift's Statistics, as far as it tells what is not there.
type statistics struct {
	min, max       []byte
	oldMin, oldMax []byte // whose order is only known for signed numbers
	nulls          int64  // -1 if unknown
}

func (s *statistics) read(c *compact) {
	c.fields(func(id int16, typ byte) bool {
		switch {
		case id == 3 && typ == thriftI64:
			s.nulls = c.int()
		case typ != thriftBinary:
			return false
		case id == 1:
			s.oldMax = c.binary()
		case id == 2:
			s.oldMin = c.binary()
		case id == 5:
			s.max = c.binary()
		case id == 6:
			s.min = c.binary()
		default:
			return false
		}
		return true
	})
}

// excludes reports whether a chunk with these statistics has no value in b. What
// is missing or malformed excludes nothing.
func (b *bound) excludes(s *statistics, values int64) bool {
	if s.nulls == values && values > 0 {
		return true
	}
	lo, hi := s.min, s.max
	if lo == nil && hi == nil && b.leaf.node.physical != byteArray && !b.leaf.node.unsigned {
		lo, hi = s.oldMin, s.oldMax
	}
	if b.Max != nil {
		if c, ok := b.compare(lo, b.Max); ok && c > 0 {
			return true
		}
	}
	if b.Min != nil {
		if c, ok := b.compare(hi, b.Min); ok && c < 0 {
			return true
		}
	}
	return false
}

// compare compares a value as PLAIN has it with an end of a range.
func (b *bound) compare(stored []byte, end any) (int, bool) {
	if stored == nil {
		return 0, false
	}
	switch p := b.leaf.node.physical; {
	case p == byteArray:
		return bytes.Compare(stored, []byte(end.(string))), true
	case p == int32Type && len(stored) == 4:
		if b.leaf.node.unsigned {
			return cmp.Compare(int64(le32(stored)), end.(int64)), true
		}
		return cmp.Compare(int64(int32(le32(stored))), end.(int64)), true
	case p == int64Type && len(stored) == 8:
		x := binary.LittleEndian.Uint64(stored)
		if b.leaf.node.unsigned && x > math.MaxInt64 {
			return 1, true
		}
		return cmp.Compare(int64(x), end.(int64)), true
	case p == floatType && len(stored) == 4:
		x := float64(math.Float32frombits(le32(stored)))
		return cmp.Compare(x, end.(float64)), x == x
	case p == doubleType && len(stored) == 8:
		x := math.Float64frombits(binary.LittleEndian.Uint64(stored))
		return cmp.Compare(x, end.(float64)), x == x
	}
	return 0, false
}

// single returns the only value of b as PLAIN has it, without a length, and
// whether there is one.
func (b *bound) single() ([]byte, bool) {
	if b.Min == nil || b.Min != b.Max {
		return nil, false
	}
	switch x := b.Min.(type) {
	case string:
		return []byte(x), true
	case int64:
		if b.leaf.node.physical == int64Type {
			return binary.LittleEndian.AppendUint64(nil, uint64(x)), true
		}
		return binary.LittleEndian.AppendUint32(nil, uint32(x)), int64(int32(x)) == x || int64(uint32(x)) == x
	}
	return nil, false // floats that are equal differ in their bits
}

const (
	bloomBlock  = 32
	bloomHeader = 64 // more than a header takes
)

// bloomSalt is of BloomFilter.md.
var bloomSalt = [8]uint32{0x47b6137b, 0x44974d91, 0x8824ad5b, 0xa2b7289d, 0x705495c7, 0x2df1424b, 0x9efc4947, 0x5c6bfb31}

// absent reports whether the Bloom filter at the given place of a shard knows
// that the only value of b is not there. One that cannot be read knows nothing.
func (s *Source) absent(ctx context.Context, shard int, size, at int64, b *bound) bool {
	value, ok := b.single()
	if !ok || at <= 0 || at > size-bloomHeader {
		return false
	}
	var head [bloomHeader]byte
	if s.pool.ReadAt(ctx, shard, head[:], at) != nil {
		return false
	}
	n, header := readBloomHeader(head[:])
	at += header
	if n < bloomBlock || n%bloomBlock != 0 || n > size-at {
		return false
	}
	hash := xxhash.Sum64(value)
	i := hash >> 32 * uint64(n/bloomBlock) >> 32
	var block [bloomBlock]byte
	if s.pool.ReadAt(ctx, shard, block[:], at+int64(i)*bloomBlock) != nil {
		return false
	}
	for k, salt := range bloomSalt {
		if le32(block[4*k:])>>(uint32(hash)*salt>>27)&1 == 0 {
			return true
		}
	}
	return false
}

// readBloomHeader returns the bytes of a filter, 0 if it is of a kind that is not
// known, and those of the header at the front of b.
func readBloomHeader(b []byte) (n, header int64) {
	c := compact{b: b}
	usual := 0 // of the three unions: split blocks, xxHash, no compression
	c.fields(func(id int16, typ byte) bool {
		switch {
		case id == 1 && typ == thriftI32:
			n = int64(c.int32())
		case (id == 2 || id == 3 || id == 4) && typ == thriftStruct:
			c.fields(func(member int16, _ byte) bool {
				if member == 1 {
					usual++
				}
				return false
			})
		default:
			return false
		}
		return true
	})
	if c.bad || usual != 3 {
		return 0, 0
	}
	return n, int64(len(b) - len(c.b))
}
