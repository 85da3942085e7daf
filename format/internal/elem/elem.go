// Package elem looks after the elements of tensors as they lie in files: the
// order of their bytes, where they lie in memory, and bools that are none.
//
//	if elem.IsBig(binary.NativeEndian) != big {
//		elem.Swap(data, t.Size())
//	}
package elem

import (
	"encoding/binary"
	"fmt"
	"slices"
	"unsafe"

	"github.com/stokerdata/stoker/loader"
)

// IsBig reports whether an order puts the high byte first.
func IsBig(o interface{ PutUint16([]byte, uint16) }) bool {
	var b [2]byte
	o.PutUint16(b[:], 1)
	return b[1] == 1
}

// Swap reverses the bytes of each element of the given size.
func Swap(b []byte, size int) {
	switch size {
	case 2:
		for ; len(b) >= 2; b = b[2:] {
			b[0], b[1] = b[1], b[0]
		}
	case 4:
		for ; len(b) >= 4; b = b[4:] {
			binary.LittleEndian.PutUint32(b, binary.BigEndian.Uint32(b))
		}
	case 8:
		for ; len(b) >= 8; b = b[8:] {
			binary.LittleEndian.PutUint64(b, binary.BigEndian.Uint64(b))
		}
	}
}

// CheckBools returns an error that wraps loader.ErrCorrupt if an element is
// neither 0 nor 1.
func CheckBools(b []byte) error {
	if i := slices.IndexFunc(b, func(v byte) bool { return v > 1 }); i >= 0 {
		return fmt.Errorf("element %d is %d, not a bool: %w", i, b[i], loader.ErrCorrupt)
	}
	return nil
}

// Aligned reports whether b can be lent as elements of the given size.
func Aligned(b []byte, size int) bool {
	return uintptr(unsafe.Pointer(unsafe.SliceData(b)))%uintptr(size) == 0
}

// Gather copies rows of n bytes each, the given ones of from, to places at of to.
func Gather(to, from []byte, n int, rows, at []int) {
	at = at[:len(rows)]
	switch {
	case len(rows) == 0 || n == 0:
	case inOrder(rows) && inOrder(at):
		copy(to[at[0]*n:], from[rows[0]*n:][:len(rows)*n])
	case n == 1:
		for k, i := range rows {
			to[at[k]] = from[i]
		}
	case n == 4:
		for k, i := range rows {
			binary.NativeEndian.PutUint32(to[4*at[k]:], binary.NativeEndian.Uint32(from[4*i:]))
		}
	case n == 8:
		for k, i := range rows {
			binary.NativeEndian.PutUint64(to[8*at[k]:], binary.NativeEndian.Uint64(from[8*i:]))
		}
	default:
		for k, i := range rows {
			copy(to[at[k]*n:][:n], from[i*n:])
		}
	}
}

// inOrder reports whether rows follow one another.
func inOrder(rows []int) bool {
	for i := 1; i < len(rows); i++ {
		if rows[i] != rows[i-1]+1 {
			return false
		}
	}
	return true
}
