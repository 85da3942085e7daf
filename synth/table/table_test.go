package table_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/synth"
	"github.com/stokerdata/stoker/synth/internal/synthtest"
	"github.com/stokerdata/stoker/synth/table"
)

func Example() {
	gen, err := table.New(table.Config{
		Informative: 2, Noise: 1, Missing: 0.1,
		Categories: []table.Category{{Names: []string{"red", "green", "blue"}, Signal: 0.5}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(gen.Spec())
	ld, err := loader.New(synth.New(gen, 1_000_000, 1), loader.Config{BatchSize: 4})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer ld.Close()
	for b, err := range ld.All(context.Background()) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(loader.View[float32](b.Tensor("x00")))
		fmt.Println(loader.View[int32](b.Tensor("c00")), loader.View[int32](b.Tensor("label")))
		break
	}
	// Output:
	// [x00 float32 (); x01 float32 (); x02 float32 (); c00 int32 () label; label int32 () label]
	// [-0.20943382 2.4923427 -1.0488243 1.1380991]
	// [0 -1 1 1] [1 1 0 1]
}

func newGenerator(t testing.TB, c table.Config) *table.Generator {
	t.Helper()
	g, err := table.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

var (
	wide = table.Config{
		Seed: 5, Informative: 4, Redundant: 3, Noise: 3, Classes: 3, LabelNoise: 0.05, Missing: 0.1, Valid: true,
		Categories: []table.Category{{Levels: 20, Signal: 0.8}, {Levels: 5, Exponent: 0.5}},
	}
	regression = table.Config{
		Task: table.Regression, Informative: 6, Redundant: 2, Noise: 2, LabelNoise: 0.3,
		Categories: []table.Category{{Levels: 8, Signal: 0.5}},
	}
)

func TestPromises(t *testing.T) {
	for name, c := range map[string]table.Config{"default": {}, "wide": wide, "regression": regression} {
		t.Run(name, func(t *testing.T) {
			g := newGenerator(t, c)
			synthtest.Golden(t, name, g)
			synthtest.Generator(t, g)
		})
	}
}

// columns holds n rows of a table, as float64.
func columns(t *testing.T, c table.Config, n int) map[string][]float64 {
	t.Helper()
	g := newGenerator(t, c)
	all := map[string][]float64{}
	ld, err := loader.New(synth.New(g, n, 11), loader.Config{BatchSize: 1000})
	if err != nil {
		t.Fatal(err)
	}
	defer ld.Close()
	for b, err := range ld.All(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range g.Spec() {
			all[f.Name] = append(all[f.Name], numbers(b.Tensor(f.Name))...)
		}
	}
	return all
}

func numbers(t loader.Tensor) (v []float64) {
	switch t.DType.String() {
	case "float32":
		for _, x := range loader.View[float32](t) {
			v = append(v, float64(x))
		}
	case "int32":
		for _, x := range loader.View[int32](t) {
			v = append(v, float64(x))
		}
	case "bool":
		for _, x := range t.Data {
			v = append(v, float64(x))
		}
	}
	return v
}

func mean(x []float64) (m float64) {
	for _, v := range x {
		m += v / float64(len(x))
	}
	return m
}

// correlation returns covariance and correlation of x and y.
func correlation(x, y []float64) (cov, r float64) {
	mx, my := mean(x), mean(y)
	var xx, yy float64
	for i := range x {
		cov += (x[i] - mx) * (y[i] - my) / float64(len(x))
		xx += (x[i] - mx) * (x[i] - mx) / float64(len(x))
		yy += (y[i] - my) * (y[i] - my) / float64(len(x))
	}
	return cov, cov / math.Sqrt(xx*yy)
}

const many = 100_000

// tolerance is five standard errors of a proportion or a standardised mean.
var tolerance = 5 / math.Sqrt(many)

func TestClassMoments(t *testing.T) {
	c := wide
	c.Missing, c.LabelNoise, c.Weights, c.Separation = 0, 0, []float64{2, 1, 1}, 1.5
	all := columns(t, c, many)
	byClass := make([]map[string][]float64, 3)
	for k := range byClass {
		byClass[k] = map[string][]float64{}
	}
	for name, x := range all {
		for i, v := range x {
			k := int(all["label"][i])
			byClass[k][name] = append(byClass[k][name], v)
		}
	}
	for k, want := range []float64{0.5, 0.25, 0.25} {
		if p := float64(len(byClass[k]["label"])) / many; math.Abs(p-want) > tolerance {
			t.Errorf("class %d is %v of the rows, want %v", k, p, want)
		}
		tol := 2 * tolerance // a class has a quarter of the rows
		for i := range 4 {
			name := fmt.Sprintf("x%02d", i)
			x := byClass[k][name]
			if m := mean(x); math.Abs(math.Abs(m)-1.5) > tol {
				t.Errorf("class %d: mean of %s is %v, want 1.5 or -1.5", k, name, m)
			}
			if v, _ := correlation(x, x); math.Abs(v-1) > 2*tol {
				t.Errorf("class %d: variance of %s is %v", k, name, v)
			}
			if i > 0 {
				if _, r := correlation(byClass[k]["x00"], x); math.Abs(r) > tol {
					t.Errorf("class %d: correlation of x00 and %s is %v", k, name, r)
				}
			}
		}
		for _, name := range []string{"x04", "x05", "x06"} { // redundant
			x := byClass[k][name]
			explained := 0.0
			for i := range 4 {
				_, r := correlation(byClass[k][fmt.Sprintf("x%02d", i)], x)
				explained += r * r
			}
			if v, _ := correlation(x, x); math.Abs(v-1) > 2*tol || math.Abs(explained-1) > 4*tol {
				t.Errorf("class %d: variance of %s is %v, of which x00 to x03 explain %v", k, name, v, explained)
			}
		}
		for _, name := range []string{"x07", "x08", "x09"} { // noise
			x := byClass[k][name]
			if v, _ := correlation(x, x); math.Abs(mean(x)) > tol || math.Abs(v-1) > 2*tol {
				t.Errorf("class %d: %s has mean %v and variance %v", k, name, mean(x), v)
			}
		}
	}
}

func TestZipf(t *testing.T) {
	c := wide
	c.Missing = 0
	all := columns(t, c, many)
	for _, k := range []struct {
		name     string
		levels   int
		exponent float64
	}{{"c00", 20, 1}, {"c01", 5, 0.5}} {
		want, sum := make([]float64, k.levels), 0.0
		for j := range want {
			want[j] = math.Pow(float64(j+1), -k.exponent)
			sum += want[j]
		}
		got := make([]float64, k.levels)
		for _, v := range all[k.name] {
			got[int(v)] += 1. / many
		}
		for j := range got {
			if math.Abs(got[j]-want[j]/sum) > tolerance {
				t.Errorf("%s: category %d is %v of the rows, want %v", k.name, j, got[j], want[j]/sum)
			}
		}
	}
	// Signal 0.8 tells the class, Signal 0 does not.
	if _, r := correlation(all["c00"], all["label"]); r < 0.3 {
		t.Errorf("correlation of c00 and label is %v", r)
	}
	if _, r := correlation(all["c01"], all["label"]); math.Abs(r) > tolerance {
		t.Errorf("correlation of c01 and label is %v", r)
	}
}

func TestMissing(t *testing.T) {
	whole := wide
	whole.Missing = 0
	full, all := columns(t, whole, many), columns(t, wide, many)
	for _, f := range newGenerator(t, wide).Spec() {
		valid, ok := all[f.Name+".valid"]
		if !ok {
			continue
		}
		if p := 1 - mean(valid); math.Abs(p-0.1) > 0.3*tolerance {
			t.Errorf("%s: %v is missing, want 0.1", f.Name, p)
		}
		if _, r := correlation(valid, all["label"]); math.Abs(r) > tolerance {
			t.Errorf("%s.valid tells the label: %v", f.Name, r)
		}
		for i, v := range all[f.Name] {
			missing := math.IsNaN(v) || f.Names == nil && f.DType.String() == "int32" && v == -1
			if missing == (valid[i] == 1) || !missing && v != full[f.Name][i] {
				t.Fatalf("%s, row %d: %v, valid %v, was %v", f.Name, i, v, valid[i], full[f.Name][i])
			}
		}
	}
}

func TestLabelNoise(t *testing.T) {
	clean, noisy := wide, wide
	clean.LabelNoise, noisy.LabelNoise = 0, 0.2
	a, b := columns(t, clean, many), columns(t, noisy, many)
	var moved [3]float64
	for i, v := range a["label"] {
		moved[(int(b["label"][i])-int(v)+3)%3] += 1. / many
	}
	for k, want := range []float64{0.8, 0.1, 0.1} {
		if math.Abs(moved[k]-want) > tolerance {
			t.Errorf("%v of the labels moved by %d, want %v", moved[k], k, want)
		}
	}
}

func TestRegression(t *testing.T) {
	c := regression
	all := columns(t, c, many)
	explained := 0.0
	for i := range 6 {
		cov, _ := correlation(all[fmt.Sprintf("x%02d", i)], all["label"])
		explained += cov * cov // columns are independent and of variance 1
	}
	if math.Abs(explained-1) > 6*tolerance {
		t.Errorf("the columns explain a variance of %v, want 1", explained)
	}
	// 1 from the columns, 0.25 from the category, and 0.09 of these as noise.
	if v, _ := correlation(all["label"], all["label"]); math.Abs(v-1.25*1.09) > 4*tolerance {
		t.Errorf("variance of the label is %v, want %v", v, 1.25*1.09)
	}
	for _, name := range []string{"x08", "x09"} {
		if _, r := correlation(all[name], all["label"]); math.Abs(r) > tolerance {
			t.Errorf("%s tells the label: %v", name, r)
		}
	}
}

// TestLearnable trains a logistic regression on one seed and tests it on another.
func TestLearnable(t *testing.T) {
	g := newGenerator(t, table.Config{Informative: 4, Redundant: 2, Noise: 6, Separation: 0.7})
	w := make([]float64, 13)
	row := func(b *loader.Batch, i int) (x [13]float64, y float64) {
		for k := range 12 {
			x[k] = float64(loader.View[float32](b.Column(k))[i])
		}
		x[12] = 1
		return x, float64(loader.View[int32](b.Tensor("label"))[i])
	}
	score := func(x [13]float64) (z float64) {
		for k := range x {
			z += w[k] * x[k]
		}
		return z
	}
	synthtest.Each(t, synth.New(g, 5000, 1), loader.Config{BatchSize: 100, Epochs: 2, Order: loader.Shuffle{}}, func(b *loader.Batch, i int) {
		x, y := row(b, i)
		for k, e := 0, y-1/(1+math.Exp(-score(x))); k < 13; k++ {
			w[k] += 0.02 * e * x[k]
		}
	})
	right := 0.0
	synthtest.Each(t, synth.New(g, 2000, 2), loader.Config{BatchSize: 100}, func(b *loader.Batch, i int) {
		if x, y := row(b, i); (score(x) > 0) == (y == 1) {
			right += 1. / 2000
		}
	})
	// Two classes 0.7 from the origin on d columns on which they differ: the
	// best accuracy is the normal distribution at 0.7 sqrt(d), d of 1 to 4.
	if right < 0.74 || right > 0.94 {
		t.Errorf("accuracy %v on new rows", right)
	}
}

func TestConfigErrors(t *testing.T) {
	for _, c := range []table.Config{
		{Task: 2}, {Informative: -1}, {Informative: 65}, {Redundant: -1}, {Noise: 1 << 20}, {Classes: 1}, {Classes: 33}, {Classes: 2000, Informative: 20},
		{Weights: []float64{1}}, {Weights: []float64{0, 0}}, {Weights: []float64{-1, 2}}, {Weights: []float64{math.NaN(), 2}},
		{Weights: []float64{math.MaxFloat64, math.MaxFloat64}}, {Separation: -1}, {Separation: math.NaN()}, {LabelNoise: 1.1}, {LabelNoise: -0.1},
		{Missing: math.NaN()}, {Missing: 2}, {Categories: []table.Category{{Levels: 1}}}, {Categories: []table.Category{{Levels: 1 << 30}}},
		{Categories: []table.Category{{Levels: 3, Names: []string{"a"}}}}, {Categories: []table.Category{{Exponent: -1}}},
		{Categories: []table.Category{{Signal: 1.5}}},
	} {
		if _, err := table.New(c); !errors.Is(err, loader.ErrSpec) {
			t.Errorf("%+v: error is %v", c, err)
		}
	}
}

func BenchmarkTable20(b *testing.B) {
	synthtest.Rate(b, newGenerator(b, table.Config{Informative: 10, Redundant: 5, Noise: 5}))
}

func BenchmarkTableWide(b *testing.B) { synthtest.Rate(b, newGenerator(b, wide)) }

// BenchmarkTableIdeal fills 20 columns with normal numbers from the standard
// library, which are neither labelled nor the same on every processor.
func BenchmarkTableIdeal(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2))
	columns := make([]float32, 20*64)
	for b.Loop() {
		for i := range 64 {
			for k := range 20 {
				columns[64*k+i] = float32(rng.NormFloat64())
			}
		}
	}
	b.ReportMetric(float64(64*b.N)/b.Elapsed().Seconds(), "samples/s")
}
