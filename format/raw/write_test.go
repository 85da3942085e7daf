package raw_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/format/mem"
	"github.com/stokerdata/stoker/format/raw"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
)

// files returns the paths below dir, with slashes, and the contents.
func files(t testing.TB, dir string) (paths, contents []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, _ := filepath.Rel(dir, path)
		content, err := os.ReadFile(path)
		paths, contents = append(paths, filepath.ToSlash(rel)), append(contents, string(content))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths, contents
}

// write writes one epoch of src, or more.
func write(t testing.TB, dir string, src loader.RandomSource, epochs int, o raw.WriteOptions) ([]format.Written, error) {
	t.Helper()
	ld, err := loader.New(open{src}, loader.Config{BatchSize: 3, Epochs: epochs})
	if err != nil {
		t.Fatal(err)
	}
	defer ld.Close()
	return raw.Write(t.Context(), dir, ld.All(t.Context()), o)
}

func TestWrite(t *testing.T) {
	contents := []string{"\x89PNG\r\n\x1a\nminka", "\xff\xd8\xffnotes", "RIFFsizeWEBP", "GIF89a", "?"}
	dir := tree(t, map[string]string{"cat/a": contents[0], "cat/b": contents[1], "dog/a": contents[2], "dog/b": contents[3], "dog/c": contents[4]})
	src := must[*raw.Source](t)(raw.Open(dir, raw.Options{Label: raw.ParentDir, Path: "path"}))
	for _, c := range []struct {
		name string
		o    raw.WriteOptions
		want []string
	}{
		{"by class", raw.WriteOptions{Field: "image"}, []string{"cat/000000000.png", "cat/000000001.jpg", "dog/000000002.webp", "dog/000000003.gif", "dog/000000004.bin"}},
		{"with extension", raw.WriteOptions{Field: "image", Extension: ".img"}, []string{"cat/000000000.img", "cat/000000001.img", "dog/000000002.img", "dog/000000003.img", "dog/000000004.img"}},
		{"by path", raw.WriteOptions{Path: "path"}, []string{"cat/a", "cat/b", "dog/a", "dog/b", "dog/c"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "out")
			var last format.Written
			c.o.Progress = func(w format.Written) { last = w }
			written, err := write(t, out, src, 1, c.o)
			if err != nil {
				t.Fatal(err)
			}
			want := format.Written{Path: out, Rows: 5, Bytes: int64(len(strings.Join(contents, "")))}
			equal(t, written, []format.Written{want})
			equal(t, []format.Written{last}, []format.Written{want})
			paths, got := files(t, out)
			equal(t, paths, c.want)
			equal(t, got, contents)
			copied := must[*raw.Source](t)(raw.Open(out, raw.Options{Label: raw.ParentDir}))
			equal(t, numbers[int32](t, copied, "label"), numbers[int32](t, src, "label"))
			equal(t, copied.Spec()[1].Names, src.Spec()[1].Names)
		})
	}
}

// texts is a source of texts with labels.
func texts(t testing.TB, texts []string, labels []int32, names []string) loader.RandomSource {
	t.Helper()
	src, err := mem.Columns(loader.Spec{
		{Name: "text", DType: dtype.Uint8, Shape: loader.Dims(-1), Kind: kind.Text},
		{Name: "label", DType: dtype.Int32, Kind: kind.Label, Names: names},
	}, mem.Strings(texts), mem.Of(labels))
	if err != nil {
		t.Fatal(err)
	}
	return src
}

func TestWriteNumberedClasses(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	if _, err := write(t, out, texts(t, []string{"x", "y"}, []int32{10, 9}, nil), 1, raw.WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	paths, _ := files(t, out)
	equal(t, paths, []string{"00009/000000001.txt", "00010/000000000.txt"})
}

// TestWriteLabelTypes names folders by labels of every integer type.
func TestWriteLabelTypes(t *testing.T) {
	for _, label := range []mem.Column{
		mem.Of([]uint8{7}), mem.Of([]int8{7}), mem.Of([]uint16{7}), mem.Of([]int16{7}),
		mem.Of([]uint32{7}), mem.Of([]int32{7}), mem.Of([]uint64{7}), mem.Of([]int64{7}),
	} {
		src, err := mem.Columns(loader.Spec{
			{Name: "data", DType: dtype.Uint8, Shape: loader.Dims(-1)},
			{Name: "class", DType: label.DType},
		}, mem.Strings([]string{"x"}), label)
		if err != nil {
			t.Fatal(err)
		}
		out := filepath.Join(t.TempDir(), "out")
		if _, err := write(t, out, src, 1, raw.WriteOptions{Label: "class"}); err != nil {
			t.Fatal(err)
		}
		paths, _ := files(t, out)
		equal(t, paths, []string{"00007/000000000.bin"})
	}
}

func TestWriteErrors(t *testing.T) {
	one := []string{"x"}
	for _, c := range []struct {
		name   string
		src    loader.RandomSource
		epochs int
		o      raw.WriteOptions
		is     error
		want   string
	}{
		{"class leads out", texts(t, one, []int32{0}, []string{"../up"}), 1, raw.WriteOptions{}, loader.ErrCorrupt, "row 0: class"},
		{"class with a slash", texts(t, one, []int32{0}, []string{"a/b"}), 1, raw.WriteOptions{}, loader.ErrCorrupt, `"a/b"`},
		{"hidden class", texts(t, one, []int32{0}, []string{".a"}), 1, raw.WriteOptions{}, loader.ErrCorrupt, `".a"`},
		{"no class", texts(t, one, []int32{1}, []string{"a"}), 1, raw.WriteOptions{}, loader.ErrCorrupt, "class number 1 of 1"},
		{"path leads out", texts(t, []string{"../x"}, []int32{0}, nil), 1, raw.WriteOptions{Path: "text", Field: "text"}, loader.ErrCorrupt, `"../x"`},
		{"absolute path", texts(t, []string{"/x"}, []int32{0}, nil), 1, raw.WriteOptions{Path: "text", Field: "text"}, loader.ErrCorrupt, `"/x"`},
		{"hidden path", texts(t, []string{"a/.x"}, []int32{0}, nil), 1, raw.WriteOptions{Path: "text", Field: "text"}, loader.ErrCorrupt, `"a/.x"`},
		{"second epoch", texts(t, one, []int32{0}, nil), 2, raw.WriteOptions{}, fs.ErrExist, "row 1"},
		{"file for folder", texts(t, []string{"a", "a/b"}, []int32{0, 0}, nil), 1, raw.WriteOptions{Path: "text", Field: "text"}, nil, "row 1"},
		{"no such field", texts(t, one, []int32{0}, nil), 1, raw.WriteOptions{Field: "image"}, loader.ErrSpec, `"image"`},
		{"no bytes", texts(t, one, []int32{0}, nil), 1, raw.WriteOptions{Field: "label"}, loader.ErrSpec, "not uint8"},
		{"only the path", texts(t, one, []int32{0}, nil), 1, raw.WriteOptions{Path: "text"}, loader.ErrSpec, "no field of bytes"},
		{"label of bytes", texts(t, one, []int32{0}, nil), 1, raw.WriteOptions{Label: "text"}, loader.ErrSpec, "no single class number"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			_, err := write(t, filepath.Join(dir, "out"), c.src, c.epochs, c.o)
			if err == nil || c.is != nil && !errors.Is(err, c.is) || !strings.HasPrefix(err.Error(), "raw: write ") || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error is %v, want %s", err, c.want)
			}
			if left, _ := os.ReadDir(dir); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

func TestWriteWhereSomethingIs(t *testing.T) {
	dir := tree(t, map[string]string{"out/keep": "1"})
	_, err := write(t, filepath.Join(dir, "out"), texts(t, []string{"x"}, []int32{0}, nil), 1, raw.WriteOptions{})
	if !errors.Is(err, fs.ErrExist) {
		t.Errorf("error is %v, want %v", err, fs.ErrExist)
	}
	paths, _ := files(t, dir)
	equal(t, paths, []string{"out/keep"})
}

func TestWriteCancelled(t *testing.T) {
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	ld, err := loader.New(texts(t, []string{"x", "y", "z"}, []int32{0, 0, 0}, nil), loader.Config{BatchSize: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer ld.Close()
	batches := func(yield func(*loader.Batch, error) bool) {
		for b, err := range ld.All(t.Context()) {
			if b != nil && b.Step == 1 {
				cancel()
			}
			if !yield(b, err) {
				return
			}
		}
	}
	if _, err := raw.Write(ctx, filepath.Join(dir, "out"), batches, raw.WriteOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, want %v", err, context.Canceled)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}
