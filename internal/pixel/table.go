package pixel

// Planar sets dst to the samples of src, plane by plane, each looked up in the
// table of its channel.
func Planar[T any](dst []T, src Image, table *[3][256]T) {
	if src.C == 1 {
		Interleaved(dst, src, table)
		return
	}
	n, w := src.W*src.H, src.W
	t0, t1, t2 := &table[0], &table[1], &table[2]
	for y := range src.H {
		p := src.Row(y)
		r, g, b := dst[y*w:][:w], dst[n+y*w:][:w], dst[2*n+y*w:][:w]
		for x := range r {
			if len(p) < 3 { // never: a hint for the compiler
				break
			}
			r[x], g[x], b[x] = t0[p[0]], t1[p[1]], t2[p[2]]
			p = p[3:]
		}
	}
}

// Interleaved is Planar with the samples in the order of src.
func Interleaved[T any](dst []T, src Image, table *[3][256]T) {
	n := src.W * src.C
	for y := range src.H {
		p, q := src.Row(y), dst[y*n:][:n]
		if src.C == 1 {
			for i, v := range p {
				q[i] = table[0][v]
			}
			continue
		}
		for len(p) >= 3 && len(q) >= 3 {
			q[0], q[1], q[2] = table[0][p[0]], table[1][p[1]], table[2][p[2]]
			p, q = p[3:], q[3:]
		}
	}
}
