package tiff

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"

	"golang.org/x/image/tiff"

	"github.com/stokerdata/stoker/internal/exif"
	"github.com/stokerdata/stoker/internal/pixel"
)

// Codec decodes the first image of TIFF files into RGB pixels, as Pillow's
// convert does: upright, without alpha, and of 16 bits the upper 8. Several
// goroutines may use it at once.
type Codec struct{}

// Match reports whether data begins as a TIFF file does.
func (Codec) Match(data []byte) bool {
	return len(data) >= 4 && (string(data[:4]) == "II*\x00" || string(data[:4]) == "MM\x00*")
}

// Size returns the height and width of an upright image, whose pixels have always
// 3 channels.
func (Codec) Size(data []byte) (height, width, channels int, err error) {
	c, err := tiff.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return 0, 0, 0, err
	}
	if exif.Orientation(data) >= 5 { // a file begins as EXIF does
		return c.Width, c.Height, 3, nil
	}
	return c.Height, c.Width, 3, nil
}

// Decode writes the pixels of a file, whose size must be that, to dst without
// gaps.
func (Codec) Decode(dst, data []byte, height, width int) error {
	if len(dst) != 3*height*width {
		return fmt.Errorf("tiff: %d bytes for %dx%d pixels", len(dst), height, width)
	}
	m, err := tiff.Decode(bytes.NewReader(data))
	if err != nil {
		return err
	}
	if g, ok := m.(*image.Gray); ok && inverted(data) {
		for i := range g.Pix {
			g.Pix[i] = ^g.Pix[i]
		}
	}
	upright, turn := pixel.Packed(dst, height, width, 3), exif.Orientation(data)
	lying := upright
	if turn >= 5 {
		lying.W, lying.H = height, width
	}
	if b := m.Bounds(); b != image.Rect(0, 0, lying.W, lying.H) {
		return fmt.Errorf("tiff: %v pixels, not %dx%d", b, lying.H, lying.W)
	}
	if turn == 1 {
		return write(upright, m)
	}
	lying = pixel.Packed(make([]byte, len(dst)), lying.H, lying.W, 3)
	if err := write(lying, m); err != nil {
		return err
	}
	pixel.Orient(upright, lying, turn)
	return nil
}

// inverted reports whether the decoder gives white for black: fax codes speak of
// white and mean 0, which it does not follow where 0 is black.
func inverted(data []byte) bool {
	const compression, photometric = 259, 262
	const group3, group4, blackIsZero = 3, 4, 1
	c := exif.Short(data, compression)
	return (c == group3 || c == group4) && exif.Short(data, photometric) == blackIsZero
}

// write picks the samples of an image.
func write(dst pixel.Image, m image.Image) error {
	var pix []uint8
	var stride, step int
	at := [3]int{0, 1, 2}
	switch m := m.(type) {
	case *image.Gray:
		pix, stride, step, at = m.Pix, m.Stride, 1, [3]int{}
	case *image.Gray16:
		pix, stride, step, at = m.Pix, m.Stride, 2, [3]int{}
	case *image.NRGBA:
		pix, stride, step = m.Pix, m.Stride, 4
	case *image.NRGBA64:
		pix, stride, step, at = m.Pix, m.Stride, 8, [3]int{0, 2, 4}
	case *image.RGBA:
		divide(m.Pix, 1)
		pix, stride, step = m.Pix, m.Stride, 4
	case *image.RGBA64:
		divide(m.Pix, 2)
		pix, stride, step, at = m.Pix, m.Stride, 8, [3]int{0, 2, 4}
	case *image.Paletted:
		return writePaletted(dst, m)
	default:
		return fmt.Errorf("tiff: the decoder gives a %T", m)
	}
	for y := range dst.H {
		pixel.Pick(dst.Row(y), pix[y*stride:], step, at)
	}
	return nil
}

// divide takes alpha out of colours, whose first bytes are gap bytes apart.
func divide(pix []uint8, gap int) {
	for ; len(pix) >= 4*gap; pix = pix[4*gap:] {
		if a := int(pix[3*gap]); a > 0 && a < 255 {
			for c := range 3 {
				pix[c*gap] = uint8(min(255, int(pix[c*gap])*255/a))
			}
		}
	}
}

// writePaletted looks colours up.
func writePaletted(dst pixel.Image, m *image.Paletted) error {
	var table [256][3]uint8
	n := min(len(m.Palette), len(table))
	for i, c := range m.Palette[:n] {
		v := color.NRGBAModel.Convert(c).(color.NRGBA)
		table[i] = [3]uint8{v.R, v.G, v.B}
	}
	for y := range dst.H {
		if !pixel.Palette(dst.Row(y), m.Pix[y*m.Stride:][:dst.W], table[:n]) {
			return errors.New("tiff: an index beyond the palette")
		}
	}
	return nil
}
