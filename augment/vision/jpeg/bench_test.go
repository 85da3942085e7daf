package jpeg

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	stdjpeg "image/jpeg"
	"math"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"testing"
	"time"

	"github.com/stokerdata/stoker/internal/cputime"
)

// photo encodes a computed picture of 500 by 375 pixels that costs about what a
// photograph of ImageNet does: 110 kB, 4:2:0, with soft shapes, edges and noise.
func photo(b *testing.B) []byte {
	r := rand.New(rand.NewPCG(17, 18))
	m := image.NewRGBA(image.Rect(0, 0, 500, 375))
	for y := range 375 {
		for x := range 500 {
			u, v := float64(x)/60, float64(y)/60
			l := 120 + 60*math.Sin(u+math.Sin(v*1.3)) + 30*math.Sin(3*u*v/4)
			if (x/37+y/29)%3 == 0 {
				l = 230 - l
			}
			l += 13 * r.NormFloat64()
			c := 30 * math.Cos(u/2-v)
			m.SetRGBA(x, y, color.RGBA{level(l + c), level(l), level(l - c), 255})
		}
	}
	var out bytes.Buffer
	if err := stdjpeg.Encode(&out, m, &stdjpeg.Options{Quality: 90}); err != nil {
		b.Fatal(err)
	}
	return out.Bytes()
}

func level(v float64) uint8 { return uint8(min(max(v, 0), 255)) }

// against measures f by turns with image/jpeg, which goes on to RGBA, and
// reports the CPU time of f and how many times as much image/jpeg takes: "x".
// What that leaves for the garbage collector is no part of either.
func against(b *testing.B, data []byte, f func()) {
	const turn = 5
	spent := func(f func()) time.Duration {
		begin := cputime.Now()
		for range turn {
			f()
		}
		return cputime.Now() - begin
	}
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	var ours, theirs time.Duration
	for b.Loop() {
		ours += spent(f)
		theirs += spent(func() {
			m, err := stdjpeg.Decode(bytes.NewReader(data))
			if err != nil {
				b.Fatal(err)
			}
			rgba := image.NewRGBA(m.Bounds())
			draw.Draw(rgba, m.Bounds(), m, image.Point{}, draw.Src)
		})
		runtime.GC()
	}
	b.ReportMetric(float64(ours.Microseconds())/float64(b.N*turn), "cpu-µs/file")
	b.ReportMetric(float64(theirs)/float64(ours), "x")
}

// BenchmarkDecode decodes a photograph: all of it, two fifths without and with an
// index, and all of it at an eighth of the size.
func BenchmarkDecode(b *testing.B) {
	data := photo(b)
	var d Decoder
	h, err := d.Open(data)
	if err != nil {
		b.Fatal(err)
	}
	index, err := d.AppendIndex(nil, IndexEvery)
	if err != nil {
		b.Fatal(err)
	}
	whole := image.Rect(0, 0, h.Width, h.Height)
	middle := image.Rect(120, 90, 420, 315)
	for _, c := range []struct {
		name    string
		window  image.Rectangle
		index   []byte
		options Options
	}{
		{"whole", whole, nil, Options{}},
		{"window", middle, nil, Options{}},
		{"index", middle, index, Options{}},
		{"eighth", image.Rect(0, 0, 63, 47), nil, Options{Scale: 8}},
	} {
		b.Run(c.name, func(b *testing.B) {
			d, pix := Decoder{Options: c.options}, make([]uint8, 3*h.Width*h.Height)
			against(b, data, func() {
				if _, err := d.Open(data); err != nil {
					b.Fatal(err)
				}
				if c.index != nil {
					if err := d.UseIndex(c.index); err != nil {
						b.Fatal(err)
					}
				}
				if err := d.RGB(pix, 3*c.window.Dx(), c.window); err != nil {
					b.Fatal(err)
				}
			})
		})
	}
}

// BenchmarkOpen is the cost of a file without pixels: headers, and with "tables"
// the Huffman tables, which are kept as long as files have the same.
func BenchmarkOpen(b *testing.B) {
	data, other := photo(b), named(b, "30x35-22-11-11")
	b.Run("same", func(b *testing.B) {
		var d Decoder
		for b.Loop() {
			if _, err := d.Open(data); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("tables", func(b *testing.B) {
		var d Decoder
		for b.Loop() {
			for _, file := range [][]byte{data, other} {
				if _, err := d.Open(file); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
}

// BenchmarkProgressive decodes a small progressive file.
func BenchmarkProgressive(b *testing.B) {
	data := named(b, "large-progressive")
	var d Decoder
	pix := make([]uint8, 3*161*123)
	against(b, data, func() {
		if _, err := d.Open(data); err != nil {
			b.Fatal(err)
		}
		if err := d.RGB(pix, 3*161, image.Rect(0, 0, 161, 123)); err != nil {
			b.Fatal(err)
		}
	})
}
