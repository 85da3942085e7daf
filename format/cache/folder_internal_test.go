package cache

import (
	"testing"

	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
)

// TestCheck has indices claim what no segment holds, in files large enough for it.
func TestCheck(t *testing.T) {
	fixed := loader.Spec{{Name: "x", DType: dtype.Uint8, Shape: loader.Dims(40)}}
	for _, c := range []struct {
		name    string
		spec    loader.Spec
		records []entry
		ok      bool
	}{
		{"the largest of several", kept, []entry{{1, 0, aloneBytes}, {2, segmentBytes - 64, 64}}, true},
		{"one of several too large", kept, []entry{{1, 0, aloneBytes + 8}, {2, 0, 64}}, false},
		{"the largest alone", kept, []entry{{9, 0, maxRecord}}, true},
		{"one alone too large", kept, []entry{{9, 0, maxRecord + 8}}, false},
		{"an offset too large", kept, []entry{{1, segmentBytes, 64}, {2, 0, 64}}, false},
		{"of fixed size", fixed, []entry{{1, 0, 56}, {2, 56, 56}}, true},
		{"of another size", fixed, []entry{{1, 0, 56}, {2, 56, 64}}, false},
	} {
		l := newLayout(c.spec)
		f := folder{layout: &l, rows: 10}
		if err := f.check(c.records, 1<<40); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
