package tokens_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"testing"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/format/feather"
	"github.com/stokerdata/stoker/format/mem"
	"github.com/stokerdata/stoker/format/tokens"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
)

// TestWrite writes lists of tokens of a Feather file and reads them as documents and
// as windows.
func TestWrite(t *testing.T) {
	dir := t.TempDir()
	rows := [][]int64{{1, 2, 3}, {4, 0}, {}, {5}, {6, 7, 8, 9}}
	stream := func(src loader.Source) *loader.Loader {
		ld, err := loader.New(src, loader.Config{BatchSize: 2})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { ld.Close() })
		return ld
	}
	table := filepath.Join(dir, "a.arrow")
	if _, err := feather.Write(t.Context(), table, stream(documents(t, rows...)).All(t.Context()), feather.WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		o       tokens.WriteOptions
		shards  int
		windows [][]int
	}{
		{tokens.WriteOptions{Ends: []uint32{0}}, 1, [][]int{{1, 2, 3, 0}, {4, 0, 0, 5}, {0, 6, 7, 8}}},
		{tokens.WriteOptions{DType: dtype.Uint32, Ends: []uint32{}}, 1, [][]int{{1, 2, 3, 4}, {0, 5, 6, 7}}},
		{tokens.WriteOptions{RowsPerShard: 2}, 3, [][]int{{1, 2, 3, 4}, {6, 7, 8, 9}}},
		{tokens.WriteOptions{BytesPerShard: 10}, 2, [][]int{{1, 2, 3, 4}, {5, 6, 7, 8}}},
	} {
		src, err := feather.Open(table, feather.Options{})
		if err != nil {
			t.Fatal(err)
		}
		out := t.TempDir()
		c.o.Field = "ids"
		told := int64(0)
		c.o.Progress = func(w format.Written) { told = w.Rows }
		done, err := tokens.Write(t.Context(), filepath.Join(out, "x.bin"), stream(src).All(t.Context()), c.o)
		if err != nil || len(done) != c.shards || told != 5 {
			t.Fatalf("%+v: %v, %v, %d rows told", c.o, done, err, told)
		}
		same(t, "windows", all[int32](t, open(t, out, tokens.Options{Window: 4, Stored: tokens.Stored{DType: c.o.DType}}), "tokens"), c.windows)
		if len(c.o.Ends) == 0 {
			continue
		}
		docs, err := tokens.OpenDocuments(out, tokens.DocumentOptions{Ends: c.o.Ends})
		if err != nil {
			t.Fatal(err)
		}
		same(t, "documents", all[int32](t, docs, "tokens"), [][]int{{1, 2, 3, 0}, {4, 0}, {0}, {5, 0}, {6, 7, 8, 9, 0}})
	}
}

func TestWriteRefuses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.bin")
	for name, c := range map[string]struct {
		src  loader.Source
		o    tokens.WriteOptions
		want error
	}{
		"large":    {documents(t, []int32{1, 1 << 16}), tokens.WriteOptions{}, loader.ErrSpec},
		"negative": {documents(t, []int32{-1}), tokens.WriteOptions{DType: dtype.Uint32}, loader.ErrSpec},
		"too wide": {documents(t, []int64{1 << 40}), tokens.WriteOptions{DType: dtype.Uint32}, loader.ErrCorrupt},
		"field":    {documents(t, []int32{1}), tokens.WriteOptions{Field: "n"}, loader.ErrSpec},
		"type":     {documents(t, []int32{1}), tokens.WriteOptions{DType: dtype.Int64}, loader.ErrSpec},
	} {
		ld, err := loader.New(c.src, loader.Config{BatchSize: 1})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tokens.Write(t.Context(), path, ld.All(t.Context()), c.o); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		ld.Close()
		if files, err := os.ReadDir(filepath.Dir(path)); err != nil || len(files) > 0 {
			t.Errorf("%s: %v is left, %v", name, files, err)
		}
	}
}

// Lists of tokens of any source become a file of which windows are cut.
func ExampleWrite() {
	src, err := mem.Columns(loader.Spec{{Name: "ids", DType: dtype.Int64, Shape: loader.Dims(-1), Kind: kind.Tokens}}, mem.Varying([][]int64{{11, 12, 13}, {21}, {31, 32}}))
	if err != nil {
		log.Fatal(err)
	}
	ld, err := loader.New(src, loader.Config{BatchSize: 2})
	if err != nil {
		log.Fatal(err)
	}
	defer ld.Close()
	dir, err := os.MkdirTemp("", "stoker-example-")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "train.bin")
	done, err := tokens.Write(context.Background(), path, ld.All(context.Background()), tokens.WriteOptions{Ends: []uint32{0}})
	if err != nil {
		log.Fatal(err)
	}
	windows, err := tokens.Open(path, tokens.Options{Window: 3})
	if err != nil {
		log.Fatal(err)
	}
	defer windows.Close()
	fmt.Println(done[0].Rows, "rows,", done[0].Bytes, "bytes,", windows.Blocks()[0].Rows, "windows")
	// Output: 3 rows, 18 bytes, 3 windows
}
