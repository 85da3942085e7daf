package parquet

import (
	"encoding/binary"
	"errors"
)

var (
	errDeltaHead   = errors.New("impossible delta block layout")
	errDeltaLength = errors.New("impossible length")
)

// deltas decodes len(dst) integers of DELTA_BINARY_PACKED (Encodings.md) from
// the front of src and returns what follows them. Sums wrap as they do there.
func deltas[T int32 | int64](dst []T, src []byte) (rest []byte, err error) {
	v := varints{b: src}
	blockSize, minis, total := v.uvarint(), v.uvarint(), v.uvarint()
	last := v.varint()
	switch {
	case v.bad:
		return nil, errShort
	case total > uint64(len(dst)):
		return nil, errExcess
	case total < uint64(len(dst)):
		return nil, errShort
	case blockSize == 0 || blockSize > 1<<20 || minis == 0 || blockSize%minis != 0 || blockSize/minis%8 != 0:
		return nil, errDeltaHead
	case len(dst) == 0:
		return v.b, nil
	}
	dst[0] = T(last)
	dst = dst[1:]
	for len(dst) > 0 {
		low := v.varint()
		widths := v.take(int(minis))
		if v.bad {
			return nil, errShort
		}
		for _, width := range widths {
			if len(dst) == 0 {
				break // the widths of mini blocks that do not exist mean nothing
			}
			if width > 64 {
				return nil, errWidth
			}
			n := min(int(blockSize/minis), len(dst))
			packed := v.take(int(blockSize/minis) * int(width) / 8)
			if v.bad {
				return nil, errShort
			}
			last = undelta(dst[:n], packed, uint(width), low, last)
			dst = dst[n:]
		}
	}
	return v.b, nil
}

// undelta sets dst to the running sum from last of low plus the packed numbers.
func undelta[T int32 | int64](dst []T, packed []byte, width uint, low, last int64) int64 {
	at := uint(0)
	for i := range dst {
		last += low + int64(bitsAt(packed, at, width))
		dst[i] = T(last)
		at += width
	}
	return last
}

// bitsAt returns the width bits from bit at of src, which holds them.
func bitsAt(src []byte, at, width uint) (x uint64) {
	if i := int(at >> 3); width <= 56 && i+8 <= len(src) {
		return binary.LittleEndian.Uint64(src[i:]) >> (at & 7) & (1<<width - 1)
	}
	for got := uint(0); got < width; {
		n := min(8-at&7, width-got)
		x |= uint64(src[at>>3]) >> (at & 7) & (1<<n - 1) << got
		got += n
		at += n
	}
	return x
}

// varints reads LEB128 numbers; after an error bad is set.
type varints struct {
	b   []byte
	bad bool
}

func (v *varints) uvarint() uint64 {
	x, n := binary.Uvarint(v.b)
	if n <= 0 {
		v.b, v.bad = nil, true
		return 0
	}
	v.b = v.b[n:]
	return x
}

func (v *varints) varint() int64 {
	x := v.uvarint()
	return int64(x>>1) ^ -int64(x&1)
}

func (v *varints) take(n int) []byte {
	if n < 0 || n > len(v.b) {
		v.b, v.bad = nil, true
		return nil
	}
	x := v.b[:n]
	v.b = v.b[n:]
	return x
}

// merge undoes DELTA_BYTE_ARRAY: each value is a prefix of the one before and a
// suffix of its own. It writes the values one after another and returns their
// ends; dst must hold them (see mergedLen).
func merge(dst, suffixes []byte, prefix, suffix []int32) {
	at, last := 0, 0
	for i, p := range prefix {
		n := copy(dst[at:], dst[last:last+int(p)])
		n += copy(dst[at+n:], suffixes[:suffix[i]])
		suffixes = suffixes[suffix[i]:]
		last, at = at, at+n
	}
}

// mergedLen returns the bytes that merge writes, and an error if the lengths do
// not fit each other or the bytes given, or a value is longer than limit.
func mergedLen(prefix, suffix []int32, nBytes int, limit int64) (total int64, err error) {
	var last int64
	left := int64(nBytes)
	for i, p := range prefix {
		s := int64(suffix[i])
		n := int64(p) + s
		if p < 0 || s < 0 || int64(p) > last || s > left || n > limit {
			return 0, errDeltaLength
		}
		left -= s
		last = n
		total += n
	}
	if left != 0 {
		return 0, errExcess
	}
	return total, nil
}

// unsplit undoes BYTE_STREAM_SPLIT for values of the given width.
func unsplit(dst, src []byte, width int) {
	n := len(dst) / width
	for k := range width {
		stream := src[k*n:][:n]
		for i, b := range stream {
			dst[i*width+k] = b
		}
	}
}
