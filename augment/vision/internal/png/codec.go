package png

import (
	"encoding/binary"
	"fmt"
	"sync"
)

// Codec decodes PNG files. Several goroutines may use it at once.
type Codec struct{}

// Match reports whether data begins as a PNG file does.
func (Codec) Match(data []byte) bool {
	return len(data) >= len(magic) && string(data[:len(magic)]) == magic
}

// Size returns what the header says: channels is 1 for grey and 3 for colours.
func (Codec) Size(data []byte) (height, width, channels int, err error) {
	h, err := readHeader(data)
	if err != nil {
		return 0, 0, 0, fmt.Errorf("png: %w", err)
	}
	return h.height, h.width, h.channels(), nil
}

// Decode writes the pixels of a file, whose size must be that, to dst without
// gaps.
func (Codec) Decode(dst, data []byte, height, width int) error {
	d := decoders.Get().(*decoder)
	err := d.decode(dst, data, height, width)
	d.release()
	decoders.Put(d)
	if err != nil {
		return fmt.Errorf("png: %w", err)
	}
	return nil
}

var decoders = sync.Pool{New: func() any { return new(decoder) }}

// Exif returns the EXIF part of a file, nothing if there is none.
func (Codec) Exif(data []byte) []byte {
	for rest := data[min(len(data), len(magic)):]; len(rest) >= frame; {
		n := int64(binary.BigEndian.Uint32(rest))
		if n > int64(len(rest)-frame) {
			break
		}
		if binary.BigEndian.Uint32(rest[4:]) == exif {
			return rest[8 : 8+n]
		}
		rest = rest[frame+n:]
	}
	return nil
}
