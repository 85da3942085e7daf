package vision

import (
	"fmt"
	"math"

	"github.com/stokerdata/stoker/loader"
)

// CenterCrop cuts the middle out of images. An image that is smaller gets black
// edges. Positions are those of torchvision's CenterCrop.
type CenterCrop struct {
	Field         string // the image; empty means the only one
	Size          int    // of a square crop, in pixels
	Height, Width int    // of any other
	// MinVisible is the part of a box's area, from 0 to 1, that must lie in the
	// crop for the box to stay. 0 keeps all boxes that have any area left.
	MinVisible float64
	// MaskFill is the number that masks get outside of the image.
	MaskFill int64
}

// Bind implements loader.Transform. The stage handles uint8 (h, w, 1 or 3).
func (c CenterCrop) Bind(in loader.Spec) (loader.Stage, error) {
	cut := cut{field: c.Field, minVisible: c.MinVisible, maskFill: c.MaskFill}
	return cut.bind(in, c.Size, c.Height, c.Width, func(_ *loader.Worker, from, to size) window {
		return window{centred(from.w, to.w), centred(from.h, to.h), to.h, to.w}
	})
}

// centred returns where a crop of n pixels begins on an edge of have. Python
// rounds a half to the even neighbour, and padding puts the odd pixel behind.
func centred(have, n int) int {
	if n > have {
		return -((n - have) / 2)
	}
	return int(math.RoundToEven(float64(have-n) / 2))
}

// RandomCrop cuts a window of one size out of images, anywhere with equal
// probability. An image that is smaller, Pad included, is padded by what is
// missing on both sides, as torchvision's pad_if_needed does.
type RandomCrop struct {
	Field         string   // the image; empty means the only one
	Size          int      // of a square crop, in pixels
	Height, Width int      // of any other
	Pad           int      // pixels that are added on all four sides first
	Fill          [3]uint8 // colour of what is added; zero is black
	MaskFill      int64    // number that masks get there
	// MinVisible is the part of a box's area, from 0 to 1, that must lie in the
	// crop for the box to stay. 0 keeps all boxes that have any area left.
	MinVisible float64
}

// Bind implements loader.Transform. The stage handles uint8 (h, w, 1 or 3).
func (c RandomCrop) Bind(in loader.Spec) (loader.Stage, error) {
	if c.Pad < 0 || c.Pad > maxEdge {
		return loader.Stage{}, fmt.Errorf("vision: Pad is %d: %w", c.Pad, loader.ErrSpec)
	}
	cut := cut{field: c.Field, minVisible: c.MinVisible, fill: c.Fill, maskFill: c.MaskFill}
	return cut.bind(in, c.Size, c.Height, c.Width, func(w *loader.Worker, from, to size) window {
		r := w.Rand()
		at := window{y: c.offset(r.IntN, from.h, to.h), x: c.offset(r.IntN, from.w, to.w), h: to.h, w: to.w}
		w.Note("crop", float64(at.x), float64(at.y), float64(at.w), float64(at.h))
		return at
	})
}

// offset draws where a crop of n pixels begins on an edge of have.
func (c RandomCrop) offset(intN func(int) int, have, n int) int {
	room := have + 2*c.Pad - n
	if room < 0 {
		return -c.Pad + room + intN(-room+1)
	}
	return -c.Pad + intN(room+1)
}

// cut is what CenterCrop and RandomCrop share.
type cut struct {
	field      string
	fill       [3]uint8
	maskFill   int64
	minVisible float64
}

// bind returns the stage of a crop of one size, which place puts somewhere.
func (k cut) bind(in loader.Spec, square, height, width int, place func(w *loader.Worker, from, to size) window) (loader.Stage, error) {
	to, err := extent(square, height, width)
	if err != nil {
		return loader.Stage{}, err
	}
	c, err := bindCutting(in, k.field, k.minVisible)
	if err != nil {
		return loader.Stage{}, err
	}
	c.maskFill = k.maskFill
	r := &reframe{canvas: c, fill: k.fill, place: func(w *loader.Worker, from size) (window, size, error) {
		return place(w, from, to), to, nil
	}}
	return r.stage(to), nil
}

// bindCutting is bindCanvas for operations that put parts out of sight.
func bindCutting(in loader.Spec, field string, minVisible float64) (canvas, error) {
	c, err := bindCanvas(in, field)
	if err == nil && !(minVisible >= 0 && minVisible <= 1) {
		err = fmt.Errorf("vision: MinVisible is %v, must be from 0 to 1: %w", minVisible, loader.ErrSpec)
	}
	c.cuts, c.minVisible = true, minVisible
	return c, err
}
