package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"syscall"
)

// limitSpace lets this process take so many bytes of address space more.
func limitSpace(more int64) error {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return err
	}
	pages, _, _ := bytes.Cut(text, []byte(" "))
	n, err := strconv.ParseInt(string(pages), 10, 64)
	if err != nil {
		return fmt.Errorf("/proc/self/statm: %w", err)
	}
	most := uint64(n*int64(os.Getpagesize()) + more)
	return syscall.Setrlimit(syscall.RLIMIT_AS, &syscall.Rlimit{Cur: most, Max: most})
}
