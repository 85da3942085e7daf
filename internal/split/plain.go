package split

import (
	"encoding/binary"
	"math/bits"
)

// Plain returns how many bytes b begins with that stand for themselves in a text of
// JSON: up to a quote, a backslash or a control character.
func Plain(b []byte) (n int) {
	if len(b) >= 8 { // most keys end here
		if m := special(b); m != 0 {
			return bits.TrailingZeros64(m) >> 3
		}
		n = 8
	}
	n += vectorPlain(b[n:])
	for ; n+8 <= len(b); n += 8 {
		if m := special(b[n:]); m != 0 {
			return n + bits.TrailingZeros64(m)>>3
		}
	}
	for n < len(b) && b[n] != '"' && b[n] != '\\' && b[n] >= ' ' {
		n++
	}
	return n
}

// special returns the highest bit of bytes among the first eight of b that are not
// plain. The lowest one that it has is right.
func special(b []byte) uint64 {
	x := binary.LittleEndian.Uint64(b)
	quotes, backslashes := x^'"'*ones, x^'\\'*ones
	return ((quotes-ones)&^quotes | (backslashes-ones)&^backslashes | (x-' '*ones)&^x) & (ones << 7)
}
