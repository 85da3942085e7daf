package gif

import (
	"fmt"
	"sync"

	"github.com/stokerdata/stoker/internal/pixel"
)

// keep is the largest room for a frame that is kept for the next file: to make
// a larger one costs little beside so many pixels.
const keep = 16 << 20

// Codec decodes GIF files. Several goroutines may use it at once.
type Codec struct{}

// Match reports whether data begins as a GIF file does.
func (Codec) Match(data []byte) bool {
	return len(data) >= 6 && (string(data[:6]) == "GIF87a" || string(data[:6]) == "GIF89a")
}

// Size returns what the header and the first frame say: channels is 1 for grey
// and 3 for colours.
func (Codec) Size(data []byte) (height, width, channels int, err error) {
	f, err := readFrame(data)
	if err != nil {
		return 0, 0, 0, fmt.Errorf("gif: %w", err)
	}
	return f.canvasH, f.canvasW, f.channels(), nil
}

// Decode writes the pixels of a file, whose size must be that, to dst without
// gaps.
func (Codec) Decode(dst, data []byte, height, width int) error {
	f, err := readFrame(data)
	if err == nil && (f.canvasH != height || f.canvasW != width || len(dst) != height*width*f.channels()) {
		err = fmt.Errorf("%dx%d pixels for %d bytes of %dx%d", f.canvasH, f.canvasW, len(dst), height, width)
	}
	if err == nil {
		d := decoders.Get().(*decoder)
		err = d.decode(dst, &f)
		d.release()
		decoders.Put(d)
	}
	if err != nil {
		return fmt.Errorf("gif: %w", err)
	}
	return nil
}

var decoders = sync.Pool{New: func() any { return new(decoder) }}

// decoder decodes one file after the other.
type decoder struct {
	lzw  lzw
	room []byte
}

func (d *decoder) release() {
	d.lzw.in = nil
	if cap(d.room) > keep {
		d.room = nil
	}
}

// decode writes a frame and, around it, the canvas.
func (d *decoder) decode(dst []byte, f *frame) error {
	if f.h == f.canvasH && f.w == f.canvasW && !f.interlaced {
		// The indices may lie at the end: each is read before the pixels that
		// are written reach it.
		indices := dst[len(dst)-f.h*f.w:]
		if err := d.lzw.decode(indices, f.codes); err != nil {
			return err
		}
		return f.colour(dst, indices)
	}
	if len(d.room) < f.h*f.w {
		d.room = make([]byte, f.h*f.w)
	}
	indices := d.room[:f.h*f.w]
	if err := d.lzw.decode(indices, f.codes); err != nil {
		return err
	}
	canvas := pixel.Packed(dst, f.canvasH, f.canvasW, f.channels())
	if f.h*f.w < f.canvasH*f.canvasW {
		f.fill(canvas)
	}
	window := canvas.Crop(f.x, f.y, f.w, f.h)
	for _, p := range f.passes() {
		for y := p.first; y < f.h; y += p.step {
			if err := f.colour(window.Row(y), indices[:f.w]); err != nil {
				return err
			}
			indices = indices[f.w:]
		}
	}
	return nil
}
