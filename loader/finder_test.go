package loader

import (
	"math/rand/v2"
	"testing"
)

// TestFinder compares a finder that has learnt with one that searches, in windows of all
// shapes: parts that are alike, or mostly tiny, more of them than there are stretches.
func TestFinder(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	for name, rows := range map[string]func(i int) int64{
		"alike":  func(int) int64 { return 1000 },
		"single": func(int) int64 { return 1 },
		"uneven": func(int) int64 { return 1 + random.Int64N(5000) },
		"tiny":   func(i int) int64 { return max(1, int64(100_000*(1-i))) },
		"vast":   func(int) int64 { return 1 << 50 },
	} {
		for _, n := range []int{1, 2, 7, 511, 512, 2000} {
			all := int64(0)
			search := finder{}
			for i := range n {
				search.parts = append(search.parts, part{at: all, block: i})
				all += rows(i)
			}
			learnt := finder{parts: search.parts}
			learnt.learn(all)
			check := func(row int64) {
				if got, want := learnt.of(row), search.of(row); got != want {
					t.Fatalf("%s, %d parts: row %d is in part %d, want %d", name, n, row, got.block, want.block)
				}
			}
			for _, p := range search.parts {
				check(p.at)
				check(max(0, p.at-1))
			}
			for range 2000 {
				check(random.Int64N(all))
			}
			check(all - 1)
		}
	}
}
