package cache_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/zeebo/xxh3"

	"github.com/stokerdata/stoker/format/cache"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/loadertest"
	"github.com/stokerdata/stoker/shard"
	"github.com/stokerdata/stoker/shard/shardtest"
)

var (
	once  = loader.Config{BatchSize: 7, Order: loader.Shuffle{}}
	slow  = loader.Config{BatchSize: 7, Order: loader.Shuffle{}, Workers: 1, Readers: 1, Prefetch: 1}
	plain = loader.Config{BatchSize: 7, Order: loader.Shuffle{}, Transforms: inside}
)

// filled returns a folder with all rows, and how the stream of them looks.
func filled(t testing.TB) (dir, want string) {
	t.Helper()
	dir = t.TempDir()
	s := open(t, newTable(), cache.Options{Dir: dir})
	s.Small(smallSegment)
	fill(t, s)
	return dir, loadertest.Digest(t, newTable(), plain)
}

// TestDamagedFile flips bits of a file, or cuts it off: rows that are not what
// was written are made anew, and stay so for the next run.
func TestDamagedFile(t *testing.T) {
	dir, want := filled(t)
	old := files(t, dir)
	path := old[1]
	whole := read(t, path)
	check := func(i int, b []byte, budget int64, least, most int64) {
		t.Helper()
		if b != nil {
			write(t, path, b)
		}
		src := newTable()
		s := open(t, src, cache.Options{Dir: dir, Bytes: budget})
		if got := loadertest.Digest(t, s, once); got != want {
			t.Errorf("%d bytes, byte %d flipped: other batches", len(b), i)
		}
		if n := src.made.Load(); n < least || n > most || s.Stats().Err != nil {
			t.Errorf("%d bytes, byte %d flipped: %d rows were made; %+v", len(b), i, n, s.Stats())
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	const step = 29 // meets each byte of a record and of the index in turn
	for i := 0; i < len(whole) && !t.Failed(); i += step {
		for _, b := range [][]byte{flipped(whole, i), whole[:i]} {
			check(i, b, 1, 1, 20)
			if i%(20*step) > 0 {
				continue
			}
			check(i, b, 1<<20, 1, 20)
			check(i, nil, 1<<20, 0, 0)
			for _, f := range files(t, dir) {
				if !slices.Contains(old, f) {
					os.Remove(f) // what was made anew
				}
			}
		}
	}
}

func flipped(b []byte, i int) []byte {
	c := append([]byte(nil), b...)
	c[i] ^= 1 << (i % 8)
	return c
}

// TestHostileIndex opens files whose index lies and has the right checksum. They
// are refused as a whole.
func TestHostileIndex(t *testing.T) {
	dir, want := filled(t)
	path := files(t, dir)[1]
	whole := read(t, path)
	at := len(whole) - 64
	n := int(binary.NativeEndian.Uint64(whole[at+32:]))
	records, index, foot := whole[:at-16*n], whole[at-16*n:at], whole[at:]
	put64, put32 := binary.NativeEndian.PutUint64, binary.NativeEndian.PutUint32
	for name, lie := range map[string]func(records, index, foot []byte) ([]byte, []byte){
		"row beyond the end":     func(r, x, _ []byte) ([]byte, []byte) { put64(x, tableRows); return r, x },
		"negative row":           func(r, x, _ []byte) ([]byte, []byte) { put64(x, 1<<63); return r, x },
		"offset beyond the end":  func(r, x, _ []byte) ([]byte, []byte) { put32(x[8:], uint32(len(r))); return r, x },
		"huge offset":            func(r, x, _ []byte) ([]byte, []byte) { put32(x[8:], 1<<32-8); return r, x },
		"odd offset":             func(r, x, _ []byte) ([]byte, []byte) { put32(x[8:], 4); return r, x },
		"size beyond the end":    func(r, x, _ []byte) ([]byte, []byte) { put32(x[12:], uint32(len(r))+8); return r, x },
		"huge size":              func(r, x, _ []byte) ([]byte, []byte) { put32(x[12:], 1<<32-8); return r, x },
		"odd size":               func(r, x, _ []byte) ([]byte, []byte) { put32(x[12:], 44); return r, x },
		"no size":                func(r, x, _ []byte) ([]byte, []byte) { put32(x[12:], 0); return r, x },
		"too small":              func(r, x, _ []byte) ([]byte, []byte) { put32(x[12:], 24); return r, x },
		"no records":             func(r, x, f []byte) ([]byte, []byte) { put64(f[32:], 0); return r[:0], x[:0] },
		"another number":         func(r, x, f []byte) ([]byte, []byte) { put64(f[32:], uint64(n+1)); return r, x },
		"huge number":            func(r, x, f []byte) ([]byte, []byte) { put64(f[32:], 1<<60); return r, x },
		"negative number":        func(r, x, f []byte) ([]byte, []byte) { put64(f[32:], 1<<64-1); put64(f[40:], 16); return r[:0], x[:0] },
		"negative size of all":   func(r, x, f []byte) ([]byte, []byte) { put64(f[32:], 1); put64(f[40:], 1<<64-16); return r[:0], x[:0] },
		"more records than rows": func(r, x, f []byte) ([]byte, []byte) { put64(f[32:], 61); return r, bytes.Repeat(x[:16], 61) },
		"another pipeline":       func(r, x, f []byte) ([]byte, []byte) { f[0] ^= 1; return r, x },
		"no magic":               func(r, x, f []byte) ([]byte, []byte) { f[56] ^= 1; return r, x },
	} {
		foot := slices.Clone(foot)
		r, x := lie(slices.Clone(records), slices.Clone(index), foot)
		b := slices.Concat(r, x, foot)
		put64(b[len(b)-16:], xxh3.Hash(b[len(r):len(b)-16]))
		write(t, path, b)
		src := newTable()
		s := open(t, src, cache.Options{Dir: dir, Bytes: 1})
		if loadertest.Digest(t, s, once) != want {
			t.Errorf("%s: other batches", name)
		}
		if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) || src.made.Load() != int64(n) || s.Stats().Damaged != 0 {
			t.Errorf("%s: %v; %d rows were made; %+v", name, err, src.made.Load(), s.Stats())
		}
		s.Close()
	}
}

// TestHostileRecord opens records whose values lie and have the right checksum:
// they are no rows of the spec.
func TestHostileRecord(t *testing.T) {
	dir, want := filled(t)
	path := files(t, dir)[1]
	whole := read(t, path)
	foot := len(whole) - 64
	index := foot - 16*int(binary.NativeEndian.Uint64(whole[foot+32:]))
	off, size := int(binary.NativeEndian.Uint32(whole[index+8:])), int(binary.NativeEndian.Uint32(whole[index+12:]))
	for name, lie := range map[string]func(rec []byte){
		"another row": func(rec []byte) { rec[8] ^= 1 },
		"more boxes":  func(rec []byte) { rec[16]++ },
		"huge boxes":  func(rec []byte) { binary.NativeEndian.PutUint32(rec[16:], 1<<32-1) },
		"huge volume": func(rec []byte) {
			binary.NativeEndian.PutUint32(rec[20:], 1<<31-2)
			binary.NativeEndian.PutUint32(rec[24:], 1<<31-2)
		},
		"huge and empty": func(rec []byte) {
			binary.NativeEndian.PutUint32(rec[20:], 0)
			binary.NativeEndian.PutUint32(rec[24:], 1<<32-1)
		},
		"no bool": func(rec []byte) { rec[validAt(rec)] = 2 },
	} {
		b := append([]byte(nil), whole...)
		rec := b[off : off+size]
		lie(rec)
		binary.NativeEndian.PutUint64(rec, xxh3.Hash(rec[8:]))
		write(t, path, b)
		src := newTable()
		s := open(t, src, cache.Options{Dir: dir})
		defer s.Close()
		if loadertest.Digest(t, s, once) != want {
			t.Errorf("%s: other batches", name)
		}
		if st := s.Stats(); src.made.Load() != 1 || st.Damaged != 1 || st.Rows != tableRows {
			t.Errorf("%s: %d rows were made; %+v", name, src.made.Load(), st)
		}
	}
}

// validAt returns where the field "valid" lies: behind 16 bytes, 3 dimensions,
// an image and the boxes.
func validAt(rec []byte) int { return 32 + 48 + 16*int(binary.NativeEndian.Uint32(rec[16:])) }

// TestCrash leaves what a crash leaves: names that were taken and files that were
// not finished.
func TestCrash(t *testing.T) {
	dir, want := filled(t)
	sub := filepath.Dir(files(t, dir)[0])
	long := time.Now().Add(-48 * time.Hour)
	for name, age := range map[string]time.Time{
		"000090.rows": long, "000091.rows": time.Now(), ".000090.rows.tmp": long, ".000091.rows.tmp": time.Now(),
	} {
		path := filepath.Join(sub, name)
		write(t, path, nil)
		if strings.HasSuffix(name, ".tmp") {
			write(t, path, []byte("half a row"))
		}
		if err := os.Chtimes(path, age, age); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(sub, "notes.txt"), []byte("somebody else's"))
	write(t, filepath.Join(sub, "1.rows"), []byte("a name that is none"))
	os.Remove(files(t, dir)[2])
	src := newTable()
	s := open(t, src, cache.Options{Dir: dir})
	if loadertest.Digest(t, s, once) != want {
		t.Error("other batches")
	}
	if n := src.made.Load(); n < 1 || n > 20 {
		t.Errorf("%d rows were made for a file that is gone", n)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	for name, there := range map[string]bool{
		"000090.rows": false, "000091.rows": true, "000092.rows": true, ".000090.rows.tmp": false, ".000091.rows.tmp": true, "notes.txt": true, "1.rows": true,
	} {
		if _, err := os.Stat(filepath.Join(sub, name)); (err == nil) != there {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestTwoAtOnce fills one folder from two sources at a time, as two processes
// do, and then with a third one.
func TestTwoAtOnce(t *testing.T) {
	dir := t.TempDir()
	want := loadertest.Digest(t, newTable(), plain)
	var wg sync.WaitGroup
	for range 2 {
		s := open(t, newTable(), cache.Options{Dir: dir})
		s.Small(smallSegment)
		wg.Go(func() {
			for range 2 {
				if loadertest.Digest(t, s, once) != want {
					t.Error("other batches")
				}
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	src := newTable()
	s := open(t, src, cache.Options{Dir: dir})
	defer s.Close()
	if loadertest.Digest(t, s, once) != want || src.made.Load() != 0 || s.Stats().Rows != tableRows {
		t.Errorf("other batches, or %d rows were made; %+v", src.made.Load(), s.Stats())
	}
}

// TestAdoption has a source find what another one has written since it was
// opened, whenever it writes.
func TestAdoption(t *testing.T) {
	dir := t.TempDir()
	a, b := open(t, newTable(), cache.Options{Dir: dir}), open(t, newTable(), cache.Options{Dir: dir})
	for _, s := range []*cache.Source{a, b} {
		s.Small(smallSegment)
	}
	rows := func(s *cache.Source, lo, hi int) {
		for id := lo; id < hi; id++ {
			loadertest.Row(t, s, int64(id))
		}
	}
	rows(a, 0, 30)
	rows(b, 30, tableRows)
	rows(a, 0, 1) // writes what b has not seen
	if n := b.Stats().Rows; n <= 30 {
		t.Errorf("b has written files beside those of a, and knows %d rows", n)
	}
	a.Close()
	b.Close()
}

// TestWriteFails removes the folder under a cache: rows stay in memory as far as
// they are there, and the stream goes on.
func TestWriteFails(t *testing.T) {
	dir := t.TempDir()
	want := loadertest.Digest(t, newTable(), plain)
	s := open(t, newTable(), cache.Options{Dir: dir})
	s.Small(smallSegment)
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	var first int64
	for epoch := range 2 {
		if loadertest.Digest(t, s, slow) != want {
			t.Error("other batches")
		}
		st := s.Stats()
		if epoch == 0 {
			first = st.Rows
		}
		if !errors.Is(st.Err, os.ErrNotExist) || st.Rows != first || first < 10 || first > tableRows-10 || st.Hits != int64(epoch)*first {
			t.Errorf("epoch %d: %d rows were kept, then %+v", epoch, first, st)
		}
	}
	if err := s.Close(); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("closed with %v", err)
	}
	dir = t.TempDir()
	s = open(t, newTable(), cache.Options{Dir: dir})
	s.Small(smallSegment)
	subs, _ := filepath.Glob(filepath.Join(dir, "*"))
	if err := os.Mkdir(filepath.Join(subs[0], ".000000.rows.tmp"), 0o777); err != nil {
		t.Fatal(err)
	}
	if loadertest.Digest(t, s, once) != want {
		t.Error("other batches where a file cannot be written")
	}
	if err := s.Close(); !errors.Is(err, syscall.EISDIR) {
		t.Errorf("closed with %v", err)
	}
	for _, f := range files(t, dir) {
		if len(read(t, f)) == 0 {
			t.Errorf("%s is taken and empty", f)
		}
	}
	file := filepath.Join(t.TempDir(), "file")
	write(t, file, nil)
	if _, err := cache.Open(newTable(), cache.Options{Dir: file}); !errors.Is(err, syscall.ENOTDIR) {
		t.Errorf("a file as Dir: %v", err)
	}
}

// TestLeave leaves the loop in the middle of the first epoch: what was made until
// then is there for the next run.
func TestLeave(t *testing.T) {
	want := loadertest.Digest(t, newTable(), plain)
	for batches := range 5 {
		dir := t.TempDir()
		s := open(t, newTable(), cache.Options{Dir: dir})
		s.Small(smallSegment)
		ld, err := loader.New(s, once)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		n := 0
		for _, err := range ld.All(ctx) {
			if err != nil {
				break
			}
			if n++; n == batches {
				cancel()
			}
		}
		cancel()
		if err := ld.Close(); err != nil {
			t.Error(err)
		}
		rows := s.Stats().Rows
		src := newTable()
		s = open(t, src, cache.Options{Dir: dir})
		if st := s.Stats(); st.Rows != rows || rows < int64(7*batches) {
			t.Errorf("%d rows were made for %d batches, then %+v", rows, batches, st)
		}
		if loadertest.Digest(t, s, once) != want || src.made.Load() != tableRows-rows {
			t.Errorf("other batches, or %d rows made beside %d", src.made.Load(), rows)
		}
		s.Close()
	}
}

// TestCancelledFlush writes under a context that is done: it is left for later.
func TestCancelledFlush(t *testing.T) {
	dir := t.TempDir()
	s := open(t, newTable(), cache.Options{Dir: dir})
	s.Small(smallSegment)
	rows := int64(0)
	for s.Due() == 0 {
		loadertest.Row(t, s, rows)
		rows++
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s.Flush(ctx)
	if n := len(files(t, dir)); n != 0 || s.Stats().Err != nil {
		t.Errorf("%d files, %v", n, s.Stats().Err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	s = open(t, newTable(), cache.Options{Dir: dir})
	defer s.Close()
	if n := s.Stats().Rows; n != rows {
		t.Errorf("%d rows of %d are there", n, rows)
	}
}

// FuzzFile opens a cache on a file of any bytes in front of the right footer:
// the stream is what it is without it.
func FuzzFile(f *testing.F) {
	dir, want := filled(f)
	path := files(f, dir)[0]
	whole := read(f, path)
	for _, p := range files(f, dir)[1:] {
		os.Remove(p)
	}
	foot := whole[len(whole)-64:]
	index := len(whole) - 64 - 16*int(binary.NativeEndian.Uint64(foot[32:]))
	f.Add(whole[:index], whole[index:len(whole)-64])
	f.Add(whole[:index], bytes.Repeat(whole[index:index+16], 20))
	f.Add([]byte{}, whole[index:index+16])
	f.Fuzz(func(t *testing.T, records, index []byte) {
		index = index[:len(index)&^15]
		tail := append([]byte(nil), index...)
		tail = append(tail, foot[:32]...)
		tail = binary.NativeEndian.AppendUint64(tail, uint64(len(index)/16))
		tail = binary.NativeEndian.AppendUint64(tail, uint64(len(records)))
		tail = binary.NativeEndian.AppendUint64(tail, xxh3.Hash(tail))
		write(t, path, append(append(append([]byte(nil), records...), tail...), foot[56:]...))
		src := newTable()
		s := open(t, src, cache.Options{Dir: dir, Bytes: 1})
		if loadertest.Digest(t, s, once) != want {
			t.Error("other batches")
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}

// TestReadFails strikes the reads of a warm cache: the rows are made anew.
func TestReadFails(t *testing.T) {
	dir, want := filled(t)
	index := 2 * len(files(t, dir)) // reads of Open
	for name, fault := range map[string]shardtest.Fault{
		"error": {Count: 3, Effect: shardtest.Error(syscall.ENXIO)}, "short": {Effect: shardtest.Truncate(100)}, "flip": {Count: -1, Effect: shardtest.FlipBit(20)},
	} {
		for _, nth := range []int{1, 4, 9} {
			fault.Op, fault.Nth = shardtest.Read, index+nth
			faults := &shardtest.FaultFS{Faults: []shardtest.Fault{fault}}
			src := newTable()
			s := open(t, src, cache.Options{Dir: dir, Pool: shard.PoolConfig{FS: faults, Retries: -1}})
			defer s.Close()
			if loadertest.Digest(t, s, once) != want {
				t.Errorf("%s: other batches", name)
			}
			if st := s.Stats(); st.Damaged == 0 || src.made.Load() != st.Damaged || st.Rows != tableRows {
				t.Errorf("%s, read %d: %d rows were made; %+v", name, nth, src.made.Load(), st)
			}
		}
	}
}

// TestHungRead has a drive not answer: the rows are made anew.
func TestHungRead(t *testing.T) {
	dir, want := filled(t)
	faults := &shardtest.FaultFS{Faults: []shardtest.Fault{{Op: shardtest.Read, Nth: 2*len(files(t, dir)) + 3, Count: 6, Effect: shardtest.Hang()}}}
	src := newTable()
	s := open(t, src, cache.Options{Dir: dir, Pool: shard.PoolConfig{FS: faults, Deadline: 50 * time.Millisecond}})
	if loadertest.Digest(t, s, slow) != want {
		t.Error("other batches")
	}
	if st := s.Stats(); st.Damaged == 0 || st.Rows != tableRows {
		t.Errorf("%+v", st)
	}
	if n := s.Lent(); n != 2*4096 {
		t.Errorf("%d bytes are lost to hung reads, and one of all rows and some of single rows were", n)
	}
	faults.Release()
	s.Close()
}

// TestConcurrentFill has many loaders at once fill one cache.
func TestConcurrentFill(t *testing.T) {
	want := loadertest.Digest(t, newTable(), plain)
	for _, dir := range []string{"", t.TempDir()} {
		src := newTable()
		s := open(t, src, cache.Options{Dir: dir})
		s.Small(smallSegment)
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for range 3 {
					if loadertest.Digest(t, s, once) != want {
						t.Errorf("dir %q: other batches", dir)
					}
				}
			})
		}
		wg.Wait()
		if st := s.Stats(); st.Rows != tableRows || st.Damaged != 0 {
			t.Errorf("dir %q: %+v", dir, st)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}
