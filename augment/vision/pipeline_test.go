package vision

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"fmt"
	"image"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/stokerdata/stoker/format/mem"
	"github.com/stokerdata/stoker/internal/invariant"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
)

var update = flag.Bool("update", false, "write testdata/golden.txt")

// training is the usual pipelines behind a decoder.
func training() map[string][]loader.Transform {
	return map[string][]loader.Transform{
		"classify": {
			RandomResizedCrop{Size: 48}, FlipH{P: 0.5}, ColorJitter{Brightness: 0.4, Contrast: 0.4, Saturation: 0.4},
			RandomErasing{P: 0.25}, Normalize{},
		},
		"detect": {
			Resize{Size: 64, Max: 90, Filter: Bicubic}, D4{}, RandomCrop{Size: 56, Pad: 4}, FlipV{P: 0.5}, ToTensor{DType: dtype.BFloat16},
		},
		"evaluate": {Resize{Size: 51, Filter: Lanczos}, CenterCrop{Size: 44}, Normalize{DType: dtype.Float16, Layout: NHWC}},
		"sharp":    {RandomResizedCrop{Size: 33, Filter: Hamming}, Resize{Height: 40, Width: 31, Filter: Box}},
	}
}

// everything returns a source of n files with boxes, labels and key points.
func everything(t testing.TB, n int, file func(testing.TB, image.Image) []byte) *mem.Source {
	s := &scene{}
	var files [][]byte
	var boxes, points []float32
	var labels []int32
	var offsets []int64
	for i := range n {
		h, w := 60+7*i%31, 70+11*i%23
		m := gradient(h, w)
		for k, v := range noise(uint64(i), len(m.Pix)) {
			m.Pix[k] ^= v & 63 &^ (uint8(k&3) / 3 * 255) // alpha stays
		}
		files = append(files, file(t, m))
		offsets = append(offsets, int64(len(labels)))
		for k := range i % 4 {
			x, y := float32(5*k+i%17), float32(9*k)
			boxes, labels = append(boxes, x, y, x+20.5, y+14.25), append(labels, int32(k))
		}
		points = append(points, 10, 10, 2, float32(w-10), float32(i%40), 1, 0, 0, 0)
	}
	offsets = append(offsets, int64(len(labels)))
	s.add(loader.Field{Name: "image", DType: dtype.Uint8, Shape: loader.Dims(-1), Kind: kind.EncodedImage}, mem.Varying(files))
	s.add(loader.Field{Name: "boxes", DType: dtype.Float32, Shape: loader.Dims(-1, 4), Kind: kind.Boxes, Canvas: "image"},
		mem.Column{DType: dtype.Float32, Data: mem.Of(boxes).Data, Offsets: offsets})
	s.add(loader.Field{Name: "labels", DType: dtype.Int32, Shape: loader.Dims(-1), Kind: kind.Label, Follows: "boxes"},
		mem.Column{DType: dtype.Int32, Data: mem.Of(labels).Data, Offsets: offsets})
	s.add(loader.Field{Name: "points", DType: dtype.Float32, Shape: loader.Dims(3, 3), Kind: kind.KeyPoints, Canvas: "image", Mirror: []int{1, 0, 2}}, mem.Of(points))
	return s.source(t)
}

// digest runs two epochs and returns the hash of every byte of every batch.
func digest(t *testing.T, src loader.Source, workers, batch int, transforms []loader.Transform) string {
	t.Helper()
	ld, err := loader.New(src, loader.Config{BatchSize: batch, Seed: 11, Epochs: 2, Workers: workers, Order: loader.Shuffle{}, Transforms: transforms})
	if err != nil {
		t.Fatal(err)
	}
	defer ld.Close()
	h := sha256.New()
	for b, err := range ld.All(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		for i := range b.Len() {
			for _, f := range b.Spec() {
				if f.Name == "" {
					continue
				}
				v := b.Row(f.Name, i)
				fmt.Fprintf(h, "%v %v ", v.DType, v.Shape)
				h.Write(v.Data)
			}
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// TestGolden compares whole pipelines, decoding to normalising, with digests
// that were written once. They hold for every number of workers, every batch
// size and every processor: CI runs the test with GOAMD64=v1 and v3, and without
// assembly. Behind JPEG files stages are fused, behind PNG files they are not.
//
// A change of the digests is a breaking change: -update writes them.
func TestGolden(t *testing.T) {
	var lines []string
	for _, kind := range []string{"png", "jpeg"} {
		src := everything(t, 40, map[string]func(testing.TB, image.Image) []byte{"png": pngFile, "jpeg": jpegFile}[kind])
		for _, name := range []string{"classify", "detect", "evaluate", "sharp"} {
			pipeline := append([]loader.Transform{Decode{}}, training()[name]...)
			got := digest(t, src, 1, 16, pipeline)
			if other := digest(t, src, 3, 7, pipeline); other != got {
				t.Errorf("%s: other bytes with 3 workers and batches of 7", name)
			}
			lines = append(lines, name+" "+kind+" "+got)
		}
	}
	got := strings.Join(lines, "\n") + "\n"
	if *update {
		if err := os.WriteFile("testdata/golden.txt", []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/golden.txt")
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// TestNoAllocations runs the pipelines on pixels, and counts what more samples
// cost.
func TestNoAllocations(t *testing.T) {
	if invariant.Enabled {
		t.Skip("sync.Pool drops at random in builds with the race detector")
	}
	for name, transforms := range training() {
		few, many := allocations(t, 500, transforms), allocations(t, 4500, transforms)
		if per := (float64(many) - float64(few)) / 4000; per > 0.2 {
			t.Errorf("%s: %.3f allocations per sample (%d for 500, %d for 4500)", name, per, few, many)
		}
	}
}

// allocations returns how many allocations an epoch of n samples makes.
func allocations(t *testing.T, n int, transforms []loader.Transform) uint64 {
	return mallocs(t, marked(50, 70, [4]int{10, 10, 30, 30}).times(n).source(t), transforms...)
}

// mallocs returns how many allocations an epoch of src makes.
func mallocs(t *testing.T, src loader.Source, transforms ...loader.Transform) uint64 {
	ld := load(t, src, 10, transforms...)
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // which empties pools
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for _, err := range ld.All(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
	}
	runtime.ReadMemStats(&after)
	return after.Mallocs - before.Mallocs
}

// TestMissedIsNotCopied checks that a flip that is not drawn leaves the very
// memory alone.
func TestMissedIsNotCopied(t *testing.T) {
	spec := images(1, 4, 4).spec
	st, err := FlipH{}.Bind(spec)
	if err != nil {
		t.Fatal(err)
	}
	probe := stage{func(in loader.Spec) loader.Stage {
		return loader.Stage{Out: in, Row: func(w *loader.Worker, s *loader.Sample) error {
			before := &s.Fields[0].Data[0]
			err := w.Run(1, &st, s)
			if &s.Fields[0].Data[0] != before {
				t.Error("the image has moved")
			}
			return err
		}}
	}}
	first(t, images(1, 4, 4).source(t), probe)
}

// stage is a transform made of a function.
type stage struct {
	bind func(loader.Spec) loader.Stage
}

func (s stage) Bind(in loader.Spec) (loader.Stage, error) { return s.bind(in), nil }
