package augment_test

import (
	"fmt"
	"testing"

	"github.com/stokerdata/stoker/augment"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/loadertest"
)

// strict is a transform that takes only the x that it is for.
type strict struct{ loader.Transform }

func (s strict) Bind(in loader.Spec) (loader.Stage, error) {
	if f := in.Index("x"); f < 0 || in[f].DType != dtype.Float64 || in[f].Shape != loader.Dims(1) {
		return loader.Stage{}, fmt.Errorf("no x: %w", loader.ErrSpec)
	}
	return s.Transform.Bind(in)
}

func TestConformance(t *testing.T) {
	one, two, fixed := strict{add{1}}, strict{add{2}}, strict{set{1}}
	for _, tr := range []loader.Transform{
		augment.Compose{}, augment.Compose{one, fixed, grow{"y"}, two},
		augment.RandomApply{P: 0.4, Transforms: list(one, fixed)},
		augment.OneOf{Transforms: list(one, two, fixed), Weights: []float64{1, 2, 1}},
		augment.SomeOf{N: 2, Transforms: list(one, fixed, two)},
		augment.Filter{Name: "even", Field: "id", Keep: func(v loader.Tensor) bool { return len(v.Data) > 0 && v.Data[0]%2 == 0 }},
	} {
		t.Run(fmt.Sprintf("%T", tr), func(t *testing.T) { loadertest.Transform(t, tr, numbers(t, 23)) })
	}
}
