package vision

import (
	"fmt"

	"github.com/stokerdata/stoker/internal/pixel"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
)

// Decode turns the bytes of JPEG and PNG files into RGB pixels, as Pillow's
// convert("RGB") does: an alpha channel is dropped and not blended, grey is
// repeated, of 16 bits the upper 8 are taken, and ink (CMYK) is mixed down. No
// colour profile is applied. Pixels of JPEG files are within two levels of
// Pillow's, whose decoder rounds otherwise; those of PNG files are equal.
//
// Files are checked before memory is spent on them. One that is damaged, cut
// off, of another format or over a limit gives an error that wraps
// loader.ErrCorrupt.
type Decode struct {
	Field string // the encoded image; empty means the only one
	// Orient turns images upright as their EXIF orientation says. Fields that
	// live on the image are taken to be upright already. By default pixels stay
	// as they are stored, as in Pillow.
	Orient bool
	Limits Limits
}

// Limits bounds what Decode takes on. A zero field means its default.
type Limits struct {
	Pixels int64 // of an image, height times width; default and most 100,000,000, and never more than 65,536 along an edge
	Bytes  int64 // of a file; default 64 MiB
}

func (l Limits) withDefaults() (Limits, error) {
	if l.Pixels == 0 {
		l.Pixels = maxPixels
	}
	if l.Bytes == 0 {
		l.Bytes = 64 << 20
	}
	if l.Pixels < 0 || l.Pixels > maxPixels || l.Bytes < 0 {
		return l, fmt.Errorf("vision: Limits of %d pixels and %d bytes: %w", l.Pixels, l.Bytes, loader.ErrSpec)
	}
	return l, nil
}

// Bind implements loader.Transform. The stage turns an EncodedImage, uint8 (n),
// into an Image, uint8 (height, width, 3).
func (d Decode) Bind(in loader.Spec) (loader.Stage, error) {
	limits, err := d.Limits.withDefaults()
	if err != nil {
		return loader.Stage{}, err
	}
	f, err := in.Find(d.Field, kind.EncodedImage)
	if err != nil {
		return loader.Stage{}, fmt.Errorf("vision: %w", err)
	}
	if in[f].Kind != kind.EncodedImage || in[f].DType != dtype.Uint8 || in[f].Shape.Rank() != 1 {
		return loader.Stage{}, fmt.Errorf("vision: field %v: must be an encoded image, uint8 (n): %w", in[f], loader.ErrSpec)
	}
	out := in.Clone()
	out[f].Kind, out[f].Shape = kind.Image, loader.Dims(-1, -1, 3)
	return loader.Stage{Out: out, Writes: []int{f}, Row: func(w *loader.Worker, s *loader.Sample) error {
		if err := d.decode(w, s, f, limits); err != nil {
			return fmt.Errorf("vision: field %q: %w: %w", in[f].Name, err, loader.ErrCorrupt)
		}
		return nil
	}}, nil
}

// decode gives field f the pixels of the file that it holds.
func (d Decode) decode(w *loader.Worker, s *loader.Sample, f int, l Limits) error {
	data := s.Fields[f].Data
	h, err := readHeader(data, l)
	if err != nil {
		return err
	}
	turn := 1
	if d.Orient && h.format == jpegFormat {
		turn = orientation(data)
	}
	if turn == 1 {
		return decodeRGB(asImage(*w.Out(s, f, dtype.Uint8, loader.Dims(h.h, h.w, 3))), data, h, w)
	}
	stored := pixel.Packed(w.Scratch(3*h.h*h.w), h.h, h.w, 3)
	if err := decodeRGB(stored, data, h, w); err != nil {
		return err
	}
	to := size{h.h, h.w}
	if turn >= 5 {
		to = size{h.w, h.h}
	}
	pixel.Orient(asImage(*w.Out(s, f, dtype.Uint8, loader.Dims(to.h, to.w, 3))), stored, turn)
	return nil
}
