package permute

import (
	"fmt"
	"math"
	"testing"
)

func TestIsPermutation(t *testing.T) {
	for _, n := range []uint64{0, 1, 2, 3, 5, 64, 255, 256, 257, 1000, 4096, 65537, 1 << 18} {
		for key := range uint64(3) {
			p := New(n, key)
			seen := make([]bool, n)
			for i := range n {
				j := p.At(i)
				if j >= n || seen[j] {
					t.Fatalf("n %d, key %d: %d goes to %d, out of range or taken", n, key, i, j)
				}
				seen[j] = true
			}
		}
	}
}

// TestRange compares elements that go together with those that go alone.
func TestRange(t *testing.T) {
	for _, n := range []uint64{200, 257, 1000, 65537, 1 << 18} {
		p := New(n, 9)
		for from := uint64(0); from < n; from += n/5 + 1 {
			to := make([]uint64, min(n-from, 3*together+1))
			p.Range(from, to)
			for k, got := range to {
				if want := p.At(from + uint64(k)); got != want {
					t.Fatalf("n %d: %d goes to %d with others, and to %d alone", n, from+uint64(k), got, want)
				}
			}
		}
	}
}

// TestNeighbours checks that neighbours stay neighbours no more often than in a
// random permutation, in which a pair does with chance about 2/n.
func TestNeighbours(t *testing.T) {
	for _, n := range []uint64{64, 300, 1000, 70000} {
		pairs, keys := 0, 40+400000/n
		for key := range keys {
			p := New(n, key)
			for i := range n - 1 {
				if d := int64(p.At(i) - p.At(i+1)); d == 1 || d == -1 {
					pairs++
				}
			}
		}
		want := 2 * float64(keys) * float64(n-1) / float64(n)
		if math.Abs(float64(pairs)-want) > 5*math.Sqrt(want) {
			t.Errorf("n %d: %d neighbours stayed, %.0f expected", n, pairs, want)
		}
	}
}

// TestSmallIsUniform checks that every order of a few elements is as likely.
func TestSmallIsUniform(t *testing.T) {
	const n, keys = 4, 24000
	counts := map[string]int{}
	for key := range uint64(keys) {
		p := New(n, key)
		counts[fmt.Sprint(p.At(0), p.At(1), p.At(2), p.At(3))]++
	}
	chi := 0.0
	for _, c := range counts {
		d := float64(c) - keys/24
		chi += d * d / (keys / 24)
	}
	if len(counts) != 24 || chi > 49.7 { // 0.1 % of 23 degrees of freedom
		t.Errorf("%d orders, chi square %.1f", len(counts), chi)
	}
}

func BenchmarkAt(b *testing.B) {
	for _, n := range []uint64{200, 10_000, 1_281_167, 1 << 22, 1_000_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			p, i, sum := New(n, 1), uint64(0), uint64(0)
			for b.Loop() {
				sum += p.At(i)
				if i++; i == n {
					i = 0
				}
			}
			_ = sum
		})
	}
}

func BenchmarkRange(b *testing.B) {
	for _, n := range []uint64{200, 10_000, 1_281_167, 1 << 22, 1_000_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			p, to := New(n, 1), make([]uint64, 128)
			for b.Loop() {
				p.Range(0, to)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(to)), "ns/element")
		})
	}
}

// TestWalk compares kernels with their plain twin, for elements of all sizes.
func TestWalk(t *testing.T) {
	for _, n := range []uint64{257, 1000, 65536, 65537, 1<<18 + 1, 1<<33 + 7, 1<<48 - 1, 1 << 63} {
		p := New(n, 5)
		var x [together]uint64
		for k := range x {
			x[k] = n / together * uint64(k)
		}
		want := x
		p.walk(want[:])
		if p.vectorWalk(&x) && x != want {
			t.Fatalf("n %d: elements become\n%d, want\n%d", n, x, want)
		}
	}
}
