// Package sysio reads files by the cheapest calls the platform has: on Linux
// raw openat, fstat, pread and close, elsewhere package os.
//
// A [File] is a value, so opening one allocates nothing on Linux. It has no
// finalizer: whoever opens it closes it. All methods but Close may be called
// concurrently.
package sysio

import (
	"errors"
	"fmt"
	"io/fs"
)

// HugePage is what Linux reads at once into a mapping that asks for huge pages, from a
// multiple of that on. The pages at the end of a file are as large as fit.
const HugePage = 2 << 20

// Advice says how a part of a file will be used.
type Advice int

const (
	WillNeed   Advice = iota // read it into the page cache now
	DontNeed                 // drop it from the page cache
	Sequential               // it is read from start to end: read ahead further
)

// Done is a read of a [Ring] that is done: its tag, and the bytes that it read or
// the error.
type Done struct {
	Tag, N int
	Err    error
}

// ErrNotRegular is returned by [File.Stat] for a FIFO, device, socket or
// directory.
var ErrNotRegular = errors.New("not a regular file")

func notRegular(mode fs.FileMode) error {
	kind := "special file"
	switch {
	case mode&fs.ModeDir != 0:
		kind = "directory"
	case mode&fs.ModeNamedPipe != 0:
		kind = "FIFO"
	case mode&fs.ModeSocket != 0:
		kind = "socket"
	case mode&fs.ModeDevice != 0:
		kind = "device"
	}
	return fmt.Errorf("%w (%s)", ErrNotRegular, kind)
}

// CheckRegular returns nil for the mode of a regular file and an error that
// names the kind of file, wrapping [ErrNotRegular], for any other.
func CheckRegular(mode fs.FileMode) error {
	if mode.IsRegular() {
		return nil
	}
	return notRegular(mode)
}
