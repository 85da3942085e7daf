package parquet

import (
	"fmt"
	"testing"

	pq "github.com/parquet-go/parquet-go"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/format/internal/arrowschema"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
)

// dictionary is a dictionary of texts.
func dictionary() arrowschema.Field {
	return arrowschema.Field{Type: arrowschema.Utf8, Dict: &arrowschema.Dictionary{Size: 8, Signed: true}}
}

type labelRow struct {
	A string  `parquet:"a,dict,zstd"`
	B *string `parquet:"b,optional,dict"`
	C string  `parquet:"c,plain"`
	D int32   `parquet:"d"`
}

// labelFile has labels in row groups of 5 rows, each with a dictionary of its own;
// those of the second column may be null, and the third has no dictionary.
func labelFile(t *testing.T, o ...pq.WriterOption) ([]byte, []labelRow) {
	rows := make([]labelRow, 18)
	for i := range rows {
		rows[i] = labelRow{A: fmt.Sprint("class ", i/2%5), C: fmt.Sprint(i % 2), D: int32(i)}
		if i%4 != 1 {
			rows[i].B = new(fmt.Sprint(20 - i))
		}
	}
	fields := map[string]arrowschema.Field{"a": dictionary(), "b": dictionary(), "c": dictionary()}
	return structs(t, rows, append(o, arrowSchema(fields, "abcd"), pq.MaxRowsPerRowGroup(5))...), rows
}

// TestClassesDeltas reads labels behind the dictionary, as writers that give it up leave
// them: in DELTA_LENGTH_BYTE_ARRAY or DELTA_BYTE_ARRAY.
func TestClassesDeltas(t *testing.T) {
	type row struct{ A, B string }
	schema := pq.NewSchema("x", pq.Group{"A": pq.Encoded(pq.String(), &pq.DeltaLengthByteArray), "B": pq.Encoded(pq.String(), &pq.DeltaByteArray)})
	fields := map[string]arrowschema.Field{"A": dictionary(), "B": dictionary()}
	var rows []row
	var names, want []string
	for i := range 5 {
		names = append(names, fmt.Sprintf("%.*s%d", i%3, "class", i))
	}
	for i := range 70 {
		a, b := i*i%5, i/3%5
		rows, want = append(rows, row{names[a], names[b]}), append(want, fmt.Sprintf("A()=[%d] B()=[%d]", a, b))
	}
	for version := 1; version <= 2; version++ {
		data := structs(t, rows, schema, arrowSchema(fields, "AB"), pq.DataPageVersion(version), pq.PageBufferSize(100))
		as := func(names []string) Options {
			return Options{Fields: map[string]loader.Field{"A": {Names: names}, "B": {Names: names}}}
		}
		got, err := dump(t, save(t, data), as(names))
		check(t, got, err, want...)
		_, err = dump(t, save(t, data), as(names[:4]))
		fails(t, err, loader.ErrSpec, `column "A"`, "not among the 4 of Names")
	}
}

// TestClasses reads dictionaries of texts as labels, by blocks and by rows.
func TestClasses(t *testing.T) {
	for version := 1; version <= 2; version++ {
		data, rows := labelFile(t, pq.DataPageVersion(version))
		o := Options{Nulls: format.NullZero, Fields: map[string]loader.Field{"c": {Names: []string{"1", "0"}}}}
		src, err := openBytes(data, o)
		if err != nil {
			t.Fatal(err)
		}
		var want []string
		names := map[string]int{}
		for _, r := range rows {
			b := 0
			if r.B != nil {
				if _, ok := names[*r.B]; !ok {
					names[*r.B] = len(names)
				}
				b = names[*r.B]
			}
			want = append(want, fmt.Sprintf("a()=[%d] b()=[%d] c()=[%d] d()=[%d]", r.D/2%5, b, 1-r.D%2, r.D))
		}
		for k, f := range src.Spec()[:3] {
			if f.DType != dtype.Int32 || f.Shape.Rank() != 0 || f.Kind != kind.Label || len(f.Names) != []int{5, len(names), 2}[k] {
				t.Errorf("field %v with the names %q", f, f.Names)
			}
		}
		if got := src.Spec()[0].Names[4]; got != "class 4" {
			t.Errorf("the fifth class is %q", got)
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

// TestClassesUnknown has classes that nobody has named, and reads them as texts.
func TestClassesUnknown(t *testing.T) {
	data, _ := labelFile(t)
	for column, o := range map[string]Options{
		"a": {Fields: map[string]loader.Field{"a": {Names: []string{"class 0", "class 1"}}}},
		"c": {},
	} {
		o.Columns = []string{column}
		_, err := dump(t, save(t, data), o)
		fails(t, err, loader.ErrSpec, fmt.Sprintf("column %q", column), "is not among", "Options.Fields")
	}
	o := Options{Columns: []string{"c", "a"}, Fields: map[string]loader.Field{"c": {DType: dtype.Uint8}, "a": {DType: dtype.Uint8}}}
	src, err := openBytes(data, o)
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(src.Spec()); got != "[c uint8 (?) text; a uint8 (?) text]" {
		t.Errorf("spec is %s", got)
	}
	got, err := dumpSource(src)
	if err != nil || got[1] != "c(1)=[49] a(7)=[99 108 97 115 115 32 48]" {
		t.Errorf("%v, %v", got, err)
	}
	_, err = openBytes(data, Options{Columns: []string{"a"}, Fields: map[string]loader.Field{"a": {DType: dtype.Float32}}})
	fails(t, err, loader.ErrSpec, `column "a"`, "float32")
	_, err = openBytes(data, Options{Columns: []string{"a"}, Limits: format.Limits{BlockBytes: 200}})
	fails(t, err, loader.ErrCorrupt, `column "a"`, "Limits.BlockBytes")
}
