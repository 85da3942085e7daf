package sheet

import (
	"fmt"
	"image"

	"github.com/disintegration/imaging"

	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
)

// pixels returns the picture that t holds: (height, width), or with one or
// three channels behind or before. Floats within 0 and 1 are shown as they are,
// others stretched from the least to the greatest.
func pixels(t loader.Tensor) (*image.NRGBA, error) {
	g, err := gridOf(t.Shape)
	if err != nil {
		return nil, err
	}
	at, err := bytesOf(t)
	if err != nil {
		return nil, err
	}
	m := image.NewNRGBA(image.Rect(0, 0, g.width, g.height))
	for y := range g.height {
		for x := range g.width {
			i, p := y*g.row+x*g.column, m.Pix[m.PixOffset(x, y):]
			p[0], p[1], p[2], p[3] = at(i), at(i+g.green), at(i+2*g.green), 255
		}
	}
	return m, nil
}

// A grid says where the values of a pixel lie in a tensor.
type grid struct {
	height, width int
	row, column   int // steps to the next one
	green         int // step from a channel to the next, 0 if there is one
}

func gridOf(s loader.Shape) (grid, error) {
	channels := func(i int) bool { return s.Dim(i) == 1 || s.Dim(i) == 3 }
	switch {
	case s.Rank() == 2:
		return grid{s.Dim(0), s.Dim(1), s.Dim(1), 1, 0}, nil
	case s.Rank() == 3 && channels(2):
		h, w, c := s.Dim(0), s.Dim(1), s.Dim(2)
		return grid{h, w, w * c, c, c / 3}, nil
	case s.Rank() == 3 && channels(0):
		c, h, w := s.Dim(0), s.Dim(1), s.Dim(2)
		return grid{h, w, w, 1, c / 3 * h * w}, nil
	}
	return grid{}, fmt.Errorf("sheet: an image of shape %v is not one of grey or red, green and blue", s)
}

// bytesOf returns the elements of t as brightness from 0 to 255.
func bytesOf(t loader.Tensor) (at func(i int) uint8, err error) {
	switch t.DType {
	case dtype.Uint8:
		x := loader.View[uint8](t)
		return func(i int) uint8 { return x[i] }, nil
	case dtype.Float32:
		return stretched(loader.View[float32](t)), nil
	case dtype.Float64:
		return stretched(loader.View[float64](t)), nil
	}
	return nil, fmt.Errorf("sheet: an image of %v cannot be drawn", t.DType)
}

func stretched[T float32 | float64](x []T) func(i int) uint8 {
	low, high := T(0), T(1)
	for _, v := range x {
		if v < low {
			low = v
		} else if v > high {
			high = v
		}
	}
	return func(i int) uint8 {
		v := 255 * ((x[i] - low) / (high - low))
		if !(v > 0) { // NaN is black too
			return 0
		}
		return uint8(min(v, 255) + 0.5)
	}
}

// scaled returns m at the size at which it just fits into size, and by what its
// coordinates grow. Tiny pictures keep their pixels visible.
func scaled(m *image.NRGBA, size image.Point) (*image.NRGBA, float64) {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	if w == 0 || h == 0 {
		return imaging.New(max(1, size.X), max(1, size.Y), edge), 1
	}
	scale := min(float64(size.X)/float64(w), float64(size.Y)/float64(h))
	filter := imaging.CatmullRom
	if scale >= 3 {
		filter = imaging.NearestNeighbor
	}
	return imaging.Resize(m, max(1, int(float64(w)*scale+0.5)), max(1, int(float64(h)*scale+0.5)), filter), scale
}
