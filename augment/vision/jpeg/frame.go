package jpeg

import (
	"encoding/binary"
	"image"
)

// maxEdge is libjpeg's bound on height and width.
const maxEdge = 65500

// colours is what the components of an image are.
type colours uint8

const (
	grey colours = iota
	ycc
	rgb
	cmyk
	ycck
)

// A component is one plane of samples.
type component struct {
	id, quant        uint8
	h, v             int  // sampling factors
	blocksX, blocksY int  // without those that only fill MCUs up
	size             int  // samples across and down that become of a block
	across, down     int  // pixels for each sample
	width, height    int  // in samples
	fancy            bool // upsampled by a filter
}

// A frame is the geometry of an image.
type frame struct {
	fileWidth, fileHeight int // in pixels of the file
	width, height         int // in pixels of the decoded image, which is scaled
	n                     int // components
	comps                 [4]component
	colours               colours
	progressive           bool
	mcuW, mcuH            int // in decoded pixels
	mcusX, mcusY          int
}

// set reads the frame header that p has found, for decoding at 1/scale.
func (f *frame) set(p *parser, scale int) error {
	b := p.frame
	if p.scan == nil {
		return p.errorf(ErrFormat, "the file ends before an image begins")
	}
	if len(b) < 6 || len(b) != 6+3*int(b[5]) {
		return p.errorf(ErrFormat, "a frame header of %d bytes", len(b))
	}
	*f = frame{
		fileHeight: int(binary.BigEndian.Uint16(b[1:])), fileWidth: int(binary.BigEndian.Uint16(b[3:])),
		n: int(b[5]), progressive: p.sof == sof2,
	}
	switch {
	case b[0] != 8:
		return p.errorf(ErrUnsupported, "samples of %d bits", b[0])
	case f.fileHeight == 0:
		return p.errorf(ErrUnsupported, "a height that is told after the image")
	case f.fileWidth == 0 || f.fileWidth > maxEdge || f.fileHeight > maxEdge:
		return p.errorf(ErrFormat, "%dx%d pixels", f.fileWidth, f.fileHeight)
	case f.n != 1 && f.n != 3 && f.n != 4:
		return p.errorf(ErrUnsupported, "%d components", f.n)
	}
	for i := range f.n {
		c, s := &f.comps[i], b[6+3*i:]
		c.id, c.h, c.v, c.quant = s[0], int(s[1]>>4), int(s[1]&15), s[2]
		if c.h < 1 || c.h > 4 || c.v < 1 || c.v > 4 || c.quant > 3 {
			return p.errorf(ErrFormat, "component %d has sampling %dx%d and quantisation table %d", c.id, c.h, c.v, c.quant)
		}
	}
	f.colours = f.whatColours(p)
	return f.sample(p, 8/scale)
}

// sample derives sizes from the sampling factors and from the least samples that
// become of a block in one direction.
func (f *frame) sample(p *parser, least int) error {
	if f.n == 1 { // a lone component is not sampled in relation to anything
		f.comps[0].h, f.comps[0].v = 1, 1
	}
	maxH, maxV := 1, 1
	for _, c := range f.comps[:f.n] {
		maxH, maxV = max(maxH, c.h), max(maxV, c.v)
	}
	f.width, f.height = ceil(f.fileWidth*least, 8), ceil(f.fileHeight*least, 8)
	f.mcuW, f.mcuH = least*maxH, least*maxV
	f.mcusX, f.mcusY = ceil(f.fileWidth, 8*maxH), ceil(f.fileHeight, 8*maxV)
	for i := range f.n {
		c := &f.comps[i]
		if maxH%c.h != 0 || maxV%c.v != 0 {
			return p.errorf(ErrUnsupported, "sampling %dx%d beside %dx%d", c.h, c.v, maxH, maxV)
		}
		c.blocksX, c.blocksY = ceil(f.fileWidth*c.h, 8*maxH), ceil(f.fileHeight*c.v, 8*maxV)
		// A subsampled component needs less scaling, and then no upsampling.
		for c.size = least; c.size < 8 && maxH*least%(2*c.size*c.h) == 0 && maxV*least%(2*c.size*c.v) == 0; {
			c.size *= 2
		}
		c.across, c.down = maxH*least/(c.h*c.size), maxV*least/(c.v*c.size)
		c.width, c.height = ceil(f.fileWidth*c.h*c.size, 8*maxH), ceil(f.fileHeight*c.v*c.size, 8*maxV)
		switch (image.Point{X: c.across, Y: c.down}) {
		case image.Pt(2, 1), image.Pt(2, 2):
			c.fancy = least > 1 && c.width > 2 // what libjpeg's filter needs
		case image.Pt(1, 2):
			c.fancy = least > 1
		}
	}
	return nil
}

func ceil(a, b int) int { return (a + b - 1) / b }

// whatColours tells the colour space as libjpeg does (jdapimin.c).
func (f *frame) whatColours(p *parser) colours {
	switch {
	case f.n == 1:
		return grey
	case f.n == 4 && (p.adobe < 0 || p.adobe == 0):
		return cmyk
	case f.n == 4:
		return ycck
	case p.jfif:
		return ycc
	case p.adobe == 0:
		return rgb
	case p.adobe < 0 && f.comps[0].id == 'R' && f.comps[1].id == 'G' && f.comps[2].id == 'B':
		return rgb
	}
	return ycc
}

func (f *frame) header() Header {
	h := Header{Width: f.width, Height: f.height, Components: f.n, Progressive: f.progressive, MCU: image.Pt(f.mcuW, f.mcuH)}
	for i, c := range f.comps[:f.n] {
		h.Sampling[i] = image.Pt(c.h, c.v)
	}
	return h
}

// stripBytes returns the memory that strips of the whole width need.
func (f *frame) stripBytes() int64 {
	n := int64(f.width+slack) * 8
	for _, c := range f.comps[:f.n] {
		n += int64(f.mcusX*8*c.h+margin+2*slack) * int64(8*c.v+1)
	}
	return n
}

// storeBytes returns the memory that all coefficients need.
func (f *frame) storeBytes() int64 { return int64(f.blocks()) * (128 + 8) }

// blocks returns how many blocks there are.
func (f *frame) blocks() (n int) {
	for _, c := range f.comps[:f.n] {
		n += f.mcusX * c.h * f.mcusY * c.v
	}
	return n
}

// leastBits returns how many bits entropy-coded data has at least: one for each
// block within the image, in the first scan of a component.
func (f *frame) leastBits() (n int64) {
	for _, c := range f.comps[:f.n] {
		n += int64(c.blocksX) * int64(c.blocksY)
	}
	return n
}
