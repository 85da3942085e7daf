package jpeg

import (
	"image"

	"github.com/stokerdata/stoker/internal/jpegsimd"
)

// A plane holds the samples of one component in a strip, with one row above that
// the strip before has left, and a sample on either side of each row.
type plane struct {
	pix    []uint8
	at     int // of pix, in the strip's memory
	stride int
	origin int // of the first sample of the first MCU
	size   int // samples across and down of a block
	step   int // samples from one MCU to the next
	rows   int // of a whole strip
	from   int // the first sample of a row that the window needs
	n      int // how many it needs
	skip   int // pixels of the first one that lie before the window
}

// margin is the room before the samples of a row, slack that behind the last.
const (
	margin = 32
	slack  = 64
)

// A strip is a few rows of MCUs, of which it holds those that a window needs: from
// column left up to right of rows first to last.
type strip struct {
	window                   image.Rectangle
	left, right, first, last int
	tall, top, count         int // rows there is room for, the first one that is there, and how many
	line                     int // the row of pixels that is written next
	planes                   [4]plane
	memory                   []uint8
	lines                    [4][]uint8 // upsampled components
	colours                  []uint8
}

// set makes room for the strips of a window, each of so many rows.
func (s *strip) set(f *frame, window image.Rectangle, tall int) {
	s.window, s.line, s.tall = window, window.Min.Y, tall
	x, y := 0, 0 // pixels beyond the window that filters look at
	for _, c := range f.comps[:f.n] {
		if c.fancy {
			x, y = max(x, c.across-1), max(y, c.down-1)
		}
	}
	s.left, s.right = max(window.Min.X-x, 0)/f.mcuW, min(window.Max.X-1+x, f.width-1)/f.mcuW+1
	s.first, s.last = max(window.Min.Y-y, 0)/f.mcuH, min(window.Max.Y-1+y, f.height-1)/f.mcuH
	lineBytes := window.Dx() + 2 + slack
	need := 3*window.Dx() + slack + f.n*lineBytes
	for i, c := range f.comps[:f.n] {
		p := &s.planes[i]
		p.size, p.step, p.rows = c.size, c.size*c.h, tall*c.size*c.v
		p.stride = (margin + (s.right-s.left)*p.step + slack + 31) &^ 31
		p.origin = p.stride + margin
		p.from, p.skip = window.Min.X/c.across-s.left*p.step, window.Min.X%c.across
		p.n = (window.Max.X-1)/c.across - window.Min.X/c.across + 1
		need += p.stride * (p.rows + 1)
	}
	if len(s.memory) < need {
		s.memory = make([]uint8, need)
	}
	rest := s.memory
	take := func(n int) []uint8 {
		b := rest[:n:n]
		rest = rest[n:]
		return b
	}
	for i := range f.n {
		p := &s.planes[i]
		p.at = len(s.memory) - len(rest)
		p.pix = take(p.stride * (p.rows + 1))
		s.lines[i] = take(lineBytes)
	}
	s.colours = take(3*window.Dx() + slack)
}

// block returns where in the strip's memory block (x, y) begins, counted from the
// first one of the strip.
func (p *plane) block(x, y int) int { return p.at + p.origin + p.size*(y*p.stride+x) }

// put writes a block.
func (p *plane) put(dst []uint8, coef, quant *[64]int16, end int) {
	if p.size == 8 {
		jpegsimd.IDCT(dst, p.stride, coef, quant, end)
		return
	}
	jpegsimd.Scaled(dst, p.stride, coef, quant, p.size)
}

// row returns n samples from column x of row y, counted from the first row and
// the first column of the strip.
func (p *plane) row(x, y, n int) []uint8 {
	at := p.origin + y*p.stride + x
	return p.pix[at : at+n : at+n]
}

// edges repeats samples beyond the edges of the image, where filters look.
func (s *strip) edges(f *frame) {
	for i := range f.n {
		c, p := &f.comps[i], &s.planes[i]
		if !c.fancy || c.across == 1 {
			continue
		}
		end := c.width - s.left*p.step
		for y := range p.rows {
			row := p.pix[(y+1)*p.stride : (y+2)*p.stride]
			if s.left == 0 {
				row[margin-1] = row[margin]
			}
			if s.right == f.mcusX {
				row[margin+end] = row[margin+end-1]
			}
		}
	}
}

// begin makes s the first strip.
func (s *strip) begin() { s.top, s.count = s.first, min(s.tall, s.last-s.first+1) }

// next makes s the strip that follows, which is empty behind the last one. It
// moves the last row of each plane above it.
func (s *strip) next(f *frame) {
	s.top += s.count
	s.count = min(s.tall, s.last-s.top+1)
	for i := range f.n {
		p := &s.planes[i]
		copy(p.pix[:p.stride], p.pix[p.rows*p.stride:])
	}
}

// emit writes the rows of pixels for which all samples are there: of the strip,
// and the last one of the strip before if it has waited.
func (s *strip) emit(f *frame, to target) error {
	behind := s.top + s.count
	end := behind * f.mcuH
	for _, c := range f.comps[:f.n] {
		if c.fancy && c.down == 2 && behind < f.mcusY {
			end = behind*f.mcuH - 1
		}
	}
	n := 3 * s.window.Dx()
	for end = min(end, s.window.Max.Y); s.line < end; s.line++ {
		y := s.line - s.window.Min.Y
		line := s.colours[:n]
		if to.sink == nil {
			line = to.dst[y*to.stride:][:n]
		}
		s.colour(f, line)
		if to.sink != nil {
			if err := to.sink.Row(y, line); err != nil {
				return err
			}
		}
	}
	return nil
}

// colour writes the next row of pixels.
func (s *strip) colour(f *frame, dst []uint8) {
	var c [4][]uint8
	for i := range f.n {
		c[i] = s.samples(f, i)
	}
	switch f.colours {
	case grey:
		jpegsimd.Weave(dst, c[0], c[0], c[0])
	case rgb:
		jpegsimd.Weave(dst, c[0], c[1], c[2])
	case ycc:
		jpegsimd.YCC(dst, c[0], c[1], c[2])
	case cmyk:
		jpegsimd.Weave(dst, c[0], c[1], c[2])
		ink(dst, c[3], 0)
	case ycck:
		jpegsimd.YCC(dst, c[0], c[1], c[2])
		ink(dst, c[3], 255)
	}
}

// samples returns component i of the next row of pixels.
func (s *strip) samples(f *frame, i int) []uint8 {
	c, p := &f.comps[i], &s.planes[i]
	row, first := s.line, s.top*c.size*c.v
	if c.down > 1 { // a division takes longer than all else here
		row /= c.down
	}
	y := row - first
	if c.across == 1 && !c.fancy {
		return p.row(p.from, y, p.n)
	}
	if !c.fancy {
		return spread(s.lines[i], p.row(p.from, y, p.n), c.across, p.skip, s.window.Dx())
	}
	near := y
	if c.down == 2 {
		near = min(max(row-1+2*(s.line&1), 0), c.height-1) - first
	}
	switch {
	case c.across == 1:
		jpegsimd.Up12(s.lines[i], p.row(p.from, y, p.n), p.row(p.from, near, p.n), 1+s.line&1)
	case c.down == 1:
		jpegsimd.Up21(s.lines[i], p.row(p.from-1, y, p.n+2))
	default:
		jpegsimd.Up22(s.lines[i], p.row(p.from-1, y, p.n+2), p.row(p.from-1, near, p.n+2))
	}
	return s.lines[i][p.skip:][:s.window.Dx()]
}

// spread repeats samples: each stands for as many pixels as across says, the
// first for skip less.
func spread(dst, src []uint8, across, skip, n int) []uint8 {
	dst = dst[:n]
	for i := range dst {
		dst[i] = src[(i+skip)/across]
	}
	return dst
}

// ink makes colours of inks, as Pillow does: of the amounts that are stored, the
// complements, multiplied with what the black ink k leaves. Colours come as the
// complements of inks, or with flip 255 as inks.
func ink(rgb, k []uint8, flip uint8) {
	for _, v := range k {
		if len(rgb) < 3 { // never: a hint for the compiler
			break
		}
		for c := range 3 {
			t := uint32(rgb[c]^flip)*uint32(v) + 128
			rgb[c] = uint8((t>>8 + t) >> 8)
		}
		rgb = rgb[3:]
	}
}
