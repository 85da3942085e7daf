package loadertest

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/stokerdata/stoker/internal/invariant"
	"github.com/stokerdata/stoker/loader"
)

// Order checks an order that visits each row once per epoch, over the given
// layouts of blocks or, if there are none, over many: without blocks, with
// empty, uneven, single and one-row ones, and with a huge one. Each is taken
// read by rows and by blocks, in global batches of several sizes.
//
// Two plans of one Pass must be equal, and At must give the same rows for any
// cut of the positions, from several goroutines, in memory of the caller alone.
// If another seed changes the order, so must another epoch, and the reverse.
// Where a Plan has a method Live() int, it must do with as many open blocks:
// fewer than Live may have to be opened again. Where it has Run, that must tell what
// At does.
func Order(t testing.TB, o loader.Order, layouts ...[]loader.Block) {
	t.Helper()
	k := &orderKit{t: t, order: o, once: true}
	k.check(layouts)
}

// Sampler is Order for an order that may visit a row several times, or never:
// the visits must differ in Ref.Draw.
func Sampler(t testing.TB, o loader.Order, layouts ...[]loader.Block) {
	t.Helper()
	k := &orderKit{t: t, order: o}
	k.check(layouts)
}

// orderKit is the state of one check.
type orderKit struct {
	t     testing.TB
	order loader.Order
	once  bool // each row
	what  string
	bad   bool // something was reported
}

// errorf reports what is wrong with the pass at hand.
func (k *orderKit) errorf(format string, args ...any) {
	k.t.Helper()
	k.bad = true
	k.t.Errorf("%s: %s", k.what, fmt.Sprintf(format, args...))
}

func (k *orderKit) check(layouts [][]loader.Block) {
	k.t.Helper()
	if layouts == nil {
		k.huge()
		layouts = zoo()
	}
	for _, blocks := range layouts {
		for _, random := range []bool{false, true} {
			for _, batch := range []int{1, 8, 30, 1000} {
				if k.pass(loader.Pass{Seed: 1, Blocks: blocks, Random: random, Batch: batch}); k.bad {
					return // the rest would say the same
				}
			}
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
		k.errorf("Plan has changed the blocks")
	}
	total := 0
	for _, b := range p.Blocks {
		total += b.Rows
	}
	n := plan.Len()
	if n < 0 || k.once && n != int64(total) || total == 0 && n != 0 {
		k.errorf("Len is %d for %d rows", n, total)
		return
	}
	refs := take(plan, 0, int(n))
	if !k.visits(refs, p.Blocks) {
		return
	}
	k.pure(plan, refs)
	k.pure(k.order.Plan(p), refs)
	k.runs(plan, refs)
	if l, ok := plan.(interface{ Live() int }); ok {
		if n := rereads(refs, l.Live()); n >= l.Live() {
			k.errorf("%d blocks are read again when %d, its Live, may be open", n, l.Live())
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
			k.errorf("position %d is %+v, which does not exist", pos, r)
			return false
		}
		if k.once && r.Draw != 0 {
			k.errorf("position %d is %+v: Draw is 0 where rows come once", pos, r)
			return false
		}
		if first, again := seen[r]; again {
			k.errorf("%+v stands at positions %d and %d", r, first, pos)
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
			k.errorf("positions %d to %d hold other rows when asked for alone, or of an equal plan", pos, pos+n)
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
		k.errorf("other rows when several goroutines ask")
	}
	if n := min(len(refs), 64); n > 0 && !invariant.Enabled {
		buf := make([]loader.Ref, n)
		if a := testing.AllocsPerRun(5, func() { plan.At(0, buf) }); a > 0 {
			k.errorf("At makes %v allocations", a)
		}
	}
}

// runs checks what plan tells of rows that follow one another, if it does.
func (k *orderKit) runs(plan loader.Plan, refs []loader.Ref) {
	k.t.Helper()
	r, ok := plan.(interface {
		Run(pos int64) (first loader.Ref, n int64)
	})
	for pos := 0; ok && pos < len(refs); pos++ {
		first, n := r.Run(int64(pos))
		if n < 1 || n > int64(len(refs)-pos) {
			k.errorf("a run of %d rows at position %d of %d", n, pos, len(refs))
			return
		}
		for i := range min(int(n), 9) {
			if refs[pos+i] != first {
				k.errorf("a run of %d rows at position %d goes on with %+v, At says %+v", n, pos, first, refs[pos+i])
				return
			}
			first.Row++
		}
	}
}

// rereads returns how many blocks are opened again if room are open at a time
// and the one that is needed last gives way.
func rereads(refs []loader.Ref, room int) (n int) {
	next, at := make([]int, len(refs)), map[int]int{} // where the block of a position, or a block, comes again
	for pos := len(refs) - 1; pos >= 0; pos-- {
		next[pos] = len(refs)
		if later, ok := at[refs[pos].Block]; ok {
			next[pos] = later
		}
		at[refs[pos].Block] = pos
	}
	open, seen := map[int]int{}, map[int]bool{}
	for pos, r := range refs {
		if _, ok := open[r.Block]; !ok {
			if seen[r.Block] {
				n++
			}
			seen[r.Block] = true
			if len(open) == room {
				delete(open, latest(open))
			}
		}
		if open[r.Block] = next[pos]; next[pos] == len(refs) {
			delete(open, r.Block)
		}
	}
	return n
}

// latest returns the block that comes again last.
func latest(open map[int]int) (block int) {
	when := -1
	for b, next := range open {
		if next > when {
			block, when = b, next
		}
	}
	return block
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
		k.errorf("another seed makes another order: %t, another epoch: %t", seed, epoch)
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
			k.errorf("Plan allocates %d bytes, the most is %d", made, maxPlanBytes)
		}
		total := plan.Len()
		if k.once && total != n {
			k.errorf("Len is %d", total)
			continue
		}
		var refs []loader.Ref
		for _, pos := range []int64{0, total / 3, max(0, total-100)} {
			refs = append(refs, take(plan, pos, int(min(100, total/3)))...)
		}
		k.visits(refs, p.Blocks)
	}
}
