package loader

import (
	"runtime"
	"testing"

	"github.com/stokerdata/stoker/internal/invariant"
)

// TestOutgrown looks that memory for varying values which is dropped went back to the
// system, where it holds zeros, and did not wait for the garbage collector.
func TestOutgrown(t *testing.T) {
	if runtime.GOOS != "linux" || invariant.Enabled {
		t.Skip("package pages does nothing here")
	}
	const n = 1 << 20
	used := func(b []byte) []byte {
		for i := range b {
			b[i] = 1
		}
		return b
	}
	mem := used(newBytes(n))
	old := mem
	grow(&mem, 2*n)
	var a arena
	small, large := used(a.alloc(n)), used(a.alloc(n))
	a.reset()
	page := used(a.alloc(n))
	a.shrink()
	u := &buffer{batch: Batch{cols: []column{{vary: make([]value, 1), home: used(newBytes(n)), slab: used(newBytes(n))}}}}
	home, slab := u.batch.cols[0].home, u.batch.cols[0].slab
	u.shrink()
	for what, b := range map[string][]byte{"a slab": old, "pages": small, "the last page": large, "a page": page, "values that were read": home, "joined values": slab} {
		if b[n/2] != 0 {
			t.Errorf("%s: the memory is still held", what)
		}
	}
}
