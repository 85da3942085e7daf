package sysio

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// coldFile writes a file and drops it from the page cache, if its file system lets it.
func coldFile(t *testing.T, path string, data []byte) File {
	t.Helper()
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	if err := errors.Join(unix.Fsync(f.fd), f.Advise(0, 0, DontNeed)); err != nil {
		t.Fatal(err)
	}
	return f
}

// noise returns random bytes.
func noise(seed, n int) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8)}).Read(b)
	return b
}

// inCache returns how many bytes from off to end are in the page cache.
func inCache(t *testing.T, f File, off, end int64) int64 {
	t.Helper()
	var s unix.Cachestat_t
	if err := unix.Cachestat(uint(f.fd), &unix.CachestatRange{Off: uint64(off), Len: uint64(end - off)}, &s, 0); err != nil {
		t.Fatal(err)
	}
	return int64(s.Cache) * pageBytes
}

// TestBring brings parts of a file: what they have of whole huge pages and the end of
// the file is in the page cache then, what lies in front of it is not.
func TestBring(t *testing.T) {
	if f := coldFile(t, filepath.Join(t.TempDir(), "x"), noise(1, HugePage)); !kernelHasLarge() || !f.hasLarge() || !muchIsFree() {
		if f.Bring(0, HugePage) {
			t.Error("brought, where there are no large pages")
		}
		return
	}
	const size = 3*HugePage + 100_000
	for _, c := range []struct{ off, n, from, to int64 }{ // to brings from
		{0, size, 0, size},
		{0, HugePage, 0, HugePage},
		{1, size - 1, HugePage, size},
		{HugePage - 1, HugePage + 1, HugePage, 2 * HugePage},
		{HugePage, 2*HugePage - 1, HugePage, 2 * HugePage},
		{3 * HugePage, 100_000, 3 * HugePage, size},
		{3 * HugePage, 99_999, 0, 0},
		{3*HugePage + 1, 99_999, 0, 0},
		{HugePage / 2, HugePage, 0, 0},
		{size - 1000, 1000, 0, 0},
		{size, HugePage, 0, 0},
		{0, 0, 0, 0},
	} {
		t.Run(fmt.Sprint(c.off, c.n), func(t *testing.T) {
			want := noise(2, size)
			f := coldFile(t, filepath.Join(t.TempDir(), "x"), want)
			cold := inCache(t, f, 0, size) == 0 // it never is where the file system is memory
			got := f.Bring(c.off, c.n)
			if !muchIsFree() {
				t.Skip("others took the memory")
			}
			if got != (cold && c.to > c.from) {
				t.Errorf("brought is %v, of a file that is cold: %v", got, cold)
			}
			if cold {
				if n := inCache(t, f, c.from, c.to); n < c.to-c.from {
					t.Errorf("%d bytes of %d are there", n, c.to-c.from)
				}
				if n := inCache(t, f, 0, max(c.from, 1)); c.from > 0 && n > 0 {
					t.Errorf("%d bytes of what was not asked for are there", n)
				}
			}
			if f.Bring(c.off, c.n) {
				t.Error("brought again")
			}
			if got := readAll(t, f, make([]byte, size+1)); !bytes.Equal(got, want) {
				t.Errorf("%d other bytes", len(got))
			}
		})
	}
}

// TestBringEvicted has a file leave the page cache as for want of memory: its last part is
// not brought again, until it was dropped for another reason. Whole huge pages are.
func TestBringEvicted(t *testing.T) {
	const size = HugePage + 100_000
	want := noise(3, size)
	f := coldFile(t, filepath.Join(t.TempDir(), "x"), want)
	if !f.Bring(0, size) {
		t.Skip("no large pages")
	}
	b, err := f.Map(size)
	if err != nil {
		t.Fatal(err)
	}
	Populate(b)
	if err := errors.Join(unix.Madvise(b, unix.MADV_PAGEOUT), Unmap(b)); err != nil {
		t.Fatal(err)
	}
	if inCache(t, f, 0, size) > 0 {
		t.Skip("it does not leave")
	}
	if f.Bring(HugePage, size-HugePage) {
		t.Error("brought, though it had to leave")
	}
	if !f.Bring(0, HugePage) && muchIsFree() {
		t.Error("a huge page is not brought")
	}
	if got := readAll(t, f, make([]byte, size+1)); !bytes.Equal(got, want) {
		t.Errorf("%d other bytes", len(got))
	}
	if err := f.Advise(0, 0, DontNeed); err != nil {
		t.Fatal(err)
	}
	if !f.Bring(HugePage, size-HugePage) && muchIsFree() {
		t.Error("not brought, though it was dropped")
	}
}

// TestBringTogether reads more cold files than windows have pages, in many goroutines:
// all have their bytes, and none is mapped or in use at the end.
func TestBringTogether(t *testing.T) {
	dir := t.TempDir()
	const files = 2 * windowPages
	var all sync.WaitGroup
	for first := range 8 {
		var mine [files / 8]File
		for k := range mine {
			mine[k] = coldFile(t, filepath.Join(dir, fmt.Sprint(first, "-", k)), noise(k, 40_000+first*1000))
		}
		all.Go(func() {
			for k, f := range mine {
				want := noise(k, 40_000+first*1000)
				got := make([]byte, len(want)+1)
				if n, err := f.ReadAt(got, 0); err != nil || !bytes.Equal(got[:n], want) {
					t.Errorf("file %d of %d: %d other bytes, error %v", k, first, n, err)
				}
			}
		})
	}
	all.Wait()
	if windows.now != nil {
		t.Errorf("a window has %d users", windows.now.users)
	}
	for _, w := range windows.empty {
		if w.used != 0 || w.users != 0 {
			t.Errorf("an empty window has %d pages used by %d", w.used, w.users)
		}
	}
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(maps), dir) {
		t.Errorf("files are still mapped:\n%s", maps)
	}
}

// TestBringOther brings what is no file, or is one no more.
func TestBringOther(t *testing.T) {
	f, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	f.Bring(0, HugePage)
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	f.Bring(0, HugePage)
	if _, err := f.ReadAt(make([]byte, HugePage), 0); err != unix.EBADF {
		t.Errorf("reading a closed file: %v", err)
	}
}

func TestAtLeast(t *testing.T) {
	for release, want := range map[string]bool{
		"6.16.0": true, "6.18.44-fc-v669": true, "7.0-rc1": true, "6.16": true, "10.2.1": true,
		"6.15.9": false, "5.19.0": false, "6": false, "": false, "six.16": false,
	} {
		if got := atLeast(release, 6, 16); got != want {
			t.Errorf("%q: %v", release, got)
		}
	}
}
