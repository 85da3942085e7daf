package oracle

import (
	"path/filepath"
	"testing"

	"github.com/stokerdata/stoker/format/parquet"
)

// TestDuckDB reads what DuckDB has written, in all codecs and page versions.
func TestDuckDB(t *testing.T) {
	files := python(t, "write", t.TempDir())
	if len(files) != 24 {
		t.Fatalf("%d files", len(files))
	}
	for path, want := range files {
		t.Run(filepath.Base(path), func(t *testing.T) {
			got := dump(t, path, parquet.Options{})
			if len(got) != len(want) {
				t.Errorf("%d fields, DuckDB has %d", len(got), len(want))
			}
			for name := range want {
				same(t, name, got[name], want[name])
			}
		})
	}
}

// TestDuckDBReads has DuckDB read what Write has written.
func TestDuckDBReads(t *testing.T) {
	src := written(t)
	for codec, name := range map[parquet.Codec]string{parquet.Snappy: "snappy", parquet.Uncompressed: "none", parquet.Zstd: "zstd", parquet.Gzip: "gzip"} {
		t.Run(name, func(t *testing.T) {
			path := store(t, src, parquet.WriteOptions{Codec: codec, RowsPerGroup: 300, Tensors: tensors})
			want := python(t, "read", path)[path]
			for field, got := range dump(t, path, parquet.Options{}) {
				same(t, field, got, want[field])
			}
		})
	}
}
