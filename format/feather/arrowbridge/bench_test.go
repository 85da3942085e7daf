package arrowbridge_test

import (
	"testing"

	"github.com/stokerdata/stoker/format/feather/arrowbridge"
	"github.com/stokerdata/stoker/format/mem"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
)

// BenchmarkRecord makes records of batches of 256 images and labels ("record");
// "loader" makes the batches alone.
func BenchmarkRecord(b *testing.B) {
	const n, image = 1024, 3 * 64 * 64
	src, err := mem.Columns(loader.Spec{
		{Name: "image", DType: dtype.Uint8, Shape: loader.Dims(3, 64, 64)},
		{Name: "label", DType: dtype.Int32},
	}, mem.Of(make([]uint8, n*image)), mem.Of(make([]int32, n)))
	if err != nil {
		b.Fatal(err)
	}
	bridge, err := arrowbridge.New(src.Spec())
	if err != nil {
		b.Fatal(err)
	}
	for name, use := range map[string]func(*loader.Batch){
		"loader": func(*loader.Batch) {},
		"record": func(batch *loader.Batch) {
			rec, err := bridge.Record(batch)
			if err != nil {
				b.Fatal(err)
			}
			rec.Release()
		},
	} {
		b.Run(name, func(b *testing.B) {
			ld, err := loader.New(src, loader.Config{BatchSize: 256, Epochs: -1})
			if err != nil {
				b.Fatal(err)
			}
			defer ld.Close()
			b.SetBytes(256 * (image + 4))
			b.ReportAllocs()
			for batch, err := range ld.All(b.Context()) {
				if err != nil {
					b.Fatal(err)
				}
				if use(batch); !b.Loop() {
					break
				}
			}
		})
	}
}
