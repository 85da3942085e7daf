package bulk

import (
	"runtime"
	"unsafe"
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
	if runtime.GOARCH != "amd64" || min(len(dst), len(src)) <= step || offset(dst) == offset(src) {
		return copy(dst, src)
	}
	n := min(len(dst), len(src))
	dst, src = dst[:n], src[:n]
	for len(src) > step {
		copy(dst[:step], src[:step])
		dst, src = dst[step:], src[step:]
	}
	copy(dst, src)
	return n
}

// offset returns where b begins within a line of the cache.
func offset(b []byte) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(b))) % line }
