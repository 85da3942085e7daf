package jpegsimd

import (
	"bytes"
	"errors"
)

// lookBits is how many bits one look into a Table takes. With 10, of a
// photograph at quality 90 the values of 96 % of all coefficients are found in
// one look; 9 costs 13 % more time and 12 as much, as it leaves the first cache.
const lookBits = 10

// An entry of a Table, uint32, says what the next bits are. In usual ones
//
//	0-5    length of the code and of the magnitude that follows it
//	8-15   the run of zeros, plus one
//	16-31  value of the coefficient
//
// and in special ones, where the magnitude does not fit in the bits looked at,
// or there is none,
//
//	0-5    length of the code
//	7      set
//	8-15   the run of zeros, plus one
//	16-19  kind
//	20-23  size of the magnitude; of kindEnd, the exponent of a run of blocks
const (
	special  = 1 << 7
	kindLong = 0 << 16 // a code that is longer, or none
	kindEnd  = 1 << 16 // of the block
	kindRun  = 2 << 16 // of 16 zeros
	kindSize = 3 << 16
	kindMask = 15 << 16
)

// A Table decodes one Huffman code of the first coefficients of blocks: of how
// many bits their differences are. The zero Table decodes nothing.
type Table struct {
	look  [1 << lookBits]uint32 // by the next lookBits bits
	first uint32                // of the 16-bit values that begin with a longer code
	long  []uint32              // by the next 16 bits, less first
	pairs [1 << pairBits]pair   // made by prepare

	counts   [16]uint8
	symbols  []uint8
	prepared bool
}

// An ACTable decodes one Huffman code of the other coefficients, by pairs of a
// run of zeros and a size.
type ACTable struct {
	Table
	hops    [1 << hopBits]hop
	hopping bool // hops are there
}

// prepare makes what MCUs are decoded with, and progressive files do without.
func (t *Table) prepare() {
	if !t.prepared {
		t.setPairs()
		t.prepared = true
	}
}

// prepare does for the other coefficients what Table.prepare does.
func (t *ACTable) prepare() {
	if !t.prepared {
		t.Table.prepare()
		t.setSeconds()
	}
}

var errTable = errors.New("a Huffman table that is no prefix code")

// Set makes t decode the canonical code with counts[i] codes of i+1 bits, as in
// a DHT segment. Setting a code again that t has already costs next to nothing.
func (t *Table) Set(counts *[16]uint8, symbols []uint8) error {
	_, err := t.set(counts, symbols, false)
	return err
}

// Set makes t decode a code, as Table.Set does.
func (t *ACTable) Set(counts *[16]uint8, symbols []uint8) error {
	changed, err := t.set(counts, symbols, true)
	t.hopping = t.hopping && !changed
	return err
}

func (t *Table) set(counts *[16]uint8, symbols []uint8, ac bool) (changed bool, err error) {
	if t.symbols != nil && t.counts == *counts && bytes.Equal(t.symbols, symbols) {
		return false, nil
	}
	t.counts = [16]uint8{} // equal to no code, should this one be refused
	n, code := 0, 0
	for l, c := range counts {
		n += int(c)
		code += int(c)
		if c > 0 && code >= 2<<l { // the code of all ones must stay free
			return false, errTable
		}
		code *= 2
	}
	if n == 0 || n > 256 || n > len(symbols) {
		return false, errTable
	}
	symbols = symbols[:n]
	for _, s := range symbols {
		if s > 15 && !ac {
			return false, errTable
		}
	}
	t.counts, t.symbols = *counts, append(t.symbols[:0], symbols...)
	t.fill(ac)
	t.prepared = false
	return true, nil
}

// fill writes the entries of a code that is known to be one. Codes of one
// length follow each other, and shorter ones come before longer ones, so that
// the tables are filled from their beginning on.
func (t *Table) fill(ac bool) {
	symbols, at := t.symbols, 0
	for l := 1; l <= lookBits; l++ {
		for range t.counts[l-1] {
			n := 1 << (lookBits - l)
			fillCode(t.look[at:at+n], ac, l, symbols[0])
			at, symbols = at+n, symbols[1:]
		}
	}
	for i := at; i < len(t.look); i++ {
		t.look[i] = special | kindLong
	}
	t.first = uint32(at) << (16 - lookBits)
	t.long = t.long[:0]
	for l := lookBits + 1; l <= 16; l++ {
		for range t.counts[l-1] {
			e := specialEntry(ac, l, symbols[0])
			for range 1 << (16 - l) { // at most 32 times 256 in all
				t.long = append(t.long, e)
			}
			symbols = symbols[1:]
		}
	}
}

// fillCode writes the entries that begin with one code of l bits.
func fillCode(to []uint32, ac bool, l int, symbol uint8) {
	size := int(symbol & 15)
	if size == 0 && ac || l+size > lookBits {
		e := specialEntry(ac, l, symbol)
		for i := range to {
			to[i] = e
		}
		return
	}
	run := uint32(symbol>>4) + 1
	each := len(to) >> size
	for m := range 1 << size {
		e := uint32(l+size) | run<<8 | uint32(extend(m, size))<<16
		for i := range each {
			to[m*each+i] = e
		}
	}
}

// extend returns the value of a magnitude of size bits (F.2.2.1, EXTEND).
func extend(m, size int) int {
	if m < 1<<size>>1 {
		return m - 1<<size + 1
	}
	return m
}

func specialEntry(ac bool, l int, symbol uint8) uint32 {
	run, size := uint32(symbol>>4), uint32(symbol&15)
	e := special | uint32(l) | (run+1)<<8
	switch {
	case !ac || size > 0:
		return e | kindSize | size<<20
	case run == 15:
		return e | kindRun
	}
	return e | kindEnd | run<<20
}

// find returns the entry for the next bits of acc, also of a long code.
func (t *Table) find(acc uint64) uint32 {
	e := t.look[acc>>(64-lookBits)]
	if e&(special|kindMask) == special {
		if i := uint32(acc>>48) - t.first; i < uint32(len(t.long)) {
			e = t.long[i]
		}
	}
	return e
}
