package parquet

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"

	pq "github.com/parquet-go/parquet-go"
	pqenc "github.com/parquet-go/parquet-go/encoding"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
)

// joinRow has columns of many types and encodings, with and without nulls.
type joinRow struct {
	A int32    `parquet:"a,dict"`
	B *int32   `parquet:"b,optional,dict"`
	C int64    `parquet:"c,delta"`
	D *float32 `parquet:"d,optional"`
	E float64  `parquet:"e,split"`
	F bool     `parquet:"f"`
	G uint8    `parquet:"g"`
	H *uint64  `parquet:"h,optional"`
	I int16    `parquet:"i,dict"`
	L *bool    `parquet:"l,optional"`
	X string   `parquet:"x"`
}

func joinRows(n int) []joinRow {
	rows := make([]joinRow, n)
	for i := range rows {
		rows[i] = joinRow{A: int32(i % 50), C: int64(i) * 3, E: float64(i) / 2, F: i%3 == 0, G: uint8(i), I: int16(-i % 100), X: fmt.Sprint(i)}
		if i%5 != 1 {
			rows[i].B, rows[i].D = new(int32(i%7)), new(float32(i)/4)
		}
		if i%300 > 40 { // whole pages, and parts, without a null
			rows[i].H = new(uint64(i) << 24)
		}
		if i%97 != 5 {
			rows[i].L = new(i%5 == 0)
		}
	}
	return rows
}

// TestJoins compares joins with the columns that they are made of, in files of
// both page versions whose pages do not end where tiles do. Its first row group has
// two tiles.
func TestJoins(t *testing.T) {
	const group = tileRows + 300
	const n = group + 600
	for version := 1; version <= 2; version++ {
		path := save(t, structs(t, joinRows(n), pq.DataPageVersion(version), pq.PageBufferSize(1500), pq.MaxRowsPerRowGroup(group)))
		for _, nulls := range []format.Nulls{format.NullMask, format.NullZero} {
			for _, to := range []dtype.Type{dtype.Float32, dtype.Float64, dtype.Int32, dtype.Int64} {
				t.Run(fmt.Sprint(version, nulls, to), func(t *testing.T) { testJoin(t, path, nulls, to, n) })
			}
		}
	}
}

func testJoin(t *testing.T, path string, nulls format.Nulls, to dtype.Type, n int) {
	names := strings.Fields("a b c d e f g h i")
	if !to.Float() {
		names = strings.Fields("a b c f g i")
	}
	if to == dtype.Int64 {
		names = append(names, "h")
	}
	o := Options{Nulls: nulls, Columns: []string{"x"}, Joins: []format.Join{{Into: "j", Columns: names, DType: to}, {Into: "k", Columns: []string{"e", "d"}[:1-b2i(to.Float())], DType: dtype.Float64}}}
	if to.Float() {
		o.Joins = o.Joins[:1]
	}
	joined := columnsOf(t, path, o, n)
	single := columnsOf(t, path, Options{Nulls: nulls}, n)
	masks := joined["j"+format.ValidSuffix]
	if wantMask := nulls == format.NullMask && !to.Float(); (masks != nil) != wantMask {
		t.Fatalf("masks: %v, want %v", masks != nil, wantMask)
	}
	for k, name := range names {
		valid := single[name+format.ValidSuffix]
		for i := range n {
			got, want := joined["j"][i*len(names)+k], single[name][i]
			if valid != nil && valid[i] == 0 && to.Float() {
				want = math.NaN()
			}
			if to == dtype.Float32 {
				want = float64(float32(want))
			}
			if got != want && !(math.IsNaN(got) && math.IsNaN(want)) {
				t.Fatalf("row %d of %s is %v, want %v", i, name, got, want)
			}
			if masks != nil && (masks[i*len(names)+k] == 1) != (valid == nil || valid[i] == 1) {
				t.Fatalf("row %d of %s is valid: %v", i, name, masks[i*len(names)+k])
			}
		}
	}
}

// columnsOf returns all elements of the fields of fixed shape, after making sure
// that they come out the same by columns and by rows.
func columnsOf(t *testing.T, path string, o Options, n int) map[string][]float64 {
	t.Helper()
	var both [2]map[string][]float64
	for k, stages := range [][]loader.Transform{nil, {touch{}}} {
		src, err := Open(path, o)
		if err != nil {
			t.Fatal(err)
		}
		ld, err := loader.New(src, loader.Config{BatchSize: n, Transforms: stages})
		if err != nil {
			t.Fatal(err)
		}
		defer ld.Close()
		both[k] = make(map[string][]float64)
		for b, err := range ld.All(context.Background()) {
			if err != nil {
				t.Fatal(err)
			}
			for f, field := range b.Spec() {
				if field.Shape.Fixed() {
					both[k][field.Name] = numbers(b.Column(f))
				}
			}
		}
	}
	if a, b := fmt.Sprint(both[0]), fmt.Sprint(both[1]); a != b {
		t.Fatalf("by columns:\n%.500s\nby rows:\n%.500s", a, b)
	}
	return both[0]
}

func numbers(t loader.Tensor) []float64 {
	dst := make([]float64, len(t.Data)/t.DType.Size())
	if t.DType == dtype.Float64 {
		copy(dst, loader.View[float64](t))
		return dst
	}
	convertTo(dst, t.Data, t.DType)
	return dst
}

// TestWideJoin joins more columns than a strip has, in one type and without a
// conversion.
func TestWideJoin(t *testing.T) {
	const n, columns = 777, stripColumns + 5
	root := pq.Group{}
	var names []string
	for k := range columns {
		names = append(names, fmt.Sprintf("c%02d", k))
		root[names[k]] = pq.Encoded(pq.Int(16), []pqenc.Encoding{&pq.Plain, &pq.RLEDictionary, &pq.DeltaBinaryPacked}[k%3])
	}
	var rows []pq.Row
	for i := range n {
		var row pq.Row
		for k := range columns {
			row = append(row, pq.Int32Value(int32(i+k*37)).Level(0, 0, k))
		}
		rows = append(rows, row)
	}
	path := save(t, writeRows(t, root, rows, pq.PageBufferSize(333)))
	got := columnsOf(t, path, Options{Joins: []format.Join{{Into: "x", Columns: names}}}, n)
	if len(got) != 1 {
		t.Fatalf("%d fields", len(got))
	}
	for at, x := range got["x"] {
		if i, k := at/columns, at%columns; x != float64(i+k*37) {
			t.Fatalf("row %d column %d is %v", i, k, x)
		}
	}
}

func TestJoinErrors(t *testing.T) {
	path := save(t, structs(t, joinRows(300)))
	join := func(to dtype.Type, names ...string) Options {
		return Options{Joins: []format.Join{{Into: "j", Columns: names, DType: to}}}
	}
	kinds := join(0, "a")
	kinds.Fields = map[string]loader.Field{"j": {Kind: kind.Label}}
	src, err := Open(path, kinds)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	spec := src.Spec()
	if f := spec[len(spec)-1]; f.Kind != kind.Label || f.Shape != loader.Dims(1) || f.DType != dtype.Int32 || spec.Index("a") >= 0 {
		t.Errorf("spec is %v", spec)
	}
	typed := join(0, "a")
	typed.Fields = map[string]loader.Field{"j": {DType: dtype.Int64}}
	twice := join(0, "a")
	twice.Columns = []string{"a"}
	both := join(0, "a")
	both.Joins = append(both.Joins, format.Join{Into: "j", Columns: []string{"c"}})
	nulls := join(dtype.Int32, "a", "b")
	nulls.Nulls, nulls.Columns = format.NullError, []string{"x"}
	small := join(dtype.Float64, "g")
	small.Columns, small.Limits.BlockBytes = []string{}, 2000
	for _, c := range []struct {
		name  string
		o     Options
		err   error
		words []string
	}{
		{"none", join(0), loader.ErrSpec, []string{`"j"`, "columns"}},
		{"missing", join(0, "a", "zz"), loader.ErrSpec, []string{"zz"}},
		{"text", join(dtype.Float32, "a", "x"), loader.ErrSpec, []string{`"j"`, "x", "one number"}},
		{"mixed", join(0, "a", "c"), loader.ErrSpec, []string{"c", "int32"}},
		{"floats", join(dtype.Int32, "a", "e"), loader.ErrSpec, []string{"e", "int32"}},
		{"half", join(dtype.Float16, "a"), loader.ErrSpec, []string{"float16"}},
		{"typed", typed, loader.ErrSpec, []string{`"j"`, "type"}},
		{"twice", twice, loader.ErrSpec, []string{`"a"`, "twice"}},
		{"one name", both, loader.ErrSpec, []string{`"j"`, "two columns"}},
		{"too large", join(dtype.Int32, "a", "h"), loader.ErrSpec, []string{`"h"`, "a.parquet", "int32 cannot hold"}},
		{"null", nulls, loader.ErrSpec, []string{`"b"`, "a.parquet", "row 1", "is null"}},
		{"memory", small, loader.ErrCorrupt, []string{"a.parquet", "2000 bytes"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := dump(t, path, c.o)
			fails(t, err, c.err, c.words...)
		})
	}
}
