//go:build linux && !race

package pages

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"testing"

	"golang.org/x/sys/unix"
)

const many = 48 << 20

// TestFree gives memory back, and its addresses out again.
func TestFree(t *testing.T) {
	for _, n := range []int{least, 3*least + Bytes, ownBytes + Bytes, many} {
		b := Alloc(n)
		fill(b)
		before := held(t, "Rss:")
		Free(b)
		if fell := before - held(t, "Rss:"); fell < n/2 && n >= ownBytes {
			t.Errorf("Free of %d bytes: %d went back to the system", n, fell)
		}
		if os.Getpagesize() == Bytes && !bytes.Equal(b, make([]byte, n)) { // it may be read, by mistake
			t.Errorf("Free of %d bytes left something in them", n)
		}
		if again := Alloc(n); &again[0] != &b[0] {
			t.Errorf("%d other addresses are given out", n)
		}
	}
}

// TestBesideHeap looks that such memory is none of the garbage collector's.
func TestBesideHeap(t *testing.T) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	b := Alloc(many)
	runtime.ReadMemStats(&after)
	if grown := after.HeapSys - before.HeapSys; grown > many/2 && int64(grown) > 0 {
		t.Errorf("Alloc of %d bytes made the heap grow by %d", many, grown)
	}
	fill(b)
	runtime.GC()
	if bytes.IndexByte(b, 0) >= 0 {
		t.Error("the garbage collector took it")
	}
	Free(b)
}

// TestDiscard discards memory of the Go heap, which stays what it is otherwise.
func TestDiscard(t *testing.T) {
	all := make([]byte, many)
	fill(all)
	before := held(t, "Rss:")
	inside := all[Bytes+5 : many-Bytes-5]
	Discard(inside)
	if fell := before - held(t, "Rss:"); fell < many/2 {
		t.Errorf("Discard of %d bytes: %d went back to the system", many, fell)
	}
	if bytes.IndexByte(all[:Bytes+5], 0) >= 0 || bytes.IndexByte(all[many-Bytes-5:], 0) >= 0 {
		t.Error("bytes beside them are others now")
	}
	if page := os.Getpagesize(); bytes.Count(inside, []byte{0}) < len(inside)-2*page {
		t.Error("not all bytes are zero")
	}
	fill(all)
	runtime.GC()
	if bytes.IndexByte(all, 0) >= 0 {
		t.Error("what was written later is not there")
	}
}

// TestHugePages allocates memory that must lie in huge pages, outside of the Go heap
// and on it.
func TestHugePages(t *testing.T) {
	b := inHugePages(t, func() []byte { return Alloc(many) })
	Free(b)
	debug.FreeOSMemory() // so that it is not of small pages that others had
	b = inHugePages(t, func() []byte {
		b := Make(many)
		Huge(b)
		return b
	})
	Huge(b[:0])
	Huge(b[1:100])
	if bytes.IndexByte(b, 0) >= 0 {
		t.Error("what was written is not there")
	}
	Discard(b)
}

// inHugePages checks where memory that alloc returns lies.
func inHugePages(t *testing.T, alloc func() []byte) []byte {
	t.Helper()
	before := held(t, "AnonHugePages:")
	b := alloc()
	fill(b)
	got := held(t, "AnonHugePages:") - before
	if err := unix.Madvise(b[-address(b)%hugeBytes:][:hugeBytes], unix.MADV_COLLAPSE); err != nil {
		t.Skip("this kernel gives no huge pages: ", err)
	}
	if got < many/2 {
		t.Errorf("%d bytes lie in huge pages, of %d that were allocated", got, many)
	}
	return b
}

func fill(b []byte) {
	for i := range b {
		b[i] = 1
	}
}

// held returns how much memory of a kind this process has.
func held(t *testing.T, kind string) int {
	t.Helper()
	text, err := os.ReadFile("/proc/self/smaps_rollup")
	if err != nil {
		t.Skip(err)
	}
	_, text, _ = bytes.Cut(text, []byte(kind))
	var kib int
	if _, err := fmt.Sscan(string(text), &kib); err != nil {
		t.Fatal(err)
	}
	return kib << 10
}
