package pixelsimd

// Grey returns the brightness of a colour as Pillow computes it: ITU-R 601 with
// 16-bit weights.
func Grey(r, g, b uint8) uint8 {
	return uint8((uint32(r)*19595 + uint32(g)*38470 + uint32(b)*7471 + 1<<15) >> 16)
}

// GreySum returns the sum of the grey of a row of RGB pixels.
func GreySum(px []uint8) uint64 {
	sum, px := greySum(px)
	return sum + greyEach(px)
}

func greyEach(px []uint8) (sum uint64) {
	for len(px) >= 3 {
		sum += uint64(Grey(px[0], px[1], px[2]))
		px = px[3:]
	}
	return sum
}

// Saturate moves RGB pixels from their grey by factor, in place.
func Saturate(px []uint8, factor float32) {
	saturateEach(saturate(px, factor), factor)
}

func saturateEach(px []uint8, factor float32) {
	for len(px) >= 3 {
		g := float32(Grey(px[0], px[1], px[2]))
		px[0] = mix(g, float32(px[0]), factor)
		px[1] = mix(g, float32(px[1]), factor)
		px[2] = mix(g, float32(px[2]), factor)
		px = px[3:]
	}
}

// Blend moves samples from a level, from 0 to 255, by a factor.
type Blend struct {
	base, factor float32
	table        [256]uint8 // what samples become; vector code gives the same
}

// NewBlend returns a Blend.
func NewBlend(base, factor float32) (b Blend) {
	b.base, b.factor = base, factor
	for i := range b.table {
		b.table[i] = mix(base, float32(i), factor)
	}
	return b
}

// Row moves samples in place.
func (b *Blend) Row(px []uint8) {
	b.each(blend(px, b.base, b.factor))
}

func (b *Blend) each(px []uint8) {
	for i, v := range px {
		px[i] = b.table[v]
	}
}

// mix returns base + factor·(v-base), cut to a sample.
func mix(base, v, factor float32) uint8 {
	t := base + float32(factor*(v-base))
	if t <= 0 {
		return 0
	}
	if t >= 255 {
		return 255
	}
	return uint8(t)
}
