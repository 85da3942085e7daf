package jsonl_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/format/jsonl"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
	"github.com/stokerdata/stoker/loader/loadertest"
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

func open(t testing.TB, path string, o jsonl.Options) *jsonl.Source {
	t.Helper()
	src, err := jsonl.Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	return src
}

// values returns the rows of a field.
func values(t testing.TB, src loader.Source, name string) (rows []string) {
	t.Helper()
	for b := range loadertest.All(t, src, loader.Config{BatchSize: 2}) {
		for i := range b.Len() {
			v := b.Row(name, i)
			switch v.DType {
			case dtype.Uint8:
				rows = append(rows, fmt.Sprintf("%v%q", v.Shape, v.Data))
			case dtype.Bool:
				rows = append(rows, fmt.Sprint(v.Shape, v.Data))
			case dtype.Int32:
				rows = append(rows, fmt.Sprint(v.Shape, loader.View[int32](v)))
			case dtype.Int64:
				rows = append(rows, fmt.Sprint(v.Shape, loader.View[int64](v)))
			case dtype.Float32:
				rows = append(rows, fmt.Sprint(v.Shape, loader.View[float32](v)))
			}
		}
	}
	return rows
}

const people = `{"id": 1, "words": ["a", "", "b"], "tags": [1, 2], "name": "Ann\u0065 \"x\"", "ok": true, "box": [[1, 2, 3, 4]], "pos": [0.5, 1], "class": "cat", "extra": {"a": [1]}}

{"pos": [2, 3], "id": 2, "words": ["c"], "tags": [], "name": "", "ok": false, "box": [], "class": "dog", "extra": null}
{"id":3,"tags":[3],"words":["d","e"],"name":"ö","ok":true,"box":[[1,2,3,4],[5,6,7,8]],"pos":[4,5.5],"class":"c\u0061t"}`

func TestTypes(t *testing.T) {
	dir := folder(t, map[string]string{"a.jsonl": people})
	o := jsonl.Options{
		Columns: []string{"id", "tags", "name", "ok", "box", "pos", "class"},
		Fields: map[string]loader.Field{
			"box": {Kind: kind.Boxes}, "pos": {Shape: loader.Dims(2)}, "class": {Kind: kind.Label, Names: []string{"dog", "cat"}},
		},
	}
	if got, want := fmt.Sprint(open(t, dir, o).Spec()), "[id int64 (); tags int64 (?); name uint8 (?) text; ok bool (); box float32 (?, 4) boxes; pos float32 (2); class int32 () label]"; got != want {
		t.Errorf("fields are\n%s\nwant\n%s", got, want)
	}
	for name, want := range map[string][]string{
		"id":    {"() [1]", "() [2]", "() [3]"},
		"tags":  {"(2) [1 2]", "(0) []", "(1) [3]"},
		"name":  {`(8)"Anne \"x\""`, `(0)""`, `(2)"ö"`},
		"ok":    {"() [1]", "() [0]", "() [1]"},
		"box":   {"(1, 4) [1 2 3 4]", "(0, 4) []", "(2, 4) [1 2 3 4 5 6 7 8]"},
		"pos":   {"(2) [0.5 1]", "(2) [2 3]", "(2) [4 5.5]"},
		"class": {"() [1]", "() [0]", "() [1]"},
	} {
		if got := values(t, open(t, dir, o), name); !slices.Equal(got, want) {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

// TestTexts reads lists of texts, and of names of classes.
func TestTexts(t *testing.T) {
	lines := []string{
		`{"id": 0, "tags": ["a", "", "\u00f6\n"], "labels": ["cat", "dog"], "pair": ["dog", "c\u0061t"]}`,
		`{"id": 1, "tags": null, "labels": [], "pair": ["dog", "dog"]}`,
		`{"id": 2, "tags": [], "labels": ["cat"], "pair": ["cat", "cat"]}`,
		`{"id": 3, "tags": ["ok", 7], "labels": [], "pair": ["cat", "cat"]}`,
		`{"id": 4, "tags": ["ok", null], "labels": [], "pair": ["cat", "cat"]}`,
		`{"id": 5, "tags": "ok", "labels": [], "pair": ["cat", "cat"]}`,
		`{"id": 6, "tags": ["ok"], "labels": ["cow"], "pair": ["cat", "cat"]}`,
		`{"id": 7, "tags": ["ok"], "labels": [], "pair": ["cat"]}`,
		`{"id": 8, "tags": ["much too long"], "labels": [], "pair": ["cat", "cat"]}`,
		`{"id": 9, "tags": ["", "", "", ""], "labels": [], "pair": ["cat", "cat"]}`,
		`{"id": 10, "tags": ["x", "yz"], "labels": [], "pair": ["cat", "dog"]}`,
	}
	dir := folder(t, map[string]string{"a.jsonl": strings.Join(lines, "\n")})
	names := []string{"dog", "cat"}
	o := jsonl.Options{Infer: 3, Limits: format.Limits{ValueBytes: 12}, Columns: []string{"id", "tags", "labels", "pair"}, Fields: map[string]loader.Field{
		"labels": {Kind: kind.Label, Names: names}, "pair": {Kind: kind.Label, Names: names, Shape: loader.Dims(2)},
	}}
	src := open(t, dir, o)
	if got, want := fmt.Sprint(src.Spec()), "[id int64 (); tags uint8 (?) texts; tags.lengths int32 (?) lengths; tags.valid bool (); labels int32 (?) label; pair int32 (2) label]"; got != want {
		t.Errorf("fields are\n%s\nwant\n%s", got, want)
	}
	for _, touched := range [][]loader.Transform{nil, {touch{}}} { // by columns and by rows
		ld, err := loader.New(open(t, dir, o), loader.Config{BatchSize: 11, OnError: loader.Skip(20), Transforms: touched})
		if err != nil {
			t.Fatal(err)
		}
		for b, err := range ld.All(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			got := fmt.Sprintf("%d %q %d %d %v", loader.View[int64](b.Tensor("id")), b.Tensor("tags").Data, b.Offsets("tags"), b.Offsets("tags.lengths"), b.Tensor("tags.valid").Data)
			if want := `[0 1 2 10] "aö\nxyz" [0 4 4 4 7] [0 3 3 3 5] [1 0 1 1]`; got != want {
				t.Errorf("whole rows are %s, want %s", got, want)
			}
			got = fmt.Sprint(loader.View[int32](b.Tensor("tags.lengths")), loader.View[int32](b.Tensor("labels")), loader.View[int32](b.Tensor("pair")))
			if want := "[1 0 3 1 2] [1 0 1] [0 1 0 0 1 1 1 0]"; got != want {
				t.Errorf("lengths and labels are %s, want %s", got, want)
			}
		}
		for id, want := range []string{
			3: `line 4: column "tags": not a text`, `line 5: column "tags": not a text`, `line 6: column "tags": not a list of texts`, `line 7: column "labels": class "cow"`,
			`line 8: column "pair": a list of 1`, `line 9: column "tags": a value of more bytes than Limits.ValueBytes`, `line 10: column "tags": a value of more bytes`,
		} {
			if want == "" {
				continue
			}
			if _, err := ld.Trace(t.Context(), 0, int64(id), 0); !errors.Is(err, loader.ErrCorrupt) || !strings.Contains(err.Error(), want) {
				t.Errorf("row %d: %v, want an error with %q", id, err, want)
			}
		}
		ld.Close()
	}
}

// touch is a transform that changes nothing, by rows.
type touch struct{}

func (touch) Bind(in loader.Spec) (loader.Stage, error) {
	return loader.Stage{Out: in, Row: func(*loader.Worker, *loader.Sample) error { return nil }}, nil
}

func TestNulls(t *testing.T) {
	dir := folder(t, map[string]string{"a.jsonl": `{"s": "x", "n": 1}` + "\n" + `{"n": null, "x": 1.5}` + "\n" + `{"s": null, "n": 2, "x": null}`})
	src := open(t, dir, jsonl.Options{})
	if got, want := fmt.Sprint(src.Spec()), "[s uint8 (?) text; s.valid bool (); n int64 (); n.valid bool (); x float32 ()]"; got != want {
		t.Errorf("fields are %s, want %s", got, want)
	}
	for name, want := range map[string][]string{
		"s": {`(1)"x"`, `(0)""`, `(0)""`}, "s.valid": {"() [1]", "() [0]", "() [0]"}, "n": {"() [1]", "() [0]", "() [2]"}, "x": {"() [NaN]", "() [1.5]", "() [NaN]"},
	} {
		if got := values(t, open(t, dir, jsonl.Options{}), name); !slices.Equal(got, want) {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if got := values(t, open(t, dir, jsonl.Options{Nulls: format.NullZero}), "x"); !slices.Equal(got, []string{"() [0]", "() [1.5]", "() [0]"}) {
		t.Errorf("x is %q", got)
	}
}

// TestDamagedRows checks what the errors of rows tell, and that others are whole.
func TestDamagedRows(t *testing.T) {
	lines := []string{
		`{"n": 1, "l": [1, 2]}`,
		`{"n": 2, "l": [1, 2}`,    // line 2
		`{"n": "x", "l": [1, 2]}`, // line 3
		`{"n": 4, "l": [1]}`,
		`{"n": 5, "l": [1, 2, 3]}`,
		`{"n": 6, "l": [1, null]}`,
		`{"n": 7, "l": [[1, 2]]}`,
		`{"n": 8, "l": 1}`,
		`{"n": 9, "l": [1, 2], "n": 9}`,
		`[1]`,
		`{"n": 11, "l": [1, 300]}`,
		`{"n": 12, "l": [1, 2]} {}`,
		`{"n": 13, "l": [1, 2], "unwanted": [1,]}`,
		`{"n": 14, "l": [3, 4]}`,
	}
	dir := folder(t, map[string]string{"a.jsonl": strings.Join(lines, "\n")})
	src := open(t, dir, jsonl.Options{Infer: 1, Columns: []string{"n", "l"}, Fields: map[string]loader.Field{"l": {DType: dtype.Uint8, Shape: loader.Dims(2)}}})
	ld, err := loader.New(src, loader.Config{BatchSize: 14, OnError: loader.Skip(20)})
	if err != nil {
		t.Fatal(err)
	}
	defer ld.Close()
	for b, err := range ld.All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(loader.View[int64](b.Tensor("n")), b.Tensor("l").Data); got != "[1 14] [1 2 3 4]" {
			t.Errorf("whole rows are %s", got)
		}
	}
	for id, want := range []string{
		1: "line 2: bad JSON", `line 3: column "n": not a number of type int64`, `line 4: column "l": a list of 1 for shape (2)`, `line 5: column "l": too many values`,
		`line 6: column "l": not a number of type uint8`, `line 7: column "l": lists deeper than shape (2)`, `line 8: column "l": lists 0 deep`,
		`line 9: column "n" twice`, "line 10: not a JSON object", `line 11: column "l": out of the range of uint8`, "at byte 24", "line 13: bad JSON",
	} {
		if id == 0 {
			continue
		}
		if _, err := ld.Trace(t.Context(), 0, int64(id), 0); !errors.Is(err, loader.ErrCorrupt) || !strings.Contains(err.Error(), want) {
			t.Errorf("row %d: %v, want an error with %q", id, err, want)
		}
	}
}

// Blocks of short numbers in long lists tell that they become larger than their text.
func TestMemory(t *testing.T) {
	const n = 10_000
	dir := folder(t, map[string]string{"a.jsonl": `{"l": [1` + strings.Repeat(",1", n-1) + `]}` + "\n"})
	for _, ty := range []dtype.Type{dtype.Uint8, dtype.Float64} {
		src := open(t, dir, jsonl.Options{Fields: map[string]loader.Field{"l": {DType: ty}}})
		if b := src.Blocks()[0]; b.Memory < b.Bytes+int64(n*ty.Size()) || b.Memory > 2*b.Bytes+int64(n*ty.Size()) {
			t.Errorf("%d values of %v take %d bytes", n, ty, b.Memory)
		}
	}
}

// An error says once that data is damaged.
func TestDamagedTexts(t *testing.T) {
	dir := folder(t, map[string]string{"a.jsonl": `{"s": "x"}` + "\n" + `{"s": 1}`})
	ld, err := loader.New(open(t, dir, jsonl.Options{Infer: 1}), loader.Config{BatchSize: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer ld.Close()
	_, err = ld.Trace(t.Context(), 0, 1, 0)
	if !errors.Is(err, loader.ErrCorrupt) || strings.Count(fmt.Sprint(err), loader.ErrCorrupt.Error()) != 1 {
		t.Errorf("a number among texts: %v", err)
	}
}

func TestOpenRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		o    jsonl.Options
		want error
	}{
		"no rows":        {"\n", jsonl.Options{}, loader.ErrCorrupt},
		"damage":         {`{"a": 1}` + "\n{", jsonl.Options{}, loader.ErrCorrupt},
		"objects":        {`{"a": {}}`, jsonl.Options{}, loader.ErrCorrupt},
		"mixed":          {`{"a": 1}` + "\n" + `{"a": [1]}`, jsonl.Options{}, loader.ErrCorrupt},
		"no columns":     {"{}", jsonl.Options{}, loader.ErrSpec},
		"many columns":   {`{"a": 1, "b": 2}`, jsonl.Options{Limits: format.Limits{Columns: 1}}, loader.ErrCorrupt},
		"no name":        {`{"": 0, "a": 1}`, jsonl.Options{}, loader.ErrSpec},
		"no such column": {`{"a": 1}`, jsonl.Options{Columns: []string{"b"}}, loader.ErrSpec},
		"shape":          {`{"a": [1]}`, jsonl.Options{Fields: map[string]loader.Field{"a": {Shape: loader.Dims(-1, 2)}}}, loader.ErrSpec},
		"large":          {`{"a": [1]}`, jsonl.Options{Fields: map[string]loader.Field{"a": {Shape: loader.Dims(1 << 28)}}}, loader.ErrCorrupt},
		"mask":           {`{"a": null, "a.valid": 1}`, jsonl.Options{Fields: map[string]loader.Field{"a": {DType: dtype.Int64}}}, loader.ErrSpec},
	} {
		dir := folder(t, map[string]string{"a.jsonl": c.text})
		if src, err := jsonl.Open(dir, c.o); !errors.Is(err, c.want) || src != nil {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func TestConformance(t *testing.T) {
	dir := folder(t, map[string]string{"a.jsonl": strings.Repeat(people[:strings.LastIndex(people, "\n")+1], 20), "b.jsonl": "\n\n", "c.ndjson": people})
	o := jsonl.Options{
		Columns: []string{"id", "tags", "name", "ok", "box", "pos", "class", "late", "words"},
		Fields:  map[string]loader.Field{"class": {Kind: kind.Label, Names: []string{"dog", "cat"}}, "late": {DType: dtype.Int32}},
	}
	loadertest.Source(t, func() loader.Source { return open(t, dir, o) })
	src := open(t, dir, o)
	defer src.Close()
	loadertest.Allocs(t, src, loader.Config{BatchSize: 10}, 0)
}

// FuzzOpen reads files of any bytes as JSON lines and, by loader.Trace, each of their
// rows.
func FuzzOpen(f *testing.F) {
	f.Add([]byte(people))
	f.Add([]byte(`{"a": ["x", "", "\u00f6"]}` + "\n" + `{"a": []}` + "\n" + `{"a": ["y"]}`))
	f.Add([]byte(`{"a": [[1, 2], [3, 4]]}` + "\n" + `{"a": []}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		dir := folder(t, map[string]string{"a.jsonl": string(text)})
		src, err := jsonl.Open(dir, jsonl.Options{Infer: 2})
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

func Example() {
	path := filepath.Join(os.TempDir(), "stoker-example.jsonl")
	if err := os.WriteFile(path, []byte(`{"text": "good", "scores": [1, 2]}`+"\n"+`{"text": "bad", "scores": []}`+"\n"), 0o666); err != nil {
		log.Fatal(err)
	}
	defer os.Remove(path)
	src, err := jsonl.Open(path, jsonl.Options{})
	if err != nil {
		log.Fatal(err)
	}
	ld, err := loader.New(src, loader.Config{BatchSize: 2})
	if err != nil {
		log.Fatal(err)
	}
	defer ld.Close()
	for b, err := range ld.All(context.Background()) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(string(b.Row("text", 0).Data), loader.View[int64](b.Tensor("scores")), b.Offsets("scores"))
	}
	// Output: good [1 2] [0 2 2]
}
