package feather

import (
	"fmt"
	"testing"

	"github.com/stokerdata/stoker/format/mem"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
)

// manyNumbers is a source of more columns of numbers than are laid at a time, of all
// sizes, and of rows for some steps. Number i of column k is 100*i+k.
func manyNumbers(t testing.TB, rows int) loader.Source {
	t.Helper()
	var spec loader.Spec
	var columns []mem.Column
	for k := range stripLanes + 20 {
		f := loader.Field{Name: fmt.Sprint("c", k)}
		var c mem.Column
		switch {
		case k%20 == 1:
			c = mem.Of(numbers[int8](rows, k))
		case k%20 == 2:
			c = mem.Of(numbers[uint16](rows, k))
		case k%20 == 3:
			c = mem.Of(numbers[int64](rows, k))
		case k%20 == 4: // two numbers that are moved as one
			c = mem.Of(numbers[int32](2*rows, k))
			f.Shape = loader.Dims(2)
		default:
			c = mem.Of(numbers[int32](rows, k))
		}
		f.DType = c.DType
		spec, columns = append(spec, f), append(columns, c)
	}
	src, err := mem.Columns(spec, columns...)
	if err != nil {
		t.Fatal(err)
	}
	return src
}

func numbers[T int8 | uint16 | int32 | int64](n, k int) []T {
	all := make([]T, n)
	for i := range all {
		all[i] = T(100*i + k)
	}
	return all
}

// TestRecords shuffles blocks that are laid out by rows, of every codec.
func TestRecords(t *testing.T) {
	const rows = 2*stepRows + 50
	want := manyNumbers(t, rows)
	for _, codec := range []Codec{Uncompressed, LZ4} {
		path := t.TempDir() + "/a.arrow"
		if _, err := Write(t.Context(), path, stream(t, want, loader.Config{BatchSize: rows}), WriteOptions{Codec: codec, RowsPerBatch: rows - 10}); err != nil {
			t.Fatal(err)
		}
		src := mustOpen(t, path, Options{}).(*source)
		if l := src.layouts[0]; len(l.lanes) != len(src.Spec()) || l.record%8 != 0 {
			t.Fatalf("%d of %d columns are in records of %d bytes", len(l.lanes), len(src.Spec()), l.record)
		}
		seen := 0
		for b, err := range stream(t, src, loader.Config{BatchSize: 2*tileRows + 3, Order: loader.Shuffle{}}) {
			if err != nil {
				t.Fatal(err)
			}
			seen += b.Len()
			for k, f := range src.Spec() {
				for i, id := range b.IDs() {
					if err := checkNumber(b.Tensor(f.Name), i, int(id), k); err != nil {
						t.Fatalf("%s of row %d: %v", f.Name, id, err)
					}
				}
			}
		}
		if seen != rows {
			t.Errorf("%d rows", seen)
		}
	}
}

// checkNumber compares row i of x with row id of column k of manyNumbers.
func checkNumber(x loader.Tensor, i, id, k int) error {
	var got, want any
	switch x.DType {
	case dtype.Int8:
		got, want = loader.View[int8](x)[i], numbers[int8](id+1, k)[id]
	case dtype.Uint16:
		got, want = loader.View[uint16](x)[i], numbers[uint16](id+1, k)[id]
	case dtype.Int64:
		got, want = loader.View[int64](x)[i], numbers[int64](id+1, k)[id]
	default:
		n := x.Shape.Len() / x.Shape.Dim(0)
		got, want = fmt.Sprint(loader.View[int32](x)[i*n:][:n]), fmt.Sprint(numbers[int32]((id+1)*n, k)[id*n:])
	}
	if got != want {
		return fmt.Errorf("%v, want %v", got, want)
	}
	return nil
}

// TestRecordBytes looks which blocks are laid out: not those of few columns, nor
// what would take too much memory.
func TestRecordBytes(t *testing.T) {
	l := layout{record: 64}
	if got := l.recordBytes(&batch{rows: mostLaid / 64}); got != mostLaid {
		t.Errorf("%d bytes of records", got)
	}
	if got := l.recordBytes(&batch{rows: mostLaid/64 + 1}); got != 0 {
		t.Errorf("%d bytes of records, %d is the most", got, mostLaid)
	}
	few := mustOpen(t, embeddings(t, 4, 10), Options{}).(*source).layouts[0]
	if few.record != 0 || few.columns[0].isLane || few.columns[1].isLane {
		t.Error("two columns are laid out")
	}
}
