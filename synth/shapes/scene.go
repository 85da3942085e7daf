package shapes

import (
	"math"
	"math/rand/v2"

	"github.com/stokerdata/stoker/internal/draw"
	"github.com/stokerdata/stoker/internal/stable"
)

// shape is one shape of a picture.
type shape struct {
	label    int // index into Config.Classes
	centre   point
	radius   int32 // of the circle around it, in 1/256 pixel
	turn     stable.Turn
	squash   float64 // its height, as a part of what its class has
	pixels   box     // that it touches
	coverage []uint8 // of pixels
	whole    box     // pixels that it covers by half or more
	visible  box     // those that no shape in front covers by half or more
	nWhole   int
	nVisible int
	points   [nPoints]keyPoint
	paint    paint
}

// Key points of a shape.
const (
	pointCentre = iota
	pointLeft
	pointRight
	nPoints
)

type keyPoint struct {
	point
	visibility float32 // as in kind.KeyPoints
}

// scene is the scratch memory of one picture.
type scene struct {
	shapes   []shape
	coverage []uint8
	polygon  []point
	mix      []int32
	raster   raster
}

// outlines returns the polygon of each class in the unit circle.
func outlines() (o [nClasses][][2]float64) {
	regular := func(n int, first float64, radii ...float64) (p [][2]float64) {
		for k := range n {
			s, c := stable.Sincos(stable.Turns(first + float64(k)/float64(n)))
			r := radii[k%len(radii)]
			p = append(p, [2]float64{c * r, s * r})
		}
		return p
	}
	o[Circle] = regular(circleCorners, 0, 1)
	o[Rectangle] = regular(4, 0.125, 1)
	o[Triangle] = regular(3, -0.25, 1)
	o[Star] = regular(10, -0.25, 1, 0.45)
	o[Hexagon] = regular(6, 0, 1)
	const a, b = 0.32, 0.94 // half the width and the length of an arm
	o[Cross] = [][2]float64{{b, -a}, {b, a}, {a, a}, {a, b}, {-a, b}, {-a, a}, {-b, a}, {-b, -a}, {-a, -a}, {-a, -b}, {a, -b}, {a, -a}}
	return o
}

// circleCorners keeps the polygon of the largest circle in a picture of 512
// pixels within a tenth of a pixel of the circle.
const circleCorners = 128

// tries is how often a shape looks for a place where enough of it shows.
const tries = 8

// draw draws a picture into pix and mask, which must be zero.
func (g *Generator) draw(rng *rand.Rand, sc *scene, pix, mask []uint8) {
	sc.shapes, sc.coverage = sc.shapes[:0], sc.coverage[:0]
	hue, dark := int32(rng.Int32N(1536)), rng.Int32N(2) == 0
	for range draw.Int(rng, g.cfg.MinShapes, g.cfg.MaxShapes) {
		for range tries {
			if g.place(rng, sc, mask) {
				break
			}
		}
	}
	for k := range sc.shapes {
		g.colour(rng, &sc.shapes[k], hue+int32(k+1)*950, dark)
	}
	ground := g.ground(rng, hue, dark)
	if cap(sc.mix) < g.cfg.Width {
		sc.mix = make([]int32, g.cfg.Width)
	}
	t := sc.mix[:g.cfg.Width]
	for y := range g.cfg.Height {
		ground.row(t, 0, y)
		ground.cover(pix[3*y*g.cfg.Width:], t)
	}
	for k := len(sc.shapes) - 1; k >= 0; k-- {
		g.paint(&sc.shapes[k], pix, t)
	}
}

// place draws a shape that stands behind those of sc. If enough of it shows,
// place adds it to sc and mask.
func (g *Generator) place(rng *rand.Rand, sc *scene, mask []uint8) bool {
	s := g.shape(rng)
	g.outline(sc, &s)
	s.pixels = hull(sc.polygon)
	s.pixels.x1, s.pixels.y1 = min(s.pixels.x1, g.cfg.Width), min(s.pixels.y1, g.cfg.Height)
	start := len(sc.coverage)
	sc.coverage = sc.raster.fill(sc.coverage, sc.polygon, s.pixels)
	s.coverage = sc.coverage[start:]
	s.survey(mask, g.cfg.Width)
	if s.nVisible == 0 || float64(s.nVisible) < g.cfg.MinVisible*float64(s.nWhole) {
		sc.coverage = sc.coverage[:start]
		return false
	}
	g.locate(sc.polygon, &s, mask)
	sc.shapes = append(sc.shapes, s)
	s.claim(mask, g.cfg.Width, uint8(len(sc.shapes)))
	return true
}

// shape draws the geometry of a shape.
func (g *Generator) shape(rng *rand.Rand) shape {
	s := shape{label: int(rng.Int32N(int32(len(g.cfg.Classes)))), squash: 1}
	side := float64(min(g.cfg.Height, g.cfg.Width))
	size := max(8, side*draw.Uniform(rng, g.cfg.MinSize, g.cfg.MaxSize))
	s.radius = int32(size * 128)
	s.centre.x = int32(draw.Int(rng, int(s.radius), g.cfg.Width<<8-int(s.radius)))
	s.centre.y = int32(draw.Int(rng, int(s.radius), g.cfg.Height<<8-int(s.radius)))
	turn, squash := stable.Turn(rng.Uint64()), rng.Float64()
	switch g.cfg.Classes[s.label] {
	case Circle:
		return s
	case Rectangle:
		s.squash = 1 - float64(0.55*squash)
	case Triangle:
		s.squash = 1 - float64(0.25*squash)
	}
	s.turn = turn
	return s
}

// outline sets sc.polygon to the outline of s.
func (g *Generator) outline(sc *scene, s *shape) {
	sin, cos := stable.Sincos(s.turn)
	r, step := float64(s.radius), 1
	corners := g.outlines[g.cfg.Classes[s.label]]
	if len(corners) == circleCorners && s.radius < 16<<8 {
		step = 4
	}
	sc.polygon = sc.polygon[:0]
	for k := 0; k < len(corners); k += step {
		x, y := corners[k][0], corners[k][1]*s.squash
		u := float64(cos*x) - float64(sin*y)
		v := float64(sin*x) + float64(cos*y)
		sc.polygon = append(sc.polygon, point{s.centre.x + int32(math.RoundToEven(u*r)), s.centre.y + int32(math.RoundToEven(v*r))})
	}
}

// survey finds out which pixels belong to s and which of them show.
func (s *shape) survey(mask []uint8, width int) {
	s.whole, s.visible = none, none
	w := s.pixels.x1 - s.pixels.x0
	for y := s.pixels.y0; y < s.pixels.y1; y++ {
		owner := mask[y*width+s.pixels.x0:][:w]
		whole, visible := none, none // x0 and x1 alone
		for x, c := range s.coverage[(y-s.pixels.y0)*w:][:w] {
			if c < 128 {
				continue
			}
			s.nWhole++
			whole.x0, whole.x1 = min(whole.x0, x), x+1
			if owner[x] == 0 {
				s.nVisible++
				visible.x0, visible.x1 = min(visible.x0, x), x+1
			}
		}
		s.whole.addRow(whole.x0+s.pixels.x0, whole.x1+s.pixels.x0, y)
		s.visible.addRow(visible.x0+s.pixels.x0, visible.x1+s.pixels.x0, y)
	}
}

// claim gives the free pixels of s to instance id.
func (s *shape) claim(mask []uint8, width int, id uint8) {
	w := s.pixels.x1 - s.pixels.x0
	for y := s.pixels.y0; y < s.pixels.y1; y++ {
		owner := mask[y*width+s.pixels.x0:][:w]
		for x, c := range s.coverage[(y-s.pixels.y0)*w:][:w] {
			if c >= 128 && owner[x] == 0 {
				owner[x] = id
			}
		}
	}
}

// locate sets the key points of s; mask holds the shapes in front of it.
func (g *Generator) locate(polygon []point, s *shape, mask []uint8) {
	left, right := polygon[0], polygon[0]
	for _, p := range polygon {
		if p.x < left.x {
			left = p
		}
		if p.x > right.x {
			right = p
		}
	}
	for i, p := range [nPoints]point{pointCentre: s.centre, pointLeft: left, pointRight: right} {
		x, y := s.inside(p)
		s.points[i] = keyPoint{p, 2}
		if mask[y*g.cfg.Width+x] != 0 {
			s.points[i].visibility = 1
		}
	}
}

// inside returns the first pixel of s on the way from p, a corner perhaps, to
// the centre, which belongs to s.
func (s *shape) inside(p point) (x, y int) {
	dx, dy := int(s.centre.x-p.x), int(s.centre.y-p.y)
	far := max(dx, -dx, dy, -dy)
	for d := 0; d < far; d += 256 {
		x, y = (int(p.x)+dx*d/far)>>8, (int(p.y)+dy*d/far)>>8
		if x < s.pixels.x1 && y < s.pixels.y1 && s.coverage[(y-s.pixels.y0)*(s.pixels.x1-s.pixels.x0)+x-s.pixels.x0] >= 128 {
			return x, y
		}
	}
	return int(s.centre.x >> 8), int(s.centre.y >> 8)
}

// colour draws the paint of s: strong colours that stand out from the ground.
func (g *Generator) colour(rng *rand.Rand, s *shape, hue int32, dark bool) {
	hue += rng.Int32N(200) - 100
	saturation, value := 190+rng.Int32N(60), 120+rng.Int32N(90)
	if dark {
		saturation, value = 120+rng.Int32N(100), 215+rng.Int32N(41)
	}
	texture := [8]Texture{Flat, Flat, Gradient, Gradient, Gradient, Gradient, Stripes, Noise}[rng.Int32N(8)]
	from := hsv(hue, saturation, value)
	to := hsv(hue+rng.Int32N(120)-60, saturation-40, value*3/4)
	s.paint = newPaint(rng, texture, s.pixels, from, to)
}

// ground draws the paint behind the shapes: pale or dark, and of little colour.
func (g *Generator) ground(rng *rand.Rand, hue int32, dark bool) paint {
	texture := g.cfg.Grounds[rng.Int32N(int32(len(g.cfg.Grounds)))]
	saturation, value, step := 20+rng.Int32N(50), 215+rng.Int32N(40), -25-rng.Int32N(35)
	if dark {
		saturation, value, step = 60+rng.Int32N(80), 30+rng.Int32N(40), 25+rng.Int32N(30)
	}
	from := hsv(hue, saturation, value)
	to := hsv(hue+rng.Int32N(160)-80, saturation+20, value+step)
	return newPaint(rng, texture, box{0, 0, g.cfg.Width, g.cfg.Height}, from, to)
}

// paint puts s over what is in pix. It uses t as scratch.
func (g *Generator) paint(s *shape, pix []uint8, t []int32) {
	w := s.pixels.x1 - s.pixels.x0
	for y := s.pixels.y0; y < s.pixels.y1; y++ {
		s.paint.row(t[:w], s.pixels.x0, y)
		s.paint.blend(pix[3*(y*g.cfg.Width+s.pixels.x0):], t[:w], s.coverage[(y-s.pixels.y0)*w:])
	}
}
