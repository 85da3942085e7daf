package loader_test

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/stokerdata/stoker/format/mem"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
)

// numbers returns the data set of 0 to 9.
func numbers() *mem.Source {
	src, err := mem.Columns(loader.Spec{{Name: "x", DType: dtype.Int32}}, mem.Of([]int32{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}))
	if err != nil {
		panic(err)
	}
	return src
}

func ExampleLoader_All() {
	ld, err := loader.New(numbers(), loader.Config{BatchSize: 4})
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
		fmt.Println(b.Step, loader.View[int32](b.Tensor("x")))
	}
	// Output:
	// 0 [0 1 2 3]
	// 1 [4 5 6 7]
	// 2 [8 9]
}

// A saved State goes on right behind the batch that it came from, in the same
// order, in another process and with any number of workers.
func ExampleState() {
	config := loader.Config{BatchSize: 4, Seed: 1, Order: loader.Shuffle{}}
	ld, _ := loader.New(numbers(), config)
	var saved []byte
	for b := range ld.All(context.Background()) {
		fmt.Println(b.Step, b.IDs())
		if b.Step == 0 {
			saved, _ = json.Marshal(b.State())
		}
	}
	ld.Close()

	var state loader.State
	if err := json.Unmarshal(saved, &state); err != nil {
		fmt.Println(err)
	}
	config.Resume = &state
	ld, _ = loader.New(numbers(), config)
	defer ld.Close()
	fmt.Println("resumed")
	for b := range ld.All(context.Background()) {
		fmt.Println(b.Step, b.IDs())
	}
	// Output:
	// 0 [2 8 9 3]
	// 1 [6 1 5 4]
	// 2 [7 0]
	// resumed
	// 1 [6 1 5 4]
	// 2 [7 0]
}

// A misspelt field is reported by New, before anything is read.
func ExampleTyped() {
	ld, _ := loader.New(numbers(), loader.Config{BatchSize: 5})
	defer ld.Close()
	if _, err := loader.Typed[struct{ Y []int32 }](ld); err != nil {
		fmt.Println(err)
	}
	all, err := loader.Typed[struct{ X []int32 }](ld)
	if err != nil {
		fmt.Println(err)
		return
	}
	for b, err := range all(context.Background()) {
		fmt.Println(b.X, err)
	}
	// Output:
	// loader: struct { Y []int32 }.Y: no field "y" among [x int32 ()]: spec mismatch
	// [0 1 2 3 4] <nil>
	// [5 6 7 8 9] <nil>
}
