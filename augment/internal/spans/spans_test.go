package spans_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/stokerdata/stoker/augment/internal/spans"
	"github.com/stokerdata/stoker/format/mem"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
)

var spec = loader.Spec{
	{Name: "text", DType: dtype.Uint8, Shape: loader.Dims(-1), Kind: kind.Text},
	{Name: "spans", DType: dtype.Int32, Shape: loader.Dims(-1, 2), Kind: kind.Spans, Canvas: "text"},
	{Name: "label", DType: dtype.Int64, Shape: loader.Dims(-1), Follows: "spans"},
	{Name: "vector", DType: dtype.Float32, Shape: loader.Dims(-1, 2), Follows: "spans"},
}

// late moves spans by one and drops those that begin before byte 2.
type late struct{}

func (late) Bind(in loader.Spec) (loader.Stage, error) {
	set, err := spans.Bind(in, "text")
	if err != nil {
		return loader.Stage{}, err
	}
	return loader.Stage{Out: in, Writes: set.Writes(), Row: func(w *loader.Worker, s *loader.Sample) error {
		return set.Move(w, s, len(s.Fields[0].Data), func(start, end int) (int, int, bool) {
			return start + 1, end + 1, start >= 2
		})
	}}, nil
}

// run moves the spans of one row and returns its fields.
func run(t *testing.T, s []int32, label []int64, vector []float32) (b []int32, l []int64, v []float32, err error) {
	t.Helper()
	n := int64(len(s) / 2)
	src, err := mem.Columns(spec,
		mem.Strings([]string{"0123456789"}),
		mem.Column{DType: dtype.Int32, Data: mem.Of(s).Data, Offsets: []int64{0, n}},
		mem.Varying([][]int64{label}),
		mem.Column{DType: dtype.Float32, Data: mem.Of(vector).Data, Offsets: []int64{0, int64(len(vector) / 2)}})
	if err != nil {
		t.Fatal(err)
	}
	ld, err := loader.New(src, loader.Config{BatchSize: 1, Transforms: []loader.Transform{late{}}})
	if err != nil {
		t.Fatal(err)
	}
	defer ld.Close()
	for batch, err := range ld.All(t.Context()) {
		if err != nil {
			return nil, nil, nil, err
		}
		b = slices.Clone(loader.View[int32](batch.Row("spans", 0)))
		l = slices.Clone(loader.View[int64](batch.Row("label", 0)))
		v = slices.Clone(loader.View[float32](batch.Row("vector", 0)))
	}
	return b, l, v, nil
}

func TestMove(t *testing.T) {
	tests := []struct {
		name        string
		spans, want []int32
		labels      []int64 // of spans 10, 11, ... that are left
	}{
		{"all stay", []int32{2, 3, 5, 9}, []int32{3, 4, 6, 10}, []int64{10, 11}},
		{"some stay", []int32{2, 3, 0, 9, 4, 4, 1, 2}, []int32{3, 4, 5, 5}, []int64{10, 12}},
		{"none stays", []int32{0, 3, 1, 2}, nil, nil},
		{"none there", nil, nil, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var labels []int64
			var vectors, want []float32
			for i := range len(test.spans) / 2 {
				labels, vectors = append(labels, int64(10+i)), append(vectors, float32(i), -float32(i))
			}
			for _, l := range test.labels {
				want = append(want, float32(l-10), -float32(l-10))
			}
			s, l, v, err := run(t, test.spans, labels, vectors)
			if err != nil || !slices.Equal(s, test.want) || !slices.Equal(l, test.labels) || !slices.Equal(v, want) {
				t.Errorf("spans %v, labels %v, vectors %v, %v", s, l, v, err)
			}
		})
	}
}

func TestMoveDamaged(t *testing.T) {
	for _, s := range [][]int32{{-1, 3}, {5, 4}, {0, 11}, {3, 1 << 30}} {
		if _, _, _, err := run(t, s, []int64{1}, []float32{1, 2}); !errors.Is(err, loader.ErrCorrupt) {
			t.Errorf("span %v: %v", s, err)
		}
	}
	if _, _, _, err := run(t, []int32{0, 1, 2, 3}, []int64{1}, []float32{1, 2, 3, 4}); !errors.Is(err, loader.ErrCorrupt) {
		t.Errorf("one label for two spans: %v", err)
	}
}

func TestBindErrors(t *testing.T) {
	change := func(f int, change func(*loader.Field)) loader.Spec {
		in := spec.Clone()
		change(&in[f])
		return in
	}
	for name, in := range map[string]loader.Spec{
		"kind":                    change(1, func(f *loader.Field) { f.Kind = kind.Boxes }),
		"type":                    change(1, func(f *loader.Field) { f.DType = dtype.Int64 }),
		"fixed number":            change(1, func(f *loader.Field) { f.Shape = loader.Dims(3, 2) }),
		"follower of fixed shape": change(2, func(f *loader.Field) { f.Shape = loader.Dims(3) }),
		"follower of scalars":     change(2, func(f *loader.Field) { f.Shape = loader.Dims() }),
		"follower varies twice":   change(3, func(f *loader.Field) { f.Shape = loader.Dims(-1, -1) }),
	} {
		if _, err := spans.Bind(in, "text"); !errors.Is(err, loader.ErrSpec) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if set, err := spans.Bind(spec, "vector"); err != nil || !set.Empty() {
		t.Errorf("a field that nothing lives on: %v", err)
	}
}
