package main

import (
	"context"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/stokerdata/stoker/benchmarks/internal/stored"
)

// TestMemory streams small data sets, and refuses what takes too much.
func TestMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("it writes 64 MB")
	}
	t.Setenv("TMPDIR", t.TempDir())
	var out strings.Builder
	args := []string{"-run", "^(records|feather lz4)$", "-bytes", "200000000", "-epochs", "2"}
	if err := runMemory(t.Context(), args, &out); err != nil || strings.Count(out.String(), "\n") != 3 {
		t.Errorf("%v\n%s", err, out.String())
	}
	if runtime.GOOS == "linux" {
		if err := runMemory(t.Context(), append(args, "-most", "1000000"), &out); err == nil || !strings.Contains(err.Error(), "records: it held") {
			t.Errorf("more memory than is allowed: %v", err)
		}
	}
	if err := runMemory(t.Context(), append(args, "-budget", "1000"), &out); err == nil || !strings.Contains(err.Error(), "Memory allows 1000") {
		t.Errorf("a stream for which there is no memory: %v", err)
	}
}

// TestStreamedSet makes a data set of links.
func TestStreamedSet(t *testing.T) {
	f, err := formatCalled("npy")
	if err != nil {
		t.Fatal(err)
	}
	f.Write = func(_ context.Context, path string, _ stored.Rows) error {
		return os.WriteFile(path, make([]byte, 100), 0o666)
	}
	var s streamed
	dir := t.TempDir()
	if err := s.make(t.Context(), f, dir, 950); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 9 || s.Bytes != 900 {
		t.Errorf("%d files of %d bytes, %v", len(files), s.Bytes, err)
	}
}
