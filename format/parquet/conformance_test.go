package parquet

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/loadertest"
)

// TestConformance checks files of our own, in several row groups and with each
// codec, and one with dictionaries, nulls and delta encodings.
func TestConformance(t *testing.T) {
	conforms := func(t *testing.T, path string, joins ...format.Join) {
		loadertest.Source(t, func() loader.Source {
			src, err := Open(path, Options{Joins: joins})
			if err != nil {
				t.Fatal(err)
			}
			return src
		})
	}
	own := save(t, steadyFile(t, 100))
	t.Run("own", func(t *testing.T) { conforms(t, own) })
	t.Run("foreign", func(t *testing.T) { conforms(t, save(t, foreignSteady(t, 100))) })
	t.Run("joined", func(t *testing.T) {
		conforms(t, save(t, foreignSteady(t, 600)), format.Join{Into: "x", Columns: []string{"a", "c", "e"}, DType: dtype.Float32})
	})
	for codec := range Gzip + 1 {
		t.Run(fmt.Sprint("codec ", codec), func(t *testing.T) {
			src, err := Open(own, Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer src.Close()
			path := filepath.Join(t.TempDir(), "a.parquet")
			if _, err := Write(t.Context(), path, batches(t, src, 10), WriteOptions{Codec: codec, RowsPerGroup: 17}); err != nil {
				t.Fatal(err)
			}
			conforms(t, path)
		})
	}
}
