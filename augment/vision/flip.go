package vision

import (
	"github.com/stokerdata/stoker/internal/pixel"
	"github.com/stokerdata/stoker/loader"
)

// FlipH mirrors images, and what lives on them, left to right. Key points with
// a Mirror change places with their partners.
type FlipH struct {
	Field string  // the image; empty means the only one
	P     float64 // probability, from 0, never, to 1
}

// Bind implements loader.Transform. The stage handles uint8 (h, w, 1 or 3).
func (f FlipH) Bind(in loader.Spec) (loader.Stage, error) {
	st, c, err := flip(in, f.Field, f.P, pixel.FlipH, mirrorX)
	if err != nil {
		return st, err
	}
	st.Op = &mirror{c, f.P}
	return fusing(st, func() *fused { return &fused{image: c.pixels} }), nil
}

// mirror is what a FlipH that is fused does.
type mirror struct {
	canvas
	p float64
}

// FlipV mirrors images, and what lives on them, top to bottom. Key points with a
// Mirror change places with their partners, as a mirrored left hand is a right
// one whichever way it points.
type FlipV struct {
	Field string  // the image; empty means the only one
	P     float64 // probability, from 0, never, to 1
}

// Bind implements loader.Transform. The stage handles uint8 (h, w, 1 or 3).
func (f FlipV) Bind(in loader.Spec) (loader.Stage, error) {
	st, _, err := flip(in, f.Field, f.P, pixel.FlipV, mirrorY)
	return st, err
}

// flip binds what mirrors in place.
func flip(in loader.Spec, field string, p float64, mirror func(pixel.Image), move func(size) motion) (loader.Stage, canvas, error) {
	if err := probability(p); err != nil {
		return loader.Stage{}, canvas{}, err
	}
	c, err := bindCanvas(in, field)
	if err != nil {
		return loader.Stage{}, c, err
	}
	st := loader.Stage{Out: in, Writes: c.writes(), Row: func(w *loader.Worker, s *loader.Sample) error {
		if !fires(w, p) {
			return nil
		}
		m, err := c.mutable(w, s)
		if err != nil {
			return err
		}
		mirror(m)
		return c.move(w, s, move(size{m.H, m.W}))
	}}
	return st, c, nil
}
