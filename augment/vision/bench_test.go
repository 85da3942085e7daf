package vision

import (
	"bytes"
	"context"
	"image/jpeg"
	"testing"

	"github.com/stokerdata/stoker/internal/pixel"
	"github.com/stokerdata/stoker/internal/pixelsimd"
	"github.com/stokerdata/stoker/loader"
)

const photos = 32

// samples runs at least b.N samples of src through transforms on one worker.
func samples(b *testing.B, src loader.Source, transforms ...loader.Transform) {
	b.Helper()
	ld, err := loader.New(src, loader.Config{BatchSize: photos, Epochs: -1, Seed: 1, Workers: 1, Transforms: transforms})
	if err != nil {
		b.Fatal(err)
	}
	defer ld.Close()
	b.ReportAllocs()
	b.ResetTimer()
	n := 0
	for batch, err := range ld.All(context.Background()) {
		if err != nil {
			b.Fatal(err)
		}
		if n += batch.Len(); n >= b.N {
			break
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "images/s")
}

// BenchmarkTrain is the usual way of a photograph, behind the decoder.
func BenchmarkTrain(b *testing.B) {
	samples(b, images(photos, 375, 500).source(b), RandomResizedCrop{Size: 224}, FlipH{P: 0.5}, Normalize{})
}

// BenchmarkTrainIdeal is BenchmarkTrain as a loop by hand over one image, with
// the crop that is the mean of the drawn ones.
func BenchmarkTrainIdeal(b *testing.B) {
	src := pixel.Packed(noise(1, 375*500*3), 375, 500, 3)
	dst := pixel.Packed(make([]uint8, 224*224*3), 224, 224, 3)
	tone := pixelsimd.NewTone[float32](pixelsimd.Float, [3]float32{0.485, 0.456, 0.406}, [3]float32{0.229, 0.224, 0.225})
	to := pixel.Slot[float32]{Tone: tone, Dst: make([]float32, len(dst.Pix)), W: 224, H: 224, C: 3, Planar: true}
	var r pixel.Resizer
	n := 0
	for b.Loop() {
		r.Resize(dst, src.Crop(80, 30, 320, 300), pixel.Bilinear)
		if n++; n&1 == 0 {
			pixel.FlipH(dst)
		}
		to.Image(dst)
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "images/s")
}

func BenchmarkDecode(b *testing.B) {
	samples(b, encoded(b, files(b)...), Decode{})
}

// BenchmarkDecodeIdeal is the decoder of the standard library alone.
func BenchmarkDecodeIdeal(b *testing.B) {
	file := files(b)[0]
	n := 0
	for b.Loop() {
		if _, err := jpeg.Decode(bytes.NewReader(file)); err != nil {
			b.Fatal(err)
		}
		n++
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "images/s")
}

// files returns JPEG files of 500 by 375 pixels.
func files(b *testing.B) [][]byte {
	m := gradient(375, 500)
	for k, v := range noise(1, len(m.Pix)) {
		m.Pix[k] ^= v & 15
	}
	file := jpegFile(b, m)
	all := make([][]byte, photos)
	for i := range all {
		all[i] = file
	}
	return all
}

func BenchmarkColorJitter(b *testing.B) {
	samples(b, images(photos, 224, 224).source(b), ColorJitter{Brightness: 0.4, Contrast: 0.4, Saturation: 0.4})
}

func BenchmarkNormalize(b *testing.B) {
	samples(b, images(photos, 224, 224).source(b), Normalize{})
}

// BenchmarkDetect moves a mask, boxes and key points with the image.
func BenchmarkDetect(b *testing.B) {
	samples(b, marked(375, 500, [4]int{100, 100, 300, 200}).times(photos).source(b), RandomResizedCrop{Size: 224, Scale: [2]float64{0.5, 1}}, FlipH{P: 0.5})
}
