package npy_test

import (
	"archive/zip"
	"os"
	"path/filepath"
	"testing"

	"github.com/stokerdata/stoker/format/npy"
	"github.com/stokerdata/stoker/loader"
)

// BenchmarkVolume reads volumes of 64 MiB from .npz files in the page cache, whole
// and in part, beside a read of the file.
func BenchmarkVolume(b *testing.B) {
	const bytes = 64 << 20
	data := archived(zip.Store, member{"image", stored("<f4", "(1, 64, 512, 512)", ramp[float32](0, bytes/4))})
	dir := folder(b, map[string][]byte{"0.npz": data, "1.npz": data})
	b.Run("ideal", func(b *testing.B) {
		b.SetBytes(bytes)
		buf := make([]byte, len(data))
		for b.Loop() {
			f, err := os.Open(filepath.Join(dir, "0.npz"))
			if err != nil {
				b.Fatal(err)
			}
			if _, err := f.ReadAt(buf, 0); err != nil {
				b.Fatal(err)
			}
			f.Close()
		}
	})
	for name, o := range map[string]npy.Options{"whole": {}, "unchecked": {SkipCRC: true}, "crop": {Crop: npy.RandomCrop{Size: []int{32, 128, 128}}}} {
		b.Run(name, func(b *testing.B) {
			ld, err := loader.New(open(b, dir, o), loader.Config{BatchSize: 1, Epochs: -1, Order: loader.Shuffle{}})
			if err != nil {
				b.Fatal(err)
			}
			defer ld.Close()
			n := 0
			for batch, err := range ld.All(b.Context()) {
				if err != nil {
					b.Fatal(err)
				}
				if n == 4 { // what was made ahead is not counted twice
					b.SetBytes(int64(len(batch.Tensor("image").Data)))
					b.ResetTimer()
				}
				if n++; n > b.N+4 {
					break
				}
			}
		})
	}
}
