package shard

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// A Writer writes a file that appears under its name only when it is complete.
// Until Commit the bytes are in a hidden temporary file of the same directory,
// which [Find] skips. It is an [io.Writer] and an [io.WriterAt], unbuffered, for
// one goroutine at a time.
//
//	w, err := shard.Create("out/train-00000-of-00016.tar")
//	...
//	defer w.Abort() // does nothing after Commit
//	...
//	return w.Commit()
type Writer struct {
	f    *os.File // nil when committed or aborted
	path string
}

// Create starts to write the file at path, whose directory must exist. A file
// that is there already stays, whole, until Commit replaces it.
func Create(path string) (*Writer, error) {
	dir, base := filepath.Split(path)
	if base == "" {
		return nil, fmt.Errorf("shard: create %q: no file name", path)
	}
	temp := dir + "." + base + "." + rand.Text()[:8] + ".tmp"
	f, err := os.OpenFile(temp, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return nil, fmt.Errorf("shard: create %s: %w", path, err)
	}
	return &Writer{f: f, path: path}, nil
}

// Write appends p.
func (w *Writer) Write(p []byte) (int, error) {
	if w.f == nil {
		return 0, fs.ErrClosed
	}
	return w.f.Write(p)
}

// WriteAt writes p at off, which does not move where Write goes on: headers can
// be completed at the end.
func (w *Writer) WriteAt(p []byte, off int64) (int, error) {
	if w.f == nil {
		return 0, fs.ErrClosed
	}
	return w.f.WriteAt(p, off)
}

// Commit brings the bytes to the disk, gives the file its name, and brings that
// to the disk too. When it returns an error, the file that had the name before
// is still there, unless the very last step was the one to fail.
func (w *Writer) Commit() error {
	if w.f == nil {
		return fmt.Errorf("shard: commit %s: %w", w.path, fs.ErrClosed)
	}
	f := w.f
	w.f = nil
	err := errors.Join(f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), w.path)
	}
	if err != nil {
		return fmt.Errorf("shard: commit %s: %w", w.path, errors.Join(err, os.Remove(f.Name())))
	}
	if err := syncDir(filepath.Dir(w.path)); err != nil {
		return fmt.Errorf("shard: commit %s: %w", w.path, err)
	}
	return nil
}

// Abort removes what was written. After Commit or Abort it does nothing.
func (w *Writer) Abort() error {
	if w.f == nil {
		return nil
	}
	f := w.f
	w.f = nil
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// syncDir makes a rename in dir survive a crash of the machine.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil // directories cannot be synced there
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Names returns the n names of a dataset written as n shards: for n = 16,
// "out/train.tar.zst" gives "out/train-00000-of-00016.tar.zst" and so on. They
// sort in the order of their numbers.
func Names(path string, n int) []string {
	ext := filepath.Ext(path)
	switch ext {
	case ".gz", ".zst", ".lz4":
		ext = filepath.Ext(strings.TrimSuffix(path, ext)) + ext
	}
	stem := strings.TrimSuffix(path, ext)
	width := max(5, len(fmt.Sprint(n)))
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("%s-%0*d-of-%0*d%s", stem, width, i, width, n, ext)
	}
	return names
}
