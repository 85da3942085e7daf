package main

import (
	"bytes"
	"encoding/json"
	"image"
	std "image/jpeg"
	"math/rand/v2"
	"os"

	"github.com/disintegration/imaging"

	"github.com/stokerdata/stoker/benchmarks/internal/rounds"
)

// goPeer is W1 as a Go program does it without us: image/jpeg and imaging, file
// by file, in one goroutine.
type goPeer struct {
	imagesConfig
	r     *rand.Rand
	u8    []uint8
	f32   []float32
	table [3][256]float32
}

// openGoPeer opens that peer as a child.
func openGoPeer(config json.RawMessage) (*rounds.Work, error) {
	return decoded(func(c imagesConfig) (*rounds.Work, error) {
		g := &goPeer{imagesConfig: c, r: rand.New(rand.NewPCG(1, 1))}
		g.u8, g.f32 = make([]uint8, c.Batch*sampleBytes), make([]float32, c.Batch*sampleBytes)
		for k, mean := range [3]float32{0.485, 0.456, 0.406} {
			for x := range 256 {
				g.table[k][x] = (float32(x)/255 - mean) / float32(imageNetStd[k])
			}
		}
		return &rounds.Work{Run: g.run, Check: g.check}, nil
	})(config)
}

// run makes a sample of each file, in random order.
func (g *goPeer) run(int, int) (n int, err error) {
	for _, i := range g.r.Perm(len(g.Files)) {
		m, err := decodeStandard(g.Files[i])
		if err != nil {
			return n, err
		}
		b := m.Bounds()
		g.put(m, resizedCrop(g.r, b.Dx(), b.Dy()), n%g.Batch)
		n++
	}
	return n, nil
}

func decodeStandard(file string) (image.Image, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return std.Decode(bytes.NewReader(data))
}

// put makes a sample in a row of the batch.
func (g *goPeer) put(m image.Image, c crop, row int) {
	out := imaging.Resize(imaging.Crop(m, image.Rect(c.X, c.Y, c.X+c.W, c.Y+c.H)), side, side, imaging.Linear)
	if c.Flip {
		out = imaging.FlipH(out)
	}
	const n = side * side
	if !g.Float {
		dst := g.u8[row*sampleBytes:][:sampleBytes]
		for i := range n {
			dst[i], dst[n+i], dst[2*n+i] = out.Pix[4*i], out.Pix[4*i+1], out.Pix[4*i+2]
		}
		return
	}
	dst := g.f32[row*sampleBytes:][:sampleBytes]
	for i := range n {
		dst[i], dst[n+i], dst[2*n+i] = g.table[0][out.Pix[4*i]], g.table[1][out.Pix[4*i+1]], g.table[2][out.Pix[4*i+2]]
	}
}

func (g *goPeer) check(what json.RawMessage) error {
	var s sampleCheck
	if err := json.Unmarshal(what, &s); err != nil {
		return err
	}
	var out bytes.Buffer
	for _, c := range s.Samples {
		m, err := decodeStandard(c.File)
		if err != nil {
			return err
		}
		g.put(m, c, 0)
		if g.Float {
			out.Write(asBytes(g.f32[:sampleBytes]))
		} else {
			out.Write(g.u8[:sampleBytes])
		}
	}
	return os.WriteFile(s.Out, out.Bytes(), 0o666)
}

// limits returns what decoding alone takes, of files in memory.
func (b *bench) limits(files []string) (entries []rounds.Entry) {
	for _, l := range []struct {
		name, about string
		window      bool
	}{
		{"libjpeg_full", "limit: libjpeg-turbo, decoding of whole files and no more, one thread", false},
		{"libjpeg_roi", "limit: libjpeg-turbo, decoding of a random crop and no more, one thread", true},
	} {
		entries = append(entries, b.own(l.name, l.about, "turbo", jpegConfig{files, l.window}, nil))
	}
	return entries
}

// openTurbo opens libjpeg-turbo as a child.
func openTurbo(config json.RawMessage) (*rounds.Work, error) {
	return decoded(func(c jpegConfig) (*rounds.Work, error) {
		if _, _, err := newTurbo(); err != nil {
			return nil, err
		}
		p, err := newPictures(c)
		if err != nil {
			return nil, err
		}
		return p.turbo()
	})(config)
}
