package oracle

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	ours "github.com/stokerdata/stoker/format/parquet"
)

// tensorOf is the metadata of a field that makes it one of tensors.
func tensorOf(shape string) arrow.Metadata {
	return arrow.NewMetadata([]string{"ARROW:extension:name", "ARROW:extension:metadata"}, []string{"arrow.fixed_shape_tensor", `{"shape":` + shape + `}`})
}

// sixes returns a column of n lists of six numbers of type T.
func sixes[T any, B interface{ Append(T) }](b array.Builder, n int, value func(i int) T) {
	l := b.(*array.FixedSizeListBuilder)
	for i := range n {
		l.Append(true)
		for k := range 6 {
			l.ValueBuilder().(B).Append(value(6*i + k))
		}
	}
}

// TestArrowAsFeather has arrow-go write one table as Parquet and as Feather, and
// reads the same from both.
func TestArrowAsFeather(t *testing.T) {
	const n = 300
	list := func(t arrow.DataType) arrow.DataType { return arrow.FixedSizeListOf(6, t) }
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "tensor", Type: list(arrow.PrimitiveTypes.Float32), Metadata: tensorOf("[1,3,2]")},
		{Name: "cube", Type: list(arrow.PrimitiveTypes.Int64), Metadata: tensorOf("[6]"), Nullable: true},
		{Name: "bytes", Type: list(arrow.PrimitiveTypes.Uint8)},
		{Name: "struct", Type: arrow.StructOf(arrow.Field{Name: "v", Type: list(arrow.PrimitiveTypes.Float64)})},
		{Name: "raw", Type: &arrow.FixedSizeBinaryType{ByteWidth: 6}, Metadata: tensorOf("[2,3]")},
		{Name: "large", Type: arrow.LargeListOf(arrow.PrimitiveTypes.Uint32)},
		{Name: "half", Type: arrow.ListOf(arrow.PrimitiveTypes.Int8)},
	}, nil)
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	sixes[float32, *array.Float32Builder](b.Field(0), n, func(i int) float32 { return float32(i) / 4 })
	sixes[int64, *array.Int64Builder](b.Field(1), n, func(i int) int64 { return spread(i) })
	sixes[uint8, *array.Uint8Builder](b.Field(2), n, func(i int) uint8 { return uint8(i) })
	st := b.Field(3).(*array.StructBuilder)
	for range n {
		st.Append(true)
	}
	sixes[float64, *array.Float64Builder](st.FieldBuilder(0), n, func(i int) float64 { return float64(i) })
	for i := range n {
		b.Field(4).(*array.FixedSizeBinaryBuilder).Append(six(i))
		large, half := b.Field(5).(*array.LargeListBuilder), b.Field(6).(*array.ListBuilder)
		large.Append(true)
		half.Append(true)
		for k := range i % 4 {
			large.ValueBuilder().(*array.Uint32Builder).Append(uint32(i - k))
			half.ValueBuilder().(*array.Int8Builder).Append(int8(i - k))
		}
	}
	rec := b.NewRecordBatch()
	inParquet, inFeather := create(t, "a.parquet"), create(t, "a.feather")
	p, err := pqarrow.NewFileWriter(schema, inParquet, nil, pqarrow.NewArrowWriterProperties(pqarrow.WithStoreSchema()))
	if err != nil {
		t.Fatal(err)
	}
	f, err := ipc.NewFileWriter(inFeather, ipc.WithSchema(schema))
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range []interface {
		Write(arrow.RecordBatch) error
		Close() error
	}{p, f} {
		if err := w.Write(rec); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	sameTable(t, inParquet.Name(), inFeather.Name())
}

// create creates a file in a new directory.
func create(t *testing.T, name string) *os.File {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), name))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// TestArrowReads has arrow-go read the schema of what Write has written.
func TestArrowReads(t *testing.T) {
	f, err := file.OpenParquetFile(store(t, written(t), ours.WriteOptions{Tensors: tensors}), false)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := pqarrow.NewFileReader(f, pqarrow.ArrowReadProperties{}, memory.DefaultAllocator)
	if err != nil {
		t.Fatal(err)
	}
	table, err := r.ReadTable(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"vector": "fixed_size_list<element: float32, nullable>[6]", "tensor": "fixed_size_list<element: float32, nullable>[6]", "text": "utf8"}
	for i := range int(table.NumCols()) {
		field := table.Schema().Field(i)
		if typ := want[field.Name]; typ != "" && typ != fmt.Sprint(field.Type) {
			t.Errorf("column %v, want %s", field, typ)
		}
		if shape, _ := field.Metadata.GetValue("ARROW:extension:metadata"); field.Name == "tensor" && shape != `{"shape":[3,2]}` {
			t.Errorf("column %v", field)
		}
	}
	if table.NumRows() != 1000 {
		t.Errorf("%d rows", table.NumRows())
	}
}
