package vision

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stokerdata/stoker/format/mem"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
)

// marked returns one image with a mask in which a rectangle is 1, the same
// rectangle as a box between two others, with labels, and its corners as key
// points, one of them absent.
func marked(h, w int, box [4]int) *scene {
	s := images(1, h, w)
	mask := make([]int32, h*w)
	for y := box[1]; y < box[3]; y++ {
		for x := box[0]; x < box[2]; x++ {
			mask[y*w+x] = 1
		}
	}
	x1, y1, x2, y2 := float32(box[0]), float32(box[1]), float32(box[2]), float32(box[3])
	s.add(loader.Field{Name: "mask", DType: dtype.Int32, Shape: loader.Dims(h, w), Kind: kind.Mask, Canvas: "image"}, mem.Of(mask))
	s.add(loader.Field{Name: "boxes", DType: dtype.Float32, Shape: loader.Dims(3, 4), Kind: kind.Boxes, Canvas: "image"},
		mem.Of([]float32{0, 0, 1, 1, x1, y1, x2, y2, float32(w - 1), float32(h - 1), float32(w), float32(h)}))
	s.add(loader.Field{Name: "labels", DType: dtype.Int16, Shape: loader.Dims(3), Kind: kind.Label, Follows: "boxes"}, mem.Of([]int16{10, 11, 12}))
	s.add(loader.Field{Name: "points", DType: dtype.Float32, Shape: loader.Dims(3, 3), Kind: kind.KeyPoints, Canvas: "image", Mirror: []int{1, 0, 2}},
		mem.Of([]float32{x1, y1, 2, x2, y2, 1, 0, 0, 0}))
	return s
}

const (
	iImage = iota
	iMask
	iBoxes
	iLabels
	iPoints
)

// hullOf returns the box around the pixels of a mask that are 1.
func hullOf(t loader.Tensor) (h [4]float64, n int) {
	h = [4]float64{math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)}
	w := t.Shape.Dim(1)
	for i, v := range loader.View[int32](t) {
		if v == 1 {
			x, y := float64(i%w), float64(i/w)
			h = [4]float64{min(h[0], x), min(h[1], y), max(h[2], x+1), max(h[3], y+1)}
			n++
		}
	}
	return h, n
}

// geometric lists every operation that moves targets, with random draws.
func geometric() []loader.Transform {
	return []loader.Transform{
		FlipH{P: 1}, FlipV{P: 1}, D4{},
		Resize{Size: 50}, Resize{Size: 90, Max: 100, Filter: Nearest}, Resize{Height: 33, Width: 77, Filter: Lanczos},
		CenterCrop{Size: 40}, CenterCrop{Height: 41, Width: 101, MaskFill: 7}, RandomCrop{Size: 40, Pad: 5, MaskFill: 7}, RandomCrop{Height: 90, Width: 30},
		RandomResizedCrop{Size: 64}, RandomResizedCrop{Height: 32, Width: 80, Scale: [2]float64{0.3, 0.6}, Ratio: [2]float64{1, 3}, Filter: Box},
	}
}

// TestTargetsMoveTogether moves a rectangle as a mask, as a box and as the
// corners of a key point pair, and compares the three.
func TestTargetsMoveTogether(t *testing.T) {
	for _, op := range geometric() {
		t.Run(fmt.Sprintf("%#v", op), func(t *testing.T) {
			visible := 0
			for i := range 12 {
				box := [4]int{20 - i, 9 + i, 40 + 2*i, 31 + i}
				tr := first(t, marked(60, 80, box).source(t), op)
				hull, n := hullOf(tr.Fields[iMask])
				labels := loader.View[int16](tr.Fields[iLabels])
				at := slices.Index(labels, 11)
				if n == 0 {
					continue // the box may keep a sliver that no pixel centre hits
				}
				visible++
				if at < 0 {
					t.Fatalf("the mask has %d pixels, the box is dropped", n)
				}
				b := loader.View[float32](tr.Fields[iBoxes])[4*at:][:4]
				for k := range 4 {
					if d := math.Abs(float64(b[k]) - hull[k]); d > 1 {
						t.Errorf("edge %d of the box at %v, of the mask at %v", k, b[k], hull[k])
					}
				}
				comparePoints(t, b, loader.View[float32](tr.Fields[iPoints]))
			}
			if visible < 6 {
				t.Errorf("the rectangle was seen %d times", visible)
			}
		})
	}
}

// comparePoints checks that visible corners are corners of the box.
func comparePoints(t *testing.T, b, p []float32) {
	t.Helper()
	for k := range 2 {
		x, y, v := p[3*k], p[3*k+1], p[3*k+2]
		if v == 0 {
			continue
		}
		near := func(a, b float32) bool { return math.Abs(float64(a-b)) < 1e-3 }
		if !near(x, b[0]) && !near(x, b[2]) || !near(y, b[1]) && !near(y, b[3]) {
			t.Errorf("point (%v, %v) is no corner of %v", x, y, b)
		}
	}
	if p[6] != 0 || p[7] != 0 || p[8] != 0 {
		t.Errorf("the absent point is %v", p[6:])
	}
}

// TestGeometryByHand has numbers worked out on paper.
func TestGeometryByHand(t *testing.T) {
	src := marked(10, 20, [4]int{4, 2, 8, 6}).source(t)
	for _, c := range []struct {
		op            loader.Transform
		shape         loader.Shape
		boxes, points []float32
		labels        []int16
	}{
		{FlipH{P: 1}, loader.Dims(10, 20, 3), []float32{19, 0, 20, 1, 12, 2, 16, 6, 0, 9, 1, 10}, []float32{12, 6, 1, 16, 2, 2, 0, 0, 0}, []int16{10, 11, 12}},
		{FlipV{P: 1}, loader.Dims(10, 20, 3), []float32{0, 9, 1, 10, 4, 4, 8, 8, 19, 0, 20, 1}, []float32{8, 4, 1, 4, 8, 2, 0, 0, 0}, []int16{10, 11, 12}},
		{Resize{Size: 5}, loader.Dims(5, 10, 3), []float32{0, 0, .5, .5, 2, 1, 4, 3, 9.5, 4.5, 10, 5}, []float32{2, 1, 2, 4, 3, 1, 0, 0, 0}, []int16{10, 11, 12}},
		{CenterCrop{Height: 8, Width: 14}, loader.Dims(8, 14, 3), []float32{1, 1, 5, 5}, []float32{1, 1, 2, 5, 5, 1, 0, 0, 0}, []int16{11}},
		{CenterCrop{Height: 10, Width: 8}, loader.Dims(10, 8, 3), []float32{0, 2, 2, 6}, []float32{-2, 2, 0, 2, 6, 1, 0, 0, 0}, []int16{11}},
		{CenterCrop{Height: 10, Width: 8, MinVisible: .5}, loader.Dims(10, 8, 3), []float32{0, 2, 2, 6}, []float32{-2, 2, 0, 2, 6, 1, 0, 0, 0}, []int16{11}},
		{CenterCrop{Height: 10, Width: 8, MinVisible: .51}, loader.Dims(10, 8, 3), nil, []float32{-2, 2, 0, 2, 6, 1, 0, 0, 0}, nil},
		{CenterCrop{Height: 12, Width: 23}, loader.Dims(12, 23, 3), []float32{1, 1, 2, 2, 5, 3, 9, 7, 20, 10, 21, 11}, []float32{5, 3, 2, 9, 7, 1, 0, 0, 0}, []int16{10, 11, 12}},
	} {
		t.Run(fmt.Sprintf("%+v", c.op), func(t *testing.T) {
			tr := first(t, src, c.op)
			if got := tr.Fields[iImage].Shape; got != c.shape {
				t.Errorf("image is %v, want %v", got, c.shape)
			}
			if got := loader.View[float32](tr.Fields[iBoxes]); !slices.Equal(got, c.boxes) {
				t.Errorf("boxes are %v, want %v", got, c.boxes)
			}
			if got := loader.View[float32](tr.Fields[iPoints]); !slices.Equal(got, c.points) {
				t.Errorf("points are %v, want %v", got, c.points)
			}
			if got := loader.View[int16](tr.Fields[iLabels]); !slices.Equal(got, c.labels) {
				t.Errorf("labels are %v, want %v", got, c.labels)
			}
		})
	}
}

// TestMotions checks that every motion's two maps undo each other.
func TestMotions(t *testing.T) {
	z := size{30, 50}
	all := []motion{mirrorX(z), mirrorY(z), scale(z, size{7, 91}), crop(z, window{-3, 8, 9, 60}, size{224, 100})}
	for turn := 1; turn <= 8; turn++ {
		all = append(all, turned(z, turn))
	}
	for i, m := range all {
		for _, p := range [][2]float64{{0, 0}, {50, 30}, {12.5, 3.25}} {
			x, y := m.fwd.at(p[0], p[1])
			x, y = m.back.at(x, y)
			if math.Abs(x-p[0])+math.Abs(y-p[1]) > 1e-9 {
				t.Errorf("motion %d takes %v there and back to (%v, %v)", i, p, x, y)
			}
		}
	}
}

// TestTwiceIsIdentity flips what was flipped.
func TestTwiceIsIdentity(t *testing.T) {
	src := marked(11, 17, [4]int{3, 1, 9, 8}).source(t)
	plain := first(t, src, FlipH{})
	for _, op := range []loader.Transform{FlipH{P: 1}, FlipV{P: 1}} {
		tr := first(t, src, op, op)
		for f := range plain.Fields {
			if !bytes.Equal(tr.Fields[f].Data, plain.Fields[f].Data) {
				t.Errorf("%T twice changes field %d", op, f)
			}
		}
	}
}

// TestMaskIsImage checks that a mask goes where the nearest filter takes pixels.
func TestMaskIsImage(t *testing.T) {
	const h, w = 45, 64
	pixels := noise(3, h*w)
	s := &scene{}
	s.add(loader.Field{Name: "image", DType: dtype.Uint8, Shape: loader.Dims(h, w, 1), Kind: kind.Image}, mem.Of(pixels))
	s.add(loader.Field{Name: "mask", DType: dtype.Uint8, Shape: loader.Dims(h, w), Kind: kind.Mask, Canvas: "image"}, mem.Of(pixels))
	src := s.source(t)
	for _, op := range []loader.Transform{
		FlipH{P: 1}, FlipV{P: 1}, D4{}, CenterCrop{Size: 50}, RandomCrop{Size: 30, Pad: 9},
		Resize{Size: 29, Filter: Nearest}, Resize{Size: 77, Filter: Nearest}, Resize{Height: 30, Width: 48, Filter: Nearest},
		RandomResizedCrop{Size: 32, Filter: Nearest}, RandomResizedCrop{Size: 96, Filter: Nearest},
	} {
		tr := first(t, src, op)
		if !bytes.Equal(tr.Fields[0].Data, tr.Fields[1].Data) {
			t.Errorf("%#v: image and mask differ", op)
		}
	}
}

func TestMisfits(t *testing.T) {
	img := loader.Field{Name: "image", DType: dtype.Uint8, Shape: loader.Dims(-1, -1, 3), Kind: kind.Image}
	on := func(name string, k kind.Kind, d dtype.Type, dims ...int) loader.Field {
		return loader.Field{Name: name, DType: d, Shape: loader.Dims(dims...), Kind: k, Canvas: "image"}
	}
	points := func(mirror ...int) loader.Field {
		f := on("points", kind.KeyPoints, dtype.Float32, 3, 3)
		f.Mirror = mirror
		return f
	}
	follower := loader.Field{Name: "count", DType: dtype.Int32, Follows: "boxes"}
	boxes := on("boxes", kind.Boxes, dtype.Float32, -1, 4)
	planar, float := img, img
	planar.Shape = loader.Dims(3, 224, 224)
	float.DType = dtype.Float32
	for _, c := range []struct {
		name string
		op   loader.Transform
		spec loader.Spec
		want string
	}{
		{"no image", FlipH{}, loader.Spec{{Name: "x", DType: dtype.Uint8}}, "no field of kind image"},
		{"two images", FlipH{}, loader.Spec{img, {Name: "b", DType: dtype.Uint8, Shape: img.Shape, Kind: kind.Image}}, "several"},
		{"planar", FlipH{}, loader.Spec{planar}, "height, width"},
		{"float", ColorJitter{}, loader.Spec{float}, "uint8"},
		{"depth", Resize{Size: 9}, loader.Spec{img, on("depth", kind.Image, dtype.Float32, -1, -1, 1)}, "several"},
		{"depth of a named image", Resize{Field: "image", Size: 9}, loader.Spec{img, on("depth", kind.Image, dtype.Float32, -1, -1, 1)}, "depth"},
		{"encoded mask", D4{}, loader.Spec{img, on("seg", kind.EncodedImage, dtype.Uint8, -1)}, "seg"},
		{"boxes of another type", D4{}, loader.Spec{img, on("boxes", kind.Boxes, dtype.Int32, -1, 4)}, "boxes"},
		{"mirror of another number", FlipH{}, loader.Spec{img, points(1, 0)}, "Mirror"},
		{"mirror of no pairs", FlipH{}, loader.Spec{img, points(1, 2, 0)}, "Mirror"},
		{"follower without rows", CenterCrop{Size: 9}, loader.Spec{img, boxes, follower}, "count"},
		{"P", FlipV{P: 1.5}, loader.Spec{img}, "P is 1.5"},
		{"P not a number", FlipV{P: math.NaN()}, loader.Spec{img}, "P is NaN"},
		{"no size", RandomResizedCrop{}, loader.Spec{img}, "size 0x0"},
		{"two sizes", CenterCrop{Size: 9, Width: 3}, loader.Spec{img}, "Size and Height"},
		{"too large", Resize{Height: 1 << 20, Width: 1 << 20}, loader.Spec{img}, "size 1048576x1048576"},
		{"filter", Resize{Size: 9, Filter: 77}, loader.Spec{img}, "filter 77"},
		{"max", Resize{Size: 9, Max: 8}, loader.Spec{img}, "Max 8"},
		{"scale", RandomResizedCrop{Size: 9, Scale: [2]float64{0.5, 0.2}}, loader.Spec{img}, "Scale"},
		{"ratio", RandomErasing{Ratio: [2]float64{0, 2}}, loader.Spec{img}, "Ratio"},
		{"visible", CenterCrop{Size: 9, MinVisible: 2}, loader.Spec{img}, "MinVisible"},
		{"std", Normalize{Mean: [3]float32{1}}, loader.Spec{img}, "without Std"},
		{"type", ToTensor{DType: dtype.Int32}, loader.Spec{img}, "int32"},
		{"jitter", ColorJitter{Contrast: -1}, loader.Spec{img}, "contrast is -1"},
	} {
		if err := bound(c.spec, c.op); !errors.Is(err, loader.ErrSpec) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want ErrSpec and %q", c.name, err, c.want)
		}
	}
}

// TestDamagedTargets has targets that do not fit their image.
func TestDamagedTargets(t *testing.T) {
	nan := float32(math.NaN())
	s := images(1, 20, 20)
	s.add(loader.Field{Name: "boxes", DType: dtype.Float32, Shape: loader.Dims(-1, 4), Kind: kind.Boxes, Canvas: "image"},
		mem.Column{DType: dtype.Float32, Offsets: []int64{0, 4},
			Data: mem.Of([]float32{nan, 0, 5, 5, 9, 9, 2, 2, -1e30, -1e30, 1e30, 1e30, 3, 3, 3, 8}).Data})
	tr := first(t, s.source(t), CenterCrop{Size: 10})
	if got, want := loader.View[float32](tr.Fields[1]), []float32{0, 0, 4, 4, 0, 0, 10, 10}; !slices.Equal(got, want) {
		t.Errorf("boxes are %v, want %v: turned ones put right, empty ones and NaN dropped", got, want)
	}
	s.add(loader.Field{Name: "labels", DType: dtype.Int32, Shape: loader.Dims(2), Follows: "boxes"}, mem.Of([]int32{1, 2}))
	if _, err := load(t, s.source(t), 1, CenterCrop{Size: 10}).Trace(t.Context(), 0, 0, 0); !errors.Is(err, loader.ErrCorrupt) {
		t.Errorf("2 labels of 4 boxes: got %v, want ErrCorrupt", err)
	}
	s = images(1, 20, 20)
	s.add(loader.Field{Name: "mask", DType: dtype.Uint8, Shape: loader.Dims(20, 19), Kind: kind.Mask, Canvas: "image"}, mem.Of(make([]uint8, 380)))
	if _, err := load(t, s.source(t), 1, FlipH{P: 1}).Trace(t.Context(), 0, 0, 0); !errors.Is(err, loader.ErrCorrupt) {
		t.Errorf("a mask of another size: got %v, want ErrCorrupt", err)
	}
	long := pngFile(t, gradient(1, 4000))
	if _, err := load(t, encoded(t, long), 1, Decode{}, Resize{Size: 5000}).Trace(t.Context(), 0, 0, 0); !errors.Is(err, loader.ErrCorrupt) {
		t.Errorf("an image that would become one of 10^11 pixels: got %v, want ErrCorrupt", err)
	}
	if err := bound(images(1, 1, 4000).spec, Resize{Size: 5000}); !errors.Is(err, loader.ErrSpec) {
		t.Errorf("the same, known from the start: got %v, want ErrSpec", err)
	}
}
