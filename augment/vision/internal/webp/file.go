package webp

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// file is what a file says before its pixels.
type file struct {
	canvasH, canvasW int
	x, y, h, w       int // of the first frame, on the canvas
	lossy            bool
	stream           []byte // of the first frame, nil if none has been seen
	exif             []byte
}

// readFile goes through the chunks.
func readFile(data []byte) (f file, err error) {
	if !(Codec{}).Match(data) {
		return f, errors.New("not a WebP file")
	}
	if n := binary.LittleEndian.Uint32(data[4:]); n < 4 || int64(n) > int64(len(data)-8) {
		return f, fmt.Errorf("a file of %d bytes has %d", int64(n)+8, len(data))
	} else {
		data = data[12 : 8+int(n)]
	}
	kind, b, rest, err := chunk(data)
	switch {
	case err != nil:
		return f, err
	case kind == extendedChunk && len(b) >= 10:
		f.canvasW, f.canvasH = uint24(b[4:])+1, uint24(b[7:])+1
		return f, f.chunks(rest)
	case kind == lossyChunk || kind == losslessChunk:
		err = f.bitstream(kind, b)
		f.canvasH, f.canvasW = f.h, f.w
		return f, err
	}
	return f, errors.New("the first chunk is not an image")
}

// The kinds of chunks that matter, as they read in little endian.
const (
	lossyChunk    = 'V' | 'P'<<8 | '8'<<16 | ' '<<24
	losslessChunk = 'V' | 'P'<<8 | '8'<<16 | 'L'<<24
	extendedChunk = 'V' | 'P'<<8 | '8'<<16 | 'X'<<24
	frameChunk    = 'A' | 'N'<<8 | 'M'<<16 | 'F'<<24
	exifChunk     = 'E' | 'X'<<8 | 'I'<<16 | 'F'<<24
)

// chunk returns the kind and content of the chunk at the beginning of data, and
// what lies behind it.
func chunk(data []byte) (kind uint32, content, rest []byte, err error) {
	if len(data) < 8 {
		return 0, nil, nil, fmt.Errorf("a chunk cut off after %d bytes", len(data))
	}
	kind, n := binary.LittleEndian.Uint32(data), binary.LittleEndian.Uint32(data[4:])
	data = data[8:]
	if int64(n) > int64(len(data)) {
		return 0, nil, nil, fmt.Errorf("a chunk of %d bytes has %d", n, len(data))
	}
	return kind, data[:n], data[min(int(n)+int(n&1), len(data)):], nil
}

func uint24(b []byte) int { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }

// chunks goes through those of the extended format.
func (f *file) chunks(data []byte) error {
	for len(data) > 0 {
		kind, b, rest, err := chunk(data)
		switch {
		case err != nil:
		case kind == exifChunk && f.exif == nil:
			f.exif = b
		case f.stream != nil: // frames that follow the first
		case kind == lossyChunk || kind == losslessChunk:
			if err = f.bitstream(kind, b); err == nil && (f.h != f.canvasH || f.w != f.canvasW) {
				err = fmt.Errorf("%dx%d pixels on a canvas of %dx%d", f.h, f.w, f.canvasH, f.canvasW)
			}
		case kind == frameChunk:
			err = f.frame(b)
		}
		if err != nil {
			return err
		}
		data = rest
	}
	if f.stream == nil {
		return errors.New("no image")
	}
	return nil
}

// frame reads a frame of an animation.
func (f *file) frame(b []byte) error {
	const header = 16
	if len(b) < header {
		return fmt.Errorf("a frame of %d bytes", len(b))
	}
	x, y, w, h := 2*uint24(b), 2*uint24(b[3:]), uint24(b[6:])+1, uint24(b[9:])+1
	for b = b[header:]; f.stream == nil; {
		kind, content, rest, err := chunk(b)
		if err != nil {
			return err
		}
		if kind == lossyChunk || kind == losslessChunk {
			if err := f.bitstream(kind, content); err != nil {
				return err
			}
		}
		b = rest
	}
	f.x, f.y = x, y
	if f.h != h || f.w != w || x+w > f.canvasW || y+h > f.canvasH {
		return fmt.Errorf("%dx%d pixels in a frame of %dx%d at %d, %d of %dx%d", f.h, f.w, h, w, y, x, f.canvasH, f.canvasW)
	}
	return nil
}

// bitstream reads the header of an image.
func (f *file) bitstream(kind uint32, b []byte) error {
	f.stream, f.lossy = b, kind == lossyChunk
	if f.lossy {
		return f.lossyHeader(b)
	}
	const magic = 0x2f
	if len(b) < 5 || b[0] != magic || b[4]>>5 != 0 {
		return errors.New("a damaged lossless header")
	}
	v := binary.LittleEndian.Uint32(b[1:])
	f.w, f.h = int(v&0x3fff)+1, int(v>>14&0x3fff)+1
	return nil
}

// lossyHeader reads that of RFC 6386, section 9.1.
func (f *file) lossyHeader(b []byte) error {
	if len(b) < 10 || string(b[3:6]) != "\x9d\x01\x2a" {
		return errors.New("a damaged lossy header")
	}
	tag := uint24(b)
	if key, shown := tag&1 == 0, tag>>4&1 == 1; !key || !shown || tag>>1&7 > 3 || tag>>5 > len(b)-10 {
		return errors.New("a damaged lossy frame")
	}
	f.w, f.h = int(binary.LittleEndian.Uint16(b[6:])&0x3fff), int(binary.LittleEndian.Uint16(b[8:])&0x3fff)
	if f.w == 0 || f.h == 0 {
		return fmt.Errorf("%dx%d pixels", f.h, f.w)
	}
	// The modes of a macroblock have fixed probabilities, of which none makes
	// them shorter than a bit.
	if n := int64((f.w + 15) / 16 * ((f.h + 15) / 16)); n > 8*int64(len(b)) {
		return fmt.Errorf("%d bytes cannot hold %dx%d pixels", len(b), f.h, f.w)
	}
	return nil
}
