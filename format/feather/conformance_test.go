package feather

import (
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/stokerdata/stoker/format/mem"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
	"github.com/stokerdata/stoker/loader/loadertest"
)

// photos is a source of rows that are large enough to be read one by one.
func photos(t testing.TB) loader.Source {
	t.Helper()
	const n, size = 60, 64 * 64 * 3
	labels, pixels := make([]int64, n), make([]uint8, n*size)
	for i := range pixels {
		labels[i/size], pixels[i] = int64(i), uint8(i*i)
	}
	src, err := mem.Columns(loader.Spec{
		{Name: "label", DType: dtype.Int64},
		{Name: "image", DType: dtype.Uint8, Shape: loader.Dims(64, 64, 3)},
	}, mem.Of(labels), mem.Of(pixels))
	if err != nil {
		t.Fatal(err)
	}
	return src
}

// letterBytes is what the texts of letters are multiples of.
const letterBytes = 8000

// letters is a source of texts that are large enough to be read one by one, some
// empty.
func letters(t testing.TB) loader.Source {
	t.Helper()
	const n = 60
	labels, texts, tracks := make([]int64, n), make([]string, n), make([][]float32, n)
	for i := range n {
		labels[i], texts[i] = int64(i), strings.Repeat(string(rune('a'+i%26)), i%7*letterBytes)
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

// TestGathered compares columns that are gathered with rows, for every type of Arrow,
// and for values with bytes between them that belong to nulls.
func TestGathered(t *testing.T) {
	g := grower{rand.New(rand.NewPCG(91, 92)), 0.2}
	for name, b := range map[string][]byte{
		"whole":    ipcFile(t, allTypes(false), records(g, allTypes(false), 40, 7)),
		"nullable": ipcFile(t, allTypes(true), records(g, allTypes(true), 40, 7)),
		"apart":    apartFile(t),
	} {
		t.Run(name, func(t *testing.T) {
			path := save(t, "a.arrow", b)
			loadertest.Source(t, func() loader.Source { return mustOpen(t, path, Options{}) })
		})
	}
}

// apartFile is a file of texts and lists of two pairs each, the second of which are null.
func apartFile(t *testing.T) []byte {
	t.Helper()
	pair := arrow.FixedSizeListOfNonNullable(2, arrow.PrimitiveTypes.Int32)
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "text", Type: arrow.BinaryTypes.String, Nullable: true},
		{Name: "pairs", Type: arrow.ListOfNonNullable(pair), Nullable: true},
	}, nil)
	starts := memory.NewBufferBytes(arrow.Int32Traits.CastToBytes([]int32{0, 2, 4, 6}))
	valid := memory.NewBufferBytes([]byte{0b101})
	text := array.NewData(arrow.BinaryTypes.String, 3, []*memory.Buffer{valid, starts, memory.NewBufferBytes([]byte("aabbcc"))}, nil, 1, 0)
	numbers := memory.NewBufferBytes(arrow.Int32Traits.CastToBytes([]int32{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}))
	items := array.NewData(arrow.PrimitiveTypes.Int32, 12, []*memory.Buffer{nil, numbers}, nil, 0, 0)
	list := array.NewData(schema.Field(1).Type, 3, []*memory.Buffer{valid, starts}, []arrow.ArrayData{
		array.NewData(pair, 6, []*memory.Buffer{nil}, []arrow.ArrayData{items}, 0, 0),
	}, 1, 0)
	columns := []arrow.Array{array.MakeFromData(text), array.MakeFromData(list)}
	return ipcFile(t, schema, []arrow.Record{array.NewRecord(schema, columns, 3)})
}
