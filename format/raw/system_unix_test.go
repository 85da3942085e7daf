//go:build unix

package raw_test

import (
	"fmt"
	"syscall"
)

func mkfifo(path string) error { return syscall.Mkfifo(path, 0o666) }

// readIdeal fills buf from a file by the three calls that it takes.
func readIdeal(path string, buf []byte) error {
	fd, err := syscall.Open(path, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer syscall.Close(fd)
	if n, err := syscall.Pread(fd, buf, 0); err != nil || n != len(buf) {
		return fmt.Errorf("%d bytes: %w", n, err)
	}
	return nil
}
