package parquet

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	pq "github.com/parquet-go/parquet-go"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/format/internal/arrowschema"
	"github.com/stokerdata/stoker/format/mem"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
	"github.com/stokerdata/stoker/loader/loadertest"
)

// textsRow has lists of texts in every encoding.
type textsRow struct {
	Plain  []string `parquet:"plain,list" parquet-element:",plain"`
	Dict   []string `parquet:"dict,list" parquet-element:",dict,snappy"`
	Length []string `parquet:"length,list" parquet-element:",delta,zstd"`
	Bare   [][]byte `parquet:"bare"`
	Boxes  []struct {
		Name string `parquet:"name,dict"`
		X    int32  `parquet:"x"`
	} `parquet:"boxes,list"`
	Map map[string]int32 `parquet:"map"`
}

func textsRows(n int) []textsRow {
	rows := make([]textsRow, n)
	for i := range rows {
		r := &rows[i]
		for k := range i % 4 {
			s := strings.Repeat("ö", k%3) + fmt.Sprint(i/4%7)
			if k == 2 {
				s = ""
			}
			r.Plain, r.Dict, r.Length = append(r.Plain, s), append(r.Dict, s), append(r.Length, s)
			r.Bare = append(r.Bare, []byte(s))
			r.Boxes = append(r.Boxes, struct {
				Name string `parquet:"name,dict"`
				X    int32  `parquet:"x"`
			}{s, int32(k)})
		}
		r.Map = map[string]int32{fmt.Sprint("key ", i): int32(i)}
	}
	return rows
}

// wordsOfTexts returns the fields of a list in the words of dump.
func wordsOfTexts(name string, list []string) string {
	lengths := make([]int, len(list))
	for i, s := range list {
		lengths[i] = len(s)
	}
	all := []byte(strings.Join(list, ""))
	return fmt.Sprintf("%s(%d)=%d %s.lengths(%d)=%d", name, len(all), all, name, len(list), lengths)
}

// TestTexts reads lists of texts in all encodings and versions of pages, by blocks
// and by rows.
func TestTexts(t *testing.T) {
	rows := textsRows(50)
	var want []string
	for i, r := range rows {
		var xs []int32
		for _, b := range r.Boxes {
			xs = append(xs, b.X)
		}
		want = append(want, strings.Join([]string{wordsOfTexts("plain", r.Plain), wordsOfTexts("dict", r.Dict), wordsOfTexts("length", r.Length), wordsOfTexts("bare", r.Plain),
			wordsOfTexts("boxes.name", r.Plain), fmt.Sprintf("boxes.x(%d)=%d", len(xs), xs), wordsOfTexts("map.key", []string{fmt.Sprint("key ", i)}), fmt.Sprintf("map.value(1)=[%d]", i)}, " "))
	}
	for _, o := range []pq.WriterOption{pq.DataPageVersion(1), pq.DataPageVersion(2), pq.PageBufferSize(100), pq.MaxRowsPerRowGroup(7)} {
		src, err := openBytes(structs(t, rows, o), Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got, want := fmt.Sprint(src.Spec()[:2], src.Spec()[6:8]), "[plain uint8 (?) texts; plain.lengths int32 (?) lengths] [bare uint8 (?); bare.lengths int32 (?) lengths]"; got != want {
			t.Errorf("spec is %s, want %s", got, want)
		}
		got, err := dumpSource(src)
		check(t, got, err, want...)
		byRow, err := src.ByRow()
		if err != nil {
			t.Fatal(err)
		}
		got, err = dumpSource(byRow)
		check(t, got, err, want...)
	}
}

// TestTextsDeltas reads lists in DELTA_BYTE_ARRAY, which parquet-go has no tag for.
func TestTextsDeltas(t *testing.T) {
	type row struct {
		Texts []string `parquet:"texts,list"`
	}
	schema := pq.NewSchema("x", pq.Group{"texts": pq.List(pq.Encoded(pq.String(), &pq.DeltaByteArray))})
	var rows []row
	var want []string
	for i := range 40 {
		r := row{Texts: []string{fmt.Sprint("prefix ", i), fmt.Sprint("prefix ", i, i)}}
		rows, want = append(rows, r), append(want, wordsOfTexts("texts", r.Texts))
	}
	got, err := dump(t, save(t, structs(t, rows, schema, pq.PageBufferSize(100))), Options{})
	check(t, got, err, want...)
}

// TestTextsNulls has lists that are null, and texts in them.
func TestTextsNulls(t *testing.T) {
	type row struct {
		A []*string `parquet:"a,optional,list"`
		B []string  `parquet:"b,optional,list"`
	}
	schema := pq.NewSchema("x", pq.Group{"a": pq.Optional(pq.List(pq.Optional(pq.String()))), "b": pq.Optional(pq.List(pq.String()))})
	data := structs(t, []row{{[]*string{new("x"), nil, new("yz")}, []string{"b"}}, {nil, nil}, {[]*string{nil}, []string{"", "c"}}}, schema)
	got, err := dump(t, save(t, data), Options{Columns: []string{"b"}})
	check(t, got, err, "b(1)=[98] b.lengths(1)=[1] b.valid()=[true]", "b(0)=[] b.lengths(0)=[] b.valid()=[false]", "b(1)=[99] b.lengths(2)=[0 1] b.valid()=[true]")
	got, err = dump(t, save(t, data), Options{Columns: []string{"a"}, Nulls: format.NullZero})
	check(t, got, err, "a(3)=[120 121 122] a.lengths(3)=[1 0 2]", "a(0)=[] a.lengths(0)=[]", "a(0)=[] a.lengths(1)=[0]")
	_, err = dump(t, save(t, data), Options{Columns: []string{"a"}})
	fails(t, err, loader.ErrSpec, `column "a"`, "null inside a list")
	_, err = dump(t, save(t, data), Options{Columns: []string{"b"}, Nulls: format.NullError})
	fails(t, err, loader.ErrSpec, `column "b"`, "is null")
}

// TestTextsArrow reads what Arrow's schema tells of lists of texts: their number,
// and that they are labels.
func TestTextsArrow(t *testing.T) {
	type row struct {
		A []string `parquet:"a,list"`
		B []string `parquet:"b,list" parquet-element:",dict"`
		C []string `parquet:"c,list" parquet-element:",plain"`
	}
	rows := []row{{[]string{"1", "22"}, []string{"x", "y", "x"}, []string{"q", "p"}}, {[]string{"", "333"}, nil, []string{"p", "p"}}}
	fields := map[string]arrowschema.Field{"a": fixed(2, arrowschema.Field{Type: arrowschema.Utf8}),
		"b": {Type: arrowschema.List, Children: []arrowschema.Field{dictionary()}}, "c": fixed(2, dictionary())}
	data := structs(t, rows, arrowSchema(fields, "abc"))
	o := Options{Fields: map[string]loader.Field{"c": {Names: []string{"p", "q"}}}}
	src, err := openBytes(data, o)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(src.Spec()), "[a uint8 (?) texts; a.lengths int32 (2) lengths; b int32 (?) label; c int32 (2) label]"; got != want {
		t.Errorf("spec is %s, want %s", got, want)
	}
	got, err := dumpSource(src)
	check(t, got, err, "a(3)=[49 50 50] a.lengths(2)=[1 2] b(3)=[0 1 0] c(2)=[1 0]", "a(3)=[51 51 51] a.lengths(2)=[0 3] b(0)=[] c(2)=[0 0]")
	got, err = dump(t, save(t, data), Options{Columns: []string{"b"}, Fields: map[string]loader.Field{"b": {DType: dtype.Uint8, Kind: kind.EncodedImage}}})
	check(t, got, err, "b(3)=[120 121 120] b.lengths(3)=[1 1 1]", "b(0)=[] b.lengths(0)=[]")

	rows[1].A = []string{"one"}
	_, err = dump(t, save(t, structs(t, rows, arrowSchema(fields, "abc"))), o)
	fails(t, err, loader.ErrCorrupt, `column "a"`, "Arrow's schema")
}

func TestTextsRefused(t *testing.T) {
	type row struct {
		A []string `parquet:"a,list"`
		L int32    `parquet:"a.lengths"`
	}
	path := save(t, structs(t, []row{{A: []string{"x", "yy"}}}))
	_, err := dump(t, path, Options{})
	fails(t, err, loader.ErrSpec, "two columns", "lengths")
	for _, f := range []loader.Field{{DType: dtype.Int32}, {Shape: loader.Dims(3)}, {Name: "b"}} {
		_, err := dump(t, path, Options{Columns: []string{"a"}, Fields: map[string]loader.Field{"a": f}})
		fails(t, err, loader.ErrSpec, `column "a"`)
	}
	_, err = dump(t, path, Options{Columns: []string{"a"}, Joins: []format.Join{{Into: "j", Columns: []string{"a"}}}})
	fails(t, err, loader.ErrSpec, "a")
	_, err = dump(t, path, Options{Columns: []string{"a"}, Limits: format.Limits{ValueBytes: 2}})
	fails(t, err, loader.ErrCorrupt, `column "a"`, "the limit is 2")
}

// TestTextsBomb has a dictionary with one large text that is named many times.
func TestTextsBomb(t *testing.T) {
	type row struct {
		A []string `parquet:"a,list" parquet-element:",dict"`
	}
	rows := make([]row, 1000)
	for i := range rows {
		rows[i].A = []string{strings.Repeat("x", 1<<16)}
	}
	_, err := dump(t, save(t, structs(t, rows)), Options{Limits: format.Limits{BlockBytes: 1 << 20}})
	fails(t, err, loader.ErrCorrupt, `column "a"`, "more than 1048576 bytes")
}

// textsSource returns n rows with lists of texts and of bytes.
func textsSource(t testing.TB, n int) loader.Source {
	var tags, photos [][]byte
	var lengths, sizes [][]int32
	for i := range n {
		var list []int32
		var all []byte
		for k := range i % 4 {
			all = fmt.Appendf(all, "tag %d", i*k)
			list = append(list, int32(len(fmt.Sprint("tag ", i*k))))
		}
		tags, lengths = append(tags, all), append(lengths, list)
		photos, sizes = append(photos, bytes.Repeat([]byte{0xff}, 3*i)), append(sizes, []int32{int32(i), int32(2 * i)})
	}
	src, err := mem.Columns(loader.Spec{
		{Name: "tags", DType: dtype.Uint8, Shape: loader.Dims(-1), Kind: kind.Texts},
		{Name: "tags.lengths", DType: dtype.Int32, Shape: loader.Dims(-1), Kind: kind.Lengths, Canvas: "tags"},
		{Name: "photos.lengths", DType: dtype.Int32, Shape: loader.Dims(2), Kind: kind.Lengths, Canvas: "photos"},
		{Name: "photos", DType: dtype.Uint8, Shape: loader.Dims(-1), Kind: kind.EncodedImage},
	}, mem.Varying(tags), mem.Varying(lengths), mem.Of(flat(sizes)), mem.Varying(photos))
	if err != nil {
		t.Fatal(err)
	}
	return src
}

func flat(rows [][]int32) (all []int32) {
	for _, r := range rows {
		all = append(all, r...)
	}
	return all
}

// TestTextsWritten writes lists of texts as such, and reads them back.
func TestTextsWritten(t *testing.T) {
	src := textsSource(t, 40)
	path := filepath.Join(t.TempDir(), "a.parquet")
	for _, columns := range [][]string{nil, {"tags", "photos"}, {"photos.lengths", "tags"}} {
		if _, err := Write(t.Context(), path, batches(t, src, 9), WriteOptions{Columns: columns, RowsPerGroup: 13}); err != nil {
			t.Fatal(err)
		}
		loadertest.Source(t, func() loader.Source {
			src, err := Open(path, Options{})
			if err != nil {
				t.Fatal(err)
			}
			return src
		})
	}
	if _, err := Write(t.Context(), path, batches(t, src, 9), WriteOptions{RowsPerGroup: 13}); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	f, err := pq.OpenFile(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	if got := f.Schema().String(); !strings.Contains(got, "LIST") || strings.Contains(got, "lengths") {
		t.Errorf("schema is %s", got)
	}
	back, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(back.Spec()), "[tags uint8 (?) texts; tags.lengths int32 (?) lengths; photos uint8 (?) encoded image; photos.lengths int32 (2) lengths]"; got != want {
		t.Errorf("spec is %s, want %s", got, want)
	}
	loadertest.Allocs(t, back, loader.Config{BatchSize: 10}, 0)
	got, err := dump(t, path, Options{})
	if err != nil || got[3] != wordsOfTexts("tags", []string{"tag 0", "tag 3", "tag 6"})+" photos(9)=[255 255 255 255 255 255 255 255 255] photos.lengths(2)=[3 6]" {
		t.Errorf("%v, row 3 is %s", err, got[3])
	}
}

// TestTextsDamage flips bits of a file that Write made, and cuts it everywhere.
func TestTextsDamage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.parquet")
	if _, err := Write(t.Context(), path, batches(t, textsSource(t, 5), 3), WriteOptions{Columns: []string{"tags", "tags.lengths"}, RowsPerGroup: 3}); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want, err := readDamaged(t, data, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for n := range data {
		if s, err := readDamaged(t, data[:n], Options{}); err == nil {
			t.Fatalf("%d of %d bytes read as %s", n, len(data), s)
		}
	}
	for bit := 0; bit < 8*len(data); bit += 3 { // odd, so that all bits of a byte have their turn
		data[bit/8] ^= 1 << (bit % 8)
		if got, err := readDamaged(t, data, Options{}); err == nil && got != want {
			t.Fatalf("bit %d of byte %d changes the data unnoticed:\n%s\n%s", bit%8, bit/8, got, want)
		}
		data[bit/8] ^= 1 << (bit % 8)
	}
}
