package main

import (
	"bytes"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stokerdata/stoker/examples/internal/console"
	"github.com/stokerdata/stoker/format/feather"
)

// folder makes a folder of small files and returns them by path.
func folder(t *testing.T) (dir string, files map[string]string) {
	t.Helper()
	dir, files = t.TempDir(), map[string]string{}
	rng := rand.New(rand.NewPCG(1, 2))
	for i, name := range []string{"cat/1.jpg", "cat/2.jpg", "dog/a/3.jpg", "dog/4 ü.png", "dog/empty", "cat/large.bin"} {
		b := make([]byte, 5000*i*i)
		if name == "dog/empty" {
			b = nil
		}
		for k := range b {
			b[k] = byte(rng.Uint32())
		}
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b, 0o666); err != nil {
			t.Fatal(err)
		}
		files[name] = string(b)
	}
	return dir, files
}

func try(t *testing.T, args ...string) string {
	t.Helper()
	c, err := parse(args)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := run(t.Context(), c, console.New(&out)); err != nil {
		t.Fatalf("%q: %v", args, err)
	}
	return out.String()
}

func TestRoundTrip(t *testing.T) {
	dir, files := folder(t)
	for _, ext := range []string{".arrow", ".parquet"} {
		for _, mib := range []string{"0", "1"} {
			shards := filepath.Join(t.TempDir(), "new", "x"+ext)
			said := try(t, "-shard", mib, "-labels", dir, shards)
			if !strings.HasPrefix(said, "6 files, ") {
				t.Errorf("it said %q", said)
			}
			if mib != "0" {
				shards = filepath.Join(filepath.Dir(shards), "*"+ext)
			}
			back := filepath.Join(t.TempDir(), "back")
			try(t, "-unpack", shards, back)
			n := 0
			err := filepath.WalkDir(back, func(path string, d fs.DirEntry, err error) error {
				if err != nil || d.IsDir() {
					return err
				}
				n++
				rel, _ := filepath.Rel(back, path)
				b, err := os.ReadFile(path)
				if want, ok := files[filepath.ToSlash(rel)]; !ok || string(b) != want {
					t.Errorf("%s%s: %d bytes", ext, rel, len(b))
				}
				return err
			})
			if err != nil || n != len(files) {
				t.Errorf("%s: %d files, error %v", ext, n, err)
			}
		}
	}
}

// A file that would not fit as many times as there are rows in a batch is packed too.
func TestLargeFile(t *testing.T) {
	dir, back := t.TempDir(), filepath.Join(t.TempDir(), "back")
	large := bytes.Repeat([]byte{1, 2, 3}, 5<<20)
	if err := os.WriteFile(filepath.Join(dir, "x"), large, 0o666); err != nil {
		t.Fatal(err)
	}
	shards := filepath.Join(t.TempDir(), "x.arrow")
	try(t, "-shard", "0", dir, shards)
	try(t, "-unpack", shards, back)
	if b, err := os.ReadFile(filepath.Join(back, "x")); err != nil || !bytes.Equal(b, large) {
		t.Errorf("%d bytes, %v", len(b), err)
	}
}

// A row that has no file is not taken for one of an empty file. PyArrow has written the
// shard: pa.table({"file": pa.array([b"x", None], pa.binary()), "path": ["a", "b"]}).
func TestNoFile(t *testing.T) {
	c := config{from: filepath.Join("testdata", "null.arrow"), to: filepath.Join(t.TempDir(), "back"), unpack: true}
	if err := run(t.Context(), c, console.New(io.Discard)); err == nil || !strings.Contains(err.Error(), `column "file" is null`) {
		t.Errorf("error is %v", err)
	}
}

func TestLabels(t *testing.T) {
	dir, _ := folder(t)
	shards := filepath.Join(t.TempDir(), "x.arrow")
	try(t, "-shard", "0", "-labels", dir, shards)
	src, err := feather.Open(shards, feather.Options{})
	if err != nil {
		t.Fatal(err)
	}
	f := src.Spec().Index("label")
	if f < 0 || !slices.Equal(src.Spec()[f].Names, []string{"a", "cat", "dog"}) {
		t.Errorf("fields %v", src.Spec())
	}
}

func TestErrors(t *testing.T) {
	dir, _ := folder(t)
	for _, args := range [][]string{{dir}, {"-shard", "-1", dir, "x.arrow"}, {"-unpack", "-labels", "a", "b"}} {
		if _, err := parse(args); err == nil {
			t.Errorf("%q was taken", args)
		}
	}
	for _, args := range [][]string{{dir, "x.tar"}, {"-unpack", "x.tar", "y"}, {dir + "/none", "x.arrow"}} {
		c, err := parse(args)
		if err != nil {
			t.Fatal(err)
		}
		if err := run(t.Context(), c, console.New(io.Discard)); err == nil {
			t.Errorf("%q gave no error", args)
		}
	}
}
