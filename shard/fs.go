package shard

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/stokerdata/stoker/shard/internal/sysio"
)

// An FS opens files for a [Pool]. The zero [PoolConfig] uses the operating
// system's; tests put package shardtest's in between. Open is called
// concurrently, must not block on a FIFO, and names files as [File.Path] does.
type FS interface {
	Open(name string) (Handle, error)
}

// A Handle is an open file. ReadAt and Stat are called concurrently; Close once,
// after all others returned.
//
// ReadAt is [io.ReaderAt]'s, except that it may also read fewer bytes than asked
// without an error. Stat is an error for all but regular files.
type Handle interface {
	io.ReaderAt
	Stat() (size int64, modTime time.Time, err error)
	io.Closer
}

// OS returns the operating system's files.
func OS() FS { return osFS{} }

// osFS opens the operating system's files, whose reads may look into the page cache
// first if that is known to do no harm: see [sysio.File.Eager].
type osFS struct{ eager bool }

func (o osFS) open(name string) (sysio.File, error) {
	f, err := sysio.Open(name)
	if o.eager {
		f = f.Eager()
	}
	return f, err
}

func (o osFS) Open(name string) (Handle, error) {
	f, err := o.open(name)
	if err != nil {
		return nil, err
	}
	return &f, nil
}

// rootFS opens files of one directory tree and refuses to leave it.
type rootFS struct {
	root *os.Root
	dir  string
}

func (r rootFS) Open(name string) (Handle, error) {
	rel, err := filepath.Rel(r.dir, name)
	if err != nil {
		return nil, err
	}
	o, err := r.root.OpenFile(rel, os.O_RDONLY|sysio.NonBlock, 0)
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return nil, e.Err // the caller names the file
	}
	if err != nil {
		return nil, err
	}
	f, err := sysio.FromOS(o)
	if err != nil {
		return nil, err
	}
	return &f, nil
}

// An adviser is a Handle that passes hints to the page cache.
type adviser interface {
	Advise(off, n int64, a sysio.Advice) error
}
