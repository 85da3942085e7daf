package pixel

import (
	"bytes"
	"fmt"
	"sync"
	"testing"
)

// TestKnown lets several Resizers, at once, meet more sizes than there is room for,
// and compares their images with those of tables made anew.
func TestKnown(t *testing.T) {
	fill(t)
	const room = 1 << 17 // for a few
	known.bytes -= room
	src, _ := photo()
	const sizes = 24
	at := func(i int) (dst, from Image) {
		return Packed(make([]uint8, 40*30*3), 30, 40, 3), src.Crop(0, 0, src.W-i%sizes, src.H-2*(i%sizes))
	}
	want := make([][]uint8, sizes)
	for i := range want {
		dst, from := at(i)
		slowly(dst, from, Bilinear)
		want[i] = dst.Pix
	}
	var all sync.WaitGroup
	failed := make(chan string, 4)
	for k := range cap(failed) {
		all.Go(func() {
			var r Resizer
			for i := range 3 * sizes {
				i = (i*5 + k) % sizes
				dst, from := at(i)
				if r.Resize(dst, from, Bilinear); !bytes.Equal(dst.Pix, want[i]) {
					failed <- fmt.Sprintf("size %d: other bytes", i)
					return
				}
			}
		})
	}
	all.Wait()
	close(failed)
	for what := range failed {
		t.Error(what)
	}
	if n := len(known.at); n == 0 || n == 2*sizes {
		t.Errorf("%d of %d tables are known, want some", n, 2*sizes)
	}
	sum := 0
	for _, k := range known.at {
		sum += k.bytes()
	}
	if left := knownBytes - known.bytes; left < 0 || sum > room {
		t.Errorf("%d bytes are left and %d are known", left, sum)
	}
}

// TestKnownHuge checks that tables of huge images are not kept.
func TestKnownHuge(t *testing.T) {
	var own *tables
	if known.get(&own, route{60000, 1000, Lanczos, 0}); own == nil {
		t.Error("one that takes megabytes is kept")
	}
}
