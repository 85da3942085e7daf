package feather_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/stokerdata/stoker/format/feather"
	"github.com/stokerdata/stoker/format/mem"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
)

// Any stream of batches can be made into files, and read back as it was.
func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "feather")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)

	flowers, err := mem.Columns(loader.Spec{
		{Name: "petal", DType: dtype.Float32, Shape: loader.Dims(2)},
		{Name: "class", DType: dtype.Int32, Kind: kind.Label, Names: []string{"setosa", "virginica"}},
	}, mem.Of([]float32{1.4, 0.2, 5.1, 1.9, 1.3, 0.2}), mem.Of([]int32{0, 1, 0}))
	if err != nil {
		fmt.Println(err)
		return
	}
	all, err := loader.New(flowers, loader.Config{BatchSize: 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer all.Close()
	shards, err := feather.Write(ctx, filepath.Join(dir, "flowers.arrow"), all.All(ctx), feather.WriteOptions{RowsPerShard: 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, s := range shards {
		fmt.Println(filepath.Base(s.Path), s.Rows)
	}

	src, err := feather.Open(dir, feather.Options{Columns: []string{"class", "petal"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	ld, err := loader.New(src, loader.Config{BatchSize: 3})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer ld.Close() // closes src too
	for b, err := range ld.All(ctx) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(loader.View[int32](b.Tensor("class")), b.Spec()[0].Names)
		fmt.Println(loader.View[float32](b.Tensor("petal")), b.Tensor("petal").Shape)
	}
	// Output:
	// flowers-00000-of-00002.arrow 2
	// flowers-00001-of-00002.arrow 1
	// [0 1 0] [setosa virginica]
	// [1.4 0.2 5.1 1.9 1.3 0.2] (3, 2)
}
