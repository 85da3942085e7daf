package tabular_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"runtime"
	"slices"
	"testing"

	"github.com/stokerdata/stoker/augment/tabular"
	"github.com/stokerdata/stoker/format/mem"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
)

var nan = math.NaN()

// table returns a source of the given columns.
func table(t testing.TB, spec loader.Spec, columns ...mem.Column) *mem.Source {
	t.Helper()
	src, err := mem.Columns(spec, columns...)
	if err != nil {
		t.Fatal(err)
	}
	return src
}

// people has all that columns can be: float32 and int32 with missing cells,
// float64, a vector, a bool.
func people(t testing.TB) *mem.Source {
	return table(t, loader.Spec{
		{Name: "height", DType: dtype.Float32},
		{Name: "age", DType: dtype.Int32},
		{Name: "age.valid", DType: dtype.Bool},
		{Name: "income", DType: dtype.Float64},
		{Name: "scores", DType: dtype.Float32, Shape: loader.Dims(2)},
		{Name: "member", DType: dtype.Bool},
	},
		mem.Of([]float32{1.5, float32(nan), 1.75, 2}),
		mem.Of([]int32{30, 99, 40, 50}),
		mem.Of([]bool{true, false, true, true}),
		mem.Of([]float64{10, 20, 30, nan}),
		mem.Of([]float32{1, 2, 3, float32(nan), 5, 6, 7, 8}),
		mem.Of([]bool{true, false, true, false}),
	)
}

// collect runs an epoch and returns, field by field, the values of all rows.
func collect(t testing.TB, src loader.Source, cfg loader.Config) map[string]any {
	t.Helper()
	ld, err := loader.New(src, cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer ld.Close()
	got := map[string]any{}
	for b, err := range ld.All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range b.Spec() {
			if f.Name == "" {
				continue
			}
			switch c := b.Tensor(f.Name); f.DType {
			case dtype.Float32:
				old, _ := got[f.Name].([]float32)
				got[f.Name] = append(old, loader.View[float32](c)...)
			case dtype.Float64:
				old, _ := got[f.Name].([]float64)
				got[f.Name] = append(old, loader.View[float64](c)...)
			case dtype.Int32:
				old, _ := got[f.Name].([]int32)
				got[f.Name] = append(old, loader.View[int32](c)...)
			case dtype.Bool:
				old, _ := got[f.Name].([]bool)
				got[f.Name] = append(old, loader.View[bool](c)...)
			}
		}
	}
	return got
}

func apply(t testing.TB, src loader.Source, transforms ...loader.Transform) map[string]any {
	t.Helper()
	return collect(t, src, loader.Config{BatchSize: 3, Transforms: transforms})
}

// equal compares, taking NaN for equal to NaN.
func equal(a, b any) bool { return fmt.Sprintf("%T%v", a, a) == fmt.Sprintf("%T%v", b, b) }

func TestImpute(t *testing.T) {
	tests := []struct {
		name      string
		transform tabular.Impute
		want      map[string]any
	}{
		{"zero value", tabular.Impute{}, map[string]any{
			"height": []float32{1.5, 0, 1.75, 2},
			"age":    []int32{30, 0, 40, 50},
			"income": []float64{10, 20, 30, 0},
			"scores": []float32{1, 2, 3, 0, 5, 6, 7, 8},
			"member": []bool{true, false, true, false},
		}},
		{"named", tabular.Impute{With: map[string]float64{"age": -7, "scores": 0.5}, Indicator: true}, map[string]any{
			"height":         []float32{1.5, float32(nan), 1.75, 2},
			"age":            []int32{30, -7, 40, 50},
			"income":         []float64{10, 20, 30, nan},
			"scores":         []float32{1, 2, 3, 0.5, 5, 6, 7, 8},
			"member":         []bool{true, false, true, false},
			"age.missing":    []bool{false, true, false, false},
			"scores.missing": []bool{false, false, false, true, false, false, false, false},
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := apply(t, people(t), test.transform); !equal(got, test.want) {
				t.Errorf("got  %v\nwant %v", got, test.want)
			}
		})
	}
}

func TestStandardize(t *testing.T) {
	got := apply(t, people(t), tabular.Standardize{
		Mean: map[string]float64{"height": 1.75, "age": 40, "income": 20},
		Std:  map[string]float64{"age": 10, "income": 4, "member": 0.5},
	})
	want := map[string]any{
		"height": []float32{-0.25, float32(nan), 0, 0.25},
		"age":    []float32{-1, float32(nan), 0, 1},
		"income": []float32{-2.5, 0, 2.5, float32(nan)},
		"scores": []float32{1, 2, 3, float32(nan), 5, 6, 7, 8},
		"member": []float32{2, 0, 2, 0},
	}
	if !equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

// Times in seconds are far from 0 beside their spread: float32 would lose them.
func TestStandardizeLargeMean(t *testing.T) {
	src := table(t, loader.Spec{{Name: "time", DType: dtype.Int64}}, mem.Of([]int64{1_700_000_001, 1_700_000_002, 1_700_000_003}))
	got := apply(t, src, tabular.Standardize{Mean: map[string]float64{"time": 1_700_000_002}})
	if want := []float32{-1, 0, 1}; !equal(got["time"], want) {
		t.Errorf("got %v, want %v", got["time"], want)
	}
}

func TestConcat(t *testing.T) {
	got := apply(t, people(t), tabular.Concat{Fields: []string{"member", "scores", "age", "income"}, Into: "x"})
	n := float32(nan)
	want := map[string]any{
		"height": []float32{1.5, n, 1.75, 2},
		"x": []float32{
			1, 1, 2, 30, 10,
			0, 3, n, n, 20,
			1, 5, 6, 40, 30,
			0, 7, 8, 50, n,
		},
	}
	if !equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

// Many columns of all types, against a loop over rows.
func TestConcatMany(t *testing.T) {
	const rows = 301
	var spec loader.Spec
	var columns []mem.Column
	var cells [][]float32 // by column, width values a row
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range 43 {
		width := 1
		f := loader.Field{Name: fmt.Sprint("c", i)}
		if i%9 == 5 {
			width = 3
			f.Shape = loader.Dims(3)
		}
		values := make([]float32, rows*width)
		for j := range values {
			values[j] = float32(rng.IntN(100))
		}
		c := columnOf(values, i)
		f.DType = c.DType
		spec, columns, cells = append(spec, f), append(columns, c), append(cells, values)
	}
	got := collect(t, table(t, spec, columns...), loader.Config{BatchSize: 100, Transforms: []loader.Transform{tabular.Concat{}}})
	var want []float32
	for i := range rows {
		for _, c := range cells {
			width := len(c) / rows
			want = append(want, c[i*width:][:width]...)
		}
	}
	if !slices.Equal(got["features"].([]float32), want) {
		t.Error("rows differ from those of a plain loop")
	}
}

// columnOf stores values as one of the types that columns have.
func columnOf(values []float32, choice int) mem.Column {
	switch choice % 11 {
	case 0:
		return mem.Of(as[uint8](values))
	case 1:
		return mem.Of(as[int8](values))
	case 2:
		return mem.Of(as[uint16](values))
	case 3:
		return mem.Of(as[int16](values))
	case 4:
		return mem.Of(as[uint32](values))
	case 5:
		return mem.Of(as[int32](values))
	case 6:
		return mem.Of(as[uint64](values))
	case 7:
		return mem.Of(as[int64](values))
	case 8:
		return mem.Of(as[float64](values))
	}
	return mem.Of(values)
}

func as[T uint8 | int8 | uint16 | int16 | uint32 | int32 | uint64 | int64 | float64](x []float32) []T {
	y := make([]T, len(x))
	for i, v := range x {
		y[i] = T(v)
	}
	return y
}

// numbers returns a source of a float32 vector and an int32 column with a
// companion; no cell is 0 and all are different.
func numbers(t testing.TB, rows int) *mem.Source {
	x, n, valid := make([]float32, 4*rows), make([]int32, rows), make([]bool, rows)
	for i := range x {
		x[i] = float32(i + 1)
	}
	for i := range n {
		n[i], valid[i] = int32(i+1), true
	}
	return table(t, loader.Spec{
		{Name: "x", DType: dtype.Float32, Shape: loader.Dims(4)},
		{Name: "n", DType: dtype.Int32},
		{Name: "n.valid", DType: dtype.Bool},
	}, mem.Of(x), mem.Of(n), mem.Of(valid))
}

func TestDropCellsRate(t *testing.T) {
	const rows, p = 20000, 0.3
	got := collect(t, numbers(t, rows), loader.Config{BatchSize: 512, Transforms: []loader.Transform{tabular.DropCells{P: p}}})
	for cell := range 4 {
		dropped := 0
		for i := range rows {
			if got["x"].([]float32)[4*i+cell] == 0 {
				dropped++
			}
		}
		if sigma := math.Sqrt(rows * p * (1 - p)); math.Abs(float64(dropped)-rows*p) > 4*sigma {
			t.Errorf("cell %d: %d of %d dropped at P %v", cell, dropped, rows, p)
		}
	}
	if n := got["n"].([]int32); !slices.IsSorted(n) || n[0] != 1 {
		t.Error("a column that is not listed was changed")
	}
}

func TestDropCellsMissing(t *testing.T) {
	all := tabular.DropCells{P: 1, Fields: []string{"n", "x"}, Fill: nan}
	got := collect(t, numbers(t, 10), loader.Config{BatchSize: 4, Transforms: []loader.Transform{all}})
	for i, x := range got["x"].([]float32) {
		if x == x {
			t.Fatalf("cell %d is %v", i, x)
		}
	}
	if slices.Contains(got["n.valid"].([]bool), true) {
		t.Error("a dropped cell is valid")
	}
}

// What happens to a sample must not depend on its batch.
func TestDropCellsBatchSize(t *testing.T) {
	drop := tabular.DropCells{P: 0.5, Fields: []string{"x", "n"}}
	want := collect(t, numbers(t, 200), loader.Config{BatchSize: 1, Workers: 1, Transforms: []loader.Transform{drop}})
	for _, size := range []int{7, 64, 200} {
		got := collect(t, numbers(t, 200), loader.Config{BatchSize: size, Workers: 3, Transforms: []loader.Transform{drop}})
		if !equal(got, want) {
			t.Errorf("batches of %d give other samples than batches of 1", size)
		}
	}
}

func TestSwapNoise(t *testing.T) {
	const rows, p = 4096, 0.25
	src := numbers(t, rows)
	got := collect(t, src, loader.Config{BatchSize: rows, Transforms: []loader.Transform{tabular.SwapNoise{P: p}}})
	x := got["x"].([]float32)
	swapped := 0
	for i, v := range x {
		if (int(v)-1)%4 != i%4 {
			t.Fatalf("cell %d holds %v, which is of another column", i, v)
		}
		if int(v) != i+1 {
			swapped++
		}
	}
	if sigma := math.Sqrt(4 * rows * p * (1 - p)); math.Abs(float64(swapped)-4*rows*p) > 4*sigma {
		t.Errorf("%d of %d cells swapped at P %v", swapped, len(x), p)
	}
}

// A missing cell stays missing where it is swapped to.
func TestSwapNoiseMissing(t *testing.T) {
	n, valid := make([]int32, 1000), make([]bool, 1000)
	for i := range n {
		n[i], valid[i] = int32(i), i%3 > 0
	}
	src := table(t, loader.Spec{{Name: "n", DType: dtype.Int32}, {Name: "n.valid", DType: dtype.Bool}}, mem.Of(n), mem.Of(valid))
	got := collect(t, src, loader.Config{BatchSize: 1000, Transforms: []loader.Transform{tabular.SwapNoise{P: 1}}})
	for i, v := range got["n"].([]int32) {
		if int(v) == i || got["n.valid"].([]bool)[i] != (v%3 > 0) {
			t.Fatalf("row %d holds %d, valid %v", i, v, got["n.valid"].([]bool)[i])
		}
	}
}

func fit(t *testing.T, src loader.Source, batchSize int, fields ...string) (tabular.Stats, error) {
	t.Helper()
	ld, err := loader.New(src, loader.Config{BatchSize: batchSize})
	if err != nil {
		t.Fatal(err)
	}
	defer ld.Close()
	return tabular.Fit(t.Context(), ld.All(t.Context()), fields...)
}

func TestFit(t *testing.T) {
	stats, err := fit(t, people(t), 3)
	if err != nil {
		t.Fatal(err)
	}
	want := tabular.Stats{
		"height": {Count: 3, Missing: 1, Mean: 1.75, Std: math.Sqrt(0.125 / 3), Min: 1.5, Max: 2},
		"age":    {Count: 3, Missing: 1, Mean: 40, Std: math.Sqrt(200. / 3), Min: 30, Max: 50},
		"income": {Count: 3, Missing: 1, Mean: 20, Std: math.Sqrt(200. / 3), Min: 10, Max: 30},
		"scores": {Count: 7, Missing: 1, Mean: 32. / 7, Std: math.Sqrt(188./7 - 1024./49), Min: 1, Max: 8},
	}
	for name, w := range want {
		g := stats[name]
		if g.Count != w.Count || g.Missing != w.Missing || g.Min != w.Min || g.Max != w.Max || math.Abs(g.Mean-w.Mean) > 1e-14*w.Mean || math.Abs(g.Std-w.Std) > 1e-14*w.Std {
			t.Errorf("%s: got %+v, want %+v", name, g, w)
		}
	}
	if len(stats) != len(want) {
		t.Errorf("got %v", stats)
	}
	text, err := json.Marshal(stats)
	if err != nil {
		t.Fatal(err)
	}
	var back tabular.Stats
	if err := json.Unmarshal(text, &back); err != nil || !reflect.DeepEqual(back, stats) {
		t.Errorf("from JSON: %v, %v", back, err)
	}
}

// A mean of 10^9 beside a standard deviation of 1: the textbook sum of squares
// would keep no digit of it.
func TestFitPrecision(t *testing.T) {
	const n = 10000
	x := make([]float64, n)
	for i := range x {
		x[i] = 1e9 + float64(i%2*2-1)
	}
	for _, size := range []int{1, 33, 4096, n} {
		stats, err := fit(t, table(t, loader.Spec{{Name: "x", DType: dtype.Float64}}, mem.Of(x)), size)
		if err != nil {
			t.Fatal(err)
		}
		if s := stats["x"]; math.Abs(s.Mean-1e9) > 1e-6 || math.Abs(s.Std-1) > 1e-9 {
			t.Errorf("batches of %d: %+v", size, s)
		}
	}
}

func TestFitErrors(t *testing.T) {
	inf := table(t, loader.Spec{{Name: "x", DType: dtype.Float32}}, mem.Of([]float32{1, float32(math.Inf(1))}))
	if _, err := fit(t, inf, 2); !errors.Is(err, loader.ErrCorrupt) {
		t.Errorf("infinite cell: %v", err)
	}
	huge := table(t, loader.Spec{{Name: "x", DType: dtype.Float64}}, mem.Of([]float64{-math.MaxFloat64, math.MaxFloat64}))
	if _, err := fit(t, huge, 2); !errors.Is(err, loader.ErrCorrupt) {
		t.Errorf("cells too large: %v", err)
	}
	if _, err := fit(t, people(t), 2, "wealth"); !errors.Is(err, loader.ErrSpec) {
		t.Errorf("no such field: %v", err)
	}
}

// Standardizing with what was fitted gives mean 0 and deviation 1; filling
// before and after gives the same.
func TestFitThenTransform(t *testing.T) {
	stats, err := fit(t, people(t), 4, "height", "income", "age")
	if err != nil {
		t.Fatal(err)
	}
	got := apply(t, people(t), stats.Standardize(), tabular.Impute{})
	for _, name := range []string{"height", "income", "age"} {
		var sum, squares float64
		for _, x := range got[name].([]float32) {
			sum += float64(x)
			squares += float64(x) * float64(x)
		}
		if math.Abs(sum) > 1e-6 || math.Abs(squares-3) > 1e-5 {
			t.Errorf("%s: %v", name, got[name])
		}
	}
	before := apply(t, people(t), stats.Impute(), stats.Standardize())
	if !equal(before["income"], got["income"]) {
		t.Errorf("imputed before: %v, behind: %v", before["income"], got["income"])
	}
}

func TestStandardizeConstant(t *testing.T) {
	src := table(t, loader.Spec{{Name: "x", DType: dtype.Float32}}, mem.Of([]float32{0.1, 0.1, 0.1, 0.1, 0.1}))
	stats, err := fit(t, src, 2)
	if err != nil {
		t.Fatal(err)
	}
	if got := apply(t, src, stats.Standardize()); !equal(got["x"], make([]float32, 5)) {
		t.Errorf("got %v, want zeros", got["x"])
	}
}

func TestSpecErrors(t *testing.T) {
	with := func(name string, v float64) map[string]float64 { return map[string]float64{name: v} }
	odd := table(t, loader.Spec{
		{Name: "text", DType: dtype.Uint8, Shape: loader.Dims(-1)},
		{Name: "half", DType: dtype.Float16},
		{Name: "n", DType: dtype.Int32},
		{Name: "n.valid", DType: dtype.Uint8},
	}, mem.Strings([]string{"a"}), mem.Of([]uint16{1}), mem.Of([]int32{1}), mem.Of([]uint8{1}))
	tests := []struct {
		name      string
		src       loader.Source
		transform loader.Transform
	}{
		{"misspelt", people(t), tabular.Impute{With: with("hieght", 0)}},
		{"not an int", people(t), tabular.Impute{With: with("age", 0.5)}},
		{"too large", people(t), tabular.Impute{With: with("age", 1<<31)}},
		{"not a bool", people(t), tabular.Impute{With: with("member", 2)}},
		{"not a float32", people(t), tabular.Impute{With: with("height", 1e300)}},
		{"NaN in an int", people(t), tabular.DropCells{Fields: []string{"member"}, Fill: nan}},
		{"nothing to standardize", people(t), tabular.Standardize{}},
		{"negative std", people(t), tabular.Standardize{Std: with("age", -1)}},
		{"infinite mean", people(t), tabular.Standardize{Mean: with("age", math.Inf(1))}},
		{"listed twice", people(t), tabular.Concat{Fields: []string{"age", "age"}}},
		{"name taken", people(t), tabular.Concat{Fields: []string{"age"}, Into: "income"}},
		{"P above 1", people(t), tabular.DropCells{P: 1.5}},
		{"P is NaN", people(t), tabular.SwapNoise{P: nan}},
		{"varying", odd, tabular.Concat{Fields: []string{"text"}}},
		{"half", odd, tabular.Concat{Fields: []string{"half"}}},
		{"odd companion", odd, tabular.Concat{Fields: []string{"n"}}},
		{"no columns", odd, tabular.DropCells{}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := loader.New(test.src, loader.Config{BatchSize: 1, Transforms: []loader.Transform{test.transform}})
			if !errors.Is(err, loader.ErrSpec) {
				t.Errorf("New: %v", err)
			}
		})
	}
}

// The digest covers the draws and every float of a whole pipeline. It must be
// the same for every GOAMD64 and on arm64.
func TestGolden(t *testing.T) {
	const want = "624bbff656363b7e"
	got := collect(t, numbers(t, 500), loader.Config{BatchSize: 64, Seed: 42, Transforms: []loader.Transform{
		tabular.SwapNoise{},
		tabular.DropCells{P: 0.2, Fields: []string{"x", "n"}, Fill: nan},
		tabular.Standardize{Mean: map[string]float64{"x": 999.7, "n": 250.1}, Std: map[string]float64{"x": 577.3, "n": 144.2}},
		tabular.Impute{Indicator: true},
		tabular.Concat{},
	}})
	h := sha256.New()
	for _, x := range got["features"].([]float32) {
		fmt.Fprintf(h, "%08x", math.Float32bits(x))
	}
	if sum := hex.EncodeToString(h.Sum(nil)[:8]); sum != want {
		t.Errorf("digest %s, want %s", sum, want)
	}
}

// Per sample nothing is allocated: ten times the epochs cost the same.
func TestAllocations(t *testing.T) {
	src := numbers(t, 1000)
	mallocs := func(epochs int) uint64 {
		ld, err := loader.New(src, loader.Config{BatchSize: 100, Epochs: epochs, Transforms: []loader.Transform{
			tabular.SwapNoise{}, tabular.DropCells{}, tabular.Standardize{Mean: map[string]float64{"n": 1}}, tabular.Impute{Indicator: true}, tabular.Concat{},
		}})
		if err != nil {
			t.Fatal(err)
		}
		defer ld.Close()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for _, err := range ld.All(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
		}
		runtime.ReadMemStats(&after)
		return after.Mallocs - before.Mallocs
	}
	few, many := mallocs(2), mallocs(42)
	if perSample := (float64(many) - float64(few)) / 40_000; perSample > 0.02 {
		t.Errorf("%.3f allocations per sample", perSample)
	}
}
