package vision

import (
	"fmt"

	"github.com/stokerdata/stoker/internal/pixel"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
)

// Filter says how the pixels of a resized image are made of those of the source.
type Filter uint8

// The filters, which give Pillow's bytes. All but Nearest widen with the scale
// when an image shrinks (antialiasing).
const (
	Bilinear = Filter(pixel.Bilinear) // the zero Filter
	Bicubic  = Filter(pixel.Bicubic)
	Lanczos  = Filter(pixel.Lanczos)
	Box      = Filter(pixel.Box)
	Hamming  = Filter(pixel.Hamming)
	Nearest  = Filter(pixel.Nearest)
)

var filterNames = [...]string{"bilinear", "bicubic", "lanczos", "box", "hamming", "nearest"}

// String returns the name of f.
func (f Filter) String() string {
	if int(f) >= len(filterNames) {
		return "unknown"
	}
	return filterNames[f]
}

func (f Filter) check() error {
	if int(f) >= len(filterNames) {
		return fmt.Errorf("vision: unknown filter %d: %w", f, loader.ErrSpec)
	}
	return nil
}

// What images there can be. Tables and rows of a resize grow with an edge, so
// that a long and narrow image must not pass for a small one.
const (
	maxPixels = 100_000_000
	maxEdge   = 1 << 16
)

// size is the extent of an image in pixels.
type size struct{ h, w int }

// String returns height x width.
func (z size) String() string { return fmt.Sprintf("%dx%d", z.h, z.w) }

func (z size) check() error {
	if z.h < 1 || z.w < 1 || z.h > maxEdge || z.w > maxEdge || int64(z.h)*int64(z.w) > maxPixels {
		return fmt.Errorf("vision: size %v is not between 1 and %d pixels and %d along an edge: %w", z, maxPixels, maxEdge, loader.ErrSpec)
	}
	return nil
}

// extent returns the size that a crop is configured with: a square or a height
// and a width.
func extent(square, height, width int) (size, error) {
	z := size{height, width}
	if square != 0 {
		if height != 0 || width != 0 {
			return z, fmt.Errorf("vision: Size and Height or Width are set: %w", loader.ErrSpec)
		}
		z = size{square, square}
	}
	return z, z.check()
}

// probability returns an error unless p is one.
func probability(p float64) error {
	if !(p >= 0 && p <= 1) {
		return fmt.Errorf("vision: P is %v, must be from 0 to 1: %w", p, loader.ErrSpec)
	}
	return nil
}

// fires decides with probability p, and notes the decision.
func fires(w *loader.Worker, p float64) bool {
	hit := w.Rand().Float64() < p
	if hit {
		w.Note("applied", 1)
	} else {
		w.Note("applied", 0)
	}
	return hit
}

// pixels is an image field of 8-bit pixels, bound to a spec.
type pixels struct {
	spec     loader.Spec // that samples come in with
	image    int
	channels int
}

// bindPixels finds the image field with the given name, or the only one.
func bindPixels(in loader.Spec, name string) (pixels, error) {
	f, err := in.Find(name, kind.Image)
	if err != nil {
		return pixels{}, fmt.Errorf("vision: %w", err)
	}
	d := in[f]
	if d.Kind != kind.Image || d.DType != dtype.Uint8 || d.Shape.Rank() != 3 || d.Shape.Dim(2) != 1 && d.Shape.Dim(2) != 3 {
		return pixels{}, fmt.Errorf("vision: field %v: must be an image, uint8 (height, width, 1 or 3): %w", d, loader.ErrSpec)
	}
	return pixels{in, f, d.Shape.Dim(2)}, nil
}

// colour is bindPixels for what needs red, green and blue.
func colour(in loader.Spec, name string) (pixels, error) {
	p, err := bindPixels(in, name)
	if err == nil && p.channels != 3 {
		err = fmt.Errorf("vision: field %v: must have 3 channels: %w", in[p.image], loader.ErrSpec)
	}
	return p, err
}

// value returns field f of s, which is what the spec says.
func (p *pixels) value(s *loader.Sample, f int) (loader.Tensor, error) {
	t, d := s.Fields[f], &p.spec[f]
	if t.DType != d.DType || !d.Shape.Fits(t.Shape) || len(t.Data) != t.DType.Size()*t.Shape.Len() {
		return t, fmt.Errorf("vision: field %q holds %d bytes as %v %v, announced as %v %v: %w",
			d.Name, len(t.Data), t.DType, t.Shape, d.DType, d.Shape, loader.ErrSpec)
	}
	return t, nil
}

// view returns the image of s, to be read.
func (p *pixels) view(s *loader.Sample) (pixel.Image, error) {
	t, err := p.value(s, p.image)
	if err != nil {
		return pixel.Image{}, err
	}
	m := asImage(t)
	if len(t.Data) == 0 || m.H > maxEdge || m.W > maxEdge {
		return m, fmt.Errorf("vision: field %q: an image of shape %v has no pixels, or more than %d along an edge: %w",
			p.spec[p.image].Name, t.Shape, maxEdge, loader.ErrCorrupt)
	}
	return m, nil
}

// mutable returns the image of s, to be changed in place.
func (p *pixels) mutable(w *loader.Worker, s *loader.Sample) (pixel.Image, error) {
	if _, err := p.view(s); err != nil {
		return pixel.Image{}, err
	}
	return asImage(*w.Mutable(s, p.image)), nil
}

// fresh gives the image of s a new value of the given size, to be written. The
// old one stays readable.
func (p *pixels) fresh(w *loader.Worker, s *loader.Sample, z size) pixel.Image {
	return asImage(*w.Out(s, p.image, dtype.Uint8, loader.Dims(z.h, z.w, p.channels)))
}

func asImage(t loader.Tensor) pixel.Image {
	return pixel.Packed(t.Data, t.Shape.Dim(0), t.Shape.Dim(1), t.Shape.Dim(2))
}
