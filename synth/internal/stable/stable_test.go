package stable

import (
	"math"
	"testing"
)

// near reports whether a and b agree to a relative or absolute 4e-15.
func near(a, b float64) bool { return math.Abs(a-b) <= 4e-15*max(1, math.Abs(b)) }

func TestSincos(t *testing.T) {
	for i := range 4096 {
		a := Turn(i) << 52
		x := 2 * math.Pi * float64(i) / 4096
		s, c := Sincos(a)
		if math.Abs(s-math.Sin(x)) > 1e-15 || math.Abs(c-math.Cos(x)) > 1e-15 {
			t.Fatalf("Sincos(%d/4096) = %v, %v, want %v, %v", i, s, c, math.Sin(x), math.Cos(x))
		}
	}
	for k, want := range [][2]float64{{0, 1}, {1, 0}, {0, -1}, {-1, 0}} {
		if s, c := Sincos(Turn(k) * Quarter); s != want[0] || c != want[1] {
			t.Errorf("Sincos(%d quarters) = %v, %v, want %v", k, s, c, want)
		}
	}
}

func TestTurns(t *testing.T) {
	for _, c := range []struct {
		x    float64
		want Turn
	}{{0, 0}, {0.25, Quarter}, {1.5, 2 * Quarter}, {-0.25, 3 * Quarter}, {3, 0}} {
		if got := Turns(c.x); got != c.want {
			t.Errorf("Turns(%v) = %#x, want %#x", c.x, got, c.want)
		}
	}
}

func TestLogExp(t *testing.T) {
	for x := 1e-9; x < 1e9; x *= 1.0137 {
		if got := Log(x); !near(got, math.Log(x)) {
			t.Fatalf("Log(%v) = %v, want %v", x, got, math.Log(x))
		}
	}
	for x := -60.0; x < 60; x += 0.0371 {
		if got := Exp2(x); math.Abs(got/math.Exp2(x)-1) > 4e-15 {
			t.Fatalf("Exp2(%v) = %v, want %v", x, got, math.Exp2(x))
		}
	}
	if got := Pow(10, -1.5); math.Abs(got-math.Pow(10, -1.5)) > 1e-16 {
		t.Errorf("Pow(10, -1.5) = %v", got)
	}
}

func BenchmarkSincos(b *testing.B) {
	a, sum := Turn(0), 0.0
	for b.Loop() {
		s, c := Sincos(a)
		sum += s + c
		a += 0x123456789abcdef
	}
	_ = sum
}
