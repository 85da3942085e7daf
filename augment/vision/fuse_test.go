package vision

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stokerdata/stoker/format/mem"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
)

// wall is a transform that does nothing and that nothing is fused across.
type wall struct{ N int }

func (wall) Bind(in loader.Spec) (loader.Stage, error) {
	return loader.Stage{Out: in, Row: func(*loader.Worker, *loader.Sample) error { return nil }}, nil
}

// TestFusedBytes compares pipelines, on files with boxes, labels and key points,
// with the same stages one by one.
func TestFusedBytes(t *testing.T) {
	src := everything(t, 40, jpegFile)
	crop, flip := RandomResizedCrop{Size: 48}, FlipH{P: 0.5}
	for i, test := range []struct {
		fused    int
		pipeline []loader.Transform
	}{
		{3, []loader.Transform{crop, flip, Normalize{}}},
		{3, []loader.Transform{crop, flip, Normalize{DType: dtype.Float16, Layout: NHWC}}},
		{3, []loader.Transform{crop, flip, ToTensor{}}},
		{3, []loader.Transform{crop, flip, ToTensor{DType: dtype.BFloat16}}},
		{3, []loader.Transform{flip, flip, ToTensor{Layout: NHWC}}},
		{2, []loader.Transform{crop, flip}},
		{2, []loader.Transform{crop, flip, ColorJitter{Brightness: 0.4}, Normalize{}}},
		{1, []loader.Transform{crop}},
		{1, []loader.Transform{flip}},
		{1, []loader.Transform{Normalize{}}},
		{3, []loader.Transform{Resize{Size: 51, Filter: Lanczos}, CenterCrop{Size: 44}, Normalize{}}},
		{4, []loader.Transform{Resize{Height: 50, Width: 90, Filter: Nearest}, flip, RandomCrop{Height: 20, Width: 33}, ToTensor{}}},
		{4, []loader.Transform{RandomCrop{Size: 50}, crop, flip, Normalize{}}},
		{4, []loader.Transform{RandomCrop{Size: 50}, RandomCrop{Size: 30}, flip, RandomCrop{Size: 21}}},
		{2, []loader.Transform{CenterCrop{Height: 65, Width: 80}, flip}}, // smaller images are padded
		{2, []loader.Transform{RandomCrop{Size: 64, Pad: 7}, flip}},
		{1, []loader.Transform{flip, crop}},
		{1, []loader.Transform{Resize{Size: 60}, crop, Normalize{}}},
		{0, []loader.Transform{FlipV{P: 0.5}, crop}},
	} {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			compareFused(t, src, Decode{}, test.fused, test.pipeline)
		})
	}
}

// TestFusedInMemory is TestFusedBytes for images that are decoded already.
func TestFusedInMemory(t *testing.T) {
	crop, flip := RandomResizedCrop{Size: 18}, FlipH{P: 0.5}
	for i, test := range []struct {
		fused    int
		pipeline []loader.Transform
	}{
		{2, []loader.Transform{crop, flip, Normalize{}}},
		{2, []loader.Transform{RandomCrop{Size: 16}, flip, ToTensor{}}},
		{2, []loader.Transform{RandomCrop{Height: 15, Width: 20}, flip, flip, D4{}}},
		{1, []loader.Transform{flip, Normalize{Layout: NHWC}}},
		{0, []loader.Transform{flip, flip}},
		{1, []loader.Transform{RandomCrop{Size: 30, Pad: 3}, ToTensor{}}},
		{2, []loader.Transform{Resize{Size: 21, Filter: Bicubic}, CenterCrop{Size: 15}, Normalize{DType: dtype.Float16}}},
	} {
		for name, src := range map[string]*mem.Source{"annotated": annotated(t, 24), "grey": greys(t, 24)} {
			t.Run(fmt.Sprint(i, " ", name), func(t *testing.T) {
				compareFused(t, src, nil, test.fused, test.pipeline)
			})
		}
	}
}

// greys returns images of one channel.
func greys(t *testing.T, n int) *mem.Source {
	s := &scene{}
	s.add(loader.Field{Name: "image", DType: dtype.Uint8, Shape: loader.Dims(23, 31, 1), Kind: kind.Image}, mem.Of(noise(5, n*23*31)))
	return s.source(t)
}

// compareFused compares first and a pipeline behind it with the same stages one
// by one, and counts those that the first of them takes on.
func compareFused(t *testing.T, src *mem.Source, first loader.Transform, fused int, pipeline []loader.Transform) {
	t.Helper()
	var together, apart []loader.Transform
	if first != nil {
		pipeline = append([]loader.Transform{first}, pipeline...)
	}
	for k, tr := range pipeline {
		together, apart = append(together, tr), append(apart, wall{k}, tr)
	}
	if digest(t, src, 2, 16, together) != digest(t, src, 2, 16, apart) {
		t.Error("the bytes differ from those of the stages one by one")
	}
	_, run, _ := strings.Cut(load(t, src, 16, together...).Explain(), "rows     ")
	run, _, found := strings.Cut(strings.SplitN(run, "\n", 2)[0], " (fused)")
	if n := strings.Count(run, " + "); found != (n > 0) || n != fused {
		t.Errorf("%q: %d stages are fused with the first, want %d", run, n, fused)
	}
}
