package jpeg

import "github.com/stokerdata/stoker/internal/jpegsimd"

// maxMCUs bounds the MCUs that are decoded in one go: goroutines are not
// interrupted within kernels.
const maxMCUs = 256

// start gets ready for the rows of MCUs of a strip. Segments between restart
// markers that lie before it are not decoded. With an index each row enters the
// file by itself.
func (s *scanner) start(to *strip) error {
	if !s.index.on {
		s.begin()
		s.aim(to)
	} else {
		for i := range s.lanes {
			s.plan(&s.lanes[i])
			s.aim(to)
		}
	}
	for !s.index.on && s.interval > 0 && s.mcu+s.interval <= to.first*s.mcusX {
		s.mcu += s.interval
		if err := s.restart(); err != nil {
			return err
		}
	}
	return nil
}

// aim tells where the samples of blocks go.
func (s *scanner) aim(to *strip) {
	for i, b := range s.blocks[:s.n] {
		p, u := &to.planes[b.comp], &s.mcus.Units[i]
		u.Quant, u.Stride, u.Step, u.Size = b.quant, p.stride, p.step, p.size
	}
}

// fill decodes the MCUs that the strip needs, and passes over those that lie
// before them.
func (s *scanner) fill(to *strip) error {
	if to.count == 2 && s.beside(to) {
		return nil
	}
	for i := range to.count {
		if s.index.on {
			s.enter(to.left, to.right, to.top+i)
		}
		if err := s.skip((to.top+i)*s.mcusX + to.left - s.mcu); err != nil {
			return err
		}
		s.place(to, i)
		if err := s.pass(to.right-to.left, to.memory); err != nil {
			return err
		}
	}
	return nil
}

// place lets the next MCU be the first one of a row of the strip.
func (s *scanner) place(to *strip, row int) {
	for i, b := range s.blocks[:s.n] {
		s.mcus.Units[i].At = to.planes[b.comp].block(b.x, row*b.down+b.y)
	}
}

// beside decodes two rows of MCUs, one on each lane. Where it cannot it reports
// false: one row after the other tells what is wrong, and where.
func (s *scanner) beside(to *strip) bool {
	defer func() { s.lane = &s.lanes[0] }()
	for i := range s.lanes {
		s.lane = &s.lanes[i]
		s.enter(to.left, to.right, to.top+i)
		s.place(to, i)
	}
	before := (to.top+1)*s.mcusX + to.left - s.mcu
	return s.both(before, nil) && s.both(to.right-to.left, to.memory)
}

// both decodes n MCUs of each lane, or passes over them.
func (s *scanner) both(n int, pix []uint8) bool {
	a, b := &s.lanes[0], &s.lanes[1]
	for n > 0 {
		some := min(n, maxMCUs)
		n -= some
		a.mcus.Start(some)
		b.mcus.Start(some)
		if !a.feed.padded && !b.feed.padded && jpegsimd.Beside(&a.mcus, &b.mcus, &a.feed.bits, &b.feed.bits, pix) != 0 {
			return false
		}
		for i := range s.lanes {
			s.lane = &s.lanes[i]
			done, err := s.finish(some, pix)
			if err == nil {
				err = s.pass(some-done, pix)
			}
			if err != nil {
				return false
			}
		}
	}
	return true
}

// skip passes over n MCUs.
func (s *scanner) skip(n int) error { return s.pass(n, nil) }

// pass decodes n MCUs to pix, or passes over them if that is nil.
func (s *scanner) pass(n int, pix []uint8) error {
	for n > 0 {
		some, err := s.some(n, pix)
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
	return s.finish(n, pix)
}

// finish is some for n MCUs that have been started.
func (s *scanner) finish(n int, pix []uint8) (int, error) {
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
