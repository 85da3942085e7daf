package tones

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestSNR splits sounds into tone and noise, both of which are known but for a
// factor, by least squares.
func TestSNR(t *testing.T) {
	for _, noise := range []Noise{White, Pink} {
		g, err := New(Config{Noises: []Noise{noise}, MinSNR: -20, MaxSNR: 40})
		if err != nil {
			t.Fatal(err)
		}
		clean, mixed, raw := make([]float32, 16000), make([]float32, 16000), make([]float32, 16000)
		for i := range uint64(40) {
			a, _ := g.draw(rand.New(rand.NewPCG(1, i)), clean, nil)
			b, snr := g.draw(rand.New(rand.NewPCG(1, i)), mixed, raw)
			if a != b {
				t.Fatalf("the tone depends on the noise: %+v, %+v", a, b)
			}
			tone, rest := split(mixed, clean, raw)
			got := 10 * math.Log10(tone*tone*power(clean)/(rest*rest*power(raw)))
			if math.Abs(got-snr) > 0.1 || snr < -20 || snr >= 40 {
				t.Errorf("%v noise, %v: %v dB, want %v", noise, a.wave, got, snr)
			}
			for k := range mixed {
				if d := float64(mixed[k]) - tone*float64(clean[k]) - rest*float64(raw[k]); math.Abs(d) > 1e-5 {
					t.Fatalf("%v noise, frame %d: %v more than tone and noise", noise, k, d)
				}
			}
		}
	}
}

// split returns a and b such that a x + b y is nearest to z.
func split(z, x, y []float32) (a, b float64) {
	dot := func(p, q []float32) (sum float64) {
		for i := range p {
			sum += float64(p[i]) * float64(q[i])
		}
		return sum
	}
	xx, xy, yy, zx, zy := dot(x, x), dot(x, y), dot(y, y), dot(z, x), dot(z, y)
	det := xx*yy - xy*xy
	return (zx*yy - zy*xy) / det, (zy*xx - zx*xy) / det
}

// TestMixSilence: noise of no power adds nothing.
func TestMixSilence(t *testing.T) {
	x := []float32{1, -1}
	if mix(x, []float32{0, 0}, 10); x[0] != 1 || x[1] != -1 {
		t.Errorf("x is %v", x)
	}
	silence := []float32{0, 0}
	if scale(silence, 1); silence[0] != 0 {
		t.Errorf("silence became %v", silence)
	}
}

// TestWhite: mean, variance and independence of neighbours.
func TestWhite(t *testing.T) {
	x := make([]float32, 100_000)
	white(rand.New(rand.NewPCG(1, 2)), x)
	var sum, square, next float64
	for i, v := range x[1:] {
		u := float64(v) / 65536
		sum, square, next = sum+u, square+u*u, next+u*float64(x[i])/65536
	}
	// The sum of four uniform numbers has a variance of a third.
	if n := float64(len(x)); math.Abs(sum/n) > 0.01 || math.Abs(square/n-1./3) > 0.01 || math.Abs(next/n) > 0.01 {
		t.Errorf("mean %v, variance %v, with the next %v", sum/n, square/n, next/n)
	}
}
