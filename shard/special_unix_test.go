//go:build unix

package shard_test

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stokerdata/stoker/shard"
)

// What is no regular file is an error at once: no open waits for a writer.
func TestSpecialFiles(t *testing.T) {
	dir := t.TempDir()
	fifo, sock := filepath.Join(dir, "fifo"), filepath.Join(dir, "sock")
	if err := syscall.Mkfifo(fifo, 0o666); err != nil {
		t.Skip(err)
	}
	paths := map[string]string{fifo: "FIFO", "/dev/zero": "device", dir: "directory"}
	if l, err := net.Listen("unix", sock); err == nil {
		defer l.Close()
		paths[sock] = "" // fails to open, or is told to be a socket
	}
	for path, want := range paths {
		began := time.Now()
		if path != dir {
			if _, err := shard.Find(t.Context(), path); err == nil || !strings.Contains(err.Error(), "not a regular file") {
				t.Errorf("Find %s: %v", path, err)
			}
			if _, err := shard.Find(t.Context(), "@"+path); err == nil {
				t.Errorf("Find @%s: no error", path)
			}
		}
		if _, err := shard.ReadFile(t.Context(), path, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("ReadFile %s: %v", path, err)
		}
		set := shard.Set{{Path: path, Size: -1}}
		for _, root := range []string{"", filepath.Dir(path)} {
			p := newPool(t, set, shard.PoolConfig{Root: root})
			if err := p.ReadAt(t.Context(), 0, make([]byte, 1), 0); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("ReadAt %s: %v", path, err)
			}
		}
		if d := time.Since(began); d > time.Second {
			t.Errorf("%s took %v", path, d)
		}
	}
	if _, err := shard.Find(t.Context(), dir); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("a FIFO in a directory: %v", err)
	}
}

func TestPoolRoot(t *testing.T) {
	root := writeTree(t, "data/a", "secret")
	if err := os.Symlink("../secret", filepath.Join(root, "data/link")); err != nil {
		t.Skip(err)
	}
	data := filepath.Join(root, "data")
	set := shard.Set{
		{Path: filepath.Join(data, "a"), Size: -1},
		{Path: filepath.Join(data, "link"), Size: -1},
		{Path: filepath.Join(root, "secret"), Size: -1},
	}
	p := newPool(t, set, shard.PoolConfig{Root: data})
	for i, ok := range []bool{true, false, false} {
		if _, err := p.ReadFile(t.Context(), i, nil); (err == nil) != ok {
			t.Errorf("ReadFile %s: %v", set[i].Path, err)
		}
		if err := p.ReadAt(t.Context(), i, make([]byte, 1), 0); (err == nil) != ok {
			t.Errorf("ReadAt %s: %v", set[i].Path, err)
		}
	}
}
