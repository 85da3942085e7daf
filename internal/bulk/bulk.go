package bulk

import (
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
