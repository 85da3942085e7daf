package sysio

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFile(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"x", strings.Repeat("y", 250)} { // both ways of open
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte("hello"), 0o666); err != nil {
			t.Fatal(err)
		}
		f, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if size, modTime, err := f.Stat(); size != 5 || modTime.IsZero() || err != nil {
			t.Errorf("Stat: %d, %v, %v", size, modTime, err)
		}
		b := make([]byte, 10)
		if n, err := f.ReadAt(b, 1); string(b[:n]) != "ello" || err != nil {
			t.Errorf("ReadAt: %q, %v", b[:n], err)
		}
		if n, err := f.ReadAt(b, 5); n != 0 || err != io.EOF {
			t.Errorf("ReadAt the end: %d, %v", n, err)
		}
		for _, a := range []Advice{WillNeed, DontNeed, Sequential} {
			if err := f.Advise(0, 0, a); err != nil {
				t.Errorf("advice %d: %v", a, err)
			}
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := Open(filepath.Join(dir, "none")); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}
