package interleave

// Columns sets dst[i*stride+g] to from[g][i] for all i and g. All columns are as
// long as the first, and stride is at least their number. It has vector code for
// values of 32 bits where the processor has AVX2, and more where it has AVX-512.
func Columns[T any](dst []T, stride int, from [][]T) {
	if len(from) == 0 || len(from[0]) == 0 {
		return
	}
	if first := wide(dst, stride, from); first < len(from[0]) {
		rest(dst, stride, from, first)
	}
}

// rest lays all rows from the first one on.
func rest[T any](dst []T, stride int, from [][]T, first int) {
	for len(from) >= 8 {
		rows := (*[8][]T)(from)
		plainEight(dst, stride, rows, vector(dst, stride, rows, first))
		if len(from) == 8 {
			return
		}
		next := 8
		if len(from) < 16 {
			next = len(from) - 8 // eight again, of which some are laid twice
		}
		from, dst = from[next:], dst[next:]
	}
	if len(from) >= 4 {
		plainFour(dst, stride, (*[4][]T)(from), first)
		if len(from) == 4 {
			return
		}
		from, dst = from[4:], dst[4:]
	}
	for g, c := range from {
		d := dst[g:]
		for i := first; i < len(c); i++ {
			d[i*stride] = c[i]
		}
	}
}

// plainEight lays the rows of eight columns from row first on.
func plainEight[T any](dst []T, stride int, from *[8][]T, first int) {
	n := len(from[0])
	c0, c1, c2, c3 := from[0][:n], from[1][:n], from[2][:n], from[3][:n]
	c4, c5, c6, c7 := from[4][:n], from[5][:n], from[6][:n], from[7][:n]
	for i := first; i < n; i++ {
		d := (*[8]T)(dst[i*stride:])
		d[0], d[1], d[2], d[3] = c0[i], c1[i], c2[i], c3[i]
		d[4], d[5], d[6], d[7] = c4[i], c5[i], c6[i], c7[i]
	}
}

func plainFour[T any](dst []T, stride int, from *[4][]T, first int) {
	n := len(from[0])
	c0, c1, c2, c3 := from[0][:n], from[1][:n], from[2][:n], from[3][:n]
	for i := first; i < n; i++ {
		d := (*[4]T)(dst[i*stride:])
		d[0], d[1], d[2], d[3] = c0[i], c1[i], c2[i], c3[i]
	}
}
