package feather

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stokerdata/stoker/format/mem"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
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

// letters is a source of texts that are large enough to be read one by one, some
// empty.
func letters(t testing.TB) loader.Source {
	t.Helper()
	const n = 60
	labels, texts, tracks := make([]int64, n), make([]string, n), make([][]float32, n)
	for i := range n {
		labels[i], texts[i] = int64(i), strings.Repeat(string(rune('a'+i%26)), i%7*400)
		tracks[i] = slices.Repeat([]float32{float32(i), 2, 3}, i%5)
	}
	src, err := mem.Columns(loader.Spec{
		{Name: "label", DType: dtype.Int64},
		{Name: "text", DType: dtype.Uint8, Shape: loader.Dims(-1), Kind: kind.Text},
		{Name: "track", DType: dtype.Float32, Shape: loader.Dims(-1)},
	}, mem.Of(labels), mem.Strings(texts), mem.Varying(tracks))
	if err != nil {
		t.Fatal(err)
	}
	return src
}

func TestConformance(t *testing.T) {
	for name, c := range map[string]struct {
		rows   loader.Source
		codec  Codec
		placed string // the column that is read straight into batches
	}{
		"plain":   {everything(t, 100), Uncompressed, ""},
		"lz4":     {everything(t, 100), LZ4, ""},
		"zstd":    {everything(t, 100), Zstd, ""},
		"photos":  {photos(t), Uncompressed, "image"},
		"letters": {letters(t), Uncompressed, "text"},
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
				if r, random := src.(*randomSource); random != (c.placed != "") || random && src.Spec()[r.Sizes(nil, nil)].Name != c.placed {
					t.Errorf("%T reads other columns than %q straight into batches", src, c.placed)
				}
				return src
			})
		})
	}
}
