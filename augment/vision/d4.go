package vision

import (
	"github.com/stokerdata/stoker/internal/pixel"
	"github.com/stokerdata/stoker/loader"
)

// D4 turns and mirrors images, and what lives on them, in one of the eight ways
// that map a square onto itself, each equally likely. It suits pictures that have
// no upright: from above, or through a microscope.
type D4 struct {
	Field string // the image; empty means the only one
}

// Bind implements loader.Transform. The stage handles uint8 (h, w, 1 or 3);
// height and width are announced as varying unless they are equal.
func (d D4) Bind(in loader.Spec) (loader.Stage, error) {
	c, err := bindCanvas(in, d.Field)
	if err != nil {
		return loader.Stage{}, err
	}
	to := size{-1, -1}
	if z := in[c.image].Shape; z.Fixed() && z.Dim(0) == z.Dim(1) {
		to = size{z.Dim(0), z.Dim(1)}
	}
	return loader.Stage{Out: c.out(to), Writes: c.writes(c.image), Row: func(w *loader.Worker, s *loader.Sample) error {
		src, err := c.view(s)
		if err != nil {
			return err
		}
		turn := 1 + w.Rand().IntN(8)
		w.Note("orientation", float64(turn))
		m := turned(size{src.H, src.W}, turn)
		pixel.Orient(c.fresh(w, s, m.to), src, turn)
		return c.move(w, s, m)
	}}, nil
}

// turned returns the motion of EXIF orientation 1 to 8.
func turned(z size, turn int) motion {
	h, w := float64(z.h), float64(z.w)
	to, turnedTo := z, size{z.w, z.h}
	switch turn {
	case 2:
		return mirrorX(z)
	case 3:
		a := affine{xx: -1, x0: w, yy: -1, y0: h}
		return motion{z, to, a, a}
	case 4:
		return mirrorY(z)
	case 5:
		a := affine{xy: 1, yx: 1}
		return motion{z, turnedTo, a, a}
	case 6:
		return motion{z, turnedTo, affine{xy: -1, x0: h, yx: 1}, affine{xy: 1, yx: -1, y0: h}}
	case 7:
		return motion{z, turnedTo, affine{xy: -1, x0: h, yx: -1, y0: w}, affine{xy: -1, x0: w, yx: -1, y0: h}}
	case 8:
		return motion{z, turnedTo, affine{xy: 1, yx: -1, y0: w}, affine{xy: -1, x0: w, yx: 1}}
	}
	return scale(z, z)
}
