package oracle

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stokerdata/stoker/format/feather"
	"github.com/stokerdata/stoker/format/mem"
	"github.com/stokerdata/stoker/format/parquet"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
)

// python runs oracle.py and returns what files hold.
func python(t *testing.T, args ...string) (files map[string]map[string][]string) {
	t.Helper()
	interpreter := os.Getenv("STOKER_PYTHON")
	if interpreter == "" {
		t.Skip("STOKER_PYTHON names no Python interpreter with DuckDB and PyArrow")
	}
	var errs strings.Builder
	cmd := exec.Command(interpreter, append([]string{"oracle.py"}, args...)...)
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, errs.String())
	}
	if err := json.Unmarshal(out, &files); err != nil {
		t.Fatal(err)
	}
	return files
}

// written returns rows with a field of each way in which Write stores one.
func written(t *testing.T) loader.Source {
	const n = 1000
	ints, floats, texts, pixels := make([]int64, n), make([]float32, 6*n), make([]string, n), make([]uint8, 4*n)
	tokens, lengths := make([][]int32, n), make([][]int32, n)
	lists := make([]string, n)
	for i := range n {
		ints[i], texts[i], tokens[i] = spread(i)<<9, text(i), make([]int32, i%7)
		for k := range tokens[i] {
			tokens[i][k] = int32(i - k)
			lists[i] += text(i + k)
			lengths[i] = append(lengths[i], int32(len(text(i+k))))
		}
	}
	for i := range floats {
		floats[i] = float32(i) / 8
	}
	for i := range pixels {
		pixels[i] = uint8(i)
	}
	src, err := mem.Columns(loader.Spec{
		{Name: "int", DType: dtype.Int64}, {Name: "tokens", DType: dtype.Int32, Shape: loader.Dims(-1)},
		{Name: "vector", DType: dtype.Float32, Shape: loader.Dims(6)}, {Name: "tensor", DType: dtype.Float32, Shape: loader.Dims(3, 2)},
		{Name: "wide", DType: dtype.Int64, Shape: loader.Dims(1, 1)}, {Name: "pixels", DType: dtype.Uint8, Shape: loader.Dims(2, 2)},
		{Name: "text", DType: dtype.Uint8, Shape: loader.Dims(-1), Kind: kind.Text},
		{Name: "texts", DType: dtype.Uint8, Shape: loader.Dims(-1), Kind: kind.Texts},
		{Name: "texts.lengths", DType: dtype.Int32, Shape: loader.Dims(-1), Kind: kind.Lengths, Canvas: "texts"},
	}, mem.Of(ints), mem.Varying(tokens), mem.Of(floats), mem.Of(floats), mem.Of(ints), mem.Of(pixels), mem.Strings(texts), mem.Strings(lists), mem.Varying(lengths))
	if err != nil {
		t.Fatal(err)
	}
	return src
}

// tensors are the fields of written that Arrow can read as such.
var tensors = []string{"vector", "tensor", "wide"}

// store writes src to a file and returns its path.
func store(t *testing.T, src loader.Source, o parquet.WriteOptions) string {
	t.Helper()
	ld, err := loader.New(src, loader.Config{BatchSize: 100})
	if err != nil {
		t.Fatal(err)
	}
	defer ld.Close()
	path := filepath.Join(t.TempDir(), "a.parquet")
	if _, err := parquet.Write(t.Context(), path, ld.All(t.Context()), o); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestPyArrowReads has PyArrow read what Write has written: tensors as such.
func TestPyArrowReads(t *testing.T) {
	path := store(t, written(t), parquet.WriteOptions{RowsPerGroup: 300, Tensors: tensors})
	want := python(t, "tensors", path)[path]
	types := []string{
		"int int64", "tokens list<element: int32 not null>", "vector fixed_size_list<element: float>[6]",
		"tensor extension<arrow.fixed_shape_tensor[value_type=float, shape=[3,2]]>",
		"wide extension<arrow.fixed_shape_tensor[value_type=int64, shape=[1,1]]>", "pixels fixed_size_binary[4]", "text string", "texts list<element: string not null>",
	}
	if !slices.Equal(want["types"], types) {
		t.Errorf("types are\n%s, want\n%s", strings.Join(want["types"], "\n"), strings.Join(types, "\n"))
	}
	got := dump(t, path, parquet.Options{})
	for _, name := range []string{"vector", "tensor", "wide"} {
		same(t, name, got[name], want[name])
	}
}

// TestPyArrow reads a table that PyArrow has written as Parquet and as Feather: it is
// the same.
func TestPyArrow(t *testing.T) {
	files := python(t, "arrow", t.TempDir())
	if len(files) != 3 {
		t.Fatalf("%d tables", len(files))
	}
	for path := range files {
		t.Run(filepath.Base(path), func(t *testing.T) { sameTable(t, path+".parquet", path+".feather") })
	}
}

// sameTable compares fields and rows of a Parquet file with those of a Feather file.
func sameTable(t *testing.T, inParquet, inFeather string) {
	a, err := parquet.Open(inParquet, parquet.Options{})
	if err != nil {
		t.Fatal(err)
	}
	b, err := feather.Open(inFeather, feather.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Spec()) != len(b.Spec()) {
		t.Errorf("%d fields in Parquet, %d in Feather", len(a.Spec()), len(b.Spec()))
	}
	for i, f := range a.Spec() {
		if g := b.Spec()[i]; f.Name != g.Name || f.DType != g.DType || f.Shape != g.Shape || f.Kind != g.Kind || !slices.Equal(f.Names, g.Names) {
			t.Errorf("field %v in Parquet, %v in Feather", f, g)
		}
	}
	got, want := dumpSource(t, a), dumpSource(t, b)
	for name := range want {
		same(t, name, got[name], want[name])
	}
}
