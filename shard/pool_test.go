package shard_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stokerdata/stoker/shard"
	"github.com/stokerdata/stoker/shard/shardtest"
)

// content returns n bytes that differ from place to place.
func content(seed, n int) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{byte(seed)}).Read(b)
	return b
}

// dataset writes n files of size bytes and lists them.
func dataset(t testing.TB, n, size int) shard.Set {
	t.Helper()
	dir := t.TempDir()
	for i, name := range shard.Names(filepath.Join(dir, "x.bin"), n) {
		write(t, name, content(i, size))
	}
	set, err := shard.Find(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func newPool(t testing.TB, set shard.Set, cfg shard.PoolConfig) *shard.Pool {
	t.Helper()
	p, err := shard.NewPool(set, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// descriptors returns how many this process has open, or 0 where it cannot tell.
func descriptors() int {
	entries, _ := os.ReadDir("/proc/self/fd")
	return len(entries)
}

// noLeaks fails t if goroutines or descriptors are left at its end.
func noLeaks(t *testing.T) {
	if r, w, err := os.Pipe(); err == nil { // so that the runtime has opened its own
		r.Close()
		w.Close()
	}
	goroutines, fds := runtime.NumGoroutine(), descriptors()
	t.Cleanup(func() {
		for range 100 {
			if runtime.NumGoroutine() <= goroutines && descriptors() <= fds {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
		t.Errorf("goroutines %d -> %d, descriptors %d -> %d", goroutines, runtime.NumGoroutine(), fds, descriptors())
	})
}

func TestPoolReads(t *testing.T) {
	noLeaks(t)
	const nFiles, size, maxOpen = 12, 10000, 3
	set := dataset(t, nFiles, size)
	var contents [nFiles][]byte
	for i := range contents {
		contents[i] = content(i, size)
	}
	for _, cfg := range []shard.PoolConfig{
		{MaxOpen: maxOpen},
		{MaxOpen: maxOpen, Deadline: time.Minute},
		{MaxOpen: maxOpen, Root: filepath.Dir(set[0].Path)},
	} {
		counted := &shardtest.FaultFS{}
		if cfg.Root == "" {
			cfg.FS = counted
		}
		p := newPool(t, set, cfg)
		var all sync.WaitGroup
		for g := range 8 {
			all.Go(func() {
				r := rand.New(rand.NewPCG(1, uint64(g)))
				for range 200 {
					i, off := r.IntN(nFiles), r.IntN(size)
					want := contents[i]
					b := make([]byte, r.IntN(size-off+1))
					if err := p.ReadAt(t.Context(), i, b, int64(off)); err != nil || !bytes.Equal(b, want[off:off+len(b)]) {
						t.Errorf("file %d, %d bytes at %d: %v", i, len(b), off, err)
					}
					whole, err := p.ReadFile(t.Context(), i, b)
					if err != nil || !bytes.Equal(whole, want) {
						t.Errorf("file %d: %v", i, err)
					}
				}
			})
		}
		all.Wait()
		s := p.Stats()
		if s.Reads != 8*200*2 || s.Retries != 0 || s.Open > maxOpen || s.Stuck != 0 {
			t.Errorf("stats %+v", s)
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		if now, most := counted.Handles(); now != 0 || most > maxOpen {
			t.Errorf("%d handles open, %d at most", now, most)
		}
		if s := p.Stats(); s.Open != 0 {
			t.Errorf("after Close: %+v", s)
		}
		if err := p.ReadAt(t.Context(), 0, make([]byte, 1), 0); !errors.Is(err, fs.ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
		if err := p.Close(); err != nil {
			t.Errorf("second Close: %v", err)
		}
	}
}

func TestPoolKeepsDescriptors(t *testing.T) {
	set := dataset(t, 4, 100)
	p := newPool(t, set, shard.PoolConfig{MaxOpen: 2})
	b := make([]byte, 1)
	for _, i := range []int{0, 1, 0, 2, 0, 3, 0} { // 0 is always used last but one
		if err := p.ReadAt(t.Context(), i, b, 0); err != nil {
			t.Fatal(err)
		}
	}
	if s := p.Stats(); s.Opens != 4 || s.Open != 2 {
		t.Errorf("opened %d times for 4 files, %d open", s.Opens, s.Open)
	}
}

func TestReadErrors(t *testing.T) {
	set := dataset(t, 1, 100)
	set = append(set, shard.File{Path: filepath.Join(t.TempDir(), "missing"), Size: -1})
	p := newPool(t, set, shard.PoolConfig{MaxFileBytes: 99})
	tests := []struct {
		i, n int
		off  int64
		want error
		text string
	}{
		{0, 1, 100, io.ErrUnexpectedEOF, "1 bytes at offset 100: unexpected EOF: the file has 100 bytes"},
		{0, 101, 0, io.ErrUnexpectedEOF, "100 bytes"},
		{0, 1, -1, io.ErrUnexpectedEOF, "offset -1"},
		{0, 2, 1<<63 - 1, io.ErrUnexpectedEOF, "the file has 100 bytes"},
		{1, 1, 0, fs.ErrNotExist, "missing"},
	}
	for _, tt := range tests {
		err := p.ReadAt(t.Context(), tt.i, make([]byte, tt.n), tt.off)
		e, ok := errors.AsType[*shard.ReadError](err)
		if !ok || !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.text) || e.Path != set[tt.i].Path || e.Len != tt.n || e.Off != tt.off {
			t.Errorf("%+v: got %v", tt, err)
		}
	}
	if err := p.ReadAt(t.Context(), 0, nil, 100); err != nil {
		t.Errorf("no bytes at the end: %v", err)
	}
	if buf, err := p.ReadFile(t.Context(), 0, make([]byte, 7)); !errors.Is(err, shard.ErrTooLarge) || len(buf) != 0 || cap(buf) != 7 {
		t.Errorf("large file: %v, %v", buf, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.ReadAt(ctx, 0, make([]byte, 1), 0); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if _, err := shard.NewPool(nil, shard.PoolConfig{Root: ".", FS: shard.OS()}); err == nil {
		t.Error("a pool took Root and FS")
	}
}

func TestFileChanges(t *testing.T) {
	change := map[string]func(path string) error{
		"truncated": func(path string) error { return os.Truncate(path, 50) },
		"extended": func(path string) error {
			f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
			if err != nil {
				return err
			}
			defer f.Close()
			_, err = f.Write([]byte("more"))
			return err
		},
		"rewritten": func(path string) error {
			if err := os.WriteFile(path, content(9, 100), 0o666); err != nil {
				return err
			}
			return os.Chtimes(path, time.Time{}, time.Now().Add(time.Second))
		},
		"replaced": func(path string) error {
			if err := os.WriteFile(path+"2", content(9, 101), 0o666); err != nil {
				return err
			}
			return os.Rename(path+"2", path)
		},
	}
	for name, do := range change {
		for _, known := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s/known=%v", name, known), func(t *testing.T) {
				set := dataset(t, 2, 100)
				if !known {
					for i := range set {
						set[i] = shard.File{Path: set[i].Path, Size: -1}
					}
				}
				p := newPool(t, set, shard.PoolConfig{MaxOpen: 1})
				b := make([]byte, 10)
				if err := p.ReadAt(t.Context(), 0, b, 60); err != nil {
					t.Fatal(err)
				}
				if err := do(set[0].Path); err != nil {
					t.Fatal(err)
				}
				if name == "replaced" { // seen when it is opened next
					if err := p.ReadAt(t.Context(), 0, b, 60); err != nil || !bytes.Equal(b, content(0, 100)[60:70]) {
						t.Fatalf("the open file is still the old one: %v", err)
					}
					p.ReadAt(t.Context(), 1, b, 0)
				}
				for range 2 {
					if err := p.ReadAt(t.Context(), 0, b, 60); !errors.Is(err, shard.ErrChanged) {
						t.Errorf("ReadAt: %v", err)
					}
				}
				if _, err := p.ReadFile(t.Context(), 0, nil); !errors.Is(err, shard.ErrChanged) {
					t.Errorf("ReadFile: %v", err)
				}
				if err := p.ReadAt(t.Context(), 1, b, 0); err != nil {
					t.Errorf("the other file: %v", err)
				}
			})
		}
	}
}

func TestAllocs(t *testing.T) {
	set := dataset(t, 4, 4096)
	ctx := context.Background()
	p := newPool(t, set, shard.PoolConfig{})
	timed := newPool(t, set, shard.PoolConfig{Deadline: time.Minute, Readers: 2})
	b := make([]byte, 4096)
	bufs := shard.NewBuffers(1 << 20)
	ranges := []shard.Range{{Len: 10}, {Off: 100, Len: 10}, {File: 1, Off: 7, Len: 10}}
	i := 0
	tests := []struct {
		name string
		do   func() error
	}{
		{"Pool.ReadAt", func() error { return p.ReadAt(ctx, i%4, b, 0) }},
		{"Pool.ReadAt with a deadline", func() error { return timed.ReadAt(ctx, i%4, b, 0) }},
		{"Pool.ReadInto", func() error {
			ranges[0].Tag, ranges[1].Tag, ranges[2].Tag = 0, 10, 20
			return p.ReadInto(ctx, b, shard.Plan{Concurrency: 1}, ranges)
		}},
		{"Pool.ReadFile", func() error { _, err := p.ReadFile(ctx, i%4, b); return err }},
		{"ReadFile", func() error { _, err := shard.ReadFile(ctx, set[i%4].Path, b); return err }},
		{"Pool.WillNeed", func() error { return p.WillNeed(ctx, i%4, 0, 0) }},
		{"Pool.DontNeed", func() error { return p.DontNeed(ctx, i%4, 0, 4096) }},
		{"Buffers", func() error {
			buf, err := bufs.Get(ctx, 10000+i%4)
			bufs.Put(buf)
			return err
		}},
	}
	for _, tt := range tests {
		limit := 0.0
		if runtime.GOOS != "linux" && strings.Contains(tt.name, "ReadFile") {
			limit = 10 // package os allocates
		}
		got := testing.AllocsPerRun(100, func() {
			if err := tt.do(); err != nil {
				t.Error(err)
			}
			i++
		})
		if got > limit && !raceEnabled {
			t.Errorf("%s allocates %v times", tt.name, got)
		}
	}
}

func TestReadFile(t *testing.T) {
	root := writeTree(t, "a", "longer", "sub/"+strings.Repeat("x", 200)+"/"+strings.Repeat("y", 200))
	write(t, filepath.Join(root, "empty"), nil)
	set, err := shard.Find(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	var buf []byte
	for i, want := range names(t, root, set) {
		if want == "empty" {
			want = ""
		}
		buf, err = shard.ReadFile(t.Context(), set[i].Path, buf)
		if err != nil || string(buf) != want {
			t.Errorf("got %q, %v; want %q", buf, err, want)
		}
	}
	for _, path := range []string{root, filepath.Join(root, "none"), "a\x00b", ""} {
		buf, err = shard.ReadFile(t.Context(), path, buf)
		if _, ok := errors.AsType[*shard.ReadError](err); !ok || len(buf) != 0 || cap(buf) == 0 {
			t.Errorf("%q: got %q, %v", path, buf, err)
		}
	}
}

func ExamplePool() {
	dir, _ := os.MkdirTemp("", "shard")
	defer os.RemoveAll(dir)
	os.WriteFile(filepath.Join(dir, "x.bin"), []byte("magic, data, footer"), 0o666)
	ctx := context.Background()

	set, err := shard.Find(ctx, filepath.Join(dir, "*.bin"))
	if err != nil {
		fmt.Println(err)
		return
	}
	pool, err := shard.NewPool(set, shard.PoolConfig{Deadline: 30 * time.Second})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer pool.Close()
	footer := make([]byte, 6)
	err = pool.ReadAt(ctx, 0, footer, set[0].Size-6)
	fmt.Printf("%s %v\n", footer, err)
	// Output: footer <nil>
}

func ExampleReadFile() {
	dir, _ := os.MkdirTemp("", "shard")
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "x.txt")
	os.WriteFile(path, []byte("hello"), 0o666)

	var buf []byte // reused: nothing is allocated for the second file
	for range 2 {
		var err error
		if buf, err = shard.ReadFile(context.Background(), path, buf); err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%s\n", buf)
	}
	// Output:
	// hello
	// hello
}
