package jpeg

import (
	"fmt"

	"github.com/stokerdata/stoker/internal/jpegsimd"
)

// maxBlocks is how many blocks an MCU of several components may have (B.2.3).
const maxBlocks = 10

// A block is what decoding needs to know of one block of an MCU.
type block struct {
	comp   int
	x, y   int // in blocks, within the MCU
	dc, ac *jpegsimd.Table
	quant  *[64]int16
}

// A scanner decodes a sequential scan, MCU by MCU.
type scanner struct {
	feed   feed
	tables [2][4]jpegsimd.Table
	quant  [4][64]int16 // by component, in the order of Place
	pred   [4]int32
	coef   [64]int16

	data     []byte
	at       int // where in data the scan begins
	interval int
	blocks   [maxBlocks]block
	n        int // blocks of an MCU
	mcusX    int
	mcu      int // the next one
	left     int // MCUs up to a restart
}

// set reads the header of a scan.
func (s *scanner) set(p *parser, f *frame) error {
	b := p.scan
	if len(b) < 1 || b[0] < 1 || b[0] > 4 || len(b) != 4+2*int(b[0]) {
		return p.errorf(ErrFormat, "a scan header of %d bytes", len(b))
	}
	if f.progressive || int(b[0]) != f.n {
		return p.errorf(ErrUnsupported, "a scan of its own for each component")
	}
	s.data, s.at, s.interval, s.mcusX, s.n = p.data, p.at, p.interval, f.mcusX, 0
	var seen [4]bool
	for i := range f.n {
		if err := s.component(p, f, b[1+2*i], b[2+2*i], &seen); err != nil {
			return err
		}
	}
	return nil
}

// component adds the blocks of the component with an id.
func (s *scanner) component(p *parser, f *frame, id, dests uint8, seen *[4]bool) error {
	i := 0
	for i < f.n && (f.comps[i].id != id || seen[i]) {
		i++
	}
	if i == f.n {
		return p.errorf(ErrFormat, "a scan of component %d, which the frame lacks", id)
	}
	seen[i] = true
	c := &f.comps[i]
	if !p.hasQuant[c.quant] {
		return p.errorf(ErrFormat, "quantisation table %d is missing", c.quant)
	}
	for k, v := range p.quant[c.quant] {
		s.quant[i][jpegsimd.Zigzag(k)] = int16(v)
	}
	dc, err := s.table(p, jpegsimd.DC, dests>>4)
	if err != nil {
		return err
	}
	ac, err := s.table(p, jpegsimd.AC, dests&15)
	if err != nil {
		return err
	}
	if s.n+c.h*c.v > maxBlocks {
		return p.errorf(ErrFormat, "an MCU of more than %d blocks", maxBlocks)
	}
	for y := range c.v {
		for x := range c.h {
			s.blocks[s.n] = block{i, x, y, dc, ac, &s.quant[i]}
			s.n++
		}
	}
	return nil
}

// table returns the table of a class and destination.
func (s *scanner) table(p *parser, class jpegsimd.Class, dest uint8) (*jpegsimd.Table, error) {
	if dest > 3 || p.codes[class][dest].counts == nil {
		return nil, p.errorf(ErrFormat, "Huffman table %d of class %d is missing", dest, class)
	}
	t, c := &s.tables[class][dest], p.codes[class][dest]
	if err := t.Set(class, c.counts, c.symbols); err != nil {
		return nil, p.errorf(ErrFormat, "%v", err)
	}
	return t, nil
}

// start goes to a row of MCUs.
func (s *scanner) start(row int) error {
	s.feed.start(s.data, s.at)
	s.mcu, s.pred = 0, [4]int32{}
	s.left = s.interval
	if s.interval == 0 {
		s.left = 1 << 62
	}
	for s.mcu+s.interval <= row*s.mcusX && s.interval > 0 {
		s.mcu += s.interval
		if err := s.restart(); err != nil {
			return err
		}
	}
	for y := s.mcu / s.mcusX; y < row; y++ {
		if err := s.skip((y+1)*s.mcusX - s.mcu); err != nil {
			return err
		}
	}
	return nil
}

// restart begins the next segment.
func (s *scanner) restart() error {
	if s.interval > 0 && s.mcu > 0 {
		if !s.feed.restart(s.mcu/s.interval - 1) {
			return fmt.Errorf("byte %d: no restart marker before MCU %d: %w", s.feed.next, s.mcu, ErrFormat)
		}
	}
	s.left, s.pred = s.interval, [4]int32{}
	return nil
}

// row decodes the MCUs of row y that the strip needs, and passes over the others.
func (s *scanner) row(to *strip, y int) error {
	if err := s.skip(to.left); err != nil {
		return err
	}
	for x := range to.right - to.left {
		if err := s.decode(to, x); err != nil {
			return err
		}
	}
	if y == to.last {
		return nil
	}
	return s.skip(s.mcusX - to.right)
}

// decode decodes one MCU into column x of a strip.
func (s *scanner) decode(to *strip, x int) error {
	if s.left == 0 {
		if err := s.restart(); err != nil {
			return err
		}
	}
	for i := range s.blocks[:s.n] {
		b := &s.blocks[i]
		end := jpegsimd.Block(&s.coef, b.dc, b.ac, &s.feed.bits, &s.pred[b.comp])
		for end < 0 {
			if err := s.stuck(end); err != nil {
				return err
			}
			end = jpegsimd.Block(&s.coef, b.dc, b.ac, &s.feed.bits, &s.pred[b.comp])
		}
		p := &to.planes[b.comp]
		jpegsimd.IDCT(p.pix[p.origin+x*p.step+8*b.y*p.stride+8*b.x:], p.stride, &s.coef, b.quant, end)
	}
	return s.done()
}

// skip passes over n MCUs.
func (s *scanner) skip(n int) error {
	for range n {
		if s.left == 0 {
			if err := s.restart(); err != nil {
				return err
			}
		}
		for i := range s.blocks[:s.n] {
			b := &s.blocks[i]
			for {
				end := jpegsimd.Skip(b.dc, b.ac, &s.feed.bits, &s.pred[b.comp])
				if end >= 0 {
					break
				}
				if err := s.stuck(end); err != nil {
					return err
				}
			}
		}
		if err := s.done(); err != nil {
			return err
		}
	}
	return nil
}

// done ends an MCU.
func (s *scanner) done() error {
	if s.feed.over() {
		return s.stuck(jpegsimd.Short)
	}
	s.mcu++
	s.left--
	return nil
}

// stuck gets more bytes when there are too few for a block.
func (s *scanner) stuck(why int) error {
	if why == jpegsimd.Short && s.feed.more() {
		return nil
	}
	what := "bits that are no Huffman code"
	if why == jpegsimd.Short {
		what = "the data ends too early"
	}
	return fmt.Errorf("byte %d, MCU %d: %s: %w", s.feed.next, s.mcu, what, ErrFormat)
}
