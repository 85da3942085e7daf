package sysio

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// newRing returns a ring, or skips the test where there can be none.
func newRing(t *testing.T, n int) *Ring {
	t.Helper()
	r, err := NewRing(n)
	if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, syscall.ENOSYS) || errors.Is(err, fs.ErrPermission) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// TestRing reads pieces of a file in several rounds, more than the ring has room
// for at a time, and waits for some of them.
func TestRing(t *testing.T) {
	const room, pieces, size = 8, 100, 1000
	r := newRing(t, room)
	want := make([]byte, pieces*size-1)
	for i := range want {
		want[i] = byte(i * 31 >> 3)
	}
	path := filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(path, want, 0o666); err != nil {
		t.Fatal(err)
	}
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	got := make([]byte, pieces*size)
	next, done := 0, 0
	for done < pieces {
		for ; next < pieces && r.Room() > 0; next++ {
			r.Read(f, got[next*size:][:size], int64(next*size), next)
		}
		if next < pieces && next-done != room {
			t.Fatalf("room for %d reads, not %d", next-done, room)
		}
		want := min(next-done, 1+next%room)
		if err := r.Wait(want); err != nil {
			t.Fatal(err)
		}
		for n := 0; ; n++ {
			d, ok := r.Next()
			if !ok {
				if n < want {
					t.Fatalf("%d results, not %d", n, want)
				}
				break
			}
			if full := d.N == size || d.Tag == pieces-1 && d.N == size-1; d.Err != nil || !full {
				t.Errorf("read %d: %d bytes, error %v", d.Tag, d.N, d.Err)
			}
			done++
		}
	}
	if !bytes.Equal(got[:len(want)], want) {
		t.Error("wrong bytes")
	}
}

func TestRingErrors(t *testing.T) {
	r := newRing(t, 4)
	dir, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	r.Read(dir, make([]byte, 10), 0, 7)
	if err := r.Wait(1); err != nil {
		t.Fatal(err)
	}
	d, ok := r.Next()
	if !ok || d.Tag != 7 || !errors.Is(d.Err, syscall.EISDIR) {
		t.Errorf("reading a directory: %+v, %v", d, ok)
	}
	if _, ok := r.Next(); ok || r.Room() != 4 {
		t.Errorf("there is another result, or room for %d reads", r.Room())
	}
}
