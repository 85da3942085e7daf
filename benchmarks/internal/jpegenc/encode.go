package jpegenc

// Process is the way in which coefficients are laid out in a file.
type Process uint8

// The processes.
const (
	Baseline    Process = iota // one scan
	Progressive                // ten scans, six for a grey picture
)

// Encode returns p as a file of the given quality, 1 to 100.
func (p *Picture) Encode(quality int, process Process) []byte {
	e := &encoder{Picture: p, codes: standard()}
	e.out = append(e.out, 0xff, 0xd8)
	e.segment(0xe0, []byte("JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"))
	for t := range min(len(p.planes), 2) {
		q := quantiser(t, quality)
		body := []byte{byte(t)}
		for _, at := range zigzag {
			body = append(body, byte(q[at]))
		}
		e.segment(0xdb, body)
	}
	for i := range p.planes {
		q := quantiser(p.planes[i].table, quality)
		e.blocks = append(e.blocks, p.planes[i].quantise(&q))
	}
	e.frame(process)
	if process == Baseline {
		e.sequential()
	} else {
		e.progressive()
	}
	return append(e.out, 0xff, 0xd9)
}

// encoder is a file that is being written.
type encoder struct {
	*Picture
	blocks [][]block // of each plane
	codes  [4]*code  // DC and AC, for luminance and for chrominance
	out    []byte
}

func (e *encoder) segment(marker byte, body []byte) {
	n := len(body) + 2
	e.out = append(e.out, 0xff, marker, byte(n>>8), byte(n))
	e.out = append(e.out, body...)
}

func (e *encoder) frame(process Process) {
	body := []byte{8, byte(e.h >> 8), byte(e.h), byte(e.w >> 8), byte(e.w), byte(len(e.planes))}
	for i, p := range e.planes {
		body = append(body, byte(i+1), byte(p.sample<<4|p.sample), byte(p.table))
	}
	e.segment(0xc0+byte(process)*2, body)
}

// header writes the codes that a scan uses and what it holds.
func (e *encoder) header(s *scan, of []int, lo, hi int, high, low uint) {
	for t := range s.freq {
		used := 0
		for _, n := range s.freq[t] {
			used += n
		}
		if used == 0 {
			continue
		}
		body := []byte{byte(t&1<<4 | t>>1)}
		for _, n := range e.codes[t].count[1:] {
			body = append(body, byte(n))
		}
		e.segment(0xc4, append(body, e.codes[t].syms...))
	}
	body := []byte{byte(len(of))}
	for _, i := range of {
		t := byte(e.planes[i].table)
		body = append(body, byte(i+1), t<<4|t)
	}
	e.segment(0xda, append(body, byte(lo), byte(hi), byte(high<<4|low)))
}

// all returns the numbers of all planes.
func (e *encoder) all() []int { return []int{0, 1, 2}[:len(e.planes)] }

// interleaved calls f for the blocks of all planes, MCU by MCU.
func (e *encoder) interleaved(f func(plane int, b *block)) {
	first := &e.planes[0]
	wide, high := first.stride/first.sample, len(first.blocks)/first.stride/first.sample
	for mcu := range wide * high {
		for i, p := range e.planes {
			x, y := mcu%wide*p.sample, mcu/wide*p.sample
			for k := range p.sample * p.sample {
				f(i, &e.blocks[i][(y+k/p.sample)*p.stride+x+k%p.sample])
			}
		}
	}
}

// single calls f for the blocks of one plane that hold pixels.
func (e *encoder) single(i int, f func(b *block)) {
	p := &e.planes[i]
	for y := range p.high {
		for x := range p.wide {
			f(&e.blocks[i][y*p.stride+x])
		}
	}
}

// sequential writes the one scan of a baseline file.
func (e *encoder) sequential() {
	var s scan
	var last [3]int32
	e.interleaved(func(i int, b *block) {
		t := 2 * e.planes[i].table
		s.dc(t, b[0]-last[i])
		last[i] = b[0]
		s.sequential(t+1, b)
	})
	e.header(&s, e.all(), 0, 63, 0, 0)
	e.out = s.write(e.out, &e.codes)
}

// progressive writes the scans of jpeg_simple_progression.
func (e *encoder) progressive() {
	e.dcFirst()
	e.ac(0, 1, 5, 0, 2)
	for i := len(e.planes) - 1; i > 0; i-- {
		e.ac(i, 1, 63, 0, 1)
	}
	e.ac(0, 6, 63, 0, 2)
	e.ac(0, 1, 63, 2, 1)
	e.dcRefine()
	for i := len(e.planes) - 1; i >= 0; i-- {
		e.ac(i, 1, 63, 1, 0)
	}
}

// finish writes a scan with the codes that are the best for it.
func (e *encoder) finish(s *scan, of []int, lo, hi int, high, low uint) {
	for t := range s.freq {
		e.codes[t] = best(s.freq[t])
	}
	e.header(s, of, lo, hi, high, low)
	e.out = s.write(e.out, &e.codes)
}

// dcFirst writes all but the last bit of the DC coefficients.
func (e *encoder) dcFirst() {
	var s scan
	var last [3]int32
	e.interleaved(func(i int, b *block) {
		v := b[0] >> 1
		s.dc(2*e.planes[i].table, v-last[i])
		last[i] = v
	})
	e.finish(&s, e.all(), 0, 0, 0, 1)
}

// dcRefine writes the last bit of the DC coefficients.
func (e *encoder) dcRefine() {
	var s scan
	e.interleaved(func(_ int, b *block) {
		s.tokens = append(s.tokens, token{-1, 0, 1, uint32(b[0] & 1)})
	})
	e.header(&s, e.all(), 0, 0, 1, 0)
	e.out = s.write(e.out, &e.codes)
}

// ac writes bits of some AC coefficients of a plane: those from low on, where
// high is the last one that was written before, or 0.
func (e *encoder) ac(i, lo, hi int, high, low uint) {
	var s scan
	t := 2*e.planes[i].table + 1
	e.single(i, func(b *block) {
		if high == 0 {
			s.first(t, b, lo, hi, low)
		} else {
			s.refine(t, b, lo, hi, low)
		}
	})
	s.ends(t)
	e.finish(&s, []int{i}, lo, hi, high, low)
}
