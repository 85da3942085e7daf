package tokens_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/format/tokens"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/loadertest"
)

// numbers returns n tokens from the given one on, each seven above the last,
// below 2^16.
func numbers(from, n int) []uint32 {
	list := make([]uint32, n)
	for i := range list {
		list[i] = uint32(from+7*i) & 0xffff
	}
	return list
}

// pack16 returns tokens as nanoGPT stores them.
func pack16(list []uint32) (b []byte) {
	for _, v := range list {
		b = binary.LittleEndian.AppendUint16(b, uint16(v))
	}
	return b
}

func pack32(list []uint32) (b []byte) {
	for _, v := range list {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	return b
}

// folder returns a folder of the given files.
func folder(t testing.TB, files map[string][]byte) string {
	t.Helper()
	dir := t.TempDir()
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func open(t testing.TB, path string, o tokens.Options) *tokens.Source {
	t.Helper()
	src, err := tokens.Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	return src
}

// all returns the values of a field, row by row.
func all[T dtype.Element](t testing.TB, src loader.Source, name string, trs ...loader.Transform) (rows [][]T) {
	t.Helper()
	for b := range loadertest.All(t, src, loader.Config{BatchSize: 3, Transforms: trs}) {
		for i := range b.Len() {
			rows = append(rows, slices.Clone(loader.View[T](b.Row(name, i))))
		}
	}
	return rows
}

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s: got\n%v\nwant\n%v", what, got, want)
	}
}

func TestWindows(t *testing.T) {
	for name, c := range map[string]struct {
		o               tokens.Options
		tokens, targets [][]int
	}{
		"whole":   {tokens.Options{Window: 4}, [][]int{{0, 1, 2, 3}, {4, 5, 6, 7}, {8, 9, 10, 11}, {20, 21, 22, 23}}, nil},
		"targets": {tokens.Options{Window: 4, Targets: true}, [][]int{{0, 1, 2, 3}, {4, 5, 6, 7}, {20, 21, 22, 23}}, [][]int{{1, 2, 3, 4}, {5, 6, 7, 8}, {21, 22, 23, 24}}},
		"stride":  {tokens.Options{Window: 5, Stride: 3}, [][]int{{0, 1, 2, 3, 4}, {3, 4, 5, 6, 7}, {6, 7, 8, 9, 10}, {20, 21, 22, 23, 24}}, nil},
		"gaps":    {tokens.Options{Window: 2, Stride: 5, Targets: true}, [][]int{{0, 1}, {5, 6}, {20, 21}}, [][]int{{1, 2}, {6, 7}, {21, 22}}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, wide := range []bool{false, true} {
				first, second := []uint32{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, []uint32{20, 21, 22, 23, 24, 25}
				store := pack16
				if c.o.Stored.DType = dtype.Invalid; wide {
					store, c.o.Stored.DType = pack32, dtype.Uint32
				}
				c.o.Stored.Header = 3 // what follows is not aligned
				dir := folder(t, map[string][]byte{
					"a.bin": append([]byte("abc"), store(first)...), "b.bin": append([]byte("abc"), store(second)...), "c.bin": []byte("abc"), "d.txt": nil,
				})
				for _, c.o.DType = range []dtype.Type{dtype.Int32, dtype.Int64} {
					check := func(name string, want [][]int) {
						src := open(t, dir, c.o)
						defer src.Close()
						if c.o.DType == dtype.Int64 {
							same(t, name, all[int64](t, src, name), want)
						} else {
							same(t, name, all[int32](t, src, name), want)
						}
					}
					check("tokens", c.tokens)
					if c.targets != nil {
						check("targets", c.targets)
					}
				}
			}
		})
	}
}

func TestWindowsOfDocuments(t *testing.T) {
	dir := folder(t, map[string][]byte{"a.bin": pack16([]uint32{5, 6, 0, 7, 0, 1, 8, 9})})
	src := open(t, dir, tokens.Options{Window: 4, Ends: []uint32{0, 1}})
	same(t, "segment_ids", all[int32](t, src, "segment_ids"), [][]int{{1, 1, 1, 2}, {1, 2, 3, 3}})
	src = open(t, dir, tokens.Options{Window: 4, Ends: []uint32{0, 1}})
	same(t, "position_ids", all[int32](t, src, "position_ids"), [][]int{{0, 1, 2, 0}, {0, 0, 0, 1}})
}

// TestLargeTokens is about what does not fit an int32, or the vocabulary.
func TestLargeTokens(t *testing.T) {
	for _, c := range []struct {
		list []uint32
		o    tokens.Options
		want string
	}{
		{[]uint32{1, 1 << 31, 3, 4}, tokens.Options{Stored: tokens.Stored{DType: dtype.Uint32}}, "token 1 is number 2147483648 of a vocabulary of 2147483647"},
		{[]uint32{1, 2, 3, 1<<32 - 1}, tokens.Options{DType: dtype.Int64, Stored: tokens.Stored{DType: dtype.Int32}}, "token 1 is number 4294967295"},
		{[]uint32{1, 2, 9, 4}, tokens.Options{Stored: tokens.Stored{DType: dtype.Uint32, Vocabulary: 9}}, "token 0 is number 9 of a vocabulary of 9"},
	} {
		dir := folder(t, map[string][]byte{"a.bin": pack32(c.list)})
		c.o.Window = 2
		ld, err := loader.New(open(t, dir, c.o), loader.Config{BatchSize: 1, OnError: loader.Skip(1)})
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, err := range ld.All(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
		ld.Close()
		if n != 1 {
			t.Errorf("%d windows are whole, want 1", n)
		}
		err = first(t, open(t, dir, c.o))
		var at *loader.SampleError
		if !errors.Is(err, loader.ErrCorrupt) || !strings.Contains(err.Error(), c.want) || !errors.As(err, &at) || !strings.HasSuffix(at.Shard, "a.bin") {
			t.Errorf("error %v, want one with %q", err, c.want)
		}
	}
}

// first returns the error that ends a stream.
func first(t *testing.T, src loader.Source) error {
	t.Helper()
	ld, err := loader.New(src, loader.Config{BatchSize: 1})
	if err != nil {
		return err
	}
	defer ld.Close()
	for _, err := range ld.All(t.Context()) {
		if err != nil {
			return err
		}
	}
	return nil
}

func TestOpenRefuses(t *testing.T) {
	dir := folder(t, map[string][]byte{"odd.bin": {1, 2, 3}, "even.bin": {1, 2, 3, 4}, "x.idx": nil})
	for _, c := range []struct {
		file string
		o    tokens.Options
		want error
	}{
		{"odd.bin", tokens.Options{Window: 1}, loader.ErrCorrupt},
		{"even.bin", tokens.Options{Window: 3}, loader.ErrCorrupt},
		{"even.bin", tokens.Options{Window: 1, Stored: tokens.Stored{Header: 5}}, loader.ErrCorrupt},
		{"even.bin", tokens.Options{Window: 1, Limits: format.Limits{ShardRecords: 1}}, loader.ErrCorrupt},
		{"even.bin", tokens.Options{}, loader.ErrSpec},
		{"even.bin", tokens.Options{Window: 1 << 40}, loader.ErrSpec},
		{"even.bin", tokens.Options{Window: 1, Stride: -1}, loader.ErrSpec},
		{"even.bin", tokens.Options{Window: 1, DType: dtype.Float32}, loader.ErrSpec},
		{"even.bin", tokens.Options{Window: 1, Stored: tokens.Stored{DType: dtype.Uint8}}, loader.ErrSpec},
		{"even.bin", tokens.Options{Window: 1, Stored: tokens.Stored{Header: -1}}, loader.ErrSpec},
		{"none.bin", tokens.Options{Window: 1}, os.ErrNotExist},
	} {
		if src, err := tokens.Open(filepath.Join(dir, c.file), c.o); !errors.Is(err, c.want) || src != nil {
			t.Errorf("Open(%s, %+v) is %v, want %v", c.file, c.o, err, c.want)
		}
	}
}

func TestConformance(t *testing.T) {
	dir := folder(t, map[string][]byte{"a.bin": pack16(numbers(0, 200)), "b.bin": pack16(numbers(5, 3)), "c.bin": pack16(numbers(9, 170))})
	for name, o := range map[string]func() (loader.Source, error){
		"windows": func() (loader.Source, error) {
			return tokens.Open(dir, tokens.Options{Window: 8, Stride: 3, Targets: true, Ends: []uint32{70}})
		},
		"documents": func() (loader.Source, error) {
			return tokens.OpenDocuments(dir, tokens.DocumentOptions{Ends: []uint32{70, 77, 707}})
		},
	} {
		t.Run(name, func(t *testing.T) {
			opened := func() loader.Source {
				src, err := o()
				if err != nil {
					t.Fatal(err)
				}
				return src
			}
			loadertest.Source(t, opened)
			src := opened()
			defer src.(io.Closer).Close()
			loadertest.Allocs(t, src, loader.Config{BatchSize: 30, Order: loader.Shuffle{}}, 0)
		})
	}
}
