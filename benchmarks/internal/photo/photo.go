// Package photo makes pictures that cost a JPEG decoder what photographs cost.
// What matters to it is how many coefficients there are and how large they are,
// so: scenes of overlapping shapes give edges and flat areas, noise of many
// scales gives the falling spectrum of natural textures, and fine noise is that
// of a sensor. They are no photographs: a photograph has its detail in some
// places, these have it nearly everywhere.
//
//	for scene := range photo.Scenes(ctx, 500, 375, 100, 1) { ... } // packed RGB
package photo

import (
	"context"
	"iter"
	"math"
	"math/rand/v2"

	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/synth"
	"github.com/stokerdata/stoker/synth/shapes"
)

// Scenes yields n pictures of packed RGB, which the loop body may keep. They
// follow from the size and the seed alone.
func Scenes(ctx context.Context, w, h, n int, seed uint64) iter.Seq2[[]uint8, error] {
	return func(yield func([]uint8, error) bool) {
		gen, err := shapes.New(shapes.Config{Height: h, Width: w, MinShapes: 3, MaxShapes: 24, MinSize: 0.05, MaxSize: 0.9})
		if err != nil {
			yield(nil, err)
			return
		}
		ld, err := loader.New(synth.New(gen, n, seed), loader.Config{BatchSize: 1, Workers: 1})
		if err != nil {
			yield(nil, err)
			return
		}
		defer ld.Close()
		for b, err := range ld.All(ctx) {
			if err != nil {
				yield(nil, err)
				return
			}
			rgb := append([]uint8(nil), b.Tensor("image").Data...)
			expose(rgb, w, h, rand.New(rand.NewPCG(seed, uint64(b.IDs()[0]))))
			if !yield(rgb, nil) {
				return
			}
		}
	}
}

// octaves is the number of scales of the texture, each half as large as the one
// before; 0.62 of its amplitude is left at each, as in spectra of photographs.
const (
	octaves = 8
	fall    = 0.62
)

// expose changes contrast and brightness of a picture and adds texture and noise.
func expose(rgb []uint8, w, h int, r *rand.Rand) {
	contrast, brightness := 0.5+float64(0.4*r.Float64()), float64(30*r.Float64())-15
	depth, noise := 20+float64(60*r.Float64()), 1.6+math.Abs(4.5*r.NormFloat64())
	light := newTexture(r, w, h)
	tint := [2]*texture{newTexture(r, w, h), newTexture(r, w, h)}
	row := make([]float32, 3*w)
	for y := range h {
		light.row(row[:w], y)
		tint[0].row(row[w:2*w], y)
		tint[1].row(row[2*w:], y)
		line := rgb[3*w*y:][:3*w]
		for x := range w {
			l := float64(depth*float64(row[x])) + float64(noise*r.NormFloat64())
			red, blue := 0.3*depth*float64(row[w+x]), 0.3*depth*float64(row[2*w+x])
			for c, add := range [3]float64{l + red, l - float64(0.5*red) - float64(0.3*blue), l + blue} {
				v := 128 + float64((float64(line[3*x+c])-128)*contrast) + brightness + add
				v += float64(1.4 * noise * (r.Float64() - 0.5)) // 0.4 of it, channel by channel
				line[3*x+c] = uint8(min(max(v+0.5, 0), 255))
			}
		}
	}
}

// texture is a sum of smooth noise of several scales, about 1 large.
type texture struct {
	w, h   int
	grids  [octaves][]float32 // values at the corners of squares
	across [octaves]int       // corners in a row
	size   [octaves]float32   // of a square, in pixels
}

func newTexture(r *rand.Rand, w, h int) *texture {
	t := &texture{w: w, h: h}
	size, amplitude := float32(max(w, h))/2, 0.8
	for o := range t.grids {
		t.size[o] = max(size, 2)
		t.across[o] = int(float32(w)/t.size[o]) + 2
		t.grids[o] = make([]float32, t.across[o]*(int(float32(h)/t.size[o])+2))
		for i := range t.grids[o] {
			t.grids[o][i] = float32(amplitude * r.NormFloat64())
		}
		size, amplitude = size/2, amplitude*fall
	}
	return t
}

// row sets dst to the values of row y.
func (t *texture) row(dst []float32, y int) {
	clear(dst)
	for o, g := range t.grids {
		v := float32(y) / t.size[o]
		j := int(v)
		fy := ease(v - float32(j))
		a, b := g[j*t.across[o]:][:t.across[o]], g[(j+1)*t.across[o]:][:t.across[o]]
		step := 1 / t.size[o]
		for x := range dst {
			u := float32(float32(x) * step)
			i := min(int(u), len(a)-2)
			fx := ease(u - float32(i))
			top := a[i] + float32(fx*(a[i+1]-a[i]))
			low := b[i] + float32(fx*(b[i+1]-b[i]))
			dst[x] += top + float32(fy*(low-top))
		}
	}
}

// ease bends 0 to 1 so that it begins and ends level.
func ease(x float32) float32 { return float32(x*x) * (3 - float32(2*x)) }
