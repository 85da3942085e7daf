package sysio

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
)

// TestHuge looks whether memory for large reads may lie in huge pages, with bytes
// around it left alone: whether it does depends on what is free.
func TestHuge(t *testing.T) {
	if _, err := os.Stat("/sys/kernel/mm/transparent_hugepage"); err != nil {
		t.Skip(err)
	}
	around := make([]byte, 5*hugeBytes)
	for i := range around {
		around[i] = byte(i >> 10)
	}
	want := bytes.Clone(around)
	preferHuge(around[hugeBytes+5 : 3*hugeBytes])
	if !bytes.Equal(around, want) {
		t.Error("other bytes are there now")
	}
	b := Alloc(hugeBytes / 2)
	for i, x := range b {
		if x != 0 {
			t.Fatalf("byte %d is %d", i, x)
		}
	}
	for _, a := range []uintptr{address(b), address(b) + uintptr(len(b)) - 1} {
		if flags := flagsOf(t, a); !strings.Contains(flags, " hg") {
			t.Errorf("no huge pages for memory at %x:%s", a, flags)
		}
	}
}

// flagsOf returns the flags of the mapping that an address is in.
func flagsOf(t *testing.T, at uintptr) string {
	t.Helper()
	all, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		t.Skip(err)
	}
	in := false
	for line := range strings.Lines(string(all)) {
		var from, to uintptr
		if _, err := fmt.Sscanf(line, "%x-%x ", &from, &to); err == nil {
			in = from <= at && at < to
		}
		if flags, ok := strings.CutPrefix(line, "VmFlags:"); ok && in {
			return flags
		}
	}
	t.Fatalf("nothing is mapped at %x", at)
	return ""
}
