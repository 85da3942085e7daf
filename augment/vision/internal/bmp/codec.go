package bmp

import (
	"errors"
	"fmt"

	"github.com/stokerdata/stoker/internal/pixel"
)

// Codec decodes bitmaps. Several goroutines may use it at once.
type Codec struct{}

// Match reports whether data begins as a bitmap does.
func (Codec) Match(data []byte) bool { return len(data) >= 2 && data[0] == 'B' && data[1] == 'M' }

// Size returns what the header says. Pixels have always 3 channels.
func (Codec) Size(data []byte) (height, width, channels int, err error) {
	h, err := readHeader(data)
	if err != nil {
		return 0, 0, 0, fmt.Errorf("bmp: %w", err)
	}
	return h.height, h.width, 3, nil
}

// Decode writes the pixels of a file, whose size must be that, to dst without
// gaps.
func (Codec) Decode(dst, data []byte, height, width int) error {
	h, err := readHeader(data)
	if err == nil && (h.height != height || h.width != width || len(dst) != 3*height*width) {
		err = fmt.Errorf("%dx%d pixels for %d bytes of %dx%d", h.height, h.width, len(dst), height, width)
	}
	if err == nil {
		err = h.decode(pixel.Packed(dst, height, width, 3), data)
	}
	if err != nil {
		return fmt.Errorf("bmp: %w", err)
	}
	return nil
}

var errIndex = errors.New("an index beyond the palette")

func (h header) decode(dst pixel.Image, data []byte) error {
	var colours [256][3]uint8
	n := h.palette(&colours, data)
	if h.compression == rle8 || h.compression == rle4 {
		// The indices may lie at the end: each is read before the pixels that
		// are written reach it.
		indices := dst.Pix[2*dst.W*dst.H:]
		if err := h.runs(indices, data); err != nil {
			return err
		}
		if !h.topDown {
			pixel.FlipV(pixel.Packed(indices, dst.H, dst.W, 1))
		}
		if !pixel.Palette(dst.Pix, indices, colours[:n]) {
			return errIndex
		}
		return nil
	}
	stride := h.stride()
	for y := range dst.H {
		row := dst.Row(y)
		if !h.topDown {
			row = dst.Row(dst.H - 1 - y)
		}
		if !h.row(row, data[h.offset+y*stride:], colours[:n]) {
			return errIndex
		}
	}
	return nil
}

// row decodes one row, and reports whether its indices lie within the palette.
func (h header) row(dst, src []byte, colours [][3]uint8) bool {
	switch h.bits {
	case 8:
		return pixel.Palette(dst, src[:h.width], colours)
	case 16:
		h.words(dst, src)
	case 24, 32:
		pixel.Pick(dst, src, h.bits/8, h.at)
	default:
		indices := dst[2*h.width:]
		pixel.Unpack(indices, src, uint(h.bits), 1)
		return pixel.Palette(dst, indices, colours)
	}
	return true
}

// words decodes a row of 16 bits: five each, or six of green, stretched to
// eight.
func (h header) words(dst, src []byte) {
	for len(dst) >= 3 && len(src) >= 2 {
		v := uint(src[0]) | uint(src[1])<<8
		if h.green6 {
			dst[0], dst[1] = uint8(v>>11*255/31), uint8(v>>5&63*255/63)
		} else {
			dst[0], dst[1] = uint8(v>>10&31*255/31), uint8(v>>5&31*255/31)
		}
		dst[2] = uint8(v & 31 * 255 / 31)
		dst, src = dst[3:], src[2:]
	}
}
