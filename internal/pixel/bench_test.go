package pixel

import "testing"

var filterNames = []string{"bilinear", "bicubic", "lanczos", "box", "hamming", "nearest"}

// The usual way of a photograph: 500 by 375 to 224 by 224.
func photo() (src, dst Image) {
	src = picture(500, 375, 3)
	dst = Packed(make([]uint8, 224*224*3), 224, 224, 3)
	return src, dst
}

func BenchmarkResize(b *testing.B) {
	for f, name := range filterNames {
		b.Run(name, func(b *testing.B) {
			src, dst := photo()
			var r Resizer
			b.ReportAllocs()
			for b.Loop() {
				r.Resize(dst, src, Filter(f))
			}
		})
	}
}

// BenchmarkTables is what a crop costs beside Resize: of a size that was not met
// before, and of a known one.
func BenchmarkTables(b *testing.B) {
	for f, name := range filterNames {
		b.Run(name, func(b *testing.B) {
			var x, y tables
			i := 0
			for b.Loop() {
				x.set(route{300 + i&127, 224, Filter(f), 3})
				y.set(route{301 + i&127, 224, Filter(f), 0})
				i++
			}
		})
	}
	b.Run("known", func(b *testing.B) {
		var r Resizer
		i := 0
		for b.Loop() {
			r.Stream(Size{224, 224}, Size{300 + i&127, 301 + i&127}, 3, Bilinear, nil)
			i++
		}
	})
}

// BenchmarkCopy is the ideal of the operations in place and of table look-ups.
func BenchmarkCopy(b *testing.B) {
	_, src := photo()
	dst := make([]uint8, len(src.Pix))
	for b.Loop() {
		copy(dst, src.Pix)
	}
}

func BenchmarkFlipH(b *testing.B) {
	_, m := photo()
	for b.Loop() {
		FlipH(m)
	}
}

func BenchmarkFlipV(b *testing.B) {
	_, m := photo()
	for b.Loop() {
		FlipV(m)
	}
}

func BenchmarkContrast(b *testing.B) {
	_, m := photo()
	for b.Loop() {
		Contrast(m, 1)
	}
}

func BenchmarkSaturation(b *testing.B) {
	_, m := photo()
	for b.Loop() {
		Saturation(m, 1)
	}
}
