package jpegenc

// Constants of the transform of Loeffler, Ligtenberg and Moschytz (1989), in
// units of 1/8192.
const (
	c0298 = 2446
	c0390 = 3196
	c0541 = 4433
	c0765 = 6270
	c0899 = 7373
	c1175 = 9633
	c1501 = 12299
	c1847 = 15137
	c1961 = 16069
	c2053 = 16819
	c2562 = 20995
	c3072 = 25172
)

// transform replaces samples by their cosine transform, times 8.
func transform(b *block) {
	for y := range 8 {
		eight(b, 8*y, 1, 11, 4) // the first pass keeps 2 more bits
	}
	for x := range 8 {
		eight(b, x, 8, 15, 0)
	}
}

// eight transforms the eight numbers from at on that lie step apart. The odd
// outputs are shifted right by down, and the even ones, which have not been
// multiplied, left by up quarter bits or right by two.
func eight(b *block, at, step int, down uint, up int32) {
	var x [8]int32
	for i := range x {
		x[i] = b[at+i*step]
	}
	s0, s1, s2, s3 := x[0]+x[7], x[1]+x[6], x[2]+x[5], x[3]+x[4]
	d0, d1, d2, d3 := x[0]-x[7], x[1]-x[6], x[2]-x[5], x[3]-x[4]

	round := int32(1) << (down - 1)
	put := func(i int, v int32) { b[at+i*step] = (v + round) >> down }
	even := func(i int, v int32) {
		if up > 0 {
			b[at+i*step] = v * up
		} else {
			b[at+i*step] = (v + 2) >> 2
		}
	}
	a, c, d, e := s0+s3, s0-s3, s1+s2, s1-s2
	even(0, a+d)
	even(4, a-d)
	z := (e + c) * c0541
	put(2, z+c*c0765)
	put(6, z-e*c1847)

	z1, z2, z3, z4 := d3+d0, d2+d1, d3+d1, d2+d0
	z5 := (z3 + z4) * c1175
	z1, z2, z3, z4 = -z1*c0899, -z2*c2562, z5-z3*c1961, z5-z4*c0390
	put(7, d3*c0298+z1+z3)
	put(5, d2*c2053+z2+z4)
	put(3, d1*c3072+z2+z3)
	put(1, d0*c1501+z1+z4)
}

// zigzag gives the place in a block of the coefficient k in zigzag order.
var zigzag = [64]uint8{
	0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5,
	12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
	35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51,
	58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
}

// quantisers are the tables of ITU-T T.81, Annex K.1, row by row.
var quantisers = [2][64]int32{
	{
		16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55,
		14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62,
		18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92,
		49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
	},
	{
		17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99,
		24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99, 99, 99, 99, 99,
		99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
		99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
	},
}

// quantiser returns a table for a quality of 1 to 100, as libjpeg makes it.
func quantiser(table, quality int) (q [64]int32) {
	scale := int32(200 - 2*quality)
	if quality < 50 {
		scale = int32(5000 / quality)
	}
	for i, v := range quantisers[table] {
		q[i] = min(max((v*scale+50)/100, 1), 255)
	}
	return q
}

// quantise returns the blocks of p as they are stored, in zigzag order.
func (p *plane) quantise(q *[64]int32) []block {
	out := make([]block, len(p.blocks))
	for i := range p.blocks {
		for k, at := range zigzag {
			v, by := p.blocks[i][at], 8*q[at]
			if v < 0 {
				out[i][k] = -((-v + by/2) / by)
			} else {
				out[i][k] = (v + by/2) / by
			}
		}
	}
	return out
}
