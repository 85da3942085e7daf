package pixelsimd

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"
)

// factors are what colours are changed by, and what nobody should.
var factors = []float32{0, 0.25, 0.6180340, 0.999, 1, 1.0000001, 1.9, 4, 101, -3, 1e5, -1e5, 1e9, math.MaxFloat32, float32(math.Inf(1))}

// TestColors compares rows of many lengths with what is done sample by sample.
func TestColors(t *testing.T) {
	rnd := rand.New(rand.NewPCG(11, 12))
	for n := range 70 {
		for _, f := range factors {
			px := fenced(t, 3*n, 0)
			samples(rnd, px)
			var sum uint64
			saturated, blended := make([]uint8, 3*n), make([]uint8, 3*n)
			base := float32(rnd.IntN(256))
			for i, v := range px {
				p := px[i/3*3:][:3]
				grey := Grey(p[0], p[1], p[2])
				sum += uint64(grey) * uint64(i%3&1)
				saturated[i] = mix(float32(grey), float32(v), f)
				blended[i] = mix(base, float32(v), f)
			}
			if got := GreySum(px); got != sum {
				t.Fatalf("%d pixels: the sum of grey is %d, want %d", n, got, sum)
			}
			row := fenced(t, 3*n, 0)
			copy(row, px)
			if Saturate(row, f); !bytes.Equal(row, saturated) {
				t.Fatalf("%d pixels saturated by %v: got %v, want %v", n, f, row, saturated)
			}
			copy(row, px)
			b := NewBlend(base, f)
			if b.Row(row); !bytes.Equal(row, blended) {
				t.Fatalf("%d pixels moved from %v by %v: got %v, want %v", n, base, f, row, blended)
			}
		}
	}
}

// TestGrey goes through all colours of every third level.
func TestGrey(t *testing.T) {
	px := make([]uint8, 3*256)
	for r := 0; r < 256; r += 3 {
		for g := 0; g < 256; g += 3 {
			var want uint64
			for b := range 256 {
				px[3*b], px[3*b+1], px[3*b+2] = uint8(r), uint8(g), uint8(b)
				want += uint64(Grey(uint8(r), uint8(g), uint8(b)))
			}
			if got := GreySum(px); got != want {
				t.Fatalf("red %d, green %d: %d, want %d", r, g, got, want)
			}
		}
	}
}
