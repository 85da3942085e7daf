package cold

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"unsafe"
)

func TestCold(t *testing.T) {
	name := filepath.Join(t.TempDir(), "file")
	want := bytes.Repeat([]byte("cold"), 100_000)
	if err := os.WriteFile(name, want, 0o666); err != nil {
		t.Fatal(err)
	}
	count := func() int {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		n, err := resident(f, int64(len(want)))
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := count(); int64(n) != pages(int64(len(want))) {
		t.Errorf("%d pages are in memory after a write", n)
	}
	if err := Evict(name); err != nil {
		t.Skipf("the file system of the temporary folder keeps files in memory: %v", err)
	}
	if n := count(); n != 0 {
		t.Errorf("%d pages are in memory after Evict", n)
	}
	f, err := Open(name)
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b := make([]byte, 3*Align)
	skip := int(-uintptr(unsafe.Pointer(&b[0])) % Align)
	b = b[skip:][:2*Align]
	if n, err := f.ReadAt(b, Align); n != len(b) || err != nil || !bytes.Equal(b, want[Align:3*Align]) {
		t.Errorf("read %d bytes, %v", n, err)
	}
	if n := count(); n != 0 {
		t.Errorf("%d pages are in memory after a direct read", n)
	}
}

func TestEvictErrors(t *testing.T) {
	if err := Evict("no/such/file"); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	if _, err := os.Stat("/dev/shm"); err != nil {
		t.Skip(err)
	}
	f, err := os.CreateTemp("/dev/shm", "cold-")
	if err != nil {
		t.Skip(err)
	}
	defer os.Remove(f.Name())
	defer f.Close()
	if _, err := f.Write(make([]byte, 10*Align)); err != nil {
		t.Fatal(err)
	}
	if err := Evict(f.Name()); err == nil {
		t.Error("a file that is nowhere but in memory was made cold")
	}
}
