package augment_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stokerdata/stoker/augment"
	"github.com/stokerdata/stoker/format/mem"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
)

// add adds By to the field x, and half a random number below 1.
type add struct{ By float64 }

func (a add) Bind(in loader.Spec) (loader.Stage, error) {
	f := in.Index("x")
	if f < 0 {
		return loader.Stage{}, fmt.Errorf("no x: %w", loader.ErrSpec)
	}
	return loader.Stage{Out: in, Row: func(w *loader.Worker, s *loader.Sample) error {
		v := loader.View[float64](*w.Mutable(s, f))
		v[0] += a.By + w.Rand().Float64()/2
		return nil
	}}, nil
}

// set writes a new value, with a shape of N numbers.
type set struct{ N int }

func (o set) Bind(in loader.Spec) (loader.Stage, error) {
	f := in.Index("x")
	out := in.Clone()
	out[f].Shape = loader.Dims(o.N)
	return loader.Stage{Out: out, Writes: []int{f}, Row: func(w *loader.Worker, s *loader.Sample) error {
		x := loader.View[float64](*w.Out(s, f, dtype.Float64, loader.Dims(o.N)))
		for i := range x {
			x[i] = float64(100 * o.N)
		}
		return nil
	}}, nil
}

// grow appends a field.
type grow struct{ Name string }

func (g grow) Bind(in loader.Spec) (loader.Stage, error) {
	out, f := in.With(loader.Field{Name: g.Name, DType: dtype.Uint8})
	return loader.Stage{Out: out, Writes: []int{f}, Row: func(w *loader.Worker, s *loader.Sample) error {
		w.Out(s, f, dtype.Uint8, loader.Dims()).Data[0] = uint8(len(g.Name))
		return nil
	}}, nil
}

// columns works on batches.
type columns struct{}

func (columns) Bind(in loader.Spec) (loader.Stage, error) {
	return loader.Stage{Out: in, Batch: func(*loader.Worker, *loader.Batch) error { return nil }}, nil
}

// fail fails.
type fail struct{}

var errFail = errors.New("no luck")

func (fail) Bind(in loader.Spec) (loader.Stage, error) {
	return loader.Stage{Out: in, Row: func(*loader.Worker, *loader.Sample) error { return errFail }}, nil
}

// numbers returns a source of n numbers, all 0, and their own indices.
func numbers(t testing.TB, n int) *mem.Source {
	t.Helper()
	id := make([]int32, n)
	for i := range id {
		id[i] = int32(i)
	}
	src, err := mem.Columns(loader.Spec{
		{Name: "x", DType: dtype.Float64, Shape: loader.Dims(1)},
		{Name: "id", DType: dtype.Int32},
	}, mem.Of(make([]float64, n)), mem.Of(id))
	if err != nil {
		t.Fatal(err)
	}
	return src
}

func load(t testing.TB, src loader.Source, transforms ...loader.Transform) *loader.Loader {
	t.Helper()
	ld, err := loader.New(src, loader.Config{BatchSize: 10, Seed: 5, Workers: 2, Transforms: transforms})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ld.Close() })
	return ld
}

// run returns x of all samples behind the transforms.
func run(t testing.TB, n int, transforms ...loader.Transform) (x []float64) {
	t.Helper()
	for b, err := range load(t, numbers(t, n), transforms...).All(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		x = append(x, loader.View[float64](b.Tensor("x"))...)
	}
	return x
}

// counts tells how often each whole number came out.
func counts(x []float64) map[int]int {
	n := map[int]int{}
	for _, v := range x {
		n[int(v)]++
	}
	return n
}

// about fails unless got of n is what p lets expect.
func about(t *testing.T, what string, got, n int, p float64) {
	t.Helper()
	if math.Abs(float64(got)-float64(n)*p) > 4*math.Sqrt(float64(n)*p*(1-p)) {
		t.Errorf("%s: %d of %d, expected about %.0f", what, got, n, float64(n)*p)
	}
}

func list(t ...loader.Transform) []loader.Transform { return t }

func TestCompose(t *testing.T) {
	for _, v := range run(t, 50, augment.Compose{add{10}, set{1}, augment.Compose{add{3}, add{4}}, augment.Compose{}}) {
		if v < 107 || v >= 108 {
			t.Fatalf("got %v, want 107 and up to 1", v)
		}
	}
}

func TestRandomApply(t *testing.T) {
	n := counts(run(t, 2000, augment.RandomApply{P: 0.3, Transforms: list(add{1}, add{1})}))
	about(t, "applied", n[2], 2000, 0.3)
	about(t, "left alone", n[0], 2000, 0.7)
	if n := counts(run(t, 100, augment.RandomApply{Transforms: list(fail{})})); n[0] != 100 {
		t.Errorf("P 0: %v", n)
	}
	if n := counts(run(t, 100, augment.RandomApply{P: 1, Transforms: list(add{1})})); n[1] != 100 {
		t.Errorf("P 1: %v", n)
	}
}

func TestOneOf(t *testing.T) {
	n := counts(run(t, 3000, augment.OneOf{Transforms: list(add{1}, add{2}, fail{}, add{4}), Weights: []float64{1, 3, 0, 6}}))
	about(t, "first", n[1], 3000, 0.1)
	about(t, "second", n[2], 3000, 0.3)
	about(t, "fourth", n[4], 3000, 0.6)
	n = counts(run(t, 3000, augment.OneOf{Transforms: list(add{1}, augment.Compose{}, augment.Compose{set{1}, add{7}})}))
	about(t, "first", n[1], 3000, 1./3)
	about(t, "identity", n[0], 3000, 1./3)
	about(t, "composed", n[107], 3000, 1./3)
}

// TestSomeOf adds powers of two, so that the sum tells which were applied.
func TestSomeOf(t *testing.T) {
	o := augment.SomeOf{N: 2, Transforms: list(add{1}, add{2}, add{4}, add{8})}
	n := counts(run(t, 6000, o))
	total := 0
	for a := range 4 {
		for b := range a {
			k := n[1<<a+1<<b]
			about(t, fmt.Sprint("pair ", a, b), k, 6000, 1./6)
			total += k
		}
	}
	if total != 6000 {
		t.Errorf("%d of 6000 pairs: %v", total, n)
	}
}

// TestDrawsAreApart checks that children of one type draw on their own, and
// keep what they draw when another stands before them.
func TestDrawsAreApart(t *testing.T) {
	one := run(t, 100, augment.Compose{add{}})
	two := run(t, 100, augment.Compose{add{}, add{}})
	behind := run(t, 100, augment.Compose{grow{"y"}, add{}})
	equal := 0
	for i := range one {
		if two[i] == 2*one[i] {
			equal++
		}
	}
	if equal > 0 {
		t.Errorf("the second child repeats the first in %d of 100", equal)
	}
	if !slices.Equal(one, behind) {
		t.Error("a child of another type moves the draws")
	}
}

func TestFilter(t *testing.T) {
	odd := augment.Filter{Name: "odd", Field: "id", Keep: func(v loader.Tensor) bool { return loader.View[int32](v)[0]%2 == 1 }}
	for name, f := range map[string]loader.Transform{"alone": odd, "inside": augment.Compose{add{1}, odd}} {
		var got []int32
		var sizes []int
		for b, err := range load(t, numbers(t, 50), f).All(context.Background()) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, loader.View[int32](b.Tensor("id"))...)
			sizes = append(sizes, b.Len())
		}
		want := make([]int32, 25)
		for i := range want {
			want[i] = int32(2*i + 1)
		}
		if !slices.Equal(got, want) || !slices.Equal(sizes, []int{10, 10, 5}) {
			t.Errorf("%s: got %v in batches of %v", name, got, sizes)
		}
	}
}

// TestFieldsThroughout checks that a combinator hands on fields that its
// children add.
func TestFieldsThroughout(t *testing.T) {
	ld := load(t, numbers(t, 10), augment.OneOf{Transforms: list(augment.Compose{grow{"yy"}, add{1}}, grow{"yy"})})
	for b, err := range ld.All(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		if got := loader.View[uint8](b.Tensor("yy")); !slices.Equal(got, slices.Repeat([]uint8{2}, 10)) {
			t.Errorf("got %v", got)
		}
	}
}

func TestMisfits(t *testing.T) {
	spec := numbers(t, 1).Spec()
	for _, c := range []struct {
		t    loader.Transform
		want string
	}{
		{augment.RandomApply{P: 2}, "P is 2"},
		{augment.RandomApply{P: 0.5, Transforms: list(set{3})}, "x float64 (1) and x float64 (3)"},
		{augment.RandomApply{P: 0.5, Transforms: list(grow{"y"})}, "field y uint8 () is not always there"},
		{augment.OneOf{}, "no transforms"},
		{augment.OneOf{Transforms: list(set{2}, set{3})}, "x float64 (2) and x float64 (3)"},
		{augment.OneOf{Transforms: list(grow{"y"}, add{})}, "field y uint8 () is not always there"},
		{augment.OneOf{Transforms: list(grow{"y"}, grow{"z"})}, "y uint8 () and z uint8 ()"},
		{augment.OneOf{Transforms: list(add{}), Weights: []float64{1, 2}}, "2 weights of 1"},
		{augment.OneOf{Transforms: list(add{}), Weights: []float64{0}}, "is 0"},
		{augment.OneOf{Transforms: list(add{}), Weights: []float64{-1}}, "weight 1 is -1"},
		{augment.OneOf{Transforms: list(add{}, add{}), Weights: []float64{1, math.Inf(1)}}, "+Inf"},
		{augment.SomeOf{N: 2, Transforms: list(add{})}, "N is 2 of 1"},
		{augment.SomeOf{N: 1, Transforms: list(add{}, set{4})}, "without augment_test.set differ"},
		{augment.Compose{add{}, columns{}}, "transform 2, augment_test.columns: only transforms of single rows"},
		{augment.Compose{nil}, "nil"},
		{augment.Filter{Field: "idd", Keep: func(loader.Tensor) bool { return true }}, `no field "idd"`},
		{augment.Filter{Field: "id"}, "no Keep"},
	} {
		_, err := c.t.Bind(spec)
		if !errors.Is(err, loader.ErrSpec) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%#v: got %v, want ErrSpec and %q", c.t, err, c.want)
		}
	}
}

func TestErrorNamesTheChild(t *testing.T) {
	_, err := load(t, numbers(t, 1), augment.OneOf{Transforms: list(augment.Compose{add{}, fail{}})}).Trace(context.Background(), 0, 0, 0)
	if !errors.Is(err, errFail) || !strings.Contains(err.Error(), "augment_test.fail") {
		t.Errorf("got %v", err)
	}
}

func TestTrace(t *testing.T) {
	tr, err := load(t, numbers(t, 1), augment.OneOf{Transforms: list(add{1}, add{2})}).Trace(context.Background(), 0, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	x, n := loader.View[float64](tr.Fields[0])[0], tr.Steps[len(tr.Steps)-1].Notes[0]
	if n.Name != "choice" || n.Values[0]+1 != math.Floor(x) {
		t.Errorf("x is %v, the note %v", x, n)
	}
}

func TestNoAllocations(t *testing.T) {
	count := func(n int) uint64 {
		src := numbers(t, n)
		ld := load(t, src, augment.Compose{
			augment.RandomApply{P: 0.5, Transforms: list(add{1})},
			augment.OneOf{Transforms: list(set{1}, add{2}), Weights: []float64{1, 2}},
			augment.SomeOf{N: 1, Transforms: list(add{1}, add{2})},
			augment.Filter{Field: "id", Keep: func(t loader.Tensor) bool { return t.Data[0]&3 != 0 }},
		})
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for _, err := range ld.All(context.Background()) {
			if err != nil {
				t.Fatal(err)
			}
		}
		runtime.ReadMemStats(&after)
		return after.Mallocs - before.Mallocs
	}
	few, many := count(2000), count(10000)
	if per := (float64(many) - float64(few)) / 8000; per > 0.2 {
		t.Errorf("%.2f allocations per sample (%d for 2000, %d for 10000)", per, few, many)
	}
}
