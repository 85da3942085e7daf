package shard_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/stokerdata/stoker/shard"
)

// packed returns what a file of a name holds that has text in it.
func packed(t *testing.T, name, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	var err error
	switch strings.ToLower(filepath.Ext(name)) {
	case ".gz":
		w := gzip.NewWriter(&b)
		_, err = w.Write([]byte(text))
		err = errors.Join(err, w.Close())
	case ".zst":
		var w *zstd.Encoder
		if w, err = zstd.NewWriter(&b); err == nil {
			_, err = w.Write([]byte(text))
			err = errors.Join(err, w.Close())
		}
	default:
		b.WriteString(text)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// unpack unpacks the files of a folder and returns what all of them hold.
func unpack(t *testing.T, dir, to string) (texts []string, err error) {
	t.Helper()
	set, err := shard.Find(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	var most, packed atomic.Int64
	progress := func(done, total int64) {
		packed.Store(total)
		for was := most.Load(); done > was && !most.CompareAndSwap(was, done); was = most.Load() {
		}
	}
	if set, err = set.Unpack(t.Context(), to, progress); err != nil {
		return nil, err
	}
	if most.Load() != packed.Load() {
		t.Errorf("progress ends with %d of %d bytes", most.Load(), packed.Load())
	}
	for _, f := range set {
		text, err := os.ReadFile(f.Path)
		if err != nil || int64(len(text)) != f.Size {
			t.Errorf("%s has %d bytes, told are %d, %v", f.Path, len(text), f.Size, err)
		}
		texts = append(texts, string(text))
	}
	return texts, nil
}

// TestUnpackSet unpacks files beside others, each once.
func TestUnpackSet(t *testing.T) {
	dir, to := t.TempDir(), filepath.Join(t.TempDir(), "some", "where")
	names := []string{"a.csv.gz", "b.csv", "c.csv.ZST", "d/a.csv.gz"}
	for _, name := range names {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o777), os.WriteFile(path, packed(t, name, "in "+name), 0o666)); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"in a.csv.gz", "in b.csv", "in c.csv.ZST", "in d/a.csv.gz"}
	if got, err := unpack(t, dir, to); !slices.Equal(got, want) || err != nil {
		t.Fatalf("%q, %v", got, err)
	}
	made, err := filepath.Glob(filepath.Join(to, "*", "*"))
	if err != nil || len(made) != 3 || !slices.ContainsFunc(made, func(path string) bool { return filepath.Base(path) == "c.csv" }) {
		t.Fatalf("unpacked are %q, %v", made, err)
	}

	path := filepath.Join(dir, names[0])
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	damaged := bytes.Repeat([]byte("x"), int(info.Size()))
	if err := errors.Join(os.WriteFile(path, damaged, 0o666), os.Chtimes(path, time.Time{}, info.ModTime())); err != nil {
		t.Fatal(err)
	}
	if got, err := unpack(t, dir, to); !slices.Equal(got, want) || err != nil {
		t.Errorf("a file is unpacked again: %q, %v", got, err)
	}
	if err := os.Chtimes(path, time.Time{}, info.ModTime().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := unpack(t, dir, to); !errors.Is(err, shard.ErrPacked) || !strings.Contains(err.Error(), path) {
		t.Errorf("a file that was damaged since: %v", err)
	}
}

// TestUnpackSetNot has what cannot be unpacked, and leaves nothing.
func TestUnpackSetNot(t *testing.T) {
	whole := packed(t, ".gz", strings.Repeat("1,2\n", 100))
	for name, c := range map[string]struct {
		files map[string][]byte
		words string
	}{
		"cut":   {map[string][]byte{"a.csv.gz": whole[:len(whole)-9]}, "a.csv.gz: cannot be unpacked"},
		"empty": {map[string][]byte{"a.csv.gz": nil}, "a.csv.gz: cannot be unpacked"},
		"zstd":  {map[string][]byte{"a.csv.zst": whole}, "a.csv.zst: cannot be unpacked"},
		"twice": {map[string][]byte{"a.csv.gz": whole, "a.csv": []byte("1,2\n")}, "hold the same"},
		"again": {map[string][]byte{"a.csv.gz": whole, "a.csv.zst": packed(t, ".zst", "1,2\n")}, "hold the same"},
	} {
		dir, to := t.TempDir(), t.TempDir()
		for name, data := range c.files {
			if err := os.WriteFile(filepath.Join(dir, name), data, 0o666); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := unpack(t, dir, to); err == nil || !strings.Contains(err.Error(), c.words) || errors.Is(err, shard.ErrPacked) == strings.Contains(c.words, "same") {
			t.Errorf("%s: %v", name, err)
		}
		if made, _ := filepath.Glob(filepath.Join(to, "*", "*")); len(made) > 0 {
			t.Errorf("%s: %q are left", name, made)
		}
	}
	if _, err := (shard.Set{{Path: "no.such.gz"}}).Unpack(t.Context(), t.TempDir(), nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}
