package audio

import (
	"math"
	"math/rand/v2"
)

// The functions of package math differ in their last bits between machines, as
// some are written in assembly and the compiler may fuse a product with a sum.
// These do not: every product that a sum takes is rounded by a conversion.

// exp2 returns 2^x for |x| < 1000, to 2e-16.
func exp2(x float64) float64 {
	n := math.Floor(x + 0.5)
	y := (x - n) * math.Ln2
	sum := 1.0
	for k := 16.0; k > 0; k-- {
		sum = 1 + float64(sum*y)/k
	}
	return math.Ldexp(sum, int(n))
}

// odd holds 1/23, 1/21, ... 1/3, 1.
var odd = [...]float64{1. / 23, 1. / 21, 1. / 19, 1. / 17, 1. / 15, 1. / 13, 1. / 11, 1. / 9, 1. / 7, 1. / 5, 1. / 3, 1}

// log returns the natural logarithm of x > 0, to 1e-15.
func log(x float64) float64 {
	m, e := math.Frexp(x)
	if m < math.Sqrt2/2 {
		m, e = 2*m, e-1
	}
	s := (m - 1) / (m + 1)
	z := s * s
	sum := 0.0
	for _, c := range odd {
		sum = c + float64(sum*z)
	}
	return float64(float64(e)*math.Ln2) + float64(2*s*sum)
}

// sinPi returns the sine of pi*x, to 1e-16.
func sinPi(x float64) float64 {
	x -= 2 * math.Floor((x+1)/2) // to [-1, 1)
	if x > 0.5 {
		x = 1 - x
	} else if x < -0.5 {
		x = -1 - x
	}
	y := math.Pi * x
	z := y * y
	sum := 1.0
	for k := 22.0; k > 0; k -= 2 {
		sum = 1 - float64(sum*z)/float64(k*(k+1))
	}
	return y * sum
}

// bessel returns the modified Bessel function I0, to 1e-15 for 0 <= x < 30.
func bessel(x float64) float64 {
	q := x * x / 4
	term, sum := 1.0, 1.0
	for k := 1.0; term > 1e-17*sum; k++ {
		term = term * q / float64(k*k)
		sum += term
	}
	return sum
}

// amplitude returns the factor that a level in decibels stands for.
func amplitude(db float64) float64 { return exp2(db * (math.Log2E * math.Ln10 / 20)) }

// uniform returns a number between lo and hi.
func uniform(rng *rand.Rand, lo, hi float64) float64 {
	return lo + float64(rng.Float64()*(hi-lo))
}

// normal returns two independent standard normal numbers, by the polar method
// of Marsaglia and Bray, "A convenient method for generating normal variables"
// (SIAM Review, 1964).
func normal(rng *rand.Rand) (float64, float64) {
	for {
		x, y := uniform(rng, -1, 1), uniform(rng, -1, 1)
		if s := float64(x*x) + float64(y*y); s > 0 && s < 1 {
			f := math.Sqrt(-2 * log(s) / s)
			return x * f, y * f
		}
	}
}

// power returns the mean square of x, 0 if it is empty.
func power(x []float32) float64 {
	sum := 0.0
	for _, v := range x {
		sum += float64(float64(v) * float64(v))
	}
	return sum / float64(max(1, len(x)))
}
