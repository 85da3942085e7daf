package loader_test

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/remainder"
)

// gatheredTable is a table whose blocks are gathered, unless a row is bad.
type gatheredTable struct{ *table }

func (t gatheredTable) Open(ctx context.Context, i int) (loader.Rows, error) {
	rows, err := t.table.Open(ctx, i)
	if err != nil {
		return nil, err
	}
	return gatheredRows{rows.(tableRows)}, nil
}

type gatheredRows struct{ tableRows }

func (r gatheredRows) Gather(_ *loader.Worker, p loader.Pick, b *loader.Batch) error {
	for k, i := range p.Rows {
		id := r.t.id(r.refs[i])
		if err := r.t.bad[id]; err != nil {
			return err
		}
		loader.View[int64](b.Column(0))[p.At[k]] = id
		text := textOf(id)
		b.Set(1, p.At[k], text, loader.Dims(len(text)))
	}
	return nil
}

// rowNoise adds a random number to each id, as a batch stage.
type rowNoise struct{}

func (rowNoise) Bind(in loader.Spec) (loader.Stage, error) {
	return loader.Stage{Out: in, Batch: func(w *loader.Worker, b *loader.Batch) error {
		x := loader.View[int64](b.Column(0))
		for i := range x {
			w.ForRow(b, i)
			x[i] += w.Rand().Int64N(1000)
		}
		return nil
	}}, nil
}

// visits is an order of some visits to each row, in runs that each end somewhere in
// a block. Without told, its plan does not tell them.
type visits struct {
	ends int // rows after which a run may end
	told bool
}

func (v visits) Plan(p loader.Pass) loader.Plan {
	plan := &visitsPlan{Plan: loader.Sequential{}.Plan(p), ends: int64(v.ends)}
	if !v.told {
		return struct{ loader.Plan }{plan}
	}
	return plan
}

type visitsPlan struct {
	loader.Plan
	ends int64
}

func (v *visitsPlan) Len() int64 { return 3 * v.Plan.Len() }

func (v *visitsPlan) At(pos int64, refs []loader.Ref) {
	for i := range refs {
		refs[i], _ = v.Run(pos + int64(i))
	}
}

func (v *visitsPlan) Run(pos int64) (first loader.Ref, n int64) {
	rows := v.Plan.Len()
	first, n = v.Plan.(interface {
		Run(pos int64) (loader.Ref, int64)
	}).Run(pos % rows)
	first.Draw = int(pos / rows)
	return first, min(n, v.ends-pos%v.ends)
}

// TestRuns compares streams of an order that tells its runs with those of one that
// does not: with runs of a batch and less, too short to be used, over damaged rows and
// blocks under all policies, and behind a stage that draws for each row.
func TestRuns(t *testing.T) {
	for _, damage := range []*table{
		{},
		{bad: map[int64]error{3: errRotten, 4: errRotten, 130: errRotten, 299: errRotten}},
		{broken: map[int]error{2: errRotten}},
	} {
		for _, policy := range []loader.ErrorPolicy{loader.Skip(1000), loader.Substitute(1000)} {
			for _, ends := range []int{1, 40, 64, 1000} {
				for _, batch := range []int{8, 64, 256} {
					t.Run(fmt.Sprint(len(damage.bad), len(damage.broken), policy, ends, batch), func(t *testing.T) {
						open := func() loader.Source {
							return gatheredTable{&table{sizes: []int{100, 0, 7, 193, 1}, bytes: 1 << 10, bad: damage.bad, broken: damage.broken}}
						}
						c := loader.Config{BatchSize: batch, Epochs: 2, OnError: policy, Transforms: []loader.Transform{rowNoise{}}, Remainder: remainder.Repeat}
						c.Order = visits{ends, false}
						want, states := digests(t, open(), c)
						c.Order = visits{ends, true}
						got, told := digests(t, open(), c)
						if !slices.Equal(got, want) {
							t.Errorf("other batches")
						}
						for i := range told {
							told[i].Fingerprint = states[i].Fingerprint
							if !reflect.DeepEqual(told[i], states[i]) {
								t.Fatalf("state behind batch %d is %+v, want %+v", i, told[i], states[i])
							}
						}
					})
				}
			}
		}
	}
}
