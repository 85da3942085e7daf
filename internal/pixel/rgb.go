package pixel

// Pick makes a row of RGB pixels from one whose pixels are step bytes long, of
// which it takes those at the three given places.
func Pick(dst, src []uint8, step int, at [3]int) {
	for len(dst) >= 3 && len(src) >= step {
		dst[0], dst[1], dst[2] = src[at[0]], src[at[1]], src[at[2]]
		dst, src = dst[3:], src[step:]
	}
}

// Palette makes a row of RGB pixels from indices into a table of colours, and
// reports whether all of them lie within it.
func Palette(dst, src []uint8, colours [][3]uint8) bool {
	for i, v := range src {
		if int(v) >= len(colours) {
			return false
		}
		copy(dst[3*i:3*i+3], colours[v][:])
	}
	return true
}
