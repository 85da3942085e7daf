package synth

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"

	"github.com/stokerdata/stoker/internal/prng"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
)

// Generator makes rows. It is safe for concurrent use. If it has a method
// Fingerprint() string, the result tells apart generators whose rows differ, and
// a loader refuses to resume with another one.
type Generator interface {
	// Spec describes the rows. It does not change.
	Spec() loader.Spec
	// Row sets the fields of s, to memory from w.Out or to memory that never
	// changes, as a function of rng and i alone: rng begins anew for each row
	// and must not be kept. It does not draw from w.Rand, which changes from
	// epoch to epoch.
	Row(rng *rand.Rand, i int64, w *loader.Worker, s *loader.Sample) error
}

// Gatherer is implemented by generators of tables, whose fields all have a fixed
// shape. The loader uses it when no transform works on rows.
type Gatherer interface {
	Generator
	// Gather writes row ids[k] into row at[k] of the columns of b, for all k.
	// rng returns the random numbers of a row, as Row gets them; they are valid
	// until it is called for the next row.
	Gather(rng func(i int64) *rand.Rand, ids []int64, at []int, b *loader.Batch) error
}

// Source is a data set that a Generator makes. It implements
// loader.RandomSource, in one block of no bytes.
type Source struct {
	gen    Generator
	gather Gatherer // gen, or nil
	seed   uint64
	spec   loader.Spec
	blocks []loader.Block
	open   sync.Pool // of *rows or *columns
	keys   sync.Pool // of *key
}

// New returns the data set of the given number of rows, which must not be
// negative. Sources of one generator and different seeds have unrelated rows;
// the first rows of a larger source are those of a smaller one.
func New(g Generator, rows int, seed uint64) *Source {
	if rows < 0 {
		panic(fmt.Sprintf("synth: %d rows", rows))
	}
	s := &Source{
		gen: g, seed: seed, spec: g.Spec(),
		blocks: []loader.Block{{Rows: rows, Shard: fmt.Sprintf("%T seed %d", g, seed)}},
	}
	s.gather, _ = g.(Gatherer)
	s.keys.New = func() any { return newKey(seed) }
	s.open.New = s.newRows
	return s
}

// Spec implements loader.Source.
func (s *Source) Spec() loader.Spec { return s.spec }

// Blocks implements loader.Source.
func (s *Source) Blocks() []loader.Block { return s.blocks }

// Fingerprint returns what the rows follow from.
func (s *Source) Fingerprint() string {
	id := fmt.Sprintf("%T seed %d", s.gen, s.seed)
	if f, ok := s.gen.(interface{ Fingerprint() string }); ok {
		id += " " + f.Fingerprint()
	}
	return id
}

// Open implements loader.Source.
func (s *Source) Open(_ context.Context, i int) (loader.Rows, error) {
	if i != 0 {
		return nil, fmt.Errorf("synth: block %d of 1", i)
	}
	return s.rows(nil), nil
}

// OpenRows implements loader.RandomSource.
func (s *Source) OpenRows(_ context.Context, refs []loader.Ref) (loader.Rows, error) {
	if len(refs) == 0 {
		refs = []loader.Ref{}
	}
	return s.rows(refs), nil
}

func (s *Source) newRows() any {
	if s.gather != nil {
		return &columns{rows{src: s}}
	}
	return &rows{src: s}
}

func (s *Source) rows(refs []loader.Ref) loader.Rows {
	switch r := s.open.Get().(type) {
	case *columns:
		r.refs = refs
		return r
	case *rows:
		r.refs = refs
		return r
	}
	panic("synth: unreachable")
}

// rows are some rows of a source, all of them if refs is nil.
type rows struct {
	src  *Source
	refs []loader.Ref
}

// id returns the number of row i.
func (r *rows) id(i int) int64 {
	if r.refs == nil {
		return int64(i)
	}
	return int64(r.refs[i].Row)
}

// Row implements loader.Rows.
func (r *rows) Row(w *loader.Worker, i int, s *loader.Sample) error {
	k := r.src.keys.Get().(*key)
	defer r.src.keys.Put(k)
	id := r.id(i)
	return r.src.gen.Row(k.rng(id), id, w, s)
}

// Close implements loader.Rows.
func (r *rows) Close() error {
	r.refs = nil
	r.src.open.Put(r)
	return nil
}

// columns are rows of a table.
type columns struct{ rows }

// Gather implements loader.Gatherer.
func (c *columns) Gather(w *loader.Worker, p loader.Pick, b *loader.Batch) error {
	k := c.src.keys.Get().(*key)
	defer c.src.keys.Put(k)
	ids := loader.View[int64](loader.Tensor{DType: dtype.Int64, Data: w.Scratch(8 * len(p.Rows))})
	for n, i := range p.Rows {
		ids[n] = c.id(i)
	}
	return c.src.gather.Gather(k.row, ids, p.At, b)
}

// Close implements loader.Rows.
func (c *columns) Close() error {
	c.refs = nil
	c.src.open.Put(c)
	return nil
}

// key gives rows their random numbers.
type key struct {
	seed uint64
	pcg  rand.PCG
	rand *rand.Rand
	row  func(i int64) *rand.Rand
}

func newKey(seed uint64) *key {
	k := &key{seed: seed}
	k.rand = rand.New(&k.pcg)
	k.row = k.rng
	return k
}

// rng returns the random numbers of row i, from their beginning.
func (k *key) rng(i int64) *rand.Rand {
	hi := prng.Mix(k.seed, uint64(i))
	k.pcg.Seed(hi, prng.Mix(hi, k.seed))
	return k.rand
}
