package main

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"

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

// makeTables writes those tables of n rows below dir that are missing there, and
// returns the paths of all. Their values are the same. Files appear when they are
// complete.
func makeTables(dir string, n int) (paths []string, err error) {
	var missing []*tableWriter
	for _, f := range tableFiles {
		path := filepath.Join(dir, fmt.Sprintf("clicks-%d-%s.parquet", n, f.name))
		if paths = append(paths, path); exists(path) {
			continue
		}
		w, err := newTableWriter(path, f)
		if err != nil {
			return nil, err
		}
		defer w.discard()
		missing = append(missing, w)
	}
	if missing == nil {
		return paths, nil
	}
	r := rand.New(rand.NewPCG(5, 5))
	for at := 0; at < n; at += groupRows {
		columns := tableGroup(r, min(groupRows, n-at))
		var group sync.WaitGroup
		for _, w := range missing {
			group.Go(func() { w.write(columns) })
		}
		group.Wait()
	}
	for _, w := range missing {
		err = errors.Join(err, w.finish())
	}
	return paths, err
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// tableGroup draws the values of a row group.
func tableGroup(r *rand.Rand, n int) []arrow.Array {
	columns, rows := make([]arrow.Array, tableColumns), make([]int32, n)
	for k := range columns {
		for i := range rows {
			rows[i] = tableValue(r, k)
		}
		b := array.NewInt32Builder(memory.DefaultAllocator)
		b.AppendValues(rows, nil)
		columns[k] = b.NewArray()
	}
	return columns
}

// tableWriter writes one table, to a file that gets its name at the end.
type tableWriter struct {
	path   string
	half   *os.File
	schema *arrow.Schema
	w      *pqarrow.FileWriter
	err    error // of a write
}

func newTableWriter(path string, f tableFile) (*tableWriter, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return nil, err
	}
	half, err := os.CreateTemp(filepath.Dir(path), "half-*")
	if err != nil {
		return nil, err
	}
	var fields []arrow.Field
	for k := range tableColumns {
		fields = append(fields, arrow.Field{Name: tableColumn(k), Type: arrow.PrimitiveTypes.Int32, Nullable: f.dictionary})
	}
	w := &tableWriter{path: path, half: half, schema: arrow.NewSchema(fields, nil)}
	w.w, err = pqarrow.NewFileWriter(w.schema, keepFile{half}, parquet.NewWriterProperties(parquet.WithCompression(f.codec),
		parquet.WithDictionaryDefault(f.dictionary), parquet.WithMaxRowGroupLength(groupRows)), pqarrow.DefaultWriterProps())
	if err != nil {
		w.discard()
		return nil, err
	}
	return w, nil
}

// write writes a row group.
func (w *tableWriter) write(columns []arrow.Array) {
	if w.err == nil {
		w.err = w.w.Write(array.NewRecordBatch(w.schema, columns, int64(columns[0].Len())))
	}
}

// finish completes the file.
func (w *tableWriter) finish() error {
	if err := cmp.Or(w.err, w.w.Close(), w.half.Close()); err != nil {
		return err
	}
	return os.Rename(w.half.Name(), w.path)
}

// discard removes what was not finished.
func (w *tableWriter) discard() {
	w.half.Close()
	os.Remove(w.half.Name())
}

// keepFile is a file that its writer cannot close.
type keepFile struct{ *os.File }

// Close does nothing.
func (keepFile) Close() error { return nil }
