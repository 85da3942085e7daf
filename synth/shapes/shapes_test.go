package shapes_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	_ "image/jpeg"
	_ "image/png"
	"math"
	"testing"

	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/kind"
	"github.com/stokerdata/stoker/synth"
	"github.com/stokerdata/stoker/synth/internal/synthtest"
	"github.com/stokerdata/stoker/synth/shapes"
)

func Example() {
	gen, err := shapes.New(shapes.Config{Height: 32, Width: 48, MaxShapes: 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	ld, err := loader.New(synth.New(gen, 1000, 1), loader.Config{BatchSize: 3})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer ld.Close()
	names := gen.Spec()[gen.Spec().Index("label")].Names
	for b, err := range ld.All(context.Background()) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(b.Tensor("image").Shape)
		for i := range b.Len() {
			fmt.Println(names[loader.View[int32](b.Tensor("label"))[i]], loader.View[float32](b.Row("boxes", i)))
		}
		break
	}
	// Output:
	// (3, 32, 48, 3)
	// rectangle [27 3 36 13]
	// triangle [3 17 15 28 9 2 13 9]
	// cross [5 17 18 30 17 6 35 24]
}

func newGenerator(t testing.TB, c shapes.Config) *shapes.Generator {
	t.Helper()
	g, err := shapes.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

var crowded = shapes.Config{Height: 96, Width: 128, MinShapes: 2, MaxShapes: 9}

func TestPromises(t *testing.T) {
	for name, c := range map[string]shapes.Config{
		"default": {},
		"crowded": crowded,
		"amodal":  {Height: 40, Width: 24, MinShapes: 3, Boxes: shapes.Amodal, Classes: []shapes.Class{shapes.Star, shapes.Circle}},
		"large":   {Height: 200, Width: 300, MinSize: 0.8, MaxSize: 1, Grounds: []shapes.Texture{shapes.Flat, shapes.Noise}},
	} {
		t.Run(name, func(t *testing.T) {
			g := newGenerator(t, c)
			synthtest.Golden(t, name, g)
			if name != "large" {
				synthtest.Generator(t, g)
			}
		})
	}
}

// hull returns the box around the pixels of instance id.
func hull(mask []uint8, width int, id uint8) [4]float32 {
	b := [4]float32{math.MaxFloat32, math.MaxFloat32, -1, -1}
	for i, v := range mask {
		if x, y := float32(i%width), float32(i/width); v == id {
			b = [4]float32{min(b[0], x), min(b[1], y), max(b[2], x+1), max(b[3], y+1)}
		}
	}
	return b
}

// TestTruth compares all labels with the mask.
func TestTruth(t *testing.T) {
	shown := map[int32]int{}
	hidden := 0
	synthtest.Each(t, synth.New(newGenerator(t, crowded), 600, 3), loader.Config{BatchSize: 50}, func(b *loader.Batch, i int) {
		id := b.IDs()[i]
		mask := b.Row("mask", i).Data
		boxes, labels := loader.View[float32](b.Row("boxes", i)), loader.View[int32](b.Row("labels", i))
		points := loader.View[float32](b.Row("points", i))
		n := len(labels)
		if n < 1 || n > 9 || len(boxes) != 4*n || len(points) != 9*n {
			t.Fatalf("row %d: %d labels, %d box numbers, %d point numbers", id, n, len(boxes), len(points))
		}
		pixels := make([]int, n+1)
		for _, v := range mask {
			pixels[v]++
		}
		largest := 0
		for k := range n {
			if got := [4]float32(boxes[4*k:]); got != hull(mask, 128, uint8(k+1)) {
				t.Fatalf("row %d, box %d is %v, want %v", id, k, got, hull(mask, 128, uint8(k+1)))
			}
			if pixels[k+1] > pixels[largest+1] {
				largest = k
			}
			for p := range 3 {
				hidden += checkPoint(t, points[3*(3*k+p):][:3], mask, uint8(k+1))
			}
			shown[labels[k]]++
		}
		if got := loader.View[int32](b.Row("label", i))[0]; got != labels[largest] {
			t.Fatalf("row %d: label %d, want that of shape %d of %v", id, got, largest, pixels)
		}
	})
	if len(shown) != 6 || hidden < 100 {
		t.Errorf("classes %v, %d hidden points", shown, hidden)
	}
}

// checkPoint checks that a key point lies in its shape or on its border, or is
// marked as hidden by a shape in front; it returns 1 then.
func checkPoint(t *testing.T, p []float32, mask []uint8, id uint8) int {
	t.Helper()
	near, front := false, false
	for dy := -2; dy <= 2; dy++ {
		for dx := -2; dx <= 2; dx++ {
			x, y := int(p[0])+dx, int(p[1])+dy
			if x < 0 || x >= 128 || y < 0 || y >= 96 {
				continue
			}
			v := mask[y*128+x]
			near = near || v == id
			front = front || v != 0 && v < id
		}
	}
	if p[2] == 2 && !near || p[2] == 1 && !front || p[2] == 0 {
		t.Fatalf("key point %v of shape %d: near its shape %t, near one in front %t", p, id, near, front)
	}
	return int(2 - p[2])
}

// TestAmodal: the whole of a shape is where the points are, and holds what shows.
func TestAmodal(t *testing.T) {
	c := crowded
	c.Boxes = shapes.Amodal
	larger := 0
	synthtest.Each(t, synth.New(newGenerator(t, c), 200, 3), loader.Config{BatchSize: 50}, func(b *loader.Batch, i int) {
		boxes, points := loader.View[float32](b.Row("boxes", i)), loader.View[float32](b.Row("points", i))
		for k := range len(boxes) / 4 {
			got, shown := boxes[4*k:][:4], hull(b.Row("mask", i).Data, 128, uint8(k+1))
			if got[0] > shown[0] || got[1] > shown[1] || got[2] < shown[2] || got[3] < shown[3] {
				t.Fatalf("box %v, what shows is %v", got, shown)
			}
			if [4]float32(got) != shown {
				larger++
			}
			left, right := points[9*k+3], points[9*k+6]
			if math.Abs(float64(got[0]-left)) > 3 || math.Abs(float64(got[2]-right)) > 3 {
				t.Fatalf("box %v, from %v to %v", got, left, right)
			}
		}
	})
	if larger < 100 {
		t.Errorf("%d shapes are partly hidden", larger)
	}
}

// TestStandOut: shapes differ from what is behind them, or there is nothing to
// be learnt.
func TestStandOut(t *testing.T) {
	rows, faint := 0, 0
	synthtest.Each(t, synth.New(newGenerator(t, shapes.Config{MaxShapes: 1}), 400, 3), loader.Config{BatchSize: 50}, func(b *loader.Batch, i int) {
		var mean [2][3]float64
		var n [2]float64
		pix := b.Row("image", i).Data
		for k, v := range b.Row("mask", i).Data {
			n[v]++
			for c := range 3 {
				mean[v][c] += float64(pix[3*k+c])
			}
		}
		d := 0.0
		for c := range 3 {
			d += math.Abs(mean[0][c]/n[0] - mean[1][c]/n[1])
		}
		if rows++; d < 60 {
			faint++
		}
	})
	if faint > rows/50 {
		t.Errorf("%d of %d shapes hardly differ from the ground", faint, rows)
	}
}

func TestEncoded(t *testing.T) {
	var pixels [][]uint8
	synthtest.Each(t, synth.New(newGenerator(t, crowded), 20, 1), loader.Config{BatchSize: 20}, func(b *loader.Batch, i int) {
		pixels = append(pixels, bytes.Clone(b.Row("image", i).Data))
	})
	for _, e := range []struct {
		encoding shapes.Encoding
		format   string
		most     float64 // mean square error
	}{{shapes.PNG, "png", 0}, {shapes.JPEG, "jpeg", 120}} {
		c := crowded
		c.Encoded = e.encoding
		g := newGenerator(t, c)
		if f := g.Spec()[0]; f.Kind != kind.EncodedImage || f.Shape != loader.Dims(-1) {
			t.Errorf("field is %v", f)
		}
		synthtest.Golden(t, "crowded labels", g, "image")
		synthtest.Each(t, synth.New(g, 20, 1), loader.Config{BatchSize: 20}, func(b *loader.Batch, i int) {
			m, format, err := image.Decode(bytes.NewReader(b.Row("image", i).Data))
			if err != nil || format != e.format || m.Bounds() != image.Rect(0, 0, 128, 96) {
				t.Fatalf("row %d: %s, %v", i, format, err)
			}
			sum := 0.0
			for k := range 128 * 96 {
				r, g, b, _ := m.At(k%128, k/128).RGBA()
				for c, v := range [3]uint32{r, g, b} {
					d := float64(v>>8) - float64(pixels[i][3*k+c])
					sum += d * d / (3 * 128 * 96)
				}
			}
			if sum > e.most {
				t.Errorf("%s row %d: mean square error %.1f", format, i, sum)
			}
		})
	}
}

func TestConfigErrors(t *testing.T) {
	for _, c := range []shapes.Config{
		{Height: 7}, {Width: 10_000}, {Height: -1}, {MinShapes: 4, MaxShapes: 3}, {MaxShapes: 256}, {MinSize: -0.5}, {MinSize: 0.5, MaxSize: 0.4},
		{MaxSize: 1.5}, {MaxSize: math.NaN()}, {MinVisible: 2}, {Classes: []shapes.Class{}}, {Classes: []shapes.Class{9}},
		{Grounds: []shapes.Texture{7}}, {Boxes: 3}, {Encoded: 5}, {Quality: 101},
	} {
		if _, err := shapes.New(c); !errors.Is(err, loader.ErrSpec) {
			t.Errorf("%+v: error is %v", c, err)
		}
	}
}

// The smallest pictures, and shapes as large as the picture, stay within memory.
func TestExtremes(t *testing.T) {
	for _, c := range []shapes.Config{
		{Height: 8, Width: 8, MinShapes: 255},
		{Height: 8, Width: 33, MinSize: 1, MaxSize: 1, MaxShapes: 20, MinVisible: 1e-9},
		{Height: 65, Width: 9, MinSize: 1, MaxSize: 1, Classes: []shapes.Class{shapes.Circle}},
	} {
		rows := 0
		synthtest.Each(t, synth.New(newGenerator(t, c), 300, 1), loader.Config{BatchSize: 50}, func(b *loader.Batch, i int) {
			rows++
			if b.Row("labels", i).Shape.Dim(0) < 1 {
				t.Fatalf("%+v: a picture without shapes", c)
			}
		})
		if rows != 300 {
			t.Errorf("%+v: %d rows", c, rows)
		}
	}
}

func BenchmarkImage64(b *testing.B) {
	synthtest.Rate(b, newGenerator(b, shapes.Config{MinShapes: 3}))
}

func BenchmarkSprite16(b *testing.B) {
	synthtest.Rate(b, newGenerator(b, shapes.Config{Height: 16, Width: 16, MinShapes: 1, MaxShapes: 1, MinSize: 0.5, MaxSize: 0.9, Grounds: []shapes.Texture{shapes.Gradient}}))
}

func BenchmarkImage224(b *testing.B) {
	synthtest.Rate(b, newGenerator(b, shapes.Config{Height: 224, Width: 224, MinShapes: 6, MaxShapes: 6}))
}

func BenchmarkJPEG224(b *testing.B) {
	synthtest.Rate(b, newGenerator(b, shapes.Config{Height: 224, Width: 224, MinShapes: 6, MaxShapes: 6, Encoded: shapes.JPEG}))
}

// BenchmarkFill64 is the ideal: to write 64 x 64 pixels of one colour and clear
// a mask.
func BenchmarkFill64(b *testing.B) {
	pix, mask := make([]uint8, 64*64*3), make([]uint8, 64*64)
	for b.Loop() {
		for range 64 {
			clear(mask)
			for i := 0; i+3 <= len(pix); i += 3 {
				pix[i], pix[i+1], pix[i+2] = 10, 20, 30
			}
		}
	}
	b.ReportMetric(float64(64*b.N)/b.Elapsed().Seconds(), "samples/s")
}
