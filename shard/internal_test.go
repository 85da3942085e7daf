package shard

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/zeebo/xxh3"

	"github.com/stokerdata/stoker/internal/pages"
	"github.com/stokerdata/stoker/shard/internal/sysio"
)

func FuzzManifest(f *testing.F) {
	f.Add([]byte(`{"version": 1, "shards": [{"path":"a/b","size":4,"rows":-1,"algorithm":"xxh3-128","hash":"c044be4073bb71f1340036b3f23aa86d"}]}`))
	f.Add([]byte(`{"version":1,"shards":[]}`))
	f.Add([]byte(`{"version":1,"shards":[{"path":"../a"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := parseManifest(data)
		if err != nil {
			return
		}
		for _, file := range m.Set("root") {
			if rel, err := filepath.Rel("root", file.Path); err != nil || !filepath.IsLocal(rel) {
				t.Fatalf("%q leaves the root", file.Path)
			}
		}
		var out bytes.Buffer
		if err := m.encode(&out); err != nil {
			t.Fatal(err)
		}
		again, err := parseManifest(out.Bytes())
		if err != nil || len(again.Shards) != len(m.Shards) {
			t.Fatalf("written again: %v", err)
		}
		for i := range m.Shards {
			if !reflect.DeepEqual(m.Shards[i], again.Shards[i]) {
				t.Fatalf("shard %d: %+v became %+v", i, m.Shards[i], again.Shards[i])
			}
		}
	})
}

func FuzzList(f *testing.F) {
	f.Add([]byte("a\n# b\n\r\n c \n"))
	f.Add([]byte("\ufeffa\x00b"))
	f.Fuzz(func(t *testing.T, data []byte) {
		parseList(bytes.NewReader(data), func(path string) error {
			if path == "" || path[0] == '#' || strings.ContainsAny(path, "\n\x00") || path != strings.TrimSpace(path) {
				t.Fatalf("path %q", path)
			}
			return nil
		})
	})
}

func TestListLimits(t *testing.T) {
	err := parseList(strings.NewReader("a\n"+strings.Repeat("x", maxLineBytes+1)), func(string) error { return nil })
	if err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("long line: %v", err)
	}
}

func TestClass(t *testing.T) {
	seen := map[int]int{}
	for n := 1; n < 1<<24; n += 1 + n/97 {
		size, index := class(n)
		again, sameIndex := class(size)
		switch {
		case size < n || size%pages.Bytes != 0 || size > n+max(n/4, pages.Bytes):
			t.Fatalf("%d bytes became %d", n, size)
		case again != size || sameIndex != index:
			t.Fatalf("size %d of class %d has size %d of class %d", size, index, again, sameIndex)
		case seen[index] != 0 && seen[index] != size:
			t.Fatalf("class %d holds %d and %d", index, seen[index], size)
		}
		seen[index] = size
	}
}

// The published digests of no bytes, and the one-shot functions, are the
// authority for what stands in manifests.
func TestAlgorithms(t *testing.T) {
	empty := map[Algorithm]string{
		XXH3:   "99aa06d3014798d86001c324468d497f",
		SHA256: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	}
	for a, want := range empty {
		if got := hex.EncodeToString(a.new().Sum(nil)); got != want || a.new().Size() != len(want)/2 {
			t.Errorf("%s of no bytes is %s", a, got)
		}
	}
	data := make([]byte, 5000)
	for i := range data {
		data[i] = byte(i * i)
	}
	for n := 0; n <= len(data); n += 1 + n/7 {
		h := XXH3.new()
		h.Write(data[:n/3])
		h.Write(data[n/3 : n])
		want := xxh3.Hash128(data[:n]).Bytes()
		if got := h.Sum(nil); !bytes.Equal(got, want[:]) {
			t.Errorf("%d bytes in parts: %x, want %x", n, got, want)
		}
	}
}

// TestBackendsInUse sees that backends do what they are chosen for, where the
// machine lets them.
func TestBackendsInUse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(path, make([]byte, 100_000), 0o666); err != nil {
		t.Fatal(err)
	}
	set, err := Find(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	fetch := func(b Backend) (*Pool, []byte) {
		p, err := NewPool(set, PoolConfig{Backend: b})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { p.Close() })
		list := []Range{{Len: 10}, {Off: 90_000, Len: 100}}
		buf, err := p.Fetch(t.Context(), NewBuffers(1<<20), Plan{GapBytes: -1}, list)
		if err != nil {
			t.Fatal(err)
		}
		return p, buf
	}
	if r, err := sysio.NewRing(1); err == nil {
		r.Close()
		p, _ := fetch(DirectRing)
		if !p.useRings || len(p.rings) != 1 {
			t.Errorf("ring used: %v, %d rings are back", p.useRings, len(p.rings))
		}
	}
	p, _ := fetch(Direct)
	if f, ok := p.files[0].h.Handle.(*directFile); ok && f.refused.Load() {
		t.Log("this file system has no direct reads")
	} else if !ok && runtime.GOOS == "linux" {
		t.Errorf("a direct file is %T", p.files[0].h.Handle)
	}
	if p, buf := fetch(MmapTrusted); runtime.GOOS == "linux" && (buf != nil || p.maps[0].Load() == nil) {
		t.Error("mapped files were read")
	}
}

// TestRingBetween has a ring read past the page cache what begins and ends within pages,
// of the file and in memory.
func TestRingBetween(t *testing.T) {
	data := make([]byte, 1<<20+10)
	for i := range data {
		data[i] = byte(i>>12) ^ byte(i*7)
	}
	path := filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
	set, err := Find(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	p, err := NewPool(set, PoolConfig{Backend: DirectRing})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	r := p.ring()
	if r == nil {
		t.Skip("no rings")
	}
	defer p.putRing(r)
	r.bounce()
	for _, q := range []Request{{Off: 1, Len: 1}, {Off: page - 1, Len: 2}, {Off: 5*page + 3, Len: 100_000}, {Off: 2 * page, Len: bounceBytes}, {Off: 1<<20 - 5, Len: 15}} {
		f, buf := newFetch(), make([]byte, q.Len+10)
		f.bounced, f.requests, f.starts, f.flights = true, []Request{q}, []int{7}, make([]flight, 1)
		if !p.tryEnter() || !f.submit(p, r, 0, buf) {
			t.Fatalf("%d bytes at %d are not read by a ring", q.Len, q.Off)
		}
		if err := r.Wait(1); err != nil {
			t.Fatal(err)
		}
		d, _ := r.Next()
		if n := int(q.Off&(page-1)) + q.Len; d.Err != nil || d.N < n {
			t.Errorf("%d bytes at %d: read %d from the start of a page, want %d, %v", q.Len, q.Off, d.N, n, d.Err)
		}
		f.land(t.Context(), p, r, d, buf)
		want := slices.Concat(make([]byte, 7), data[q.Off:][:q.Len], make([]byte, 3))
		if !bytes.Equal(buf, want) || len(r.between) != ringBounces {
			t.Errorf("%d bytes at %d are wrong, or others beside them, or %d buffers are left", q.Len, q.Off, len(r.between))
		}
	}
	f := newFetch()
	f.bounced, f.requests, f.starts = true, []Request{{Off: 1, Len: bounceBytes}}, []int{0}
	if f.submit(p, r, 0, make([]byte, bounceBytes)) {
		t.Error("a ring reads more than fits the memory between")
	}
}

// TestRefusedDirect reads a file whose alignment no drive could want: it goes on
// through the page cache.
func TestRefusedDirect(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(path, make([]byte, 3*page), 0o666); err != nil {
		t.Fatal(err)
	}
	f, err := sysio.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if f.SetDirect(true) != nil {
		t.Skip("this file system has no direct reads")
	}
	d := &directFile{File: &f}
	odd := pages.Make(2 * page)[1:]
	if _, err := d.File.ReadAt(odd[:page], 0); !sysio.RefusesDirect(err) {
		t.Skipf("this drive reads to any address: %v", err)
	}
	if n, err := d.ReadAt(odd[:page], 0); n != page || err != nil || d.refused.Load() {
		t.Errorf("through the buffer between: %d bytes, error %v, refused %v", n, err, d.refused.Load())
	}
	if err := f.SetDirect(false); err != nil {
		t.Fatal(err)
	}
	d.refused.Store(true)
	if n, err := d.ReadAt(odd[:page], 5); n != page || err != nil {
		t.Errorf("through the page cache: %d bytes, error %v", n, err)
	}
}

// TestArrange sorts ranges, some of which begin at the same place.
func TestArrange(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for n := range 60 {
		ranges := make([]Range, n)
		for i := range ranges {
			ranges[i] = Range{File: rng.IntN(3), Off: int64(rng.IntN(20)), Tag: i}
		}
		want := slices.Clone(ranges)
		slices.SortStableFunc(want, func(a, b Range) int { return cmp.Or(a.File-b.File, int(a.Off-b.Off)) })
		arrange(ranges, sorted(nil, ranges))
		for i := range ranges {
			if ranges[i].Tag != want[i].Tag {
				t.Fatalf("range %d of %d is %+v, want %+v", i, n, ranges[i], want[i])
			}
		}
	}
}

// TestEager checks that only pools that may hang anyway hold up a processor while they
// look into the page cache.
func TestEager(t *testing.T) {
	for _, c := range []struct {
		cfg   PoolConfig
		eager bool
	}{
		{PoolConfig{}, true},
		{PoolConfig{Backend: Ring}, true},
		{PoolConfig{Backend: Direct}, false},
		{PoolConfig{Deadline: time.Second}, false},
		{PoolConfig{FS: OS()}, false},
	} {
		if got := c.cfg.withDefaults().FS == (osFS{eager: true}); got != c.eager {
			t.Errorf("%+v: eager is %v", c.cfg, got)
		}
	}
}

// onDrive returns a file that has reached its drive: only such a one leaves memory.
func onDrive(t *testing.T, data []byte) string {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "x"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.Write(data)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		t.Fatal(err)
	}
	return f.Name()
}

// TestBrings fetches ranges of a large file, by pools that bring what they read into the
// page cache beforehand and by those that do not, twice: all have its bytes.
func TestBrings(t *testing.T) {
	const size = 3*sysio.HugePage + 5000
	want := make([]byte, size)
	for i := range want {
		want[i] = byte(i * i >> 7)
	}
	path := onDrive(t, want)
	for _, c := range []struct {
		cfg    PoolConfig
		brings bool
	}{
		{PoolConfig{}, true},
		{PoolConfig{Backend: Ring}, true},
		{PoolConfig{Backend: MmapTrusted}, true},
		{PoolConfig{Root: filepath.Dir(path)}, true},
		{PoolConfig{Backend: Direct}, false},
		{PoolConfig{Deadline: time.Minute}, false},
	} {
		f, err := sysio.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(f.Advise(0, 0, sysio.DontNeed), f.Close()); err != nil {
			t.Fatal(err)
		}
		p, err := NewPool(Set{{Path: path, Size: size}}, c.cfg)
		if err != nil {
			t.Fatal(err)
		}
		if p.brings != c.brings {
			t.Errorf("%+v: brings is %v", c.cfg, p.brings)
		}
		bufs := NewBuffers(64 << 20)
		for range 2 {
			ranges := []Range{{Off: 10, Len: size - 10}, {Off: 0, Len: 5}, {Off: 7, Len: 2}}
			buf, err := p.Fetch(t.Context(), bufs, Plan{}, ranges)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range ranges {
				if !bytes.Equal(r.Data, want[r.Off:][:r.Len]) {
					t.Errorf("%+v: other bytes from %d on", c.cfg, r.Off)
				}
			}
			bufs.Put(buf)
			to := make([]byte, size)
			if err := p.ReadInto(t.Context(), to, Plan{}, []Range{{Off: 5, Len: size - 5, Tag: 5}, {Len: 5}}); err != nil || !bytes.Equal(to, want) {
				t.Errorf("%+v: other bytes, error %v", c.cfg, err)
			}
		}
		if c.cfg.Backend == MmapTrusted && p.maps[0].Load() != nil && p.maps[0].Load().toBring(0, size) {
			t.Error("what is mapped would be brought again")
		}
		bufs.Close()
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		if (*mapping)(nil).toBring(0, size) {
			t.Error("a pool that was closed brings something")
		}
	}
}

// TestReadFileMapped reads whole files that are mapped, or not for one more, and some
// that are too large.
func TestReadFileMapped(t *testing.T) {
	dir := t.TempDir()
	sizes := []int{0, 1, 100_000, sysio.HugePage + 12345, 4_000_000}
	var set Set
	var want [][]byte
	for i, n := range sizes {
		data := bytes.Repeat([]byte{byte(i + 1), byte(i + 2), 3}, n/3+1)[:n]
		path := filepath.Join(dir, strconv.Itoa(i))
		if err := os.WriteFile(path, data, 0o666); err != nil {
			t.Fatal(err)
		}
		set, want = append(set, File{Path: path, Size: int64(n)}), append(want, data)
	}
	before := mappings.Load()
	p, err := NewPool(set, PoolConfig{Backend: MmapTrusted, MaxFileBytes: 3_000_000, MaxOpen: 1})
	if err != nil {
		t.Fatal(err)
	}
	var buf []byte
	for i, n := range []int{0, 1, 2, 3, 4, 2, 3, 0, 4} {
		if i == 3 {
			mappings.Add(mostMapped)
		}
		buf, err = p.ReadFile(t.Context(), n, buf)
		if large := n == 4; errors.Is(err, ErrTooLarge) != large || !large && (err != nil || !bytes.Equal(buf, want[n])) {
			t.Errorf("file %d: %d bytes, error %v", n, len(buf), err)
		}
		if mapped := p.maps[n].Load() != nil; runtime.GOOS == "linux" && mapped != (i < 3 || n < 3) {
			t.Errorf("file %d is mapped: %v", n, mapped)
		}
	}
	mappings.Add(-mostMapped)
	if s := p.Stats(); s.Reads != 7 {
		t.Errorf("%+v", s)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if _, err := p.ReadFile(t.Context(), 2, nil); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	if n := mappings.Load(); n != before {
		t.Errorf("%d files are mapped after Close, %d before", n, before)
	}
}

// TestCloseWhileMapped closes a pool of which a call looks at a mapped file for longer
// than Close waits.
func TestCloseWhileMapped(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(path, []byte("hello"), 0o666); err != nil {
		t.Fatal(err)
	}
	p, err := NewPool(Set{{Path: path, Size: 5}}, PoolConfig{Backend: MmapTrusted})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.ReadFile(t.Context(), 0, nil); err != nil {
		t.Fatal(err)
	}
	m := p.maps[0].Load()
	if m == nil {
		t.Skip("files are not mapped here")
	}
	if !p.tryEnter() {
		t.Fatal("nobody may enter")
	}
	if err := p.Close(); err != nil || p.maps[0].Load() != m || string(m.data) != "hello" {
		t.Errorf("the file is not mapped any more, error %v", err)
	}
	p.leave()
	if err := p.unmap(); err != nil {
		t.Error(err)
	}
}
