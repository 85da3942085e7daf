package sysio

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// TestEager reads a file that is in the page cache, and one that may not be: the bytes
// are the same, and reads after a miss do not look there again for a while.
func TestEager(t *testing.T) {
	want := bytes.Repeat([]byte("0123456789abcde"), 1000)
	path := filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(path, want, 0o666); err != nil {
		t.Fatal(err)
	}
	plain, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	f := plain.Eager()

	missing.Store(0)
	b := make([]byte, len(want)+100)
	_, err = unix.Preadv2(f.fd, [][]byte{b[:1]}, 0, unix.RWF_NOWAIT)
	has := err == nil
	if !has && !errors.Is(err, unix.EOPNOTSUPP) && !errors.Is(err, unix.EAGAIN) {
		t.Fatal(err)
	}
	if n := f.readCached(b, 0); has && n != len(want) || !has && n != 0 {
		t.Errorf("%d bytes from the page cache, which answers: %v", n, has)
	}
	if n := missing.Load(); has && n != 0 || !has && n != missedAfter {
		t.Errorf("%d reads are to wait, though the page cache answers: %v", n, has)
	}
	if got := readAll(t, f, b); !bytes.Equal(got, want) {
		t.Errorf("%d other bytes", len(got))
	}

	if err := errors.Join(unix.Fsync(f.fd), f.Advise(0, 0, DontNeed)); err != nil {
		t.Fatal(err)
	}
	clear(b)
	if got := readAll(t, f, b); !bytes.Equal(got, want) {
		t.Errorf("%d other bytes after they were dropped", len(got))
	}

	missing.Store(2)
	for _, n := range []int{0, 0, len(want)} {
		if got := f.readCached(b, 0); has && got != n {
			t.Errorf("%d bytes, want %d", got, n)
		}
	}
}

// TestPopulate maps a file that is not in the page cache, and has it read there.
func TestPopulate(t *testing.T) {
	want := noise(4, 1_500_000)
	f := coldFile(t, filepath.Join(t.TempDir(), "x"), want)
	b, err := f.Map(len(want))
	if err != nil {
		t.Fatal(err)
	}
	defer Unmap(b)
	if Resident(b) {
		t.Log("this file system drops nothing, or does not tell")
	}
	Populate(b)
	if !Resident(b) {
		t.Error("not all of the file is in memory")
	}
	if !bytes.Equal(b, want) {
		t.Error("other bytes")
	}
	Populate(nil)
}

// readAll reads f to its end, which b has room for.
func readAll(t *testing.T, f File, b []byte) []byte {
	n := 0
	for {
		m, err := f.ReadAt(b[n:], int64(n))
		if err == io.EOF {
			return b[:n]
		}
		if err != nil {
			t.Fatal(err)
		}
		n += m
	}
}
