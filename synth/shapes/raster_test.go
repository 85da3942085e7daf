package shapes

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestFillArea: the coverage of random stars adds up to their area, and each
// pixel's is near what 16 x 16 probes say.
func TestFillArea(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var r raster
	for range 40 {
		var polygon []point
		for k := range 10 {
			d, a := 700+2300*rng.Float64(), 2*math.Pi*float64(k)/10
			polygon = append(polygon, point{int32(5000 + d*math.Cos(a)), int32(6000 + d*math.Sin(a))})
		}
		b := hull(polygon)
		sum := 0.0
		for i, c := range r.fill(nil, polygon, b) {
			sum += float64(c) / 255
			x, y := b.x0+i%(b.x1-b.x0), b.y0+i/(b.x1-b.x0)
			if want := probes(polygon, x, y); math.Abs(float64(c)/255-want) > 0.1 {
				t.Fatalf("pixel (%d, %d) of %v is covered by %d/255, want %.2f", x, y, polygon, c, want)
			}
		}
		if want := area(polygon) / 65536; math.Abs(sum-want) > 0.005*want {
			t.Errorf("area %v, want %v", sum, want)
		}
	}
}

// probes returns the part of 16 x 16 points of a pixel that lie in the polygon.
func probes(polygon []point, px, py int) float64 {
	n := 0
	for k := range 256 {
		x, y := float64(px<<8+k%16*16)+8.5, float64(py<<8+k/16*16)+8.5
		in, last := false, polygon[len(polygon)-1]
		for _, p := range polygon {
			x0, y0, x1, y1 := float64(last.x), float64(last.y), float64(p.x), float64(p.y)
			if (y0 > y) != (y1 > y) && x < x0+(x1-x0)*(y-y0)/(y1-y0) {
				in = !in
			}
			last = p
		}
		if in {
			n++
		}
	}
	return float64(n) / 256
}

// area returns the area by the shoelace formula.
func area(polygon []point) float64 {
	sum, last := 0.0, polygon[len(polygon)-1]
	for _, p := range polygon {
		sum += float64(last.x)*float64(p.y) - float64(p.x)*float64(last.y)
		last = p
	}
	return math.Abs(sum) / 2
}

func TestHSV(t *testing.T) {
	for _, c := range []struct {
		h, s, v int32
		want    rgb
	}{
		{0, 255, 255, rgb{255, 0, 0}}, {512, 255, 255, rgb{0, 255, 0}}, {1024, 255, 200, rgb{0, 0, 200}},
		{-512, 255, 255, rgb{0, 0, 255}}, {700, 0, 90, rgb{90, 90, 90}}, {256, 255, 255, rgb{255, 255, 0}},
	} {
		if got := hsv(c.h, c.s, c.v); got != c.want {
			t.Errorf("hsv(%d, %d, %d) = %v, want %v", c.h, c.s, c.v, got, c.want)
		}
	}
}

// TestTextures: a row of a texture does not depend on where painting begins, and
// each texture but Flat uses most of the mixture.
func TestTextures(t *testing.T) {
	area := box{0, 0, 90, 70}
	for texture := range nTextures {
		rng := rand.New(rand.NewPCG(uint64(texture), 3))
		lo, hi := int32(256), int32(0)
		for range 20 {
			p := newPaint(rng, texture, area, rgb{}, rgb{255, 255, 255})
			for y := range 70 {
				whole, part := make([]int32, 90), make([]int32, 50)
				p.row(whole, 0, y)
				p.row(part, 40, y)
				for i, v := range part {
					if v != whole[40+i] {
						t.Fatalf("%v: pixel (%d, %d) is %d or %d", texture, 40+i, y, v, whole[40+i])
					}
				}
				for _, v := range whole {
					if v < 0 || v > 256 {
						t.Fatalf("%v: mixture %d", texture, v)
					}
					lo, hi = min(lo, v), max(hi, v)
				}
			}
		}
		if texture != Flat && (lo > 10 || hi < 246) {
			t.Errorf("%v: mixture from %d to %d", texture, lo, hi)
		}
	}
}
