// Package stable computes elementary functions with the same bits on every
// processor. Those of package math differ: some platforms have them in
// assembly, and the compiler may fuse a product and a sum into one rounding.
// Here every product that feeds a sum is rounded by an explicit conversion, as
// are arguments and results in case a call is inlined, and only operations that
// IEEE 754 rounds exactly are used:
//
//	half := stable.SinPi(1. / 6)
//	sin, cos := stable.Sincos(stable.Turns(3.25)) // 1, 0
//	factor := stable.Exp2(-1.5)
//	part := stable.Pow(3, -0.7)
//
// Functions sum the power series of Abramowitz and Stegun, "Handbook of
// mathematical functions" (1964), which the comments cite by number, to the last
// term that counts. Errors are relative unless a comment says otherwise.
package stable

import "math"

// Turn is an angle in units of 2^-64 of a full turn: it wraps as angles do, and
// a sum of turns is exact.
type Turn uint64

// Quarter is a right angle.
const Quarter Turn = 1 << 62

// Turns returns x turns, rounded to 2^-62. |x| must be below 2^10.
func Turns(x float64) Turn {
	_, frac := math.Modf(x)
	return Turn(int64(math.Ldexp(frac, 62))) << 2
}

// Sincos returns the sine and the cosine of a, with an absolute error below
// 2.5e-16 (4.3.65, 4.3.66).
func Sincos(a Turn) (sin, cos float64) {
	quadrant := (a + Quarter/2) >> 62
	return sincos(uint64(quadrant), float64(int64(a-quadrant<<62))*(2*math.Pi/(1<<64)))
}

// SinPi returns the sine of πx for |x| < 2^52, with an error below 5e-16
// (4.3.65, 4.3.66). It is 0 where x is whole.
func SinPi(x float64) float64 {
	n := math.RoundToEven(float64(2 * x))
	sin, _ := sincos(uint64(int64(n)), (float64(x)-float64(n/2))*math.Pi)
	return sin
}

// Arch returns the sine of πx for x from 0 to 1, with an error below 5e-16. It is
// SinPi, but for the last bits, in a quarter of the time (4.3.65).
func Arch(x float64) float64 {
	if x > 0.5 {
		x = 1 - x
	}
	x = float64(x * math.Pi)
	z := x * x
	r := float64(z*(1./51090942171709440000)) - 1./121645100408832000
	r = float64(r*z) + 1./355687428096000
	r = float64(r*z) - 1./1307674368000
	r = float64(r*z) + 1./6227020800
	r = float64(r*z) - 1./39916800
	r = float64(r*z) + 1./362880
	r = float64(r*z) - 1./5040
	r = float64(r*z) + 1./120
	r = float64(r*z) - 1./6
	r = float64(r*z) + 1
	return float64(r * x)
}

// Sinc returns the sine of πx divided by πx, 1 for 0, with an error below 7e-16.
func Sinc(x float64) float64 {
	if x == 0 {
		return 1
	}
	return SinPi(x) / (math.Pi * x)
}

// sincos returns the sine and the cosine of an angle x, within an eighth of a
// turn, beyond a number of quadrants.
func sincos(quadrant uint64, x float64) (sin, cos float64) {
	z := x * x
	s := float64(x * series(z, sinTerms[:]))
	c := series(z, cosTerms[:])
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

// Log returns the natural logarithm of x > 0, with an error below 5e-16: twice
// the inverse hyperbolic tangent of (x-1)/(x+1) (4.1.27, 4.6.22).
func Log(x float64) float64 {
	m, e := math.Frexp(x)
	if m < math.Sqrt2/2 {
		m, e = 2*m, e-1
	}
	s := (m - 1) / (m + 1)
	return float64(2*s*series(s*s, logTerms[:])) + float64(float64(e)*math.Ln2)
}

// Exp2 returns 2 to the power x, which must be within ±1000, with an error below
// 3e-16 (4.2.1).
func Exp2(x float64) float64 {
	n := math.RoundToEven(x)
	t := (float64(x) - n) * math.Ln2
	r := 1.0
	for k := 14; k >= 1; k-- {
		r = 1 + float64(r*t)/float64(k)
	}
	return math.Ldexp(r, int(n))
}

// Pow returns x > 0 to the power y as Exp2 does, with an error below 4e-16 for
// a result of 1, which grows by 4e-16 with each unit of its logarithm.
func Pow(x, y float64) float64 { return Exp2(float64(y * (Log(x) / math.Ln2))) }

// Coefficients in x², the highest power first.
var (
	sinTerms = [...]float64{1. / 355687428096000, -1. / 1307674368000, 1. / 6227020800, -1. / 39916800, 1. / 362880, -1. / 5040, 1. / 120, -1. / 6, 1}
	cosTerms = [...]float64{1. / 20922789888000, -1. / 87178291200, 1. / 479001600, -1. / 3628800, 1. / 40320, -1. / 720, 1. / 24, -1. / 2, 1}
	logTerms = [...]float64{1. / 21, 1. / 19, 1. / 17, 1. / 15, 1. / 13, 1. / 11, 1. / 9, 1. / 7, 1. / 5, 1. / 3, 1}
)

// series evaluates a polynomial in z by Horner's rule.
func series(z float64, terms []float64) float64 {
	r := 0.0
	for _, t := range terms {
		r = float64(r*z) + t
	}
	return r
}
