package inflate

import "math/bits"

// entry says what a code stands for: its length in bits, what it is, how many
// more bits follow, and the literals or the base that those bits are added to.
// Nought stands for nothing.
type entry uint32

const (
	lengthMask entry = 15
	literals   entry = 3 << countShift // how many, one or two
	endOfBlock entry = 1 << 6

	countShift = 4
	extraShift = 8
	valueShift = 16
)

const (
	symbolBits   = 11 // of a look-up: few codes are longer, and the table stays in the L1 cache
	distanceBits = 8
	lengthBits   = 7 // of the longest code of a length
	longest      = 15

	nSymbols   = 288
	nDistances = 32
	nLengths   = 19
)

// codes holds what the codes of a block stand for.
type codes struct {
	symbols   [1 << symbolBits]entry
	distances [1 << distanceBits]entry
	lengths   [1 << lengthBits]entry // of the other two

	longSymbols, longDistances, longLengths long

	fixed bool // they are those of RFC 1951, section 3.2.6
}

// set makes the tables from the lengths of the codes.
func (c *codes) set(symbols, distances []uint8) error {
	if !c.longSymbols.build(c.symbols[:], symbols, symbolValues[:]) ||
		!c.longDistances.build(c.distances[:], distances, distanceValues[:]) {
		return errCodes
	}
	c.pair()
	return nil
}

// setFixed makes the tables of blocks that do not bring their own.
func (c *codes) setFixed() {
	if c.fixed {
		return
	}
	var symbols [nSymbols]uint8
	var distances [nDistances]uint8
	for i := range symbols {
		switch {
		case i < 144, i >= 280:
			symbols[i] = 8
		case i < 256:
			symbols[i] = 9
		default:
			symbols[i] = 7
		}
	}
	for i := range distances {
		distances[i] = 5
	}
	c.fixed = c.set(symbols[:], distances[:]) == nil
}

// pair lets a look-up give two literals where both codes fit in its bits. An
// entry needs one below it, which is changed after it.
func (c *codes) pair() {
	for i := len(c.symbols) - 1; i >= 0; i-- {
		a := c.symbols[i]
		if a&literals == 0 {
			continue
		}
		l := a & lengthMask
		b := c.symbols[i>>l]
		if b&literals != 0 && l+b&lengthMask <= symbolBits {
			c.symbols[i] = a + b&lengthMask + 1<<countShift + b>>valueShift<<(valueShift+8)
		}
	}
}

// long finds codes that are longer than a look-up.
type long struct {
	first  [longest + 1]uint16 // code of each length
	count  [longest + 1]uint16 // of codes of each length
	start  [longest + 1]uint16 // of them in sorted
	sorted [nSymbols]entry
}

// find returns what the code at the beginning of b stands for.
func (t *long) find(b uint64) entry {
	v := bits.Reverse16(uint16(b))
	for l := distanceBits + 1; l <= longest; l++ {
		if i := v>>(16-l) - t.first[l]; i < t.count[l] {
			return t.sorted[t.start[l]+i]
		}
	}
	return 0
}

// build makes the tables for symbols with codes of the given lengths, and
// reports whether there is such a code.
func (t *long) build(fast []entry, lengths []uint8, values []entry) bool {
	if !t.assign(lengths) {
		return false
	}
	clear(fast)
	next := t.first
	for s, l := range lengths {
		if l == 0 {
			continue
		}
		code := next[l]
		next[l]++
		e := values[s]
		if e != 0 {
			e |= entry(l)
		}
		t.sorted[t.start[l]+code-t.first[l]] = e
		if 1<<l > len(fast) {
			continue
		}
		for i := int(bits.Reverse16(code) >> (16 - l)); i < len(fast); i += 1 << l {
			fast[i] = e
		}
	}
	return true
}

// assign gives each length its codes. Together they must use up all bits, but
// for there being one code of one bit, or none.
func (t *long) assign(lengths []uint8) bool {
	t.count = [longest + 1]uint16{}
	for _, l := range lengths {
		t.count[l&longest]++
	}
	codes := len(lengths) - int(t.count[0])
	t.count[0] = 0
	left := 1 // codes of the present length that are free
	for l := 1; l <= longest; l++ {
		t.first[l] = (t.first[l-1] + t.count[l-1]) << 1
		t.start[l] = t.start[l-1] + t.count[l-1]
		if left = left<<1 - int(t.count[l]); left < 0 {
			return false
		}
	}
	return left == 0 || codes == 0 || codes == 1 && t.count[1] == 1
}
