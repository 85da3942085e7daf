package mem_test

import (
	"testing"

	"github.com/stokerdata/stoker/format/mem"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
	"github.com/stokerdata/stoker/loader/loadertest"
)

// poem returns 25 rows of all sorts of columns, some of them empty.
func poem(t testing.TB) *mem.Source {
	t.Helper()
	words := make([]string, 25)
	starts := make([]int64, len(words)+1) // of the boxes of each row
	pixels := make([]uint8, len(words)*2*3)
	labels := make([]int64, len(words))
	for i := range words {
		words[i] = "a rose is a rose is a rose"[:i*3%27]
		starts[i+1] = starts[i] + int64(i%4)
		labels[i], pixels[i] = int64(-i), uint8(i)
	}
	boxes := mem.Of(make([]float32, 4*starts[len(words)]))
	boxes.Offsets = starts
	src, err := mem.Columns(loader.Spec{
		{Name: "image", DType: dtype.Uint8, Shape: loader.Dims(2, 3, 1), Kind: kind.Image},
		{Name: "boxes", DType: dtype.Float32, Shape: loader.Dims(-1, 4), Kind: kind.Boxes, Canvas: "image"},
		{Name: "text", DType: dtype.Uint8, Shape: loader.Dims(-1), Kind: kind.Text},
		{Name: "label", DType: dtype.Int64, Kind: kind.Label},
	}, mem.Of(pixels), boxes, mem.Strings(words), mem.Of(labels))
	if err != nil {
		t.Fatal(err)
	}
	return src
}

func TestConformance(t *testing.T) {
	loadertest.Source(t, func() loader.Source { return poem(t) })
	loadertest.Allocs(t, poem(t), loader.Config{BatchSize: 25, Order: loader.Shuffle{}}, 0)
}
