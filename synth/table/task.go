package table

import (
	"math"
	"math/rand/v2"

	"github.com/stokerdata/stoker/internal/draw"
	"github.com/stokerdata/stoker/internal/prng"
	"github.com/stokerdata/stoker/internal/stable"
)

// task is what Config.Seed decides: how columns and label hang together.
type task struct {
	regression bool
	classes    draw.Choice
	n          int32       // classes
	centres    [][]float64 // of each class, on the informative columns
	mixing     [][]float64 // weights of each redundant column, of length 1
	levels     []draw.Choice
	signal     []float64
	weights    []float64   // regression: of the informative columns, of length 1
	effects    [][]float64 // regression: what a category adds to the label
	noise      float64
	spread     float64 // regression: standard deviation of the label without noise
}

func newTask(c Config) task {
	// Each part draws from a key of its own: a column more does not move the rest.
	keyed := func(part string, i int) *rand.Rand {
		k := prng.Mix(prng.Mix(c.Seed, prng.String(part)), uint64(i))
		return rand.New(rand.NewPCG(k, prng.Mix(k, c.Seed)))
	}
	weights := c.Weights
	if weights == nil {
		weights = make([]float64, c.Classes)
		for i := range weights {
			weights[i] = 1
		}
	}
	t := task{regression: c.Task == Regression, classes: draw.NewChoice(weights), n: int32(c.Classes), noise: c.LabelNoise, spread: 1}
	if t.regression {
		t.weights = direction(keyed("weights", 0), c.Informative)
	} else {
		t.centres = corners(keyed("centres", 0), c)
	}
	for i := range c.Redundant {
		t.mixing = append(t.mixing, direction(keyed("redundant", i), c.Informative))
	}
	for i, k := range c.Categories {
		p := make([]float64, k.Levels)
		for j := range p {
			p[j] = stable.Pow(float64(j+1), -k.Exponent)
		}
		t.levels = append(t.levels, draw.NewChoice(p))
		t.signal = append(t.signal, k.Signal)
		if t.regression {
			t.effects = append(t.effects, effects(keyed("effects", i), p, k.Signal))
			t.spread += float64(k.Signal * k.Signal)
		}
	}
	t.spread = math.Sqrt(t.spread)
	return t
}

// direction draws a vector of length 1.
func direction(rng *rand.Rand, n int) []float64 {
	v := make([]float64, n)
	sum := 0.0
	for i := range v {
		v[i] = draw.Normal(rng)
		sum += float64(v[i] * v[i])
	}
	for i := range v {
		v[i] /= math.Sqrt(sum)
	}
	return v
}

// corners gives each class a corner of its own of a cube around the origin.
func corners(rng *rand.Rand, c Config) [][]float64 {
	taken := map[uint64]bool{}
	var centres [][]float64
	for range c.Classes {
		bits := rng.Uint64() >> (64 - c.Informative)
		for taken[bits] {
			bits = (bits + 1) & (1<<c.Informative - 1)
		}
		taken[bits] = true
		centre := make([]float64, c.Informative)
		for j := range centre {
			centre[j] = c.Separation
			if bits>>j&1 == 0 {
				centre[j] = -c.Separation
			}
		}
		centres = append(centres, centre)
	}
	return centres
}

// effects draws what each category adds to the label: of mean 0 and standard
// deviation signal under the frequencies p, which need not sum to 1.
func effects(rng *rand.Rand, p []float64, signal float64) []float64 {
	e := make([]float64, len(p))
	var sum, mean, square float64
	for i := range e {
		e[i] = draw.Normal(rng)
		sum += p[i]
		mean += float64(p[i] * e[i])
		square += float64(p[i] * e[i] * e[i])
	}
	mean /= sum
	scale := signal / math.Sqrt(square/sum-float64(mean*mean))
	for i := range e {
		e[i] = (e[i] - mean) * scale
	}
	return e
}

// draw draws a row without missing cells.
func (t *task) draw(rng *rand.Rand, r *sheet) {
	u := rng.Float64()
	class := t.classes.At(u)
	for i := range r.z {
		r.z[i] = draw.Normal(rng)
		if !t.regression {
			r.z[i] += t.centres[class][i]
		}
		r.x[i] = float32(r.z[i])
	}
	x := r.x[len(r.z):]
	for i, m := range t.mixing {
		x[i] = float32(dot(m, r.z))
	}
	x = x[len(t.mixing):]
	for i := range x {
		x[i] = float32(draw.Normal(rng))
	}
	value := 0.0
	if t.regression {
		value = dot(t.weights, r.z)
	}
	for i, l := range t.levels {
		value += t.category(rng, r, i, l, u)
	}
	flip, other := rng.Float64(), rng.Int32N(t.n-1)
	if t.regression {
		r.value = float32(value + float64(t.noise*t.spread*draw.Normal(rng)))
		return
	}
	r.class = int32(class)
	if flip < t.noise {
		r.class = (r.class + 1 + other) % t.n
	}
}

// category draws categorical column i and returns what it adds to the label. u
// is the number that chose the class: where it chooses the category too, the
// category tells the class and is as frequent as ever.
func (t *task) category(rng *rand.Rand, r *sheet, i int, l draw.Choice, u float64) float64 {
	own, tells := rng.Float64(), rng.Float64() < t.signal[i]
	if tells && !t.regression {
		own = u
	}
	r.c[i] = int32(l.At(own))
	if t.regression {
		return t.effects[i][r.c[i]]
	}
	return 0
}

// dot returns the sum of products.
func dot(a, b []float64) (sum float64) {
	b = b[:len(a)]
	for i, x := range a {
		sum += float64(x * b[i])
	}
	return sum
}
