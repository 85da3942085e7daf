//go:build amd64 && !purego

package zstd

import (
	"unsafe"

	"github.com/stokerdata/stoker/internal/cpu"
)

// room is how far the kernel may write beyond the end of a sequence.
const room = 32

// kernel decodes sequences until one is not for it, as it is near the end of something.
// If ok it has decoded this one, which is still to be copied.
func (s *sequences) kernel() (literals, match, back int, ok bool) {
	if !cpu.AVX2() {
		return 0, 0, 0, false
	}
	ok = decodeBMI2((*uint64)(unsafe.Pointer(s)))
	return s.found.literals, s.found.match, s.found.back, ok
}
