package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"image"
	"image/draw"
	std "image/jpeg"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"

	"github.com/stokerdata/stoker/augment/vision/jpeg"
	"github.com/stokerdata/stoker/benchmarks/internal/rounds"
)

// jpegConfig is what the contenders of workload jpeg are given.
type jpegConfig struct {
	Files  []string `json:"files"`
	Window bool     `json:"window"` // decode a random crop of each image and not all of it
}

// jpegParts is in how many turns a round goes through the images.
const jpegParts = 8

// workloadJPEG is decoding alone: from files in memory to RGB in memory.
func workloadJPEG(b *bench) ([]rounds.Match, error) {
	var all []rounds.Match
	for _, w := range []struct {
		name, set, about string
		window           bool
	}{
		{"jpeg", trainSet, "JPEG decoding to RGB", false},
		{"jpeg_big", bigSet, "JPEG decoding to RGB, large images", false},
		{"jpeg_progressive", progressiveSet, "JPEG decoding to RGB, progressive files", false},
		{"jpeg_roi", trainSet, "JPEG decoding of a random crop to RGB", true},
	} {
		_, files, err := imageSet(b.data, w.set)
		if err != nil {
			return all, err
		}
		files = files[:min(len(files), b.most)]
		in, err := newPictures(jpegConfig{files, w.window})
		if err != nil {
			return all, err
		}
		m := rounds.Match{Name: w.name, Parts: jpegParts, About: fmt.Sprintf("%s, %d images, mean %.0f kB and %.0f pixels", w.about, len(files), in.meanBytes()/1e3, in.meanPixels())}
		m.Entries = b.decoders(in)
		m.Ratios = against("ours", m.Entries)
		if !w.window {
			m.Ratios = append(m.Ratios, [2]string{"ours_purego", "go"})
		}
		all = append(all, m)
	}
	return all, nil
}

// decoders returns the contenders for some files.
func (b *bench) decoders(in *pictures) []rounds.Entry {
	digest := filepath.Join(b.work, "digest")
	entries := []rounds.Entry{
		rounds.Func("ours", "stoker's decoder", func() (*rounds.Work, error) { return in.ours(), nil }),
		b.purego("ours_purego", "stoker's decoder, built with -tags purego", "jpeg", in.config, func(_ context.Context, ask func(any) error) (string, error) {
			defer os.Remove(digest)
			if err := ask(digest); err != nil {
				return "", err
			}
			got, err := os.ReadFile(digest)
			if err != nil {
				return "", err
			}
			if want, err := in.digest(); err != nil || !bytes.Equal(got, want) {
				return "", fmt.Errorf("pixels of another digest (%v)", err)
			}
			return "equal", nil
		}),
		rounds.Checked(rounds.Func("libjpeg", "libjpeg-turbo, islow and fancy upsampling", in.turbo), in.agree(0.5, turboRGB)),
	}
	if in.config.Window {
		return entries
	}
	return append(entries,
		rounds.Func("libjpeg_coefficients", "libjpeg-turbo, coefficients alone", in.coefficients),
		rounds.Checked(rounds.Func("go", "image/jpeg and image/draw to RGBA", in.standard), in.agree(1.5, standardRGB)))
}

// pictures are files in memory, with a window of each.
type pictures struct {
	config  jpegConfig
	files   [][]byte
	windows []image.Rectangle
	dst     []uint8 // for any window
}

// newPictures reads the files and draws the windows.
func newPictures(c jpegConfig) (*pictures, error) {
	p := &pictures{config: c}
	var err error
	if p.files, err = readAll(c.Files, len(c.Files)); err != nil {
		return nil, err
	}
	r := rand.New(rand.NewPCG(3, 3))
	most := 0
	for i, data := range p.files {
		h, err := std.DecodeConfig(bytes.NewReader(data))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.Files[i], err)
		}
		window := image.Rect(0, 0, h.Width, h.Height)
		if c.Window {
			k := resizedCrop(r, h.Width, h.Height)
			window = image.Rect(k.X, k.Y, k.X+k.W, k.Y+k.H)
		}
		p.windows = append(p.windows, window)
		most = max(most, window.Dx()*window.Dy())
	}
	p.dst = make([]uint8, 3*most)
	return p, nil
}

func (p *pictures) meanBytes() float64 {
	return float64(len(slices.Concat(p.files...))) / float64(len(p.files))
}

func (p *pictures) meanPixels() float64 {
	sum := 0
	for _, w := range p.windows {
		sum += w.Dx() * w.Dy()
	}
	return float64(sum) / float64(len(p.windows))
}

// work returns a contender that calls decode for each file.
func (p *pictures) work(version string, decode func(i int) error) *rounds.Work {
	return &rounds.Work{Version: version, Run: func(part, parts int) (int, error) {
		lo, hi := rounds.Part(len(p.files), part, parts)
		for i := lo; i < hi; i++ {
			if err := decode(i); err != nil {
				return i - lo, fmt.Errorf("%s: %w", p.config.Files[i], err)
			}
		}
		return hi - lo, nil
	}}
}

func (p *pictures) ours() *rounds.Work {
	var d jpeg.Decoder
	return p.work("", func(i int) error { return oursRGB(&d, p.dst, p.files[i], p.windows[i]) })
}

func oursRGB(d *jpeg.Decoder, dst, data []uint8, window image.Rectangle) error {
	if _, err := d.Open(data); err != nil {
		return err
	}
	return d.RGB(dst, 3*window.Dx(), window)
}

// digest returns the digest of all that we decode.
func (p *pictures) digest() ([]byte, error) {
	var d jpeg.Decoder
	h := sha256.New()
	for i, w := range p.windows {
		if err := oursRGB(&d, p.dst, p.files[i], w); err != nil {
			return nil, err
		}
		h.Write(p.dst[:3*w.Dx()*w.Dy()])
	}
	return h.Sum(nil), nil
}

// openJPEG opens our decoder as a child.
func openJPEG(config json.RawMessage) (*rounds.Work, error) {
	return decoded(func(c jpegConfig) (*rounds.Work, error) {
		p, err := newPictures(c)
		if err != nil {
			return nil, err
		}
		w := p.ours()
		w.Check = func(what json.RawMessage) error {
			var file string
			if err := json.Unmarshal(what, &file); err != nil {
				return err
			}
			sum, err := p.digest()
			if err != nil {
				return err
			}
			return os.WriteFile(file, sum, 0o666)
		}
		return w, nil
	})(config)
}

func (p *pictures) turbo() (*rounds.Work, error) {
	t, version, err := newTurbo()
	if err != nil {
		return nil, err
	}
	return p.work(version, func(i int) error {
		if _, err := t.open(p.files[i]); err != nil {
			return err
		}
		return t.RGB(p.dst, p.windows[i])
	}), nil
}

func (p *pictures) coefficients() (*rounds.Work, error) {
	t, version, err := newTurbo()
	if err != nil {
		return nil, err
	}
	return p.work(version, func(i int) error {
		if _, err := t.open(p.files[i]); err != nil {
			return err
		}
		return t.Coefficients()
	}), nil
}

// standard is what a Go program does that knows the standard library alone.
func (p *pictures) standard() (*rounds.Work, error) {
	var rgba *image.RGBA
	return p.work("", func(i int) error {
		m, err := std.Decode(bytes.NewReader(p.files[i]))
		if err != nil {
			return err
		}
		if rgba == nil || rgba.Bounds() != m.Bounds() {
			rgba = image.NewRGBA(m.Bounds())
		}
		draw.Draw(rgba, rgba.Bounds(), m, m.Bounds().Min, draw.Src)
		return nil
	}), nil
}

// agree returns a check that compares another decoder's pixels with ours.
func (p *pictures) agree(most float64, other func(dst, data []uint8, window image.Rectangle) error) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		var d jpeg.Decoder
		var sum difference
		theirs := make([]uint8, len(p.dst))
		for i, data := range p.files {
			w := p.windows[i]
			n := 3 * w.Dx() * w.Dy()
			if err := oursRGB(&d, p.dst, data, w); err != nil {
				return "", err
			}
			if err := other(theirs, data, w); err != nil {
				return "", err
			}
			one, err := compare(theirs[:n], p.dst[:n], func(int) float64 { return 1 })
			if err != nil {
				return "", err
			}
			sum.max = max(sum.max, one.max)
			sum.mean += one.mean / float64(len(p.files))
			sum.share += one.share / float64(len(p.files))
		}
		return sum.within(most)
	}
}

func turboRGB(dst, data []uint8, window image.Rectangle) error {
	t, _, err := newTurbo()
	if err != nil {
		return err
	}
	if _, err := t.open(data); err != nil {
		return err
	}
	return t.RGB(dst, window)
}

func standardRGB(dst, data []uint8, window image.Rectangle) error {
	m, err := std.Decode(bytes.NewReader(data))
	if err != nil {
		return err
	}
	rgba := image.NewRGBA(window)
	draw.Draw(rgba, window, m, window.Min, draw.Src)
	for i := range len(rgba.Pix) / 4 {
		copy(dst[3*i:3*i+3], rgba.Pix[4*i:])
	}
	return nil
}
