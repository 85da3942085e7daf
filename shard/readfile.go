package shard

import (
	"context"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/stokerdata/stoker/shard/internal/sysio"
)

// MaxFileBytes is the size above which a whole-file read refuses a file, unless
// [PoolConfig] says otherwise: such a file is a shard to be read in parts.
const MaxFileBytes = 1 << 30

// maxEmptyReads is how many reads in a row may return no byte and no error
// before the reader gives up with [io.ErrNoProgress].
const maxEmptyReads = 8

// ReadFile reads the whole regular file at path into buf's memory, growing it
// where it is too small, and returns the filled slice. Pass the result of one
// call as buf of the next and nothing is allocated in steady state; on an error
// the result is buf emptied, to the same end.
//
// Files above [MaxFileBytes] are an error wrapping [ErrTooLarge], a file that
// changes under the read one wrapping [ErrChanged]. Nothing is retried and ctx
// is only looked at before the read: [Pool.ReadFile] does more.
func ReadFile(ctx context.Context, path string, buf []byte) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return buf[:0], &ReadError{Path: path, Err: err}
	}
	out, err := readFile(path, buf, MaxFileBytes)
	if err != nil {
		return out, &ReadError{Path: path, Err: err}
	}
	return out, nil
}

func readFile(path string, buf []byte, maxBytes int64) ([]byte, error) {
	f, err := sysio.Open(path)
	if err != nil {
		return buf[:0], err
	}
	defer f.Close()
	was, err := stat(f)
	if err != nil {
		return buf[:0], err
	}
	return readWhole(f, was, buf, maxBytes)
}

// unknown marks a part of a version that nobody has looked at yet.
const unknown = math.MinInt64

// version tells one state of a file from the next.
type version struct {
	size  int64
	modNs int64 // since 1970
}

func versionOf(f File) version {
	v := version{unknown, unknown}
	if f.Size >= 0 {
		v.size = f.Size
	}
	if !f.ModTime.IsZero() {
		v.modNs = f.ModTime.UnixNano()
	}
	return v
}

func stat[H Handle](h H) (version, error) {
	size, modTime, err := h.Stat()
	if err != nil {
		return version{}, err
	}
	return version{size, modTime.UnixNano()}, nil
}

// differs returns an error wrapping ErrChanged if a known part of v differs
// from now.
func (v version) differs(now version) error {
	switch {
	case v.size != unknown && v.size != now.size:
		return fmt.Errorf("%w: size was %d, is %d", ErrChanged, v.size, now.size)
	case v.modNs != unknown && v.modNs != now.modNs:
		return fmt.Errorf("%w: written %v later", ErrChanged, time.Duration(now.modNs-v.modNs))
	}
	return nil
}

// readWhole reads all of h, which is in state was, into buf.
func readWhole[H Handle](h H, was version, buf []byte, maxBytes int64) ([]byte, error) {
	if was.size > maxBytes {
		return buf[:0], tooLarge(was.size, maxBytes)
	}
	n := int(was.size)
	if cap(buf) < n {
		buf = make([]byte, n+n/8) // room for files a little larger
	}
	err := readFull(h, was, buf[:n], 0)
	if changed := unchanged(h, was); changed != nil {
		err = changed // which tells more
	}
	if err != nil {
		return buf[:0], err
	}
	return buf[:n], nil
}

func tooLarge(size, most int64) error {
	return fmt.Errorf("%w: %d bytes, the limit is %d", ErrTooLarge, size, most)
}

// readFull fills p from off of h, which was in state was.
func readFull[H Handle](h H, was version, p []byte, off int64) error {
	for n, empty := 0, 0; n < len(p); {
		m, err := h.ReadAt(p[n:], off+int64(n))
		n += m
		switch {
		case n == len(p):
		case err == io.EOF || err == io.ErrUnexpectedEOF:
			return fmt.Errorf("%w: ends at %d, had %d bytes", ErrChanged, off+int64(n), was.size)
		case err != nil:
			return err
		case m > 0:
			empty = 0
		default:
			if empty++; empty == maxEmptyReads {
				return io.ErrNoProgress
			}
		}
	}
	return nil
}

// unchanged returns an error if h is in another state than it was.
func unchanged[H Handle](h H, was version) error {
	now, err := stat(h)
	if err != nil {
		return err
	}
	return was.differs(now)
}
