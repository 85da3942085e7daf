package loader_test

import (
	"testing"

	"github.com/stokerdata/stoker/format/mem"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
)

// varied appends a field for each way in which shapes can vary, and has an error for
// each third row.
type varied struct{ err error }

// variedShape returns the shape of the field with the given number in row id.
func variedShape(field int, id int64) loader.Shape {
	n := int(id % 5)
	return []loader.Shape{
		loader.Dims(n), loader.Dims(n, 3), loader.Dims(n, 2, 2), loader.Dims(n, 0), loader.Dims(n, n+1), loader.Dims(2, n), loader.Dims(0, n),
	}[field]
}

var variedNames = []string{"n", "n3", "n22", "n0", "nn", "2n", "0n"}

func (v varied) Bind(in loader.Spec) (loader.Stage, error) {
	st := loader.Stage{Out: in.Clone(), Drops: v.err == loader.Drop}
	for i, s := range []loader.Shape{
		loader.Dims(-1), loader.Dims(-1, 3), loader.Dims(-1, 2, 2), loader.Dims(-1, 0), loader.Dims(-1, -1), loader.Dims(2, -1), loader.Dims(0, -1),
	} {
		st.Writes = append(st.Writes, len(st.Out))
		st.Out = append(st.Out, loader.Field{Name: variedNames[i], DType: dtype.Int16, Shape: s})
	}
	st.Row = func(w *loader.Worker, s *loader.Sample) error {
		if s.ID%3 == 0 {
			return v.err
		}
		for i := range variedNames {
			out := loader.View[int16](*w.Out(s, 1+i, dtype.Int16, variedShape(i, s.ID)))
			for k := range out {
				out[k] = int16(s.ID) + int16(k)
			}
		}
		return nil
	}
	return st, nil
}

// TestRowShapes looks at the shape of each row of fields that vary, some of which
// follow from how many bytes there are and some not, where rows moved up or on.
func TestRowShapes(t *testing.T) {
	for _, cause := range []error{errRotten, loader.Drop} {
		src, err := mem.Columns(loader.Spec{{Name: "x", DType: dtype.Int64}}, mem.Of(make([]int64, 100)))
		if err != nil {
			t.Fatal(err)
		}
		ld, err := loader.New(src, loader.Config{
			BatchSize: 20, Transforms: []loader.Transform{varied{cause}}, Order: loader.Shuffle{}, OnError: loader.Skip(34),
		})
		if err != nil {
			t.Fatal(err)
		}
		rows := 0
		for b, err := range ld.All(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			for r, id := range b.IDs() {
				checkVaried(t, b, r, id)
				rows++
			}
		}
		if ld.Close(); rows != 66 {
			t.Errorf("%d rows, not 66", rows)
		}
	}
}

// checkVaried checks that row r of b is what varied made of sample id.
func checkVaried(t *testing.T, b *loader.Batch, r int, id int64) {
	t.Helper()
	for i, name := range variedNames {
		row := b.Row(name, r)
		if want := variedShape(i, id); row.Shape != want || len(row.Data) != 2*want.Len() {
			t.Fatalf("field %q of sample %d is %v of %d bytes, want %v", name, id, row.Shape, len(row.Data), want)
		}
		for k, v := range loader.View[int16](row) {
			if v != int16(id)+int16(k) {
				t.Fatalf("element %d of field %q of sample %d is %d", k, name, id, v)
			}
		}
	}
}
