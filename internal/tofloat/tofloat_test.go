package tofloat

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestInt32 compares the kernel with its plain twin, at all lengths around blocks,
// for numbers that are rounded too, and looks at what lies beside them.
func TestInt32(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	src := make([]int32, 100)
	for i := range src {
		src[i] = int32(r.Uint32()) >> (i % 32)
	}
	compare(t, Int32, append(src, math.MinInt32, math.MaxInt32, 1<<24+1, -1<<24-1, 1<<25+2))
}

// TestFloat64 does the same for float64: for those too large or too small for a
// float32, infinite, and no numbers.
func TestFloat64(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	src := make([]float64, 100)
	for i := range src {
		src[i] = math.Float64frombits(r.Uint64())
	}
	for i := range src[:50] {
		src[i] = r.NormFloat64()
	}
	compare(t, Float64, append(src, 0, math.Copysign(0, -1), math.Inf(1), math.Inf(-1), math.NaN(),
		math.MaxFloat64, math.MaxFloat32, 1e-45, 1e-40, -1e-300, 1+1.0/(1<<24), 1+3.0/(1<<24)))
}

func compare[T int32 | float64](t *testing.T, convert func([]float32, []T), src []T) {
	const beside = -7
	for n := range len(src) + 1 {
		for off := range len(src) + 1 - n {
			got, want := make([]float32, n+2), make([]float32, n)
			got[0], got[n+1] = beside, beside
			convert(got[1:n+1], src[off:])
			plain(want, src[off:])
			for i := range want {
				if a, b := math.Float32bits(got[1+i]), math.Float32bits(want[i]); a != b {
					t.Fatalf("%v becomes %x, want %x", src[off+i], a, b)
				}
			}
			if got[0] != beside || got[n+1] != beside {
				t.Fatalf("%d numbers from %d on: more was written", n, off)
			}
		}
	}
}

func BenchmarkInt32(b *testing.B)   { benchmark(b, Int32, 4) }
func BenchmarkFloat64(b *testing.B) { benchmark(b, Float64, 8) }

func benchmark[T int32 | float64](b *testing.B, convert func([]float32, []T), size int64) {
	src, dst := make([]T, 1024), make([]float32, 1024)
	for name, by := range map[string]func([]float32, []T){"kernel": convert, "plain": plain[T]} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes((size + 4) * int64(len(src)))
			for b.Loop() {
				by(dst, src)
			}
		})
	}
}
