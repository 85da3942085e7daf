package tabular_test

import (
	"context"
	"fmt"
	"math"

	"github.com/stokerdata/stoker/augment/tabular"
	"github.com/stokerdata/stoker/format/mem"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
)

// Columns are fitted once, then standardized, filled and joined into the input
// of a dense layer.
func Example() {
	src, err := mem.Columns(loader.Spec{
		{Name: "age", DType: dtype.Int32},
		{Name: "income", DType: dtype.Float32},
	}, mem.Of([]int32{20, 40, 60}), mem.Of([]float32{1000, float32(math.NaN()), 3000}))
	if err != nil {
		panic(err)
	}
	ctx := context.Background()
	plain, err := loader.New(src, loader.Config{BatchSize: 3})
	if err != nil {
		panic(err)
	}
	stats, err := tabular.Fit(ctx, plain.All(ctx))
	if err != nil {
		panic(err)
	}
	fmt.Printf("income: mean %v, %d missing\n", stats["income"].Mean, stats["income"].Missing)

	ld, err := loader.New(src, loader.Config{BatchSize: 3, Transforms: []loader.Transform{
		stats.Standardize(),
		tabular.Impute{},
		tabular.Concat{Into: "x"},
	}})
	if err != nil {
		panic(err)
	}
	defer ld.Close()
	for b, err := range ld.All(ctx) {
		if err != nil {
			panic(err)
		}
		fmt.Println(b.Tensor("x").Shape)
		fmt.Printf("%.2f\n", loader.View[float32](b.Tensor("x")))
	}
	// Output:
	// income: mean 2000, 1 missing
	// (3, 2)
	// [-1.22 -1.00 0.00 0.00 1.22 1.00]
}
