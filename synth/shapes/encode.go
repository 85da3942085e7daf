package shapes

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"math/rand/v2"

	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
)

// encoded draws a picture and sets the image field of s to its file.
func (g *Generator) encoded(rng *rand.Rand, sc *scene, mask []uint8, w *loader.Worker, s *loader.Sample) error {
	pix := w.Scratch(3 * len(mask))
	g.draw(rng, sc, pix, mask)
	var file bytes.Buffer
	if err := encode(&file, pix, g.cfg); err != nil {
		return fmt.Errorf("shapes: %w", err)
	}
	copy(w.Out(s, fieldImage, dtype.Uint8, loader.Dims(file.Len())).Data, file.Bytes())
	return nil
}

// encode writes the picture as a file of the form that c asks for.
func encode(file *bytes.Buffer, pix []uint8, c Config) error {
	m := image.NewRGBA(image.Rect(0, 0, c.Width, c.Height))
	for i := range c.Width * c.Height {
		p := m.Pix[4*i : 4*i+4]
		p[0], p[1], p[2], p[3] = pix[3*i], pix[3*i+1], pix[3*i+2], 255
	}
	if c.Encoded == PNG {
		return png.Encode(file, m)
	}
	return jpeg.Encode(file, m, &jpeg.Options{Quality: c.Quality})
}
