package vision

import (
	"fmt"
	"testing"

	"github.com/stokerdata/stoker/augment"
	"github.com/stokerdata/stoker/format/mem"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
	"github.com/stokerdata/stoker/loader/loadertest"
)

// annotated returns n images of one size with all that can live on one.
func annotated(t testing.TB, n int) *mem.Source {
	const h, w = 20, 24
	s := images(n, h, w)
	s.add(loader.Field{Name: "mask", DType: dtype.Uint8, Shape: loader.Dims(h, w), Kind: kind.Mask, Canvas: "image"}, mem.Of(noise(2, n*h*w)))
	var boxes, points []float32
	var labels []int32
	offsets := []int64{0}
	for i := range n {
		for k := range i % 4 {
			x, y := float32(3*k+i%7), float32(4*k)
			boxes, labels = append(boxes, x, y, x+5.5, y+4.25), append(labels, int32(k))
		}
		offsets = append(offsets, int64(len(labels)))
		points = append(points, 3, 4, 2, float32(i%w), 10, 1)
	}
	s.add(loader.Field{Name: "boxes", DType: dtype.Float32, Shape: loader.Dims(-1, 4), Kind: kind.Boxes, Canvas: "image"},
		mem.Column{DType: dtype.Float32, Data: mem.Of(boxes).Data, Offsets: offsets})
	s.add(loader.Field{Name: "labels", DType: dtype.Int32, Shape: loader.Dims(-1), Kind: kind.Label, Follows: "boxes"},
		mem.Column{DType: dtype.Int32, Data: mem.Of(labels).Data, Offsets: offsets})
	s.add(loader.Field{Name: "points", DType: dtype.Float32, Shape: loader.Dims(2, 3), Kind: kind.KeyPoints, Canvas: "image", Mirror: []int{1, 0}}, mem.Of(points))
	return s.source(t)
}

func TestConformance(t *testing.T) {
	for _, tr := range []loader.Transform{
		FlipH{P: 0.5}, FlipV{P: 0.5}, D4{}, CenterCrop{Size: 16}, RandomCrop{Size: 22, Pad: 2}, Resize{Size: 15}, Resize{Height: 30, Width: 9},
		RandomResizedCrop{Size: 18}, ColorJitter{Brightness: 0.4, Contrast: 0.4, Saturation: 0.4}, RandomErasing{P: 0.5}, ToTensor{}, Normalize{},
	} {
		t.Run(fmt.Sprintf("%T", tr), func(t *testing.T) { loadertest.Transform(t, tr, annotated(t, 24)) })
	}
	loadertest.Transform(t, Decode{Orient: true}, everything(t, 12, jpegFile))
	for name, pipeline := range training() {
		t.Run(name, func(t *testing.T) {
			loadertest.Transform(t, augment.Compose(append([]loader.Transform{Decode{}}, pipeline...)), everything(t, 8, jpegFile))
		})
	}
}
