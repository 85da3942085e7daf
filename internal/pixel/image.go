package pixel

// Image is a window of interleaved 8-bit pixels: sample c of the pixel at (x, y)
// is Pix[y*Stride+x*C+c]. Coordinates are continuous: pixel i covers [i, i+1).
type Image struct {
	Pix    []uint8
	Stride int // from one row to the next
	W, H   int // at least 1
	C      int // samples per pixel, 1 or 3
}

// Packed returns the image without gaps that pix holds.
func Packed(pix []uint8, h, w, c int) Image { return Image{pix, w * c, w, h, c} }

// Row returns the samples of row y.
func (m Image) Row(y int) []uint8 {
	at := y * m.Stride
	return m.Pix[at : at+m.W*m.C : at+m.W*m.C]
}

// Crop returns the window of m that begins at (x, y), which must lie within m.
func (m Image) Crop(x, y, w, h int) Image {
	m.Pix = m.Pix[y*m.Stride+x*m.C:]
	m.W, m.H = w, h
	return m
}

// Window copies to dst the part of src that begins at (x, y) and has the size
// of dst. It may lie partly or wholly outside of src: there dst is fill.
func Window(dst, src Image, x, y int, fill [3]uint8) {
	left := min(max(-x, 0), dst.W)
	right := max(min(src.W-x, dst.W), left)
	for i := range dst.H {
		row := dst.Row(i)
		if y+i < 0 || y+i >= src.H {
			paint(row, dst.C, fill)
			continue
		}
		paint(row[:left*dst.C], dst.C, fill)
		if left < right {
			copy(row[left*dst.C:right*dst.C], src.Row(y + i)[(x+left)*src.C:])
		}
		paint(row[right*dst.C:], dst.C, fill)
	}
}

// paint fills row with a colour of c samples, the first of fill.
func paint(row []uint8, c int, fill [3]uint8) {
	for i := 0; i+c <= len(row); i += c {
		copy(row[i:i+c], fill[:])
	}
}

// Fill sets all of m to one colour.
func Fill(m Image, fill [3]uint8) {
	for y := range m.H {
		paint(m.Row(y), m.C, fill)
	}
}
