package zstd

import "math/bits"

// entry is a state of a decoder of finite state entropy: the value it stands for, which
// extra bits are added to, and where it goes on. The kernel knows the layout.
type entry struct {
	base  uint32
	next  uint16 // what bits are added to
	bits  uint8
	extra uint8
}

// code is what a symbol stands for: a base, and how many bits are added to it.
type code struct {
	base  uint32
	extra uint8
}

// field is one of the three parts of a sequence.
type field struct {
	codes  []code
	maxLog int
	usual  []int16 // counts that both sides know
	log    int     // of these
}

// fields are the parts of a sequence, with the tables of RFC 8878, 3.1.1.3.2.1.1 and .2.2.
var fields = [3]*field{
	literalLength: {
		codes: lengthCodes(0, 16, []uint8{1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}), maxLog: 9,
		usual: []int16{4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1, -1}, log: 6,
	},
	offset: {
		codes: offsetCodes(), maxLog: 8,
		usual: []int16{1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1}, log: 5,
	},
	matchLength: {
		codes: lengthCodes(3, 32, []uint8{1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}), maxLog: 9,
		usual: []int16{1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
			1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1}, log: 6,
	},
}

// lengthCodes lists codes for lengths from first on: n that stand for one each, then
// some for as many as their bits tell apart.
func lengthCodes(first uint32, n int, extra []uint8) (list []code) {
	for range n {
		list = append(list, code{first, 0})
		first++
	}
	for _, x := range extra {
		list = append(list, code{first, x})
		first += 1 << x
	}
	return list
}

// offsetCodes lists the codes for offsets. One more would be farther than memory is long
// that the kernel was made for.
func offsetCodes() (list []code) {
	for x := range uint8(31) {
		list = append(list, code{1 << x, x})
	}
	return list
}

// Ways to describe a table.
const (
	usualTable = iota
	oneSymbol
	storedTable
	sameTable // as in the block before
)

// table is what decodes a field.
type table struct {
	log     int // the bits of a state, negative if there is none yet
	entries []entry
}

// read makes t the table that src describes in the way how.
func (t *table) read(f *field, how byte, src []byte) (rest []byte, err error) {
	switch how {
	case usualTable:
		return src, t.build(f, f.usual, f.log)
	case oneSymbol:
		if len(src) < 1 || int(src[0]) >= len(f.codes) {
			return nil, errBlock
		}
		c := f.codes[src[0]]
		t.log, t.entries[0] = 0, entry{base: c.base, extra: c.extra}
		return src[1:], nil
	case storedTable:
		var room [64]int16
		counts, log, rest, err := readCounts(room[:len(f.codes)], f.maxLog, src)
		if err != nil {
			return nil, err
		}
		return rest, t.build(f, counts, log)
	}
	if t.log < 0 {
		return nil, errBlock
	}
	return src, nil
}

// readCounts reads how often each symbol is found among 1<<log states, -1 for less than
// once, to counts, which is as long as there are symbols (RFC 8878, 4.1.1).
func readCounts(counts []int16, maxLog int, src []byte) (_ []int16, log int, rest []byte, err error) {
	at := 0 // a bit of src
	take := func(n int) int {
		x := uint32(0)
		for i := range 4 {
			if k := at/8 + i; k < len(src) {
				x |= uint32(src[k]) << (8 * i)
			}
		}
		x >>= at % 8
		at += n
		return int(x & (1<<n - 1))
	}
	if log = take(4) + 5; log > maxLog {
		return nil, 0, nil, errBlock
	}
	left, n := 1<<log, 0
	for left > 0 {
		if n == len(counts) {
			return nil, 0, nil, errBlock
		}
		// a number up to left+1, the smaller ones with a bit less
		width := bits.Len(uint(left + 1))
		small := 1<<width - 1 - (left + 1)
		x := take(width - 1)
		if x >= small {
			if x += take(1) << (width - 1); x >= 1<<(width-1) {
				x -= small
			}
		}
		counts[n] = int16(x - 1)
		n++
		if x--; x < 0 {
			left--
			continue
		}
		if left -= x; x > 0 {
			continue
		}
		for more := 3; more == 3; {
			more = take(2)
			if n+more > len(counts) {
				return nil, 0, nil, errBlock
			}
			clear(counts[n : n+more])
			n += more
		}
	}
	used := (at + 7) / 8
	if left < 0 || used > len(src) {
		return nil, 0, nil, errBlock
	}
	return counts[:n], log, src[used:], nil
}

// build makes t the table of 1<<log states, among which each symbol of f is found as
// often as counts says: their sum, with a -1 for one (RFC 8878, 4.1.1).
func (t *table) build(f *field, counts []int16, log int) error {
	size := 1 << log
	t.log = log
	list := t.entries[:size]
	var symbols [512]uint8
	var seen [64]uint16
	top := size
	for s, n := range counts {
		seen[s] = uint16(max(n, 1))
		if n < 0 {
			top--
			symbols[top] = uint8(s)
		}
	}
	place, step, mask := 0, size>>1+size>>3+3, size-1
	for s, n := range counts {
		for range n {
			symbols[place] = uint8(s)
			for place = (place + step) & mask; place >= top; {
				place = (place + step) & mask
			}
		}
	}
	if place != 0 {
		return errBlock
	}
	for i := range list {
		s := symbols[i]
		x := seen[s]
		seen[s]++
		more := log + 1 - bits.Len16(x)
		c := f.codes[s]
		list[i] = entry{c.base, x<<more - uint16(size), uint8(more), c.extra}
	}
	return nil
}
