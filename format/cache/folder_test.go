package cache_test

import (
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
	for i := 0; i < len(whole) && !t.Failed(); i += 13 {
		for _, b := range [][]byte{flipped(whole, i), whole[:i]} {
			check(i, b, 1, 1, 20)
			if i%(13*20) > 0 {
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

// TestHostileIndex opens files whose index lies and has the right checksum.
func TestHostileIndex(t *testing.T) {
	dir, want := filled(t)
	path := files(t, dir)[1]
	whole := read(t, path)
	foot := len(whole) - 64
	n := int(binary.NativeEndian.Uint64(whole[foot+32:]))
	index := foot - 16*n
	put64, put32 := binary.NativeEndian.PutUint64, binary.NativeEndian.PutUint32
	for name, lie := range map[string]func(b []byte){
		"row beyond the end":    func(b []byte) { put64(b[index:], tableRows) },
		"negative row":          func(b []byte) { put64(b[index:], 1<<63) },
		"row of another":        func(b []byte) { put64(b[index:], binary.NativeEndian.Uint64(b[index+16:])) },
		"offset beyond the end": func(b []byte) { put32(b[index+8:], uint32(index)) },
		"huge offset":           func(b []byte) { put32(b[index+8:], 1<<32-8) },
		"odd offset":            func(b []byte) { put32(b[index+8:], 4) },
		"size beyond the end":   func(b []byte) { put32(b[index+12:], uint32(index)+8) },
		"huge size":             func(b []byte) { put32(b[index+12:], 1<<32-8) },
		"no size":               func(b []byte) { put32(b[index+12:], 0) },
		"shorter":               func(b []byte) { put32(b[index+12:], 24) },
		"no records":            func(b []byte) { put64(b[foot+32:], 0) },
		"huge number":           func(b []byte) { put64(b[foot+32:], 1<<60) },
		"negative number":       func(b []byte) { put64(b[foot+32:], 1<<64-1) },
		"negative size of all":  func(b []byte) { put64(b[foot+40:], 1<<64-8) },
		"another pipeline":      func(b []byte) { b[foot] ^= 1 },
		"no magic":              func(b []byte) { b[foot+56] ^= 1 },
	} {
		b := append([]byte(nil), whole...)
		lie(b)
		put64(b[foot+48:], xxh3.Hash(b[index:foot+48]))
		write(t, path, b)
		src := newTable()
		s := open(t, src, cache.Options{Dir: dir})
		defer s.Close()
		if loadertest.Digest(t, s, once) != want {
			t.Errorf("%s: other batches", name)
		}
		if n := src.made.Load(); n < 1 || s.Stats().Rows != tableRows {
			t.Errorf("%s: %d rows were made; %+v", name, n, s.Stats())
		}
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
	for name, age := range map[string]time.Time{"000090.rows": long, "000091.rows": time.Now(), ".000090.rows.1.tmp": long, ".000091.rows.2.tmp": time.Now()} {
		path := filepath.Join(sub, name)
		if strings.HasSuffix(name, ".tmp") {
			if err := os.Mkdir(path, 0o777); err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(path, "0"), []byte("half a row"))
		} else {
			write(t, path, nil)
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
		"000090.rows": false, "000091.rows": true, "000092.rows": true, ".000090.rows.1.tmp": false, ".000091.rows.2.tmp": true, "notes.txt": true, "1.rows": true,
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
	for range 2 {
		if loadertest.Digest(t, s, once) != want {
			t.Error("other batches")
		}
	}
	st := s.Stats()
	if !errors.Is(st.Err, os.ErrNotExist) || st.Rows == 0 || st.Hits < st.Rows {
		t.Errorf("%+v", st)
	}
	if err := s.Close(); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("closed with %v", err)
	}
	file := filepath.Join(t.TempDir(), "file")
	write(t, file, nil)
	if _, err := cache.Open(newTable(), cache.Options{Dir: file}); !errors.Is(err, syscall.ENOTDIR) {
		t.Errorf("a file as Dir: %v", err)
	}
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
	if loadertest.Digest(t, s, once) != want {
		t.Error("other batches")
	}
	if st := s.Stats(); st.Damaged == 0 || st.Rows != tableRows {
		t.Errorf("%+v", st)
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
