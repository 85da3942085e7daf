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
	"unsafe"
)

// PageBytes is the alignment of [Alloc] and the smallest page of any supported
// platform.
const PageBytes = 4096

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

// hugeBytes is the size of a huge page on amd64 and arm64.
const hugeBytes = 2 << 20

// Alloc returns n zeroed bytes that start at a multiple of [PageBytes]. Many lie in
// huge pages, where Linux has some to give: rows are then found without walking through
// the tables of small ones, and a direct read costs the kernel, and the host of a
// virtual drive, one step for all of it and not one for each 4 KiB.
func Alloc(n int) []byte {
	b := make([]byte, n)
	if n > 0 && !Aligned(b) { // the runtime aligns large objects to its own pages
		b = make([]byte, n+PageBytes)
		skip := int(-address(b) % PageBytes)
		b = b[skip : skip+n : skip+n]
	}
	if n >= hugeBytes/2 {
		collapse(b)
	}
	return b
}

// Aligned reports whether b starts at a multiple of [PageBytes].
func Aligned(b []byte) bool { return address(b)%PageBytes == 0 }

func address(b []byte) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(b))) }
