package tokens_test

import (
	"path/filepath"
	"testing"

	"github.com/stokerdata/stoker/format/tokens"
	"github.com/stokerdata/stoker/loader"
)

const (
	benchTokens = 64 << 20
	benchWindow = 2048
	benchBatch  = 16
)

// BenchmarkWindows measures batches of windows from a file in the page cache, in
// order and shuffled, beside copies of as many bytes as are read and delivered.
// Run it with -cpu 1.
func BenchmarkWindows(b *testing.B) {
	data := make([]byte, 2*benchTokens)
	for i := range data {
		data[i] = byte(i * i >> 3)
	}
	path := filepath.Join(folder(b, map[string][]byte{"a.bin": data}), "a.bin")
	const in, out = 2 * benchWindow, 2 * 4 * benchWindow
	b.Run("limit", func(b *testing.B) {
		dst := make([]byte, 64<<20)
		b.SetBytes(benchBatch * (in + out))
		at := 0
		for b.Loop() {
			copy(dst[at:at+benchBatch*(in+out)], data[at:])
			if at += benchBatch * (in + out); at+benchBatch*(in+out) > len(dst) {
				at = 0
			}
		}
	})
	for name, order := range map[string]loader.Order{"sequential": loader.Sequential{}, "shuffled": loader.Shuffle{}} {
		b.Run(name, func(b *testing.B) {
			ld, err := loader.New(open(b, path, tokens.Options{Window: benchWindow, Targets: true}), loader.Config{BatchSize: benchBatch, Epochs: -1, Order: order})
			if err != nil {
				b.Fatal(err)
			}
			defer ld.Close()
			b.SetBytes(benchBatch * (in + out))
			n := 0
			for _, err := range ld.All(b.Context()) {
				if err != nil {
					b.Fatal(err)
				}
				if n == 0 {
					b.ResetTimer()
				}
				if n++; n > b.N {
					break
				}
			}
		})
	}
}
