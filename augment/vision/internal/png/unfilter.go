package png

import "encoding/binary"

// The filters: what was taken from a byte is nothing, the byte of the pixel to
// the left (a), that above (b), the mean of both, or the one of these and the
// byte above left (c) that is nearest to a+b-c.
const (
	none = iota
	sub
	up
	average
	paeth
)

// unfilter restores a row of pixels of c bytes, 1 or 3, in place. A filter works
// on each byte of a pixel by itself, so that what is dropped, alpha and the
// lower halves of 16 bits, does not have to be there.
func unfilter(row, above []byte, filter uint8, c int) {
	above = above[:len(row)]
	switch filter {
	case sub:
		if c == 3 {
			sub3(row)
		} else {
			sub1(row)
		}
	case up:
		addRow(row, above)
	case average:
		if c == 3 {
			average3(row, above)
		} else {
			average1(row, above)
		}
	case paeth:
		if c == 3 {
			paeth3(row, above)
		} else {
			paeth1(row, above)
		}
	}
}

func sub1(row []byte) {
	var a uint8
	for i, v := range row {
		a += v
		row[i] = a
	}
}

func sub3(row []byte) {
	var r, g, b uint8
	for i := 2; i < len(row); i += 3 {
		r, g, b = r+row[i-2], g+row[i-1], b+row[i]
		row[i-2], row[i-1], row[i] = r, g, b
	}
}

// addRow adds eight bytes at a time: their lower bits, which cannot run over,
// and then the highest bits without a carry.
func addRow(row, above []byte) {
	const high = 0x8080808080808080
	i := 0
	for ; i+8 <= len(row) && i+8 <= len(above); i += 8 {
		a, b := binary.LittleEndian.Uint64(row[i:]), binary.LittleEndian.Uint64(above[i:])
		binary.LittleEndian.PutUint64(row[i:], (a&^high+b&^high)^(a^b)&high)
	}
	for ; i < len(row) && i < len(above); i++ {
		row[i] += above[i]
	}
}

func average1(row, above []byte) {
	a := 0
	for i, b := range above {
		a = (int(row[i]) + (a+int(b))>>1) & 255
		row[i] = uint8(a)
	}
}

func average3(row, above []byte) {
	var r, g, b int
	for i := 2; i < len(row) && i < len(above); i += 3 {
		r = (int(row[i-2]) + (r+int(above[i-2]))>>1) & 255
		g = (int(row[i-1]) + (g+int(above[i-1]))>>1) & 255
		b = (int(row[i]) + (b+int(above[i]))>>1) & 255
		row[i-2], row[i-1], row[i] = uint8(r), uint8(g), uint8(b)
	}
}

func paeth1(row, above []byte) {
	a, c := 0, 0
	for i, v := range above {
		b := int(v)
		a = (int(row[i]) + nearest(a, b, c)) & 255
		row[i], c = uint8(a), b
	}
}

// paeth3 takes the first pixel by itself, as it has none to the left.
func paeth3(row, above []byte) {
	if len(row) < 3 || len(above) < 3 {
		return
	}
	row[0], row[1], row[2] = row[0]+above[0], row[1]+above[1], row[2]+above[2]
	r, g, b := int(row[0]), int(row[1]), int(row[2])
	for i := 3; i+2 < len(row) && i+2 < len(above); i += 3 {
		r = (int(row[i]) + nearest(r, int(above[i]), int(above[i-3]))) & 255
		row[i] = uint8(r)
		g = (int(row[i+1]) + nearest(g, int(above[i+1]), int(above[i-2]))) & 255
		row[i+1] = uint8(g)
		b = (int(row[i+2]) + nearest(b, int(above[i+2]), int(above[i-1]))) & 255
		row[i+2] = uint8(b)
	}
}

// nearest returns the one of a, b and c that is nearest to a+b-c, the first of
// them in a tie (PNG, section 9.4). Written so, it has no branches.
func nearest(a, b, c int) int {
	low, high := a, b
	if b < a {
		low = b
	}
	if b < a {
		high = a
	}
	edge := 3*c - a - b
	if high <= edge {
		c = low
	}
	if edge <= low {
		c = high
	}
	return c
}
