package augment_test

import (
	"context"
	"fmt"

	"github.com/stokerdata/stoker/augment"
	"github.com/stokerdata/stoker/format/mem"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
)

func ExampleFilter() {
	src, err := mem.Columns(loader.Spec{{Name: "label", DType: dtype.Int32}}, mem.Of([]int32{3, -1, 4, -1, 5}))
	if err != nil {
		fmt.Println(err)
		return
	}
	labelled := augment.Filter{Name: "labelled", Field: "label", Keep: func(t loader.Tensor) bool {
		return loader.View[int32](t)[0] >= 0
	}}
	ld, err := loader.New(src, loader.Config{BatchSize: 3, Transforms: []loader.Transform{labelled}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer ld.Close()
	for b, err := range ld.All(context.Background()) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(loader.View[int32](b.Tensor("label")))
	}
	// Output: [3 4 5]
}

// What an alternative does to the fields must not depend on the draw.
func ExampleOneOf() {
	src, err := mem.Columns(loader.Spec{{Name: "x", DType: dtype.Float64, Shape: loader.Dims(1)}}, mem.Of([]float64{0}))
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = loader.New(src, loader.Config{BatchSize: 1, Transforms: []loader.Transform{
		augment.OneOf{Transforms: []loader.Transform{set{2}, set{3}}},
	}})
	fmt.Println(err)
	// Output: loader: transform 1, augment.OneOf: augment: augment_test.set and augment_test.set differ in a field: x float64 (2) and x float64 (3): spec mismatch
}
