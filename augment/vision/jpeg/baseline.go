package jpeg

import "github.com/stokerdata/stoker/internal/jpegsimd"

// start gets ready for the row of MCUs that a strip begins with. Segments between
// restart markers that lie before it are not decoded. With an index each row
// enters the file by itself.
func (s *scanner) start(row int) error {
	if s.index.on {
		return nil
	}
	s.begin()
	for s.interval > 0 && s.mcu+s.interval <= row*s.mcusX {
		s.mcu += s.interval
		if err := s.restart(); err != nil {
			return err
		}
	}
	return nil
}

// row decodes the MCUs of row y that the strip needs, and passes over those that
// lie before them.
func (s *scanner) row(to *strip, y int) error {
	if s.index.on {
		s.enter(to.left, to.right, y)
	}
	if err := s.skip(y*s.mcusX + to.left - s.mcu); err != nil {
		return err
	}
	for x := range to.right - to.left {
		if err := s.decode(to, x); err != nil {
			return err
		}
	}
	return nil
}

// decode decodes one MCU into column x of a strip.
func (s *scanner) decode(to *strip, x int) error {
	if s.left == 0 {
		if err := s.restart(); err != nil {
			return err
		}
	}
	if s.empty {
		return s.blank(to, x)
	}
	for i := range s.blocks[:s.n] {
		b := &s.blocks[i]
		p := &to.planes[b.comp]
		end := s.take(b, p)
		for end < 0 {
			if err := s.stuck(end); err != nil {
				return err
			}
			end = s.take(b, p)
		}
		p.put(x, b.x, b.y, &s.coef, b.quant, end)
	}
	return s.done(1)
}

// take takes one block, and of blocks that become one sample only what that
// needs.
func (s *scanner) take(b *block, p *plane) int {
	if p.size > 1 {
		return jpegsimd.Block(&s.coef, b.dc, b.ac, &s.feed.bits, &s.pred[b.comp])
	}
	end := jpegsimd.Skip(b.dc, b.ac, &s.feed.bits, &s.pred[b.comp])
	s.coef[0] = int16(s.pred[b.comp])
	return end
}

// blank writes an MCU without coefficients.
func (s *scanner) blank(to *strip, x int) error {
	s.coef = [64]int16{}
	for i := range s.blocks[:s.n] {
		b := &s.blocks[i]
		to.planes[b.comp].put(x, b.x, b.y, &s.coef, b.quant, 0)
	}
	return s.done(1)
}

// skip passes over n MCUs.
func (s *scanner) skip(n int) error {
	for n > 0 {
		if s.left == 0 {
			if err := s.restart(); err != nil {
				return err
			}
		}
		some := 1
		if s.empty {
			some = min(n, s.left)
		} else if err := s.pass(); err != nil {
			return err
		}
		if err := s.done(some); err != nil {
			return err
		}
		n -= some
	}
	return nil
}

// pass passes over one MCU.
func (s *scanner) pass() error {
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
	return nil
}
