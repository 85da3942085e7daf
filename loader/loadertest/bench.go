package loadertest

import (
	"context"
	"errors"
	"sync"

	"github.com/stokerdata/stoker/loader"
)

// bench is a source that lends its workers: row i is what do does. Under
// Loader.Trace each call gets a worker whose memory nobody uses again.
type bench struct {
	spec loader.Spec
	n    int
	do   func(w *loader.Worker, i int, s *loader.Sample) error
}

// Spec implements loader.Source.
func (b *bench) Spec() loader.Spec { return b.spec }

// Blocks implements loader.Source.
func (b *bench) Blocks() []loader.Block { return []loader.Block{{Rows: b.n}} }

// Open implements loader.Source.
func (b *bench) Open(context.Context, int) (loader.Rows, error) { return nil, errors.ErrUnsupported }

// OpenRows implements loader.RandomSource.
func (b *bench) OpenRows(_ context.Context, refs []loader.Ref) (loader.Rows, error) {
	return benchRows{b, refs}, nil
}

type benchRows struct {
	*bench
	refs []loader.Ref
}

// Row implements loader.Rows.
func (r benchRows) Row(w *loader.Worker, i int, s *loader.Sample) error {
	return r.do(w, r.refs[i].Row, s)
}

// Close implements loader.Rows.
func (benchRows) Close() error { return nil }

// press is a source that lends a whole batch: do gets it once, before any row
// of it was set.
type press struct {
	bench
	once sync.Once
	do   func(w *loader.Worker, b *loader.Batch)
}

// OpenRows implements loader.RandomSource.
func (p *press) OpenRows(_ context.Context, refs []loader.Ref) (loader.Rows, error) {
	return pressRows{benchRows{&p.bench, refs}, p}, nil
}

type pressRows struct {
	benchRows
	p *press
}

// Gather implements loader.Gatherer.
func (r pressRows) Gather(w *loader.Worker, _ loader.Pick, b *loader.Batch) error {
	r.p.once.Do(func() { r.p.do(w, b) })
	return nil
}

// onBatch calls do with an empty batch of n rows, and then see with what it became.
func onBatch(ctx context.Context, spec loader.Spec, n int, do func(w *loader.Worker, b *loader.Batch), see func(b *loader.Batch)) error {
	p := &press{bench: bench{spec: spec, n: n}, do: do}
	ld, err := loader.New(p, loader.Config{BatchSize: n, Workers: 1, Prefetch: 1})
	if err != nil {
		return err
	}
	defer ld.Close()
	for b, err := range ld.All(ctx) {
		if err != nil {
			return err
		}
		see(b)
	}
	return nil
}
