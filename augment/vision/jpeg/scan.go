package jpeg

import (
	"fmt"
	"math"

	"github.com/stokerdata/stoker/internal/jpegsimd"
)

// maxBlocks is how many blocks an MCU of several components may have (B.2.3).
const maxBlocks = 10

// A block is what decoding needs to know of one block of an MCU.
type block struct {
	comp         int
	x, y         int // in blocks, within the MCU
	across, down int // blocks that the component has in an MCU of this scan
	scale        int // rows of them that an MCU of all components has
	dc           *jpegsimd.Table
	ac           *jpegsimd.ACTable
	quant        *[64]int16
}

// A lane is a place of a scan from which MCUs are decoded.
type lane struct {
	feed  feed
	pred  [4]int32
	units [maxBlocks]jpegsimd.Unit
	mcus  jpegsimd.MCUs
	mcu   int  // the next one
	left  int  // MCUs up to a restart
	empty bool // nothing is left of the segment, and its MCUs are not decoded
}

// A scanner decodes scans, MCU by MCU, on the first lane, or with an index two
// rows of them side by side.
type scanner struct {
	*lane   // the current one
	lanes   [2]lane
	dc      [4]jpegsimd.Table
	ac      [4]jpegsimd.ACTable
	quant   [4][64]int16 // by component, in the order of Place
	latched [4]bool      // what quant has
	coef    [64]int16    // smoothed

	header   scanHeader
	blocks   [maxBlocks]block
	n        int // blocks of an MCU
	mcusX    int // MCUs of this scan across
	mcusY    int
	interval int // MCUs from restart to restart, 0 for one segment
	run      int // blocks that have no more coefficients in a progressive scan

	index    index
	smoother smoother

	policy Truncation
	filled bool // there were such
}

// reset forgets what belongs to a file.
func (s *scanner) reset(policy Truncation) {
	s.lane = &s.lanes[0]
	s.latched, s.policy, s.empty, s.filled = [4]bool{}, policy, false, false
	s.index.on = false
	s.smoother = smoother{}
	for i := range s.smoother.progress {
		s.smoother.progress[i] = newProgress()
	}
}

// A scanHeader says what a scan holds.
type scanHeader struct {
	n         int // components
	comps     [4]int
	codes     [4]uint8 // destinations of their tables, DC above AC
	band      jpegsimd.Band
	high      int    // the lowest bit that scans before have left out, 0 if there are none
	data      []byte // the file
	at        int    // where in data entropy-coded bytes begin
	component bool   // whether it is for one component, whose blocks stand alone
}

// read reads the header of the scan that p has found.
func (h *scanHeader) read(p *parser, f *frame) error {
	b := p.scan
	if len(b) < 1 || b[0] < 1 || b[0] > 4 || len(b) != 4+2*int(b[0]) {
		return p.errorf(ErrFormat, "a scan header of %d bytes", len(b))
	}
	*h = scanHeader{n: int(b[0]), data: p.data, at: p.at, component: b[0] == 1}
	for i := range h.n {
		// Components stand in the order of the frame (B.2.3), which tells those
		// apart that a file gives the same id.
		id, c := b[1+2*i], i
		for c < f.n && f.comps[c].id != id {
			c++
		}
		if c == f.n || i > 0 && c <= h.comps[i-1] {
			return p.errorf(ErrFormat, "a scan of component %d, which the frame lacks there", id)
		}
		h.comps[i], h.codes[i] = c, b[2+2*i]
	}
	if !f.progressive {
		h.band.Last = 63
		return nil
	}
	b = b[len(b)-3:]
	h.band = jpegsimd.Band{First: int(b[0]), Last: int(b[1]), Low: uint(b[2] & 15)}
	h.high = int(b[2] >> 4)
	if !h.legal() {
		return p.errorf(ErrFormat, "a scan of coefficients %d to %d, bits %d to %d", b[0], b[1], h.high, h.band.Low)
	}
	return nil
}

// legal reports whether a progressive file may have such a scan (G.1.1.1).
func (h *scanHeader) legal() bool {
	b := h.band
	if b.First == 0 && b.Last != 0 || b.First > b.Last || b.Last > 63 || b.First > 0 && h.n > 1 {
		return false
	}
	return b.Low <= 13 && (h.high == 0 || h.high == int(b.Low)+1)
}

// set reads the header of a scan and gets its tables.
func (s *scanner) set(p *parser, f *frame) error {
	h := &s.header
	if err := h.read(p, f); err != nil {
		return err
	}
	s.interval, s.n = p.interval, 0
	s.mcusX, s.mcusY = f.mcusX, f.mcusY
	if c := &f.comps[h.comps[0]]; h.component {
		s.mcusX, s.mcusY = c.blocksX, c.blocksY
	}
	for i := range h.n {
		if err := s.component(p, f, h.comps[i], h.codes[i]); err != nil {
			return err
		}
	}
	s.smoother.scans++
	for _, c := range h.comps[:h.n] {
		s.smoother.progress[c].scan(h, s.smoother.scans == 1)
	}
	return nil
}

// component adds the blocks of a component to those of an MCU.
func (s *scanner) component(p *parser, f *frame, i int, codes uint8) error {
	c, b := &f.comps[i], block{comp: i, quant: &s.quant[i]}
	if err := s.latch(p, c, i); err != nil {
		return err
	}
	if h := &s.header; h.band.First == 0 && h.high == 0 {
		b.dc = &s.dc[codes>>4&3]
		if err := set(b.dc, p, dcClass, codes>>4); err != nil {
			return err
		}
	}
	if s.header.band.Last > 0 {
		b.ac = &s.ac[codes&3]
		if err := set(b.ac, p, acClass, codes&15); err != nil {
			return err
		}
	}
	b.across, b.down, b.scale = c.h, c.v, 1
	if s.header.component {
		b.across, b.down, b.scale = 1, 1, c.v
	}
	if s.n+b.across*b.down > maxBlocks {
		return p.errorf(ErrFormat, "an MCU of more than %d blocks", maxBlocks)
	}
	for b.y = range b.down {
		for b.x = range b.across {
			s.blocks[s.n] = b
			s.n++
		}
	}
	return nil
}

// latch takes the quantisation table of a component, when its first scan begins:
// later ones of the file may replace it.
func (s *scanner) latch(p *parser, c *component, i int) error {
	if s.latched[i] {
		return nil
	}
	if !p.hasQuant[c.quant] {
		return p.errorf(ErrFormat, "quantisation table %d is missing", c.quant)
	}
	for k, v := range p.quant[c.quant] {
		s.quant[i][jpegsimd.Zigzag(k)] = int16(v)
	}
	s.latched[i] = true
	return nil
}

// set gives a table the code of a class and destination.
func set(t interface {
	Set(*[16]uint8, []uint8) error
}, p *parser, class, dest uint8) error {
	if dest > 3 || p.codes[class][dest].counts == nil {
		return p.errorf(ErrFormat, "Huffman table %d of class %d is missing", dest, class)
	}
	c := p.codes[class][dest]
	if err := t.Set(c.counts, c.symbols); err != nil {
		return p.errorf(ErrFormat, "%v", err)
	}
	return nil
}

// sequential reports whether the scan has whole blocks.
func (s *scanner) sequential() bool { return s.header.band.Last == 63 && s.header.band.First == 0 }

// plan gets a lane ready for the blocks of an MCU.
func (s *scanner) plan(l *lane) {
	s.lane = l
	for i, b := range s.blocks[:s.n] {
		s.units[i] = jpegsimd.Unit{DC: b.dc, AC: b.ac, Pred: &s.pred[b.comp]}
	}
	if s.sequential() {
		s.mcus.Set(s.units[:s.n])
	}
}

// begin goes to the first MCU.
func (s *scanner) begin() {
	s.plan(&s.lanes[0])
	s.feed.start(s.header.data, s.header.at)
	s.mcu, s.run, s.pred, s.empty = 0, 0, [4]int32{}, false
	s.left = s.toRestart()
}

// toRestart returns how many MCUs there are from the next one to a restart.
func (s *scanner) toRestart() int {
	if s.interval == 0 {
		return math.MaxInt
	}
	return s.interval - s.mcu%s.interval
}

// restart begins the next segment. Where data has ended, none does, and what
// follows is empty.
func (s *scanner) restart() error {
	s.left, s.run, s.pred = s.interval, 0, [4]int32{}
	ok, marker := s.feed.restart(s.mcu/s.interval - 1)
	switch {
	case ok:
		s.empty = false
		return nil
	case s.policy == Fill && (marker == 0 || marker == eoi):
		s.empty, s.filled = true, true
		return nil
	}
	return fmt.Errorf("byte %d: marker %02x where a restart before MCU %d should be: %w", s.feed.next, marker, s.mcu, ErrFormat)
}

// done ends n MCUs.
func (s *scanner) done(n int) error {
	s.mcu += n
	s.left -= n
	if s.feed.over() && !s.empty {
		return s.stuck(jpegsimd.Short, s.mcu)
	}
	return nil
}

// stuck gets more bytes when there are too few for a block of an MCU. At the end
// of a segment the policy decides. Like libjpeg, Fill finishes the MCU with zero
// bits and takes those that follow to be empty.
func (s *scanner) stuck(why, mcu int) error {
	if why == jpegsimd.Short && s.feed.more() {
		return nil
	}
	what := "bits that are no Huffman code or lead out of a block"
	if why == jpegsimd.Short {
		if s.policy == Fill {
			s.feed.zeros()
			s.empty, s.filled = true, true
			return nil
		}
		what = "the data ends too early"
	}
	return fmt.Errorf("byte %d, MCU %d: %s: %w", s.feed.next, mcu, what, ErrFormat)
}
