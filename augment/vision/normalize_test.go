package vision

import (
	"math"
	"slices"
	"testing"

	"github.com/stokerdata/stoker/format/mem"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
)

// pair is an image of 1 by 2 pixels.
func pair(t *testing.T) *mem.Source {
	s := &scene{}
	s.add(loader.Field{Name: "image", DType: dtype.Uint8, Shape: loader.Dims(1, 2, 3), Kind: kind.Image}, mem.Of([]uint8{0, 51, 102, 153, 204, 255}))
	return s.source(t)
}

// TestNormalize has the numbers that NumPy gives for torchvision's steps, each
// in float32.
func TestNormalize(t *testing.T) {
	tr := first(t, pair(t), Normalize{})
	if got := tr.Fields[0].Shape; got != loader.Dims(3, 1, 2) {
		t.Errorf("shape %v", got)
	}
	want := []float32{-2.117904, 0.50218344, -1.1428571, 1.5357143, -0.02666659, 2.64}
	got := loader.View[float32](tr.Fields[0])
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	got = loader.View[float32](first(t, pair(t), Normalize{Std: [3]float32{1. / 255, 0.2, 1}, Layout: NHWC}).Fields[0])
	if want := []float32{0, 1, 0.4, 153, 4, 1}; !closeTo(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func closeTo(a, b []float32) bool {
	return slices.EqualFunc(a, b, func(x, y float32) bool { return math.Abs(float64(x-y)) < 1e-4 })
}

func TestToTensor(t *testing.T) {
	if got, want := loader.View[uint8](first(t, pair(t), ToTensor{}).Fields[0]), []uint8{0, 153, 51, 204, 102, 255}; !slices.Equal(got, want) {
		t.Errorf("planes %v, want %v", got, want)
	}
	if got, want := loader.View[uint8](first(t, pair(t), ToTensor{Layout: NHWC}).Fields[0]), []uint8{0, 51, 102, 153, 204, 255}; !slices.Equal(got, want) {
		t.Errorf("pixels %v, want %v", got, want)
	}
	if got, want := loader.View[float32](first(t, pair(t), ToTensor{DType: dtype.Float32, Layout: NHWC}).Fields[0]), []float32{0, .2, .4, .6, .8, 1}; !closeTo(got, want) {
		t.Errorf("floats %v, want %v", got, want)
	}
	tr := first(t, pair(t), ToTensor{DType: dtype.Float16})
	if got, want := loader.View[uint16](tr.Fields[0]), []uint16{0, 0x38cd, 0x3266, 0x3a66, 0x3666, 0x3c00}; !slices.Equal(got, want) || tr.Fields[0].DType != dtype.Float16 {
		t.Errorf("halves %x, want %x", got, want)
	}
	if got, want := loader.View[uint16](first(t, pair(t), ToTensor{DType: dtype.BFloat16}).Fields[0]), []uint16{0, 0x3f1a, 0x3e4d, 0x3f4d, 0x3ecd, 0x3f80}; !slices.Equal(got, want) {
		t.Errorf("bfloat16 %x, want %x", got, want)
	}
}

func TestLayoutOfGrey(t *testing.T) {
	s := &scene{}
	s.add(loader.Field{Name: "image", DType: dtype.Uint8, Shape: loader.Dims(1, 2, 1), Kind: kind.Image}, mem.Of([]uint8{0, 255}))
	tr := first(t, s.source(t), Normalize{Mean: [3]float32{0.5}, Std: [3]float32{0.5}})
	if got := loader.View[float32](tr.Fields[0]); tr.Fields[0].Shape != loader.Dims(1, 1, 2) || !slices.Equal(got, []float32{-1, 1}) {
		t.Errorf("%v %v", tr.Fields[0].Shape, got)
	}
}
