package jpeg

import "github.com/stokerdata/stoker/internal/jpegsimd"

// start goes to the row of MCUs that a strip begins with. Segments between
// restart markers that lie before it are not decoded.
func (s *scanner) start(row int) error {
	s.begin()
	for s.interval > 0 && s.mcu+s.interval <= row*s.mcusX {
		s.mcu += s.interval
		if err := s.restart(); err != nil {
			return err
		}
	}
	return s.skip(row*s.mcusX - s.mcu)
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
		dst, stride := to.planes[b.comp].block(x, b.x, b.y)
		jpegsimd.IDCT(dst, stride, &s.coef, b.quant, end)
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
			end := jpegsimd.Skip(b.dc, b.ac, &s.feed.bits, &s.pred[b.comp])
			for end < 0 {
				if err := s.stuck(end); err != nil {
					return err
				}
				end = jpegsimd.Skip(b.dc, b.ac, &s.feed.bits, &s.pred[b.comp])
			}
		}
		if err := s.done(); err != nil {
			return err
		}
	}
	return nil
}
