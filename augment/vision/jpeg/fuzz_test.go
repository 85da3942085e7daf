package jpeg

import (
	"bytes"
	"image"
	stdjpeg "image/jpeg"
	"testing"
)

// FuzzDecode decodes with all settings. Where image/jpeg decodes a file that has
// no subsampled chroma, its pixels must be near: its transform rounds otherwise.
func FuzzDecode(f *testing.F) {
	for _, data := range hostile(f) {
		f.Add(data)
	}
	for _, name := range []string{"64x48-444-q85", "mjpeg-RGB", "adobe-0", "ink-2", "part-2"} {
		for _, x := range fixtures(f) {
			if bytes.Contains([]byte(x.Name), []byte(name)) && len(x.data) < 4000 {
				f.Add(x.data)
			}
		}
	}
	all := decoders()
	f.Fuzz(func(t *testing.T, data []byte) {
		for i, d := range all {
			if pix, err := try(t, d, data); err == nil && i == 0 {
				compare(t, d, pix, data)
			}
		}
	})
}

// compare compares pixels with those of image/jpeg.
func compare(t *testing.T, d *Decoder, pix []uint8, data []byte) {
	// It estimates no missing scans, is lenient at restarts, and decodes scans
	// that say everything once more.
	if d.stored || d.scan.interval > 0 || bytes.Count(data, []byte{0xff, sos}) > 1 {
		return
	}
	m, err := stdjpeg.Decode(bytes.NewReader(data))
	if err != nil {
		return
	}
	w := m.Bounds().Dx()
	switch m := m.(type) {
	case *image.Gray:
		blocks(m.Bounds(), func(b image.Rectangle) {
			if !saturated(m.Pix, m.Stride, b) && !saturated(pix, 3*w, triple(b)) {
				near(t, pix, w, b, 3, func(x, y int) [3]uint8 {
					v := m.GrayAt(x, y).Y
					return [3]uint8{v, v, v}
				})
			}
		})
	case *image.YCbCr:
		if m.SubsampleRatio != image.YCbCrSubsampleRatio444 || d.frame.comps[0].h*d.frame.comps[0].v > 1 {
			return
		}
		blocks(m.Bounds(), func(b image.Rectangle) {
			if saturated(m.Y, m.YStride, b) || saturated(m.Cb, m.CStride, b) || saturated(m.Cr, m.CStride, b) || saturated(pix, 3*w, triple(b)) {
				return
			}
			near(t, pix, w, b, 12, func(x, y int) [3]uint8 {
				r, g, b, _ := m.YCbCrAt(x, y).RGBA()
				return [3]uint8{uint8(r >> 8), uint8(g >> 8), uint8(b >> 8)}
			})
		})
	}
}

// blocks calls f with each block of 8 by 8 pixels that lies within r as a whole.
func blocks(r image.Rectangle, f func(image.Rectangle)) {
	for y := 0; y+8 <= r.Max.Y; y += 8 {
		for x := 0; x+8 <= r.Max.X; x += 8 {
			f(image.Rect(x, y, x+8, y+8))
		}
	}
}

// triple returns where the bytes of a block of pixels are.
func triple(b image.Rectangle) image.Rectangle {
	b.Min.X, b.Max.X = 3*b.Min.X, 3*b.Max.X
	return b
}

// saturated reports whether a block may have been cut to the range of samples:
// its coefficients may be anything then, and overflow, which image/jpeg does in
// numbers of another size.
func saturated(pix []uint8, stride int, b image.Rectangle) bool {
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for _, v := range pix[y*stride+b.Min.X : y*stride+b.Max.X] {
			if v < 4 || v > 251 {
				return true
			}
		}
	}
	return false
}

func near(t *testing.T, pix []uint8, width int, b image.Rectangle, limit int, want func(x, y int) [3]uint8) {
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			got, want := pix[3*(y*width+x):], want(x, y)
			for c := range want {
				if d := int(got[c]) - int(want[c]); d < -limit || d > limit {
					t.Fatalf("(%d, %d): got %v, image/jpeg gives %v", x, y, got[:3], want)
				}
			}
		}
	}
}
