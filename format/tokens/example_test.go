package tokens_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/stokerdata/stoker/format/tokens"
	"github.com/stokerdata/stoker/loader"
)

// trainBin writes the file of this example: 4 documents that end with token 0.
func trainBin() string {
	path := filepath.Join(os.TempDir(), "stoker-example-train.bin")
	if err := os.WriteFile(path, pack16([]uint32{11, 12, 13, 0, 21, 0, 31, 32, 33, 34, 35, 0, 41, 42, 0}), 0o666); err != nil {
		log.Fatal(err)
	}
	return path
}

func ExampleOpen() {
	path := trainBin()
	defer os.Remove(path)
	src, err := tokens.Open(path, tokens.Options{Window: 4, Targets: true})
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
		fmt.Println(loader.View[int32](b.Tensor("tokens")), loader.View[int32](b.Tensor("targets")))
	}
	// Output:
	// [11 12 13 0 21 0 31 32] [12 13 0 21 0 31 32 33]
	// [33 34 35 0] [34 35 0 41]
}

func ExamplePack() {
	path := trainBin()
	defer os.Remove(path)
	src, err := tokens.OpenDocuments(path, tokens.DocumentOptions{Ends: []uint32{0}})
	if err != nil {
		log.Fatal(err)
	}
	ld, err := loader.New(src, loader.Config{BatchSize: 1, Transforms: []loader.Transform{tokens.Pack{Window: 8}}})
	if err != nil {
		log.Fatal(err)
	}
	defer ld.Close()
	for b, err := range ld.All(context.Background()) {
		if err != nil {
			log.Fatal(err)
		}
		for _, field := range []string{"tokens", "segment_ids", "position_ids", "offsets"} {
			fmt.Println(field, loader.View[int32](b.Tensor(field)))
		}
	}
	// Output:
	// tokens [11 12 13 0 21 0 0 0]
	// segment_ids [1 1 1 1 2 2 0 0]
	// position_ids [0 1 2 3 0 1 0 0]
	// offsets [0 4 6]
	// tokens [31 32 33 34 35 0 0 0]
	// segment_ids [1 1 1 1 1 1 0 0]
	// position_ids [0 1 2 3 4 5 0 0]
	// offsets [0 6]
	// tokens [41 42 0 0 0 0 0 0]
	// segment_ids [1 1 1 0 0 0 0 0]
	// position_ids [0 1 2 0 0 0 0 0]
	// offsets [0 3]
}
