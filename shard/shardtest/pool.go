package shardtest

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
	"slices"
	"sync"
	"testing"

	"github.com/stokerdata/stoker/shard"
)

// sizes are those of the files that Pool reads: around the sizes of sectors,
// pages and merged reads.
var sizes = []int{0, 1, 511, 512, 4095, 4096, 4097, 100_000, 300 << 10, 1<<20 + 13}

// Pool checks that a [shard.Pool] made with cfg does what its documentation says,
// whatever the backend: it reads the bytes that are there, at any offset and of any
// length, one by one and many together, in several goroutines, and notices what is
// not there, what has changed and that it is over. The files are in a directory of
// the test.
func Pool(t *testing.T, cfg shard.PoolConfig) {
	dir := t.TempDir()
	rng := rand.New(rand.NewPCG(1, 2))
	want := make([][]byte, len(sizes))
	for i, n := range sizes {
		want[i] = make([]byte, n)
		for k := range want[i] {
			want[i][k] = byte(rng.Uint32())
		}
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%02d", i)), want[i], 0o666); err != nil {
			t.Fatal(err)
		}
	}
	p := newPool(t, dir, cfg)
	t.Run("ReadAt", func(t *testing.T) { readAt(t, p, want) })
	t.Run("ReadFile", func(t *testing.T) { readFile(t, p, want) })
	t.Run("Fetch", func(t *testing.T) { fetchAll(t, p, want) })
	t.Run("Concurrent", func(t *testing.T) { concurrent(t, p, want) })
	t.Run("Ends", func(t *testing.T) { ends(t, p, want) })
	t.Run("Changed", func(t *testing.T) { changed(t, dir, cfg) })
	t.Run("Cancelled", func(t *testing.T) { cancelled(t, p) })
	t.Run("Closed", func(t *testing.T) { closed(t, p) })
}

func newPool(t *testing.T, dir string, cfg shard.PoolConfig) *shard.Pool {
	t.Helper()
	set, err := shard.Find(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	p, err := shard.NewPool(set, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

func readAt(t *testing.T, p *shard.Pool, want [][]byte) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		i := rng.IntN(len(want))
		off := rng.IntN(len(want[i]) + 1)
		n := rng.IntN(len(want[i]) - off + 1)
		if rng.IntN(3) == 0 {
			off &^= 4095
		}
		b := make([]byte, n+rng.IntN(9))[:n] // with room that is not to be touched
		if err := p.ReadAt(t.Context(), i, b, int64(off)); err != nil {
			t.Fatalf("%d bytes of file %d at %d: %v", n, i, off, err)
		}
		if !bytes.Equal(b, want[i][off:off+n]) {
			t.Fatalf("%d bytes of file %d at %d are wrong", n, i, off)
		}
		if tail := b[n:cap(b)]; !bytes.Equal(tail, make([]byte, len(tail))) {
			t.Fatalf("the read of %d bytes wrote behind them", n)
		}
	}
}

func readFile(t *testing.T, p *shard.Pool, want [][]byte) {
	var buf []byte
	for i := range want {
		var err error
		if buf, err = p.ReadFile(t.Context(), i, buf); err != nil || !bytes.Equal(buf, want[i]) {
			t.Errorf("file of %d bytes: %d bytes, error %v", len(want[i]), len(buf), err)
		}
	}
}

// ranges returns random ranges, the same for the same seed.
func ranges(want [][]byte, seed uint64) []shard.Range {
	rng := rand.New(rand.NewPCG(5, seed))
	list := make([]shard.Range, 1+rng.IntN(100))
	for k := range list {
		i := rng.IntN(len(want))
		off := rng.IntN(len(want[i]) + 1)
		n := rng.IntN(len(want[i]) - off + 1)
		if seed%2 == 0 {
			n = min(n, 3000) // so that not all of it is merged
		}
		list[k] = shard.Range{File: i, Off: int64(off), Len: n, Tag: off}
	}
	return list
}

// fetch checks one Fetch.
func fetch(ctx context.Context, p *shard.Pool, bufs *shard.Buffers, want [][]byte, seed uint64) error {
	list := ranges(want, seed)
	plan := shard.Plan{GapBytes: 1000, MaxBytes: 64 << 10, Concurrency: 1 + int(seed%9)}
	buf, err := p.Fetch(ctx, bufs, plan, list)
	if err != nil {
		return err
	}
	defer bufs.Put(buf)
	last := shard.Range{}
	for _, r := range list {
		if r.Off != int64(r.Tag) || !bytes.Equal(r.Data, want[r.File][r.Off:][:r.Len]) {
			return fmt.Errorf("%d bytes of file %d at %d are wrong", r.Len, r.File, r.Off)
		}
		if r.File < last.File || r.File == last.File && r.Off < last.Off {
			return errors.New("ranges are not sorted")
		}
		last = r
	}
	return nil
}

// readInto checks one ReadInto.
func readInto(ctx context.Context, p *shard.Pool, want [][]byte, seed uint64) error {
	list := ranges(want, seed)
	total := 0
	for k := range list {
		list[k].Tag = total
		total += list[k].Len
	}
	given := slices.Clone(list)
	to := make([]byte, total)
	if err := p.ReadInto(ctx, to, shard.Plan{MaxBytes: 64 << 10, Concurrency: 1 + int(seed%9)}, list); err != nil {
		return err
	}
	for _, r := range given {
		if !bytes.Equal(to[r.Tag:][:r.Len], want[r.File][r.Off:][:r.Len]) {
			return fmt.Errorf("%d bytes of file %d at %d, read to %d, are wrong", r.Len, r.File, r.Off, r.Tag)
		}
	}
	return nil
}

func fetchAll(t *testing.T, p *shard.Pool, want [][]byte) {
	bufs := shard.NewBuffers(64 << 20)
	for seed := range uint64(40) {
		if err := fetch(t.Context(), p, bufs, want, seed); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if err := readInto(t.Context(), p, want, seed); err != nil {
			t.Fatalf("seed %d, ReadInto: %v", seed, err)
		}
	}
	if lent, _ := bufs.Held(); lent != 0 {
		t.Errorf("%d bytes are still lent", lent)
	}
}

func concurrent(t *testing.T, p *shard.Pool, want [][]byte) {
	bufs := shard.NewBuffers(256 << 20)
	var all sync.WaitGroup
	for g := range uint64(4) {
		all.Go(func() {
			for seed := range uint64(8) {
				if err := fetch(t.Context(), p, bufs, want, 100*g+2*seed); err != nil {
					t.Errorf("seed %d: %v", seed, err)
				}
				if err := readInto(t.Context(), p, want, 100*g+2*seed); err != nil {
					t.Errorf("seed %d, ReadInto: %v", seed, err)
				}
			}
		})
	}
	all.Wait()
}

// ends reads what files do not hold.
func ends(t *testing.T, p *shard.Pool, want [][]byte) {
	bufs := shard.NewBuffers(64 << 20)
	for i := range want {
		n := int64(len(want[i]))
		for _, r := range []shard.Range{{Off: n, Len: 1}, {Off: n + 5000, Len: 1}, {Off: 0, Len: int(n) + 1}, {Off: max(0, n-1), Len: 2}, {Off: 1 << 50, Len: 10}} {
			var at *shard.ReadError
			err := p.ReadAt(t.Context(), i, make([]byte, r.Len), r.Off)
			if !errors.Is(err, io.ErrUnexpectedEOF) || !errors.As(err, &at) {
				t.Errorf("ReadAt of %d bytes at %d of %d: %v", r.Len, r.Off, n, err)
			}
			r.File = i
			list := []shard.Range{{File: i}, r}
			buf, err := p.Fetch(t.Context(), bufs, shard.Plan{GapBytes: -1}, list)
			if !errors.Is(err, io.ErrUnexpectedEOF) || !errors.As(err, &at) || buf != nil || list[0].Data != nil || list[1].Data != nil {
				t.Errorf("Fetch of %d bytes at %d of %d: %v", r.Len, r.Off, n, err)
			}
			err = p.ReadInto(t.Context(), make([]byte, r.Len), shard.Plan{}, list)
			if !errors.Is(err, io.ErrUnexpectedEOF) || !errors.As(err, &at) || at.Off != r.Off || at.Len != r.Len {
				t.Errorf("ReadInto of %d bytes at %d of %d: %v", r.Len, r.Off, n, err)
			}
		}
	}
	if lent, _ := bufs.Held(); lent != 0 {
		t.Errorf("%d bytes are still lent", lent)
	}
}

// changed reads files that are not what was listed.
func changed(t *testing.T, dir string, cfg shard.PoolConfig) {
	p := newPool(t, dir, cfg)
	last := len(sizes) - 1
	path := filepath.Join(dir, fmt.Sprintf("%02d", last))
	if err := os.Truncate(path, 5000); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "04")); err != nil {
		t.Fatal(err)
	}
	bufs := shard.NewBuffers(64 << 20)
	for i, want := range map[int]error{last: shard.ErrChanged, 4: fs.ErrNotExist} {
		if err := p.ReadAt(t.Context(), i, make([]byte, 10), 0); !errors.Is(err, want) {
			t.Errorf("ReadAt: %v, want %v", err, want)
		}
		if _, err := p.ReadFile(t.Context(), i, nil); !errors.Is(err, want) {
			t.Errorf("ReadFile: %v, want %v", err, want)
		}
		list := []shard.Range{{File: 8, Len: 10}, {File: i, Len: 10, Tag: 10}, {File: 8, Off: 200_000, Len: 10, Tag: 20}}
		if _, err := p.Fetch(t.Context(), bufs, shard.Plan{}, list); !errors.Is(err, want) {
			t.Errorf("Fetch: %v, want %v", err, want)
		}
		if err := p.ReadInto(t.Context(), make([]byte, 30), shard.Plan{}, list); !errors.Is(err, want) {
			t.Errorf("ReadInto: %v, want %v", err, want)
		}
	}
}

func cancelled(t *testing.T, p *shard.Pool) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.ReadAt(ctx, 7, make([]byte, 10), 0); !errors.Is(err, context.Canceled) {
		t.Errorf("ReadAt: %v", err)
	}
	list := []shard.Range{{File: 7, Len: 10}, {File: 8, Len: 10, Tag: 10}}
	if _, err := p.Fetch(ctx, shard.NewBuffers(1<<20), shard.Plan{}, list); !errors.Is(err, context.Canceled) {
		t.Errorf("Fetch: %v", err)
	}
	if err := p.ReadInto(ctx, make([]byte, 20), shard.Plan{}, list); !errors.Is(err, context.Canceled) {
		t.Errorf("ReadInto: %v", err)
	}
}

func closed(t *testing.T, p *shard.Pool) {
	if err := p.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if n := p.Stats().Open; n != 0 {
		t.Errorf("%d descriptors are open behind Close", n)
	}
	if err := p.ReadAt(t.Context(), 7, make([]byte, 10), 0); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("ReadAt behind Close: %v", err)
	}
	if _, err := p.Fetch(t.Context(), shard.NewBuffers(1<<20), shard.Plan{}, []shard.Range{{File: 7, Len: 10}, {File: 8, Len: 10}}); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("Fetch behind Close: %v", err)
	}
}
