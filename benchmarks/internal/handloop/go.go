package handloop

// Go writes a square window of src, whose rows begin stride bytes apart, to dst:
// red, then green, then blue.
func Go(dst, src []uint8, stride, side int, flip bool) {
	n := side * side
	for y := range side {
		row := src[y*stride:][:3*side]
		r, g, b := dst[y*side:][:side], dst[n+y*side:][:side], dst[2*n+y*side:][:side]
		if flip {
			for x := range r {
				at := 3 * (side - 1 - x)
				r[x], g[x], b[x] = row[at], row[at+1], row[at+2]
			}
			continue
		}
		for x := range r {
			r[x], g[x], b[x] = row[3*x], row[3*x+1], row[3*x+2]
		}
	}
}
