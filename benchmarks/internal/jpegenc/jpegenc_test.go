package jpegenc

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"math/rand/v2"
	"testing"
)

// picture returns smooth colours with noise on them.
func picture(w, h int) []uint8 {
	r := rand.New(rand.NewPCG(1, 2))
	rgb := make([]uint8, 3*w*h)
	for i := range rgb {
		x, y, c := i/3%w, i/3/w, i%3
		rgb[i] = uint8(min(max(x*(c+1)/2+y*(3-c)/2+r.IntN(40), 0), 255))
	}
	return rgb
}

// TestRoundTrip decodes with the standard library what was encoded.
func TestRoundTrip(t *testing.T) {
	for _, size := range []image.Point{{1, 1}, {8, 8}, {17, 33}, {64, 48}, {131, 77}} {
		for colour, most := range map[Colour]float64{Full: 4, Subsampled: 9, Grey: 4} {
			t.Run(fmt.Sprint(size, colour), func(t *testing.T) {
				rgb := picture(size.X, size.Y)
				p := New(rgb, size.X, size.Y, colour)
				m, err := jpeg.Decode(bytes.NewReader(p.Encode(98, Baseline)))
				if err != nil {
					t.Fatal(err)
				}
				if off := distance(m, rgb, colour); off > most {
					t.Errorf("decoded pixels are %.2f levels off, the most is %.0f", off, most)
				}
			})
		}
	}
}

// distance returns how far m is from rgb on average, for Grey in luminance.
func distance(m image.Image, rgb []uint8, c Colour) float64 {
	b := m.Bounds()
	sum := 0
	for i := range b.Dx() * b.Dy() {
		r, g, bl, _ := m.At(i%b.Dx(), i/b.Dx()).RGBA()
		got := [3]int{int(r >> 8), int(g >> 8), int(bl >> 8)}
		want := [3]int{int(rgb[3*i]), int(rgb[3*i+1]), int(rgb[3*i+2])}
		if c == Grey {
			y := (299*want[0] + 587*want[1] + 114*want[2]) / 1000
			want = [3]int{y, y, y}
		}
		for k := range got {
			sum += max(got[k]-want[k], want[k]-got[k])
		}
	}
	return float64(sum) / float64(3*b.Dx()*b.Dy())
}

// TestProgressive checks that a progressive file holds the very coefficients of
// the baseline one.
func TestProgressive(t *testing.T) {
	for _, size := range []image.Point{{1, 1}, {9, 16}, {40, 24}, {131, 77}, {300, 200}} {
		for _, colour := range []Colour{Full, Subsampled, Grey} {
			for _, quality := range []int{3, 50, 90, 100} {
				p := New(picture(size.X, size.Y), size.X, size.Y, colour)
				base, err := jpeg.Decode(bytes.NewReader(p.Encode(quality, Baseline)))
				if err != nil {
					t.Fatal(err)
				}
				got, err := jpeg.Decode(bytes.NewReader(p.Encode(quality, Progressive)))
				if err != nil {
					t.Fatalf("%v, colour %d, quality %d: %v", size, colour, quality, err)
				}
				if !equal(base, got) {
					t.Errorf("%v, colour %d, quality %d: the progressive file has other pixels", size, colour, quality)
				}
			}
		}
	}
}

// equal compares what is seen: only that is in all scans.
func equal(a, b image.Image) bool {
	for y := range a.Bounds().Dy() {
		for x := range a.Bounds().Dx() {
			if a.At(x, y) != b.At(x, y) {
				return false
			}
		}
	}
	return a.Bounds() == b.Bounds()
}

// TestBestIsShort has code lengths of more than 16 bits to shorten.
func TestBestIsShort(t *testing.T) {
	var freq [256]int
	a, b := 1, 1
	for i := range 40 {
		freq[i] = a
		a, b = b, a+b
	}
	c := best(freq)
	if len(c.syms) != 40 {
		t.Fatalf("%d symbols have codes, not 40", len(c.syms))
	}
	used := 0.0
	for n, k := range c.count {
		used += float64(k) / float64(int(1)<<n)
	}
	if used >= 1 {
		t.Errorf("the codes fill %.6f of all words, and must leave one free", used)
	}
	if c.size[39] >= c.size[0] {
		t.Errorf("the most frequent symbol has %d bits, the least %d", c.size[39], c.size[0])
	}
}
