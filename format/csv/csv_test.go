package csv_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"log"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/format/csv"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
	"github.com/stokerdata/stoker/loader/loadertest"
	"github.com/stokerdata/stoker/shard"
)

// folder returns a folder of the given files.
func folder(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func open(t testing.TB, path string, o csv.Options) *csv.Source {
	t.Helper()
	src, err := csv.Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	return src
}

// text returns all fields of all rows.
func text(t testing.TB, src loader.Source) (rows []string) {
	t.Helper()
	for b := range loadertest.All(t, src, loader.Config{BatchSize: 3}) {
		for i := range b.Len() {
			var row strings.Builder
			for _, f := range b.Spec() {
				v := b.Row(f.Name, i)
				switch f.DType {
				case dtype.Uint8:
					fmt.Fprintf(&row, "%q ", v.Data)
				case dtype.Bool:
					fmt.Fprint(&row, v.Data, " ")
				case dtype.Int32:
					fmt.Fprint(&row, loader.View[int32](v), " ")
				case dtype.Int64:
					fmt.Fprint(&row, loader.View[int64](v), " ")
				case dtype.Float32:
					fmt.Fprint(&row, loader.View[float32](v), " ")
				case dtype.Float64:
					fmt.Fprint(&row, loader.View[float64](v), " ")
				}
			}
			rows = append(rows, strings.TrimSpace(row.String()))
		}
	}
	return rows
}

func TestTypes(t *testing.T) {
	dir := folder(t, map[string]string{
		"a.csv": "\ufeffid,x,s,ok,class\r\n1,1.5,\"a, \"\"b\"\"\r\nc\",true,dog\r\n\r\n-2,,,false,cat\r\n",
		"b.csv": "s,class,x,ok,id,more\nlast,cat,1e3,true,9223372036854775807,\"x\ny\"", // no end of the line
	})
	o := csv.Options{
		Columns: []string{"id", "x", "s", "ok", "class"},
		Fields:  map[string]loader.Field{"ok": {DType: dtype.Bool}, "class": {Kind: kind.Label, Names: []string{"cat", "dog"}}},
	}
	src := open(t, dir, o)
	if got, want := fmt.Sprint(src.Spec()), "[id int64 (); x float32 (); s uint8 (?) text; ok bool (); class int32 () label]"; got != want {
		t.Errorf("fields are %s, want %s", got, want)
	}
	want := []string{`[1] [1.5] "a, \"b\"\nc" [1] [1]`, `[-2] [NaN] "" [0] [0]`, `[9223372036854775807] [1000] "last" [1] [0]`}
	if got := text(t, src); !slices.Equal(got, want) {
		t.Errorf("rows are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestHeader(t *testing.T) {
	dir := folder(t, map[string]string{"a.tsv": "1\tx\n2\ty\n"})
	for _, path := range []string{dir, filepath.Join(dir, "a.tsv"), filepath.Join(dir, "*")} {
		got := text(t, open(t, path, csv.Options{Header: []string{"n", "s"}}))
		if want := []string{`[1] "x"`, `[2] "y"`}; !slices.Equal(got, want) {
			t.Errorf("rows are %q, want %q", got, want)
		}
	}
}

// Compressed files are read from where they are unpacked to.
func TestUnpackDir(t *testing.T) {
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	fmt.Fprint(w, "n\ts\n1\tx\n2\ty\n")
	w.Close()
	dir := folder(t, map[string]string{"a.tsv.gz": z.String(), "b.tsv": "n\ts\n3\tz\n"})
	got := text(t, open(t, dir, csv.Options{UnpackDir: t.TempDir()}))
	if want := []string{`[1] "x"`, `[2] "y"`, `[3] "z"`}; !slices.Equal(got, want) {
		t.Errorf("rows are %q, want %q", got, want)
	}
	if got := text(t, open(t, dir, csv.Options{})); len(got) != 1 {
		t.Errorf("without a directory to unpack to, rows are %q", got)
	}
	if _, err := csv.Open(filepath.Join(dir, "a.tsv.gz"), csv.Options{}); !errors.Is(err, loader.ErrSpec) || !strings.Contains(err.Error(), "UnpackDir") {
		t.Errorf("got %v", err)
	}
	cut := folder(t, map[string]string{"a.csv.gz": z.String()[:z.Len()-9]})
	if _, err := csv.Open(cut, csv.Options{UnpackDir: t.TempDir()}); !errors.Is(err, loader.ErrCorrupt) || !strings.Contains(err.Error(), "a.csv.gz") {
		t.Errorf("a file that was cut off gives %v", err)
	}
	if _, err := csv.Open(dir, csv.Options{UnpackDir: t.TempDir(), Pool: shard.PoolConfig{Root: dir}}); !errors.Is(err, loader.ErrSpec) {
		t.Errorf("with a Root: %v", err)
	}
}

// Files of both kinds are rows of one only where Comma says of which.
func TestCommasAndTabs(t *testing.T) {
	dir := folder(t, map[string]string{"a.csv": "n,s\n1,x\n", "b.tsv": "n,s\n2,y\n"})
	_, err := csv.Open(dir, csv.Options{})
	if !errors.Is(err, loader.ErrSpec) || !strings.Contains(err.Error(), "a.csv") || !strings.Contains(err.Error(), `b.tsv '\t'`) {
		t.Errorf("got %v", err)
	}
	got := text(t, open(t, dir, csv.Options{Comma: ','}))
	if want := []string{`[1] "x"`, `[2] "y"`}; !slices.Equal(got, want) {
		t.Errorf("rows are %q, want %q", got, want)
	}
}

// An empty file has no rows, and no names that could be wrong.
func TestEmptyFiles(t *testing.T) {
	dir := folder(t, map[string]string{"a.csv": "", "b.csv": "1,x\n", "c.csv": "", "d.csv": "2,y\n"})
	got := text(t, open(t, dir, csv.Options{Header: []string{"n", "s"}}))
	if want := []string{`[1] "x"`, `[2] "y"`}; !slices.Equal(got, want) {
		t.Errorf("rows are %q, want %q", got, want)
	}
}

// A cell of a label is a class number of Names, or one of Names that are numbers.
func TestClasses(t *testing.T) {
	for _, c := range []struct {
		cells []string
		field loader.Field
		want  []any
	}{
		{[]string{"1", "0", "2", "-1"}, loader.Field{Names: []string{"cat", "dog"}}, []any{1, 0, "class number 2 of 2", "class number -1 of 2"}},
		{[]string{"9", "0", "10"}, loader.Field{Names: strings.Split("0123456789", "")}, []any{9, 0, "class number 10 of 10"}},
		{[]string{"1", "2", "3", "0"}, loader.Field{Names: []string{"1", "2", "3"}}, []any{0, 1, 2, "not among the 3"}},
		{[]string{"7", "cat"}, loader.Field{Names: []string{"cat", "7"}}, []any{1, 0}},
		{[]string{"7", "-8"}, loader.Field{}, []any{7, -8}},
	} {
		c.field.Kind = kind.Label
		dir := folder(t, map[string]string{"a.csv": "l\n" + strings.Join(c.cells, "\n")})
		ld, err := loader.New(open(t, dir, csv.Options{Infer: 1, Fields: map[string]loader.Field{"l": c.field}}), loader.Config{BatchSize: 1})
		if err != nil {
			t.Fatal(err)
		}
		for id, want := range c.want {
			var got any
			row, err := ld.Trace(t.Context(), 0, int64(id), 0)
			if got = err; err == nil {
				got = loader.View[int32](row.Fields[0])[0]
			}
			if !strings.Contains(fmt.Sprint(got), fmt.Sprint(want)) {
				t.Errorf("%q of %q is %v, want %v", c.cells[id], c.field.Names, got, want)
			}
		}
		ld.Close()
	}
}

func TestNulls(t *testing.T) {
	dir := folder(t, map[string]string{"a.csv": "n,x\n1,\n,2.5\n3,4\n"})
	for nulls, want := range map[format.Nulls][]string{
		format.NullMask: {"[1] [1] [NaN]", "[0] [0] [2.5]", "[3] [1] [4]"},
		format.NullZero: {"[1] [0]", "[0] [2.5]", "[3] [4]"},
	} {
		got := text(t, open(t, dir, csv.Options{Nulls: nulls, Columns: []string{"n", "x"}}))
		if nulls == format.NullMask { // the mask lies behind its column
			if spec := fmt.Sprint(open(t, dir, csv.Options{}).Spec()); spec != "[n int64 (); n.valid bool (); x float32 ()]" {
				t.Errorf("fields are %s", spec)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%v: rows are %q, want %q", nulls, got, want)
		}
	}
	if err := first(t, open(t, dir, csv.Options{Nulls: format.NullError})); !errors.Is(err, loader.ErrSpec) || !strings.Contains(err.Error(), `line 2: column "x": is null`) {
		t.Errorf("a null gives %v", err)
	}
	late := folder(t, map[string]string{"a.csv": "n\n1\n2\n\"\"\n"})
	if err := first(t, open(t, late, csv.Options{Infer: 2})); !errors.Is(err, loader.ErrSpec) || !strings.Contains(err.Error(), "Options.Nullable") {
		t.Errorf("a late null gives %v", err)
	}
	got := text(t, open(t, late, csv.Options{Infer: 2, Nullable: []string{"n"}}))
	if want := []string{"[1] [1]", "[2] [1]", "[0] [0]"}; !slices.Equal(got, want) {
		t.Errorf("rows are %q, want %q", got, want)
	}
}

// first returns the error that ends a stream.
func first(t *testing.T, src loader.Source) error {
	t.Helper()
	ld, err := loader.New(src, loader.Config{BatchSize: 2})
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

// TestDamagedRows checks that a row that is damaged costs itself alone, and that its
// error tells where it is.
func TestDamagedRows(t *testing.T) {
	dir := folder(t, map[string]string{"a.csv": "n,s\n1,a\n2\n3,\"b\nb\"\nx,c\n5,\"d\"d\n6,\xff\n7,e\n8," + strings.Repeat("x", 100)})
	want := []string{"line 3: 1 cells, must be 2", `line 6: column "n": not a number of type int64`, "line 7: cell 2: text behind the quote", `line 8: column "s": text is not UTF-8`, "line 10: a row of 102 bytes"}
	ld, err := loader.New(open(t, dir, csv.Options{Infer: 1, Limits: format.Limits{RecordBytes: 100}}), loader.Config{BatchSize: 2, OnError: loader.Skip(10)})
	if err != nil {
		t.Fatal(err)
	}
	defer ld.Close()
	var got []int64
	for b, err := range ld.All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, loader.View[int64](b.Tensor("n"))...)
	}
	if !slices.Equal(got, []int64{1, 3, 7}) {
		t.Errorf("whole rows are %v", got)
	}
	for id, text := range map[int64]string{1: want[0], 3: want[1], 4: want[2], 5: want[3], 7: want[4]} {
		_, err := ld.Trace(t.Context(), 0, id, 0)
		var at *loader.SampleError
		if !errors.Is(err, loader.ErrCorrupt) || !strings.Contains(err.Error(), text) || !errors.As(err, &at) || at.Row != id || !strings.HasSuffix(at.Shard, "a.csv") {
			t.Errorf("row %d: %v, want an error with %q", id, err, text)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		o    csv.Options
		want error
	}{
		"no rows":          {"a,b\n", csv.Options{}, loader.ErrCorrupt},
		"nothing":          {"", csv.Options{}, loader.ErrCorrupt},
		"UTF-16":           {"\xff\xfea\x00", csv.Options{}, loader.ErrCorrupt},
		"twice":            {"a,a\n1,2\n", csv.Options{}, loader.ErrCorrupt},
		"no name":          {",a\n0,1\n", csv.Options{}, loader.ErrSpec},
		"no such column":   {"a\n1\n", csv.Options{Columns: []string{"b"}}, loader.ErrSpec},
		"no such field":    {"a\n1\n", csv.Options{Fields: map[string]loader.Field{"b": {}}}, loader.ErrSpec},
		"no such nullable": {"a\n1\n", csv.Options{Nullable: []string{"b"}}, loader.ErrSpec},
		"half":             {"a\n1\n", csv.Options{Fields: map[string]loader.Field{"a": {DType: dtype.Float16}}}, loader.ErrSpec},
		"list":             {"a\n1\n", csv.Options{Fields: map[string]loader.Field{"a": {Shape: loader.Dims(2)}}}, loader.ErrSpec},
		"classes":          {"a\nx\n", csv.Options{Fields: map[string]loader.Field{"a": {Kind: kind.Label}}}, loader.ErrSpec},
		"comma":            {"a\n1\n", csv.Options{Comma: '"'}, loader.ErrSpec},
		"nulls":            {"a\n1\n", csv.Options{Nulls: 9}, loader.ErrSpec},
		"a long first row": {"a\n" + strings.Repeat("x", 200), csv.Options{Limits: format.Limits{RecordBytes: 100}}, loader.ErrCorrupt},
		"a long row":       {"a\n\"" + strings.Repeat("x", 3<<20), csv.Options{Limits: format.Limits{RecordBytes: 1 << 20}}, loader.ErrCorrupt},
		"many rows":        {"a\n1\n2\n", csv.Options{Limits: format.Limits{ShardRecords: 1}}, loader.ErrCorrupt},
		"many columns":     {"a,b\n1,2\n", csv.Options{Limits: format.Limits{Columns: 1}}, loader.ErrCorrupt},
	} {
		dir := folder(t, map[string]string{"a.csv": c.text})
		if src, err := csv.Open(dir, c.o); !errors.Is(err, c.want) || src != nil {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if _, err := csv.Open(filepath.Join(folder(t, map[string]string{"a.csv.gz": "x"}), "a.csv.gz"), csv.Options{}); !errors.Is(err, loader.ErrSpec) {
		t.Errorf("a compressed file gives %v", err)
	}
	if _, err := csv.Open(folder(t, map[string]string{"a.csv": "a\n1\n", "b.csv": "b\n1\n"}), csv.Options{}); !errors.Is(err, loader.ErrSpec) || !strings.Contains(err.Error(), "b.csv") {
		t.Errorf("a file of other columns gives %v", err)
	}
}

// table returns a file of many blocks, with lines in quotes.
func table(rows int) string {
	var b strings.Builder
	b.WriteString("id,x,s\n")
	for i := range rows {
		fmt.Fprintf(&b, "%d,%g,\"%s\"\n", i, math.Sqrt(float64(i)), strings.Repeat("a\n", i%50))
	}
	return b.String()
}

func TestBlocks(t *testing.T) {
	dir := folder(t, map[string]string{"a.csv": table(60_000)})
	src := open(t, dir, csv.Options{})
	defer src.Close()
	if n := len(src.Blocks()); n < 3 {
		t.Fatalf("%d blocks", n)
	}
	next := int64(0)
	for b := range loadertest.All(t, src, loader.Config{BatchSize: 100}) {
		for i, id := range loader.View[int64](b.Tensor("id")) {
			if x := loader.View[float32](b.Tensor("x"))[i]; id != next || x != float32(math.Sqrt(float64(id))) || len(b.Row("s", i).Data) != int(id%50)*2 {
				t.Fatalf("row %d is %d, %v, %q", next, id, x, b.Row("s", i).Data)
			}
			next++
		}
	}
	if next != 60_000 {
		t.Errorf("%d rows", next)
	}
}

func TestConformance(t *testing.T) {
	dir := folder(t, map[string]string{"a.csv": table(70), "b.csv": "id,x,s\n", "c.csv": "x,id,s\n1,2,\n,3,y"})
	opened := func() loader.Source { return open(t, dir, csv.Options{}) }
	loadertest.Source(t, opened)
	indexes := t.TempDir()
	loadertest.Source(t, func() loader.Source { return open(t, dir, csv.Options{IndexDir: indexes}) })
	src := opened()
	loadertest.Allocs(t, src, loader.Config{BatchSize: 10}, 0)
}

func Example() {
	path := filepath.Join(os.TempDir(), "stoker-example.csv")
	if err := os.WriteFile(path, []byte("age,income,job\n31,1800.5,baker\n45,,\"cook, head\"\n28,2100,baker\n"), 0o666); err != nil {
		log.Fatal(err)
	}
	defer os.Remove(path)
	src, err := csv.Open(path, csv.Options{})
	if err != nil {
		log.Fatal(err)
	}
	ld, err := loader.New(src, loader.Config{BatchSize: 3})
	if err != nil {
		log.Fatal(err)
	}
	defer ld.Close()
	for b, err := range ld.All(context.Background()) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(loader.View[int64](b.Tensor("age")), loader.View[float32](b.Tensor("income")), string(b.Row("job", 1).Data))
	}
	// Output: [31 45 28] [1800.5 NaN 2100] cook, head
}

// FuzzOpen reads files of any bytes as CSV and, by loader.Trace, each of their rows.
func FuzzOpen(f *testing.F) {
	f.Add([]byte("a,b\n1,\"x\ny\"\n\n2,\r\n"))
	f.Add([]byte("a\n1\n2.5\nx\n\"\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		dir := folder(t, map[string]string{"a.csv": string(text)})
		src, err := csv.Open(dir, csv.Options{Infer: 2})
		if err != nil {
			if !errors.Is(err, loader.ErrCorrupt) && !errors.Is(err, loader.ErrSpec) {
				t.Error(err)
			}
			return
		}
		ld, err := loader.New(src, loader.Config{BatchSize: 1})
		if err != nil {
			t.Fatal(err)
		}
		defer ld.Close()
		for id := range ld.Len() {
			if _, err := ld.Trace(t.Context(), 0, id, 0); err != nil && !errors.Is(err, loader.ErrCorrupt) && !errors.Is(err, loader.ErrSpec) {
				t.Error(err)
			}
		}
	})
}
