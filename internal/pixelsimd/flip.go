package pixelsimd

import "slices"

// Flip mirrors a row of pixels with c samples, 1 or 3, in place.
func Flip(row []uint8, c int) {
	row = flip(row, c)
	if c == 1 {
		slices.Reverse(row)
		return
	}
	for len(row) >= 6 {
		p, q := row[:3:3], row[len(row)-3:]
		_ = q[2]
		p[0], p[1], p[2], q[0], q[1], q[2] = q[0], q[1], q[2], p[0], p[1], p[2]
		row = row[3 : len(row)-3]
	}
}
