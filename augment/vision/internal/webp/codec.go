package webp

import (
	"bytes"
	"fmt"
	"image"

	"golang.org/x/image/vp8"
	"golang.org/x/image/vp8l"

	"github.com/stokerdata/stoker/internal/pixel"
)

// Codec decodes WebP files. Several goroutines may use it at once.
type Codec struct{}

// Match reports whether data begins as a WebP file does.
func (Codec) Match(data []byte) bool {
	return len(data) >= 12 && string(data[:4]) == "RIFF" && string(data[8:12]) == "WEBP"
}

// Size returns what the headers say. Pixels have always 3 channels.
func (Codec) Size(data []byte) (height, width, channels int, err error) {
	f, err := readFile(data)
	if err != nil {
		return 0, 0, 0, fmt.Errorf("webp: %w", err)
	}
	return f.canvasH, f.canvasW, 3, nil
}

// Exif returns the EXIF part of a file, nothing if there is none.
func (Codec) Exif(data []byte) []byte {
	f, err := readFile(data)
	if err != nil {
		return nil
	}
	return bytes.TrimPrefix(f.exif, []byte("Exif\x00\x00"))
}

// Decode writes the pixels of a file, whose size must be that, to dst without
// gaps.
func (Codec) Decode(dst, data []byte, height, width int) error {
	f, err := readFile(data)
	if err == nil && (f.canvasH != height || f.canvasW != width || len(dst) != 3*height*width) {
		err = fmt.Errorf("%dx%d pixels for %d bytes of %dx%d", f.canvasH, f.canvasW, len(dst), height, width)
	}
	if err == nil {
		err = f.decode(pixel.Packed(dst, height, width, 3))
	}
	if err != nil {
		return fmt.Errorf("webp: %w", err)
	}
	return nil
}

// decode writes the canvas, and the first frame on it.
func (f *file) decode(canvas pixel.Image) error {
	if f.w < f.canvasW || f.h < f.canvasH {
		clear(canvas.Pix)
	}
	dst := canvas.Crop(f.x, f.y, f.w, f.h)
	if f.lossy {
		return f.decodeLossy(dst)
	}
	m, err := vp8l.Decode(bytes.NewReader(f.stream))
	if err != nil {
		return err
	}
	n, ok := m.(*image.NRGBA)
	if !ok || n.Bounds() != image.Rect(0, 0, dst.W, dst.H) {
		return fmt.Errorf("the decoder gives %T of %v", m, m.Bounds())
	}
	for y := range dst.H {
		pixel.Pick(dst.Row(y), n.Pix[y*n.Stride:], 4, [3]int{0, 1, 2})
	}
	return nil
}

func (f *file) decodeLossy(dst pixel.Image) error {
	d := vp8.NewDecoder() // a used one keeps settings of the file before
	d.Init(bytes.NewReader(f.stream), len(f.stream))
	if _, err := d.DecodeFrameHeader(); err != nil {
		return err
	}
	m, err := d.DecodeFrame()
	if err != nil {
		return err
	}
	if m.Bounds() != image.Rect(0, 0, dst.W, dst.H) {
		return fmt.Errorf("%v pixels decoded, the header says %dx%d", m.Bounds(), dst.H, dst.W)
	}
	writeYCbCr(dst, m)
	return nil
}
