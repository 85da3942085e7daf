package jpegsimd

// pairBits is how many bits one look for a pair takes, hopBits how many one for
// what is passed over.
const (
	pairBits = lookBits
	hopBits  = lookBits + 2
)

// perRefill is how many pairs or hops one refill of the kernels serves.
const perRefill = 3

// How many bits an entry may take at most, so that one refill, which makes 64
// bits right, serves perRefill of them and one more look.
const (
	maxPairBits = (64 - pairBits) / perRefill
	maxHopBits  = (64 - hopBits) / perRefill
)

// A pair, uint64, is what the next bits say of two coefficients, or of one.
// There is no branch between the two: a second one that is not there has the
// place of the first, which is stored after it. All that a pair does not say
// leads out of the block by its runs, where the loop has a branch. In a code of
// differences there is never a second.
//
//	0-5    bits of codes and magnitudes, at most maxPairBits
//	6      set if the block ends after the first coefficient, or at once
//	7      set if the entry says nothing, and one coefficient is to be looked up
//	8-15   the first run of zeros, plus one; 0 if the block ends at once
//	16-23  the second run, plus one; 0 without a second coefficient, and
//	       leaving with bit 6 or 7
//	24-31  value of the second coefficient
//	32-47  value of the first coefficient, or what lacks when bits are added
//	48-63  which bits from the right of the next 64 to add to it: the place of the
//	       last, and 8 bits above how many
type pair uint64

const (
	pairEnds = 1 << 6
	pairSlow = 1 << 7
	leaving  = 64
)

// first returns the value of the first coefficient, with the next bits.
func (p pair) first(acc uint64) int16 {
	v := int16(p >> 32)
	if p>>48 != 0 { // rare, and two shifts by a variable
		v += int16(acc >> (p >> 48 & 63) & (1<<(p>>56&15) - 1))
	}
	return v
}

// setPairs makes the pairs of a code, of one coefficient each.
func (t *Table) setPairs() {
	for i, e := range t.look {
		l, size := e&63, e>>20&15
		switch {
		case e&special == 0:
			t.pairs[i] = pair(l) | pair(e>>8&31)<<8 | pair(e>>16)<<32
		case e&kindMask == kindRun:
			t.pairs[i] = pair(l) | 16<<8
		case e&kindMask == kindEnd && size == 0:
			t.pairs[i] = pair(l) | pairEnds | leaving<<16
		case e&kindMask == kindSize && l < pairBits && l+size <= maxPairBits:
			base := uint16(0)
			if i>>(pairBits-1-l)&1 == 0 { // the magnitude begins with it
				base = 1 - 1<<size
			}
			t.pairs[i] = pair(l+size) | pair(e>>8&31)<<8 | pair(base)<<32 | pair(64-l-size|size<<8)<<48
		default:
			t.pairs[i] = pairSlow | leaving<<16
		}
	}
}

// setSeconds adds second coefficients to the pairs.
func (t *ACTable) setSeconds() {
	for i, e := range t.look {
		if e&special == 0 || e&kindMask == kindRun {
			t.pairs[i] += t.second(i, e&63)
		}
	}
}

// second returns what index i, of which so many bits are taken, says of a second
// coefficient, to be added to a pair with the first.
func (t *ACTable) second(i int, taken uint32) pair {
	e := t.look[i<<taken&(1<<pairBits-1)]
	l := e & 63
	switch {
	case l == 0 || l > pairBits-taken: // not all of it is there
	case e&special == 0:
		if v := int32(e) >> 16; v == int32(int8(v)) {
			return pair(l) | pair(e>>8&31)<<16 | pair(uint8(v))<<24
		}
	case e&kindMask == kindRun:
		return pair(l) | 16<<16
	case e&kindMask == kindEnd && e>>20&15 == 0:
		return pair(l) | pairEnds | leaving<<16
	}
	return 0
}

// A hop, uint16, is what the next bits say of as many coefficients as end within
// them, where only their number is asked for.
//
//	0-5    bits of codes and magnitudes, at most maxHopBits
//	7      set if the entry says nothing
//	8-13   how many coefficients
//	15     set if the block ends after them, or if the entry says nothing
type hop uint16

const (
	hopSlow = 1 << 7
	hopEnds = 1 << 15
)

// A hopMaker makes hops. What so many bits say is one code, and then what fewer bits
// say, whatever the magnitude between the two: so there are few different ones. Files
// bring codes of their own, and time counts.
type hopMaker struct {
	*ACTable
	parts [1 << hopBits]hop // what n bits say, for each n below hopBits, from 1<<n on
}

// setHops makes the hops of a code, unless they are there. They are needed by
// Skip alone.
func (t *ACTable) setHops() {
	if t.hopping {
		return
	}
	m := hopMaker{ACTable: t}
	for n := range hopBits {
		m.fill(m.parts[1<<n:2<<n], n, 0)
	}
	m.fill(t.hops[:], hopBits, hopSlow|hopEnds)
	t.hopping = true
}

// fill writes what n bits say, none where that is nothing. As in Table.fill, codes
// follow each other.
func (m *hopMaker) fill(to []hop, n int, none hop) {
	symbols := m.symbols
	for l := 1; l <= min(n, lookBits); l++ {
		for range m.counts[l-1] {
			each := 1 << (n - l)
			m.code(to[:each], n, l, symbols[0], none)
			to, symbols = to[each:], symbols[1:]
		}
	}
	for i := range to {
		to[i] = none
	}
}

// code writes what n bits say that begin with a code of l bits.
func (m *hopMaker) code(to []hop, n, l int, symbol uint8, none hop) {
	run, size := int(symbol>>4)+1, int(symbol&15)
	first, filled := hop(l+size)|hop(run)<<8, 1
	switch {
	case symbol == 0:
		to[0] = hop(l) | hopEnds
	case size == 0 && run < 16, l+size > n && (n < hopBits || l+size > maxHopBits):
		to[0] = none // the end of blocks, or a code that is not all there
	case l+size > n:
		to[0] = first
	default:
		filled = 1 << (n - l - size)
		for i, h := range m.parts[filled : 2*filled] {
			if to[i] = first + h; int(h>>8&63)+run > 63 {
				to[i] = first
			}
		}
	}
	for ; filled < len(to); filled *= 2 {
		copy(to[filled:], to[:filled])
	}
}
