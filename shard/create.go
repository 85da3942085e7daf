package shard

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
)

// A Writer writes a file that appears under its name only when it is complete.
// Until Commit it lies in a hidden temporary folder of the same directory, which
// [Find] skips. It is an [io.Writer] and an [io.WriterAt], unbuffered, for one
// goroutine at a time.
//
//	w, err := shard.Create("out/train-00000-of-00016.tar")
//	...
//	defer w.Abort() // does nothing after Commit
//	...
//	return w.Commit()
type Writer struct {
	f      *os.File // nil when committed or aborted
	path   string
	temp   string  // folder that holds the file
	series *Series // that the file is part of, nil if it is alone
}

// Create starts to write the file at path, whose directory must exist. A file
// that is there already stays, whole, until Commit replaces it.
func Create(path string) (*Writer, error) {
	temp, err := hide(path)
	if err != nil {
		return nil, fmt.Errorf("shard: create %s: %w", path, err)
	}
	f, err := createIn(temp, 0)
	if err != nil {
		return nil, fmt.Errorf("shard: create %s: %w", path, errors.Join(err, os.Remove(temp)))
	}
	return &Writer{f: f, path: path, temp: temp}, nil
}

// hide makes a folder beside path that no reader lists. What is made in it gets
// the permissions that it would have at path, as names of os.CreateTemp do not.
func hide(path string) (string, error) {
	dir, base := filepath.Split(path)
	if base == "" {
		return "", errors.New("no file name")
	}
	return os.MkdirTemp(filepath.Clean(dir), "."+base+".*.tmp")
}

// createIn creates file i of a hidden folder.
func createIn(temp string, i int) (*os.File, error) {
	return os.OpenFile(filepath.Join(temp, strconv.Itoa(i)), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
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
// is still there, unless the very last step was the one to fail. A file of a
// [Series] gets its name from Series.Commit.
func (w *Writer) Commit() error {
	if w.f == nil {
		return fmt.Errorf("shard: commit %s: %w", w.path, fs.ErrClosed)
	}
	f := w.f
	w.f = nil
	err := errors.Join(f.Sync(), f.Close())
	if w.series != nil {
		return w.series.ended(err)
	}
	if err == nil {
		err = os.Rename(f.Name(), w.path)
	}
	if err = errors.Join(err, os.RemoveAll(w.temp)); err == nil {
		err = SyncDir(filepath.Dir(w.path))
	}
	if err != nil {
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
	if w.series != nil {
		w.series.ended(errAborted)
		return f.Close()
	}
	return errors.Join(f.Close(), os.RemoveAll(w.temp))
}

// SyncDir makes the names in dir survive a crash of the machine.
func SyncDir(dir string) error {
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
