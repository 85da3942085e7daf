package main

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
)

// The columns of a table of clicks: a label, counts, and ids of categories.
const (
	denseColumns  = 13
	sparseColumns = 26
	tableColumns  = 1 + denseColumns + sparseColumns
	tableRowBytes = 4 * tableColumns
)

// groupRows is the rows of a row group: 21 MB of values.
const groupRows = 1 << 17

// categories is how many ids each column of the Criteo Kaggle set has.
var categories = [sparseColumns]float64{1460, 583, 10131227, 2202608, 305, 24, 12517, 633, 3, 93145, 5683, 8351593, 3194,
	27, 14992, 5461306, 10, 5652, 2173, 4, 7046547, 18, 15, 286181, 105, 142572}

// tableColumn returns the name of column k.
func tableColumn(k int) string {
	switch {
	case k == 0:
		return "label"
	case k <= denseColumns:
		return fmt.Sprintf("I%d", k)
	}
	return fmt.Sprintf("C%d", k-denseColumns)
}

// tableValue draws a value of column k. Counts are log-normal; the smaller the
// id of a category, the more frequent it is, about as its rank goes.
func tableValue(r *rand.Rand, k int) int32 {
	switch {
	case k == 0:
		return int32((r.Uint32() % 4) / 3)
	case k <= denseColumns:
		return int32(min(math.Exp(r.NormFloat64()*(0.5+float64(k)/8)+float64(k)/3), 1<<22))
	}
	return int32(math.Pow(categories[k-denseColumns-1], r.Float64())) - 1
}

// A tableFile is how a table is stored.
type tableFile struct {
	name, about string
	codec       compress.Compression
	dictionary  bool
}

// tableFiles lists the files of W5. Those with dictionaries are what arrow
// writes unless it is told otherwise.
var tableFiles = []tableFile{
	{"snappy", "snappy, dictionaries", compress.Codecs.Snappy, true},
	{"zstd", "zstd, dictionaries", compress.Codecs.Zstd, true},
	{"none", "uncompressed, dictionaries", compress.Codecs.Uncompressed, true},
	{"plain", "uncompressed, plain values", compress.Codecs.Uncompressed, false},
}

// makeTable writes a table of n rows below dir, unless it is there, and returns
// its path. The file appears when it is complete.
func makeTable(dir string, f tableFile, n int) (string, error) {
	path := filepath.Join(dir, fmt.Sprintf("clicks-%d-%s.parquet", n, f.name))
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return "", err
	}
	half, err := os.CreateTemp(dir, "half-*")
	if err != nil {
		return "", err
	}
	defer os.Remove(half.Name())
	err = writeTable(half, f, n)
	return path, cmp.Or(err, half.Close(), os.Rename(half.Name(), path))
}

// writeTable writes n rows to out, and closes neither it nor the chance to: the
// writer of arrow does.
func writeTable(out *os.File, f tableFile, n int) error {
	var fields []arrow.Field
	for k := range tableColumns {
		fields = append(fields, arrow.Field{Name: tableColumn(k), Type: arrow.PrimitiveTypes.Int32, Nullable: f.dictionary})
	}
	schema := arrow.NewSchema(fields, nil)
	w, err := pqarrow.NewFileWriter(schema, keepFile{out}, parquet.NewWriterProperties(parquet.WithCompression(f.codec),
		parquet.WithDictionaryDefault(f.dictionary), parquet.WithMaxRowGroupLength(groupRows)), pqarrow.DefaultWriterProps())
	if err != nil {
		return err
	}
	r := rand.New(rand.NewPCG(5, 5))
	values := make([]int32, groupRows)
	for at := 0; at < n; at += groupRows {
		rows := values[:min(groupRows, n-at)]
		columns := make([]arrow.Array, tableColumns)
		for k := range columns {
			for i := range rows {
				rows[i] = tableValue(r, k)
			}
			b := array.NewInt32Builder(memory.DefaultAllocator)
			b.AppendValues(rows, nil)
			columns[k] = b.NewArray()
		}
		record := array.NewRecordBatch(schema, columns, int64(len(rows)))
		if err := w.Write(record); err != nil {
			return err
		}
	}
	return w.Close()
}

// keepFile is a file that its writer cannot close.
type keepFile struct{ *os.File }

// Close does nothing.
func (keepFile) Close() error { return nil }
