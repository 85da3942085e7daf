package png

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

const (
	magic = "\x89PNG\r\n\x1a\n"
	frame = 12 // bytes of a chunk beside its content
)

// The colour types.
const (
	grey      = 0
	rgb       = 2
	palette   = 3
	greyAlpha = 4
	rgbAlpha  = 6
)

// The kinds of chunks that matter.
const (
	ihdr = 'I'<<24 | 'H'<<16 | 'D'<<8 | 'R'
	plte = 'P'<<24 | 'L'<<16 | 'T'<<8 | 'E'
	idat = 'I'<<24 | 'D'<<16 | 'A'<<8 | 'T'
	iend = 'I'<<24 | 'E'<<16 | 'N'<<8 | 'D'
	exif = 'e'<<24 | 'X'<<16 | 'I'<<8 | 'f'
)

// samples is how many a pixel has, by colour type, and depths a set of the
// depths in bits that are allowed.
var (
	samples = [7]uint8{grey: 1, rgb: 3, palette: 1, greyAlpha: 2, rgbAlpha: 4}
	depths  = [7]uint32{
		grey:      1<<1 | 1<<2 | 1<<4 | 1<<8 | 1<<16,
		rgb:       1<<8 | 1<<16,
		palette:   1<<1 | 1<<2 | 1<<4 | 1<<8,
		greyAlpha: 1<<8 | 1<<16,
		rgbAlpha:  1<<8 | 1<<16,
	}
)

// header is the chunk IHDR.
type header struct {
	height, width int
	depth, colour uint8
	interlaced    bool
}

// readHeader reads the header and compares it with the length of the file.
func readHeader(data []byte) (header, error) {
	if !(Codec{}).Match(data) {
		return header{}, errors.New("not a PNG file")
	}
	kind, b, _, err := chunk(data[len(magic):])
	if err != nil {
		return header{}, err
	}
	if kind != ihdr || len(b) != 13 {
		return header{}, errors.New("the header is not the first chunk, or not of 13 bytes")
	}
	w, h := binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])
	depth, colour := b[8], b[9]
	if int(colour) >= len(depths) || depth > 16 || depths[colour]>>depth&1 == 0 {
		return header{}, fmt.Errorf("%d bits of colour type %d", depth, colour)
	}
	if b[10] != 0 || b[11] != 0 || b[12] > 1 {
		return header{}, fmt.Errorf("unknown compression %d, filters %d or interlacing %d", b[10], b[11], b[12])
	}
	if w == 0 || h == 0 || w >= 1<<31 || h >= 1<<31 {
		return header{}, fmt.Errorf("%dx%d pixels", h, w)
	}
	r := header{int(h), int(w), depth, colour, b[12] == 1}
	// DEFLATE makes at most 1,032 bytes of one.
	if bits := int64(w) * int64(r.bits()); (bits+7)/8 > 1032*int64(len(data))/int64(h) {
		return header{}, fmt.Errorf("%d bytes cannot hold %dx%d pixels", len(data), h, w)
	}
	return r, nil
}

// channels returns how many samples a pixel has when it is decoded.
func (h header) channels() int {
	if h.colour == grey || h.colour == greyAlpha {
		return 1
	}
	return 3
}

// bits returns how many a pixel takes in the file.
func (h header) bits() int { return int(h.depth) * int(samples[h.colour]) }

// rowBytes returns the length of w pixels in the file.
func (h header) rowBytes(w int) int { return (w*h.bits() + 7) / 8 }

// chunk returns the kind and content of the chunk at the beginning of data, and
// what lies behind it.
func chunk(data []byte) (kind uint32, content, rest []byte, err error) {
	if len(data) < frame {
		return 0, nil, nil, errors.New("the file ends without its last chunk")
	}
	n := binary.BigEndian.Uint32(data)
	if int64(n) > int64(len(data)-frame) {
		return 0, nil, nil, fmt.Errorf("a chunk of %d bytes has %d", n, len(data)-frame)
	}
	body, rest := data[4:8+int(n)], data[8+int(n):]
	if crc32.ChecksumIEEE(body) != binary.BigEndian.Uint32(rest) {
		return 0, nil, nil, fmt.Errorf("wrong checksum of a chunk %q", body[:4])
	}
	return binary.BigEndian.Uint32(body), body[4:], rest[4:], nil
}
