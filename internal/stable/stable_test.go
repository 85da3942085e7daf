package stable

import (
	"math"
	"testing"
)

// relative is more than the error of this package and of package math together.
const relative = 1e-15

// near reports whether a and b agree.
func near(a, b float64) bool { return math.Abs(a-b) <= relative*math.Abs(b) }

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

func TestSinPi(t *testing.T) {
	for i := 1; i <= 4096; i++ {
		for _, x := range []float64{float64(i) / 1024, float64(i) / (1 << 40)} {
			r := x - math.RoundToEven(x) // the whole turns and half turns are exact
			want := math.Sin(math.Pi * r)
			if math.Abs(r) > 0.25 {
				want = math.Copysign(math.Cos(math.Pi*(0.5-math.Abs(r))), r)
			}
			if int(math.RoundToEven(x))&1 != 0 {
				want = -want
			}
			if got := SinPi(x); !near(got, want) || SinPi(-x) != -got {
				t.Fatalf("SinPi(±%v) = %v, %v, want ±%v", x, got, SinPi(-x), want)
			}
			if got := Sinc(x); !near(got, want/(math.Pi*x)) || Sinc(-x) != got {
				t.Fatalf("Sinc(±%v) = %v, %v, want %v", x, got, Sinc(-x), want/(math.Pi*x))
			}
		}
	}
	for x, want := range map[float64]float64{0: 0, 2: 0, -3: 0, 1e15: 0, 0.5: 1, -2.5: -1, 7.5: -1} {
		if got := SinPi(x); got != want {
			t.Errorf("SinPi(%v) = %v, want %v", x, got, want)
		}
	}
	if Sinc(0) != 1 || Sinc(4) != 0 {
		t.Errorf("Sinc is %v at 0 and %v at 4", Sinc(0), Sinc(4))
	}
}

func TestArch(t *testing.T) {
	for i := range 4097 {
		for _, x := range []float64{float64(i) / 4096, float64(i) / (1 << 40)} {
			if got, want := Arch(x), SinPi(x); !near(got, want) {
				t.Fatalf("Arch(%v) = %v, want %v", x, got, want)
			}
		}
	}
	if Arch(0) != 0 || Arch(1) != 0 || Arch(0.5) != 1 {
		t.Errorf("Arch of 0, 1 and 0.5 is %v, %v and %v", Arch(0), Arch(1), Arch(0.5))
	}
}

func TestLogExp(t *testing.T) {
	for x := 1e-9; x < 1e9; x *= 1.0137 {
		if got := Log(x); !near(got, math.Log(x)) {
			t.Fatalf("Log(%v) = %v, want %v", x, got, math.Log(x))
		}
	}
	for x := -60.0; x < 60; x += 0.0371 {
		if got := Exp2(x); !near(got, math.Exp2(x)) {
			t.Fatalf("Exp2(%v) = %v, want %v", x, got, math.Exp2(x))
		}
	}
	if Log(1) != 0 || Exp2(0) != 1 || Exp2(-3) != 0.125 {
		t.Errorf("Log(1) = %v, Exp2(0) = %v, Exp2(-3) = %v", Log(1), Exp2(0), Exp2(-3))
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
