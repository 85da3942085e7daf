package bulk

import (
	"fmt"
	"runtime"
	"unsafe"

	"github.com/stokerdata/stoker/internal/prefetch"
)

const (
	line = 64

	// step is the most whole lines that the runtime copies by other instructions
	// (runtime/memmove_amd64.s: below 2048 bytes). BenchmarkCopy tells what it is
	// worth.
	step = 31 * line
)

// Copy copies as many bytes from src to dst as the shorter one has, and returns how
// many. They must not overlap.
func Copy(dst, src []byte) int {
	n := min(len(dst), len(src))
	switch {
	case runtime.GOARCH != "amd64" || n <= step || offset(dst) == offset(src):
		return copy(dst, src)
	case hasKernel():
		copyAhead(dst[:n], src[:n], nil)
		return n
	}
	return copySteps(dst[:n], src[:n])
}

// CopyAhead is Copy of memory outside of the caches, and asks for the front of next,
// which is to be copied then: many short copies from places far apart take a fifth less.
func CopyAhead(dst, src, next []byte) int {
	n := min(len(dst), len(src))
	if !hasKernel() {
		prefetch.Front(next)
		return Copy(dst, src)
	}
	copyAhead(dst[:n], src[:n], next)
	return n
}

// Rows copies rows of size bytes: rows[k] of src, where they begin stride bytes apart, to
// be row places[k] of dst, where one lies behind another. It panics if there is no such
// row.
func Rows(dst []byte, places []int, src []byte, rows []int, size, stride int) {
	places = places[:len(rows)]
	if size < leastRow || size > mostRow || !hasKernel() {
		copyRows(dst, places, src, rows, size, stride)
		return
	}
	all, room := uint((len(src)-size)/stride), uint(len(dst)/size)
	for k, row := range rows {
		if uint(row) > all || uint(places[k]) >= room || len(src) < size {
			panic(fmt.Sprintf("bulk: row %d of %d bytes goes to place %d of %d bytes", row, len(src), places[k], len(dst)))
		}
	}
	if len(rows) > 0 {
		vectorRows(dst, places, src, rows, size, stride)
	}
}

// Rows of so many bytes have a kernel. For longer ones it is no quicker.
const (
	leastRow = 4
	mostRow  = 512
)

// copyRows is Rows without a kernel.
func copyRows(dst []byte, places []int, src []byte, rows []int, size, stride int) {
	for k, row := range rows {
		Copy(dst[places[k]*size:][:size], src[row*stride:][:size])
	}
}

// copySteps is Copy without a kernel.
func copySteps(dst, src []byte) int {
	n := len(src)
	for len(src) > step {
		copy(dst[:step], src[:step])
		dst, src = dst[step:], src[step:]
	}
	copy(dst, src)
	return n
}

// offset returns where b begins within a line of the cache.
func offset(b []byte) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(b))) % line }
