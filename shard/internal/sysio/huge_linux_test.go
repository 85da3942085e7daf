package sysio

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// TestHugePages allocates memory that must lie in huge pages.
func TestHugePages(t *testing.T) {
	const pages = 8
	b := Alloc(pages * hugeBytes)
	if err := unix.Madvise(b[-address(b)%hugeBytes:][:hugeBytes], unix.MADV_COLLAPSE); err != nil {
		t.Skip("this kernel gives no huge pages: ", err)
	}
	if got := hugeBytesHeld(t); got < (pages-1)*hugeBytes {
		t.Errorf("%d bytes lie in huge pages, of %d that were allocated", got, len(b))
	}
	runtime.KeepAlive(b)
}

// TestHugePagesAround leaves what lies beside such memory as it is.
func TestHugePagesAround(t *testing.T) {
	around := make([]byte, 5*hugeBytes)
	for i := range around {
		around[i] = byte(i>>10) | 1
	}
	inside := around[hugeBytes+5 : 3*hugeBytes]
	clear(inside)
	want := bytes.Clone(around)
	collapse(inside)
	if !bytes.Equal(around, want) {
		t.Error("other bytes are there now")
	}
}

// hugeBytesHeld returns how much memory of this process lies in huge pages.
func hugeBytesHeld(t *testing.T) int {
	t.Helper()
	text, err := os.ReadFile("/proc/self/smaps_rollup")
	if err != nil {
		t.Skip(err)
	}
	_, text, _ = bytes.Cut(text, []byte("AnonHugePages:"))
	var kib int
	if _, err := fmt.Sscan(string(text), &kib); err != nil {
		t.Fatal(err)
	}
	return kib << 10
}
