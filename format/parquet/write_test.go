package parquet

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/format/internal/elem"
	"github.com/stokerdata/stoker/format/mem"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
)

// everySource returns n rows with a field of every element type and layout.
func everySource(t testing.TB, n int) loader.Source {
	var spec loader.Spec
	var cols []mem.Column
	add := func(f loader.Field, c mem.Column) {
		c.DType = f.DType
		spec, cols = append(spec, f), append(cols, c)
	}
	raw := make([]byte, 64*8*n)
	for i := range raw {
		raw[i] = byte(i * 7 >> 3)
	}
	for x := dtype.Bool; x.Valid(); x++ {
		data := raw[:n*x.Size()]
		if x == dtype.Bool {
			data = make([]byte, n)
			for i := range data {
				data[i] = byte(i % 2)
			}
		}
		if x == dtype.Float32 || x == dtype.Float64 {
			data = floats(x, n)
		}
		add(loader.Field{Name: x.String(), DType: x}, mem.Column{Data: data})
	}
	offsets := func(unit int) []int64 {
		o := make([]int64, n+1)
		for i := range n {
			o[i+1] = o[i] + int64(unit*(i%4))
		}
		return o
	}
	add(loader.Field{Name: "image", Shape: loader.Dims(4, 4, 3), DType: dtype.Uint8, Kind: kind.Image}, mem.Column{Data: raw[:48*n]})
	add(loader.Field{Name: "embedding", Shape: loader.Dims(2, 3), DType: dtype.Float32}, mem.Column{Data: floats(dtype.Float32, 6*n)})
	add(loader.Field{Name: "boxes", Shape: loader.Dims(-1, 4), DType: dtype.Float32, Kind: kind.Boxes, Canvas: "image"},
		mem.Column{Data: floats(dtype.Float32, 16*n), Offsets: offsets(1)})
	add(loader.Field{Name: "class", Shape: loader.Dims(-1), DType: dtype.Int16, Kind: kind.Label, Follows: "boxes", Names: []string{"cat", "dog"}},
		mem.Column{Data: raw[:8*n], Offsets: offsets(1)})
	add(loader.Field{Name: "points", Shape: loader.Dims(2, 3), DType: dtype.Float32, Kind: kind.KeyPoints, Canvas: "image", Mirror: []int{1, 0}},
		mem.Column{Data: floats(dtype.Float32, 6*n)})
	add(loader.Field{Name: "text", Shape: loader.Dims(-1), DType: dtype.Uint8, Kind: kind.Text}, mem.Column{Data: raw[:8*n], Offsets: offsets(1)})
	add(loader.Field{Name: "flags", Shape: loader.Dims(-1), DType: dtype.Bool}, mem.Column{Data: make([]byte, 4*n), Offsets: offsets(1)})
	add(loader.Field{Name: "halves", Shape: loader.Dims(-1, 2), DType: dtype.BFloat16}, mem.Column{Data: raw[:16*n], Offsets: offsets(1)})
	add(loader.Field{Name: "wave", Shape: loader.Dims(-1, 1), DType: dtype.Float32, Kind: kind.Audio, Rate: 16000},
		mem.Column{Data: floats(dtype.Float32, 4*n), Offsets: offsets(1)})
	src, err := mem.Columns(spec, cols...)
	if err != nil {
		t.Fatal(err)
	}
	return src
}

func floats(t dtype.Type, n int) (b []byte) {
	for i := range n {
		if t == dtype.Float32 {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(float32(i)/3))
		} else {
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(float64(i)/3))
		}
	}
	return b
}

// grow adds an image of which height and width vary.
type grow struct{}

func (grow) Bind(in loader.Spec) (loader.Stage, error) {
	out, f := in.With(loader.Field{Name: "photo", DType: dtype.Uint8, Shape: loader.Dims(-1, -1, 3), Kind: kind.Image})
	return loader.Stage{Out: out, Writes: []int{f}, Row: func(w *loader.Worker, s *loader.Sample) error {
		shape := loader.Dims(int(s.ID%3), int(s.ID%5), 3)
		elem.Fill(w.Out(s, f, dtype.Uint8, shape).Data, byte(s.ID))
		return nil
	}}, nil
}

// batches streams src in batches of the given size.
func batches(t testing.TB, src loader.Source, size int, stages ...loader.Transform) iter.Seq2[*loader.Batch, error] {
	ld, err := loader.New(keepOpen{src}, loader.Config{BatchSize: size, Workers: 2, Transforms: stages})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ld.Close() })
	return ld.All(context.Background())
}

// TestRoundTrip writes fields of every type and layout and reads them back.
func TestRoundTrip(t *testing.T) {
	const n = 53
	for _, o := range []WriteOptions{
		{}, {RowsPerGroup: 7}, {RowsPerGroup: 1}, {RowsPerShard: 20}, {RowsPerShard: 20, RowsPerGroup: 8, Codec: Zstd},
		{BytesPerShard: 1, RowsPerGroup: 30, Codec: Gzip}, {Codec: Uncompressed}, {RowsPerShard: 1000},
		{Tensors: []string{"embedding", "points"}},
	} {
		t.Run(fmt.Sprintf("%+v", o), func(t *testing.T) {
			dir := t.TempDir()
			src := everySource(t, n)
			path := filepath.Join(dir, "x.parquet")
			heard := 0
			o.Progress = func(format.Written) { heard++ }
			done, err := Write(context.Background(), path, batches(t, src, 10, grow{}), o)
			if err != nil {
				t.Fatal(err)
			}
			if heard < len(done) {
				t.Errorf("%d calls of Progress for %d shards", heard, len(done))
			}
			checkWritten(t, dir, done, n)
			back, err := Open(dir, Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer back.Close()
			stage, _ := grow{}.Bind(src.Spec())
			if !reflect.DeepEqual(back.Spec(), stage.Out) {
				t.Errorf("spec\n got %#v\nwant %#v", back.Spec(), stage.Out)
			}
			want, err := dumpWith(src, 3, []loader.Transform{grow{}})
			if err != nil {
				t.Fatal(err)
			}
			got, err := dumpSource(back)
			check(t, got, err, want...)
		})
	}
}

// Large values stand once in a file: not as bounds of their pages and row groups too,
// of which the footer would become too large to be read.
func TestWriteLargeValues(t *testing.T) {
	const n, size = 6, 200_000
	var files, names []string
	for i := range n {
		files, names = append(files, strings.Repeat(string(rune('a'+i)), size)), append(names, fmt.Sprint(i))
	}
	src, err := mem.Columns(loader.Spec{{Name: "file", DType: dtype.Uint8, Shape: loader.Dims(-1)}, {Name: "name", DType: dtype.Uint8, Shape: loader.Dims(-1), Kind: kind.Text}},
		mem.Strings(files), mem.Strings(names))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "a.parquet")
	done, err := Write(t.Context(), path, batches(t, src, 3), WriteOptions{Codec: Uncompressed, RowsPerGroup: 2})
	if err != nil {
		t.Fatal(err)
	}
	if done[0].Bytes > n*size+20_000 {
		t.Errorf("%d values of %d bytes take %d", n, size, done[0].Bytes)
	}
	back, err := Open(path, Options{Where: []Range{{Column: "name", Min: "2", Max: "3"}}}) // short bounds are there
	if err != nil {
		t.Fatal(err)
	}
	defer back.Close()
	if b := back.Blocks(); len(b) != 1 || b[0].Rows != 2 {
		t.Errorf("blocks of two names are %+v", b)
	}
}

// checkWritten makes sure that exactly the files in done exist, with n rows.
func checkWritten(t *testing.T, dir string, done []format.Written, n int64) {
	t.Helper()
	var names []string
	for _, d := range done {
		names = append(names, filepath.Base(d.Path))
		n -= d.Rows
		if info, err := os.Stat(d.Path); err != nil || info.Size() != d.Bytes {
			t.Errorf("%+v: %v, %v", d, info, err)
		}
	}
	if n != 0 {
		t.Errorf("%d rows are missing in %+v", n, done)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var there []string
	for _, e := range entries {
		there = append(there, e.Name())
	}
	if !slices.Equal(names, there) {
		t.Errorf("files %v, want %v", there, names)
	}
}

func TestShardNames(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.parquet")
	done, err := Write(context.Background(), path, batches(t, everySource(t, 5), 2), WriteOptions{RowsPerShard: 2, Columns: []string{"text", "int8"}})
	if err != nil {
		t.Fatal(err)
	}
	if len(done) != 3 || filepath.Base(done[2].Path) != "x-00002-of-00003.parquet" || done[2].Rows != 1 {
		t.Errorf("written %+v", done)
	}
	src, err := Open(filepath.Join(filepath.Dir(path), "x-*.parquet"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	if s := src.Spec(); len(s) != 2 || s[0].Name != "text" || s[1].Name != "int8" {
		t.Errorf("spec %v", s)
	}
	if b := src.Blocks(); len(b) != 3 || b[1].Shard != done[1].Path || b[1].Rows != 2 || b[1].FirstRow != 0 {
		t.Errorf("blocks %+v", b)
	}
}

// TestWriteFails makes sure that no file is left behind by a write that fails.
func TestWriteFails(t *testing.T) {
	boom := errors.New("boom")
	two := func(size int) iter.Seq2[*loader.Batch, error] {
		return func(yield func(*loader.Batch, error) bool) {
			for b, err := range batches(t, everySource(t, 6), size) {
				if !yield(b, err) {
					return
				}
			}
			yield(nil, boom)
		}
	}
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	for _, c := range []struct {
		name    string
		ctx     context.Context
		batches iter.Seq2[*loader.Batch, error]
		o       WriteOptions
		want    error
		words   string
	}{
		{"error in the stream", context.Background(), two(2), WriteOptions{RowsPerShard: 2}, boom, "x.parquet"},
		{"cancelled", cancelled, two(2), WriteOptions{}, context.Canceled, ""},
		{"misspelt column", context.Background(), two(2), WriteOptions{Columns: []string{"txet"}}, loader.ErrSpec, `"txet"`},
		{"column named twice", context.Background(), two(2), WriteOptions{Columns: []string{"text", "text"}}, loader.ErrSpec, `"text"`},
		{"tensor of another column", context.Background(), two(2), WriteOptions{Columns: []string{"text"}, Tensors: []string{"embedding"}}, loader.ErrSpec, `"embedding"`},
		{"tensor that varies", context.Background(), two(2), WriteOptions{Tensors: []string{"boxes"}}, loader.ErrSpec, `"boxes"`},
		{"negative rows", context.Background(), two(2), WriteOptions{RowsPerGroup: -1}, loader.ErrSpec, "RowsPerGroup:-1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			done, err := Write(c.ctx, filepath.Join(dir, "x.parquet"), c.batches, c.o)
			fails(t, err, c.want, c.words)
			if entries, _ := os.ReadDir(dir); len(entries) > 0 || done != nil {
				t.Errorf("left behind %v, returned %v", entries, done)
			}
		})
	}
	none := func(func(*loader.Batch, error) bool) {}
	if _, err := Write(context.Background(), filepath.Join(t.TempDir(), "x.parquet"), none, WriteOptions{}); err == nil || !strings.Contains(err.Error(), "no batch") {
		t.Errorf("error %v", err)
	}
}
