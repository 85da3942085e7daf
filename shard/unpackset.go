package shard

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/zeebo/xxh3"
	"golang.org/x/sync/errgroup"
)

// ErrPacked: a compressed file is damaged, or unpacks to far more than compressed files
// do.
var ErrPacked = errors.New("cannot be unpacked")

const (
	// A file that unpacks to more than this, and to so many times its size, is taken
	// for one that should fill the drive.
	leastUnpacked   = 1 << 30
	unpackedPerByte = 200
)

var packedExt = []string{".gz", ".zst"}

// Packed reports whether the extension of a file says that [Unpack] undoes something.
func Packed(path string) bool {
	return slices.Contains(packedExt, strings.ToLower(filepath.Ext(path)))
}

// Unpack returns s with files below dir in the place of those that are [Packed], of which
// no part can be read by itself. It makes those that are missing, GOMAXPROCS at a time; a
// file whose path, size or time have changed is another one. Nothing is removed from dir.
//
// Progress, if it is not nil, is called now and then with the bytes of packed files that
// are done and those of all, by several goroutines.
//
// The error wraps [ErrPacked] where a file is damaged. Two files of s that would hold the
// same, a.csv and a.csv.gz, are an error.
func (s Set) Unpack(ctx context.Context, dir string, progress func(done, total int64)) (Set, error) {
	holds := make(map[string]string, len(s)) // the file that holds what would have a name
	t := &tally{report: progress}
	for _, f := range s {
		name := f.Path
		if Packed(name) {
			name = withoutExt(name)
			t.total += f.Size
		}
		if other, ok := holds[name]; ok {
			return nil, fmt.Errorf("shard: %s and %s are both there, and hold the same", other, f.Path)
		}
		holds[name] = f.Path
	}
	s = slices.Clone(s)
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, f := range s {
		if !Packed(f.Path) {
			continue
		}
		g.Go(func() (err error) {
			if s[i], err = unpackFile(ctx, f.Path, dir, t); err != nil {
				err = fmt.Errorf("shard: unpack %s: %w", f.Path, err)
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return s, nil
}

func withoutExt(path string) string { return strings.TrimSuffix(path, filepath.Ext(path)) }

// unpackFile returns what a compressed file holds, as a file in a folder of dir whose
// name tells path, size and time.
func unpackFile(ctx context.Context, path, dir string, t *tally) (file File, err error) {
	f, err := os.Open(path)
	if err != nil {
		return file, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return file, err
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return file, err
	}
	key := xxh3.HashString(fmt.Sprintf("%s\x00%d %d", abs, info.Size(), info.ModTime().UnixNano()))
	to := filepath.Join(dir, fmt.Sprintf("%016x", key), filepath.Base(withoutExt(path)))
	done, err := os.Stat(to)
	switch {
	case err == nil:
		t.add(info.Size())
	case errors.Is(err, fs.ErrNotExist):
		from := counted{f, t}
		if err = unpackTo(ctx, to, path, from, max(leastUnpacked, info.Size()*unpackedPerByte)); err == nil {
			done, err = os.Stat(to)
		}
	}
	if err != nil {
		return file, err
	}
	return File{Path: to, Size: done.Size(), ModTime: done.ModTime()}, nil
}

// unpackTo writes what a file holds, at most so many bytes, to another that appears when
// it is complete.
func unpackTo(ctx context.Context, path, name string, from io.Reader, limit int64) error {
	_, r, err := Unpack(name, from, limit)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrPacked, err)
	}
	defer r.Close()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	w, err := Create(path)
	if err != nil {
		return err
	}
	defer w.Abort()
	if _, err := io.Copy(w, unpacking{r, ctx}); err != nil {
		return err
	}
	return w.Commit()
}

// unpacking is a reader whose errors wrap ErrPacked, and which ends with a context.
type unpacking struct {
	io.Reader
	ctx context.Context
}

func (u unpacking) Read(p []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := u.Reader.Read(p)
	if err != nil && err != io.EOF {
		err = fmt.Errorf("%w: %w", ErrPacked, err)
	}
	return n, err
}

// A tally counts bytes for a function, which may be nil.
type tally struct {
	report func(done, total int64)
	done   atomic.Int64
	total  int64
}

func (t *tally) add(n int64) {
	if done := t.done.Add(n); t.report != nil {
		t.report(done, t.total)
	}
}

// counted is a reader whose bytes are added up.
type counted struct {
	io.Reader
	tally *tally
}

func (c counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.tally.add(int64(n))
	return n, err
}
