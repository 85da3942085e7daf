package vision

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/stokerdata/stoker/internal/draw"
	"github.com/stokerdata/stoker/internal/pixel"
	"github.com/stokerdata/stoker/loader"
)

// RandomResizedCrop cuts a window of random area and shape out of images and
// scales it to one size: the crop of "Going deeper with convolutions" (Szegedy
// et al. 2014), with the draws of torchvision. The window is an image of its own
// to the filter, which sees nothing around it.
type RandomResizedCrop struct {
	Field         string // the image; empty means the only one
	Size          int    // of a square result, in pixels
	Height, Width int    // of any other
	// Scale bounds the area of the window as a part of the image's, and is drawn
	// from uniformly. Zero means 0.08 to 1.
	Scale [2]float64
	// Ratio bounds width/height of the window, and its logarithm is drawn from
	// uniformly. Zero means 3/4 to 4/3.
	Ratio  [2]float64
	Filter Filter
	// MinVisible is the part of a box's area, from 0 to 1, that must lie in the
	// window for the box to stay. 0 keeps all boxes that have any area left.
	MinVisible float64
}

// Bind implements loader.Transform. The stage handles uint8 (h, w, 1 or 3).
func (c RandomResizedCrop) Bind(in loader.Spec) (loader.Stage, error) {
	to, err := extent(c.Size, c.Height, c.Width)
	if err != nil {
		return loader.Stage{}, err
	}
	if err := c.Filter.check(); err != nil {
		return loader.Stage{}, err
	}
	area, err := newArea(c.Scale, c.Ratio, [2]float64{0.08, 1}, [2]float64{3. / 4, 4. / 3})
	if err != nil {
		return loader.Stage{}, err
	}
	cv, err := bindCutting(in, c.Field, c.MinVisible)
	if err != nil {
		return loader.Stage{}, err
	}
	r := &reframe{canvas: cv, scales: true, filter: pixel.Filter(c.Filter), place: func(w *loader.Worker, from size) (window, size, error) {
		at, ok := area.draw(w.Rand(), from)
		if !ok {
			at = area.middle(from)
		}
		w.Note("crop", float64(at.x), float64(at.y), float64(at.w), float64(at.h))
		return at, to, nil
	}}
	return r.stage(to), nil
}

// area draws windows by area and shape.
type area struct {
	scale, ratio [2]float64
}

// newArea checks bounds; those that are zero get the default.
func newArea(scale, ratio, defaultScale, defaultRatio [2]float64) (area, error) {
	if scale == [2]float64{} {
		scale = defaultScale
	}
	if ratio == [2]float64{} {
		ratio = defaultRatio
	}
	if !(scale[0] > 0 && scale[0] <= scale[1] && scale[1] <= 1) {
		return area{}, fmt.Errorf("vision: Scale %v must rise and lie above 0 and up to 1: %w", scale, loader.ErrSpec)
	}
	if !(ratio[0] >= 1e-6 && ratio[0] <= ratio[1] && ratio[1] <= 1e6) {
		return area{}, fmt.Errorf("vision: Ratio %v must rise and lie within 1e-6 and 1e6: %w", ratio, loader.ErrSpec)
	}
	return area{scale, ratio}, nil
}

// tries is how often a window is drawn that does not fit, before giving up.
const tries = 10

// draw returns a window within an image, or false if none fits after ten tries.
func (a area) draw(r *rand.Rand, z size) (window, bool) {
	whole := float64(z.h) * float64(z.w)
	for range tries {
		part := whole * draw.Uniform(r, a.scale[0], a.scale[1])
		ratio := draw.LogUniform(r, a.ratio[0], a.ratio[1])
		w := int(math.RoundToEven(math.Sqrt(part * ratio)))
		h := int(math.RoundToEven(math.Sqrt(part / ratio)))
		if w > 0 && w <= z.w && h > 0 && h <= z.h {
			y := r.IntN(z.h - h + 1)
			return window{r.IntN(z.w - w + 1), y, h, w}, true
		}
	}
	return window{}, false
}

// middle returns the largest centred window whose shape the bounds allow.
func (a area) middle(z size) window {
	h, w := z.h, z.w
	switch ratio := float64(z.w) / float64(z.h); {
	case ratio < a.ratio[0]:
		h = min(max(int(math.RoundToEven(float64(w)/a.ratio[0])), 1), z.h)
	case ratio > a.ratio[1]:
		w = min(max(int(math.RoundToEven(float64(h)*a.ratio[1])), 1), z.w)
	}
	return window{(z.w - w) / 2, (z.h - h) / 2, h, w}
}
