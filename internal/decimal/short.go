package decimal

import (
	"encoding/binary"
	"math/bits"
)

const (
	ones  = 0x0101010101010101
	highs = 0x80 * ones
	dots  = '.' * ones
	zeros = '0' * ones
)

// Short returns the number that a text of at most eight digits makes, with or
// without a point among them, and how many of them are behind it, -1 if there is no
// point. All are handled at once and without a branch for each, which is what numbers
// of uneven length cost most. It reads eight bytes of a text that has room for them.
func Short(text []byte) (n uint64, behind int, ok bool) {
	digits, behind := len(text), -1
	if digits-1 > 7 || digits == 0 || cap(text) < 8 {
		return 0, 0, false
	}
	v := binary.LittleEndian.Uint64(text[:8]) << (8 * (8 - digits)) // the last is the highest byte
	x := v ^ dots
	if x = (x - ones) &^ x & highs; x != 0 {
		at := bits.TrailingZeros64(x) &^ 7
		v = v&^(1<<(at+8)-1) | v&(1<<at-1)<<8
		digits, behind = digits-1, 7-at>>3
	}
	v |= zeros & (1<<(8*(8-digits)) - 1)
	if ((v-zeros)|(v+(0x7f-'9')*ones))&highs != 0 || digits == 0 {
		return 0, 0, false
	}
	v -= zeros
	v = 10*v + v>>8 // pairs of digits, then fours, then all
	v = (v&0x000000ff000000ff*(100+1000000<<32) + v>>16&0x000000ff000000ff*(1+10000<<32)) >> 32
	return v, behind, true
}
