package interleave

// Columns sets dst[i*stride+g] to from[g][i] for all i and g. All columns are as
// long as the first, and stride is at least their number.
func Columns[T any](dst []T, stride int, from [][]T) {
	for ; len(from) >= 8; from, dst = from[8:], dst[8:] {
		eight(dst, stride, (*[8][]T)(from))
		if len(from) == 8 {
			return
		}
	}
	for ; len(from) >= 4; from, dst = from[4:], dst[4:] {
		four(dst, stride, (*[4][]T)(from))
		if len(from) == 4 {
			return
		}
	}
	for g, c := range from {
		d := dst[g:]
		for i, x := range c {
			d[i*stride] = x
		}
	}
}

func eight[T any](dst []T, stride int, from *[8][]T) {
	n := len(from[0])
	c0, c1, c2, c3 := from[0][:n], from[1][:n], from[2][:n], from[3][:n]
	c4, c5, c6, c7 := from[4][:n], from[5][:n], from[6][:n], from[7][:n]
	for i := range n {
		d := (*[8]T)(dst[i*stride:])
		d[0], d[1], d[2], d[3] = c0[i], c1[i], c2[i], c3[i]
		d[4], d[5], d[6], d[7] = c4[i], c5[i], c6[i], c7[i]
	}
}

func four[T any](dst []T, stride int, from *[4][]T) {
	n := len(from[0])
	c0, c1, c2, c3 := from[0][:n], from[1][:n], from[2][:n], from[3][:n]
	for i := range n {
		d := (*[4]T)(dst[i*stride:])
		d[0], d[1], d[2], d[3] = c0[i], c1[i], c2[i], c3[i]
	}
}
