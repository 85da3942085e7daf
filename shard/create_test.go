package shard_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stokerdata/stoker/shard"
)

func TestCreate(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.bin")
	write(t, path, []byte("old"))
	w, err := shard.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(w, "....new")
	if n, err := w.WriteAt([]byte("head"), 0); n != 4 || err != nil {
		t.Fatal(n, err)
	}
	if b, _ := os.ReadFile(path); string(b) != "old" {
		t.Errorf("before Commit: %q", b)
	}
	if set, err := shard.Find(t.Context(), dir); err != nil || len(set) != 1 {
		t.Errorf("the temporary file is listed: %v, %v", set, err)
	}
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
	if b, _ := os.ReadFile(path); string(b) != "headnew" {
		t.Errorf("after Commit: %q", b)
	}
	if err := w.Abort(); err != nil {
		t.Errorf("Abort after Commit: %v", err)
	}
	if err := w.Commit(); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("second Commit: %v", err)
	}
	if _, err := w.Write([]byte("x")); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("Write after Commit: %v", err)
	}

	w, err = shard.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(w, "newer")
	if err := w.Abort(); err != nil {
		t.Error(err)
	}
	w, err = shard.Create(filepath.Join(dir, "sub"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "sub", "x"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := w.Commit(); err == nil {
		t.Error("Commit over a directory")
	}
	entries, _ := os.ReadDir(dir)
	if b, _ := os.ReadFile(path); string(b) != "headnew" || len(entries) != 2 {
		t.Errorf("after Abort: %q, %v", b, entries)
	}
	for _, bad := range []string{"", dir + "/", filepath.Join(dir, "none", "x")} {
		if _, err := shard.Create(bad); err == nil {
			t.Errorf("Create(%q): no error", bad)
		}
	}
}

func TestNames(t *testing.T) {
	tests := []struct {
		path string
		n    int
		want []string
	}{
		{"a/x.tar", 2, []string{"a/x-00000-of-00002.tar", "a/x-00001-of-00002.tar"}},
		{"x.tar.zst", 1, []string{"x-00000-of-00001.tar.zst"}},
		{"v1.2/x", 1, []string{"v1.2/x-00000-of-00001"}},
		{"x", 0, []string{}},
	}
	for _, tt := range tests {
		if got := shard.Names(tt.path, tt.n); !slices.Equal(got, tt.want) {
			t.Errorf("Names(%q, %d) = %q", tt.path, tt.n, got)
		}
	}
	if all := shard.Names("x", 100_001); all[7] != "x-000007-of-100001" || !slices.IsSorted(all) {
		t.Errorf("more than five digits: %s", all[7])
	}
}

func ExampleCreate() {
	dir, _ := os.MkdirTemp("", "shard")
	defer os.RemoveAll(dir)
	save := func(path string) error {
		w, err := shard.Create(path)
		if err != nil {
			return err
		}
		defer w.Abort() // does nothing after Commit
		if _, err := w.Write([]byte("all of it")); err != nil {
			return err
		}
		return w.Commit()
	}
	for _, path := range shard.Names(filepath.Join(dir, "x.bin"), 2) {
		if err := save(path); err != nil {
			fmt.Println(err)
		}
	}
	entries, _ := os.ReadDir(dir)
	fmt.Println(entries[0].Name(), entries[1].Name())
	// Output: x-00000-of-00002.bin x-00001-of-00002.bin
}
