package shard

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/klauspost/compress/gzip"
)

// TestUnpackTo stops at a file that is larger than it may be, and when it is told to.
func TestUnpackTo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.gz")
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write(make([]byte, 1000))
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	for _, c := range []struct {
		ctx   context.Context
		limit int64
		want  error
	}{{t.Context(), 999, ErrTooLarge}, {stopped, 1000, context.Canceled}, {t.Context(), 1000, nil}} {
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		to := filepath.Join(t.TempDir(), "a")
		if err := unpackTo(c.ctx, to, path, f, c.limit); !errors.Is(err, c.want) {
			t.Errorf("%v, want %v", err, c.want)
		}
		if _, err := os.Stat(to); (err == nil) != (c.want == nil) {
			t.Errorf("%v: there is a file: %v", c.want, err == nil)
		}
		f.Close()
	}
}
