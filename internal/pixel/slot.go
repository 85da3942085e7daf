package pixel

import (
	"github.com/stokerdata/stoker/internal/pixelsimd"
	"github.com/stokerdata/stoker/internal/prefetch"
)

// Slot is the place of an image in a batch: what comes is toned, laid out and, on
// the way, mirrored. It is Rows of an image of W x H pixels with C samples.
type Slot[T pixelsimd.Number] struct {
	Tone    *pixelsimd.Tone[T]
	Dst     []T // W*H*C numbers
	W, H, C int
	Planar  bool            // plane by plane, not pixel by pixel
	Order   pixelsimd.Order // of the pixels of a row
}

// Row implements Rows. It returns no error.
func (s *Slot[T]) Row(y int, px []uint8) error {
	s.put(y*s.W, px[:s.W*s.C])
	s.ahead(y + 1)
	return nil
}

// ahead asks for the memory of row y.
func (s *Slot[T]) ahead(y int) {
	if y >= s.H {
		return
	}
	all := [3]int{y, s.H + y, 2*s.H + y}
	rows := all[:1]
	if s.Planar {
		rows = all[:s.C]
	}
	prefetch.ForStores(s.Dst, len(s.Dst)/(s.H*len(rows)), rows)
}

// put sets the pixels from the given one on.
func (s *Slot[T]) put(first int, px []uint8) {
	if s.C == 1 || !s.Planar {
		s.Tone.Pixels(s.Dst[first*s.C:][:len(px)], px, s.C, s.Order)
		return
	}
	n, all := len(px)/3, s.W*s.H
	s.Tone.Planes(s.Dst[first:][:n], s.Dst[all+first:][:n], s.Dst[2*all+first:][:n], px, s.Order)
}

// piece is how many pixels Slot.Image tones in one go: goroutines are not
// interrupted within vector code.
const piece = 1 << 16

// Image takes a whole image.
func (s *Slot[T]) Image(m Image) {
	if s.Order == pixelsimd.Forward && m.Stride == m.W*m.C {
		n := m.W * m.H
		for at := 0; at < n; at += piece {
			s.put(at, m.Pix[at*m.C:min(at+piece, n)*m.C])
		}
		return
	}
	for y := range m.H {
		s.put(y*s.W, m.Row(y))
	}
}
