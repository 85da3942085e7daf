package shard

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stokerdata/stoker/internal/cputime"
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
			began := cputime.Now()
			for i := 0; b.Loop(); i++ {
				var err error
				if buf, err = read(i%len(set), buf); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(cputime.Now()-began)/float64(b.N), "cpu-ns/op")
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
				began := cputime.Now()
				for i := 0; b.Loop(); i++ {
					if err := read(i%len(set), p, int64(i*size)%fileBytes); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(cputime.Now()-began)/float64(b.N), "cpu-ns/op")
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

// BenchmarkBackend reads random pieces of 128 KiB and, in order, of 1 MiB of a
// file of 256 MiB, 32 and 4 at a time, by each backend and, as the ideal, by
// plain preads; from the page cache ("warm") and from the drive ("cold"). What the
// drive gives with the same sizes and depths is told by fio: testdata/backend.fio.
func BenchmarkBackend(b *testing.B) {
	const fileBytes = 256 << 20
	dir := b.TempDir()
	path := filepath.Join(dir, "x.bin")
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	for i := range fileBytes >> 20 {
		if _, err := f.Write(bytes.Repeat([]byte{byte(i)}, 1<<20)); err != nil {
			b.Fatal(err)
		}
	}
	if err := f.Sync(); err != nil { // only what is on the drive can leave the cache
		b.Fatal(err)
	}
	set, err := Find(b.Context(), dir)
	if err != nil {
		b.Fatal(err)
	}
	for _, access := range []access{{"random", 128 << 10, 32, fileBytes}, {"sequential", 1 << 20, 4, fileBytes}} {
		for _, cold := range []bool{false, true} {
			name := access.name + map[bool]string{false: "/warm/", true: "/cold/"}[cold]
			b.Run(name+"plain", func(b *testing.B) { benchPlain(b, set, access, cold) })
			for _, backend := range []Backend{Pread, Ring, Direct, DirectRing, MmapTrusted} {
				if backend.direct() && !cold || backend == MmapTrusted && cold {
					continue // the one knows no cache, the other never leaves it
				}
				b.Run(name+[]string{"pread", "direct", "ring", "direct-ring", "mmap"}[backend], func(b *testing.B) {
					pool, err := NewPool(set, PoolConfig{Backend: backend})
					if err != nil {
						b.Fatal(err)
					}
					defer pool.Close()
					benchFetch(b, pool, set, access, cold)
				})
			}
		}
	}
}

// access is how BenchmarkBackend reads a file.
type access struct {
	name        string
	size, depth int
	fileBytes   int64
}

// fetches is how many fetches of depth pieces are measured at a time.
const fetches = 16

// offset returns where piece i lies.
func (a access) offset(i int) int64 {
	n := a.fileBytes / int64(a.size)
	if a.name == "random" {
		i *= 1_000_003 // a prime, so that every piece has its turn
	}
	return int64(i) % n * int64(a.size)
}

// measured runs do over and over, with the cache emptied whenever it would hold
// what is read next if cold is set.
func (a access) measured(b *testing.B, set Set, cold bool, do func(i int)) {
	n := a.depth * fetches
	b.SetBytes(int64(a.size * n))
	perPass := int(a.fileBytes) / (a.size * n)
	var cpu time.Duration
	began := cputime.Now()
	for i := 0; b.Loop(); i++ {
		if cold && i%perPass == 0 {
			b.StopTimer()
			cpu += cputime.Now() - began
			forget(b, set)
			began = cputime.Now()
			b.StartTimer()
		}
		do(i * n)
	}
	cpu += cputime.Now() - began
	b.ReportMetric(cpu.Seconds()*1e9/float64(b.N*a.size*n), "cpu-s/GB")
}

// forget drops the files of set from the page cache.
func forget(b *testing.B, set Set) {
	p, err := NewPool(set, PoolConfig{})
	if err != nil {
		b.Fatal(err)
	}
	defer p.Close()
	for i := range set {
		if err := p.DontNeed(b.Context(), i, 0, 0); err != nil {
			b.Fatal(err)
		}
	}
}

// benchFetch has two fetches in flight, as a loader has several: one idles at its
// end.
func benchFetch(b *testing.B, pool *Pool, set Set, a access, cold bool) {
	bufs := NewBuffers(64 << 20)
	plan := Plan{GapBytes: -1, MaxBytes: a.size, Concurrency: a.depth / 2}
	a.measured(b, set, cold, func(i int) {
		var next atomic.Int64
		var all sync.WaitGroup
		for range 2 {
			all.Go(func() {
				ranges := make([]Range, a.depth)
				for n := int(next.Add(1)) - 1; n < fetches; n = int(next.Add(1)) - 1 {
					for k := range ranges {
						ranges[k] = Range{Off: a.offset(i + n*a.depth + k), Len: a.size}
					}
					buf, err := pool.Fetch(b.Context(), bufs, plan, ranges)
					if err != nil {
						b.Error(err)
						return
					}
					var sum int64
					for _, r := range ranges { // a page that is only mapped is read when it is looked at
						for k := 0; k < len(r.Data); k += page {
							sum += int64(r.Data[k])
						}
					}
					total.Add(sum)
					bufs.Put(buf)
				}
			})
		}
		all.Wait()
	})
}

var total atomic.Int64

// benchPlain is what a program does by hand: depth goroutines, each with a
// buffer, that pread.
func benchPlain(b *testing.B, set Set, a access, cold bool) {
	f, err := sysio.Open(set[0].Path)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	buf := make([]byte, a.size*a.depth)
	a.measured(b, set, cold, func(i int) {
		var all sync.WaitGroup
		for k := range a.depth {
			all.Go(func() {
				for n := range fetches {
					if _, err := f.ReadAt(buf[k*a.size:][:a.size], a.offset(i+n*a.depth+k)); err != nil {
						b.Error(err)
					}
				}
			})
		}
		all.Wait()
	})
}

// BenchmarkSmallFiles reads 1,024 files of 100 KiB from the drive, 32 at a time:
// by os.ReadFile and Pool.ReadFile in 16 goroutines, and by Pool.Fetch in two.
func BenchmarkSmallFiles(b *testing.B) {
	const n, size, chunk = 1024, 100 << 10, 32
	set := benchFiles(b, n, size)
	for _, f := range set {
		h, err := os.OpenFile(f.Path, os.O_RDWR, 0)
		if err != nil {
			b.Fatal(err)
		}
		if err := errors.Join(h.Sync(), h.Close()); err != nil {
			b.Fatal(err)
		}
	}
	files := make([]int, n)
	for i := range files {
		files[i] = i * 331 % n // any order
	}
	run := func(name string, width int, backend Backend, read func(p *Pool, files []int) error) {
		b.Run(name, func(b *testing.B) {
			p, err := NewPool(set, PoolConfig{Backend: backend})
			if err != nil {
				b.Fatal(err)
			}
			defer p.Close()
			a := access{size: size, depth: n / fetches, fileBytes: n * size} // a pass is all files
			a.measured(b, set, true, func(int) {
				var next atomic.Int64
				var all sync.WaitGroup
				for range width {
					all.Go(func() {
						for k := int(next.Add(chunk)) - chunk; k < n; k = int(next.Add(chunk)) - chunk {
							if err := read(p, files[k:min(k+chunk, n)]); err != nil {
								b.Error(err)
								return
							}
						}
					})
				}
				all.Wait()
			})
		})
	}
	run("os", 16, Pread, func(_ *Pool, files []int) error {
		for _, i := range files {
			if _, err := os.ReadFile(set[i].Path); err != nil {
				return err
			}
		}
		return nil
	})
	var spare sync.Pool
	run("readfile", 16, Pread, func(p *Pool, files []int) (err error) {
		buf, _ := spare.Get().(*[]byte)
		if buf == nil {
			buf = new([]byte)
		}
		defer spare.Put(buf)
		for _, i := range files {
			if *buf, err = p.ReadFile(b.Context(), i, *buf); err != nil {
				return err
			}
		}
		return nil
	})
	bufs := NewBuffers(1 << 30)
	for _, backend := range []Backend{Pread, Ring, DirectRing} {
		run([]string{Pread: "fetch", Ring: "fetch-ring", DirectRing: "fetch-direct-ring"}[backend], 2, backend, func(p *Pool, files []int) error {
			ranges := make([]Range, len(files))
			for k, i := range files {
				ranges[k] = Range{File: i, Len: size}
			}
			buf, err := p.Fetch(b.Context(), bufs, Plan{Concurrency: chunk}, ranges)
			bufs.Put(buf)
			return err
		})
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
