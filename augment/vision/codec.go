package vision

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"

	"github.com/stokerdata/stoker/internal/pixel"
	"github.com/stokerdata/stoker/loader"
)

// format is a file format, told by its first bytes.
type format uint8

const (
	jpegFormat format = iota + 1
	pngFormat
)

// header is what is known of a file before its pixels are decoded.
type header struct {
	format  format
	h, w    int
	colours int // of the palette, 0 without one
}

// formats lists first bytes; those that are not decoded have no format.
var formats = [...]struct {
	magic, name string
	format      format
}{
	{"\xff\xd8\xff", "JPEG", jpegFormat},
	{"\x89PNG\r\n\x1a\n", "PNG", pngFormat},
	{"GIF8", "GIF", 0},
	{"BM", "BMP", 0},
	{"RIFF", "RIFF (WebP)", 0},
	{"II*\x00", "TIFF", 0},
	{"MM\x00*", "TIFF", 0},
	{"\x00\x00\x00\x0cJXL ", "JPEG XL", 0},
	{"\xff\x0a", "JPEG XL", 0},
}

// sniff returns the format of a file.
func sniff(data []byte) (format, error) {
	for _, f := range formats {
		if bytes.HasPrefix(data, []byte(f.magic)) {
			if f.format == 0 {
				return 0, fmt.Errorf("a %s file, only JPEG and PNG are decoded", f.name)
			}
			return f.format, nil
		}
	}
	if len(data) == 0 {
		return 0, errors.New("the file is empty")
	}
	return 0, fmt.Errorf("neither JPEG nor PNG, the file begins with % x", data[:min(len(data), 8)])
}

// readHeader checks what a file says of itself against the limits, and against
// its own length: a few bytes do not make a large image.
func readHeader(data []byte, l Limits) (header, error) {
	if int64(len(data)) > l.Bytes {
		return header{}, fmt.Errorf("%d bytes, the limit is %d", len(data), l.Bytes)
	}
	f, err := sniff(data)
	if err != nil {
		return header{}, err
	}
	h := header{format: f}
	var c image.Config
	err = guard(func() (err error) {
		if f == jpegFormat {
			c, err = jpeg.DecodeConfig(bytes.NewReader(data))
		} else {
			c, err = png.DecodeConfig(bytes.NewReader(data))
		}
		return err
	})
	if err != nil {
		return h, err
	}
	h.h, h.w = c.Height, c.Width
	if p, ok := c.ColorModel.(color.Palette); ok {
		h.colours = len(p)
	}
	return h, h.check(data, l)
}

func (h header) check(data []byte, l Limits) error {
	if h.h < 1 || h.w < 1 || h.h > maxEdge || h.w > maxEdge || int64(h.h)*int64(h.w) > l.Pixels {
		return fmt.Errorf("%dx%d pixels, the limits are %d in all and %d along an edge", h.h, h.w, l.Pixels, maxEdge)
	}
	if int64(h.h)*int64(h.w) > h.mostPixels(data) {
		return fmt.Errorf("%d bytes cannot hold %dx%d pixels", len(data), h.h, h.w)
	}
	return nil
}

// mostPixels returns a bound on the pixels that data can hold.
func (h header) mostPixels(data []byte) int64 {
	n := int64(len(data))
	if h.format == jpegFormat {
		// Each block of 64 samples takes at least a bit, and with the most
		// uneven sampling that is possible 9 blocks make 1,024 pixels.
		return 1024 * n
	}
	// DEFLATE makes at most 1,032 bytes of one, and a PNG pixel has at least a bit.
	channels := [...]int64{0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
	bits := int64(1)
	if len(data) > 25 && int(data[25]) < len(channels) { // IHDR: depth and colour type
		bits = max(1, int64(data[24])*channels[data[25]])
	}
	return 1032 * 8 * n / bits
}

// guard turns a panic of the decoder that f calls into an error. It is the only
// place that does so: the decoders see hostile bytes, and start no goroutine.
func guard(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the decoder panicked: %v", r)
		}
	}()
	return f()
}

// decodeRGB decodes a file into dst, whose size is that of the header.
func decodeRGB(dst pixel.Image, data []byte, h header, w *loader.Worker) error {
	var m image.Image
	err := guard(func() (err error) {
		if h.format == jpegFormat {
			m, err = jpeg.Decode(bytes.NewReader(data))
		} else {
			m, err = png.Decode(bytes.NewReader(data))
		}
		return err
	})
	if err != nil {
		return err
	}
	if b := m.Bounds(); b != image.Rect(0, 0, dst.W, dst.H) {
		return fmt.Errorf("%v pixels decoded, the header says %dx%d", b, h.h, h.w)
	}
	switch m := m.(type) {
	case *image.YCbCr:
		return writeYCbCr(dst, m, w)
	case *image.Paletted:
		return writePaletted(dst, m, h.colours)
	case *image.CMYK:
		for y := range dst.H {
			pixel.CMYK(dst.Row(y), m.Pix[y*m.Stride:])
		}
		return nil
	}
	return writeDirect(dst, m)
}

// writeDirect writes images whose samples only have to be picked.
func writeDirect(dst pixel.Image, m image.Image) error {
	var pix []uint8
	var stride, step int
	at := [3]int{0, 1, 2}
	switch m := m.(type) {
	case *image.Gray:
		pix, stride, step, at = m.Pix, m.Stride, 1, [3]int{}
	case *image.Gray16:
		pix, stride, step, at = m.Pix, m.Stride, 2, [3]int{}
	case *image.RGBA: // of files without alpha
		pix, stride, step = m.Pix, m.Stride, 4
	case *image.NRGBA:
		pix, stride, step = m.Pix, m.Stride, 4
	case *image.RGBA64:
		pix, stride, step, at = m.Pix, m.Stride, 8, [3]int{0, 2, 4}
	case *image.NRGBA64:
		pix, stride, step, at = m.Pix, m.Stride, 8, [3]int{0, 2, 4}
	default:
		return fmt.Errorf("the decoder gives a %T", m)
	}
	for y := range dst.H {
		pixel.Pick(dst.Row(y), pix[y*stride:], step, at)
	}
	return nil
}

func writeYCbCr(dst pixel.Image, m *image.YCbCr, w *loader.Worker) error {
	p := pixel.YCbCr{Y: m.Y, Cb: m.Cb, Cr: m.Cr, YStride: m.YStride, CStride: m.CStride}
	switch m.SubsampleRatio {
	case image.YCbCrSubsampleRatio444:
		p.StepX, p.StepY = 1, 1
	case image.YCbCrSubsampleRatio422:
		p.StepX, p.StepY = 2, 1
	case image.YCbCrSubsampleRatio420:
		p.StepX, p.StepY = 2, 2
	case image.YCbCrSubsampleRatio440:
		p.StepX, p.StepY = 1, 2
	case image.YCbCrSubsampleRatio411:
		p.StepX, p.StepY = 4, 1
	case image.YCbCrSubsampleRatio410:
		p.StepX, p.StepY = 4, 2
	default:
		return fmt.Errorf("unknown chroma sampling %v", m.SubsampleRatio)
	}
	p.RGB(dst, w.Scratch(pixel.ChromaBytes(dst)))
	return nil
}

// writePaletted looks colours up. Indices are checked against the palette of
// the file, as the decoder silently extends it.
func writePaletted(dst pixel.Image, m *image.Paletted, colours int) error {
	var table [256][3]uint8
	colours = min(colours, len(m.Palette), len(table))
	for i, c := range m.Palette[:colours] {
		n := color.NRGBAModel.Convert(c).(color.NRGBA)
		table[i] = [3]uint8{n.R, n.G, n.B}
	}
	for y := range dst.H {
		if !pixel.Palette(dst.Row(y), m.Pix[y*m.Stride:][:dst.W], table[:colours]) {
			return fmt.Errorf("row %d has an index beyond the palette of %d colours", y, colours)
		}
	}
	return nil
}
