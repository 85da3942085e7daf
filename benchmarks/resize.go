package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"math/rand/v2"
	"os"
	"path/filepath"

	"github.com/disintegration/imaging"

	"github.com/stokerdata/stoker/augment/vision/jpeg"
	"github.com/stokerdata/stoker/benchmarks/internal/rounds"
	"github.com/stokerdata/stoker/internal/pixel"
)

// resizeConfig is what the contenders of workload resize are given.
type resizeConfig struct {
	Pixels string        `json:"pixels"` // file of packed RGB, image after image
	Sizes  []image.Point `json:"sizes"`  // X is the width
	Crops  []crop        `json:"crops"`
}

const (
	resizeImages = 64
	resizeCrops  = 512
)

// workloadResize is a crop of a decoded image, resized to 224 by 224.
func workloadResize(b *bench) ([]rounds.Match, error) {
	_, files, err := imageSet(b.data, trainSet)
	if err != nil {
		return nil, err
	}
	c, err := b.resizeConfig(files[:min(len(files), resizeImages)])
	if err != nil {
		return nil, err
	}
	r, err := newResizer(c)
	if err != nil {
		return nil, err
	}
	file := filepath.Join(b.work, "resized")
	// Up to Pillow 12 all bytes are equal. Since 13 it shrinks some tall images
	// along y first (its pull request 9549), which rounds otherwise; Pillow-SIMD
	// has shorter weights.
	same, pillow := r.asking(file, 0), r.asking(file, 0.05)
	m := rounds.Match{Name: "resize", Parts: 4, About: fmt.Sprintf("a random resized crop of a decoded image to %d by %d, bilinear with antialiasing", side, side)}
	m.Entries = []rounds.Entry{
		rounds.Func("ours", "stoker's resizer", func() (*rounds.Work, error) { return r.ours(), nil }),
		b.purego("ours_purego", "stoker's resizer, built with -tags purego", "resize", c, same),
		b.python("pillow", "crop and resize of Pillow", "pillow_resize.py", c, pillow),
		b.python("pillow_simd", "the same of Pillow-SIMD", "pillow_resize.py", simdConfig{c, true}, pillow),
		rounds.Checked(rounds.Func("imaging", "disintegration/imaging, Crop and Resize with Linear", func() (*rounds.Work, error) { return r.imaging(), nil }), r.checkImaging),
	}
	m.Ratios = against("ours", m.Entries)
	return []rounds.Match{m}, nil
}

// simdConfig asks for Pillow-SIMD.
type simdConfig struct {
	resizeConfig
	SIMD bool `json:"simd"`
}

// resizeConfig decodes files for all contenders, and draws the crops.
func (b *bench) resizeConfig(files []string) (resizeConfig, error) {
	c := resizeConfig{Pixels: filepath.Join(b.work, "pixels")}
	var all []byte
	var d jpeg.Decoder
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			return c, err
		}
		h, err := d.Open(data)
		if err != nil {
			return c, fmt.Errorf("%s: %w", f, err)
		}
		rgb := make([]uint8, 3*h.Width*h.Height)
		if err := d.RGB(rgb, 3*h.Width, image.Rect(0, 0, h.Width, h.Height)); err != nil {
			return c, fmt.Errorf("%s: %w", f, err)
		}
		all = append(all, rgb...)
		c.Sizes = append(c.Sizes, image.Pt(h.Width, h.Height))
	}
	r := rand.New(rand.NewPCG(5, 5))
	for i := range resizeCrops {
		k := i % len(files)
		one := resizedCrop(r, c.Sizes[k].X, c.Sizes[k].Y)
		one.Index = k
		c.Crops = append(c.Crops, one)
	}
	return c, os.WriteFile(c.Pixels, all, 0o666)
}

// resizer holds what the contenders in Go work on.
type resizer struct {
	resizeConfig
	images []pixel.Image
	dst    pixel.Image
}

func newResizer(c resizeConfig) (*resizer, error) {
	all, err := os.ReadFile(c.Pixels)
	if err != nil {
		return nil, err
	}
	r := &resizer{resizeConfig: c, dst: pixel.Packed(make([]uint8, 3*side*side), side, side, 3)}
	for _, z := range c.Sizes {
		n := 3 * z.X * z.Y
		r.images = append(r.images, pixel.Packed(all[:n:n], z.Y, z.X, 3))
		all = all[n:]
	}
	return r, nil
}

// work returns a contender that calls resize for each crop.
func (r *resizer) work(resize func(c crop)) *rounds.Work {
	return &rounds.Work{Run: func(part, parts int) (int, error) {
		lo, hi := rounds.Part(len(r.Crops), part, parts)
		for _, c := range r.Crops[lo:hi] {
			resize(c)
		}
		return hi - lo, nil
	}}
}

func (r *resizer) ours() *rounds.Work {
	var z pixel.Resizer
	return r.work(func(c crop) { z.Resize(r.dst, r.images[c.Index].Crop(c.X, c.Y, c.W, c.H), pixel.Bilinear) })
}

// wanted returns the pixels of the first crops as we make them.
func (r *resizer) wanted() []uint8 {
	var z pixel.Resizer
	var all []uint8
	for _, c := range r.Crops[:checked] {
		z.Resize(r.dst, r.images[c.Index].Crop(c.X, c.Y, c.W, c.H), pixel.Bilinear)
		all = append(all, r.dst.Pix...)
	}
	return all
}

// asking returns a check of a child that allows a mean difference.
func (r *resizer) asking(file string, most float64) asking {
	s := &samples{crops: r.Crops[:checked], u8: r.wanted()}
	return s.asking(file, most)
}

// imaging is the image library that the Go world uses most.
func (r *resizer) imaging() *rounds.Work {
	images := r.nrgba()
	return r.work(func(c crop) { resizeImaging(images[c.Index], c) })
}

func resizeImaging(m *image.NRGBA, c crop) *image.NRGBA {
	return imaging.Resize(imaging.Crop(m, image.Rect(c.X, c.Y, c.X+c.W, c.Y+c.H)), side, side, imaging.Linear)
}

// nrgba returns the images in the form that imaging works on.
func (r *resizer) nrgba() (all []*image.NRGBA) {
	for _, m := range r.images {
		n := image.NewNRGBA(image.Rect(0, 0, m.W, m.H))
		for i := range m.W * m.H {
			copy(n.Pix[4*i:], m.Pix[3*i:3*i+3])
			n.Pix[4*i+3] = 255
		}
		all = append(all, n)
	}
	return all
}

func (r *resizer) checkImaging(context.Context) (string, error) {
	images := r.nrgba()
	var got []uint8
	for _, c := range r.Crops[:checked] {
		m := resizeImaging(images[c.Index], c)
		for i := range side * side {
			got = append(got, m.Pix[4*i:4*i+3]...)
		}
	}
	d, err := compare(got, r.wanted(), func(int) float64 { return 1 })
	if err != nil {
		return "", err
	}
	return d.within(0.5)
}

// openResize opens our resizer as a child.
func openResize(config json.RawMessage) (*rounds.Work, error) {
	return decoded(func(c resizeConfig) (*rounds.Work, error) {
		r, err := newResizer(c)
		if err != nil {
			return nil, err
		}
		w := r.ours()
		w.Check = func(what json.RawMessage) error {
			var s sampleCheck
			if err := json.NewDecoder(bytes.NewReader(what)).Decode(&s); err != nil {
				return err
			}
			return os.WriteFile(s.Out, r.wanted(), 0o666)
		}
		return w, nil
	})(config)
}
