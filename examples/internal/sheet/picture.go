package sheet

import (
	"image"
	"image/color"
	"math"

	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/kind"
)

// picture draws the named image of row i, and on top of it the masks, boxes and
// key points that live on it.
func picture(b *loader.Batch, i int, name string, size image.Point) (*image.NRGBA, error) {
	m, err := pixels(b.Row(name, i))
	if err != nil {
		return nil, err
	}
	m, scale := scaled(m, size)
	for _, f := range on(b.Spec(), name, kind.Mask) {
		drawMask(m, b.Row(f.Name, i), scale)
	}
	for _, f := range on(b.Spec(), name, kind.Boxes) {
		classes, field := follower(b, i, f.Name)
		drawBoxes(m, loader.View[float32](b.Row(f.Name, i)), scale, classes, field)
	}
	for _, f := range on(b.Spec(), name, kind.KeyPoints) {
		drawPoints(m, loader.View[float32](b.Row(f.Name, i)), scale)
	}
	return m, nil
}

// drawMask tints the pixels of m by their class or instance; 0 is the ground.
func drawMask(m *image.NRGBA, t loader.Tensor, scale float64) {
	if t.Shape.Rank() != 2 || t.Shape.Len() == 0 {
		return
	}
	mask, height, width := integers(t), t.Shape.Dim(0), t.Shape.Dim(1)
	if mask == nil {
		return
	}
	for y := range m.Rect.Dy() {
		for x := range m.Rect.Dx() {
			my, mx := int(float64(y)/scale), int(float64(x)/scale)
			if v := mask[min(my, height-1)*width+min(mx, width-1)]; v != 0 {
				p := m.Pix[m.PixOffset(x, y):]
				blend(p, classColor(v-1))
			}
		}
	}
}

// blend mixes a third of c into the pixel p.
func blend(p []uint8, c color.NRGBA) {
	for i, v := range [3]uint8{c.R, c.G, c.B} {
		p[i] = uint8((2*int(p[i]) + int(v)) / 3)
	}
}

// drawBoxes draws boxes (x1, y1, x2, y2), the first one on top, in the colours
// of their classes and, where there is room, with the names of these.
func drawBoxes(m *image.NRGBA, boxes []float32, scale float64, classes []int, field loader.Field) {
	for k := len(boxes)/4 - 1; k >= 0; k-- {
		x1, y1, x2, y2 := boxes[4*k], boxes[4*k+1], boxes[4*k+2], boxes[4*k+3]
		r := image.Rect(place(x1, scale), place(y1, scale), place(x2, scale), place(y2, scale))
		c, name := classColor(k), ""
		if k < len(classes) {
			c, name = classColor(classes[k]), Class(field, classes[k])
		}
		frame(m, r, 2, c)
		if width := textWidth(name); width > 0 && width+6 <= r.Dx() && m.Rect.Dx() >= roomy {
			label(m, image.Pt(r.Min.X, r.Min.Y-16), c, name)
		}
	}
}

// roomy is the width from which on boxes have their names on them.
const roomy = 200

// drawPoints draws key points (x, y, visibility): discs for those that are
// visible, rings for hidden ones.
func drawPoints(m *image.NRGBA, points []float32, scale float64) {
	for k := range len(points) / 3 {
		x, y, visibility := place(points[3*k], scale), place(points[3*k+1], scale), points[3*k+2]
		if visibility <= 0 {
			continue
		}
		disc(m, x, y, 3, white)
		disc(m, x, y, 2, color.NRGBA{0, 0, 0, 255})
		if visibility < 2 {
			disc(m, x, y, 1, white)
		}
	}
}

// place returns the pixel of a coordinate, which nothing has checked.
func place(v float32, scale float64) int {
	x := float64(v) * scale
	if math.IsNaN(x) {
		return 0
	}
	return int(max(-1<<20, min(x, 1<<20)))
}
