package draw

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestQuantile(t *testing.T) {
	for _, p := range []float64{1e-300, 1e-17, 1e-9, 0.001, 0.0749, 0.0751, 0.3, 0.5, 0.8, 0.925, 0.9251, 0.999} {
		got := quantile(p)
		if back := math.Erfc(-got/math.Sqrt2) / 2; math.Abs(back/p-1) > 1e-12 {
			t.Errorf("quantile(%v) = %v, whose probability is %v", p, got, back)
		}
	}
}

func TestNormalMoments(t *testing.T) {
	const n = 200_000
	rng := rand.New(rand.NewPCG(1, 2))
	var m [5]float64
	for range n {
		x := Normal(rng)
		for k, p := 1, x; k <= 4; k, p = k+1, p*x {
			m[k] += p / n
		}
	}
	// Four standard deviations of each sample moment.
	for k, want := range []float64{0: 1, 1: 0, 2: 1, 3: 0, 4: 3} {
		if k > 0 && math.Abs(m[k]-want) > 4*[]float64{0, 1, 1.42, 3.9, 9.8}[k]/math.Sqrt(n) {
			t.Errorf("moment %d is %v, want %v", k, m[k], want)
		}
	}
}

func TestChoice(t *testing.T) {
	c := NewChoice([]float64{1, 0, 3})
	rng := rand.New(rand.NewPCG(1, 2))
	var got [3]int
	for range 40_000 {
		got[c.Pick(rng)]++
	}
	if got[1] != 0 || math.Abs(float64(got[0])-10_000) > 4*87 {
		t.Errorf("picked %v, want about 10000, 0, 30000", got)
	}
	if c.At(0) != 0 || c.At(0.25) != 2 || c.At(math.Nextafter(1, 0)) != 2 {
		t.Errorf("At is wrong at the edges: %d, %d, %d", c.At(0), c.At(0.25), c.At(math.Nextafter(1, 0)))
	}
}

func TestRanges(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	below := 0
	for range 10_000 {
		if x := Uniform(rng, -2, 3); x < -2 || x >= 3 {
			t.Fatalf("Uniform gave %v", x)
		}
		if k := Int(rng, 5, 7); k < 5 || k > 7 {
			t.Fatalf("Int gave %v", k)
		}
		x := LogUniform(rng, 1, 100)
		if x < 1 || x > 100*(1+1e-15) {
			t.Fatalf("LogUniform gave %v", x)
		}
		if x < 10 {
			below++
		}
	}
	if math.Abs(float64(below)-5000) > 200 {
		t.Errorf("LogUniform: %d of 10000 below the geometric mean", below)
	}
}

func BenchmarkNormal(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2))
	sum := 0.0
	for b.Loop() {
		sum += Normal(rng)
	}
	_ = sum
}
