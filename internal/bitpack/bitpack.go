package bitpack

import "encoding/binary"

// Unpack unpacks numbers of width bits, at most 32, from the front of src, eight by
// eight, until dst is full or fewer than 24 bytes are left beyond a group. It
// returns how many there were, and the greatest of them, 0 if there were none.
func Unpack(dst []uint32, src []byte, width uint) (n int, greatest uint32) {
	n, greatest = vector(dst, src, width)
	m, g := plain(dst[n:], src[n/8*int(width):], width)
	return n + m, max(greatest, g)
}

// Lookup is Unpack but for what it sets dst to: the elements of dict, which has at
// least one, that the numbers name, and the last one where there is none.
func Lookup(dst []uint32, src []byte, width uint, dict []uint32) (n int, greatest uint32) {
	n, greatest = vectorLookup(dst, src, width, dict)
	m, g := plainLookup(dst[n:], src[n/8*int(width):], width, dict)
	return n + m, max(greatest, g)
}

// plainLookup is Lookup without vector code.
func plainLookup(dst []uint32, src []byte, width uint, dict []uint32) (n int, greatest uint32) {
	n, greatest = plain(dst, src, width)
	last := uint32(len(dict) - 1)
	for i, x := range dst[:n] {
		dst[i] = dict[min(x, last)]
	}
	return n, greatest
}

// plain is Unpack without vector code. Eight numbers fill width bytes, so that
// where they lie in a word is the same in every group.
func plain(dst []uint32, src []byte, width uint) (n int, greatest uint32) {
	// The compiler need not guard shifts by less than 64.
	w1, w2, w3, w4 := width&63, 2*width&63, 3*width&63, 4*width&63
	mask := uint32(1<<w1 - 1)
	for ; n+8 <= len(dst) && len(src) >= int(width)+8; n += 8 {
		d := (*[8]uint32)(dst[n:])
		x := binary.LittleEndian.Uint64(src)
		switch {
		case width <= 8:
			d[0], d[1], d[2], d[3] = uint32(x)&mask, uint32(x>>w1)&mask, uint32(x>>w2)&mask, uint32(x>>w3)&mask
			x >>= w4
			d[4], d[5], d[6], d[7] = uint32(x)&mask, uint32(x>>w1)&mask, uint32(x>>w2)&mask, uint32(x>>w3)&mask
		case width <= 16:
			y := binary.LittleEndian.Uint64(src[width/2:]) >> (w4 & 7)
			d[0], d[1], d[2], d[3] = uint32(x)&mask, uint32(x>>w1)&mask, uint32(x>>w2)&mask, uint32(x>>w3)&mask
			d[4], d[5], d[6], d[7] = uint32(y)&mask, uint32(y>>w1)&mask, uint32(y>>w2)&mask, uint32(y>>w3)&mask
		default:
			for i := range uint(8) {
				d[i] = uint32(binary.LittleEndian.Uint64(src[i*width/8:])>>(i*width%8)) & mask
			}
		}
		src = src[width:]
		greatest = max(greatest, d[0], d[1], d[2], d[3], d[4], d[5], d[6], d[7])
	}
	return n, greatest
}
