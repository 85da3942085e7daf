package jpegenc

// Colour says how a picture's colours are stored.
type Colour uint8

// The colours.
const (
	Full       Colour = iota // 4:4:4
	Subsampled               // 4:2:0
	Grey
)

// block is 64 coefficients, row by row or, once quantised, in zigzag order.
type block = [64]int32

// plane is one component.
type plane struct {
	sample     int // blocks of it in an MCU, along each edge: 1 or 2
	wide, high int // blocks that hold pixels
	stride     int // blocks of a row, those that fill up MCUs among them
	blocks     []block
	table      int // 0 for luminance, 1 for chrominance
}

// Picture is a picture whose coefficients are known but not yet quantised.
type Picture struct {
	w, h   int
	planes []plane
}

// New transforms packed RGB pixels.
func New(rgb []uint8, w, h int, c Colour) *Picture {
	p := &Picture{w: w, h: h}
	ycc := split(rgb, w, h)
	if c == Grey {
		p.planes = []plane{newPlane(ycc[0], w, h, 1, 0)}
		return p
	}
	if c == Full {
		for i := range ycc {
			p.planes = append(p.planes, newPlane(ycc[i], w, h, 1, min(i, 1)))
		}
		return p
	}
	cw, ch := (w+1)/2, (h+1)/2
	p.planes = []plane{newPlane(ycc[0], w, h, 2, 0)}
	for i := 1; i < 3; i++ {
		p.planes = append(p.planes, newPlane(halve(ycc[i], w, h), cw, ch, 1, 1))
	}
	return p
}

// split turns RGB into the planes Y, Cb and Cr of ITU-T T.871.
func split(rgb []uint8, w, h int) (ycc [3][]uint8) {
	for i := range ycc {
		ycc[i] = make([]uint8, w*h)
	}
	const half = 1 << 15
	for i := range w * h {
		r, g, b := int32(rgb[3*i]), int32(rgb[3*i+1]), int32(rgb[3*i+2])
		ycc[0][i] = uint8((19595*r + 38470*g + 7471*b + half) >> 16)
		ycc[1][i] = uint8((-11059*r - 21709*g + 32768*b + 128<<16 + half - 1) >> 16)
		ycc[2][i] = uint8((32768*r - 27439*g - 5329*b + 128<<16 + half - 1) >> 16)
	}
	return ycc
}

// halve averages squares of four samples.
func halve(src []uint8, w, h int) []uint8 {
	cw, ch := (w+1)/2, (h+1)/2
	dst := make([]uint8, cw*ch)
	for y := range ch {
		a, b := src[2*y*w:], src[min(2*y+1, h-1)*w:]
		for x := range cw {
			l, r := 2*x, min(2*x+1, w-1)
			dst[y*cw+x] = uint8((int(a[l]) + int(a[r]) + int(b[l]) + int(b[r]) + 1 + x&1) >> 2)
		}
	}
	return dst
}

// newPlane transforms the samples of a component block by block. Those beyond
// its edges repeat the last ones.
func newPlane(src []uint8, w, h, sample, table int) plane {
	p := plane{sample: sample, wide: (w + 7) / 8, high: (h + 7) / 8, table: table}
	p.stride = (p.wide + sample - 1) / sample * sample
	rows := (p.high + sample - 1) / sample * sample
	p.blocks = make([]block, p.stride*rows)
	for i := range p.blocks {
		b := &p.blocks[i]
		x0, y0 := i%p.stride*8, i/p.stride*8
		for y := range 8 {
			row := src[min(y0+y, h-1)*w:]
			for x := range 8 {
				b[8*y+x] = int32(row[min(x0+x, w-1)]) - 128
			}
		}
		transform(b)
	}
	return p
}
