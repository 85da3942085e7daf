package npy_test

import (
	"context"
	"fmt"
	"log"

	"github.com/stokerdata/stoker/format/npy"
	"github.com/stokerdata/stoker/loader"
)

func ExampleOpen() {
	src, err := npy.Open("testdata/plain.npy", npy.Options{Stack: true})
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
		fmt.Println(b.Tensor("array").Shape, loader.View[float32](b.Tensor("array")))
	}
	// Output:
	// (2, 4) [0 1 2 3 4 5 6 7]
	// (1, 4) [8 9 10 11]
}

// A part of each array, the same of all arrays of a file, at a place that is drawn.
func ExampleRandomCrop() {
	src, err := npy.Open("testdata/plain.npy", npy.Options{Crop: npy.RandomCrop{Size: []int{2, 2}}})
	if err != nil {
		log.Fatal(err)
	}
	ld, err := loader.New(src, loader.Config{BatchSize: 1, Epochs: 3, Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	defer ld.Close()
	for b, err := range ld.All(context.Background()) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(b.Tensor("array").Shape, loader.View[float32](b.Tensor("array")))
	}
	// Output:
	// (1, 2, 2) [5 6 9 10]
	// (1, 2, 2) [1 2 5 6]
	// (1, 2, 2) [4 5 8 9]
}
