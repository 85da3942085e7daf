package split

import (
	"encoding/binary"
	"math/bits"
)

// Slack is how many elements of ends and breaks may be written behind those that count.
const Slack = 8

// Block is how many bytes an element of quotes tells of.
const Block = 64

// Ends sets ends to the places in text where a cell ends, at a comma or a '\n' that is
// not in quotes, and breaks to how many do so up to each '\n'. It returns how many cells
// and lines there are. Bit b of quotes[k] tells whether byte Block*k+b is a quote. There
// is room for len(text) elements of ends and breaks, and Slack more.
func Ends(ends, breaks []int32, quotes []uint64, text []byte, comma byte) (cells, lines int) {
	_, _, _ = ends[:len(text)+Slack], breaks[:len(text)+Slack], quotes[:(len(text)+Block-1)/Block]
	f := found{ends: ends, breaks: breaks, quotes: quotes}
	f.vector(text, comma)
	f.plain(text, comma)
	return f.cells, f.lines
}

// found is what Ends has found.
type found struct {
	ends, breaks []int32
	quotes       []uint64
	cells, lines int
	read         int // bytes
	inside       int // -1 in quotes, else 0
}

const (
	ones   = 0x0101010101010101
	sevens = 0x7f * ones
)

// zero returns the highest bit of each byte of x that is 0.
func zero(x uint64) uint64 { return ^(x&sevens + sevens | x | sevens) }

// plain goes on without a kernel, eight bytes at a time where there are no quotes.
func (f *found) plain(text []byte, comma byte) {
	commas := uint64(comma) * ones
	for f.read < len(text) {
		if f.read%Block == 0 {
			f.quotes[f.read/Block] = 0
		}
		if f.inside < 0 || f.read+8 > len(text) {
			f.one(text[f.read], comma)
			continue
		}
		x := binary.LittleEndian.Uint64(text[f.read:])
		if zero(x^'"'*ones) != 0 || f.read%8 != 0 {
			f.one(text[f.read], comma)
			continue
		}
		breaking := zero(x ^ '\n'*ones)
		for m := zero(x^commas) | breaking; m != 0; m &= m - 1 {
			f.end(f.read+bits.TrailingZeros64(m)>>3, m&-m&breaking != 0)
		}
		f.read += 8
	}
}

// one looks at one byte.
func (f *found) one(c, comma byte) {
	switch {
	case c == '"':
		f.quotes[f.read/Block] |= 1 << (f.read % Block)
		f.inside = ^f.inside
	case f.inside == 0 && (c == comma || c == '\n'):
		f.end(f.read, c == '\n')
	}
	f.read++
}

// end notes the end of a cell, and of a line.
func (f *found) end(at int, line bool) {
	f.ends[f.cells] = int32(at)
	f.cells++
	if line {
		f.breaks[f.lines] = int32(f.cells)
		f.lines++
	}
}
