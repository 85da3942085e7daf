package cold

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// mincore sets the lowest bit of in[i] if page i of m is in memory.
func mincore(m, in []byte) error {
	_, _, errno := unix.Syscall(unix.SYS_MINCORE, uintptr(unsafe.Pointer(&m[0])), uintptr(len(m)), uintptr(unsafe.Pointer(&in[0])))
	if errno != 0 {
		return errno
	}
	return nil
}
