package shard_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stokerdata/stoker/shard"
	"github.com/stokerdata/stoker/shard/shardtest"
)

func TestManifest(t *testing.T) {
	root := writeTree(t, "a.bin", "sub/b c.bin", "sub/ü.bin")
	write(t, filepath.Join(root, "empty.bin"), nil)
	write(t, filepath.Join(root, "big.bin"), make([]byte, 3<<20+17))
	set, err := shard.Find(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	for _, alg := range []shard.Algorithm{shard.XXH3, shard.SHA256} {
		rows := func(context.Context, string) (int64, error) { return 7, nil }
		m, err := shard.NewManifest(t.Context(), root, set, shard.HashOptions{Algorithm: alg, Rows: rows})
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "manifest.json")
		if err := m.Write(file); err != nil {
			t.Fatal(err)
		}
		got, err := shard.LoadManifest(file)
		if err != nil {
			t.Fatal(err)
		}
		if fmt.Sprint(got) != fmt.Sprint(m) || len(got.Shards) != 5 || got.Shards[0].Rows != 7 {
			t.Errorf("got %v, wrote %v", got, m)
		}
		var last atomic.Int64
		opt := shard.HashOptions{Progress: func(done, total int64) {
			if total != set.Bytes() {
				t.Errorf("total %d, not %d", total, set.Bytes())
			}
			last.Store(max(last.Load(), done))
		}, Workers: 1}
		if err := got.Verify(t.Context(), root, opt); err != nil {
			t.Error(err)
		}
		if last.Load() != set.Bytes() {
			t.Errorf("progress ended at %d of %d", last.Load(), set.Bytes())
		}
	}
}

func TestVerifyMismatch(t *testing.T) {
	root := writeTree(t, "a", "b", "c", "d")
	set, err := shard.Find(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	m, err := shard.NewManifest(t.Context(), root, set, shard.HashOptions{})
	if err != nil {
		t.Fatal(err)
	}
	os.Remove(filepath.Join(root, "b"))
	write(t, filepath.Join(root, "c"), []byte("cc"))
	write(t, filepath.Join(root, "d"), []byte("D"))
	err = m.Verify(t.Context(), root, shard.HashOptions{})
	if !errors.Is(err, shard.ErrMismatch) {
		t.Fatal(err)
	}
	diff, ok := errors.AsType[*shard.MismatchError](err)
	if !ok || diff.Path != "b" || diff.What != "missing" {
		t.Errorf("first mismatch: %v", diff)
	}
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != 3 || !strings.Contains(lines[1], "verify c: size is 2, the manifest says 1") || !strings.Contains(lines[2], "verify d: hash is") {
		t.Errorf("got\n%v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := m.Verify(ctx, root, shard.HashOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if _, err := shard.NewManifest(t.Context(), filepath.Join(root, "a"), set[1:2], shard.HashOptions{}); err == nil {
		t.Error("a file outside the root became part of a manifest")
	}
}

// Every bit matters: a flipped one is found wherever it is.
func TestVerifyBitFlip(t *testing.T) {
	root := t.TempDir()
	const size = 2<<20 + 5
	write(t, filepath.Join(root, "x"), make([]byte, size))
	set, _ := shard.Find(t.Context(), root)
	m, err := shard.NewManifest(t.Context(), root, set, shard.HashOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, off := range []int64{0, 1, 1<<20 - 1, 1 << 20, size - 1} {
		fsys := &shardtest.FaultFS{Faults: []shardtest.Fault{{Op: shardtest.Read, Count: -1, Effect: shardtest.FlipBit(off)}}}
		err := m.Verify(t.Context(), root, shard.HashOptions{Pool: shard.PoolConfig{FS: fsys}})
		if !errors.Is(err, shard.ErrMismatch) {
			t.Errorf("bit flipped at %d: %v", off, err)
		}
	}
	fsys := &shardtest.FaultFS{Faults: []shardtest.Fault{{Op: shardtest.Read, Nth: 2, Count: -1, Effect: shardtest.Error(syscall.EIO)}}}
	err = m.Verify(t.Context(), root, shard.HashOptions{Pool: shard.PoolConfig{FS: fsys, Retries: -1}})
	if !errors.Is(err, syscall.EIO) || errors.Is(err, shard.ErrMismatch) {
		t.Errorf("a disk error is not a mismatch: %v", err)
	}
}

func TestLoadManifestErrors(t *testing.T) {
	hash := `"algorithm":"xxh3-128","hash":"` + strings.Repeat("0", 32) + `"`
	shards := func(s string) string { return `{"version":1,"shards":[` + s + `]}` }
	tests := []struct{ name, text, want string }{
		{"empty", "", "EOF"},
		{"version", `{"version":2,"shards":[]}`, "version 2"},
		{"no version", `{"shards":[]}`, "version 0"},
		{"unknown field", `{"version":1,"x":1}`, "unknown field"},
		{"trailing", shards("") + "{}", "after the end"},
		{"parent", shards(`{"path":"../a","size":1,"rows":1,` + hash + `}`), "not one of a file below"},
		{"inner parent", shards(`{"path":"a/../../b","size":1,"rows":1,` + hash + `}`), "not one of a file below"},
		{"absolute", shards(`{"path":"/etc/passwd","size":1,"rows":1,` + hash + `}`), "not one of a file below"},
		{"backslash", shards(`{"path":"..\\a","size":1,"rows":1,` + hash + `}`), "not one of a file below"},
		{"root", shards(`{"path":".","size":1,"rows":1,` + hash + `}`), "not one of a file below"},
		{"zero byte", shards(`{"path":"a\u0000b","size":1,"rows":1,` + hash + `}`), "not one of a file below"},
		{"long", shards(`{"path":"` + strings.Repeat("a", 5000) + `","size":1,"rows":1,` + hash + `}`), "path of 5000 bytes"},
		{"twice", shards(`{"path":"a","size":1,"rows":1,` + hash + `},{"path":"a","size":1,"rows":1,` + hash + `}`), "listed twice"},
		{"size", shards(`{"path":"a","size":-1,"rows":1,` + hash + `}`), "size -1"},
		{"rows", shards(`{"path":"a","size":1,"rows":-2,` + hash + `}`), "rows -2"},
		{"algorithm", shards(`{"path":"a","size":1,"rows":1,"algorithm":"crc","hash":"00"}`), "unknown algorithm"},
		{"hash", shards(`{"path":"a","size":1,"rows":1,"algorithm":"sha-256","hash":"00"}`), "no sha-256 hash"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "m.json")
			write(t, file, []byte(tt.text))
			m, err := shard.LoadManifest(file)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, %v; want an error with %q", m, err, tt.want)
			}
		})
	}
}

func ExampleManifest() {
	dir, _ := os.MkdirTemp("", "shard")
	defer os.RemoveAll(dir)
	ctx := context.Background()
	os.WriteFile(filepath.Join(dir, "x.bin"), []byte("data"), 0o666)

	set, _ := shard.Find(ctx, dir)
	m, _ := shard.NewManifest(ctx, dir, set, shard.HashOptions{})
	fmt.Println(m.Shards[0].Path, m.Shards[0].Size, m.Shards[0].Hash)

	os.WriteFile(filepath.Join(dir, "x.bin"), []byte("dat"), 0o666)
	fmt.Println(m.Verify(ctx, dir, shard.HashOptions{}))
	// Output:
	// x.bin 4 c044be4073bb71f1340036b3f23aa86d
	// shard: verify x.bin: size is 3, the manifest says 4
}
