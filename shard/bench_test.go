package shard

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stokerdata/stoker/shard/internal/sysio"
)

// benchFiles writes n files of size bytes and lists them.
func benchFiles(b *testing.B, n, size int) Set {
	b.Helper()
	dir := b.TempDir()
	for _, name := range Names(filepath.Join(dir, "x.bin"), n) {
		if err := os.WriteFile(name, make([]byte, size), 0o666); err != nil {
			b.Fatal(err)
		}
	}
	set, err := Find(b.Context(), dir)
	if err != nil {
		b.Fatal(err)
	}
	return set
}

func BenchmarkReadFile(b *testing.B) {
	const size = 100 << 10
	set := benchFiles(b, 256, size)
	ctx := context.Background()
	run := func(name string, read func(i int, buf []byte) ([]byte, error)) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(size)
			b.ReportAllocs()
			var buf []byte
			for i := 0; b.Loop(); i++ {
				var err error
				if buf, err = read(i%len(set), buf); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	pool, _ := NewPool(set, PoolConfig{})
	defer pool.Close()
	timed, _ := NewPool(set, PoolConfig{Deadline: time.Minute})
	defer timed.Close()
	run("os", func(i int, _ []byte) ([]byte, error) { return os.ReadFile(set[i].Path) })
	run("raw", func(i int, buf []byte) ([]byte, error) {
		f, err := sysio.Open(set[i].Path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		n, _, err := f.Stat()
		if err != nil {
			return nil, err
		}
		if cap(buf) < int(n) {
			buf = make([]byte, n)
		}
		_, err = f.ReadAt(buf[:n], 0)
		return buf[:n], err
	})
	run("shard", func(i int, buf []byte) ([]byte, error) { return ReadFile(ctx, set[i].Path, buf) })
	run("pool", func(i int, buf []byte) ([]byte, error) { return pool.ReadFile(ctx, i, buf) })
	run("deadline", func(i int, buf []byte) ([]byte, error) { return timed.ReadFile(ctx, i, buf) })
}

func BenchmarkReadAt(b *testing.B) {
	const fileBytes = 4 << 20
	set := benchFiles(b, 4, fileBytes)
	ctx := context.Background()
	for _, size := range []int{4 << 10, 128 << 10} {
		run := func(name string, read func(i int, p []byte, off int64) error) {
			b.Run(name+"/"+map[int]string{4 << 10: "4KiB", 128 << 10: "128KiB"}[size], func(b *testing.B) {
				b.SetBytes(int64(size))
				b.ReportAllocs()
				p := make([]byte, size)
				for i := 0; b.Loop(); i++ {
					if err := read(i%len(set), p, int64(i*size)%fileBytes); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
		files := make([]sysio.File, len(set))
		for i := range files {
			files[i], _ = sysio.Open(set[i].Path)
			defer files[i].Close()
		}
		pool, _ := NewPool(set, PoolConfig{})
		defer pool.Close()
		timed, _ := NewPool(set, PoolConfig{Deadline: time.Minute})
		defer timed.Close()
		run("raw", func(i int, p []byte, off int64) error { _, err := files[i].ReadAt(p, off); return err })
		run("pool", func(i int, p []byte, off int64) error { return pool.ReadAt(ctx, i, p, off) })
		run("deadline", func(i int, p []byte, off int64) error { return timed.ReadAt(ctx, i, p, off) })
	}
}

func BenchmarkFetch(b *testing.B) {
	set := benchFiles(b, 4, 4<<20)
	pool, _ := NewPool(set, PoolConfig{})
	defer pool.Close()
	bufs := NewBuffers(64 << 20)
	ranges := make([]Range, 256)
	b.SetBytes(256 * 8 << 10)
	b.ReportAllocs()
	for b.Loop() {
		for i := range ranges {
			ranges[i] = Range{File: i % 4, Off: int64(i/4) * 64 << 10, Len: 8 << 10}
		}
		buf, err := pool.Fetch(b.Context(), bufs, Plan{}, ranges)
		if err != nil {
			b.Fatal(err)
		}
		bufs.Put(buf)
	}
}

func BenchmarkVerify(b *testing.B) {
	const n, size = 8, 8 << 20
	set := benchFiles(b, n, size)
	root := filepath.Dir(set[0].Path)
	for _, a := range []Algorithm{XXH3, SHA256} {
		b.Run(string(a), func(b *testing.B) {
			m, err := NewManifest(b.Context(), root, set, HashOptions{Algorithm: a})
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(n * size)
			for b.Loop() {
				if err := m.Verify(b.Context(), root, HashOptions{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkFind(b *testing.B) {
	set := benchFiles(b, 10000, 0)
	dir := filepath.Dir(set[0].Path)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Find(b.Context(), dir); err != nil {
			b.Fatal(err)
		}
	}
}
