package feather

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow/ipc"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/format/mem"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
)

// everything is a source of n rows with a field of every shape that can be
// written.
func everything(t testing.TB, n int) loader.Source {
	t.Helper()
	rng := rand.New(rand.NewPCG(41, 42))
	var (
		labels  []int32
		flags   []bool
		doubles []float64
		halves  []uint16
		images  []uint8
		texts   []string
		blobs   [][]uint8
		boxes   [][]float32
		tokens  [][]int32
		masks   [][]bool
		tags    []string
		lengths [][]int32
		views   [][]uint8
		sizes   []int32
		pairs   [][]int32
	)
	for i := range n {
		labels = append(labels, int32(rng.IntN(3))-1) // -1: no label
		flags = append(flags, i%3 == 0)
		doubles = append(doubles, rng.NormFloat64())
		halves = append(halves, uint16(rng.Uint32()))
		for range 12 {
			images = append(images, uint8(rng.Uint32()))
		}
		texts = append(texts, strings.Repeat("é", rng.IntN(4)))
		blobs = append(blobs, make([]uint8, rng.IntN(5)))
		b := make([]float32, 4*rng.IntN(3))
		for k := range b {
			b[k] = rng.Float32()
		}
		boxes = append(boxes, b)
		tokens = append(tokens, make([]int32, rng.IntN(4)))
		masks = append(masks, make([]bool, rng.IntN(11)))
		for k := range masks[i] {
			masks[i][k] = rng.IntN(2) == 0
		}
		tags, lengths = append(tags, strings.Repeat("été", i%3)+"a"), append(lengths, slices.Repeat([]int32{5}, i%3))
		lengths[i] = append(lengths[i], 0, 1)
		views, sizes = append(views, make([]uint8, 3+i%2)), append(sizes, int32(i%2), 3)
		pairs = append(pairs, slices.Repeat([]int32{int32(i % 2), 3}, 1))
	}
	brain := mem.Of(halves)
	brain.DType = dtype.BFloat16
	half := mem.Of(halves)
	half.DType = dtype.Float16
	src, err := mem.Columns(loader.Spec{
		{Name: "label", DType: dtype.Int32, Kind: kind.Label, Names: []string{"cat", "dog", "dog"}},
		{Name: "flag", DType: dtype.Bool},
		{Name: "double", DType: dtype.Float64},
		{Name: "half", DType: dtype.Float16},
		{Name: "brain", DType: dtype.BFloat16},
		{Name: "image", DType: dtype.Uint8, Shape: loader.Dims(2, 2, 3), Kind: kind.Image},
		{Name: "text", DType: dtype.Uint8, Shape: loader.Dims(-1), Kind: kind.Text},
		{Name: "file", DType: dtype.Uint8, Shape: loader.Dims(-1), Kind: kind.EncodedAudio, Rate: 16000},
		{Name: "boxes", DType: dtype.Float32, Shape: loader.Dims(-1, 4), Kind: kind.Boxes, Canvas: "image"},
		{Name: "tokens", DType: dtype.Int32, Shape: loader.Dims(-1), Kind: kind.Tokens},
		{Name: "bits", DType: dtype.Bool, Shape: loader.Dims(-1)},
		{Name: "tags", DType: dtype.Uint8, Shape: loader.Dims(-1), Kind: kind.Texts},
		{Name: "tags.lengths", DType: dtype.Int32, Shape: loader.Dims(-1), Kind: kind.Lengths, Canvas: "tags"},
		{Name: "views", DType: dtype.Uint8, Shape: loader.Dims(-1), Kind: kind.EncodedImage},
		{Name: "views.lengths", DType: dtype.Int32, Shape: loader.Dims(2), Kind: kind.Lengths, Canvas: "views"},
		{Name: "pairs", DType: dtype.Uint8, Shape: loader.Dims(-1)},
		{Name: "pairs.lengths", DType: dtype.Int32, Shape: loader.Dims(-1, 2), Kind: kind.Lengths, Canvas: "pairs"},
	}, mem.Of(labels), mem.Of(flags), mem.Of(doubles), half, brain, mem.Of(images), mem.Strings(texts), mem.Varying(blobs),
		mem.Column{DType: dtype.Float32, Data: mem.Varying(boxes).Data, Offsets: steps(mem.Varying(boxes).Offsets, 4)},
		mem.Varying(tokens), mem.Varying(masks), mem.Strings(tags), mem.Varying(lengths), mem.Varying(views), mem.Of(sizes), mem.Varying(views),
		mem.Column{DType: dtype.Int32, Data: mem.Varying(pairs).Data, Offsets: steps(mem.Varying(pairs).Offsets, 2)})
	if err != nil {
		t.Fatal(err)
	}
	return src
}

func steps(offsets []int64, n int64) []int64 {
	for i := range offsets {
		offsets[i] /= n
	}
	return offsets
}

// stream returns the batches of src.
func stream(t testing.TB, src loader.Source, c loader.Config) iter.Seq2[*loader.Batch, error] {
	t.Helper()
	ld, err := loader.New(src, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ld.Close() })
	return ld.All(t.Context())
}

// allRows returns the values of all rows, in the order of the stream.
func allRows(t testing.TB, batches iter.Seq2[*loader.Batch, error]) (rows []string) {
	t.Helper()
	for b, err := range batches {
		if err != nil {
			t.Fatal(err)
		}
		for i := range b.Len() {
			var row strings.Builder
			for _, f := range b.Spec() {
				v := b.Row(f.Name, i)
				fmt.Fprint(&row, f.Name, v.Shape, v.Data, " ")
			}
			rows = append(rows, row.String())
		}
	}
	return rows
}

func TestWriteRoundTrip(t *testing.T) {
	src := everything(t, 1000)
	want := allRows(t, stream(t, src, loader.Config{BatchSize: 64}))
	for _, o := range []WriteOptions{
		{}, {Codec: LZ4}, {Codec: Zstd}, {RowsPerBatch: 17}, {RowsPerShard: 300}, {RowsPerShard: 100, RowsPerBatch: 33, Codec: LZ4}, {RowsPerShard: 1000},
		{BytesPerShard: 1, RowsPerBatch: 300}, {BytesPerShard: 1 << 30},
	} {
		t.Run(fmt.Sprintf("%+v", o), func(t *testing.T) {
			dir := t.TempDir()
			var told []format.Written
			o.Progress = func(w format.Written) { told = append(told, w) }
			done, err := Write(t.Context(), filepath.Join(dir, "train.arrow"), stream(t, src, loader.Config{BatchSize: 64}), o)
			if err != nil {
				t.Fatal(err)
			}
			checkWritten(t, dir, done, told, 1000, o)
			back := mustOpen(t, dir, Options{})
			if got := back.Spec().String(); got != src.Spec().String() {
				t.Errorf("spec is\n%v, want\n%v", got, src.Spec())
			}
			for i, f := range back.Spec() {
				w := src.Spec()[i]
				if f.Canvas != w.Canvas || f.Rate != w.Rate || !slices.Equal(f.Names, w.Names) {
					t.Errorf("field %d is %+v, want %+v", i, f, w)
				}
			}
			for _, n := range []int{64, 7, 1000} { // gathered into batches that blocks do not fit
				if got := allRows(t, stream(t, back, loader.Config{BatchSize: n})); !slices.Equal(got, want) {
					t.Errorf("batches of %d: other rows", n)
				}
			}
			shuffled := allRows(t, stream(t, back, loader.Config{BatchSize: 50, Order: loader.Shuffle{}}))
			slices.Sort(shuffled)
			if sorted := slices.Sorted(slices.Values(want)); !slices.Equal(shuffled, sorted) {
				t.Error("shuffled: other rows")
			}
		})
	}
}

// checkWritten checks what Write says of its files.
func checkWritten(t *testing.T, dir string, done, told []format.Written, rows int64, o WriteOptions) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if want := (rows + o.RowsPerShard - 1) / max(1, o.RowsPerShard); o.RowsPerShard > 0 && int64(len(done)) != want {
		t.Errorf("%d shards, want %d", len(done), want)
	}
	if o.BytesPerShard == 1 && int64(len(done)) != (rows+int64(o.RowsPerBatch)-1)/int64(o.RowsPerBatch) {
		t.Errorf("%d shards, want one for each batch", len(done))
	}
	if len(entries) != len(done) {
		t.Errorf("%d files for %d shards", len(entries), len(done))
	}
	var total, bytes int64
	for i, d := range done {
		if d.Path != filepath.Join(dir, entries[i].Name()) {
			t.Errorf("shard %d is %s, there is %s", i, d.Path, entries[i].Name())
		}
		if info, err := os.Stat(d.Path); err != nil || info.Size() != d.Bytes {
			t.Errorf("shard %d: %v, Written.Bytes is %d", i, err, d.Bytes)
		}
		if o.RowsPerShard > 0 && i < len(done)-1 && d.Rows != o.RowsPerShard {
			t.Errorf("shard %d has %d rows, want %d", i, d.Rows, o.RowsPerShard)
		}
		total += d.Rows
		bytes += d.Bytes
	}
	if last := told[len(told)-1]; total != rows || last.Rows != rows || last.Bytes != bytes {
		t.Errorf("%d rows, %d told, want %d; %d bytes told, want %d", total, last.Rows, rows, last.Bytes, bytes)
	}
}

// TestWriteForArrow lets Arrow's reader read what Write wrote.
func TestWriteForArrow(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.arrow")
	if _, err := Write(t.Context(), path, stream(t, everything(t, 100), loader.Config{BatchSize: 9}), WriteOptions{Codec: LZ4, RowsPerBatch: 30}); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	checkFile(t, b, Options{})
	r, err := ipc.NewFileReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	if r.NumRecords() != 4 {
		t.Errorf("%d record batches of 30 rows, want 4", r.NumRecords())
	}
	want := []string{"int32", "bool", "float64", "float16", "uint16", "fixed_size_list", "utf8", "binary", "list", "list", "list", "list", "fixed_size_list", "list"}
	for i, f := range r.Schema().Fields() {
		if f.Type.Name() != want[i] {
			t.Errorf("%s is %v, want %s", f.Name, f.Type, want[i])
		}
	}
	other := bytes.ReplaceAll(b, []byte(format.SpecKey), []byte("nobody.spec"))
	spec := mustOpen(t, save(t, "b.arrow", other), Options{}).Spec()
	if f := spec[spec.Index("image")]; f.Shape != loader.Dims(2, 2, 3) || f.Kind != kind.Plain {
		t.Errorf("without the spec, a tensor is %v", f)
	}
}

func TestWriteErrors(t *testing.T) {
	src := everything(t, 100)
	broken := func(yield func(*loader.Batch, error) bool) {
		for b, err := range stream(t, src, loader.Config{BatchSize: 30}) {
			if !yield(b, err) {
				return
			}
			if b.Step == 1 {
				yield(nil, io.ErrUnexpectedEOF)
				return
			}
		}
	}
	none := func(func(*loader.Batch, error) bool) {}
	bad, err := mem.Columns(loader.Spec{{Name: "text", DType: dtype.Uint8, Shape: loader.Dims(-1), Kind: kind.Text}}, mem.Strings([]string{"ok", "\xff"}))
	if err != nil {
		t.Fatal(err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for _, test := range []struct {
		name    string
		ctx     context.Context
		batches iter.Seq2[*loader.Batch, error]
		o       WriteOptions
		want    string
		is      error
	}{
		{"source", t.Context(), broken, WriteOptions{RowsPerShard: 20}, "unexpected EOF", io.ErrUnexpectedEOF},
		{"no batches", t.Context(), none, WriteOptions{}, "no batches", nil},
		{"column", t.Context(), stream(t, src, loader.Config{BatchSize: 9}), WriteOptions{Columns: []string{"none"}}, `no field "none"`, loader.ErrSpec},
		{"text", t.Context(), stream(t, bad, loader.Config{BatchSize: 9}), WriteOptions{}, `field "text": row 1 of a batch is not UTF-8`, loader.ErrSpec},
		{"cancelled", cancelled, stream(t, src, loader.Config{BatchSize: 9}), WriteOptions{}, "context canceled", context.Canceled},
		{"options", t.Context(), none, WriteOptions{Codec: 9}, "impossible WriteOptions", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			_, err := Write(test.ctx, filepath.Join(dir, "a.arrow"), test.batches, test.o)
			if err == nil || !strings.Contains(err.Error(), test.want) || test.is != nil && !errors.Is(err, test.is) {
				t.Errorf("error %v, want %q", err, test.want)
			}
			if entries, _ := os.ReadDir(dir); len(entries) > 0 {
				t.Errorf("%v is left behind", entries)
			}
		})
	}
}

// TestSpecMetadata reads files whose "stoker.spec" does not fit their columns.
func TestSpecMetadata(t *testing.T) {
	for _, test := range []struct{ field, want string }{
		{`{"name":"x","dtype":"int32","shape":[]}`, ""},
		{`{"name":"other","dtype":"int8","shape":[]}`, ""},
		{`{"name":"other","dtype":"float99","shape":[]}`, "unknown element type"},
		{`{"name":"x","dtype":"float32","shape":[]}`, "elements are int32, not float32"},
		{`{"name":"x","dtype":"int32","shape":[2]}`, "does not hold the 1 elements"},
		{`{"name":"x","dtype":"int32","shape":[4000000000]}`, "impossible shape"},
		{`{"name":"x","dtype":"int32","shape":[1,1,1,1,1,1,1]}`, "7 dimensions"},
		{`{"name":"x","dtype":"nothing","shape":[]}`, "unknown element type"},
		{`{"name":"x","dtype":"int32","shape":[],"kind":"smell"}`, "unknown kind"},
		{`{"name":"x","dtype":"int32","shape":[],"mirror":[7]}`, "impossible mirror"},
		{`{`, "unexpected end of JSON"},
	} {
		c := column{field: loader.Field{Name: "x", DType: dtype.Int32}, dtype: dtype.Int32, per: 1, group: 1, fixed: -1}
		err := describeColumns([]column{c}, `{"version":1,"fields":[`+test.field+`]}`, nil, format.Limits{})
		if test.want == "" {
			if err != nil {
				t.Errorf("%s: %v", test.field, err)
			}
			continue
		}
		if !errors.Is(err, loader.ErrCorrupt) || !strings.Contains(err.Error(), test.want) && !strings.Contains(err.Error(), "invalid character") {
			t.Errorf("%s: error %v, want %q", test.field, err, test.want)
		}
	}
}
