package vision

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
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
			apart := []loader.Transform{Decode{}}
			for k, tr := range test.pipeline {
				apart = append(apart, wall{k}, tr)
			}
			together := append([]loader.Transform{Decode{}}, test.pipeline...)
			if digest(t, src, 2, 16, together) != digest(t, src, 2, 16, apart) {
				t.Error("the bytes differ from those of the stages one by one")
			}
			_, run, _ := strings.Cut(load(t, src, 16, together...).Explain(), "vision.Decode")
			run, _, fused := strings.Cut(strings.SplitN(run, "\n", 2)[0], " (fused)")
			if !fused {
				run = ""
			}
			if n := strings.Count(run, " + "); n != test.fused {
				t.Errorf("%d stages are fused with Decode, want %d", n, test.fused)
			}
		})
	}
}
