package audio

import "sort"

// muLaw and aLaw are the values of the 256 codes of ITU-T G.711, scaled so that
// 16 bits are full scale.
var (
	muLaw = g711(expandMuLaw)
	aLaw  = g711(expandALaw)
)

func g711(expand func(code byte) int) (table [256]float32) {
	for i := range table {
		table[i] = float32(expand(byte(i))) * (1.0 / 32768)
	}
	return table
}

func expandMuLaw(code byte) int {
	code = ^code
	x := (int(code&15)<<3+0x84)<<(code>>4&7) - 0x84
	if code&0x80 != 0 {
		return -x
	}
	return x
}

func expandALaw(code byte) int {
	code ^= 0x55
	x, segment := int(code&15)<<4+8, code>>4&7
	if segment > 0 {
		x = (x + 0x100) << (segment - 1)
	}
	if code&0x80 == 0 {
		return -x
	}
	return x
}

// compress returns the code of the value of table that is nearest to x. In both
// tables each half of the codes is monotone in the code, after the inversions
// that flip undoes.
func compress(table *[256]float32, flip byte, x float32) byte {
	sign := byte(0x80)
	if x < 0 {
		sign, x = 0, -x
	}
	value := func(i int) float32 {
		v := table[(byte(i)^flip)&0x7f|sign&0x80]
		return max(v, -v)
	}
	i := sort.Search(128, func(i int) bool { return value(i) >= x })
	if i == 128 || i > 0 && x-value(i-1) < value(i)-x {
		i--
	}
	return (byte(i)^flip)&0x7f | sign
}
