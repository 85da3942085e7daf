package shard_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stokerdata/stoker/shard"
)

// writeTree writes files, each with its name as content, and returns their root.
func writeTree(t testing.TB, names ...string) string {
	t.Helper()
	root := t.TempDir()
	for _, name := range names {
		write(t, filepath.Join(root, filepath.FromSlash(name)), []byte(name))
	}
	return root
}

func write(t testing.TB, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
}

// names returns the slash-separated paths of set below root.
func names(t testing.TB, root string, set shard.Set) []string {
	t.Helper()
	var out []string
	for _, f := range set {
		rel, err := filepath.Rel(root, f.Path)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, filepath.ToSlash(rel))
	}
	return out
}

func TestFind(t *testing.T) {
	root := writeTree(t,
		"a.parquet", "b.PARQUET", "c.txt", ".hidden.parquet", "d.parquet.tmp", "e~", "_SUCCESS", "_DSC1.jpg",
		"sub/a.parquet", "sub-x/a.parquet", "sub/deep/z.parquet", "sub/.git/x.parquet", "sub/_temporary/y.parquet",
		"odd[1].bin",
	)
	write(t, filepath.Join(root, "lists/l.list"), []byte("\ufeff# comment\n\n ../c.txt \r\n../a.parquet\n../c.txt"))
	parquet := shard.Finder{Ext: []string{".parquet"}}
	tests := []struct {
		name     string
		finder   shard.Finder
		patterns []string
		want     string
	}{
		{"file", shard.Finder{}, []string{"c.txt"}, "c.txt"},
		{"order of patterns, no repeats", shard.Finder{}, []string{"c.txt", "a.parquet", "c.txt"}, "c.txt a.parquet"},
		{"directory", shard.Finder{}, []string{"sub"}, "sub/a.parquet sub/deep/z.parquet"},
		{"byte order of whole paths", parquet, []string{"."}, "a.parquet b.PARQUET sub-x/a.parquet sub/a.parquet sub/deep/z.parquet"},
		{"camera names are data", shard.Finder{Ext: []string{".jpg"}}, []string{"."}, "_DSC1.jpg"},
		{"glob", shard.Finder{}, []string{"*.parquet"}, "a.parquet"},
		{"glob of directories", shard.Finder{}, []string{"sub*/*.parquet"}, "sub-x/a.parquet sub/a.parquet"},
		{"double star", shard.Finder{}, []string{"**/*.parquet"}, "a.parquet sub-x/a.parquet sub/_temporary/y.parquet sub/a.parquet sub/deep/z.parquet"},
		{"double star inside", shard.Finder{}, []string{"sub/**/**/z.*"}, "sub/deep/z.parquet"},
		{"double star last", shard.Finder{}, []string{"sub/deep/**"}, "sub/deep/z.parquet"},
		{"hidden by name", shard.Finder{}, []string{".hid*"}, ".hidden.parquet"},
		{"looks like a glob", shard.Finder{}, []string{"odd[1].bin"}, "odd[1].bin"},
		{"list", shard.Finder{}, []string{"@lists/l.list"}, "c.txt a.parquet"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var full []string
			for _, p := range tt.patterns {
				list, isList := strings.CutPrefix(p, "@")
				p = filepath.Join(root, list)
				if isList {
					p = "@" + p
				}
				full = append(full, p)
			}
			got, err := tt.finder.Find(t.Context(), full...)
			if err != nil {
				t.Fatal(err)
			}
			if s := strings.Join(names(t, root, got), " "); s != tt.want {
				t.Errorf("got  %s\nwant %s", s, tt.want)
			}
			for _, f := range got {
				if f.Size <= 0 || f.ModTime.IsZero() {
					t.Errorf("%s: no size or time: %+v", f.Path, f)
				}
			}
			tt.finder.Root = root
			rooted, err := tt.finder.Find(t.Context(), tt.patterns...)
			if err != nil || !slices.Equal(names(t, root, rooted), names(t, root, got)) {
				t.Errorf("below the root: %v, %v", rooted, err)
			}
		})
	}
}

func TestFindCompressedList(t *testing.T) {
	root := writeTree(t, "a", "b")
	for _, name := range []string{"l.txt.gz", "l.txt.zst"} {
		write(t, filepath.Join(root, name), packed(t, name, "b\na\n"))
	}
	for _, list := range []string{"@l.txt.gz", "@l.txt.zst"} {
		got, err := shard.Finder{Root: root}.Find(t.Context(), list)
		if err != nil || !slices.Equal(names(t, root, got), []string{"b", "a"}) {
			t.Errorf("%s: %v, %v", list, got, err)
		}
	}
}

func TestFindErrors(t *testing.T) {
	root := writeTree(t, "a", "dir/b", "other/c")
	write(t, filepath.Join(root, "gone.list"), []byte("a\nnowhere\n"))
	write(t, filepath.Join(root, "bad.list.gz"), []byte("not gzip"))
	if err := os.Mkdir(filepath.Join(root, "empty"), 0o777); err != nil {
		t.Fatal(err)
	}
	tests := []struct{ pattern, want string }{
		{"nowhere", "nowhere"},
		{"*.nothing", "*.nothing"},
		{"empty", "no file matches"},
		{"a[", "syntax error"},
		{"**/../x", ".."},
		{"@nowhere", "nowhere"},
		{"@gone.list", "line 2"},
		{"@bad.list.gz", "bad.list.gz"},
		{"@dir", "not a regular file (directory)"},
	}
	for _, tt := range tests {
		p := filepath.Join(root, strings.TrimPrefix(tt.pattern, "@"))
		if tt.pattern[0] == '@' {
			p = "@" + p
		}
		if tt.pattern == "**/../x" {
			p = root + "/" + tt.pattern
		}
		set, err := shard.Find(t.Context(), p)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, %v; want an error with %q", tt.pattern, set, err, tt.want)
		}
	}
	if _, err := shard.Find(t.Context(), filepath.Join(root, "x*")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no match is not ErrNotExist: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := shard.Find(ctx, root); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	for _, p := range []string{"../x", "..", root + "/../x", "../*"} {
		if _, err := (shard.Finder{Root: filepath.Join(root, "dir")}).Find(t.Context(), p); err == nil || !strings.Contains(err.Error(), "root") {
			t.Errorf("%s left the root: %v", p, err)
		}
	}
}

func TestFindSymlinks(t *testing.T) {
	root := writeTree(t, "data/a", "data/sub/b", "outside/c")
	link := func(target, name string) {
		t.Helper()
		if err := os.Symlink(target, filepath.Join(root, name)); err != nil {
			t.Skip(err)
		}
	}
	link("a", "data/inner")
	link("sub", "data/subdir")
	find := func() ([]string, error) {
		set, err := shard.Finder{Root: filepath.Join(root, "data")}.Find(t.Context(), ".")
		return names(t, root, set), err
	}
	got, err := find()
	want := []string{"data/a", "data/inner", "data/sub/b", "data/subdir/b"}
	if err != nil || !slices.Equal(got, want) {
		t.Fatalf("links inside: %v, %v", got, err)
	}
	link("../outside", "data/out")
	if set, err := shard.Find(t.Context(), filepath.Join(root, "data")); err != nil || len(set) != 5 {
		t.Errorf("without a root: %v, %v", set, err)
	}
	if got, err := find(); err == nil || !strings.Contains(err.Error(), "escapes") {
		t.Errorf("link out of the root: %v, %v", got, err)
	}
	os.Remove(filepath.Join(root, "data/out"))
	link("..", "data/sub/loop")
	if got, err := find(); err == nil || !strings.Contains(err.Error(), "directory above") {
		t.Errorf("loop: %v, %v", got, err)
	}
}

func ExampleFind() {
	dir, _ := os.MkdirTemp("", "shard")
	defer os.RemoveAll(dir)
	for _, name := range []string{"train-1.bin", "train-0.bin", "test-0.bin"} {
		os.WriteFile(filepath.Join(dir, name), []byte("data"), 0o666)
	}
	set, err := shard.Find(context.Background(), filepath.Join(dir, "train-*"))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, f := range set {
		fmt.Println(filepath.Base(f.Path), f.Size)
	}
	// Output:
	// train-0.bin 4
	// train-1.bin 4
}
