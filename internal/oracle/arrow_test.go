package oracle

import (
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/float16"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	ours "github.com/stokerdata/stoker/format/parquet"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
)

// A column is written by arrow-go: its row i by put, which should be read as want.
type column struct {
	name string
	typ  arrow.DataType
	put  func(b array.Builder, i int)
	want func(i int) string
}

// num returns a column of numbers.
func num[T any, B interface{ Append(T) }](name string, typ arrow.DataType, value func(i int) T) column {
	return column{name, typ, func(b array.Builder, i int) { b.(B).Append(value(i)) }, func(i int) string { return fmt.Sprint(value(i)) }}
}

func text(i int) string { return strings.Repeat("ab", i%4) + fmt.Sprint(i%13) }

func six(i int) []byte { return []byte{'x', 'y', byte(i), byte(i % 3), 5, 6} }

// spread returns a whole number whose bits go up and down.
func spread(i int) int64 { return int64(i*i%1009-400) << (i % 23) }

var columns = []column{
	num[bool, *array.BooleanBuilder]("bool", arrow.FixedWidthTypes.Boolean, func(i int) bool { return i%3 == 1 }),
	num[int8, *array.Int8Builder]("i8", arrow.PrimitiveTypes.Int8, func(i int) int8 { return int8(i) }),
	num[uint8, *array.Uint8Builder]("u8", arrow.PrimitiveTypes.Uint8, func(i int) uint8 { return uint8(i) }),
	num[int16, *array.Int16Builder]("i16", arrow.PrimitiveTypes.Int16, func(i int) int16 { return int16(spread(i)) }),
	num[uint16, *array.Uint16Builder]("u16", arrow.PrimitiveTypes.Uint16, func(i int) uint16 { return uint16(spread(i)) }),
	num[int32, *array.Int32Builder]("i32", arrow.PrimitiveTypes.Int32, func(i int) int32 { return int32(spread(i)) }),
	num[uint32, *array.Uint32Builder]("u32", arrow.PrimitiveTypes.Uint32, func(i int) uint32 { return uint32(spread(i)) }),
	num[int64, *array.Int64Builder]("i64", arrow.PrimitiveTypes.Int64, func(i int) int64 { return spread(i) << 20 }),
	num[uint64, *array.Uint64Builder]("u64", arrow.PrimitiveTypes.Uint64, func(i int) uint64 { return uint64(spread(i) << 20) }),
	num[float32, *array.Float32Builder]("f32", arrow.PrimitiveTypes.Float32, func(i int) float32 { return float32(i%50) / 4 }),
	num[float64, *array.Float64Builder]("f64", arrow.PrimitiveTypes.Float64, func(i int) float64 { return float64(spread(i)) / 8 }),
	num[arrow.Date32, *array.Date32Builder]("date", arrow.FixedWidthTypes.Date32, func(i int) arrow.Date32 { return arrow.Date32(i * 30) }),
	num[arrow.Timestamp, *array.TimestampBuilder]("stamp", arrow.FixedWidthTypes.Timestamp_us, func(i int) arrow.Timestamp { return arrow.Timestamp(spread(i)) }),
	{"f16", arrow.FixedWidthTypes.Float16,
		func(b array.Builder, i int) {
			b.(*array.Float16Builder).Append(float16.FromBits(uint16(i*37) & 0x7bff))
		},
		func(i int) string { return fmt.Sprint(uint16(i*37) & 0x7bff) }},
	{"text", arrow.BinaryTypes.String,
		func(b array.Builder, i int) { b.(*array.StringBuilder).Append(text(i)) },
		func(i int) string { return hex.EncodeToString([]byte(text(i))) }},
	{"binary", arrow.BinaryTypes.Binary,
		func(b array.Builder, i int) { b.(*array.BinaryBuilder).Append([]byte(text(i))) },
		func(i int) string { return hex.EncodeToString([]byte(text(i))) }},
	{"fixed", &arrow.FixedSizeBinaryType{ByteWidth: 6},
		func(b array.Builder, i int) { b.(*array.FixedSizeBinaryBuilder).Append(six(i)) },
		func(i int) string { return hex.EncodeToString(six(i)) }},
	{"decimal", &arrow.Decimal128Type{Precision: 20, Scale: 2},
		func(b array.Builder, i int) {
			b.(*array.Decimal128Builder).Append(decimal128.FromI64(spread(i)))
		},
		func(i int) string { return fmt.Sprintf("%x%016x", []byte{byte(spread(i) >> 63)}, uint64(spread(i))) }},
	{"list", arrow.ListOf(arrow.PrimitiveTypes.Int32),
		func(b array.Builder, i int) {
			l := b.(*array.ListBuilder)
			l.Append(true)
			for k := range i % 5 {
				l.ValueBuilder().(*array.Int32Builder).Append(int32(i + k))
			}
		},
		func(i int) string {
			var all []string
			for k := range i % 5 {
				all = append(all, fmt.Sprint(i+k))
			}
			return "[" + strings.Join(all, " ") + "]"
		}},
	{"texts", arrow.ListOf(arrow.BinaryTypes.String),
		func(b array.Builder, i int) {
			l := b.(*array.ListBuilder)
			l.Append(true)
			for k := range i % 5 {
				l.ValueBuilder().(*array.StringBuilder).Append(text(i * k))
			}
		},
		func(i int) string {
			var all string
			for k := range i % 5 {
				all += text(i * k)
			}
			return hex.EncodeToString([]byte(all))
		}},
	{"embedding", arrow.FixedSizeListOf(3, arrow.PrimitiveTypes.Float32),
		func(b array.Builder, i int) {
			l := b.(*array.FixedSizeListBuilder)
			l.Append(true)
			l.ValueBuilder().(*array.Float32Builder).AppendValues([]float32{float32(i), 0.5, -1}, nil)
		},
		func(i int) string { return fmt.Sprintf("[%d 0.5 -1]", i) }},
}

// isNull says which rows of nullable columns are null: some here and there, and a
// stretch that is longer than a run of levels.
func isNull(i int) bool { return i%7 == 3 || i%300 > 270 }

// The rows of a file are enough for several pages and row groups, each of which is
// a record of its own: arrow-go writes the first values of a fixed-size list again
// where it cuts a record.
const (
	oracleRows  = 900
	oracleGroup = 400
)

// nullable reports whether arrow-go can write nulls of the column.
func (c *column) nullable() bool { return c.typ.ID() != arrow.FIXED_SIZE_LIST }

// write has arrow-go write all columns.
func write(t *testing.T, nullable bool, o ...parquet.WriterProperty) string {
	t.Helper()
	var fields []arrow.Field
	for _, c := range columns {
		fields = append(fields, arrow.Field{Name: c.name, Type: c.typ, Nullable: nullable && c.nullable()})
	}
	schema := arrow.NewSchema(fields, nil)
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	path := filepath.Join(t.TempDir(), "a.parquet")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	o = append(o, parquet.WithDataPageSize(700), parquet.WithBatchSize(64))
	w, err := pqarrow.NewFileWriter(schema, f, parquet.NewWriterProperties(o...), pqarrow.DefaultWriterProps())
	if err != nil {
		t.Fatal(err)
	}
	for lo := 0; lo < oracleRows; lo += oracleGroup {
		for k, c := range columns {
			for i := lo; i < min(lo+oracleGroup, oracleRows); i++ {
				if schema.Field(k).Nullable && isNull(i) {
					b.Field(k).AppendNull()
				} else {
					c.put(b.Field(k), i)
				}
			}
		}
		if err := w.Write(b.NewRecordBatch()); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// encodings returns what has arrow-go use the k-th encoding of each type.
func encodings(k int) (o []parquet.WriterProperty) {
	if k == 0 {
		return []parquet.WriterProperty{parquet.WithDictionaryDefault(true)}
	}
	o = append(o, parquet.WithDictionaryDefault(false))
	for _, c := range columns {
		var all []parquet.Encoding
		path := c.name
		switch c.name {
		case "bool":
			all = []parquet.Encoding{parquet.Encodings.Plain, parquet.Encodings.RLE}
		case "text", "binary":
			all = []parquet.Encoding{parquet.Encodings.Plain, parquet.Encodings.DeltaLengthByteArray, parquet.Encodings.DeltaByteArray}
		case "fixed", "f16", "decimal", "f32", "f64":
			all = []parquet.Encoding{parquet.Encodings.Plain, parquet.Encodings.ByteStreamSplit}
		case "texts":
			path, all = "texts.list.element", []parquet.Encoding{parquet.Encodings.Plain, parquet.Encodings.DeltaLengthByteArray, parquet.Encodings.DeltaByteArray}
		case "embedding":
			path, all = "embedding.list.element", []parquet.Encoding{parquet.Encodings.Plain, parquet.Encodings.ByteStreamSplit}
		case "list":
			path, all = "list.list.element", []parquet.Encoding{parquet.Encodings.Plain, parquet.Encodings.DeltaBinaryPacked, parquet.Encodings.ByteStreamSplit}
		default:
			all = []parquet.Encoding{parquet.Encodings.Plain, parquet.Encodings.DeltaBinaryPacked, parquet.Encodings.ByteStreamSplit}
		}
		o = append(o, parquet.WithEncodingFor(path, all[(k-1)%len(all)]))
	}
	return o
}

var codecs = []compress.Compression{compress.Codecs.Uncompressed, compress.Codecs.Snappy, compress.Codecs.Gzip,
	compress.Codecs.Brotli, compress.Codecs.Zstd, compress.Codecs.Lz4Raw}

// TestArrow reads files of arrow-go in every encoding, codec and page version.
func TestArrow(t *testing.T) {
	for k := range 4 {
		for _, codec := range codecs {
			for version, pages := range []parquet.DataPageVersion{parquet.DataPageV1, parquet.DataPageV2} {
				for _, nullable := range []bool{false, true} {
					t.Run(fmt.Sprintf("encodings %d/%v/v%d/nullable %v", k, codec, version+1, nullable), func(t *testing.T) {
						t.Parallel()
						path := write(t, nullable, append(encodings(k), parquet.WithCompression(codec), parquet.WithDataPageVersion(pages))...)
						got := dump(t, path, ours.Options{})
						for _, c := range columns {
							want := make([]string, oracleRows)
							for i := range want {
								if want[i] = c.want(i); nullable && c.nullable() && isNull(i) {
									want[i] = null
								}
							}
							same(t, c.name, got[c.name], want)
						}
					})
				}
			}
		}
	}
}

// TestArrowInt96 reads the timestamps of old writers.
func TestArrowInt96(t *testing.T) {
	schema := arrow.NewSchema([]arrow.Field{{Name: "t", Type: arrow.FixedWidthTypes.Timestamp_ns}}, nil)
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	var want []string
	for i := range oracleRows {
		at := spread(i) << 20
		b.Field(0).(*array.TimestampBuilder).Append(arrow.Timestamp(at))
		want = append(want, fmt.Sprint(at))
	}
	path := filepath.Join(t.TempDir(), "a.parquet")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w, err := pqarrow.NewFileWriter(schema, f, nil, pqarrow.NewArrowWriterProperties(pqarrow.WithDeprecatedInt96Timestamps(true)))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(b.NewRecordBatch()); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	got := dump(t, path, ours.Options{Fields: map[string]loader.Field{"t": {DType: dtype.Int64}}})
	same(t, "t", got["t"], want)
}
