//go:build !purego

package zstd

import (
	"unsafe"

	"github.com/stokerdata/stoker/internal/cpu"
)

const (
	room     = 16      // how far the kernel writes beyond a sequence
	overread = 16      // how far it reads beyond the literals
	lowest   = 1 << 31 // an address that no offset leads below zero from
)

func hasKernel() bool { return cpu.AVX2() }

// run decodes sequences as long as the kernel can, and reports whether it has left one
// to be copied, s.found.
func (s *sequences) run() bool {
	k := &s.state
	k.dst = uintptr(unsafe.Pointer(unsafe.SliceData(s.dst)))
	k.literals = uintptr(unsafe.Pointer(unsafe.SliceData(s.literals)))
	k.bits = uintptr(unsafe.Pointer(unsafe.SliceData(s.bits)))
	k.last, k.left = len(s.dst)-room, len(s.literals)
	if k.dst < lowest {
		return false
	}
	found := decodeBMI2((*uint64)(unsafe.Pointer(k)))
	s.literals = s.literals[len(s.literals)-k.left:]
	return found
}
