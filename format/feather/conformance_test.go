package feather

import (
	"path/filepath"
	"testing"

	"github.com/stokerdata/stoker/format/mem"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/loadertest"
)

// photos is a source of rows that are large enough to be read one by one.
func photos(t testing.TB) loader.Source {
	t.Helper()
	const n, size = 60, 16 * 16 * 3
	labels, pixels := make([]int64, n), make([]uint8, n*size)
	for i := range pixels {
		labels[i/size], pixels[i] = int64(i), uint8(i*i)
	}
	src, err := mem.Columns(loader.Spec{
		{Name: "label", DType: dtype.Int64},
		{Name: "image", DType: dtype.Uint8, Shape: loader.Dims(16, 16, 3)},
	}, mem.Of(labels), mem.Of(pixels))
	if err != nil {
		t.Fatal(err)
	}
	return src
}

func TestConformance(t *testing.T) {
	for name, c := range map[string]struct {
		rows  loader.Source
		codec Codec
	}{
		"plain": {everything(t, 100), Uncompressed}, "lz4": {everything(t, 100), LZ4}, "zstd": {everything(t, 100), Zstd}, "random": {photos(t), Uncompressed},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "data.arrow")
			batches := stream(t, c.rows, loader.Config{BatchSize: 64})
			if _, err := Write(t.Context(), path, batches, WriteOptions{Codec: c.codec, RowsPerBatch: 17}); err != nil {
				t.Fatal(err)
			}
			loadertest.Source(t, func() loader.Source {
				src, err := Open(path, Options{})
				if err != nil {
					t.Fatal(err)
				}
				if _, random := src.(loader.RandomSource); random != (name == "random") {
					t.Errorf("%T is random access: %t", src, random)
				}
				return src
			})
		})
	}
}
