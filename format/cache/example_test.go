package cache_test

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/png"

	"github.com/stokerdata/stoker/augment/vision"
	"github.com/stokerdata/stoker/format/cache"
	"github.com/stokerdata/stoker/format/mem"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
)

// pictures returns n files of pictures of 40 by 30 pixels.
func pictures(n int) [][]byte {
	files := make([][]byte, n)
	for i := range files {
		m := image.NewRGBA(image.Rect(0, 0, 40, 30))
		for k := range m.Pix {
			m.Pix[k] = uint8(i + k*k)
		}
		var b bytes.Buffer
		if err := png.Encode(&b, m); err != nil {
			panic(err)
		}
		files[i] = b.Bytes()
	}
	return files
}

// Pictures are decoded and resized once, and cropped anew in each epoch.
func Example() {
	src, err := mem.Columns(loader.Spec{
		{Name: "image", DType: dtype.Uint8, Shape: loader.Dims(-1), Kind: kind.EncodedImage},
		{Name: "label", DType: dtype.Int32, Kind: kind.Label},
	}, mem.Varying(pictures(8)), mem.Of([]int32{0, 1, 2, 3, 4, 5, 6, 7}))
	if err != nil {
		fmt.Println(err)
		return
	}
	cached, err := cache.Open(src, cache.Options{
		Transforms: []loader.Transform{vision.Decode{}, vision.Resize{Size: 20}, vision.CenterCrop{Size: 20}},
		Bytes:      1 << 20,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(cached.Spec())
	ld, err := loader.New(cached, loader.Config{
		BatchSize: 4, Order: loader.Shuffle{},
		Transforms: []loader.Transform{vision.RandomCrop{Size: 16}, vision.FlipH{P: 0.5}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer ld.Close()
	for range 2 {
		for _, err := range ld.All(context.Background()) {
			if err != nil {
				fmt.Println(err)
				return
			}
		}
		s := cached.Stats()
		fmt.Println(s.Rows, "rows in", s.Bytes, "bytes:", s.Misses, "made,", s.Hits, "found")
	}
	// Output:
	// [image uint8 (20, 20, 3) image; label int32 () label]
	// 8 rows in 9792 bytes: 8 made, 0 found
	// 8 rows in 9792 bytes: 8 made, 8 found
}
