package jpegsimd

// pairBits is how many bits one look for a pair takes, hopBits how many one for
// what is passed over.
const (
	pairBits = 10
	hopBits  = 12
)

// maxEntryBits is how many bits an entry may take at most, so that one refill
// serves four of them.
const maxEntryBits = 14

// A pair, uint64, is what the next bits say of two coefficients, or of one.
// There is no branch between the two: a second one that is not there has the
// place of the first, which is stored after it. All that a pair does not say
// leads out of the block by its runs, where the loop has a branch.
//
//	0-5    bits of codes and magnitudes, at most maxEntryBits
//	6      set if the block ends after the first coefficient, or at once
//	7      set if the entry says nothing, and one coefficient is to be looked up
//	8-15   the first run of zeros, plus one; 0 if the block ends at once
//	16-23  the second run, plus one; 0 without a second coefficient, and
//	       leaving with bit 6 or 7
//	24-31  value of the second coefficient
//	32-47  which bits from the right of the next 64 to add to the value of the
//	       first: the place of the last, and 8 bits above how many
//	48-63  value of the first coefficient, or what lacks when bits are added
type pair uint64

const (
	pairEnds = 1 << 6
	pairSlow = 1 << 7
	leaving  = 64
)

// first returns the value of the first coefficient, with the next bits.
func (p pair) first(acc uint64) int16 {
	return int16(p>>48) + int16(acc>>(p>>32&63)&(1<<(p>>40&15)-1))
}

// setPairs makes the pairs of a code.
func (t *ACTable) setPairs() {
	for i := range t.pairs {
		t.pairs[i] = t.pair(uint32(i))
	}
}

// pair returns the pair for the next pairBits bits.
func (t *ACTable) pair(bits uint32) pair {
	const slow = pairSlow | leaving<<16
	l, run, size := t.code(bits, pairBits)
	switch {
	case l == 0, size == 0 && run > 0 && run < 15, l+size > maxEntryBits, l == pairBits && size > 0:
		return slow // the last as its sign is not among the bits
	case size == 0 && run == 0:
		return pair(l | pairEnds | leaving<<16)
	}
	p := pair(run+1) << 8
	if l+size > pairBits {
		base := pair(0)
		if bits>>(pairBits-1-l)&1 == 0 {
			base = 1 - 1<<size
		}
		return p | pair(l+size) | pair(64-l-size|size<<8)<<32 | base<<48
	}
	m := bits >> (pairBits - l - size) & (1<<size - 1)
	p |= pair(extend(int(m), int(size))) << 48
	rest := pairBits - l - size
	bits &= 1<<rest - 1
	l2, run2, size2 := t.code(bits, rest)
	switch {
	case l2 > 0 && size2 == 0 && run2 == 0:
		return p | pair(l+size+l2|pairEnds|leaving<<16)
	case l2 == 0, size2 == 0 && run2 < 15, l2+size2 > rest, size2 > 7:
		return p | pair(l+size)
	}
	m = bits >> (rest - l2 - size2) & (1<<size2 - 1)
	v := uint8(extend(int(m), int(size2)))
	return p | pair(l+size+l2+size2) | pair(run2+1)<<16 | pair(v)<<24
}

// A shortCode is a code of at most lookBits bits: its length, 0 for none, and
// the symbol it stands for.
type shortCode struct{ length, symbol uint8 }

// setShort makes the short codes of a code.
func (t *ACTable) setShort() {
	symbols, at := t.symbols, 0
	for l := 1; l <= lookBits; l++ {
		for range t.counts[l-1] {
			for range 1 << (lookBits - l) {
				t.short[at] = shortCode{uint8(l), symbols[0]}
				at++
			}
			symbols = symbols[1:]
		}
	}
	clear(t.short[at:])
}

// code returns the code that n bits begin with: its length, which is 0 if they
// are too few or it is longer than lookBits, and what it stands for.
func (t *ACTable) code(bits, n uint32) (l, run, size uint32) {
	c := t.short[bits<<(16-n)>>(16-lookBits)&(1<<lookBits-1)]
	if uint32(c.length) > n {
		return 0, 0, 0
	}
	return uint32(c.length), uint32(c.symbol >> 4), uint32(c.symbol & 15)
}

// A hop, uint16, is what the next bits say of as many coefficients as end within
// them, where only their number is asked for.
//
//	0-5    bits of codes and magnitudes, at most maxEntryBits
//	7      set if the entry says nothing
//	8-13   how many coefficients
//	15     set if the block ends after them, or if the entry says nothing
type hop uint16

const (
	hopSlow = 1 << 7
	hopEnds = 1 << 15
)

// setHops makes the hops of a code. They are needed by Skip alone.
func (t *ACTable) setHops() {
	for i := range t.hops {
		t.hops[i] = t.hop(uint32(i))
	}
	t.hopping = true
}

// hop returns the hop for the next hopBits bits.
func (t *ACTable) hop(bits uint32) hop {
	taken, k := uint32(0), uint32(0)
	for taken < hopBits {
		rest := hopBits - taken
		l, run, size := t.code(bits&(1<<rest-1), rest)
		switch {
		case l > 0 && size == 0 && run == 0:
			return hop(taken+l) | hop(k)<<8 | hopEnds
		case l == 0, size == 0, taken > 0 && l+size > rest, l+size > maxEntryBits, k+run+1 > 63:
			if taken == 0 {
				return hopSlow | hopEnds
			}
			return hop(taken) | hop(k)<<8
		}
		taken, k = taken+l+size, k+run+1
	}
	return hop(taken) | hop(k)<<8
}
