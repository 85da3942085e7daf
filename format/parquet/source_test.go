package parquet

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	pq "github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/deprecated"
	pqformat "github.com/parquet-go/parquet-go/format"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/format/internal/arrowschema"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
)

// A record has what a struct with parquet-go's tags can say.
type record struct {
	ID     int64     `parquet:"id"`
	Name   string    `parquet:"name,dict,snappy"`
	Score  *float32  `parquet:"score,optional"`
	Count  *int32    `parquet:"count,optional,zstd"`
	Tokens []int32   `parquet:"tokens,list"`
	Old    []float64 `parquet:"old"` // a bare repeated column
	Pose   pose      `parquet:"pose"`
	Maybe  *pose     `parquet:"maybe,optional"`
	Hash   [4]byte   `parquet:"hash"`
}

type pose struct {
	X float32 `parquet:"x"`
	Y *int16  `parquet:"y,optional"`
}

func records() []record {
	return []record{
		{ID: 1, Name: "ant", Score: new(float32(0.5)), Count: new(int32(3)), Tokens: []int32{1, 2}, Old: []float64{1}, Pose: pose{X: 1, Y: new(int16(2))}, Hash: [4]byte{1, 2, 3, 4}},
		{ID: 2, Name: "bee", Tokens: nil, Maybe: &pose{X: 2}},
		{ID: 3, Name: "ant", Count: new(int32(0)), Tokens: []int32{3}, Old: []float64{2, 3}, Maybe: &pose{X: 3, Y: new(int16(-4))}},
	}
}

func TestStructs(t *testing.T) {
	got, err := dump(t, save(t, structs(t, records())), Options{})
	check(t, got, err,
		"id()=[1] name(3)=[97 110 116] score()=[0.5] count()=[3] count.valid()=[true] tokens(2)=[1 2] old(1)=[1] pose.x()=[1] pose.y()=[2] pose.y.valid()=[true] maybe.x()=[NaN] maybe.y()=[0] maybe.y.valid()=[false] hash(4)=[1 2 3 4]",
		"id()=[2] name(3)=[98 101 101] score()=[NaN] count()=[0] count.valid()=[false] tokens(0)=[] old(0)=[] pose.x()=[0] pose.y()=[0] pose.y.valid()=[false] maybe.x()=[2] maybe.y()=[0] maybe.y.valid()=[false] hash(4)=[0 0 0 0]",
		"id()=[3] name(3)=[97 110 116] score()=[NaN] count()=[0] count.valid()=[true] tokens(1)=[3] old(2)=[2 3] pose.x()=[0] pose.y()=[0] pose.y.valid()=[false] maybe.x()=[3] maybe.y()=[-4] maybe.y.valid()=[true] hash(4)=[0 0 0 0]",
	)
}

func TestProjection(t *testing.T) {
	path := save(t, structs(t, records()))
	got, err := dump(t, path, Options{Columns: []string{"tokens", "pose.y", "id"}, Nulls: format.NullZero})
	check(t, got, err,
		"tokens(2)=[1 2] pose.y()=[2] id()=[1]",
		"tokens(0)=[] pose.y()=[0] id()=[2]",
		"tokens(1)=[3] pose.y()=[0] id()=[3]")
	_, err = dump(t, path, Options{Columns: []string{"count"}, Nulls: format.NullError})
	fails(t, err, loader.ErrSpec, "a.parquet, row 1", `"count"`, "null")
}

// TestNulls reads what format.Nulls says.
func TestNulls(t *testing.T) {
	type rec struct {
		F *float32  `parquet:"f,optional"`
		I *int32    `parquet:"i,optional"`
		L []float32 `parquet:"l,optional,list"`
	}
	path := save(t, structs(t, []rec{{new(float32(1)), new(int32(2)), []float32{3}}, {nil, nil, nil}}))
	const whole = "f()=[1] i()=[2] l(1)=[3]"
	got, err := dump(t, path, Options{})
	check(t, got, err, "f()=[1] i()=[2] i.valid()=[true] l(1)=[3] l.valid()=[true]", "f()=[NaN] i()=[0] i.valid()=[false] l(0)=[] l.valid()=[false]")
	got, err = dump(t, path, Options{Nulls: format.NullZero})
	check(t, got, err, whole, "f()=[0] i()=[0] l(0)=[]")
	for _, column := range []string{"f", "i", "l"} {
		for _, stages := range [][]loader.Transform{nil, {touch{}}} {
			src, err := Open(path, Options{Columns: []string{column}, Nulls: format.NullError})
			if err != nil {
				t.Fatal(err)
			}
			ld, err := loader.New(src, loader.Config{BatchSize: 2, Transforms: stages, OnError: loader.Skip(1)})
			if err != nil {
				t.Fatal(err)
			}
			for b, err := range ld.All(t.Context()) {
				if err != nil || b.Len() != 1 || !strings.Contains(whole, row(b, 0)) {
					t.Errorf("column %s: %d rows are left, %v", column, b.Len(), err)
				}
			}
			if n := ld.Stats().Skipped; len(n) != 1 || n[0].ID != 1 {
				t.Errorf("column %s: skipped %v", column, n)
			}
			ld.Close()
		}
	}
}

// TestStoredShapes reads a file that lacks the column with the shapes.
func TestStoredShapes(t *testing.T) {
	type rec struct{ X []byte }
	spec := pq.KeyValueMetadata(format.SpecKey, `{"version":1,"fields":[{"name":"X","dtype":"uint8","shape":[-1,-1]}]}`)
	_, err := dump(t, save(t, structs(t, []rec{{[]byte{1}}}, spec)), Options{})
	fails(t, err, loader.ErrSpec, `no column "X.shape"`)
}

// TestNestedLists reads what the three forms of a list are in older files, and
// elements that are null.
func TestNestedLists(t *testing.T) {
	leaf := pq.Leaf(pq.Int32Type)
	for _, c := range []struct {
		name string
		node pq.Node
		defs [4]int // of: an element, a null element, an empty list, a null list; -1: there is no such thing
	}{
		{"three levels", pq.Optional(pq.List(pq.Optional(leaf))), [4]int{3, 2, 1, 0}},
		{"no null lists", pq.List(pq.Optional(leaf)), [4]int{2, 1, 0, -1}},
		{"no null elements", pq.Optional(pq.List(leaf)), [4]int{2, -1, 1, 0}},
		{"bare", pq.Repeated(leaf), [4]int{1, -1, 0, -1}},
		{"two levels", twoLevels(leaf), [4]int{1, -1, 0, -1}},
		{"within a struct", pq.Optional(pq.Group{"s": pq.Repeated(leaf)}), [4]int{2, -1, 1, 0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			rows := []pq.Row{{pq.Int32Value(5).Level(0, c.defs[0], 0), pq.Int32Value(6).Level(1, c.defs[0], 0)}, {pq.NullValue().Level(0, c.defs[2], 0)}}
			want := []string{"(2)=[5 6]", "(0)=[]"}
			if c.defs[3] >= 0 {
				rows = append(rows, pq.Row{pq.NullValue().Level(0, c.defs[3], 0)})
				want = append(want, "(0)=[]")
			}
			rows = append(rows, pq.Row{pq.Int32Value(7).Level(0, c.defs[0], 0)})
			want = append(want, "(1)=[7]")
			path := save(t, writeRows(t, pq.Group{"x": c.node}, rows))
			name := "x"
			if c.name == "within a struct" {
				name = "x.s"
			}
			for i := range want {
				want[i] = name + want[i]
			}
			got, err := dump(t, path, Options{Nulls: format.NullZero})
			check(t, got, err, want...)
			if c.defs[1] < 0 {
				return
			}
			path = save(t, writeRows(t, pq.Group{"x": c.node}, append(rows, pq.Row{pq.Int32Value(8).Level(0, c.defs[0], 0), pq.NullValue().Level(1, c.defs[1], 0)})))
			got, err = dump(t, path, Options{Nulls: format.NullZero})
			check(t, got, err, append(want, name+"(2)=[8 0]")...)
			_, err = dump(t, path, Options{})
			fails(t, err, loader.ErrSpec, fmt.Sprintf("row %d", len(want)), "null inside a list")
		})
	}
}

// TestSplitRows reads a list that pages cut, as the first version of them may.
func TestSplitRows(t *testing.T) {
	body := func(reps byte, values ...int32) []byte {
		n := len(values)
		b := []byte{2, 0, 0, 0, 3, reps, 2, 0, 0, 0, byte(n << 1), 1} // bits of reps; a run of definition levels 1
		for _, x := range values {
			b = binary.LittleEndian.AppendUint32(b, uint32(x))
		}
		return b
	}
	header := func(b []byte, n int32) (h pqformat.PageHeader) {
		h.UncompressedPageSize, h.CompressedPageSize = int32(len(b)), int32(len(b))
		h.DataPageHeader.V = pqformat.DataPageHeader{NumValues: n, DefinitionLevelEncoding: pqformat.RLE, RepetitionLevelEncoding: pqformat.RLE}
		h.DataPageHeader.Valid = true
		return h
	}
	one, two := body(0b010, 1, 2, 3), body(0b011, 4, 5, 6)
	second := header(two, 3)
	pages := slices.Concat(one, marshal(t, &second), two)
	for _, c := range []struct {
		rows int64
		want []string
	}{{3, []string{"x(2)=[1 2]", "x(3)=[3 4 5]", "x(1)=[6]"}}, {2, nil}} {
		data := rewritten(t, pages, header(one, 3), func(m *pqformat.FileMetaData) {
			m.Schema[1].RepetitionType.V, m.Schema[1].RepetitionType.Valid = pqformat.Repeated, true
			m.RowGroups[0].NumRows, m.RowGroups[0].Columns[0].MetaData.NumValues = c.rows, 6
		})
		got, err := dump(t, save(t, data), Options{})
		if c.want == nil {
			fails(t, err, loader.ErrCorrupt, "a.parquet", `"x"`, "rows")
			continue
		}
		check(t, got, err, c.want...)
	}
}

// twoLevels is the LIST of writers before 2014.
func twoLevels(of pq.Node) pq.Node { return annotated{pq.Group{"array": pq.Repeated(of)}} }

type annotated struct{ pq.Group }

func (annotated) Type() pq.Type { return pq.List(pq.Leaf(pq.Int32Type)).Type() }

func writeRows(t *testing.T, root pq.Node, rows []pq.Row, options ...pq.WriterOption) []byte {
	t.Helper()
	var b strings.Builder
	w := pq.NewWriter(&b, append(options, pq.NewSchema("t", root))...)
	if _, err := w.WriteRows(rows); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return []byte(b.String())
}

// TestFields gives columns shapes and meanings that the file does not know.
func TestFields(t *testing.T) {
	type rec struct {
		Emb   []float32 `parquet:"emb,list"`
		Boxes []float32 `parquet:"boxes,list"`
		Image [12]byte  `parquet:"image"`
		Blob  []byte    `parquet:"blob"`
		Maybe []float32 `parquet:"maybe,optional,list"`
		Label int64     `parquet:"label"`
	}
	rows := []rec{
		{Emb: []float32{1, 2}, Boxes: []float32{1, 2, 3, 4}, Image: [12]byte{9}, Blob: []byte{1, 0, 2, 0}, Maybe: []float32{5}, Label: 1},
		{Emb: []float32{3, 4}, Image: [12]byte{8}, Blob: []byte{3, 0, 4, 0}, Label: 0},
	}
	path := save(t, structs(t, rows))
	o := Options{Fields: map[string]loader.Field{
		"emb":   {Shape: loader.Dims(2)},
		"boxes": {Shape: loader.Dims(-1, 4), Kind: kind.Boxes, Canvas: "image"},
		"image": {Shape: loader.Dims(2, 2, 3), Kind: kind.Image},
		"blob":  {Shape: loader.Dims(2), DType: dtype.Int16},
		"label": {Kind: kind.Label, Names: []string{"no", "yes"}},
	}}
	got, err := dump(t, path, o)
	check(t, got, err,
		"emb(2)=[1 2] boxes(1, 4)=[1 2 3 4] image(2, 2, 3)=[9 0 0 0 0 0 0 0 0 0 0 0] blob(2)=[1 2] maybe(1)=[5] maybe.valid()=[true] label()=[1]",
		"emb(2)=[3 4] boxes(0, 4)=[] image(2, 2, 3)=[8 0 0 0 0 0 0 0 0 0 0 0] blob(2)=[3 4] maybe(0)=[] maybe.valid()=[false] label()=[0]")
	o.Fields["maybe"] = loader.Field{Shape: loader.Dims(1)}
	got, err = dump(t, path, o)
	check(t, got[1:], err, "emb(2)=[3 4] boxes(0, 4)=[] image(2, 2, 3)=[8 0 0 0 0 0 0 0 0 0 0 0] blob(2)=[3 4] maybe(1)=[NaN] label()=[0]")

	src, err := Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	if f := src.Spec()[1]; f.Kind != kind.Boxes || f.Canvas != "image" {
		t.Errorf("field %#v", f)
	}
	for _, c := range []struct {
		column string
		field  loader.Field
		words  string
	}{
		{"emb", loader.Field{Shape: loader.Dims(3)}, "row 0 (sample 0): decode: parquet: column \"emb\": 2 elements, shape (3) has 3"},
		{"boxes", loader.Field{Shape: loader.Dims(-1, 3)}, "row 0 (sample 0): decode: parquet: column \"boxes\": 4 elements do not fill shape (?, 3)"},
		{"blob", loader.Field{Shape: loader.Dims(3), DType: dtype.Int16}, "2 elements, shape (3) has 3"},
		{"image", loader.Field{Shape: loader.Dims(5)}, "FIXED_LEN_BYTE_ARRAY(12)"},
		{"image", loader.Field{Shape: loader.Dims(-1, 3)}, "fixed size"},
		{"emb", loader.Field{DType: dtype.Int32}, "cannot be read as int32"},
		{"emb", loader.Field{Name: "other"}, `"other"`},
		{"emb", loader.Field{Shape: loader.Dims(2, -1)}, "another dimension"},
		{"emb", loader.Field{Shape: loader.Dims(-1, 0)}, "cannot be read as float32 (?, 0)"},
		{"label", loader.Field{Shape: loader.Dims(2)}, "INT64"},
		{"lable", loader.Field{Kind: kind.Label}, `"lable", which is not read`},
	} {
		_, err := dump(t, path, Options{Fields: map[string]loader.Field{c.column: c.field}})
		fails(t, err, loader.ErrSpec, c.column, c.words)
	}
}

// shards writes files into one directory and returns it.
func shards(t *testing.T, files ...[]byte) string {
	dir := t.TempDir()
	for i, data := range files {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%d.parquet", i)), data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestShards(t *testing.T) {
	type a struct {
		X int32   `parquet:"x"`
		Y *string `parquet:"y,optional"`
	}
	type b struct { // other order, other nullability, another column
		Extra float64 `parquet:"extra"`
		Y     string  `parquet:"y"`
		X     *int32  `parquet:"x,optional"`
	}
	dir := shards(t, structs(t, []a{{1, new("1")}, {2, nil}}), structs[a](t, nil), structs(t, []b{{0, "3", nil}, {0, "", new(int32(4))}}))
	want := []string{
		"x()=[1] x.valid()=[true] y(1)=[49] y.valid()=[true]",
		"x()=[2] x.valid()=[true] y(0)=[] y.valid()=[false]",
		"x()=[0] x.valid()=[false] y(1)=[51] y.valid()=[true]",
		"x()=[4] x.valid()=[true] y(0)=[] y.valid()=[true]",
	}
	for _, path := range []string{dir, dir + "/*.parquet", dir + "/**"} {
		got, err := dump(t, path, Options{})
		check(t, got, err, want...)
	}
	list := filepath.Join(t.TempDir(), "list.txt")
	if err := os.WriteFile(list, []byte(filepath.Join(dir, "2.parquet")+"\n"+filepath.Join(dir, "0.parquet")+"\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	got, err := dump(t, "@"+list, Options{Columns: []string{"x", "y"}})
	check(t, got, err, want[2], want[3], want[0], want[1])
}

func TestDrift(t *testing.T) {
	type base struct {
		X int32  `parquet:"x"`
		Y string `parquet:"y"`
	}
	type wide struct {
		X int64  `parquet:"x"`
		Y string `parquet:"y"`
	}
	type list struct {
		X []int32 `parquet:"x,list"`
		Y string  `parquet:"y"`
	}
	type narrow struct {
		X int8   `parquet:"x"`
		Y string `parquet:"y"`
	}
	type missing struct {
		X int32 `parquet:"x"`
	}
	first := structs(t, []base{{1, "a"}})
	for _, c := range []struct {
		name  string
		data  []byte
		words []string
	}{
		{"type", structs(t, []wide{{}}), []string{`"x"`, "INT64", "INT32", "0.parquet"}},
		{"list", structs(t, []list{{}}), []string{`"x"`, "LIST of INT32", "0.parquet"}},
		{"annotation", structs(t, []narrow{{}}), []string{`"x"`, "INT8", "int8", "int32"}},
		{"missing", structs(t, []missing{{}}), []string{`no column "y"`, "there are", "x"}},
	} {
		_, err := dump(t, shards(t, first, c.data), Options{})
		fails(t, err, loader.ErrSpec, append(c.words, "1.parquet")...)
		if _, err := dump(t, shards(t, first, c.data), Options{Columns: []string{"x"}}); (err == nil) != (c.name == "missing") {
			t.Errorf("%s: reading x alone: %v", c.name, err)
		}
	}
}

// TestDurations opens shards whose durations, plain numbers in Parquet, count in other
// units by Arrow's schema: that is refused where both have one.
func TestDurations(t *testing.T) {
	type row struct {
		X int64 `parquet:"x"`
	}
	duration := func(unit int) []byte { // as Arrow's Schema.fbs numbers it
		f := arrowschema.Field{Type: arrowschema.Duration, Unit: unit}
		return structs(t, []row{{1}}, arrowSchema(map[string]arrowschema.Field{"x": f}, "x"))
	}
	millis, micros := duration(1), duration(2)
	for _, second := range [][]byte{millis, structs(t, []row{{1}})} {
		got, err := dump(t, shards(t, millis, second), Options{})
		check(t, got, err, "x()=[1]", "x()=[1]")
	}
	_, err := dump(t, shards(t, millis, micros), Options{})
	fails(t, err, loader.ErrSpec, `"x"`, "duration in us", "duration in ms", "0.parquet", "1.parquet")
}

// TestUnits opens shards whose numbers are equal and mean something else.
func TestUnits(t *testing.T) {
	type plain struct {
		X int64 `parquet:"x"`
	}
	type millis struct {
		X int64 `parquet:"x,timestamp(millisecond)"`
	}
	type nanos struct {
		X int64 `parquet:"x,timestamp(nanosecond)"`
	}
	type ofDay struct {
		X int64 `parquet:"x,time(microsecond)"`
	}
	type tenths struct {
		X int64 `parquet:"x,decimal(1:18)"`
	}
	type cents struct {
		X int64 `parquet:"x,decimal(2:18)"`
	}
	files := map[string][]byte{
		"INT64 (INT64)":     structs(t, []plain{{1}}),
		"TIMESTAMP in ms":   structs(t, []millis{{1}}),
		"TIMESTAMP in ns":   structs(t, []nanos{{1}}),
		"TIME in us":        structs(t, []ofDay{{1}}),
		"DECIMAL with 1 di": structs(t, []tenths{{1}}),
		"DECIMAL with 2 di": structs(t, []cents{{1}}),
	}
	for a, first := range files {
		for b, second := range files {
			got, err := dump(t, shards(t, first, second), Options{})
			if a == b {
				check(t, got, err, "x()=[1]", "x()=[1]")
				continue
			}
			fails(t, err, loader.ErrSpec, `"x"`, a, b, "0.parquet", "1.parquet")
		}
	}
	for converted, want := range map[int32]string{7: "TIME in ms", 8: "TIME in us", 9: "TIMESTAMP in ms", 10: "TIMESTAMP in us", 6: "DATE", 15: ""} {
		var n node
		if n.convert(converted); n.measure() != want {
			t.Errorf("ConvertedType %d counts %q, want %q", converted, n.measure(), want)
		}
	}
}

func TestRefused(t *testing.T) {
	type rec struct {
		Good   int32      `parquet:"good"`
		Lists  [][]int32  `parquet:"lists,list"`
		Labels [][]string `parquet:"labels,list"`
	}
	path := save(t, structs(t, []rec{{Good: 7}}))
	for column, words := range map[string]string{"lists": "list of lists", "labels": "list of lists", "goood": "there are"} {
		_, err := dump(t, path, Options{Columns: []string{"good", column}})
		fails(t, err, loader.ErrSpec, column, words)
	}
	_, err := dump(t, path, Options{})
	fails(t, err, loader.ErrSpec, "lists", "Options.Columns")
	_, err = dump(t, path, Options{Columns: []string{"good", "good"}})
	fails(t, err, loader.ErrSpec, "twice")
	_, err = dump(t, path, Options{Columns: []string{}})
	fails(t, err, loader.ErrSpec, "no columns")
	got, err := dump(t, path, Options{Columns: []string{"good"}})
	check(t, got, err, "good()=[7]")
}

// TestUnnamed refuses a column without a name, as a field without one is a field
// that was removed.
func TestUnnamed(t *testing.T) {
	var file bytes.Buffer
	w := pq.NewWriter(&file, pq.NewSchema("rows", pq.Group{"": pq.Leaf(pq.Int32Type), "good": pq.Leaf(pq.Int32Type)}))
	if _, err := w.WriteRows([]pq.Row{{pq.Int32Value(1).Level(0, 0, 0), pq.Int32Value(7).Level(0, 0, 1)}}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	path := save(t, file.Bytes())
	_, err := dump(t, path, Options{})
	fails(t, err, loader.ErrSpec, "no name", "Options.Columns")
	got, err := dump(t, path, Options{Columns: []string{"good"}})
	check(t, got, err, "good()=[7]")
}

// TestListsOfStructs reads the fields of structs in lists, and of maps, as lists
// that are equally long.
func TestListsOfStructs(t *testing.T) {
	type box struct {
		W int32    `parquet:"w"`
		H *float32 `parquet:"h,optional"`
	}
	type rec struct {
		Boxes []box             `parquet:"boxes,list"`
		Bare  []box             `parquet:"bare"`
		Map   map[int32]float64 `parquet:"map"`
	}
	rows := []rec{
		{Boxes: []box{{1, new(float32(0.5))}, {2, nil}}, Bare: []box{{3, nil}}, Map: map[int32]float64{7: 1.5}},
		{},
		{Boxes: []box{{4, nil}}, Bare: []box{{5, new(float32(2))}, {6, new(float32(3))}}, Map: map[int32]float64{-1: 2.5}},
	}
	got, err := dump(t, save(t, structs(t, rows)), Options{})
	check(t, got, err,
		"boxes.w(2)=[1 2] boxes.h(2)=[0.5 NaN] bare.w(1)=[3] bare.h(1)=[NaN] map.key(1)=[7] map.value(1)=[1.5]",
		"boxes.w(0)=[] boxes.h(0)=[] bare.w(0)=[] bare.h(0)=[] map.key(0)=[] map.value(0)=[]",
		"boxes.w(1)=[4] boxes.h(1)=[NaN] bare.w(2)=[5 6] bare.h(2)=[2 3] map.key(1)=[-1] map.value(1)=[2.5]")
}

// TestTimestamps reads INT96 as nanoseconds where that is asked for.
func TestTimestamps(t *testing.T) {
	type rec struct {
		T deprecated.Int96   `parquet:"t"`
		L []deprecated.Int96 `parquet:"l,list"`
		O *deprecated.Int96  `parquet:"o,optional,dict"`
	}
	at := func(s string) deprecated.Int96 {
		x, err := time.Parse(time.RFC3339Nano, s)
		if err != nil {
			t.Fatal(err)
		}
		days := math.Floor(float64(x.Unix()) / 86400)
		within := uint64(x.Unix()-int64(days)*86400)*1e9 + uint64(x.Nanosecond())
		return deprecated.Int96{uint32(within), uint32(within >> 32), uint32(int(days) + 2440588)}
	}
	times := []string{"1970-01-01T00:00:00Z", "2026-11-26T13:14:15.123456789Z", "1677-09-22T00:00:00.5Z", "2262-04-11T23:47:16.854775807Z"}
	var rows []rec
	var want []string
	for i, s := range times {
		x, _ := time.Parse(time.RFC3339Nano, s)
		r := rec{T: at(s), L: []deprecated.Int96{at(times[0]), at(s)}}
		o := "0] o.valid()=[false]"
		if i%2 == 1 {
			r.O = &r.T
			o = fmt.Sprint(x.UnixNano(), "] o.valid()=[true]")
		}
		rows = append(rows, r)
		want = append(want, fmt.Sprintf("t()=[%d] l(2)=[0 %d] o()=[%s", x.UnixNano(), x.UnixNano(), o))
	}
	nanos := Options{Fields: map[string]loader.Field{"t": {DType: dtype.Int64}, "l": {DType: dtype.Int64}, "o": {DType: dtype.Int64}}}
	for version := 1; version <= 2; version++ {
		got, err := dump(t, save(t, structs(t, rows, pq.DataPageVersion(version))), nanos)
		check(t, got, err, want...)
	}
	late := []rec{{T: deprecated.Int96{0, 0, 2440588 + 106752}}}
	nanos.Fields = map[string]loader.Field{"t": {DType: dtype.Int64}}
	_, err := dump(t, save(t, structs(t, late)), nanos)
	fails(t, err, loader.ErrCorrupt, "a.parquet", `"t"`, "cannot hold")
}

// TestUnknownAnnotations reads columns by their physical types whose annotations
// say more than we know.
func TestUnknownAnnotations(t *testing.T) {
	page := []byte{1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0}
	h := pqformat.PageHeader{UncompressedPageSize: 12, CompressedPageSize: 12}
	h.DataPageHeader.V, h.DataPageHeader.Valid = pqformat.DataPageHeader{NumValues: 3}, true
	for name, change := range map[string]func(e *pqformat.SchemaElement){
		"converted": func(e *pqformat.SchemaElement) { e.ConvertedType.V, e.ConvertedType.Valid = 21, true },
		"of later":  func(e *pqformat.SchemaElement) { e.ConvertedType.V, e.ConvertedType.Valid = 99, true },
		"null":      func(e *pqformat.SchemaElement) { e.LogicalType.Value = new(pqformat.NullType) },
		"geometry":  func(e *pqformat.SchemaElement) { e.LogicalType.Value = new(pqformat.GeometryType) },
	} {
		t.Run(name, func(t *testing.T) {
			data := rewritten(t, page, h, func(m *pqformat.FileMetaData) { change(&m.Schema[1]) })
			got, err := dump(t, save(t, data), Options{})
			check(t, got, err, "x()=[1]", "x()=[2]", "x()=[3]")
		})
	}
}

// TestRowGroups reads files whose row groups have few rows or none.
func TestRowGroups(t *testing.T) {
	type rec struct {
		X int32 `parquet:"x"`
	}
	for _, groups := range [][]int{{}, {0}, {1}, {3, 0, 2}, {0, 4}, {5, 0, 0}, {1, 1, 1}} {
		var b strings.Builder
		w := pq.NewGenericWriter[rec](&b)
		n := int32(0)
		var want []string
		for _, rows := range groups {
			for range rows {
				if _, err := w.Write([]rec{{n}}); err != nil {
					t.Fatal(err)
				}
				want = append(want, fmt.Sprintf("x()=[%d]", n))
				n++
			}
			if err := w.Flush(); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		got, err := dump(t, save(t, []byte(b.String())), Options{})
		check(t, got, err, want...)
	}
}

func TestManyColumns(t *testing.T) {
	const n = 1000
	root := pq.Group{}
	var row pq.Row
	for i := range n {
		root[fmt.Sprintf("c%04d", i)] = pq.Leaf(pq.Int32Type)
		row = append(row, pq.Int32Value(int32(i)).Level(0, 0, i))
	}
	path := save(t, writeRows(t, root, []pq.Row{row, row}))
	src, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	got, err := dumpSource(src)
	if err != nil || len(src.Spec()) != n || len(got) != 2 || !strings.HasSuffix(got[1], " c0999()=[999]") {
		t.Errorf("%d fields, %d rows, %v", len(src.Spec()), len(got), err)
	}
	_, err = Open(path, Options{Limits: format.Limits{Columns: 999}})
	fails(t, err, loader.ErrCorrupt, "999 columns")
}

func TestMissing(t *testing.T) {
	_, err := Open(filepath.Join(t.TempDir(), "none.parquet"), Options{})
	fails(t, err, fs.ErrNotExist, "none.parquet")
	dir := t.TempDir()
	_, err = Open(dir, Options{})
	fails(t, err, fs.ErrNotExist, dir)

	path := save(t, structs(t, records()))
	src, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	src.Close()
	if _, err := src.Open(context.Background(), 0); err == nil || !strings.Contains(err.Error(), "a.parquet") {
		t.Errorf("reading a closed source: %v", err)
	}
}

// TestSlack reads values with zeros behind them, as fastparquet writes them, and
// refuses more than those.
func TestSlack(t *testing.T) {
	for _, c := range []struct {
		name  string
		slack int
		typ   pqformat.Type
	}{{"none", 0, pqformat.Int32}, {"some", slackBytes, pqformat.Int32}, {"more", slackBytes + 1, pqformat.Int32},
		{"some behind texts", slackBytes, pqformat.ByteArray}, {"more behind texts", slackBytes + 1, pqformat.ByteArray}} {
		t.Run(c.name, func(t *testing.T) {
			page, want := []byte{1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0}, []string{"x()=[1]", "x()=[2]", "x()=[3]"}
			if c.typ == pqformat.ByteArray {
				page, want = []byte{1, 0, 0, 0, 'a', 0, 0, 0, 0, 0, 0, 0, 0}, []string{"x(1)=[97]", "x(0)=[]", "x(0)=[]"}
			}
			page = append(page, make([]byte, c.slack)...)
			h := pqformat.PageHeader{UncompressedPageSize: int32(len(page)), CompressedPageSize: int32(len(page))}
			h.DataPageHeader.V, h.DataPageHeader.Valid = pqformat.DataPageHeader{NumValues: 3}, true
			data := rewritten(t, page, h, func(m *pqformat.FileMetaData) {
				m.Schema[1].Type.V, m.RowGroups[0].Columns[0].MetaData.Type = c.typ, c.typ
			})
			got, err := dump(t, save(t, data), Options{})
			if c.slack > slackBytes {
				fails(t, err, loader.ErrCorrupt, "a.parquet", `"x"`)
				return
			}
			check(t, got, err, want...)
			join := Options{Joins: []format.Join{{Into: "j", Columns: []string{"x"}}}}
			if c.typ == pqformat.Int32 {
				got, err = dump(t, save(t, data), join)
				check(t, got, err, "j(1)=[1]", "j(1)=[2]", "j(1)=[3]")
			}
		})
	}
}
