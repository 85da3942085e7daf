package png

import (
	"errors"
	"fmt"

	"github.com/stokerdata/stoker/internal/inflate"
	"github.com/stokerdata/stoker/internal/pixel"
)

// keep is how much a decoder keeps of a buffer for compressed data: to make a
// longer one costs little beside so many pixels.
const keep = 4 << 20

// decoder decodes one file after the other.
type decoder struct {
	header
	z      inflate.Reader
	joined []byte // compressed data of several chunks

	colours [256][3]uint8
	n       int // of colours

	above   []byte // the row before, noughts before the first
	noughts []byte // never written
	packed  pair   // rows of indices, or of samples of less than a byte
	lines   pair   // rows of an interlaced image
}

// pair is two buffers for rows, each of which is made while the other is above.
type pair struct {
	rows [2][]byte
	odd  int
}

// next returns the buffer that does not hold the row above.
func (p *pair) next(n int) []byte {
	p.odd ^= 1
	if len(p.rows[p.odd]) < n {
		p.rows[p.odd] = make([]byte, n)
	}
	return p.rows[p.odd][:n:n]
}

func (d *decoder) decode(dst, data []byte, height, width int) (err error) {
	if d.header, err = readHeader(data); err != nil {
		return err
	}
	if d.height != height || d.width != width || len(dst) != height*width*d.channels() {
		return fmt.Errorf("%dx%d pixels for %d bytes of %dx%d", d.height, d.width, len(dst), height, width)
	}
	stream, err := d.walk(data)
	if err != nil {
		return err
	}
	if d.colour == palette && d.n == 0 {
		return errors.New("no palette")
	}
	if err := d.z.Reset(stream); err != nil {
		return err
	}
	if d.interlaced {
		err = d.passes(dst)
	} else {
		err = d.rows(dst)
	}
	if err != nil {
		return err
	}
	return d.z.Close()
}

// release lets go of the file, and of buffers that are too large to keep.
func (d *decoder) release() {
	_ = d.z.Reset(nil)
	d.above = nil
	if cap(d.joined) > keep {
		d.joined = nil
	}
}

// walk goes through the chunks, all of which must be whole, and returns the
// compressed data. It lies in one chunk or in several that follow each other.
func (d *decoder) walk(data []byte) ([]byte, error) {
	const before, within, behind = 0, 1, 2
	var stream []byte
	d.joined, d.n = d.joined[:0], 0
	at := before
	for rest := data[len(magic):]; ; {
		kind, b, next, err := chunk(rest)
		if err != nil {
			return nil, err
		}
		switch {
		case kind == iend && at == before:
			return nil, errors.New("no image")
		case kind == iend && len(b) > 0:
			return nil, errors.New("the last chunk is not empty")
		case kind == iend:
			return stream, nil
		case kind != idat && at == within:
			at = behind
		case kind == plte && at == before:
			if err := d.setColours(b); err != nil {
				return nil, err
			}
		case kind == idat && at == before:
			at, stream = within, b
		case kind == idat && at == within:
			if len(d.joined) == 0 {
				d.joined = append(d.joined, stream...)
			}
			d.joined = append(d.joined, b...)
			stream = d.joined
		}
		rest = next
	}
}

func (d *decoder) setColours(b []byte) error {
	if d.colour != palette {
		return nil // a suggestion for screens of few colours
	}
	d.n = len(b) / 3
	if len(b)%3 != 0 || d.n > len(d.colours) {
		return fmt.Errorf("a palette of %d bytes", len(b))
	}
	for i := range d.n {
		d.colours[i] = [3]uint8(b[3*i:])
	}
	return nil
}

// begin prepares for rows of w pixels.
func (d *decoder) begin(w int) {
	n := max(d.rowBytes(w), d.channels()*w)
	if len(d.noughts) < n {
		d.noughts = make([]byte, n)
	}
	d.above = d.noughts
}

// rows decodes an image that is not interlaced.
func (d *decoder) rows(dst []byte) error {
	n := d.width * d.channels()
	d.begin(d.width)
	for len(dst) > 0 {
		if err := d.row(dst[:n:n], d.width); err != nil {
			return err
		}
		dst = dst[n:]
	}
	return nil
}

// passes decodes an interlaced image (Adam7): seven small ones, whose pixels lie
// in a grid.
func (d *decoder) passes(dst []byte) error {
	for _, p := range [...]struct{ x, y, stepX, stepY int }{
		{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2},
	} {
		w := (d.width - p.x + p.stepX - 1) / p.stepX
		if w <= 0 {
			continue
		}
		c := d.channels()
		d.begin(w)
		for y := p.y; y < d.height; y += p.stepY {
			line := d.lines.next(w * c)
			if err := d.row(line, w); err != nil {
				return err
			}
			scatter(dst[(y*d.width+p.x)*c:(y+1)*d.width*c], line, c, p.stepX)
		}
	}
	return nil
}

// row decodes the next row, of w pixels, to dst.
func (d *decoder) row(dst []byte, w int) error {
	n := d.rowBytes(w)
	raw, err := d.z.Next(1 + n)
	if err != nil {
		return err
	}
	filter, raw := raw[0], raw[1:]
	if filter > paeth {
		return fmt.Errorf("unknown filter %d", filter)
	}
	if d.colour == palette || d.depth < 8 {
		s := d.packed.next(n)
		copy(s, raw)
		unfilter(s, d.above, filter, 1)
		d.above = s
		return d.spread(dst, s, w)
	}
	d.pick(dst, raw)
	unfilter(dst, d.above, filter, d.channels())
	d.above = dst
	return nil
}

// pick copies the bytes of a row that become samples: of colours all or the
// first three, and of 16 bits the upper 8.
func (h header) pick(dst, raw []byte) {
	step, gap := h.bits()/8, int(h.depth/8)
	switch {
	case step == h.channels():
		copy(dst, raw)
	case h.channels() == 3:
		pixel.Pick(dst, raw, step, [3]int{0, gap, 2 * gap})
	default:
		for i := range dst {
			dst[i] = raw[i*step]
		}
	}
}

// spread makes w pixels of packed samples or of indices.
func (d *decoder) spread(dst, s []byte, w int) error {
	if d.colour == grey {
		pixel.Unpack(dst, s, uint(d.depth), 255/(1<<d.depth-1))
		return nil
	}
	if d.depth < 8 {
		// The indices may lie at the end of the row: each is read before the
		// pixels that are written reach it.
		indices := dst[2*w:]
		pixel.Unpack(indices, s, uint(d.depth), 1)
		s = indices
	}
	if !pixel.Palette(dst, s, d.colours[:d.n]) {
		return fmt.Errorf("an index beyond the palette of %d colours", d.n)
	}
	return nil
}

// scatter writes the pixels of line, of c samples each, step pixels apart.
func scatter(dst, line []byte, c, step int) {
	for i := 0; i < len(line); i += c {
		copy(dst[i*step:], line[i:i+c])
	}
}
