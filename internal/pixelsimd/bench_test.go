package pixelsimd

import (
	"fmt"
	"testing"
	"time"

	"github.com/stokerdata/stoker/internal/cputime"
)

// versus runs two ways to do one thing in turns, and reports the CPU time of the
// first and how many times that the second takes.
func versus(b *testing.B, name string, first, second func()) {
	var spent [2]time.Duration
	n := 0
	for b.Loop() {
		for i, f := range []func(){first, second} {
			start := cputime.Now()
			for range 100 {
				f()
			}
			spent[i] += cputime.Now() - start
		}
		n += 100
	}
	b.ReportMetric(float64(spent[0].Nanoseconds())/float64(n), "cpu-ns/op")
	b.ReportMetric(float64(spent[1])/float64(max(spent[0], 1)), name)
}

// bilinear makes the windows of a bilinear resize, with weights that are alike.
func bilinear(in, out int) *Table {
	scale := float64(in) / float64(out)
	support := max(scale, 1)
	t := &Table{Room: (int(2*support) + 2) &^ 1}
	for i := range out {
		centre := (float64(i) + 0.5) * scale
		lo, hi := max(int(centre-support+0.5), 0), min(int(centre+support+0.5), in)
		t.Lo, t.N = append(t.Lo, int32(lo)), append(t.N, int32(hi-lo))
		for j := range t.Room {
			t.K = append(t.K, 0)
			if j < hi-lo {
				t.K[len(t.K)-1] = 1 << Precision / int32(hi-lo)
			}
		}
	}
	return t
}

// BenchmarkAcross resizes a row, beside its plain twin.
func BenchmarkAcross(b *testing.B) {
	for _, c := range []int{1, 3} {
		for _, in := range []int{100, 300, 500, 2000} {
			b.Run(fmt.Sprint(in, "to224of", c), func(b *testing.B) {
				t := bilinear(in, 224)
				var a Across
				a.Set(t, in, c)
				src, dst := make([]uint8, in*c+AcrossReads)[:in*c], make([]uint8, 224*c+AcrossPad)[:224*c]
				plain := func() { t.row3(dst, src) }
				if c == 1 {
					plain = func() { t.row1(dst, src) }
				}
				versus(b, "x-plain", func() { a.Row(dst, src) }, plain)
			})
		}
	}
}

// BenchmarkDown weighs as many rows as a resize from 375 to 224 does, beside its
// plain twin.
func BenchmarkDown(b *testing.B) {
	const n = 3 * 224
	t := bilinear(375, 224)
	var d Down
	var sums Sums
	d.Set(t)
	src, dst, rows := make([]uint8, n*t.Room), make([]uint8, n), make([]int, t.Room+1)
	for i := range rows[:t.Room] {
		rows[i] = i * n
	}
	_, k := t.window(100)
	versus(b, "x-plain", func() { d.Row(dst, 100, src, rows, &sums) }, func() { sums.row(dst, src, rows, k) })
}

// BenchmarkTail makes numbers of 224 x 224 RGB pixels, beside a copy of as many
// bytes as there come out.
func BenchmarkTail(b *testing.B) {
	const n = 224 * 224
	px := make([]uint8, 3*n)
	for i := range px {
		px[i] = uint8(i * 7)
	}
	bytes, floats, halves := make([]uint8, 3*n), make([]float32, 3*n), make([]uint16, 3*n)
	benchTail(b, "uint8", Byte, bytes, px)
	benchTail(b, "float32", Float, floats, px)
	benchTail(b, "float16", Half, halves, px)
	benchTail(b, "bfloat16", Brain, halves, px)
}

func benchTail[T Number](b *testing.B, name string, f Format, dst []T, px []uint8) {
	tone := NewTone[T](f, imageNetMean, imageNetStd)
	from, n := make([]T, len(dst)), len(dst)/3
	move := func() { copy(dst, from) }
	for i, order := range []string{"", "mirrored"} {
		b.Run(name+order+"/planes", func(b *testing.B) {
			versus(b, "x-copy", func() { tone.Planes(dst[:n], dst[n:2*n], dst[2*n:], px, Order(i)) }, move)
		})
		b.Run(name+order+"/pixels", func(b *testing.B) {
			versus(b, "x-copy", func() { tone.Pixels(dst, px, 3, Order(i)) }, move)
		})
	}
}

func BenchmarkFlip(b *testing.B) {
	row, from := make([]uint8, 3*224), make([]uint8, 3*224)
	versus(b, "x-copy", func() { Flip(row, 3) }, func() { copy(row, from) })
}

// BenchmarkColors changes a row of 224 pixels, beside the plain twins.
func BenchmarkColors(b *testing.B) {
	px := make([]uint8, 3*224)
	for i := range px {
		px[i] = uint8(i * 7)
	}
	level := NewBlend(100, 1)
	b.Run("blend", func(b *testing.B) {
		versus(b, "x-plain", func() { level.Row(px) }, func() { level.each(px) })
	})
	b.Run("saturate", func(b *testing.B) {
		versus(b, "x-plain", func() { Saturate(px, 1) }, func() { saturateEach(px, 1) })
	})
	b.Run("grey", func(b *testing.B) {
		versus(b, "x-plain", func() { GreySum(px) }, func() { greyEach(px) })
	})
}
