package vision

import (
	"fmt"
	"math/rand/v2"

	"github.com/stokerdata/stoker/internal/draw"
	"github.com/stokerdata/stoker/internal/pixel"
	"github.com/stokerdata/stoker/loader"
)

// ColorJitter changes brightness, contrast and saturation by random factors and
// in random order, with the bytes of Pillow's ImageEnhance. Each factor is drawn
// uniformly from 1-x to 1+x, but not below 0; where x is 0 nothing is done. Hue
// is not changed.
type ColorJitter struct {
	Field                            string // the image; empty means the only one
	Brightness, Contrast, Saturation float64
}

// Bind implements loader.Transform. The stage handles uint8 (h, w, 3).
func (j ColorJitter) Bind(in loader.Spec) (loader.Stage, error) {
	p, err := colour(in, j.Field)
	if err != nil {
		return loader.Stage{}, err
	}
	steps := [...]struct {
		name   string
		spread float64
		apply  func(pixel.Image, float32)
	}{
		{"brightness", j.Brightness, pixel.Brightness},
		{"contrast", j.Contrast, pixel.Contrast},
		{"saturation", j.Saturation, pixel.Saturation},
	}
	for _, s := range steps {
		if !(s.spread >= 0 && s.spread <= 100) {
			return loader.Stage{}, fmt.Errorf("vision: %s is %v, must be from 0 to 100: %w", s.name, s.spread, loader.ErrSpec)
		}
	}
	return loader.Stage{Out: in, Row: func(w *loader.Worker, s *loader.Sample) error {
		m, err := p.mutable(w, s)
		if err != nil {
			return err
		}
		r := w.Rand()
		for _, k := range order3(r) {
			if x := steps[k].spread; x > 0 {
				factor := draw.Uniform(r, max(0, 1-x), 1+x)
				w.Note(steps[k].name, factor)
				steps[k].apply(m, float32(factor))
			}
		}
		return nil
	}}, nil
}

// order3 draws one of the six orders of three things.
func order3(r *rand.Rand) [3]int {
	o := [3]int{0, 1, 2}
	for i := 2; i > 0; i-- {
		k := r.IntN(i + 1)
		o[i], o[k] = o[k], o[i]
	}
	return o
}

// RandomErasing paints a rectangle of random area and shape over images (Zhong
// et al. 2017), with the draws of torchvision, but on 8-bit pixels: it stands
// before Normalize. What lives on the image stays.
type RandomErasing struct {
	Field string  // the image; empty means the only one
	P     float64 // probability, from 0, never, to 1
	// Scale bounds the area of the rectangle as a part of the image's, and is
	// drawn from uniformly. Zero means 0.02 to 0.33.
	Scale [2]float64
	// Ratio bounds height/width of the rectangle, and its logarithm is drawn from
	// uniformly. Zero means 0.3 to 3.3.
	Ratio [2]float64
	Fill  [3]uint8 // zero is black; (124, 116, 104) is ImageNet's mean
}

// Bind implements loader.Transform. The stage handles uint8 (h, w, 1 or 3).
func (e RandomErasing) Bind(in loader.Spec) (loader.Stage, error) {
	if err := probability(e.P); err != nil {
		return loader.Stage{}, err
	}
	area, err := newArea(e.Scale, e.Ratio, [2]float64{0.02, 0.33}, [2]float64{0.3, 3.3})
	if err != nil {
		return loader.Stage{}, err
	}
	p, err := bindPixels(in, e.Field)
	if err != nil {
		return loader.Stage{}, err
	}
	return loader.Stage{Out: in, Row: func(w *loader.Worker, s *loader.Sample) error {
		if !fires(w, e.P) {
			return nil
		}
		m, err := p.mutable(w, s)
		if err != nil {
			return err
		}
		// Drawn on its side, as the ratio is height to width here.
		at, ok := area.draw(w.Rand(), size{m.W, m.H})
		if !ok {
			return nil
		}
		at = window{at.y, at.x, at.w, at.h}
		w.Note("erase", float64(at.x), float64(at.y), float64(at.w), float64(at.h))
		pixel.Fill(m.Crop(at.x, at.y, at.w, at.h), e.Fill)
		return nil
	}}, nil
}
