package vision_test

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"strings"

	"github.com/stokerdata/stoker/augment/vision"
	"github.com/stokerdata/stoker/format/mem"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
)

// Files become batches of normalised planes.
func Example() {
	var file bytes.Buffer
	if err := png.Encode(&file, image.NewRGBA(image.Rect(0, 0, 300, 200))); err != nil {
		fmt.Println(err)
		return
	}
	src, err := mem.Columns(loader.Spec{
		{Name: "image", DType: dtype.Uint8, Shape: loader.Dims(-1), Kind: kind.EncodedImage},
	}, mem.Varying([][]byte{file.Bytes(), file.Bytes()}))
	if err != nil {
		fmt.Println(err)
		return
	}
	ld, err := loader.New(src, loader.Config{BatchSize: 2, Seed: 1, Transforms: []loader.Transform{
		vision.Decode{},
		vision.RandomResizedCrop{Size: 224},
		vision.FlipH{P: 0.5},
		vision.Normalize{},
	}})
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
		fmt.Println(b.Tensor("image").DType, b.Tensor("image").Shape)
	}
	// Output: float32 (2, 3, 224, 224)
}

// A crop moves boxes, and drops those that are out of sight together with their
// labels.
func ExampleCenterCrop() {
	src, err := mem.Columns(loader.Spec{
		{Name: "image", DType: dtype.Uint8, Shape: loader.Dims(100, 200, 3), Kind: kind.Image},
		{Name: "boxes", DType: dtype.Float32, Shape: loader.Dims(2, 4), Kind: kind.Boxes, Canvas: "image"},
		{Name: "labels", DType: dtype.Int32, Shape: loader.Dims(2), Kind: kind.Label, Follows: "boxes"},
	}, mem.Of(make([]uint8, 60_000)), mem.Of([]float32{0, 0, 40, 40, 40, 20, 150, 80}), mem.Of([]int32{7, 8}))
	if err != nil {
		fmt.Println(err)
		return
	}
	ld, err := loader.New(src, loader.Config{BatchSize: 1, Transforms: []loader.Transform{vision.CenterCrop{Size: 100}}})
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
		fmt.Println(loader.View[float32](b.Tensor("boxes")), loader.View[int32](b.Tensor("labels")))
	}
	// Output: [0 20 100 80] [8]
}

// The first epoch notes where the parts of files begin; later ones read no more of
// a file than lies under its crop. Explain tells that all of it is one pass.
func ExampleSeekIndex() {
	var file bytes.Buffer
	if err := jpeg.Encode(&file, image.NewRGBA(image.Rect(0, 0, 300, 200)), nil); err != nil {
		fmt.Println(err)
		return
	}
	src, err := mem.Columns(loader.Spec{
		{Name: "image", DType: dtype.Uint8, Shape: loader.Dims(-1), Kind: kind.EncodedImage},
	}, mem.Varying([][]byte{file.Bytes(), file.Bytes()}))
	if err != nil {
		fmt.Println(err)
		return
	}
	seek := &vision.SeekIndex{}
	ld, err := loader.New(src, loader.Config{BatchSize: 2, Epochs: 2, Transforms: []loader.Transform{
		vision.Decode{Seek: seek}, vision.RandomResizedCrop{Size: 64}, vision.FlipH{P: 0.5}, vision.ToTensor{},
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer ld.Close()
	for line := range strings.Lines(ld.Explain()) {
		if strings.HasPrefix(line, "rows") {
			fmt.Print(line)
		}
	}
	for _, err := range ld.All(context.Background()) {
		if err != nil {
			fmt.Println(err)
			return
		}
	}
	files, _ := seek.Stats()
	fmt.Println(files, "files have entries")
	// Output:
	// rows     vision.Decode + vision.RandomResizedCrop + vision.FlipH + vision.ToTensor (fused): [image uint8 (3, 64, 64) image]
	// 2 files have entries
}
