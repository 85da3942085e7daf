package widen

import "encoding/binary"

// Uint16 sets dst to the little-endian numbers in src, which holds as many.
func Uint16(dst []int32, src []byte) {
	src = src[:2*len(dst)]
	n := vector(dst, src)
	plain(dst[n:], src[2*n:])
}

func plain(dst []int32, src []byte) {
	src = src[:2*len(dst)]
	for i := range dst {
		dst[i] = int32(binary.LittleEndian.Uint16(src[2*i:]))
	}
}
