package feather

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/float16"
	"github.com/apache/arrow/go/v15/arrow/ipc"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/loader"
)

// Arrow's own reader is the oracle of these tests: what it reads from a file,
// this package must read too.

// grower makes random values for Arrow's builders.
type grower struct {
	*rand.Rand
	nulls float64 // probability
}

// grow appends n values of type t to b, with nulls if nullable.
func (g grower) grow(b array.Builder, t arrow.DataType, nullable bool, n int) {
	for range n {
		if nullable && g.Float64() < g.nulls {
			b.AppendNull()
			continue
		}
		g.one(b, t)
	}
}

func (g grower) one(b array.Builder, t arrow.DataType) {
	switch b := b.(type) {
	case *array.BooleanBuilder:
		b.Append(g.IntN(2) == 0)
	case *array.Int8Builder:
		b.Append(int8(g.Uint32()))
	case *array.Uint8Builder:
		b.Append(uint8(g.Uint32()))
	case *array.Int16Builder:
		b.Append(int16(g.Uint32()))
	case *array.Uint16Builder:
		b.Append(uint16(g.Uint32()))
	case *array.Int32Builder:
		b.Append(int32(g.Uint32()))
	case *array.Uint32Builder:
		b.Append(g.Uint32())
	case *array.Int64Builder:
		b.Append(int64(g.Uint64()))
	case *array.Uint64Builder:
		b.Append(g.Uint64())
	case *array.Float16Builder:
		b.Append(float16.New(float32(g.NormFloat64())))
	case *array.Float32Builder:
		b.Append(float32(g.NormFloat64()))
	case *array.Float64Builder:
		b.Append(g.NormFloat64())
	case *array.Date32Builder:
		b.Append(arrow.Date32(g.Uint32()))
	case *array.Date64Builder:
		b.Append(arrow.Date64(g.Uint64()))
	case *array.Time32Builder:
		b.Append(arrow.Time32(g.Uint32()))
	case *array.Time64Builder:
		b.Append(arrow.Time64(g.Uint64()))
	case *array.TimestampBuilder:
		b.Append(arrow.Timestamp(g.Uint64()))
	case *array.DurationBuilder:
		b.Append(arrow.Duration(g.Uint64()))
	case *array.StringBuilder:
		b.Append(g.word())
	case *array.LargeStringBuilder:
		b.Append(g.word())
	case *array.BinaryBuilder:
		b.Append([]byte(g.word()))
	case *array.FixedSizeBinaryBuilder:
		v := make([]byte, b.Type().(*arrow.FixedSizeBinaryType).ByteWidth)
		for i := range v {
			v[i] = byte(g.Uint32())
		}
		b.Append(v)
	case *array.ListBuilder:
		b.Append(true)
		f := t.(*arrow.ListType).ElemField()
		g.grow(b.ValueBuilder(), f.Type, f.Nullable, g.IntN(5))
	case *array.LargeListBuilder:
		b.Append(true)
		f := t.(*arrow.LargeListType).ElemField()
		g.grow(b.ValueBuilder(), f.Type, f.Nullable, g.IntN(5))
	case *array.FixedSizeListBuilder:
		b.Append(true)
		f := t.(*arrow.FixedSizeListType).ElemField()
		g.grow(b.ValueBuilder(), f.Type, f.Nullable, int(t.(*arrow.FixedSizeListType).Len()))
	case *array.StructBuilder:
		b.Append(true)
		for i, f := range t.(*arrow.StructType).Fields() {
			g.grow(b.FieldBuilder(i), f.Type, f.Nullable, 1)
		}
	case *array.StringViewBuilder:
		b.Append(g.text())
	case *array.BinaryViewBuilder:
		b.Append([]byte(g.text()))
	case *array.Decimal128Builder, *array.MapBuilder, *array.NullBuilder:
		b.AppendNull()
	default:
		panic(fmt.Sprintf("no values for %T", b))
	}
}

// text is a word that is sometimes too long for a view.
func (g grower) text() string {
	return strings.Repeat(g.word(), 1+g.IntN(3))
}

func (g grower) word() string {
	b := make([]byte, g.IntN(12))
	for i := range b {
		b[i] = byte('a' + g.IntN(26))
	}
	return string(b)
}

// classes returns n values of one and the same dictionary.
func (g grower) classes(t *arrow.DictionaryType, nullable bool, n int) arrow.Array {
	words := array.NewStringBuilder(memory.DefaultAllocator)
	for k := range 7 {
		words.Append(fmt.Sprintf("class %d", k))
	}
	b := array.NewDictionaryBuilderWithDict(memory.DefaultAllocator, t, words.NewArray()).(*array.BinaryDictionaryBuilder)
	for range n {
		if nullable && g.Float64() < g.nulls {
			b.AppendNull()
		} else if err := b.AppendString(fmt.Sprintf("class %d", g.IntN(7))); err != nil {
			panic(err)
		}
	}
	return b.NewArray()
}

// record returns a record of n random rows.
func (g grower) record(schema *arrow.Schema, n int) arrow.Record {
	var columns []arrow.Array
	for _, f := range schema.Fields() {
		if t, ok := f.Type.(*arrow.DictionaryType); ok {
			columns = append(columns, g.classes(t, f.Nullable, n))
			continue
		}
		b := array.NewBuilder(memory.DefaultAllocator, f.Type)
		g.grow(b, f.Type, f.Nullable, n)
		d := b.NewArray().Data() // builders forget that items are not nullable
		columns = append(columns, array.MakeFromData(array.NewData(f.Type, n, d.Buffers(), d.Children(), d.NullN(), 0)))
	}
	return array.NewRecord(schema, columns, int64(n))
}

// ipcFile returns the bytes of a file of records.
func ipcFile(t testing.TB, schema *arrow.Schema, records []arrow.Record, options ...ipc.Option) []byte {
	t.Helper()
	var b seekBuffer
	w, err := ipc.NewFileWriter(&b, append(options, ipc.WithSchema(schema))...)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		if err := w.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

type seekBuffer struct{ bytes.Buffer }

func (b *seekBuffer) Seek(int64, int) (int64, error) { return int64(b.Len()), nil }

// save writes b to a file of the given name in a folder of its own.
func save(t testing.TB, name string, b []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, b, 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// readBlock returns the rows of block i, decoded.
func readBlock(t testing.TB, src loader.Source, i int) (loader.Rows, error) {
	t.Helper()
	rows, err := src.Open(context.Background(), i)
	if err != nil {
		return nil, err
	}
	d := rows.(loader.Decoder)
	for k := range d.Parts() {
		if err := d.Decode(nil, k); err != nil {
			rows.Close()
			return nil, err
		}
	}
	return rows, nil
}

// sample returns the fields of row i.
func sample(t testing.TB, src loader.Source, rows loader.Rows, i int) []loader.Tensor {
	t.Helper()
	s := loader.Sample{Fields: make([]loader.Tensor, len(src.Spec()))}
	if err := rows.Row(nil, i, &s); err != nil {
		t.Fatalf("row %d: %v", i, err)
	}
	for f, v := range s.Fields {
		field := src.Spec()[f]
		if v.DType != field.DType || !field.Shape.Fits(v.Shape) || len(v.Data) != v.Shape.Len()*v.DType.Size() {
			t.Fatalf("row %d: %v %v of %d bytes for field %v", i, v.DType, v.Shape, len(v.Data), field)
		}
	}
	return s.Fields
}

// wantValue appends what the field of row i of a should hold. Nulls of floats
// are NaN if nan is set.
func wantValue(b []byte, a arrow.Array, i int, nan bool) []byte {
	if a.IsNull(i) {
		return wantNull(b, a.DataType(), nan)
	}
	le := binary.LittleEndian
	switch a := a.(type) {
	case *array.Boolean:
		if a.Value(i) {
			return append(b, 1)
		}
		return append(b, 0)
	case *array.Int8:
		return append(b, byte(a.Value(i)))
	case *array.Uint8:
		return append(b, a.Value(i))
	case *array.Int16:
		return le.AppendUint16(b, uint16(a.Value(i)))
	case *array.Uint16:
		return le.AppendUint16(b, a.Value(i))
	case *array.Int32:
		return le.AppendUint32(b, uint32(a.Value(i)))
	case *array.Uint32:
		return le.AppendUint32(b, a.Value(i))
	case *array.Int64:
		return le.AppendUint64(b, uint64(a.Value(i)))
	case *array.Uint64:
		return le.AppendUint64(b, a.Value(i))
	case *array.Float16:
		return le.AppendUint16(b, a.Value(i).Uint16())
	case *array.Float32:
		return le.AppendUint32(b, math.Float32bits(a.Value(i)))
	case *array.Float64:
		return le.AppendUint64(b, math.Float64bits(a.Value(i)))
	case *array.Date32:
		return le.AppendUint32(b, uint32(a.Value(i)))
	case *array.Date64:
		return le.AppendUint64(b, uint64(a.Value(i)))
	case *array.Time32:
		return le.AppendUint32(b, uint32(a.Value(i)))
	case *array.Time64:
		return le.AppendUint64(b, uint64(a.Value(i)))
	case *array.Timestamp:
		return le.AppendUint64(b, uint64(a.Value(i)))
	case *array.Duration:
		return le.AppendUint64(b, uint64(a.Value(i)))
	case *array.String:
		return append(b, a.Value(i)...)
	case *array.LargeString:
		return append(b, a.Value(i)...)
	case *array.Binary:
		return append(b, a.Value(i)...)
	case *array.LargeBinary:
		return append(b, a.Value(i)...)
	case *array.StringView:
		return append(b, a.Value(i)...)
	case *array.BinaryView:
		return append(b, a.Value(i)...)
	case *array.FixedSizeBinary:
		return append(b, a.Value(i)...)
	case array.ListLike:
		lo, hi := a.ValueOffsets(i)
		for k := lo; k < hi; k++ {
			b = wantValue(b, a.ListValues(), int(k), nan)
		}
		return b
	case *array.Dictionary:
		return append(b, a.Dictionary().(*array.String).Value(a.GetValueIndex(i))...)
	}
	panic(fmt.Sprintf("no expectation for %T", a))
}

// wantLengths appends the bytes of each of the texts in row i of a, which is there or
// not.
func wantLengths(b []byte, a arrow.Array, i int, ok bool) []byte {
	list, is := a.(array.ListLike)
	switch {
	case !is:
		return binary.LittleEndian.AppendUint32(b, uint32(len(wantValue(nil, a, i, false))))
	case ok:
		lo, hi := list.ValueOffsets(i)
		for k := lo; k < hi; k++ {
			b = wantLengths(b, list.ListValues(), int(k), list.ListValues().IsValid(int(k)))
		}
	case a.DataType().ID() == arrow.FIXED_SIZE_LIST:
		b = append(b, make([]byte, 4*a.DataType().(*arrow.FixedSizeListType).Len())...)
	}
	return b
}

// wantNull appends what a null should hold.
func wantNull(b []byte, t arrow.DataType, nan bool) []byte {
	le := binary.LittleEndian
	switch t := t.(type) {
	case *arrow.Float16Type:
		if nan {
			return le.AppendUint16(b, 0x7e00)
		}
	case *arrow.Float32Type:
		if nan {
			return le.AppendUint32(b, math.Float32bits(float32(math.NaN())))
		}
	case *arrow.Float64Type:
		if nan {
			return le.AppendUint64(b, math.Float64bits(math.NaN()))
		}
	case *arrow.FixedSizeListType:
		for range t.Len() {
			b = wantNull(b, t.Elem(), nan)
		}
		return b
	case *arrow.BooleanType:
		return append(b, 0)
	}
	if f, ok := t.(arrow.FixedWidthDataType); ok {
		return append(b, make([]byte, f.BitWidth()/8)...)
	}
	return b
}

// leaf is a column of a record as this package names it.
type leaf struct {
	name  string
	array arrow.Array
	above []arrow.Array // structs
}

func (l leaf) valid(i int) bool {
	for _, a := range l.above {
		if a.IsNull(i) {
			return false
		}
	}
	return l.array.IsValid(i)
}

func leaves(name string, a arrow.Array, above []arrow.Array) []leaf {
	st, ok := a.(*array.Struct)
	if !ok {
		return []leaf{{name, a, above}}
	}
	var list []leaf
	for i := range st.NumField() {
		list = append(list, leaves(name+"."+st.DataType().(*arrow.StructType).Field(i).Name, st.Field(i), append(above[:len(above):len(above)], st))...)
	}
	return list
}

// checkRecord compares the rows of a block, from the given one, with a record.
func checkRecord(t *testing.T, src loader.Source, rows loader.Rows, first int, rec arrow.Record, nulls format.Nulls) {
	t.Helper()
	spec := src.Spec()
	var list []leaf
	for c := range int(rec.NumCols()) {
		list = append(list, leaves(rec.ColumnName(c), rec.Column(c), nil)...)
	}
	for i := range int(rec.NumRows()) {
		got := sample(t, src, rows, first+i)
		for _, l := range list {
			f := spec.Index(l.name)
			if f < 0 {
				continue // not chosen
			}
			var want []byte
			ok := l.valid(i)
			if ok {
				want = wantValue(nil, l.array, i, nulls == format.NullMask)
			} else {
				want = wantNull(nil, l.array.DataType(), nulls == format.NullMask)
			}
			have := got[f].Data
			if _, dict := l.array.(*array.Dictionary); dict && ok {
				have = []byte(spec[f].Names[loader.View[int32](got[f])[0]])
			} else if dict {
				want = make([]byte, 4)
			}
			if !bytes.Equal(have, want) {
				t.Fatalf("row %d of %s: got %v, want %v", first+i, l.name, have, want)
			}
			if lengths := spec.Index(l.name + format.LengthsSuffix); lengths >= 0 {
				if got, want := got[lengths].Data, wantLengths(nil, l.array, i, ok); !bytes.Equal(got, want) {
					t.Fatalf("row %d of %s: lengths are %v, want %v", first+i, l.name, got, want)
				}
			}
			if mask := spec.Index(l.name + ".valid"); mask >= 0 && (got[mask].Data[0] == 1) != ok {
				t.Fatalf("row %d of %s: valid is %d, want %v", first+i, l.name, got[mask].Data[0], ok)
			}
		}
	}
}

// checkFile compares what this package reads from the file b with what Arrow
// does.
func checkFile(t *testing.T, b []byte, o Options) {
	t.Helper()
	r, err := ipc.NewFileReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var records []arrow.Record
	for k := range r.NumRecords() {
		rec, err := r.RecordAt(k)
		if err != nil {
			t.Fatal(err)
		}
		records = append(records, rec)
	}
	checkRecords(t, b, records, o)
}

// checkRecords checks that the file b holds records.
func checkRecords(t *testing.T, b []byte, records []arrow.Record, o Options) {
	t.Helper()
	src := mustOpen(t, save(t, "a.arrow", b), o)
	var first int64
	i := 0 // block
	for _, rec := range records {
		if rec.NumRows() == 0 {
			continue
		}
		if b := src.Blocks()[i]; b.Rows != int(rec.NumRows()) || b.FirstRow != first {
			t.Fatalf("block %d has rows %d from %d, want %d from %d", i, b.Rows, b.FirstRow, rec.NumRows(), first)
		}
		first += rec.NumRows()
		rows, err := readBlock(t, src, i)
		if err != nil {
			t.Fatalf("block %d: %v", i, err)
		}
		checkRecord(t, src, rows, 0, rec, o.Nulls)
		if err := rows.Close(); err != nil {
			t.Fatal(err)
		}
		if rs := byRow(src, o); rs != nil {
			checkRandom(t, rs, i, rec, o.Nulls)
		}
		i++
	}
	if n := len(src.Blocks()); n != i {
		t.Errorf("%d blocks, want %d", n, i)
	}
}

// checkRandom reads all rows of a block one by one.
func checkRandom(t *testing.T, src loader.RandomSource, block int, rec arrow.Record, nulls format.Nulls) {
	t.Helper()
	var refs []loader.Ref
	for i := range int(rec.NumRows()) {
		refs = append(refs, loader.Ref{Block: block, Row: i})
	}
	rows, err := src.OpenRows(context.Background(), refs)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	checkRecord(t, src, rows, 0, rec, nulls)
}

func mustOpen(t testing.TB, path string, o Options) loader.Source {
	t.Helper()
	src, err := Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { src.(interface{ Close() error }).Close() })
	return src
}

// byRow returns the source of the rows of src one by one, however large they are, or
// nil if they cannot be read so.
func byRow(src loader.Source, o Options) *randomSource {
	if r, ok := src.(*randomSource); ok {
		return r
	}
	s := src.(*source)
	if !s.separable() {
		return nil
	}
	r, err := s.single(o)
	if err != nil {
		panic(err)
	}
	return r
}
