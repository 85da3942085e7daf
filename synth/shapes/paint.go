package shapes

import (
	"math"
	"math/rand/v2"

	"github.com/stokerdata/stoker/internal/draw"
	"github.com/stokerdata/stoker/internal/stable"
)

// rgb is a colour, 0 to 255 each.
type rgb [3]int32

// hsv returns the colour of the given hue in 1/1536 of the circle, saturation
// and value in 1/255.
func hsv(hue, saturation, value int32) rgb {
	hue = (hue%1536 + 1536) % 1536
	f := hue & 255
	low := value * (255 - saturation) / 255
	fall := value * (255 - saturation*f/255) / 255
	rise := value * (255 - saturation*(255-f)/255) / 255
	switch hue >> 8 {
	case 0:
		return rgb{value, rise, low}
	case 1:
		return rgb{fall, value, low}
	case 2:
		return rgb{low, value, rise}
	case 3:
		return rgb{low, fall, value}
	case 4:
		return rgb{rise, low, value}
	}
	return rgb{value, low, fall}
}

// paint is a texture with its colours. At each pixel it mixes from + (to-from)
// t/256, where t follows from the pixel's place alone.
type paint struct {
	texture  Texture
	from, to rgb
	ux, uy   int32 // Gradient, Stripes: step of the phase per pixel, in 1/65536
	phase    int32 // at pixel (0, 0)
	gain     int32 // Stripes: steepness of the edge, in 1/256
	cell     uint  // Noise: log2 of the largest cell in pixels
	seed     uint32
}

// newPaint draws a texture's geometry, for an area of the given size.
func newPaint(rng *rand.Rand, t Texture, area box, from, to rgb) paint {
	p := paint{texture: t, from: from, to: to, seed: rng.Uint32()}
	s, c := stable.Sincos(stable.Turn(rng.Uint64()))
	w, h := float64(area.x1-area.x0), float64(area.y1-area.y0)
	switch t {
	case Gradient:
		reach := float64(math.Abs(c)*w) + float64(math.Abs(s)*h)
		p.steps(c*65536/reach, s*65536/reach)
		p.phase = 1<<15 - p.at(int32(area.x0+area.x1)/2, int32(area.y0+area.y1)/2)
	case Stripes:
		period := max(4, min(w, h)*draw.LogUniform(rng, 0.12, 0.4))
		p.steps(c*65536/period, s*65536/period)
		p.phase = int32(rng.Uint32())
		p.gain = int32(period * 256 / 307) // an edge is 1.2 pixels wide
	case Noise:
		for p.cell = 2; 3<<p.cell < int(min(w, h)) && p.cell < 8; {
			p.cell++
		}
	}
	return p
}

func (p *paint) steps(ux, uy float64) {
	p.ux, p.uy = int32(math.RoundToEven(ux)), int32(math.RoundToEven(uy))
}

// at returns the phase of pixel (x, y), which wraps.
func (p *paint) at(x, y int32) int32 { return p.phase + x*p.ux + y*p.uy }

// row sets t to the mixture, 0 to 256, of the pixels from (x, y) rightwards.
func (p *paint) row(t []int32, x, y int) {
	phase := p.at(int32(x), int32(y))
	switch p.texture {
	case Flat:
		clear(t)
	case Gradient:
		for i := range t {
			t[i] = min(max(phase>>8, 0), 256)
			phase += p.ux
		}
	case Stripes:
		for i := range t {
			wave := max(phase&0xffff, 0x10000-phase&0xffff) - 0xc000
			t[i] = min(max(128+wave*p.gain>>8, 0), 256)
			phase += p.ux
		}
	case Noise:
		clear(t)
		p.octave(t, x, y, p.cell, 5)
		p.octave(t, x, y, p.cell-1, 2)
		p.octave(t, x, y, p.cell-2, 1)
		for i := range t {
			t[i] = min(max(t[i]>>3*7/4-96, 0), 256) // most noise lies near the middle: stretch it
		}
	}
}

// octave adds to t noise of cells of 1<<cell pixels, 0 to 255 times weight.
func (p *paint) octave(t []int32, x, y int, cell uint, weight int32) {
	mask := 1<<cell - 1
	fy := smooth(int32(y&mask) << (8 - cell))
	seed := p.seed + uint32(cell)*0x9e3779b9
	column := func(ix int) int32 {
		a, b := lattice(seed, ix, y>>cell), lattice(seed, ix, y>>cell+1)
		return (a<<8 + (b-a)*fy) * weight
	}
	ix := x >> cell
	a, b := column(ix), column(ix+1)
	for i := range t {
		if (x+i)>>cell != ix {
			ix++
			a, b = b, column(ix+1)
		}
		f := smooth(int32((x+i)&mask) << (8 - cell))
		t[i] += (a + (b-a)>>8*f) >> 8
	}
}

// smooth is the cubic step of f, both 0 to 256.
func smooth(f int32) int32 { return f * f * (768 - 2*f) >> 16 }

// lattice returns the noise value, 0 to 255, of a lattice point.
func lattice(seed uint32, x, y int) int32 {
	h := seed ^ uint32(x)*0x85ebca6b ^ uint32(y)*0xc2b2ae35
	h ^= h >> 15
	h *= 0x2c1b3c6d
	h ^= h >> 12
	h *= 0x297a2d39
	return int32((h ^ h>>15) >> 24)
}

// cover paints pixels of a row of the picture, given its mixture t.
func (p *paint) cover(pix []uint8, t []int32) {
	from, d := p.from, rgb{p.to[0] - p.from[0], p.to[1] - p.from[1], p.to[2] - p.from[2]}
	pix = pix[:3*len(t)]
	for i, t := range t {
		q := pix[3*i : 3*i+3 : 3*i+3]
		q[0] = uint8(from[0] + (d[0]*t+128)>>8)
		q[1] = uint8(from[1] + (d[1]*t+128)>>8)
		q[2] = uint8(from[2] + (d[2]*t+128)>>8)
	}
}

// blend is cover where pixel i is covered by coverage[i]/255 only.
func (p *paint) blend(pix []uint8, t []int32, coverage []uint8) {
	pix, coverage = pix[:3*len(t)], coverage[:len(t)]
	for i, t := range t {
		a := int32(coverage[i])
		if a == 0 {
			continue
		}
		a += a >> 7
		q := pix[3*i : 3*i+3 : 3*i+3]
		for c := range q {
			v := p.from[c] + ((p.to[c]-p.from[c])*t+128)>>8
			q[c] = uint8(int32(q[c]) + ((v-int32(q[c]))*a+128)>>8)
		}
	}
}
