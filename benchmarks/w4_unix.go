//go:build unix

package main

import (
	"errors"
	"io"
	"syscall"
)

// readWhole reads a file into a buffer, from at on, that grows if it has to, with no
// more than system calls.
func readWhole(path string, buf *[]byte, at int) (int, error) {
	fd, err := syscall.Open(path, syscall.O_RDONLY, 0)
	if err != nil {
		return 0, err
	}
	n, err := readTo(fd, buf, at)
	return n, errors.Join(err, syscall.Close(fd))
}

func readTo(fd int, buf *[]byte, at int) (n int, err error) {
	for {
		got, err := syscall.Pread(fd, (*buf)[at+n:], int64(n))
		if n += got; err != nil || at+n < len(*buf) {
			return n, err
		}
		if n > 1<<30 {
			return n, io.ErrShortBuffer
		}
		*buf = append(*buf, make([]byte, len(*buf))...)
	}
}
