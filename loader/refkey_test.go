package loader_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/loadertest"
)

// keys is a source whose rows are the keys that they are asked for with.
type keys struct{ bytes int64 }

func (keys) Spec() loader.Spec { return loader.Spec{{Name: "key", DType: dtype.Uint64}} }

func (k keys) Blocks() []loader.Block {
	return []loader.Block{{Rows: 10, Bytes: k.bytes}, {Rows: 30, Bytes: k.bytes}}
}

func (k keys) Open(ctx context.Context, i int) (loader.Rows, error) {
	return k.OpenRows(ctx, make([]loader.Ref, k.Blocks()[i].Rows))
}

func (keys) OpenRows(_ context.Context, refs []loader.Ref) (loader.Rows, error) {
	return keyRows(refs), nil
}

type keyRows []loader.Ref

func (r keyRows) Row(w *loader.Worker, i int, s *loader.Sample) error {
	loader.View[uint64](*w.Out(s, 0, dtype.Uint64, loader.Dims()))[0] = r[i].Key()
	return nil
}

func (keyRows) Close() error { return nil }

// TestRefKey checks that a key is the same however the loader runs, and another
// for each row, seed and epoch.
func TestRefKey(t *testing.T) {
	for _, src := range []keys{{0}, {1}} { // read by workers and by readers
		var want []uint64 // by epoch and sample id
		for _, c := range []loader.Config{
			{BatchSize: 7}, {BatchSize: 4, Workers: 3, Order: loader.Shuffle{}}, {BatchSize: 40, Readers: 1, Transforms: []loader.Transform{asIs{}}},
		} {
			c.Seed, c.Epochs = 5, 2
			got := make([]uint64, 80)
			for b := range loadertest.All(t, src, c) {
				for i, id := range b.IDs() {
					got[40*b.Epoch+id] = loader.View[uint64](b.Tensor("key"))[i]
				}
			}
			if want == nil {
				want = got
			}
			if !slices.Equal(got, want) {
				t.Errorf("%+v: keys are\n%x\nwant\n%x", c, got, want)
			}
		}
		distinct := slices.Compact(slices.Sorted(slices.Values(want)))
		if len(distinct) != 80 || distinct[0] == 0 {
			t.Errorf("%d keys differ among %x", len(distinct), want)
		}
		ld, err := loader.New(src, loader.Config{BatchSize: 1, Seed: 5})
		if err != nil {
			t.Fatal(err)
		}
		defer ld.Close()
		tr, err := ld.Trace(t.Context(), 1, 17, 0)
		if err != nil || loader.View[uint64](tr.Fields[0])[0] != want[57] {
			t.Errorf("Trace gives %v, %v, want %x", tr, err, want[57])
		}
		other := fmt.Sprint(loadertest.Digest(t, src, loader.Config{BatchSize: 1, Seed: 6}))
		if other == fmt.Sprint(loadertest.Digest(t, src, loader.Config{BatchSize: 1, Seed: 5})) {
			t.Error("another seed gives the same keys")
		}
	}
}

// asIs makes the loader take rows one by one, and regroups them as they are.
type asIs struct{}

func (asIs) Bind(in loader.Spec) (loader.Stage, error) {
	return loader.Stage{Out: in, Regroup: &loader.Regroup{New: func() loader.Placer { return asIsPlacer{} }}}, nil
}

type asIsPlacer struct{}

func (asIsPlacer) Place(_ *loader.Sample, bins *loader.Bins) error {
	bins.Put(0)
	bins.Close(0, 1)
	return nil
}

func (asIsPlacer) Restore(*loader.Sample, int) error { return nil }
func (asIsPlacer) Flush(*loader.Bins) error          { return nil }
