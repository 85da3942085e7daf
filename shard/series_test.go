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

// next writes a shard of s.
func next(t *testing.T, s *shard.Series, text string) {
	t.Helper()
	w, err := s.Next()
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(w, text)
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
}

// listing lists a directory, hidden files too.
func listing(t *testing.T, dir string) (list []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

func TestSeries(t *testing.T) {
	dir := t.TempDir()
	s := shard.Series{Path: filepath.Join(dir, "x.bin")}
	for _, text := range []string{"one", "two", "three"} {
		next(t, &s, text)
	}
	if set, err := shard.Find(t.Context(), dir); err == nil {
		t.Errorf("listed before Commit: %v", set)
	}
	paths, err := s.Commit()
	if err != nil || !slices.Equal(paths, shard.Names(s.Path, 3)) {
		t.Fatal(paths, err)
	}
	want := []string{"x-00000-of-00003.bin", "x-00001-of-00003.bin", "x-00002-of-00003.bin"}
	if got := listing(t, dir); !slices.Equal(got, want) {
		t.Errorf("there are %q", got)
	}
	if b, _ := os.ReadFile(paths[2]); string(b) != "three" {
		t.Errorf("the third holds %q", b)
	}
	if info, err := os.Stat(paths[0]); err != nil || info.Mode().Perm() != plainMode(t) {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if err := s.Abort(); err != nil || len(listing(t, dir)) != 3 {
		t.Errorf("Abort after Commit: %v", err)
	}
	if _, err := s.Next(); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("Next after Commit: %v", err)
	}

	one := shard.Series{Path: filepath.Join(dir, "y.bin"), Single: true}
	next(t, &one, "all")
	if _, err := one.Next(); err == nil {
		t.Error("a second shard of a single one")
	}
	if paths, err := one.Commit(); err != nil || !slices.Equal(paths, []string{one.Path}) {
		t.Error(paths, err)
	}
	if paths, err := new(shard.Series).Commit(); err != nil || len(paths) != 0 {
		t.Errorf("no shards: %q, %v", paths, err)
	}
}

// plainMode returns the permissions that the system gives to a new file.
func plainMode(t *testing.T) fs.FileMode {
	f, err := os.OpenFile(filepath.Join(t.TempDir(), "plain"), os.O_CREATE|os.O_WRONLY, 0o666)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode().Perm()
}

// TestSeriesFails makes sure that nothing is left behind.
func TestSeriesFails(t *testing.T) {
	for _, c := range []struct {
		name string
		fail func(dir string, s *shard.Series) error
		left []string
	}{
		{"Abort", func(_ string, s *shard.Series) error { return errors.Join(s.Abort(), fs.ErrExist) }, nil},
		{"Abort within a shard", func(_ string, s *shard.Series) error {
			_, err := s.Next()
			return errors.Join(err, s.Abort(), fs.ErrExist)
		}, nil},
		{"two at a time", func(_ string, s *shard.Series) error {
			s.Next()
			_, err := s.Next()
			s.Abort()
			return err
		}, nil},
		{"Commit within a shard", func(_ string, s *shard.Series) error {
			s.Next()
			_, err := s.Commit()
			return err
		}, nil},
		{"Commit after the Abort of a shard", func(_ string, s *shard.Series) error {
			w, _ := s.Next()
			w.Abort()
			_, err := s.Commit()
			return err
		}, nil},
		{"a folder has a name", func(dir string, s *shard.Series) error {
			os.MkdirAll(filepath.Join(dir, "x-00001-of-00002", "x"), 0o777)
			_, err := s.Commit()
			return err
		}, []string{"x-00001-of-00002"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			s := &shard.Series{Path: filepath.Join(dir, "x")}
			next(t, s, "one")
			next(t, s, "two")
			if err := c.fail(dir, s); err == nil {
				t.Error("no error")
			}
			if got := listing(t, dir); !slices.Equal(got, c.left) {
				t.Errorf("left are %q", got)
			}
		})
	}
	for _, bad := range []string{"", filepath.Join(t.TempDir(), "none", "x")} {
		if _, err := (&shard.Series{Path: bad}).Next(); err == nil {
			t.Errorf("Series of %q: no error", bad)
		}
	}
}

func ExampleSeries() {
	dir, _ := os.MkdirTemp("", "shard")
	defer os.RemoveAll(dir)
	s := shard.Series{Path: filepath.Join(dir, "lines.txt")}
	defer s.Abort() // does nothing after Commit
	for _, text := range []string{"one", "two"} {
		w, err := s.Next()
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Fprintln(w, text)
		if err := w.Commit(); err != nil {
			fmt.Println(err)
			return
		}
	}
	paths, err := s.Commit()
	fmt.Println(filepath.Base(paths[0]), filepath.Base(paths[1]), err)
	// Output: lines-00000-of-00002.txt lines-00001-of-00002.txt <nil>
}
