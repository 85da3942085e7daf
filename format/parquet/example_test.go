package parquet_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/stokerdata/stoker/format/mem"
	"github.com/stokerdata/stoker/format/parquet"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
)

// Write what a Loader yields, and read it back.
func Example() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)

	src, err := mem.Columns(loader.Spec{
		{Name: "embedding", DType: dtype.Float32, Shape: loader.Dims(2)},
		{Name: "label", DType: dtype.Int32, Kind: kind.Label, Names: []string{"cat", "dog"}},
		{Name: "text", DType: dtype.Uint8, Shape: loader.Dims(-1), Kind: kind.Text},
	}, mem.Of([]float32{1, 2, 3, 4, 5, 6}), mem.Of([]int32{0, 1, 1}), mem.Strings([]string{"purr", "woof", "bark"}))
	if err != nil {
		log.Fatal(err)
	}
	ld, err := loader.New(src, loader.Config{BatchSize: 2})
	if err != nil {
		log.Fatal(err)
	}
	defer ld.Close()
	ctx := context.Background()
	shards, err := parquet.Write(ctx, filepath.Join(dir, "pets.parquet"), ld.All(ctx), parquet.WriteOptions{RowsPerShard: 2})
	if err != nil {
		log.Fatal(err)
	}
	for _, s := range shards {
		fmt.Println(filepath.Base(s.Path), s.Rows)
	}

	back, err := parquet.Open(filepath.Join(dir, "pets-*.parquet"), parquet.Options{Columns: []string{"text", "embedding"}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(back.Spec())
	ld, err = loader.New(back, loader.Config{BatchSize: 3})
	if err != nil {
		log.Fatal(err)
	}
	defer ld.Close()
	for b, err := range ld.All(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(loader.View[float32](b.Tensor("embedding")), string(b.Row("text", 2).Data))
	}
	// Output:
	// pets-00000-of-00002.parquet 2
	// pets-00001-of-00002.parquet 1
	// [text uint8 (?) text; embedding float32 (2)]
	// [1 2 3 4 5 6] bark
}
