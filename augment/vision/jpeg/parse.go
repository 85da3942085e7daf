package jpeg

import (
	"encoding/binary"
	"fmt"

	"github.com/stokerdata/stoker/internal/exif"
)

// Markers (table B.1).
const (
	sof0, sof1, sof2, dht = 0xc0, 0xc1, 0xc2, 0xc4
	rst0, rst7            = 0xd0, 0xd7
	soi, eoi, sos, dqt    = 0xd8, 0xd9, 0xda, 0xdb
	dnl, dri, dhp, exp    = 0xdc, 0xdd, 0xde, 0xdf
	app0, app1, app14     = 0xe0, 0xe1, 0xee
	jpg, tem, dac         = 0xc8, 0x01, 0xcc
)

// refusedFrames names the kinds of frames that are not decoded.
var refusedFrames = map[uint8]string{
	0xc3: "lossless", 0xc5: "hierarchical", 0xc6: "hierarchical", 0xc7: "hierarchical",
	0xc9: "arithmetic coding", 0xca: "arithmetic coding", 0xcb: "arithmetic coding",
	0xcd: "arithmetic coding", 0xce: "arithmetic coding", 0xcf: "arithmetic coding",
	jpg: "JPEG extensions", dhp: "hierarchical", exp: "hierarchical",
}

// Classes of Huffman codes: those for the first coefficients of blocks, and for
// the others (B.2.4.2).
const dcClass, acClass = 0, 1

// A code is a Huffman code as a DHT segment has it, borrowed from the file.
type code struct {
	counts  *[16]uint8
	symbols []uint8
}

// A parser walks through the segments of a file.
type parser struct {
	data []byte
	at   int // of the next byte

	sof      uint8  // the marker of the frame, 0 before there is one
	frame    []byte // its segment
	scan     []byte // the segment of the scan that has just begun
	quant    [4][64]uint16
	hasQuant [4]bool
	codes    [2][4]code // by class and destination
	interval int        // MCUs between restart markers, 0 without
	jfif     bool
	adobe    int // the transform of an Adobe segment, -1 without

	orientation int
	exif        bool // has been seen
	ended       bool // the end of the image has been seen
}

func (p *parser) reset(data []byte) { *p = parser{data: data, adobe: -1, orientation: 1} }

// cut reports whether nothing is left but what may be a part of a segment.
func (p *parser) cut() bool {
	if p.at+2 > len(p.data) {
		return true
	}
	return p.at+int(binary.BigEndian.Uint16(p.data[p.at:])) > len(p.data)
}

func (p *parser) errorf(kind error, format string, args ...any) error {
	return fmt.Errorf("byte %d: %s: %w", p.at, fmt.Sprintf(format, args...), kind)
}

// toScan reads segments up to the beginning of the next scan. At the end of the
// image, or of the file, scan is nil.
func (p *parser) toScan() error {
	if p.at == 0 {
		if len(p.data) < 2 || p.data[0] != 0xff || p.data[1] != soi {
			return p.errorf(ErrFormat, "no JPEG file, which begins with ff d8")
		}
		p.at = 2
	}
	for p.scan = nil; p.scan == nil; {
		marker, ok := p.marker()
		if !ok || marker == eoi {
			p.ended = ok
			return nil
		}
		if err := p.segment(marker); err != nil {
			return err
		}
	}
	return nil
}

// marker finds the next marker. Like libjpeg it passes over bytes that should
// not be there.
func (p *parser) marker() (uint8, bool) {
	for p.at+1 < len(p.data) {
		m := p.data[p.at+1]
		if p.data[p.at] == 0xff && m != 0 && m != 0xff {
			p.at += 2
			return m, true
		}
		p.at++
	}
	return 0, false
}

// segment reads what belongs to a marker.
func (p *parser) segment(marker uint8) error {
	if marker >= rst0 && marker <= rst7 || marker == tem {
		return nil
	}
	if kind := refusedFrames[marker]; kind != "" {
		return p.errorf(ErrUnsupported, "%s", kind)
	}
	if marker == soi {
		return p.errorf(ErrFormat, "an image within the image")
	}
	if p.at+2 > len(p.data) {
		return p.errorf(ErrFormat, "the file ends within a segment")
	}
	n := int(binary.BigEndian.Uint16(p.data[p.at:]))
	if n < 2 || p.at+n > len(p.data) {
		return p.errorf(ErrFormat, "a segment of %d bytes, %d are left", n, len(p.data)-p.at)
	}
	body := p.data[p.at+2 : p.at+n]
	if err := p.body(marker, body); err != nil {
		return err
	}
	p.at += n
	return nil
}

func (p *parser) body(marker uint8, b []byte) error {
	switch marker {
	case sof0, sof1, sof2:
		if p.sof != 0 {
			return p.errorf(ErrFormat, "a second frame")
		}
		p.sof, p.frame = marker, b
	case sos:
		if p.sof == 0 {
			return p.errorf(ErrFormat, "a scan before the frame")
		}
		p.scan = b
	case dht:
		return p.huffman(b)
	case dqt:
		return p.quantisation(b)
	case dri:
		if len(b) != 2 {
			return p.errorf(ErrFormat, "a restart interval of %d bytes", len(b))
		}
		p.interval = int(binary.BigEndian.Uint16(b))
	case app0:
		p.jfif = p.jfif || len(b) >= 14 && string(b[:5]) == "JFIF\x00"
	case app1:
		if !p.exif && len(b) > 6 && string(b[:6]) == "Exif\x00\x00" {
			p.exif, p.orientation = true, exif.Orientation(b[6:])
		}
	case app14:
		if len(b) >= 12 && string(b[:5]) == "Adobe" {
			p.adobe = int(b[11])
		}
	}
	return nil
}

// huffman notes the codes of a DHT segment. Whether they are prefix codes is
// seen when a scan uses them.
func (p *parser) huffman(b []byte) error {
	for len(b) > 16 {
		class, dest, counts := b[0]>>4, b[0]&15, (*[16]uint8)(b[1:])
		n := 0
		for _, c := range counts {
			n += int(c)
		}
		if class > 1 || dest > 3 || n > 256 || n > len(b)-17 {
			return p.errorf(ErrFormat, "Huffman table %02x of %d symbols, %d bytes are left", b[0], n, len(b)-17)
		}
		p.codes[class][dest] = code{counts, b[17 : 17+n]}
		b = b[17+n:]
	}
	if len(b) > 0 {
		return p.errorf(ErrFormat, "%d bytes too many in a segment of Huffman tables", len(b))
	}
	return nil
}

func (p *parser) quantisation(b []byte) error {
	for len(b) > 0 {
		dest, wide := b[0]&15, int(b[0]>>4)
		if wide > 1 || dest > 3 || len(b) < 1+64<<wide {
			return p.errorf(ErrFormat, "quantisation table %02x of %d bytes", b[0], len(b)-1)
		}
		for k := range 64 {
			if wide == 0 {
				p.quant[dest][k] = uint16(b[1+k])
			} else {
				p.quant[dest][k] = binary.BigEndian.Uint16(b[1+2*k:])
			}
		}
		p.hasQuant[dest] = true
		b = b[1+64<<wide:]
	}
	return nil
}
