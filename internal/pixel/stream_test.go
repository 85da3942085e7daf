package pixel

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stokerdata/stoker/internal/pixelsimd"
)

// sheet is a Rows that keeps what comes.
type sheet struct {
	Image
	next int
}

func (s *sheet) Row(y int, px []uint8) error {
	if y != s.next || len(px) != s.W*s.C {
		return fmt.Errorf("row %d of %d bytes, expected row %d of %d", y, len(px), s.next, s.W*s.C)
	}
	s.next++
	copy(s.Image.Row(y), px)
	return nil
}

// stream resizes src row by row. Each comes with the given room behind it, in
// memory that is overwritten afterwards.
func stream(t *testing.T, r *Resizer, dst, src Image, f Filter, room int) {
	t.Helper()
	out := sheet{Image: dst}
	r.Stream(Size{dst.W, dst.H}, Size{src.W, src.H}, src.C, f, &out)
	n := src.W * src.C
	row := make([]uint8, n, n+room)
	for y := range src.H {
		copy(row, src.Row(y))
		for behind := row[n:cap(row)]; len(behind) > 0; behind = behind[1:] {
			behind[0] = 255
		}
		if err := r.Row(y, row); err != nil {
			t.Fatal(err)
		}
		clear(row)
	}
	if out.next != dst.H {
		t.Fatalf("%d of %d rows", out.next, dst.H)
	}
}

// slowly resizes as Resize should, one sample after another.
func slowly(dst, src Image, f Filter) {
	if f == Nearest {
		xs, ys := make([]int32, dst.W), make([]int32, dst.H)
		NearestTable(xs, 0, float64(src.W)/float64(dst.W), src.W)
		NearestTable(ys, 0, float64(src.H)/float64(dst.H), src.H)
		for y := range dst.H {
			for x := range dst.W {
				copy(at(dst, x, y), at(src, int(xs[x]), int(ys[y])))
			}
		}
		return
	}
	mid := Packed(make([]uint8, dst.W*src.H*src.C), src.H, dst.W, src.C)
	along(dst.W, src.W, f, func(x, from int, k []int32) {
		for y := range src.H {
			for c := range src.C {
				at(mid, x, y)[c] = weighed(k, func(j int) uint8 { return at(src, from+j, y)[c] })
			}
		}
	})
	along(dst.H, src.H, f, func(y, from int, k []int32) {
		for x := range dst.W {
			for c := range src.C {
				at(dst, x, y)[c] = weighed(k, func(j int) uint8 { return at(mid, x, from+j)[c] })
			}
		}
	})
}

// along calls make with the window and weights of each of out pixels.
func along(out, in int, f Filter, make func(i, from int, k []int32)) {
	var a axis
	a.set(route{in: in, out: out, filter: f})
	for i := range out {
		if in == out {
			make(i, i, []int32{1 << pixelsimd.Precision})
			continue
		}
		make(i, int(a.Lo[i]), a.K[i*a.Room:][:a.N[i]])
	}
}

func weighed(k []int32, sample func(j int) uint8) uint8 {
	sum := int64(1) << (pixelsimd.Precision - 1)
	for j, w := range k {
		sum += int64(w) * int64(sample(j))
	}
	return uint8(min(max(sum>>pixelsimd.Precision, 0), 255))
}

// TestResize compares all ways to resize with the slow one, on sizes and
// pictures of all kinds, one Resizer doing all.
func TestResize(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	var whole, rows Resizer
	for i := range 720 {
		f, c := Filter(i%6), 1+i/6%2*2
		src := inset(1+rnd.IntN(60), 1+rnd.IntN(60), c)
		src.Pix = slices.Clone(src.Pix)
		if rnd.IntN(2) == 0 {
			for k := range src.Pix { // stripes, the hardest on overshoot
				src.Pix[k] = uint8(k / c & 1 * 255)
			}
		}
		w, h := 1+rnd.IntN(90), 1+rnd.IntN(90)
		switch rnd.IntN(6) {
		case 0:
			w = src.W
		case 1:
			h = src.H
		}
		name := fmt.Sprintf("filter %d, %d x %d to %d x %d of %d samples", f, src.W, src.H, w, h, c)
		a, b, want := Packed(make([]uint8, w*h*c), h, w, c), Packed(make([]uint8, w*h*c), h, w, c), Packed(make([]uint8, w*h*c), h, w, c)
		slowly(want, src, f)
		whole.Resize(a, src, f)
		if !bytes.Equal(a.Pix, want.Pix) {
			t.Fatal(name, ": other bytes")
		}
		stream(t, &rows, b, src, f, rnd.IntN(2)*rowPad)
		if !bytes.Equal(b.Pix, want.Pix) {
			t.Fatal(name, ": other bytes by rows")
		}
	}
}

// TestWeights checks that no sum of weighted samples leaves 32 bits, as that of
// absolute weights times 255 does not. So none is above 2^23, far below what
// vector code can take.
func TestWeights(t *testing.T) {
	var a axis
	for f := range Nearest {
		for in := 1; in < 40; in++ {
			for _, out := range []int{1, 2, 3, 5, 7, 16, 39, 40, 41, 200, 1000} {
				a.set(route{in: in, out: out, filter: f})
				for i := range out {
					var sum int64
					for _, w := range a.K[i*a.Room:][:a.N[i]] {
						sum += int64(max(w, -w))
					}
					if sum*255+1<<21 >= 1<<31 {
						t.Fatalf("filter %d, %d to %d: sum %d of absolute weights", f, in, out, sum)
					}
				}
			}
		}
	}
}

type failing struct{ at int }

var errFull = errors.New("full")

func (f failing) Row(y int, px []uint8) error {
	if y == f.at {
		return errFull
	}
	return nil
}

// TestStreamErrors checks that errors come back at once, and that rows out of
// their order are refused.
func TestStreamErrors(t *testing.T) {
	row := make([]uint8, 3*8)
	for _, f := range []Filter{Bilinear, Nearest} {
		for _, to := range []Size{{4, 4}, {8, 4}, {4, 8}, {8, 8}, {20, 20}} {
			var r Resizer
			r.Stream(to, Size{8, 8}, 3, f, failing{2})
			var err error
			for y := 0; y < 8 && err == nil; y++ {
				err = r.Row(y, row)
			}
			if err != errFull {
				t.Errorf("filter %d to %v: error %v", f, to, err)
			}
		}
	}
	var r Resizer
	for name, feed := range map[string]func() error{
		"the second first": func() error { return r.Row(1, row) },
		"a short one":      func() error { return r.Row(0, row[:23]) },
		"one too many": func() error {
			for y := range 8 {
				if err := r.Row(y, row); err != nil {
					return nil
				}
			}
			return r.Row(8, row)
		},
	} {
		r.Stream(Size{4, 4}, Size{8, 8}, 3, Bilinear, failing{-1})
		if feed() == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// TestStreamAllocates resizes rows of images of many sizes.
func TestStreamAllocates(t *testing.T) {
	var r Resizer
	src, dst := photo()
	out := &sheet{Image: dst}
	i := 0
	resize := func() {
		i++
		out.next = 0
		m := src.Crop(0, 0, 500-i%7, 375-i%5)
		r.Stream(Size{dst.W, dst.H}, Size{m.W, m.H}, 3, Bilinear, out)
		for y := range m.H {
			if err := r.Row(y, m.Row(y)); err != nil {
				t.Fatal(err)
			}
		}
	}
	for range 7 * 5 { // after which tables of all sizes are known
		resize()
	}
	if n := testing.AllocsPerRun(35, resize); n > 0 {
		t.Errorf("%v allocations per image", n)
	}
}
