package loadertest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/stokerdata/stoker/internal/invariant"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
)

// Order checks an order that visits each row once per epoch, over the given
// layouts of blocks or, if there are none, over many: without blocks, with
// empty, uneven, single and one-row ones, and with a huge one. Each is taken
// read by rows and by blocks, in global batches of several sizes.
//
// Two plans of one Pass must be equal, and At must give the same rows for any
// cut of the positions, from several goroutines, in memory of the caller alone.
// If another seed changes the order, so must another epoch, and the reverse.
// Where a Plan has a method Live() int, no more blocks than that may be in use
// at a time: those that have been read from and will be again, and the one at
// hand. The batches of several ranks, one behind another, must be those of one.
func Order(t testing.TB, o loader.Order, layouts ...[]loader.Block) {
	t.Helper()
	checkOrder(t, o, true, layouts)
}

// Sampler is Order for an order that may visit a row several times, or never:
// the visits must differ in Ref.Draw.
func Sampler(t testing.TB, o loader.Order, layouts ...[]loader.Block) {
	t.Helper()
	checkOrder(t, o, false, layouts)
}

// orderKit is the state of one check.
type orderKit struct {
	t     testing.TB
	order loader.Order
	once  bool // each row
	what  string
}

func checkOrder(t testing.TB, o loader.Order, once bool, layouts [][]loader.Block) {
	t.Helper()
	k := &orderKit{t: t, order: o, once: once}
	if layouts == nil {
		k.huge()
		layouts = zoo()
	}
	for _, blocks := range layouts {
		for _, random := range []bool{false, true} {
			for _, batch := range []int{1, 8, 30, 1000} {
				k.pass(loader.Pass{Seed: 1, Blocks: blocks, Random: random, Batch: batch})
			}
			k.ranks(blocks, random)
		}
	}
}

// rows returns blocks of the given sizes, of some bytes each.
func rows(sizes ...int) []loader.Block {
	blocks := make([]loader.Block, len(sizes))
	for i, n := range sizes {
		blocks[i] = loader.Block{Rows: n, Bytes: 1 << 20}
	}
	return blocks
}

// zoo returns layouts of blocks.
func zoo() [][]loader.Block {
	return [][]loader.Block{
		nil,
		rows(0),
		rows(0, 0, 0),
		rows(1),
		rows(0, 1, 0),
		rows(100),
		rows(5, 0, 40, 7, 48),
		rows(300, 1, 1, 1),
		rows(slices.Repeat([]int{1}, 100)...),
		rows(slices.Repeat([]int{3, 1, 0, 4}, 20)...),
		rows(slices.Repeat([]int{7, 11, 2}, 23)...),
	}
}

// pass checks the plans of one Pass.
func (k *orderKit) pass(p loader.Pass) {
	k.t.Helper()
	k.what = fmt.Sprintf("%v, random %t, batches of %d", sizes(p.Blocks), p.Random, p.Batch)
	given := slices.Clone(p.Blocks)
	plan := k.order.Plan(p)
	if !slices.Equal(p.Blocks, given) {
		k.t.Errorf("%s: Plan has changed the blocks", k.what)
	}
	total := 0
	for _, b := range p.Blocks {
		total += b.Rows
	}
	n := plan.Len()
	if n < 0 || k.once && n != int64(total) || total == 0 && n != 0 {
		k.t.Errorf("%s: Len is %d for %d rows", k.what, n, total)
		return
	}
	refs := take(plan, 0, int(n))
	if !k.visits(refs, p.Blocks) {
		return
	}
	k.pure(plan, refs)
	k.pure(k.order.Plan(p), refs)
	if l, ok := plan.(interface{ Live() int }); ok {
		if live := liveBlocks(refs); live > l.Live() {
			k.t.Errorf("%s: %d blocks are in use at a time, Live is %d", k.what, live, l.Live())
		}
	}
	if total >= 50 && p.Batch > 1 {
		k.draws(p, refs)
	}
}

func sizes(blocks []loader.Block) []int {
	list := make([]int, 0, len(blocks))
	for _, b := range blocks {
		list = append(list, b.Rows)
	}
	if len(list) > 8 {
		return append(list[:8], -len(blocks)) // -64: there are 64 of them
	}
	return list
}

// take returns what stands at n positions. Every number is wrong before.
func take(plan loader.Plan, pos int64, n int) []loader.Ref {
	refs := slices.Repeat([]loader.Ref{{Block: -1, Row: -1, Draw: -1}}, n)
	plan.At(pos, refs)
	return refs
}

// visits checks that an epoch visits what it should.
func (k *orderKit) visits(refs []loader.Ref, blocks []loader.Block) bool {
	k.t.Helper()
	seen := make(map[loader.Ref]int, len(refs))
	for pos, r := range refs {
		if r.Block < 0 || r.Block >= len(blocks) || r.Row < 0 || r.Row >= blocks[r.Block].Rows || r.Draw < 0 {
			k.t.Errorf("%s: position %d is %+v, which does not exist", k.what, pos, r)
			return false
		}
		if k.once && r.Draw != 0 {
			k.t.Errorf("%s: position %d is %+v: Draw is 0 where rows come once", k.what, pos, r)
			return false
		}
		if first, again := seen[r]; again {
			k.t.Errorf("%s: %+v stands at positions %d and %d", k.what, r, first, pos)
			return false
		}
		seen[r] = pos
	}
	return true
}

// pure checks that At gives the same in any way of asking.
func (k *orderKit) pure(plan loader.Plan, refs []loader.Ref) {
	k.t.Helper()
	rng := rand.New(rand.NewPCG(uint64(len(refs)), 5))
	for pos := 0; pos < len(refs); {
		n := min(1+rng.IntN(1+rng.IntN(20)), len(refs)-pos)
		if !slices.Equal(take(plan, int64(pos), n), refs[pos:pos+n]) {
			k.t.Errorf("%s: positions %d to %d hold other rows when asked for alone, or of an equal plan", k.what, pos, pos+n)
			return
		}
		pos += n
	}
	bad := make([]bool, 4)
	parallel(len(bad), func(g int) {
		for pos := len(refs) - 1 - g; pos >= 0 && !bad[g]; pos -= len(bad) {
			n := min(9, len(refs)-pos)
			bad[g] = !slices.Equal(take(plan, int64(pos), n), refs[pos:pos+n])
		}
	})
	if slices.Contains(bad, true) {
		k.t.Errorf("%s: other rows when several goroutines ask", k.what)
	}
	if n := min(len(refs), 64); n > 0 && !invariant.Enabled {
		buf := make([]loader.Ref, n)
		if a := testing.AllocsPerRun(5, func() { plan.At(0, buf) }); a > 0 {
			k.t.Errorf("%s: At makes %v allocations", k.what, a)
		}
	}
}

// liveBlocks returns the most blocks that are in use at a time.
func liveBlocks(refs []loader.Ref) (most int) {
	last := map[int]int{}
	for pos, r := range refs {
		last[r.Block] = pos
	}
	live := map[int]bool{}
	for pos, r := range refs {
		live[r.Block] = true
		most = max(most, len(live))
		if last[r.Block] == pos {
			delete(live, r.Block)
		}
	}
	return most
}

// draws checks that the seed and the epoch both decide the order, or neither.
func (k *orderKit) draws(p loader.Pass, refs []loader.Ref) {
	k.t.Helper()
	differs := func(seed, epoch uint64) bool {
		q := p
		q.Seed, q.Epoch = seed, epoch
		plan := k.order.Plan(q)
		return plan.Len() != int64(len(refs)) || !slices.Equal(take(plan, 0, len(refs)), refs)
	}
	seed := differs(p.Seed+1, 0) || differs(p.Seed+2, 0)
	epoch := differs(p.Seed, 1) || differs(p.Seed, 2)
	if seed != epoch {
		k.t.Errorf("%s: another seed makes another order: %t, another epoch: %t", k.what, seed, epoch)
	}
}

// maxPlanBytes is the most memory of a plan over one block.
const maxPlanBytes = 16 << 20

// huge checks that the memory of a plan does not grow with the rows.
func (k *orderKit) huge() {
	k.t.Helper()
	const n = 1 << 30
	for _, random := range []bool{false, true} {
		p := loader.Pass{Seed: 1, Blocks: []loader.Block{{Rows: n, Bytes: 8 * n}}, Random: random, Batch: 256}
		k.what = fmt.Sprintf("one block of %d rows, random %t", n, random)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		plan := k.order.Plan(p)
		runtime.ReadMemStats(&after)
		if made := after.TotalAlloc - before.TotalAlloc; made > maxPlanBytes {
			k.t.Errorf("%s: Plan allocates %d bytes, the most is %d", k.what, made, maxPlanBytes)
		}
		if k.once && plan.Len() != n {
			k.t.Errorf("%s: Len is %d", k.what, plan.Len())
			continue
		}
		var refs []loader.Ref
		for _, pos := range []int64{0, n / 3, n - 100} {
			refs = append(refs, take(plan, pos, 100)...)
		}
		k.visits(refs, p.Blocks)
	}
}

// ranks compares the sample ids of several ranks, batch by batch, with one's.
func (k *orderKit) ranks(blocks []loader.Block, random bool) {
	k.t.Helper()
	k.what = fmt.Sprintf("%v, random %t", sizes(blocks), random)
	const global = 8
	one := k.ids(blocks, random, loader.Config{BatchSize: global})
	for _, world := range []int{2, 8} {
		ranks := make([][][]int64, world)
		for r := range ranks {
			ranks[r] = k.ids(blocks, random, loader.Config{BatchSize: global / world, Rank: r, World: world})
			if len(ranks[r]) != len(ranks[0]) {
				k.t.Errorf("%s: rank %d of %d has %d batches, rank 0 has %d", k.what, r, world, len(ranks[r]), len(ranks[0]))
				return
			}
		}
		for step := range ranks[0] {
			var all []int64
			for r := range ranks {
				all = append(all, ranks[r][step]...)
			}
			if !slices.Equal(all, one[step]) {
				k.t.Errorf("%s: batch %d of %d ranks holds samples %v, of one rank %v", k.what, step, world, all, one[step])
				return
			}
		}
	}
}

// ids returns the sample ids of each batch.
func (k *orderKit) ids(blocks []loader.Block, random bool, c loader.Config) (list [][]int64) {
	k.t.Helper()
	var src loader.Source = &numbers{blocks}
	if random {
		src = randomNumbers{&numbers{blocks}}
	}
	c.Order, c.Workers, c.Epochs, c.Remainder = k.order, 2, 2, loader.RepeatRemainder
	for b := range All(k.t, src, c) {
		list = append(list, slices.Clone(b.IDs()))
	}
	return list
}

// numbers is a data set whose rows are their numbers in the block.
type numbers struct{ blocks []loader.Block }

// Spec implements loader.Source.
func (*numbers) Spec() loader.Spec { return loader.Spec{{Name: "row", DType: dtype.Int64}} }

// Blocks implements loader.Source.
func (n *numbers) Blocks() []loader.Block { return n.blocks }

// Open implements loader.Source.
func (n *numbers) Open(_ context.Context, i int) (loader.Rows, error) {
	return numberRows{}, nil
}

// randomNumbers is numbers with random access.
type randomNumbers struct{ *numbers }

// OpenRows implements loader.RandomSource.
func (randomNumbers) OpenRows(_ context.Context, refs []loader.Ref) (loader.Rows, error) {
	return numberRows{refs}, nil
}

type numberRows struct{ refs []loader.Ref }

// Row implements loader.Rows.
func (r numberRows) Row(w *loader.Worker, i int, s *loader.Sample) error {
	if r.refs != nil {
		i = r.refs[i].Row
	}
	s.Fields[0] = w.Out(0, dtype.Int64, loader.Dims())
	loader.View[int64](s.Fields[0])[0] = int64(i)
	return nil
}

// Close implements loader.Rows.
func (numberRows) Close() error { return nil }
