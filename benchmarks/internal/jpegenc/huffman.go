package jpegenc

import (
	"math/bits"
	"slices"
)

// token is one thing that is written: a symbol of a Huffman table and the bits
// behind it, or bits alone.
type token struct {
	table int8 // -1: no symbol
	sym   uint8
	n     uint8  // number of bits
	bits  uint32 // at most 16
}

// code is a Huffman code.
type code struct {
	count [17]int // of codes of each length
	syms  []uint8 // by length
	word  [256]uint32
	size  [256]uint8
}

// assign numbers the words.
func (c *code) assign() {
	word, k := uint32(0), 0
	for n := 1; n <= 16; n++ {
		for range c.count[n] {
			c.word[c.syms[k]], c.size[c.syms[k]] = word, uint8(n)
			word++
			k++
		}
		word <<= 1
	}
}

// best returns the best code for symbols that occur so often, by the procedure
// of ITU-T T.81, Annex K.2.
func best(freq [256]int) *code {
	count := append(slices.Clone(freq[:]), 1) // keeps the word of all ones free
	size, next := make([]int, 257), make([]int, 257)
	for i := range next {
		next[i] = -1
	}
	for {
		a, b := rarest(count)
		if b < 0 {
			break
		}
		count[a] += count[b]
		count[b] = 0
		for size[a]++; next[a] >= 0; size[a]++ {
			a = next[a]
		}
		next[a] = b
		for size[b]++; next[b] >= 0; size[b]++ {
			b = next[b]
		}
	}
	var of [64]int
	for _, n := range size {
		of[n]++
	}
	shorten(&of)
	c := new(code)
	copy(c.count[1:], of[1:17])
	for n := 1; n < len(of); n++ {
		for s := range 256 {
			if size[s] == n {
				c.syms = append(c.syms, uint8(s))
			}
		}
	}
	c.assign()
	return c
}

// rarest returns the two least counts above 0, or -1. Of equal ones it takes the
// last.
func rarest(count []int) (a, b int) {
	a, b = -1, -1
	for i, n := range count {
		switch {
		case n == 0:
		case a < 0 || n <= count[a]:
			a, b = i, a
		case b < 0 || n <= count[b]:
			b = i
		}
	}
	return a, b
}

// shorten changes the number of codes of each length so that none is longer than
// 16 bits, and takes out the one that was kept free.
func shorten(of *[64]int) {
	for n := len(of) - 1; n > 16; n-- {
		for of[n] > 0 {
			k := n - 2
			for of[k] == 0 {
				k--
			}
			of[n] -= 2
			of[n-1]++
			of[k+1] += 2
			of[k]--
		}
	}
	n := 16
	for of[n] == 0 {
		n--
	}
	of[n]--
}

// writer packs bits, and stuffs a 0 behind each byte of ones.
type writer struct {
	out []byte
	acc uint64
	n   uint
}

func (w *writer) put(bits uint32, n uint8) {
	w.acc = w.acc<<n | uint64(bits)
	for w.n += uint(n); w.n >= 8; w.n -= 8 {
		b := byte(w.acc >> (w.n - 8))
		if w.out = append(w.out, b); b == 0xff {
			w.out = append(w.out, 0)
		}
	}
}

// flush fills the last byte with ones.
func (w *writer) flush() {
	if w.n > 0 {
		w.put(1<<(8-w.n)-1, uint8(8-w.n))
	}
}

// magnitude returns the size class of v and the bits that tell it within.
func magnitude(v int32) (n uint8, low uint32) {
	if v < 0 {
		n = uint8(bits.Len32(uint32(-v)))
		return n, uint32(v-1) & (1<<n - 1)
	}
	n = uint8(bits.Len32(uint32(v)))
	return n, uint32(v)
}

// standard are the codes of ITU-T T.81, Annex K.3: DC and AC of luminance, then
// of chrominance.
func standard() (codes [4]*code) {
	dc := []uint8{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}
	codes = [4]*code{
		{count: [17]int{1: 0, 1, 5, 1, 1, 1, 1, 1, 1}, syms: dc},
		{count: [17]int{1: 0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 125}, syms: []uint8(acLuminance)},
		{count: [17]int{1: 0, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1}, syms: dc},
		{count: [17]int{1: 0, 2, 1, 2, 4, 4, 3, 4, 7, 5, 4, 4, 0, 1, 2, 119}, syms: []uint8(acChrominance)},
	}
	for _, c := range codes {
		c.assign()
	}
	return codes
}

const (
	acLuminance = "\x01\x02\x03\x00\x04\x11\x05\x12\x21\x31\x41\x06\x13\x51\x61\x07\x22\x71\x14\x32\x81\x91\xa1\x08\x23\x42\xb1\xc1\x15\x52\xd1\xf0" +
		"\x24\x33\x62\x72\x82\x09\x0a\x16\x17\x18\x19\x1a\x25\x26\x27\x28\x29\x2a\x34\x35\x36\x37\x38\x39\x3a\x43\x44\x45\x46\x47\x48\x49" +
		"\x4a\x53\x54\x55\x56\x57\x58\x59\x5a\x63\x64\x65\x66\x67\x68\x69\x6a\x73\x74\x75\x76\x77\x78\x79\x7a\x83\x84\x85\x86\x87\x88\x89" +
		"\x8a\x92\x93\x94\x95\x96\x97\x98\x99\x9a\xa2\xa3\xa4\xa5\xa6\xa7\xa8\xa9\xaa\xb2\xb3\xb4\xb5\xb6\xb7\xb8\xb9\xba\xc2\xc3\xc4\xc5" +
		"\xc6\xc7\xc8\xc9\xca\xd2\xd3\xd4\xd5\xd6\xd7\xd8\xd9\xda\xe1\xe2\xe3\xe4\xe5\xe6\xe7\xe8\xe9\xea\xf1\xf2\xf3\xf4\xf5\xf6\xf7\xf8\xf9\xfa"
	acChrominance = "\x00\x01\x02\x03\x11\x04\x05\x21\x31\x06\x12\x41\x51\x07\x61\x71\x13\x22\x32\x81\x08\x14\x42\x91\xa1\xb1\xc1\x09\x23\x33\x52\xf0" +
		"\x15\x62\x72\xd1\x0a\x16\x24\x34\xe1\x25\xf1\x17\x18\x19\x1a\x26\x27\x28\x29\x2a\x35\x36\x37\x38\x39\x3a\x43\x44\x45\x46\x47\x48" +
		"\x49\x4a\x53\x54\x55\x56\x57\x58\x59\x5a\x63\x64\x65\x66\x67\x68\x69\x6a\x73\x74\x75\x76\x77\x78\x79\x7a\x82\x83\x84\x85\x86\x87" +
		"\x88\x89\x8a\x92\x93\x94\x95\x96\x97\x98\x99\x9a\xa2\xa3\xa4\xa5\xa6\xa7\xa8\xa9\xaa\xb2\xb3\xb4\xb5\xb6\xb7\xb8\xb9\xba\xc2\xc3" +
		"\xc4\xc5\xc6\xc7\xc8\xc9\xca\xd2\xd3\xd4\xd5\xd6\xd7\xd8\xd9\xda\xe2\xe3\xe4\xe5\xe6\xe7\xe8\xe9\xea\xf2\xf3\xf4\xf5\xf6\xf7\xf8\xf9\xfa"
)
