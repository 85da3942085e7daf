// Package draw turns random bits into values, with the same result on every
// processor and, but for Int, a fixed number of draws for each value:
//
//	gain := draw.Uniform(rng, -6, 6)
//	pitch := draw.LogUniform(rng, 110, 880)
//	noise := 0.1 * draw.Normal(rng)
//	side := draw.Int(rng, 1, 6)
//	class := draw.NewChoice([]float64{3, 1}).Pick(rng) // 0 in three of four cases
package draw

import (
	"math"
	"math/rand/v2"
	"sort"

	"github.com/stokerdata/stoker/internal/stable"
)

// Uniform returns a number from lo to hi, which is reached by rounding alone.
func Uniform(rng *rand.Rand, lo, hi float64) float64 {
	return lo + float64(rng.Float64()*(hi-lo))
}

// LogUniform returns a number from lo > 0 to hi whose logarithm is uniform. By
// rounding it may lie above hi, by a part of 10^15.
func LogUniform(rng *rand.Rand, lo, hi float64) float64 {
	return float64(lo * stable.Exp2(float64(rng.Float64()*(stable.Log(hi/lo)/math.Ln2))))
}

// Int returns a whole number from lo to hi, both included.
func Int(rng *rand.Rand, lo, hi int) int { return lo + int(rng.Int64N(int64(hi-lo)+1)) }

// Normal returns a standard normal number, the quantile of a uniform one.
func Normal(rng *rand.Rand) float64 {
	return quantile(float64(float64(rng.Uint64()>>11)+0.5) / (1 << 53))
}

// quantile returns the standard normal quantile of 0 < p < 1, to about 16
// digits: Wichura, "Algorithm AS 241: the percentage points of the normal
// distribution", Applied Statistics 37 (1988), routine PPND16.
func quantile(p float64) float64 {
	q := p - 0.5
	if math.Abs(q) <= 0.425 {
		return float64(q * ratio(0.180625-float64(q*q), &centre))
	}
	tail := p
	if q > 0 {
		tail = 1 - p
	}
	r := math.Sqrt(-stable.Log(tail))
	x := 0.0
	if r <= 5 {
		x = ratio(r-1.6, &shoulder)
	} else {
		x = ratio(r-5, &far)
	}
	return math.Copysign(x, q)
}

// ratio returns the quotient of two polynomials, lowest power first.
func ratio(x float64, c *[2][8]float64) float64 {
	num, den := c[0][7], c[1][7]
	for k := 6; k >= 0; k-- {
		num = float64(num*x) + c[0][k]
		den = float64(den*x) + c[1][k]
	}
	return num / den
}

// Coefficients of PPND16 for the three parts of the range.
var (
	centre = [2][8]float64{
		{3.3871328727963666080, 133.14166789178437745, 1971.5909503065514427, 13731.693765509461125, 45921.953931549871457, 67265.770927008700853, 33430.575583588128105, 2509.0809287301226727},
		{1, 42.313330701600911252, 687.18700749205790830, 5394.1960214247511077, 21213.794301586595867, 39307.895800092710610, 28729.085735721942674, 5226.4952788528545610},
	}
	shoulder = [2][8]float64{
		{1.42343711074968357734, 4.63033784615654529590, 5.76949722146069140550, 3.64784832476320460504, 1.27045825245236838258, 0.241780725177450611770, 0.0227238449892691845833, 7.74545014278341407640e-4},
		{1, 2.05319162663775882187, 1.67638483018380384940, 0.689767334985100004550, 0.148103976427480074590, 0.0151986665636164571966, 5.47593808499534494600e-4, 1.05075007164441684324e-9},
	}
	far = [2][8]float64{
		{6.65790464350110377720, 5.46378491116411436990, 1.78482653991729133580, 0.296560571828504891230, 0.0265321895265761230930, 1.24266094738807843860e-3, 2.71155556874348757815e-5, 2.01033439929228813265e-7},
		{1, 0.599832206555887937690, 0.136929880922735805310, 0.0148753612908506148525, 7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7, 2.04426310338993978564e-15},
	}
)

// Choice picks numbers with given probabilities. It is immutable.
type Choice struct{ upTo []float64 }

// NewChoice returns a choice among len(weights) numbers. Weights must be
// finite and not negative, and their sum positive.
func NewChoice(weights []float64) Choice {
	upTo := make([]float64, len(weights))
	sum := 0.0
	for i, w := range weights {
		sum += w
		upTo[i] = sum
	}
	for i := range upTo {
		upTo[i] /= sum
	}
	return Choice{upTo}
}

// At returns the number at quantile 0 <= u < 1.
func (c Choice) At(u float64) int {
	return sort.Search(len(c.upTo)-1, func(i int) bool { return c.upTo[i] > u })
}

// Pick draws a number.
func (c Choice) Pick(rng *rand.Rand) int { return c.At(rng.Float64()) }
