package pixel

// Unpack sets dst to the samples of 1, 2 or 4 bits that src holds, the highest
// bits first, times scale.
func Unpack(dst, src []uint8, bits uint, scale uint8) {
	mask := uint8(1<<bits - 1)
	for i := range dst {
		at := uint(i) * bits
		dst[i] = src[at>>3] >> (8 - bits - at&7) & mask * scale
	}
}
