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

// Class is what a Table decodes.
type Class uint8

// DC tables hold sizes of differences, AC tables pairs of run and size.
const (
	DC Class = iota
	AC
)

// A Table decodes one Huffman code. The zero Table decodes nothing.
type Table struct {
	look  [1 << lookBits]uint32 // by the next lookBits bits
	first uint32                // of the 16-bit values that begin with a longer code
	long  []uint32              // by the next 16 bits, less first

	class   Class
	counts  [16]uint8
	symbols []uint8
}

var errTable = errors.New("a Huffman table that is no prefix code")

// Set makes t decode the canonical code with counts[i] codes of i+1 bits, as in
// a DHT segment. Setting a code again that t has already costs next to nothing.
func (t *Table) Set(class Class, counts *[16]uint8, symbols []uint8) error {
	if t.symbols != nil && t.class == class && t.counts == *counts && bytes.Equal(t.symbols, symbols) {
		return nil
	}
	t.symbols = t.symbols[:0]
	t.counts = [16]uint8{} // equal to no code, should this one be refused
	n, code := 0, 0
	for l, c := range counts {
		n += int(c)
		code += int(c)
		if c > 0 && code >= 2<<l { // the code of all ones must stay free
			return errTable
		}
		code *= 2
	}
	if n == 0 || n > 256 || n > len(symbols) {
		return errTable
	}
	symbols = symbols[:n]
	if class == DC {
		for _, s := range symbols {
			if s > 15 {
				return errTable
			}
		}
	}
	t.fill(class, counts, symbols)
	t.class, t.counts, t.symbols = class, *counts, append(t.symbols, symbols...)
	return nil
}

// fill writes the entries of a code that is known to be one. Codes of one
// length follow each other, and shorter ones come before longer ones, so that
// the tables are filled from their beginning on.
func (t *Table) fill(class Class, counts *[16]uint8, symbols []uint8) {
	look, at := t.look[:], 0
	for l := 1; l <= lookBits; l++ {
		for range counts[l-1] {
			at += fillCode(look[at:at+1<<(lookBits-l)], class, l, symbols[0])
			symbols = symbols[1:]
		}
	}
	clear(look[at:])
	for i := range look[at:] {
		look[at+i] = special | kindLong
	}
	t.first = uint32(at) << (16 - lookBits)
	t.long = t.long[:0]
	for l := lookBits + 1; l <= 16; l++ {
		for range counts[l-1] {
			e := specialEntry(class, l, symbols[0])
			for range 1 << (16 - l) { // at most 32 times 256 in all
				t.long = append(t.long, e)
			}
			symbols = symbols[1:]
		}
	}
}

// fillCode writes the entries that begin with one code of l bits, and returns
// how many they are.
func fillCode(to []uint32, class Class, l int, symbol uint8) int {
	size := int(symbol & 15)
	usual := size > 0 || class == DC
	if !usual || l+size > lookBits {
		e := specialEntry(class, l, symbol)
		for i := range to {
			to[i] = e
		}
		return len(to)
	}
	run := uint32(symbol>>4) + 1
	each := len(to) >> size
	for m := range 1 << size {
		e := uint32(l+size) | run<<8 | uint32(extend(m, size))<<16
		for i := range each {
			to[m*each+i] = e
		}
	}
	return len(to)
}

// extend returns the value of a magnitude of size bits (F.2.2.1, EXTEND).
func extend(m, size int) int {
	if m < 1<<size>>1 {
		return m - 1<<size + 1
	}
	return m
}

func specialEntry(class Class, l int, symbol uint8) uint32 {
	run, size := uint32(symbol>>4), uint32(symbol&15)
	e := special | uint32(l) | (run+1)<<8
	switch {
	case class == DC || size > 0:
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
