//go:build !linux

package sysio

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"time"
)

// A File is an open file, read by position.
type File struct{ f *os.File }

// Open opens the named file for reading. It never blocks on a FIFO, and does
// not look at what it opened: [File.Stat] does. The error is the platform's
// own, without the name.
func Open(name string) (File, error) {
	f, err := os.OpenFile(name, os.O_RDONLY|NonBlock, 0)
	return File{f}, bare(err)
}

// bare takes the name off an error of package os: callers add their own.
func bare(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}

// Eager returns f.
func (f File) Eager() File { return f }

// FromOS takes over f.
func FromOS(f *os.File) (File, error) { return File{f}, nil }

// Stat returns the file's size and the time of its last change. It is an error
// wrapping [ErrNotRegular] when the file is not a regular one.
func (f File) Stat() (size int64, modTime time.Time, err error) {
	info, err := f.f.Stat()
	if err != nil {
		return 0, time.Time{}, bare(err)
	}
	return info.Size(), info.ModTime(), CheckRegular(info.Mode())
}

// ReadAt reads into p from offset off. At the end of the file it returns
// [io.EOF].
func (f File) ReadAt(p []byte, off int64) (int, error) {
	n, err := f.f.ReadAt(p, off)
	if n > 0 && err == io.EOF {
		err = nil
	}
	return n, bare(err)
}

// Read is ReadAt.
func (f File) Read(p []byte, off int64) (int, error) { return f.ReadAt(p, off) }

// Bring does nothing on this platform.
func (f File) Bring(off, n int64) bool { return false }

// Close closes the file. The File must not be used again.
func (f File) Close() error { return bare(f.f.Close()) }

// Advise does nothing on this platform.
func (f File) Advise(off, n int64, a Advice) error { return nil }

// SetDirect returns [errors.ErrUnsupported] for true.
func (f File) SetDirect(on bool) error {
	if on {
		return errors.ErrUnsupported
	}
	return nil
}

// RefusesDirect returns false: there are no direct reads.
func RefusesDirect(error) bool { return false }

// Map returns [errors.ErrUnsupported].
func (f File) Map(int) ([]byte, error) { return nil, errors.ErrUnsupported }

// Populate does nothing.
func Populate([]byte) {}

// Resident returns true.
func Resident([]byte) bool { return true }

// Unmap does nothing.
func Unmap([]byte) error { return nil }
