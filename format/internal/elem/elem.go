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
	"math"
	"runtime"
	"slices"
	"unsafe"

	"github.com/stokerdata/stoker/internal/bulk"
	"github.com/stokerdata/stoker/internal/interleave"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
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

// anywhere says that the processor reads elements wherever they lie.
const anywhere = runtime.GOARCH == "amd64" || runtime.GOARCH == "arm64"

// Readable reports whether b can be read as elements of the given size, by a loop
// that hands it to nobody.
func Readable(b []byte, size int) bool { return anywhere || Aligned(b, size) }

// Gather copies the picked rows of from, of n bytes each, to their places in to.
func Gather(to, from []byte, n int, p loader.Pick) { GatherAhead(to, from, n, p, nil) }

// GatherAhead is Gather, and asks for the front of next, the run that is gathered then.
func GatherAhead(to, from []byte, n int, p loader.Pick, next []byte) {
	rows, at := p.Rows, p.At[:len(p.Rows)]
	switch {
	case len(rows) == 0 || n == 0:
	case p.Run:
		bulk.CopyAhead(to[at[0]*n:], from[rows[0]*n:][:len(rows)*n], next)
	case n == 1:
		move[uint8](to, from, rows, at)
	case n == 2 && aligned(to, from, n):
		move[uint16](to, from, rows, at)
	case n == 4 && aligned(to, from, n):
		move[uint32](to, from, rows, at)
	case n == 8 && aligned(to, from, n):
		move[uint64](to, from, rows, at)
	default:
		bulk.Rows(to, at, from, rows, n, n)
	}
}

func aligned(to, from []byte, size int) bool { return Aligned(to, size) && Aligned(from, size) }

func move[T uint8 | uint16 | uint32 | uint64](to, from []byte, rows, at []int) {
	dst, src := View[T](to), View[T](from)
	for k, i := range rows {
		dst[at[k]] = src[i]
	}
}

// Fill sets all of b to x.
func Fill(b []byte, x byte) {
	const first = 64
	for i := range b[:min(first, len(b))] {
		b[i] = x
	}
	for n := first; n < len(b); n *= 2 {
		copy(b[n:], b[:n])
	}
}

// Columns is the most columns that Interleave takes.
const Columns = 64

// Interleave sets element i*stride+g of dst to element i of from[g], for all i and g:
// elements of 1, 2, 4 or 8 bytes, which can be read as such. All columns are as long
// as the first.
func Interleave(dst []byte, stride, size int, from [][]byte) {
	switch size {
	case 1:
		interleave.Columns(dst, stride, from)
	case 2:
		interleaved[uint16](dst, stride, from)
	case 4:
		interleaved[uint32](dst, stride, from)
	default:
		interleaved[uint64](dst, stride, from)
	}
}

func interleaved[T any](dst []byte, stride int, from [][]byte) {
	var columns [Columns][]T
	for g, b := range from {
		columns[g] = View[T](b)
	}
	interleave.Columns(View[T](dst), stride, columns[:len(from)])
}

// View returns the elements in b, which can be read as such.
func View[T any](b []byte) []T {
	var t T
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(b))), len(b)/int(unsafe.Sizeof(t)))
}

// NaN sets b to NaNs of type t, and does nothing if that has none.
func NaN(b []byte, t dtype.Type) {
	v := loader.Tensor{DType: t, Data: b}
	switch t {
	case dtype.Float16:
		set(loader.View[uint16](v), 0x7e00)
	case dtype.BFloat16:
		set(loader.View[uint16](v), 0x7fc0)
	case dtype.Float32:
		set(loader.View[float32](v), float32(math.NaN()))
	case dtype.Float64:
		set(loader.View[float64](v), math.NaN())
	}
}

func set[T any](s []T, x T) {
	for i := range s {
		s[i] = x
	}
}
