package loader

import (
	"fmt"
	"unsafe"

	"github.com/stokerdata/stoker/internal/pages"
	"github.com/stokerdata/stoker/loader/dtype"
)

// Tensor is a dense, row-major array in memory that somebody else owns: see
// where it came from for how long it may be used.
type Tensor struct {
	DType dtype.Type
	Shape Shape
	Data  []byte // aligned to the element size
}

// View returns the elements of t without a copy. Float16 and BFloat16 are seen
// as uint16. It panics if T is not the element type of t.
func View[T dtype.Element](t Tensor) []T {
	// Small enough to be inlined, so that no Tensor is passed through memory.
	return view[T](t.DType, t.Data)
}

func view[T dtype.Element](t dtype.Type, data []byte) []T {
	want := dtype.Of[T]()
	if t != want && !(want == dtype.Uint16 && (t == dtype.Float16 || t == dtype.BFloat16)) {
		panic(fmt.Sprintf("loader: View as %v of a %v tensor", want, t))
	}
	if len(data) == 0 {
		return nil
	}
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(data))), len(data)/want.Size())
}

// bytesOf returns the memory of x, so that slabs made as []uint64 are aligned for every element type.
func bytesOf(x []uint64) []byte {
	if len(x) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(x))), 8*len(x))
}

// newBytes returns n zero bytes aligned to 8, in huge pages where there are any.
func newBytes(n int) []byte {
	b := bytesOf(make([]uint64, (n+7)/8))[:n]
	pages.Huge(b)
	return b
}

// sameStart reports whether a and b begin at the same byte.
func sameStart(a, b []byte) bool {
	return len(a) > 0 && len(b) > 0 && unsafe.SliceData(a) == unsafe.SliceData(b)
}
