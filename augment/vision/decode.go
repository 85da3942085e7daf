package vision

import (
	"bytes"
	"fmt"
	"image"
	"slices"
	"sync"

	"github.com/stokerdata/stoker/augment/vision/jpeg"
	"github.com/stokerdata/stoker/internal/pixel"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
)

// Decode turns the bytes of JPEG, PNG, WebP, GIF and BMP files, and of those that
// Codecs are for, into RGB pixels, as Pillow's convert("RGB") does: an alpha
// channel is dropped and not blended, grey is repeated, of 16 bits the upper 8
// are taken, and ink (CMYK) is mixed down. Of an animation the first image is
// taken. No colour profile is applied.
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
	// JPEG bounds and adjusts the decoding of JPEG files; MaxPixels is that of
	// Limits. Zero decodes what is whole, as it is.
	JPEG jpeg.Options
	// Codecs are for formats beside those above, or take their place: the first
	// one that matches a file decodes it. Package tiff has one.
	Codecs []Codec
	// Seek, if it is not nil, remembers where parts of JPEG files begin, which
	// makes crops of files that come again cheaper.
	Seek *SeekIndex `describe:"-"`
	// SeekField names a field that has it of each file, as AddSeek has added when
	// the data set was written, in the place of Seek. Decode removes that field.
	SeekField string `describe:"-"`
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

// check holds a size against the limits.
func (l Limits) check(z size) error {
	if z.h < 1 || z.w < 1 || z.h > maxEdge || z.w > maxEdge || int64(z.h)*int64(z.w) > l.Pixels {
		return fmt.Errorf("%v pixels, the limits are %d in all and %d along an edge", z, l.Pixels, maxEdge)
	}
	return nil
}

// Bind implements loader.Transform. The stage turns an EncodedImage, uint8 (n),
// into an Image, uint8 (height, width, 3).
//
// For JPEG files it takes on the work of RandomResizedCrop, Resize, CenterCrop,
// RandomCrop, FlipH, Normalize and ToTensor that stand right behind it, as
// loader.Explain tells, and decodes no more than they leave.
func (d Decode) Bind(in loader.Spec) (loader.Stage, error) {
	limits, err := d.Limits.withDefaults()
	if err != nil {
		return loader.Stage{}, err
	}
	if slices.Contains(d.Codecs, nil) {
		return loader.Stage{}, fmt.Errorf("vision: a codec is nil: %w", loader.ErrSpec)
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
	b := &decoding{Decode: d, field: f, name: in[f].Name}
	if b.entry, err = d.entries(in, f); err != nil {
		return loader.Stage{}, err
	}
	if b.entry >= 0 {
		out[b.entry].Name = ""
	}
	b.Limits = limits
	b.JPEG.MaxPixels = limits.Pixels
	b.lines.New = func() any { return &line{decoder: jpeg.Decoder{Options: b.JPEG}} }
	st := loader.Stage{Out: out, Writes: []int{f}, Row: b.row}
	return fusing(st, func() *fused { return &fused{decode: b, image: pixels{out, f, 3}} }), nil
}

// decoding is a Decode bound to a field.
type decoding struct {
	Decode
	field int
	entry int // the field of SeekField, -1 if there is none
	name  string
	lines sync.Pool // of *line
}

// blame says what was wrong with a file.
func (d *decoding) blame(err error) error {
	return fmt.Errorf("vision: field %q: %w: %w", d.name, err, loader.ErrCorrupt)
}

// own reports whether a file is decoded by package jpeg.
func (d *decoding) own(data []byte) bool {
	return bytes.HasPrefix(data, []byte("\xff\xd8\xff")) && match(d.Codecs, data) == nil
}

// stored is how an image lies in a file.
type stored struct {
	size
	turn int // to make it upright, as EXIF numbers them; 1 for none
}

// open reads the header of a JPEG file, and checks it.
func (d *decoding) open(dec *jpeg.Decoder, data []byte) (stored, error) {
	if int64(len(data)) > d.Limits.Bytes {
		return stored{}, fmt.Errorf("%d bytes, the limit is %d", len(data), d.Limits.Bytes)
	}
	h, err := dec.Open(data)
	if err != nil {
		return stored{}, err
	}
	z := stored{size{h.Height, h.Width}, 1}
	if d.Orient {
		z.turn = h.Orientation
	}
	return z, d.Limits.check(z.size)
}

func (d *decoding) row(w *loader.Worker, s *loader.Sample) error {
	data := s.Fields[d.field].Data
	var err error
	if d.own(data) {
		err = d.decodeJPEG(w, s, data)
	} else {
		err = d.decodeOther(w, s, data)
	}
	if err != nil {
		return d.blame(err)
	}
	return nil
}

func (d *decoding) decodeJPEG(w *loader.Worker, s *loader.Sample, data []byte) error {
	l := d.lines.Get().(*line)
	defer d.lines.Put(l)
	h, err := d.open(&l.decoder, data)
	if err != nil {
		return err
	}
	return d.upright(w, s, h, func(dst pixel.Image) error {
		return l.decoder.RGB(dst.Pix, dst.Stride, image.Rect(0, 0, dst.W, dst.H))
	})
}

func (d *decoding) decodeOther(w *loader.Worker, s *loader.Sample, data []byte) error {
	h, err := d.header(data)
	if err != nil {
		return err
	}
	return d.upright(w, s, h.stored, func(dst pixel.Image) error { return h.decode(dst, data) })
}

// upright gives the field an image that decode writes, turned as h says.
func (d *decoding) upright(w *loader.Worker, s *loader.Sample, h stored, decode func(dst pixel.Image) error) error {
	z := h.size
	if h.turn == 1 {
		return decode(asImage(*w.Out(s, d.field, dtype.Uint8, loader.Dims(z.h, z.w, 3))))
	}
	lying := pixel.Packed(w.Scratch(3*z.h*z.w), z.h, z.w, 3)
	if err := decode(lying); err != nil {
		return err
	}
	if h.turn >= 5 {
		z = size{z.w, z.h}
	}
	pixel.Orient(asImage(*w.Out(s, d.field, dtype.Uint8, loader.Dims(z.h, z.w, 3))), lying, h.turn)
	return nil
}
