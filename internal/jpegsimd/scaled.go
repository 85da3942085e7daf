package jpegsimd

// The constants of jidctred.c, times 2^13.
const (
	f0211, f0509, f0601, f0720, f0850 = 1730, 4176, 4926, 5906, 6967
	f1061, f1272, f1451, f2172, f3624 = 8697, 10426, 11893, 17799, 29692
)

// Scaled writes a block with fewer samples: size by size, of 4, 2 or 1. That is
// libjpeg's transform of the lowest frequencies (jidctred.c).
func Scaled(dst []uint8, stride int, coef, quant *[64]int16, size int) {
	switch size {
	case 4:
		scaled4(dst, stride, coef, quant)
	case 2:
		scaled2(dst, stride, coef, quant)
	default:
		v := (int32(coef[0])*int32(quant[0]) + 4) >> 3
		dst[0] = sample(v << 22 >> 22) // as libjpeg's table for limits wraps
	}
}

func scaled4(dst []uint8, stride int, coef, quant *[64]int16) {
	var w [4][8]int32
	for u := range 8 {
		if u == 4 {
			continue // has no part in the rows
		}
		var c [8]int32
		for v := range c {
			c[v] = int32(coef[Place(v, u)] * quant[Place(v, u)])
		}
		for y, v := range four(&c) {
			w[y][u] = word((v + 1<<11) >> 12)
		}
	}
	for y := range w {
		row := dst[y*stride:][:4]
		for x, v := range four(&w[y]) {
			row[x] = sample((v + 1<<18) >> 19)
		}
	}
}

// four is the transform of 8 numbers to 4, times 2^14.
func four(c *[8]int32) [4]int32 {
	even := c[2]*f1847 - c[6]*f0765
	a, b := c[0]<<14+even, c[0]<<14-even
	inner := c[1]*f1061 - c[3]*f2172 + c[5]*f1451 - c[7]*f0211
	outer := c[1]*f2562 + c[3]*f0899 - c[5]*f0601 - c[7]*f0509
	return [4]int32{a + outer, b + inner, b - inner, a - outer}
}

func scaled2(dst []uint8, stride int, coef, quant *[64]int16) {
	var w [2][8]int32
	for _, u := range [5]int{0, 1, 3, 5, 7} {
		var c [8]int32
		for v := range c {
			c[v] = int32(coef[Place(v, u)] * quant[Place(v, u)])
		}
		for y, v := range two(&c) {
			if w[y][u] = (v + 1<<12) >> 13; u > 0 {
				w[y][u] = word(w[y][u])
			}
		}
	}
	for y := range w {
		row := dst[y*stride:][:2]
		for x, v := range two(&w[y]) {
			row[x] = sample((v + 1<<19) >> 20)
		}
	}
}

// two is the transform of 8 numbers to 2, times 2^15.
func two(c *[8]int32) [2]int32 {
	odd := c[1]*f3624 - c[3]*f1272 + c[5]*f0850 - c[7]*f0720
	return [2]int32{c[0]<<15 + odd, c[0]<<15 - odd}
}

// word saturates.
func word(v int32) int32 { return min(max(v, -1<<15), 1<<15-1) }
