package shard

import (
	"errors"
	"fmt"
)

// Errors that callers tell apart with [errors.Is]. A missing file wraps
// [io/fs.ErrNotExist] and a closed [Pool] gives [io/fs.ErrClosed] as usual.
var (
	// ErrChanged: a file is not what it was when it was listed or opened: it
	// was truncated, extended, replaced or written to. It is never retried.
	ErrChanged = errors.New("file changed")

	// ErrAbandoned: a read did not come back before its deadline or its
	// cancellation and was left behind. The buffer it was given belongs to that
	// read for ever: it must not be read, written or reused.
	ErrAbandoned = errors.New("read abandoned")

	// ErrTooLarge: a file exceeds the limit of a whole-file read, or one
	// request exceeds the whole budget of [Buffers].
	ErrTooLarge = errors.New("too large")
)

// A ReadError says which read of which shard went wrong.
type ReadError struct {
	Path string // the shard
	Off  int64  // first byte asked for
	Len  int    // bytes asked for; 0 when the whole file was, or none
	Err  error  // the cause
}

// Error returns one line that names the shard, the bytes and the cause, and
// never any content.
func (e *ReadError) Error() string {
	if e.Off == 0 && e.Len == 0 {
		return fmt.Sprintf("shard: read %s: %v", e.Path, e.Err)
	}
	return fmt.Sprintf("shard: read %s: %d bytes at offset %d: %v", e.Path, e.Len, e.Off, e.Err)
}

// Unwrap returns the cause.
func (e *ReadError) Unwrap() error { return e.Err }

// abandonedError is what a read left behind returns: errors.Is finds both
// ErrAbandoned and the reason.
type abandonedError struct{ cause error }

func (e *abandonedError) Error() string   { return ErrAbandoned.Error() + ": " + e.cause.Error() }
func (e *abandonedError) Unwrap() []error { return []error{ErrAbandoned, e.cause} }
