package jpegenc

import "math/bits"

// scan collects what a scan writes.
type scan struct {
	tokens []token
	freq   [4][256]int
	run    int     // blocks that end here, not written yet
	late   []token // correction bits of these
}

func (s *scan) symbol(table int, sym uint8, low uint32, n uint8) {
	s.freq[table][sym]++
	s.tokens = append(s.tokens, token{int8(table), sym, n, low})
}

// dc writes the difference of a DC coefficient to the last one.
func (s *scan) dc(table int, diff int32) {
	n, low := magnitude(diff)
	s.symbol(table, n, low, n)
}

// sequential writes the AC coefficients of a block all at once.
func (s *scan) sequential(table int, b *block) {
	zeros := 0
	for k := 1; k < 64; k++ {
		if b[k] == 0 {
			zeros++
			continue
		}
		for ; zeros > 15; zeros -= 16 {
			s.symbol(table, 0xf0, 0, 0)
		}
		n, low := magnitude(b[k])
		s.symbol(table, uint8(zeros<<4)|n, low, n)
		zeros = 0
	}
	if zeros > 0 {
		s.symbol(table, 0, 0, 0)
	}
}

// first writes the upper bits of the coefficients lo to hi of a block.
func (s *scan) first(table int, b *block, lo, hi int, low uint) {
	zeros := 0
	for k := lo; k <= hi; k++ {
		v := b[k] >> low
		if b[k] < 0 {
			v = -(-b[k] >> low)
		}
		if v == 0 {
			zeros++
			continue
		}
		s.ends(table)
		for ; zeros > 15; zeros -= 16 {
			s.symbol(table, 0xf0, 0, 0)
		}
		n, bits := magnitude(v)
		s.symbol(table, uint8(zeros<<4)|n, bits, n)
		zeros = 0
	}
	if zeros > 0 {
		if s.run++; s.run == 0x7fff {
			s.ends(table)
		}
	}
}

// refine writes one more bit of the coefficients lo to hi of a block: ITU-T
// T.81, figure G.7.
func (s *scan) refine(table int, b *block, lo, hi int, low uint) {
	var abs [64]int32
	last := -1 // of the coefficients that this bit makes other than 0
	for k := lo; k <= hi; k++ {
		if abs[k] = max(b[k], -b[k]) >> low; abs[k] == 1 {
			last = k
		}
	}
	zeros := 0
	var fixes []token
	for k := lo; k <= hi; k++ {
		if abs[k] == 0 {
			zeros++
			continue
		}
		for ; zeros > 15 && k <= last; zeros -= 16 {
			s.ends(table)
			s.symbol(table, 0xf0, 0, 0)
			s.tokens, fixes = append(s.tokens, fixes...), fixes[:0]
		}
		if abs[k] > 1 {
			fixes = append(fixes, token{-1, 0, 1, uint32(abs[k] & 1)})
			continue
		}
		s.ends(table)
		positive := uint32(1)
		if b[k] < 0 {
			positive = 0
		}
		s.symbol(table, uint8(zeros<<4)|1, positive, 1)
		s.tokens, fixes = append(s.tokens, fixes...), fixes[:0]
		zeros = 0
	}
	if zeros > 0 || len(fixes) > 0 {
		s.late = append(s.late, fixes...)
		if s.run++; s.run == 0x7fff || len(s.late) > 900 {
			s.ends(table)
		}
	}
}

// ends writes that blocks have ended.
func (s *scan) ends(table int) {
	if s.run == 0 {
		return
	}
	n := uint8(bits.Len(uint(s.run)) - 1)
	s.symbol(table, n<<4, uint32(s.run)&(1<<n-1), n)
	s.tokens = append(s.tokens, s.late...)
	s.run, s.late = 0, s.late[:0]
}

// write appends the bits of the scan.
func (s *scan) write(out []byte, codes *[4]*code) []byte {
	w := writer{out: out}
	for _, t := range s.tokens {
		if t.table >= 0 {
			c := codes[t.table]
			w.put(c.word[t.sym], c.size[t.sym])
		}
		w.put(t.bits, t.n)
	}
	w.flush()
	return w.out
}
