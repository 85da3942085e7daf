package stored

import (
	"path/filepath"
	"testing"

	"github.com/stokerdata/stoker/loader"
)

// TestAll writes and reads the data set in each format.
func TestAll(t *testing.T) {
	r := Rows{N: 300, Floats: 8, Group: 70}
	for _, f := range All() {
		t.Run(f.Name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), f.File)
			if err := f.Write(t.Context(), path, r); err != nil {
				t.Fatal(err)
			}
			src, err := f.Open(path, r)
			if err != nil {
				t.Fatal(err)
			}
			ld, err := loader.New(src, loader.Config{BatchSize: 7})
			if err != nil {
				t.Fatal(err)
			}
			defer ld.Close()
			sum, n := float32(0), 0
			for b, err := range ld.All(t.Context()) {
				if err != nil {
					t.Fatal(err)
				}
				for k, s := range b.Spec() {
					if s.Name == "x" {
						n += len(loader.View[float32](b.Column(k)))
						for _, v := range loader.View[float32](b.Column(k)) {
							sum += v
						}
					}
				}
			}
			// 300 times 8 numbers below 4096.
			if n > 0 && (n != 300*8 || sum < 300*8*1800 || sum > 300*8*2300) {
				t.Errorf("%d numbers, whose sum is %v", n, sum)
			}
		})
	}
}
