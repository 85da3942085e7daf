package raw_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/format/raw"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
	"github.com/stokerdata/stoker/shard"
)

// manifest writes a manifest beside the files a.jpg, b.jpg and sub/c.jpg.
func manifest(t testing.TB, name, content string) string {
	t.Helper()
	dir := tree(t, map[string]string{"a.jpg": "one", "b.jpg": "two", "sub/c.jpg": "six", name: content})
	return filepath.Join(dir, name)
}

func TestManifestCSV(t *testing.T) {
	for _, c := range []struct{ name, content string }{
		{"m.csv", "path,age,weight,id,note\na.jpg,3,1.5,007,\"so, so\"\nsub/c.jpg,-4,2,010,\n"},
		{"m.tsv", "path\tage\tweight\tid\tnote\na.jpg\t3\t1.5\t007\tso, so\nsub/c.jpg\t-4\t2\t010\t\n"},
		{"bom.csv", "\ufeffpath,age,weight,id,note\r\na.jpg,3,1.5,007,\"so, so\"\r\n\r\nsub/c.jpg,-4,2,010,\r\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			src := must[*raw.Source](t)(raw.OpenManifest(manifest(t, c.name, c.content), raw.ManifestOptions{}))
			want := "[image uint8 (?) encoded image; age int64 (); weight float32 (); id uint8 (?) text; note uint8 (?) text]"
			if got := src.Spec().String(); got != want {
				t.Errorf("spec is\n%s, want\n%s", got, want)
			}
			images, err := all(t, src, loader.Config{}, "image")
			if err != nil {
				t.Fatal(err)
			}
			equal(t, images, []string{"one", "six"})
			equal(t, numbers[int64](t, src, "age"), []int64{3, -4})
			equal(t, numbers[float32](t, src, "weight"), []float32{1.5, 2})
			ids, _ := all(t, src, loader.Config{}, "id")
			equal(t, ids, []string{"007", "010"})
			notes, _ := all(t, src, loader.Config{BatchSize: 2}, "note")
			equal(t, notes, []string{"so, so", ""})
		})
	}
}

func TestManifestFields(t *testing.T) {
	path := manifest(t, "m.csv", "file,class,grade,ok,big\nb.jpg,dog,2,true,18446744073709551615\na.jpg,cat,0,0,1\n")
	src := must[*raw.Source](t)(raw.OpenManifest(path, raw.ManifestOptions{
		Path: "file", Field: "photo", Kind: kind.EncodedImage,
		Fields: loader.Spec{
			{Name: "grade", Kind: kind.Label, Names: []string{"bad", "fair", "good"}},
			{Name: "class", Kind: kind.Label},
			{Name: "ok", DType: dtype.Bool},
			{Name: "big", DType: dtype.Uint64},
			{Name: "file"},
		},
	}))
	want := "[photo uint8 (?) encoded image; grade int32 () label; class int32 () label; ok bool (); big uint64 (); file uint8 (?) text]"
	if got := src.Spec().String(); got != want {
		t.Errorf("spec is\n%s, want\n%s", got, want)
	}
	equal(t, src.Spec()[2].Names, []string{"cat", "dog"})
	equal(t, numbers[int32](t, src, "grade"), []int32{2, 0})
	equal(t, numbers[int32](t, src, "class"), []int32{1, 0})
	equal(t, numbers[bool](t, src, "ok"), []bool{true, false})
	equal(t, numbers[uint64](t, src, "big"), []uint64{1<<64 - 1, 1})
	files, _ := all(t, src, loader.Config{}, "file")
	equal(t, files, []string{"b.jpg", "a.jpg"})
}

// TestManifestTypes reads the largest value of each type, and one above.
func TestManifestTypes(t *testing.T) {
	for _, c := range []struct {
		t            dtype.Type
		most, beyond string
		want         []byte
	}{
		{dtype.Uint8, "255", "256", []byte{0xff}},
		{dtype.Int8, "-128", "-129", []byte{0x80}},
		{dtype.Uint16, "65535", "65536", binary.NativeEndian.AppendUint16(nil, 1<<16-1)},
		{dtype.Int16, "-32768", "-32769", binary.NativeEndian.AppendUint16(nil, 1<<15)},
		{dtype.Uint32, "4294967295", "-1", binary.NativeEndian.AppendUint32(nil, 1<<32-1)},
		{dtype.Int32, "-2147483648", "2147483648", binary.NativeEndian.AppendUint32(nil, 1<<31)},
		{dtype.Uint64, "18446744073709551615", "1e3", binary.NativeEndian.AppendUint64(nil, 1<<64-1)},
		{dtype.Int64, "-9223372036854775808", "9223372036854775808", binary.NativeEndian.AppendUint64(nil, 1<<63)},
		{dtype.Float32, "3.4028235e38", "3.5e38", binary.NativeEndian.AppendUint32(nil, math.Float32bits(math.MaxFloat32))},
		{dtype.Float64, "1.7976931348623157e308", "1.8e308", binary.NativeEndian.AppendUint64(nil, math.Float64bits(math.MaxFloat64))},
		{dtype.Bool, "true", "maybe", []byte{1}},
	} {
		for _, m := range []struct{ name, format string }{{"m.csv", "path,x\na.jpg,%s\n"}, {"m.jsonl", `{"path": "a.jpg", "x": %s}`}} {
			o := raw.ManifestOptions{Fields: loader.Spec{{Name: "x", DType: c.t}}}
			src := must[*raw.Source](t)(raw.OpenManifest(manifest(t, m.name, fmt.Sprintf(m.format, c.most)), o))
			got, err := all(t, src, loader.Config{}, "x")
			if err != nil {
				t.Fatal(err)
			}
			equal(t, got, []string{string(c.want)})
			if _, err := raw.OpenManifest(manifest(t, m.name, fmt.Sprintf(m.format, c.beyond)), o); !errors.Is(err, loader.ErrCorrupt) {
				t.Errorf("%s as %v: error is %v", c.beyond, c.t, err)
			}
		}
	}
}

// detection is a manifest of joint targets.
const detection = `{"path": "a.jpg", "boxes": [[1, 2, 3, 4.5], [5, 6, 7, 8]], "what": ["dog", "cat"], "points": [[1, 2, 2]], "\u0077eight": 1}

{"weight": 2, "what": [], "points": [], "boxes": [], "path": "b.jpg", "extra": {"a": ["}", "\\\""]}}
  {"path":"sub\/c.jpg","boxes":[[0,0,1,1]],"what":["emu"],"points":[[9,9,0],[8,8,1]],"weight":-3}`

func TestManifestBoxes(t *testing.T) {
	src := must[*raw.Source](t)(raw.OpenManifest(manifest(t, "m.jsonl", detection), raw.ManifestOptions{Fields: loader.Spec{
		{Name: "boxes", Kind: kind.Boxes},
		{Name: "what", Kind: kind.Label, Follows: "boxes"},
		{Name: "points", Kind: kind.KeyPoints, Names: []string{"nose"}},
		{Name: "weight"},
	}}))
	want := "[image uint8 (?) encoded image; boxes float32 (?, 4) boxes; what int32 (?) label; points float32 (?, 3) key points; weight int64 ()]"
	if got := src.Spec().String(); got != want {
		t.Errorf("spec is\n%s, want\n%s", got, want)
	}
	if f := src.Spec(); f[1].Canvas != "image" || f[3].Canvas != "image" || f[2].Follows != "boxes" {
		t.Errorf("fields do not refer to each other: %+v", f)
	}
	equal(t, src.Spec()[2].Names, []string{"cat", "dog", "emu"})
	ld, err := loader.New(src, loader.Config{BatchSize: 3})
	if err != nil {
		t.Fatal(err)
	}
	defer ld.Close()
	for b, err := range ld.All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		equal(t, loader.View[float32](b.Tensor("boxes")), []float32{1, 2, 3, 4.5, 5, 6, 7, 8, 0, 0, 1, 1})
		equal(t, b.Offsets("boxes"), []int64{0, 2, 2, 3})
		equal(t, loader.View[int32](b.Tensor("what")), []int32{1, 0, 2})
		equal(t, b.Offsets("what"), []int64{0, 2, 2, 3})
		equal(t, loader.View[float32](b.Tensor("points")), []float32{1, 2, 2, 9, 9, 0, 8, 8, 1})
		equal(t, loader.View[int64](b.Tensor("weight")), []int64{1, 2, -3})
		if s := b.Row("boxes", 1).Shape; s != loader.Dims(0, 4) {
			t.Errorf("no boxes have the shape %v", s)
		}
	}
}

// Names that are numbers are what cells of CSV mean, and not the places of others.
func TestManifestNumericNames(t *testing.T) {
	o := raw.ManifestOptions{Fields: loader.Spec{{Name: "l", Kind: kind.Label, Names: []string{"1", "2", "3"}}}}
	src := must[*raw.Source](t)(raw.OpenManifest(manifest(t, "m.csv", "path,l\na.jpg,2\nb.jpg,1\n"), o))
	equal(t, numbers[int32](t, src, "l"), []int32{1, 0})
}

func TestManifestInference(t *testing.T) {
	for _, c := range []struct{ first, second, want string }{
		{"1", "-2", "int64 ()"},
		{"1", "2.0", "float32 ()"},
		{"1e3", "2", "float32 ()"},
		{"9223372036854775808", "1", "uint64 ()"},
		{"9223372036854775808", "-1", "float32 ()"},
		{"true", "false", "bool ()"},
		{`"a"`, `""`, "uint8 (?) text"},
		{`""`, `"a"`, "uint8 (?) text"},
		{"[1, 2]", "[3]", "int64 (?)"},
		{"[]", "[0.5]", "float32 (?)"},
		{"[]", "[]", "float32 (?)"},
		{"[[1, 2]]", "[[3, 4], [5, 6]]", "int64 (?, 2)"},
		{"[[[1], [2]]]", "[]", "int64 (?, 2, 1)"},
	} {
		path := manifest(t, "m.jsonl", fmt.Sprintf("{\"path\": \"a.jpg\", \"x\": %s}\n{\"path\": \"b.jpg\", \"x\": %s}", c.first, c.second))
		src, err := raw.OpenManifest(path, raw.ManifestOptions{})
		if err != nil {
			t.Errorf("%s and %s: %v", c.first, c.second, err)
			continue
		}
		if got := src.Spec()[1].String(); got != "x "+c.want {
			t.Errorf("%s and %s are %s, want %s", c.first, c.second, got, c.want)
		}
		if _, err := all(t, src, loader.Config{BatchSize: 2}, "x"); err != nil {
			t.Errorf("%s and %s: %v", c.first, c.second, err)
		}
		src.Close()
	}
}

func TestManifestCompressed(t *testing.T) {
	const content = "path,n\na.jpg,1\nb.jpg,2\n"
	var gz, zst bytes.Buffer
	g := gzip.NewWriter(&gz)
	g.Write([]byte(content))
	g.Close()
	z, _ := zstd.NewWriter(&zst)
	z.Write([]byte(content))
	z.Close()
	for name, data := range map[string]string{"m.csv.gz": gz.String(), "m.CSV.zst": zst.String()} {
		path := manifest(t, name, data)
		src := must[*raw.Source](t)(raw.OpenManifest(path, raw.ManifestOptions{}))
		equal(t, numbers[int64](t, src, "n"), []int64{1, 2})
		for n := range len(data) {
			put(t, path, data[:n])
			if _, err := raw.OpenManifest(path, raw.ManifestOptions{}); err == nil {
				t.Errorf("%s cut to %d of %d bytes is no error", name, n, len(data))
			}
		}
	}
}

func TestManifestErrors(t *testing.T) {
	boxes := loader.Spec{{Name: "b", Kind: kind.Boxes}}
	small := format.Limits{RecordBytes: 200, ShardRecords: 2, Columns: 3, BlockBytes: 1000}
	long := strings.Repeat("x", 5000)
	for _, c := range []struct {
		name, file, content string
		o                   raw.ManifestOptions
		is                  error
		want                string
	}{
		{"leads out", "m.csv", "path\na.jpg\n../b.jpg\n", raw.ManifestOptions{}, loader.ErrCorrupt, `m.csv: line 3, column "path": the path leads out`},
		{"leads out within", "m.csv", "path\nsub/../../b.jpg\n", raw.ManifestOptions{}, loader.ErrCorrupt, `line 2, column "path": the path leads out`},
		{"absolute", "m.csv", "path\n/etc/hostname\n", raw.ManifestOptions{}, loader.ErrCorrupt, `line 2, column "path": the path leads out`},
		{"missing file", "m.csv", "path\nz.jpg\n", raw.ManifestOptions{}, fs.ErrNotExist, `line 2, column "path"`},
		{"directory", "m.csv", "path\nsub\n", raw.ManifestOptions{}, loader.ErrCorrupt, "sub: not a regular file"},
		{"empty path", "m.csv", "path,n\n,1\n", raw.ManifestOptions{}, loader.ErrCorrupt, "no path"},
		{"zero byte", "m.csv", "path\na\x00.jpg\n", raw.ManifestOptions{}, loader.ErrCorrupt, "zero byte"},
		{"zero byte in JSON", "m.jsonl", `{"path": "a\u0000"}`, raw.ManifestOptions{}, loader.ErrCorrupt, "zero byte"},
		{"no path column", "m.csv", "file\na.jpg\n", raw.ManifestOptions{}, loader.ErrSpec, `no column "path" among ["file"]`},
		{"no such column", "m.csv", "path\na.jpg\n", raw.ManifestOptions{Fields: boxes}, loader.ErrSpec, `no column "b"`},
		{"two columns", "m.csv", "path,n,n\na.jpg,1,2\n", raw.ManifestOptions{}, loader.ErrCorrupt, `column "n" twice`},
		{"two keys", "m.jsonl", `{"path": "a.jpg", "path": "b.jpg"}`, raw.ManifestOptions{}, loader.ErrCorrupt, "twice"},
		{"two keys in row 2", "m.jsonl", "{\"path\": \"a.jpg\"}\n{\"path\": \"a.jpg\", \"p\\u0061th\": \"b.jpg\"}", raw.ManifestOptions{}, loader.ErrCorrupt, "line 2: column"},
		{"unnamed column", "m.csv", ",path\n0,a.jpg\n", raw.ManifestOptions{}, loader.ErrSpec, "column 1 has no name"},
		{"bad number", "m.csv", "path,n\na.jpg,1\nb.jpg,x\n", raw.ManifestOptions{Fields: loader.Spec{{Name: "n", DType: dtype.Int16}}}, loader.ErrCorrupt, `line 3, column "n": not a number of type int16`},
		{"number out of range", "m.csv", "path,n\na.jpg,70000\n", raw.ManifestOptions{Fields: loader.Spec{{Name: "n", DType: dtype.Uint16}}}, loader.ErrCorrupt, "out of the range of uint16"},
		{"float out of range", "m.jsonl", `{"path": "a.jpg", "n": 1e400}`, raw.ManifestOptions{}, loader.ErrCorrupt, "out of the range of float32"},
		{"missing value", "m.csv", "path,n\na.jpg,1\nb.jpg,\n", raw.ManifestOptions{}, loader.ErrCorrupt, `line 3, column "n": no value`},
		{"missing key", "m.jsonl", "{\"path\": \"a.jpg\", \"n\": 1}\n{\"path\": \"b.jpg\"}", raw.ManifestOptions{}, loader.ErrCorrupt, `line 2: column "n": no value`},
		{"null", "m.jsonl", "{\"path\": \"a.jpg\", \"n\": null}", raw.ManifestOptions{}, loader.ErrCorrupt, `line 1, column "n": no value`},
		{"new key", "m.jsonl", "{\"path\": \"a.jpg\"}\n{\"path\": \"b.jpg\", \"n\": 1}", raw.ManifestOptions{}, loader.ErrCorrupt, `line 2: column "n" is not in the first row`},
		{"cells too many", "m.csv", "path\na.jpg\nb.jpg,1\n", raw.ManifestOptions{}, loader.ErrCorrupt, "line 3"},
		{"lone quote", "m.csv", "path\n\"a.jpg\n", raw.ManifestOptions{}, loader.ErrCorrupt, "line 2"},
		{"endless quote", "m.csv", "path\n\"a.jpg\n" + long, raw.ManifestOptions{Limits: format.Limits{RecordBytes: 200}}, loader.ErrCorrupt, "a row is longer than 200 bytes"},
		{"long line", "m.jsonl", "{\"path\": \"a.jpg\"}\n{\"path\": \"" + long, raw.ManifestOptions{Limits: format.Limits{RecordBytes: 200}}, loader.ErrCorrupt, "line 2: a row is longer than 200 bytes"},
		{"too many rows", "m.csv", "path\na.jpg\na.jpg\na.jpg\n", raw.ManifestOptions{Limits: small}, loader.ErrCorrupt, "line 4: more than 2 rows"},
		{"too many columns", "m.csv", "path,a,b,c\na.jpg,1,2,3\n", raw.ManifestOptions{Limits: small}, loader.ErrCorrupt, "4 columns, the limit is 3"},
		{"too large", "m.csv", "path\n" + strings.Repeat("a.jpg\n", 300), raw.ManifestOptions{Limits: format.Limits{BlockBytes: 1000}}, loader.ErrCorrupt, "too much"},
		{"no rows", "m.csv", "path,n\n", raw.ManifestOptions{}, loader.ErrCorrupt, "no rows"},
		{"empty", "m.csv", "", raw.ManifestOptions{}, loader.ErrCorrupt, "no rows"},
		{"empty lines", "m.jsonl", "\n\n", raw.ManifestOptions{}, loader.ErrCorrupt, "no rows"},
		{"not UTF-8", "m.csv", "path,s\na.jpg,\xff\xfe\n", raw.ManifestOptions{}, loader.ErrCorrupt, `line 2, column "s": text is not UTF-8`},
		{"UTF-16", "m.csv", "\xff\xfep\x00a\x00t\x00h\x00\n\x00", raw.ManifestOptions{}, loader.ErrCorrupt, "must be UTF-8"},
		{"bad JSON", "m.jsonl", "{\"path\": \"a.jpg\"}\n{\"path\": \"a.jpg\",}", raw.ManifestOptions{}, loader.ErrCorrupt, "line 2: bad JSON at byte 18"},
		{"deep JSON", "m.jsonl", strings.Repeat("[", 1e6), raw.ManifestOptions{}, loader.ErrCorrupt, "line 1: not a JSON object"},
		{"deep value", "m.jsonl", `{"path": "a.jpg", "x": ` + strings.Repeat("[", 9999) + strings.Repeat("]", 9999) + "}", raw.ManifestOptions{}, loader.ErrCorrupt, "lists deeper than 5"},
		{"object", "m.jsonl", `{"path": "a.jpg", "x": {"y": 1}}`, raw.ManifestOptions{}, loader.ErrCorrupt, `line 1, column "x": an object`},
		{"three corners", "m.jsonl", `{"path": "a.jpg", "b": [[1, 2, 3]]}`, raw.ManifestOptions{Fields: boxes}, loader.ErrSpec, `column "b": lists of 3 values for shape (?, 4)`},
		{"flat box", "m.jsonl", `{"path": "a.jpg", "b": [1, 2, 3, 4]}`, raw.ManifestOptions{Fields: boxes}, loader.ErrSpec, `column "b": lists 1 deep`},
		{"three ends", "m.jsonl", `{"path": "a.jpg", "b": [[1, 2, 3]]}`, raw.ManifestOptions{Fields: loader.Spec{{Name: "b", Kind: kind.Spans}}}, loader.ErrSpec, `column "b": lists of 3 values for shape (?, 2)`},
		{"lists of texts", "m.jsonl", `{"path": "a.jpg", "b": ["x", "y"]}`, raw.ManifestOptions{}, loader.ErrSpec, `column "b": lists of texts`},
		{"uneven boxes", "m.jsonl", "{\"path\": \"a.jpg\", \"b\": [[1, 2, 3, 4]]}\n{\"path\": \"a.jpg\", \"b\": [[1, 2, 3, 4], [5, 6]]}", raw.ManifestOptions{Fields: boxes}, loader.ErrCorrupt, `line 2, column "b": a list of 2 values, those before it have 4`},
		{"mixed depth", "m.jsonl", "{\"path\": \"a.jpg\", \"b\": [[]]}\n{\"path\": \"a.jpg\", \"b\": 7}", raw.ManifestOptions{}, loader.ErrCorrupt, `line 2, column "b"`},
		{"mixed types", "m.jsonl", "{\"path\": \"a.jpg\", \"b\": \"x\"}\n{\"path\": \"a.jpg\", \"b\": 7}", raw.ManifestOptions{}, loader.ErrCorrupt, `line 2, column "b": not a text`},
		{"fixed shape", "m.jsonl", "{\"path\": \"a.jpg\", \"b\": [1, 2]}\n{\"path\": \"a.jpg\", \"b\": [1]}", raw.ManifestOptions{Fields: loader.Spec{{Name: "b", Shape: loader.Dims(2)}}}, loader.ErrCorrupt, `line 2, column "b": 1 values for shape (2)`},
		{"shape within", "m.jsonl", `{"path": "a.jpg", "b": [[1]]}`, raw.ManifestOptions{Fields: loader.Spec{{Name: "b", Shape: loader.Dims(-1, -1)}}}, loader.ErrSpec, "only the first dimension may vary"},
		{"half floats", "m.csv", "path,b\na.jpg,1\n", raw.ManifestOptions{Fields: loader.Spec{{Name: "b", DType: dtype.Float16}}}, loader.ErrSpec, "float16"},
		{"strange class", "m.csv", "path,b\na.jpg,x\n", raw.ManifestOptions{Fields: loader.Spec{{Name: "b", Kind: kind.Label, Names: []string{"y"}}}}, loader.ErrCorrupt, `class "x" is not among`},
		{"class number", "m.csv", "path,b\na.jpg,-1\n", raw.ManifestOptions{Fields: loader.Spec{{Name: "b", Kind: kind.Label, Names: []string{"y"}}}}, loader.ErrCorrupt, "class number -1 of 1"},
		{"followers", "m.jsonl", `{"path": "a.jpg", "b": [[1, 2, 3, 4]], "l": [1, 2]}`, raw.ManifestOptions{Fields: loader.Spec{boxes[0], {Name: "l", Kind: kind.Label, Follows: "b"}}}, loader.ErrCorrupt, `line 1, column "l": 2 values for 1 of "b"`},
		{"one field twice", "m.jsonl", `{"path": "a.jpg", "b": []}`, raw.ManifestOptions{Fields: loader.Spec{boxes[0], boxes[0]}}, loader.ErrSpec, `needs a name of its own, not "b"`},
		{"called as the file", "m.csv", "path,image\na.jpg,1\n", raw.ManifestOptions{}, loader.ErrSpec, `two fields are called "image"`},
		{"extension", "m.txt", "a.jpg", raw.ManifestOptions{}, nil, `".txt" is not one of`},
		{"no gzip", "m.csv.gz", "path\na.jpg\n", raw.ManifestOptions{}, loader.ErrCorrupt, "gzip"},
	} {
		t.Run(c.name, func(t *testing.T) {
			src, err := raw.OpenManifest(manifest(t, c.file, c.content), c.o)
			if err == nil {
				t.Fatalf("no error, but %v", src.Spec())
			}
			if !strings.HasPrefix(err.Error(), "raw: ") || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.file) {
				t.Errorf("error %v does not tell %s", err, c.want)
			}
			if c.is != nil && !errors.Is(err, c.is) {
				t.Errorf("error %v is not %v", err, c.is)
			}
			if len(err.Error()) > 400 {
				t.Errorf("error of %d bytes", len(err.Error()))
			}
		})
	}
}

func TestManifestLinks(t *testing.T) {
	outside := tree(t, map[string]string{"secret": "s", "d/secret": "s"})
	path := manifest(t, "m.csv", "path\nlink.jpg\n")
	dir := filepath.Dir(path)
	link := func(to, name string) {
		os.Remove(filepath.Join(dir, name))
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Skip(err)
		}
	}
	link("sub/c.jpg", "link.jpg")
	src := must[*raw.Source](t)(raw.OpenManifest(path, raw.ManifestOptions{}))
	got, _ := all(t, src, loader.Config{}, "image")
	equal(t, got, []string{"six"})

	link(filepath.Join(outside, "secret"), "link.jpg")
	if _, err := raw.OpenManifest(path, raw.ManifestOptions{}); !errors.Is(err, loader.ErrCorrupt) || !strings.Contains(err.Error(), "a link leads out") {
		t.Errorf("link to a file outside: error is %v", err)
	}
	must[*raw.Source](t)(raw.OpenManifest(path, raw.ManifestOptions{AllowOutside: true}))

	link(filepath.Join(outside, "d"), "folder")
	put(t, path, "path\nfolder/secret\n")
	if _, err := raw.OpenManifest(path, raw.ManifestOptions{}); !errors.Is(err, loader.ErrCorrupt) || !strings.Contains(err.Error(), "a link leads out") {
		t.Errorf("link to a folder outside: error is %v", err)
	}
	put(t, path, fmt.Sprintf("path\n%s\n../%s/secret\n", filepath.Join(outside, "secret"), filepath.Base(outside)))
	src = must[*raw.Source](t)(raw.OpenManifest(path, raw.ManifestOptions{AllowOutside: true}))
	got, _ = all(t, src, loader.Config{}, "image")
	equal(t, got, []string{"s", "s"})
}

// TestManifestFilesThatChange names the manifest and its row, and the file.
func TestManifestFilesThatChange(t *testing.T) {
	path := manifest(t, "m.csv", "path\na.jpg\nb.jpg\na.jpg\n")
	src := must[*raw.Source](t)(raw.OpenManifest(path, raw.ManifestOptions{}))
	put(t, filepath.Join(filepath.Dir(path), "b.jpg"), "longer")
	_, err := all(t, src, loader.Config{BatchSize: 3}, "image")
	e, ok := errors.AsType[*loader.SampleError](err)
	if !ok || e.ID != 1 || e.Row != 1 || e.Shard != path || !errors.Is(err, shard.ErrChanged) || !strings.Contains(err.Error(), "b.jpg") {
		t.Errorf("error %v does not tell which sample", err)
	}
	if _, err := raw.OpenManifest(path, raw.ManifestOptions{Limits: format.Limits{RecordBytes: 5}}); err == nil || strings.Count(err.Error(), "raw: ") != 1 {
		t.Errorf("file above the limit: error is %v", err)
	}
}

func TestManifestFIFO(t *testing.T) {
	path := manifest(t, "m.csv", "path\nfifo\n")
	if err := mkfifo(filepath.Join(filepath.Dir(path), "fifo")); err != nil {
		t.Skip(err)
	}
	if _, err := raw.OpenManifest(path, raw.ManifestOptions{}); err == nil || !strings.Contains(err.Error(), "fifo: not a regular file") {
		t.Errorf("FIFO in the manifest: error is %v", err)
	}
	fifo := filepath.Join(filepath.Dir(path), "m2.csv")
	if err := mkfifo(fifo); err != nil {
		t.Fatal(err)
	}
	if _, err := raw.OpenManifest(fifo, raw.ManifestOptions{}); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("FIFO as the manifest: error is %v", err)
	}
}

// FuzzManifest opens manifests of any content: they give data or an error.
func FuzzManifest(f *testing.F) {
	f.Add("m.jsonl", detection)
	f.Add("m.csv", "path,age,class\na.jpg,3,\"x\ny\"\nsub/c.jpg,-4,2\n")
	f.Add("m.tsv", "path\tn\na.jpg\t1e5\n")
	f.Add("m.jsonl", `{"path": "a.jpg", "x": [[1, 2], [3, 4]], "y": ["\ud800"], "z": true}`)
	dir := tree(f, map[string]string{"a.jpg": "one", "b.jpg": "two", "sub/c.jpg": "six"})
	f.Fuzz(func(t *testing.T, name, content string) {
		switch name {
		case "m.jsonl", "m.csv", "m.tsv", "m.csv.gz", "m.jsonl.zst":
		default:
			t.Skip()
		}
		path := filepath.Join(dir, name)
		put(t, path, content)
		src, err := raw.OpenManifest(path, raw.ManifestOptions{})
		if err != nil {
			return
		}
		defer src.Close()
		n := 0
		for _, b := range src.Blocks() {
			n += b.Rows
		}
		images, err := all(t, src, loader.Config{BatchSize: 2}, "image")
		if err != nil || len(images) != n {
			t.Errorf("%d of %d images and %v", len(images), n, err)
		}
	})
}
