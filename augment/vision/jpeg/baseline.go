package jpeg

// maxMCUs bounds the MCUs that are decoded in one go: goroutines are not
// interrupted within kernels.
const maxMCUs = 256

// start gets ready for the rows of MCUs of a strip. Segments between restart
// markers that lie before it are not decoded. With an index each row enters the
// file by itself.
func (s *scanner) start(to *strip) error {
	if s.index.on {
		s.plan()
	} else {
		s.begin()
	}
	for i, b := range s.blocks[:s.n] {
		p, u := &to.planes[b.comp], &s.mcus.Units[i]
		u.Quant, u.Stride, u.Step, u.Size = b.quant, p.stride, p.step, p.size
	}
	for !s.index.on && s.interval > 0 && s.mcu+s.interval <= to.first*s.mcusX {
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
	for i, b := range s.blocks[:s.n] {
		s.mcus.Units[i].At = to.planes[b.comp].block(b.x, b.y)
	}
	for left := to.right - to.left; left > 0; {
		n, err := s.some(left, to.memory)
		if err != nil {
			return err
		}
		left -= n
	}
	return nil
}

// skip passes over n MCUs.
func (s *scanner) skip(n int) error {
	for n > 0 {
		some, err := s.some(n, nil)
		if err != nil {
			return err
		}
		n -= some
	}
	return nil
}

// some decodes the next MCUs to pix, or passes over them if that is nil. It
// returns how many: n at most.
func (s *scanner) some(n int, pix []uint8) (int, error) {
	if s.left == 0 {
		if err := s.restart(); err != nil {
			return 0, err
		}
	}
	n = min(n, s.left, maxMCUs)
	if s.feed.padded {
		n = 1
	}
	s.mcus.Start(n)
	if s.empty {
		if pix != nil {
			s.mcus.Blank(pix)
		}
		return n, s.done(n)
	}
	for {
		why := s.decode(pix)
		if why == 0 {
			return n, s.done(n)
		}
		done := s.mcus.Next / s.n
		if err := s.stuck(why, s.mcu+done); err != nil {
			return 0, err
		}
		if s.feed.padded { // behind the data each MCU is looked at by itself
			n = done + 1
			s.mcus.End = n * s.n
		}
	}
}

func (s *scanner) decode(pix []uint8) int {
	if pix == nil {
		return s.mcus.Skip(&s.feed.bits)
	}
	return s.mcus.Decode(&s.feed.bits, pix)
}
