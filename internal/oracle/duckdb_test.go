package oracle

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stokerdata/stoker/format/mem"
	"github.com/stokerdata/stoker/format/parquet"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
)

// duckdb runs oracle.py and returns what files hold.
func duckdb(t *testing.T, args ...string) (files map[string]map[string][]string) {
	t.Helper()
	python := os.Getenv("STOKER_DUCKDB")
	if python == "" {
		t.Skip("STOKER_DUCKDB names no Python interpreter with DuckDB")
	}
	var errs strings.Builder
	cmd := exec.Command(python, append([]string{"oracle.py"}, args...)...)
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, errs.String())
	}
	if err := json.Unmarshal(out, &files); err != nil {
		t.Fatal(err)
	}
	return files
}

// TestDuckDB reads what DuckDB has written, in all codecs and page versions.
func TestDuckDB(t *testing.T) {
	files := duckdb(t, "write", t.TempDir())
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
	const n = 1000
	ints, floats, texts := make([]int64, n), make([]float32, 4*n), make([]string, n)
	tokens := make([][]int32, n)
	for i := range n {
		ints[i], texts[i], tokens[i] = spread(i)<<9, text(i), make([]int32, i%7)
		for k := range tokens[i] {
			tokens[i][k] = int32(i - k)
		}
	}
	for i := range floats {
		floats[i] = float32(i) / 8
	}
	src, err := mem.Columns(loader.Spec{
		{Name: "int", DType: dtype.Int64}, {Name: "tokens", DType: dtype.Int32, Shape: loader.Dims(-1)},
		{Name: "fixed", DType: dtype.Float32, Shape: loader.Dims(4)}, {Name: "text", DType: dtype.Uint8, Shape: loader.Dims(-1)},
	}, mem.Of(ints), mem.Varying(tokens), mem.Of(floats), mem.Strings(texts))
	if err != nil {
		t.Fatal(err)
	}
	for codec, name := range map[parquet.Codec]string{parquet.Snappy: "snappy", parquet.Uncompressed: "none", parquet.Zstd: "zstd", parquet.Gzip: "gzip"} {
		t.Run(name, func(t *testing.T) {
			ld, err := loader.New(src, loader.Config{BatchSize: 100})
			if err != nil {
				t.Fatal(err)
			}
			defer ld.Close()
			path := filepath.Join(t.TempDir(), "a.parquet")
			if _, err := parquet.Write(t.Context(), path, ld.All(t.Context()), parquet.WriteOptions{Codec: codec, RowsPerGroup: 300}); err != nil {
				t.Fatal(err)
			}
			want := duckdb(t, "read", path)[path]
			for field, got := range dump(t, path, parquet.Options{}) {
				if field == "fixed" {
					continue // raw bytes to DuckDB
				}
				same(t, field, got, want[field])
			}
		})
	}
}
