package shard

import (
	"bytes"
	"syscall"
	"testing"

	"github.com/stokerdata/stoker/shard/internal/sysio"
)

// TestReadFileEvicted reads a file that is mapped and was not in memory any more.
func TestReadFileEvicted(t *testing.T) {
	want := bytes.Repeat([]byte("0123456789abcde"), 20_000)
	p, err := NewPool(Set{{Path: onDrive(t, want), Size: int64(len(want))}}, PoolConfig{Backend: MmapTrusted})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	for range 2 {
		if got, err := p.ReadFile(t.Context(), 0, nil); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("%d other bytes, error %v", len(got), err)
		}
	}
	opens, data := p.Stats().Opens, p.maps[0].Load().data
	const pageOut = 21 // MADV_PAGEOUT
	if err := syscall.Madvise(data, pageOut); err != nil || sysio.Resident(data) {
		t.Skip("it stays in memory, error ", err)
	}
	if got, err := p.ReadFile(t.Context(), 0, nil); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d other bytes, error %v", len(got), err)
	}
	if n := p.Stats().Opens - opens; n != 1 {
		t.Errorf("it was opened %d times, want once", n)
	}
	if got, err := p.ReadFile(t.Context(), 0, nil); err != nil || !bytes.Equal(got, want) || p.Stats().Opens != opens+1 {
		t.Errorf("%d other bytes when it is there again, opened %d times, error %v", len(got), p.Stats().Opens-opens, err)
	}
}
