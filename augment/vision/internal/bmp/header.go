package bmp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
)

// How pixels are stored.
const (
	raw = iota
	rle8
	rle4
	bitFields
)

// header is what a file says before its pixels.
type header struct {
	height, width int
	bits          int // of a pixel
	compression   uint32
	topDown       bool

	at     [3]int // which bytes are red, green and blue, of 24 and 32 bits
	green6 bool   // of 16 bits, 6 are green

	tableAt, entry, colours int // of the palette
	offset                  int // of the pixels
}

// readHeader reads the header, and compares it with the length of the file.
func readHeader(data []byte) (h header, err error) {
	if !(Codec{}).Match(data) {
		return h, errors.New("not a bitmap")
	}
	if len(data) < 26 {
		return h, fmt.Errorf("a header cut off after %d bytes", len(data))
	}
	le := binary.LittleEndian
	size := le.Uint32(data[14:])
	switch size {
	case 12: // OS/2
		h.width, h.height = int(le.Uint16(data[18:])), int(le.Uint16(data[20:]))
		h.bits, h.entry = int(le.Uint16(data[24:])), 3
	case 40, 52, 56, 64, 108, 124:
		if err := h.info(data); err != nil {
			return h, err
		}
	default:
		return h, fmt.Errorf("unknown header of %d bytes", size)
	}
	if h.width == 0 || h.height == 0 || h.width > 1<<24 || h.height > 1<<24 {
		return h, fmt.Errorf("%dx%d pixels", h.height, h.width)
	}
	if err := h.layout(data); err != nil {
		return h, err
	}
	return h, h.place(int64(size), data)
}

// info reads a header of Windows.
func (h *header) info(data []byte) error {
	le := binary.LittleEndian
	size := le.Uint32(data[14:])
	if int64(len(data)) < 14+int64(size) {
		return fmt.Errorf("a header cut off after %d bytes", len(data))
	}
	w, y := le.Uint32(data[18:]), le.Uint32(data[22:])
	if h.topDown = y>>24 == 0xff; h.topDown {
		y = -y
	}
	h.width, h.height = int(min(w, 1<<30)), int(min(y, 1<<30))
	h.bits, h.entry = int(le.Uint16(data[28:])), 4
	h.compression = le.Uint32(data[30:])
	h.colours = int(min(le.Uint32(data[46:]), 1<<30))
	return nil
}

// layout finds out where in a pixel the colours are.
func (h *header) layout(data []byte) error {
	h.at = [3]int{2, 1, 0}
	switch {
	case h.compression == raw:
		switch h.bits {
		case 1, 4, 8, 16, 24, 32:
			return nil
		}
	case h.compression == rle8 && h.bits == 8, h.compression == rle4 && h.bits == 4:
		return nil
	case h.compression == bitFields && (h.bits == 16 || h.bits == 24 || h.bits == 32):
		return h.masks(data)
	}
	return fmt.Errorf("%d bits in compression %d", h.bits, h.compression)
}

// masks reads where the colours are, which stands at one place whether or not it
// belongs to the header.
func (h *header) masks(data []byte) error {
	if len(data) < 66 {
		return fmt.Errorf("a header cut off after %d bytes", len(data))
	}
	var m [3]uint32
	for i := range m {
		m[i] = binary.LittleEndian.Uint32(data[54+4*i:])
	}
	switch {
	case h.bits == 16 && m == [3]uint32{0xf800, 0x7e0, 0x1f}:
		h.green6 = true
		return nil
	case h.bits == 16 && m == [3]uint32{0x7c00, 0x3e0, 0x1f}, h.bits == 32 && m == [3]uint32{}:
		return nil
	}
	for i, v := range m {
		h.at[i] = bits.TrailingZeros32(v) / 8
		if v != 0xff<<(8*h.at[i]) || 8*h.at[i] >= h.bits || h.bits == 16 {
			return fmt.Errorf("unknown bit fields %x", m)
		}
	}
	return nil
}

// place finds out where the palette and the pixels are.
func (h *header) place(size int64, data []byte) error {
	at := 14 + size
	if size == 40 && h.compression == bitFields {
		at += 12
	}
	end := at
	if h.bits <= 8 {
		if h.colours == 0 {
			h.colours = 1 << h.bits
		}
		if h.colours > 1<<16 {
			return fmt.Errorf("a palette of %d colours", h.colours)
		}
		end += int64(h.entry * h.colours)
	}
	offset := int64(binary.LittleEndian.Uint32(data[10:]))
	if offset == 0 || offset == 14+size && h.bits <= 8 {
		offset = end
	}
	need := offset
	if h.compression == raw || h.compression == bitFields { // the last row may lack its padding
		need += int64(h.height-1)*int64(h.stride()) + int64(h.width*h.bits+7)/8
	}
	if need > int64(len(data)) {
		return fmt.Errorf("%d bytes cannot hold %dx%d pixels", len(data), h.height, h.width)
	}
	h.tableAt, h.offset = int(at), int(offset)
	return nil
}

// stride returns the length of a row, a multiple of 4.
func (h header) stride() int { return (h.width*h.bits + 31) / 32 * 4 }

// palette reads the colours and returns how many there are.
func (h header) palette(colours *[256][3]uint8, data []byte) int {
	if h.bits > 8 {
		return 0
	}
	n := min(h.colours, len(colours), (len(data)-h.tableAt)/h.entry)
	for i := range n {
		b := data[h.tableAt+i*h.entry:]
		colours[i] = [3]uint8{b[2], b[1], b[0]}
	}
	return n
}
