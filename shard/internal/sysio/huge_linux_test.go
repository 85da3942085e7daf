package sysio

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// TestHugePages allocates memory of which all but the ends must lie in huge pages.
func TestHugePages(t *testing.T) {
	const pages = 8
	b := Alloc(pages * hugeBytes)
	skip := int(-address(b) % hugeBytes)
	b[skip] = 1
	if err := unix.Madvise(b[skip:][:hugeBytes], unix.MADV_COLLAPSE); err != nil {
		t.Skip("this kernel gives no huge pages: ", err)
	}
	if got := hugeBytesHeld(t); got < (pages-1)*hugeBytes {
		t.Errorf("%d bytes lie in huge pages, of %d that were allocated", got, len(b))
	}
	runtime.KeepAlive(b)
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
