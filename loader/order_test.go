package loader_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stokerdata/stoker/loader"
)

// blocksOf returns n blocks of about the given rows, uneven if jagged.
func blocksOf(n, rows int, jagged bool) []loader.Block {
	b := make([]loader.Block, n)
	for i := range b {
		b[i] = loader.Block{Rows: rows, Bytes: int64(rows)}
		if jagged {
			b[i].Rows = rows/2 + i*7919%rows
		}
	}
	return b
}

// TestGoldenOrders pins the orders: changing one breaks every saved State and
// is noted in the change log.
func TestGoldenOrders(t *testing.T) {
	var got strings.Builder
	for _, c := range []struct {
		name   string
		order  loader.Order
		blocks []loader.Block
		random bool
	}{
		{"sequential", loader.Sequential{}, blocksOf(20, 50, true), false},
		{"exact", loader.Shuffle{}, blocksOf(20, 50, true), true},
		{"exact-small", loader.Shuffle{}, blocksOf(1, 100, false), true},
		{"block", loader.Shuffle{}, blocksOf(100, 50, true), false},
		{"block-live12-lanes4", loader.Shuffle{Live: 12, Lanes: 4}, blocksOf(100, 50, true), false},
	} {
		for epoch := range uint64(2) {
			p := c.order.Plan(loader.Pass{Seed: 42, Epoch: epoch, Blocks: c.blocks, Random: c.random, Batch: 64})
			refs := make([]loader.Ref, p.Len())
			p.At(0, refs)
			places := make([]struct{ block, row, draw int }, len(refs))
			for i, r := range refs {
				places[i].block, places[i].row, places[i].draw = r.Block, r.Row, r.Draw
			}
			sum := sha256.Sum256(fmt.Append(nil, places))
			fmt.Fprintf(&got, "%s epoch %d: %s\n", c.name, epoch, hex.EncodeToString(sum[:12]))
		}
	}
	golden(t, "testdata/orders.golden", got.String())
}

// golden compares got with a file, or writes it if STOKER_GOLDEN is "write".
func golden(t *testing.T, file, got string) {
	t.Helper()
	if os.Getenv("STOKER_GOLDEN") == "write" {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got:\n%s\nwant, as in %s:\n%s", got, file, want)
	}
}

// classesPerBatch returns the mean number of distinct classes in a batch when
// the data is sorted by class.
func classesPerBatch(p loader.Plan, starts []int64, classes, batch int) float64 {
	refs := make([]loader.Ref, batch)
	n, total := 0, 0
	for pos := int64(0); pos+int64(batch) <= p.Len(); pos += int64(batch) {
		p.At(pos, refs)
		seen := make([]bool, classes)
		for _, r := range refs {
			c := int((starts[r.Block] + int64(r.Row)) * int64(classes) / p.Len())
			if !seen[c] {
				seen[c] = true
				total++
			}
		}
		n++
	}
	return float64(total) / float64(n)
}

func startsOf(blocks []loader.Block) []int64 {
	starts := make([]int64, len(blocks))
	at := int64(0)
	for i, b := range blocks {
		starts[i] = at
		at += int64(b.Rows)
	}
	return starts
}

// TestShuffleQuality compares distinct classes per batch with what is ideal: all
// rows for the exact shuffle, as many random blocks as are live otherwise.
func TestShuffleQuality(t *testing.T) {
	const rows, classes, batch = 1 << 18, 128, 256
	blocks := blocksOf(1024, rows/1024, false)
	starts := startsOf(blocks)
	mean := func(o loader.Order, random bool) float64 {
		sum := 0.0
		for seed := range uint64(3) {
			sum += classesPerBatch(o.Plan(loader.Pass{Seed: seed, Blocks: blocks, Random: random, Batch: batch}), starts, classes, batch)
		}
		return sum / 3
	}
	ideal := classes * (1 - math.Pow(1-1.0/classes, batch))
	if got := mean(loader.Shuffle{}, true); got < 0.99*ideal {
		t.Errorf("exact shuffle: %.1f classes per batch, ideal %.1f", got, ideal)
	}
	for _, live := range []int{16, 64, 256} {
		// A batch of rows from live random blocks, 8 blocks a class.
		materialised := materialisedClasses(live, classes, 1024, batch)
		got := mean(loader.Shuffle{Live: live}, false)
		t.Logf("live %d: %.1f classes per batch, materialised %.1f", live, got, materialised)
		if got < 0.95*materialised {
			t.Errorf("live %d: %.1f classes per batch, a materialised shuffle of as many blocks has %.1f", live, got, materialised)
		}
	}
}

// materialisedClasses is the expected number of distinct classes in a batch of
// rows drawn from live random blocks out of n, n/classes of each class.
func materialisedClasses(live, classes, n, batch int) float64 {
	per := n / classes
	expected := 0.0
	for k := 1; k <= per; k++ { // k of the live blocks are of a given class
		expected += hypergeometric(n, per, live, k) * (1 - math.Pow(1-float64(k)/float64(live), float64(batch)))
	}
	return expected * float64(classes)
}

func hypergeometric(n, good, draws, k int) float64 {
	if k > draws {
		return 0
	}
	choose := func(n, k int) float64 {
		a, _ := math.Lgamma(float64(n + 1))
		b, _ := math.Lgamma(float64(k + 1))
		c, _ := math.Lgamma(float64(n - k + 1))
		return a - b - c
	}
	return math.Exp(choose(good, k) + choose(n-good, draws-k) - choose(n, draws))
}

// TestLiveBlocks follows which blocks have been begun and are not complete.
func TestLiveBlocks(t *testing.T) {
	for _, jagged := range []bool{false, true} {
		blocks := blocksOf(200, 60, jagged)
		for _, s := range []loader.Shuffle{{Live: 1}, {Live: 5}, {Live: 16}, {Live: 64, Lanes: 4}, {Live: 300}} {
			p := s.Plan(loader.Pass{Seed: 1, Blocks: blocks, Batch: 64})
			refs := make([]loader.Ref, p.Len())
			p.At(0, refs)
			left := make([]int, len(blocks))
			for i, b := range blocks {
				left[i] = b.Rows
			}
			live, peak := 0, 0
			for _, r := range refs {
				if left[r.Block] == blocks[r.Block].Rows {
					live++
					peak = max(peak, live)
				}
				if left[r.Block]--; left[r.Block] == 0 {
					live--
				}
			}
			lanes := 8
			if s.Lanes > 0 {
				lanes = s.Lanes
			}
			if peak > s.Live+min(lanes, s.Live)-1 { // blocks on the border of two lanes count twice
				t.Errorf("%+v, jagged %t: %d live blocks", s, jagged, peak)
			}
		}
	}
}

// TestRanksReadTheirOwnBlocks counts the blocks that ranks share.
func TestRanksReadTheirOwnBlocks(t *testing.T) {
	const world, batch = 4, 64
	blocks := blocksOf(400, 50, true)
	p := loader.Shuffle{}.Plan(loader.Pass{Seed: 9, Blocks: blocks, Batch: batch})
	used := make([]map[int]bool, world)
	for r := range used {
		used[r] = map[int]bool{}
	}
	refs := make([]loader.Ref, batch)
	for pos := int64(0); pos+batch <= p.Len(); pos += batch {
		p.At(pos, refs)
		for i, r := range refs {
			used[i*world/batch][r.Block] = true
		}
	}
	total := 0
	for _, u := range used {
		total += len(u)
	}
	if total > 400+8 { // at most one at each border of the lanes
		t.Errorf("the ranks read %d blocks of 400", total)
	}
}

// TestSetUp measures the memory of an order over a billion rows.
func TestSetUp(t *testing.T) {
	for _, c := range []struct {
		name   string
		blocks []loader.Block
		random bool
		most   uint64
	}{
		{"exact, 1e9 rows", []loader.Block{{Rows: 1e9}}, true, 4 << 10},
		{"1e4 blocks of 1e5 rows", blocksOf(1e4, 1e5, false), false, 16 << 20},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		p := loader.Shuffle{}.Plan(loader.Pass{Seed: 1, Blocks: c.blocks, Random: c.random, Batch: 256})
		refs := make([]loader.Ref, 8)
		p.At(p.Len()/2, refs)
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; used > c.most {
			t.Errorf("%s: %d bytes", c.name, used)
		}
		if p.Len() != 1e9 {
			t.Errorf("%s: %d rows", c.name, p.Len())
		}
	}
}

// TestEpochsAreIndependent correlates the places that rows have in one epoch and
// the next, over 40 pairs. A block shuffle moves 64 blocks, so that one pair of
// independent epochs correlates by 1/8 or so.
func TestEpochsAreIndependent(t *testing.T) {
	blocks := blocksOf(64, 64, false)
	const n, pairs = 64 * 64, 40
	for _, random := range []bool{true, false} {
		place := func(epoch uint64) []float64 {
			p := loader.Shuffle{Live: 64}.Plan(loader.Pass{Seed: 1, Epoch: epoch, Blocks: blocks, Random: random, Batch: 64})
			refs := make([]loader.Ref, n)
			p.At(0, refs)
			at := make([]float64, n)
			for i, r := range refs {
				at[r.Block*64+r.Row] = (float64(i) - (n-1)/2.0) / n
			}
			return at
		}
		sum := 0.0
		for epoch := range uint64(pairs) {
			a, b := place(epoch), place(epoch+1)
			for i := range a {
				sum += 12 * a[i] * b[i] / n
			}
		}
		if r := sum / pairs; math.Abs(r) > 0.08 {
			t.Errorf("random %t: epochs correlate by %.3f", random, r)
		}
	}
}

func BenchmarkPlan(b *testing.B) {
	for _, c := range []struct {
		name   string
		blocks []loader.Block
		random bool
		order  loader.Order
	}{
		{"sequential", blocksOf(1000, 1000, false), false, loader.Sequential{}},
		{"exact", []loader.Block{{Rows: 1e9}}, true, loader.Shuffle{}},
		{"block", blocksOf(1e4, 1e5, false), false, loader.Shuffle{}},
	} {
		b.Run(c.name, func(b *testing.B) {
			p := c.order.Plan(loader.Pass{Seed: 1, Blocks: c.blocks, Random: c.random, Batch: 4096})
			refs := make([]loader.Ref, 4096)
			pos := int64(0)
			for b.Loop() {
				p.At(pos, refs)
				if pos += 4096; pos+4096 > p.Len() {
					pos = 0
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/4096, "ns/row")
		})
	}
}

// some is an order with no rows in most epochs.
type some struct{ every uint64 }

func (s some) Plan(p loader.Pass) loader.Plan {
	if p.Epoch%s.every != 0 {
		p.Blocks = nil
	}
	return loader.Sequential{}.Plan(p)
}

// TestEpochsWithoutRows goes on behind epochs that have none, and does not look for a row
// for ever.
func TestEpochsWithoutRows(t *testing.T) {
	for pn, pipe := range pipelines() {
		t.Run(pn, func(t *testing.T) {
			run := func(order loader.Order, epochs, most int) (seen []int64) {
				ld := mustNew(t, tables()["inline"]().source(), loader.Config{BatchSize: 8, Order: order, Epochs: epochs, Transforms: pipe})
				defer ld.Close()
				for b, err := range ld.All(t.Context()) {
					if err != nil {
						t.Fatal(err)
					}
					if !slices.Contains(seen, b.Epoch) {
						seen = append(seen, b.Epoch)
					}
					if len(seen) > most {
						break
					}
				}
				return seen
			}
			if seen, want := run(some{5}, 12, 12), []int64{0, 5, 10}; !slices.Equal(seen, want) {
				t.Errorf("epochs %v, want %v", seen, want)
			}
			if seen := run(some{7}, -1, 2); len(seen) != 3 {
				t.Errorf("an endless stream has epochs %v", seen)
			}
			if seen := run(some{1 << 60}, -1, 2); len(seen) != 1 {
				t.Errorf("a stream without rows behind its first epoch has epochs %v", seen)
			}
		})
	}
}
