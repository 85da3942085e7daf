package gif

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/stokerdata/stoker/internal/pixel"
)

var errEnd = errors.New("the file ends before a frame")

// frame is what a file says of its first frame.
type frame struct {
	canvasH, canvasW int
	x, y, h, w       int // its place on the canvas
	interlaced       bool

	colours [256][3]uint8 // black beyond the palette
	n       int           // how many indices have a colour, 0 for a ramp of grey
	ground  uint8         // index that the rest of the canvas has

	codes []byte // from the number of bits of a literal on
}

// readFrame reads all that stands before the pixels of the first frame.
func readFrame(data []byte) (f frame, err error) {
	const header = 13
	if !(Codec{}).Match(data) || len(data) < header {
		return f, errors.New("not a GIF file")
	}
	f.canvasW, f.canvasH = int(binary.LittleEndian.Uint16(data[6:])), int(binary.LittleEndian.Uint16(data[8:]))
	rest, err := f.palette(data[10], data[header:])
	transparent := -1
	for err == nil && len(rest) > 0 {
		kind := rest[0]
		rest = rest[1:]
		switch kind { // and others are passed over
		case '!':
			rest, err = extension(rest, &transparent)
		case ',':
			return f, f.descriptor(rest, transparent)
		case ';':
			return f, errEnd
		}
	}
	if err == nil {
		err = errEnd
	}
	return f, err
}

// palette reads the palette that flags announce, and returns what lies behind.
func (f *frame) palette(flags byte, data []byte) ([]byte, error) {
	if flags&0x80 == 0 {
		return data, nil
	}
	n := 2 << (flags & 7)
	if len(data) < 3*n {
		return nil, errEnd
	}
	f.n = 0
	f.colours = [256][3]uint8{}
	for i := range n {
		c := [3]uint8(data[3*i:])
		if f.colours[i] = c; c != [3]uint8{uint8(i), uint8(i), uint8(i)} {
			f.n = n
		}
	}
	return data[3*n:], nil
}

// extension passes over an extension, and takes the index that is transparent
// from it.
func extension(data []byte, transparent *int) ([]byte, error) {
	const graphicControl = 0xf9
	if len(data) < 1 {
		return nil, errEnd
	}
	control := data[0] == graphicControl
	for data = data[1:]; len(data) > 0; {
		n := int(data[0])
		block := data[1:]
		if len(block) < n {
			break
		}
		if n == 0 {
			return block, nil
		}
		if control && n >= 4 && block[0]&1 != 0 {
			*transparent = int(block[3])
		}
		control, data = false, block[n:]
	}
	return nil, errEnd
}

// descriptor reads where the frame lies, and compares that with the length of
// its codes.
func (f *frame) descriptor(data []byte, transparent int) error {
	const size = 9
	if len(data) < size {
		return errEnd
	}
	at := func(i int) int { return int(binary.LittleEndian.Uint16(data[i:])) }
	f.x, f.y, f.w, f.h = at(0), at(2), at(4), at(6)
	if f.w == 0 || f.h == 0 {
		return fmt.Errorf("a frame of %dx%d pixels", f.h, f.w)
	}
	f.canvasH, f.canvasW = max(f.canvasH, f.y+f.h), max(f.canvasW, f.x+f.w)
	f.interlaced = data[8]&0x40 != 0
	rest, err := f.palette(data[8], data[size:])
	if err != nil {
		return err
	}
	if len(rest) == 0 {
		return errEnd
	}
	f.codes = rest
	if transparent >= 0 {
		f.ground = uint8(transparent)
		if f.n > 0 {
			f.n = max(f.n, transparent+1)
		}
	}
	// A code has at least 2 bits, and makes at most one pixel more than the one
	// before, of the 4,096 that there can be.
	codes := 4 * int64(len(rest))
	if int64(f.h)*int64(f.w) > codes*min(codes, 4096) {
		return fmt.Errorf("%d bytes cannot hold %dx%d pixels", len(rest), f.h, f.w)
	}
	return nil
}

func (f *frame) channels() int {
	if f.n == 0 {
		return 1
	}
	return 3
}

// colour makes pixels of indices.
func (f *frame) colour(dst, indices []byte) error {
	if f.n == 0 {
		copy(dst, indices)
	} else if !pixel.Palette(dst, indices, f.colours[:f.n]) {
		return fmt.Errorf("an index beyond the palette of %d colours", f.n)
	}
	return nil
}

// fill gives the canvas its ground.
func (f *frame) fill(canvas pixel.Image) {
	if f.n == 0 {
		pixel.Fill(canvas, [3]uint8{f.ground})
	} else {
		pixel.Fill(canvas, f.colours[f.ground])
	}
}

// pass is rows that follow each other in a file.
type pass struct{ first, step int }

var (
	interlaced = []pass{{0, 8}, {4, 8}, {2, 4}, {1, 2}}
	inOrder    = []pass{{0, 1}}
)

func (f *frame) passes() []pass {
	if f.interlaced {
		return interlaced
	}
	return inOrder
}
