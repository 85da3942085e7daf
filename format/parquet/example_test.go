package parquet_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/stokerdata/stoker/format"
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

// A table as the matrix that a dense layer takes.
func ExampleOptions_joins() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "people.parquet")
	if err := writePeople(path); err != nil {
		log.Fatal(err)
	}

	src, err := parquet.Open(path, parquet.Options{
		Joins: []format.Join{{Into: "x", Columns: []string{"age", "income"}, DType: dtype.Float32}},
	})
	if err != nil {
		log.Fatal(err)
	}
	ld, err := loader.New(src, loader.Config{BatchSize: 2})
	if err != nil {
		log.Fatal(err)
	}
	defer ld.Close()
	for b, err := range ld.All(context.Background()) {
		if err != nil {
			log.Fatal(err)
		}
		x := b.Tensor("x")
		fmt.Println(x.Shape, loader.View[float32](x), loader.View[bool](b.Tensor("buys")))
	}
	// Output:
	// (2, 2) [31 1200 58 900] [true false]
}

// writePeople writes a table of two rows.
func writePeople(path string) error {
	src, err := mem.Columns(loader.Spec{
		{Name: "age", DType: dtype.Uint8}, {Name: "income", DType: dtype.Int64}, {Name: "buys", DType: dtype.Bool},
	}, mem.Of([]uint8{31, 58}), mem.Of([]int64{1200, 900}), mem.Of([]bool{true, false}))
	if err != nil {
		return err
	}
	ld, err := loader.New(src, loader.Config{BatchSize: 2})
	if err != nil {
		return err
	}
	defer ld.Close()
	ctx := context.Background()
	_, err = parquet.Write(ctx, path, ld.All(ctx), parquet.WriteOptions{})
	return err
}
