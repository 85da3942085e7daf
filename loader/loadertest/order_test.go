package loadertest_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/stokerdata/stoker/internal/invariant"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/loadertest"
)

func TestOrders(t *testing.T) {
	for _, o := range []loader.Order{
		loader.Sequential{},
		loader.Shuffle{},
		loader.Shuffle{Live: 1},
		loader.Shuffle{Live: 3, Lanes: 2},
		loader.Shuffle{Live: 16, Lanes: 4},
	} {
		t.Run(fmt.Sprintf("%T%+v", o, o), func(t *testing.T) { loadertest.Order(t, o) })
	}
}

// orderFunc is an order by its Plan.
type orderFunc func(p loader.Pass) loader.Plan

func (f orderFunc) Plan(p loader.Pass) loader.Plan { return f(p) }

// edited is a plan in which some refs are changed.
type edited struct {
	loader.Plan
	at func(pos int64, refs []loader.Ref)
}

func (e edited) At(pos int64, refs []loader.Ref) {
	e.Plan.At(pos, refs)
	e.at(pos, refs)
}

// edit returns an order that is sequential but for what at does.
func edit(at func(p loader.Pass, pos int64, refs []loader.Ref)) loader.Order {
	return orderFunc(func(p loader.Pass) loader.Plan {
		return edited{loader.Sequential{}.Plan(p), func(pos int64, refs []loader.Ref) { at(p, pos, refs) }}
	})
}

// longer is a plan that claims one row too many.
type longer struct{ loader.Plan }

func (l longer) Len() int64 { return l.Plan.Len() + 1 }

// stingy is a plan that claims to do with one block.
type stingy struct{ loader.Plan }

func (stingy) Live() int { return 1 }

// running is a plan that tells of runs of n rows.
type running struct {
	loader.Plan
	n int64
}

func (r running) Run(pos int64) (first loader.Ref, n int64) {
	return take(r.Plan, pos), r.n
}

func take(plan loader.Plan, pos int64) loader.Ref {
	var ref [1]loader.Ref
	plan.At(pos, ref[:])
	return ref[0]
}

// rotated is a list of rows that begins somewhere else, by seed and epoch.
func rotated(p loader.Pass, by uint64) loader.Plan {
	plan := loader.Sequential{}.Plan(p)
	n := uint64(max(1, plan.Len()))
	return edited{plan, func(pos int64, refs []loader.Ref) {
		for i := range refs {
			plan.At(int64((uint64(pos)+uint64(i)+by)%n), refs[i:i+1])
		}
	}}
}

func TestOrderReports(t *testing.T) {
	var calls, last atomic.Int64
	var sink []byte
	for _, c := range []struct {
		want  string
		order loader.Order
	}{
		{"Len is 1 for 0 rows", orderFunc(func(p loader.Pass) loader.Plan { return longer{loader.Sequential{}.Plan(p)} })},
		{"which does not exist", edit(func(_ loader.Pass, _ int64, refs []loader.Ref) {
			for i := range refs {
				refs[i].Row++
			}
		})},
		{"Draw is 0 where rows come once", edit(func(_ loader.Pass, _ int64, refs []loader.Ref) {
			for i := range refs {
				refs[i].Draw = 1
			}
		})},
		{"stands at positions", edit(func(_ loader.Pass, _ int64, refs []loader.Ref) {
			for i := range refs {
				refs[i].Row = 0
			}
		})},
		{"Plan has changed the blocks", orderFunc(func(p loader.Pass) loader.Plan {
			if len(p.Blocks) > 0 {
				p.Blocks[0].Bytes++
			}
			return loader.Sequential{}.Plan(p)
		})},
		{"when asked for alone, or of an equal plan", edit(func(_ loader.Pass, _ int64, refs []loader.Ref) {
			slices.Reverse(refs)
		})},
		{"when asked for alone, or of an equal plan", orderFunc(func(p loader.Pass) loader.Plan {
			p.Seed = uint64(calls.Add(1))
			return loader.Shuffle{}.Plan(p)
		})},
		{"when several goroutines ask", edit(func(p loader.Pass, pos int64, refs []loader.Ref) {
			last.Store(pos)
			runtime.Gosched()
			loader.Sequential{}.Plan(p).At(last.Load()%max(1, pos+1), refs[:min(1, len(refs))])
		})},
		{"another seed makes another order: false, another epoch: true", orderFunc(func(p loader.Pass) loader.Plan { return rotated(p, p.Epoch) })},
		{"another seed makes another order: true, another epoch: false", orderFunc(func(p loader.Pass) loader.Plan { return rotated(p, p.Seed) })},
		{"blocks are read again when 1, its Live, may be open", orderFunc(func(p loader.Pass) loader.Plan {
			p.Random = true
			return stingy{loader.Shuffle{}.Plan(p)}
		})},
		{"a run of 0 rows", orderFunc(func(p loader.Pass) loader.Plan { return running{loader.Sequential{}.Plan(p), 0} })},
		{"a run of 2 rows at position 0 of 1", orderFunc(func(p loader.Pass) loader.Plan { return running{loader.Sequential{}.Plan(p), 2} })},
		{"goes on with", orderFunc(func(p loader.Pass) loader.Plan {
			plan := loader.Shuffle{}.Plan(p)
			return running{plan, min(2, plan.Len())}
		})},
		{"Plan allocates", orderFunc(func(p loader.Pass) loader.Plan {
			if len(p.Blocks) == 1 {
				sink = make([]byte, p.Blocks[0].Rows/32)
			}
			return loader.Sequential{}.Plan(p)
		})},
	} {
		mustReport(t, c.want, func(t testing.TB) { loadertest.Order(t, c.order) })
	}
	if !invariant.Enabled {
		careless := edit(func(loader.Pass, int64, []loader.Ref) { sink = make([]byte, 8) })
		mustReport(t, "At makes 1 allocations", func(t testing.TB) { loadertest.Order(t, careless, []loader.Block{{Rows: 10}}) })
	}
	runtime.KeepAlive(sink)
}

// weighted is a sampler: it draws as many rows as there are, with repetition.
// Careless does not number the visits.
type weighted struct{ Careless bool }

func (s weighted) Plan(p loader.Pass) loader.Plan {
	rows := loader.Sequential{}.Plan(p)
	return edited{rows, func(pos int64, refs []loader.Ref) {
		for i := range refs {
			var rng rand.PCG
			rng.Seed(p.Seed^p.Epoch<<32, uint64(pos)+uint64(i))
			rows.At(int64(rng.Uint64()%uint64(rows.Len())), refs[i:i+1])
			if !s.Careless {
				refs[i].Draw = int(pos) + i
			}
		}
	}}
}

func TestSampler(t *testing.T) {
	layout := []loader.Block{{Rows: 10, Bytes: 1}, {Rows: 50, Bytes: 1}}
	loadertest.Sampler(t, weighted{}, layout)
	mustReport(t, "stands at positions", func(t testing.TB) { loadertest.Sampler(t, weighted{Careless: true}, layout) })
}
