package jpeg

import (
	"math/bits"

	"github.com/stokerdata/stoker/internal/jpegsimd"
)

// A store holds all coefficients of an image whose blocks are coded in several
// scans.
type store struct {
	memory  []([64]int16)
	nonzero []uint64 // by block, as jpegsimd.Coefficient says
	first   [4]int   // block of each component
	stride  [4]int   // blocks from one row to the next
	full    bool     // all scans of the opened file have been decoded, or led to err
	err     error
}

// reset makes room for an image, of zeros.
func (st *store) reset(f *frame) {
	n := f.blocks()
	if cap(st.memory) < n {
		st.memory, st.nonzero = make([][64]int16, n), make([]uint64, n)
	} else {
		st.memory, st.nonzero = st.memory[:n], st.nonzero[:n]
		clear(st.memory)
		clear(st.nonzero)
	}
	n = 0
	for i, c := range f.comps[:f.n] {
		st.first[i], st.stride[i] = n, f.mcusX*c.h
		n += st.stride[i] * f.mcusY * c.v
	}
}

// fill decodes all scans, of which the scanner has read the first header.
func (d *Decoder) fill() error {
	d.store.reset(&d.frame)
	var seen [4]bool
	for n := 1; ; n++ {
		if n > d.options.MaxScans {
			return d.parser.errorf(ErrLimit, "more than %d scans", d.options.MaxScans)
		}
		for _, c := range d.scan.header.comps[:d.scan.header.n] {
			seen[c] = true
		}
		if err := d.scan.all(&d.store); err != nil {
			return err
		}
		d.parser.at = d.scan.feed.next
		if more, err := d.nextScan(); err != nil {
			return err
		} else if !more {
			break
		}
	}
	for i, c := range d.frame.comps[:d.frame.n] {
		if !seen[i] && d.options.Truncated != Fill {
			return d.parser.errorf(ErrFormat, "no scan of component %d", c.id)
		}
	}
	d.smooth = d.scan.smoother.needed(&d.frame, &d.scan.quant)
	return nil
}

// nextScan reads up to the next scan, if there is one.
func (d *Decoder) nextScan() (more bool, err error) {
	err = d.parser.toScan()
	if err == nil && d.parser.scan == nil {
		if d.parser.ended {
			return false, nil
		}
		err = d.parser.errorf(ErrFormat, "the file ends before the image does")
	}
	if err == nil {
		err = d.scan.set(&d.parser, &d.frame)
	}
	if err != nil && d.options.Truncated == Fill && d.parser.cut() {
		d.scan.filled = true
		return false, nil
	}
	return err == nil, err
}

// all decodes one scan into a store.
func (s *scanner) all(st *store) error {
	s.begin()
	for y := range s.mcusY {
		for x := 0; x < s.mcusX; {
			if s.left == 0 {
				if err := s.restart(); err != nil {
					return err
				}
			}
			if !s.empty {
				s.smoother.lastGood = y / s.blocks[0].scale
			}
			n := min(s.run, s.mcusX-x, s.left)
			switch {
			case s.empty:
				n = min(s.mcusX-x, s.left)
			case n > 0 && s.header.high == 0:
				s.run -= n
			default:
				n = 1
				if err := s.unit(st, x, y); err != nil {
					return err
				}
			}
			if err := s.done(n); err != nil {
				return err
			}
			x += n
		}
	}
	return nil
}

// unit decodes what one MCU has in a scan.
func (s *scanner) unit(st *store, x, y int) error {
	for i := range s.blocks[:s.n] {
		b := &s.blocks[i]
		at := st.first[b.comp] + (y*b.down+b.y)*st.stride[b.comp] + x*b.across + b.x
		for {
			why := s.block(i, &st.memory[at], &st.nonzero[at])
			if why >= 0 {
				break
			}
			if err := s.stuck(why, s.mcu); err != nil {
				return err
			}
		}
	}
	return nil
}

// block decodes what block i of an MCU has in a scan. It returns jpegsimd.Short or Bad,
// or a number that is not negative.
func (s *scanner) block(i int, coef *[64]int16, nonzero *uint64) int {
	h, b, bits := &s.header, &s.blocks[i], &s.feed.bits
	switch {
	case s.sequential():
		end := jpegsimd.Block(coef, &s.units[i], bits)
		if end > 0 {
			*nonzero = jpegsimd.Coefficient(end - 1)
		}
		return end
	case h.band.First > 0 && h.high > 0:
		return s.keepRun(jpegsimd.Refine(coef, nonzero, b.ac, bits, h.band, s.run))
	case h.band.First > 0:
		return s.keepRun(jpegsimd.Select(coef, nonzero, b.ac, bits, h.band))
	case h.high > 0:
		bit := jpegsimd.Bit(bits)
		if bit > 0 {
			coef[0] |= 1 << h.band.Low
		}
		return bit
	}
	why := jpegsimd.Difference(b.dc, bits, &s.pred[b.comp])
	if why == 0 {
		coef[0] = int16(s.pred[b.comp] << h.band.Low)
	}
	return why
}

// keepRun notes how many blocks follow that have no more coefficients.
func (s *scanner) keepRun(n int) int {
	if n >= 0 {
		s.run = n
	}
	return n
}

// transform fills a strip from a store.
func (d *Decoder) transform(to *strip) {
	f, st := &d.frame, &d.store
	for i, c := range f.comps[:f.n] {
		for y := to.top * c.v; y < (to.top+1)*c.v; y++ {
			for x := to.left * c.h; x < to.right*c.h; x++ {
				at := st.first[i] + y*st.stride[i] + x
				coef, end := &st.memory[at], 64-bits.TrailingZeros64(st.nonzero[at])
				if d.smooth && x < c.blocksX && y < c.blocksY {
					coef, end = &d.scan.coef, 64
					d.scan.smoother.block(coef, f, st, i, x, y, &d.scan.quant[i])
				}
				p := &to.planes[i]
				p.put(to.memory[p.block(x-to.left*c.h, y-to.top*c.v):], coef, &d.scan.quant[i], end)
			}
		}
	}
}
