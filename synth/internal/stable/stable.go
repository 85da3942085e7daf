// Package stable computes elementary functions with the same bits on every
// processor. Those of package math differ: some platforms have them in
// assembly, and the compiler may fuse a product and a sum into one rounding.
// Here every product that feeds a sum is rounded by an explicit conversion, and
// only operations that IEEE 754 rounds exactly are used. Results are within a
// few units in the last place.
package stable

import "math"

// Turn is an angle in units of 2^-64 of a full turn: it wraps as angles do, and
// a sum of turns is exact.
type Turn uint64

// Quarter is a right angle.
const Quarter Turn = 1 << 62

// Turns returns x turns, rounded. |x| must be below 2^10.
func Turns(x float64) Turn {
	_, frac := math.Modf(x)
	return Turn(int64(math.Ldexp(frac, 62))) << 2
}

// Sincos returns the sine and the cosine of a, by their Taylor series within an
// eighth of a turn.
func Sincos(a Turn) (sin, cos float64) {
	quadrant := (a + Quarter/2) >> 62
	x := float64(int64(a-quadrant<<62)) * (2 * math.Pi / (1 << 64))
	z := x * x
	s := x * series(z, &sinTerms)
	c := series(z, &cosTerms)
	switch quadrant & 3 {
	case 1:
		return c, -s
	case 2:
		return -s, -c
	case 3:
		return -c, s
	}
	return s, c
}

// Coefficients of the Taylor series in x², the highest power first.
var (
	sinTerms = [9]float64{1. / 355687428096000, -1. / 1307674368000, 1. / 6227020800, -1. / 39916800, 1. / 362880, -1. / 5040, 1. / 120, -1. / 6, 1}
	cosTerms = [9]float64{1. / 20922789888000, -1. / 87178291200, 1. / 479001600, -1. / 3628800, 1. / 40320, -1. / 720, 1. / 24, -1. / 2, 1}
)

// series evaluates a polynomial in z by Horner's rule.
func series(z float64, terms *[9]float64) float64 {
	r := terms[0]
	for _, t := range terms[1:] {
		r = float64(r*z) + t
	}
	return r
}

// Log returns the natural logarithm of x > 0, by the series of the inverse
// hyperbolic tangent.
func Log(x float64) float64 {
	m, e := math.Frexp(x)
	if m < math.Sqrt2/2 {
		m, e = 2*m, e-1
	}
	s := (m - 1) / (m + 1)
	z := s * s
	r := 0.0
	for k := 21; k >= 1; k -= 2 {
		r = float64(r*z) + 1/float64(k)
	}
	return float64(2*s*r) + float64(float64(e)*math.Ln2)
}

// Exp2 returns 2 to the power x, which must be within ±1000.
func Exp2(x float64) float64 {
	n := math.RoundToEven(x)
	t := (x - n) * math.Ln2
	r := 1.0
	for k := 14; k >= 1; k-- {
		r = 1 + float64(r*t)/float64(k)
	}
	return math.Ldexp(r, int(n))
}

// Pow returns x > 0 to the power y.
func Pow(x, y float64) float64 { return Exp2(y * (Log(x) / math.Ln2)) }
