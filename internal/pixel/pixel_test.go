package pixel

import (
	"bytes"
	"slices"
	"testing"

	"github.com/stokerdata/stoker/internal/pixelsimd"
)

// at returns pixel (x, y) of m.
func at(m Image, x, y int) []uint8 { return m.Row(y)[x*m.C : (x+1)*m.C] }

// inset returns an image with unused bytes around it, to show wrong strides.
func inset(h, w, c int) Image { return picture(w+7, h+5, c).Crop(3, 2, w, h) }

func packed(m Image) []uint8 {
	var b []uint8
	for y := range m.H {
		b = append(b, m.Row(y)...)
	}
	return b
}

func TestFlip(t *testing.T) {
	for _, c := range []int{1, 3} {
		for w := range 9 {
			m := inset(5, w+1, c)
			was := Packed(packed(m), m.H, m.W, c)
			around := slices.Clone(m.Pix[m.W*c : m.Stride])
			FlipH(m)
			for y := range m.H {
				for x := range m.W {
					if !bytes.Equal(at(m, x, y), at(was, m.W-1-x, y)) {
						t.Fatalf("FlipH, %d channels, width %d: pixel (%d, %d)", c, m.W, x, y)
					}
				}
			}
			FlipH(m)
			FlipV(m)
			for y := range m.H {
				if !bytes.Equal(m.Row(y), was.Row(m.H-1-y)) {
					t.Fatalf("FlipV, %d channels, width %d: row %d", c, m.W, y)
				}
			}
			if !bytes.Equal(around, m.Pix[m.W*c:m.Stride]) {
				t.Fatal("bytes beside the image have changed")
			}
		}
	}
}

func TestWindow(t *testing.T) {
	fill := [3]uint8{9, 8, 7}
	for _, c := range []int{1, 3} {
		src := inset(6, 8, c)
		for _, p := range [][4]int{{0, 0, 8, 6}, {2, 1, 3, 4}, {-3, -2, 14, 10}, {-9, 2, 4, 2}, {7, 5, 5, 5}, {20, -20, 3, 3}, {8, 0, 2, 6}} {
			dst := Packed(make([]uint8, p[2]*p[3]*c), p[3], p[2], c)
			Window(dst, src, p[0], p[1], fill)
			for y := range dst.H {
				for x := range dst.W {
					want := fill[:c]
					if sx, sy := p[0]+x, p[1]+y; sx >= 0 && sx < src.W && sy >= 0 && sy < src.H {
						want = at(src, sx, sy)
					}
					if !bytes.Equal(at(dst, x, y), want) {
						t.Fatalf("window %v: pixel (%d, %d) is %v, want %v", p, x, y, at(dst, x, y), want)
					}
				}
			}
		}
	}
}

// TestOrient builds all eight from a turn to the right and a mirror, as the
// EXIF standard describes them.
func TestOrient(t *testing.T) {
	src := Packed(packed(inset(4, 7, 3)), 4, 7, 3)
	right := func(m Image) Image {
		d := Packed(make([]uint8, len(m.Pix)), m.W, m.H, 3)
		for y := range m.H {
			for x := range m.W {
				copy(at(d, m.H-1-y, x), at(m, x, y))
			}
		}
		return d
	}
	mirror := func(m Image) Image {
		m.Pix = slices.Clone(m.Pix)
		FlipH(m)
		return m
	}
	want := map[int]Image{
		1: src, 2: mirror(src), 3: right(right(src)), 4: right(right(mirror(src))),
		5: right(right(right(mirror(src)))), 6: right(src), 7: right(mirror(src)), 8: right(right(right(src))),
	}
	for o, want := range want {
		got := Packed(make([]uint8, len(src.Pix)), want.H, want.W, 3)
		Orient(got, src, o)
		if !bytes.Equal(got.Pix, want.Pix) {
			t.Errorf("orientation %d", o)
		}
	}
}

// TestResizeCrop checks that a window in a larger image is resized as an image
// of its own, and that each channel is resized like an image of one.
func TestResizeCrop(t *testing.T) {
	for f := Bilinear; f <= Nearest; f++ {
		var r Resizer
		src := inset(20, 30, 3)
		a, b := Packed(make([]uint8, 3*11*17), 11, 17, 3), Packed(make([]uint8, 3*11*17), 11, 17, 3)
		r.Resize(a, src, f)
		r.Resize(b, Packed(packed(src), 20, 30, 3), f)
		if !bytes.Equal(a.Pix, b.Pix) {
			t.Errorf("filter %d: the window differs from its copy", f)
		}
		one := Packed(make([]uint8, 11*17), 11, 17, 1)
		plane := Packed(make([]uint8, 20*30), 20, 30, 1)
		for c := range 3 {
			for i := range plane.Pix {
				plane.Pix[i] = packed(src)[3*i+c]
			}
			r.Resize(one, plane, f)
			for i, v := range one.Pix {
				if a.Pix[3*i+c] != v {
					t.Fatalf("filter %d: channel %d differs at %d", f, c, i)
				}
			}
		}
	}
}

// TestResizeFlat checks that one colour stays that colour.
func TestResizeFlat(t *testing.T) {
	var r Resizer
	for f := Bilinear; f <= Nearest; f++ {
		for _, v := range []uint8{0, 1, 127, 254, 255} {
			src := Packed(bytes.Repeat([]uint8{v}, 3*13*19), 13, 19, 3)
			dst := Packed(make([]uint8, 3*31*7), 31, 7, 3)
			r.Resize(dst, src, f)
			if i := slices.IndexFunc(dst.Pix, func(x uint8) bool { return x != v }); i >= 0 {
				t.Errorf("filter %d makes %d of %d", f, dst.Pix[i], v)
			}
		}
	}
}

// TestResizeAllocates resizes from sizes whose tables are known, and from others when
// there is no room for more.
func TestResizeAllocates(t *testing.T) {
	var r Resizer
	src, dst := photo()
	for _, full := range []bool{false, true} {
		if full {
			fill(t)
		}
		i := 0
		resize := func() {
			i++
			r.Resize(dst, src.Crop(0, 0, src.W-i%7, src.H-i%5), Filter(i%2))
		}
		for range 2 * 7 * 5 {
			resize()
		}
		if n := testing.AllocsPerRun(70, resize); n > 0 {
			t.Errorf("full %v: %v allocations per image", full, n)
		}
	}
}

// fill leaves no room for known tables, nor any, until the end of the test.
func fill(t *testing.T) {
	at, bytes := known.at, known.bytes
	known.at, known.bytes = map[route]*tables{}, knownBytes
	t.Cleanup(func() { known.at, known.bytes = at, bytes })
}

// TestGather compares the two ways to look pixels up backwards.
func TestGather(t *testing.T) {
	src := picture(30, 20, 1).Pix
	for _, c := range []struct{ x0, xx, y0, yy float64 }{
		{0, 1, 0, 1}, {-4, 1.25, 3, 0.5}, {30, -1, 0, 1}, {2, 0.375, 20, -1}, {5, 3, 7, 3},
	} {
		const w, h = 25, 23
		xs, ys := make([]int32, w), make([]int32, h)
		NearestTable(xs, c.x0, c.xx, 30)
		NearestTable(ys, c.y0, c.yy, 20)
		a, b := make([]uint8, w*h), make([]uint8, w*h)
		Gather(a, src, 30, xs, ys, 77)
		GatherAffine(b, src, w, 20, 30, [6]float64{c.xx, 0, c.x0, 0, c.yy, c.y0}, 77)
		if !bytes.Equal(a, b) {
			t.Errorf("%+v: tables %v %v", c, xs, ys)
		}
	}
}

// TestSlot checks layouts sample by sample, of whole images and of rows.
func TestSlot(t *testing.T) {
	tone := pixelsimd.NewTone[float32](pixelsimd.Float, [3]float32{0, 0.25, 0.5}, [3]float32{1, 2, 4})
	for _, c := range []int{1, 3} {
		for _, src := range []Image{inset(4, 6, c), picture(6, 4, c), picture(300, 290, c)} {
			for _, planar := range []bool{false, true} {
				for _, order := range []pixelsimd.Order{pixelsimd.Forward, pixelsimd.Mirrored} {
					s := Slot[float32]{tone, make([]float32, src.W*src.H*c), src.W, src.H, c, planar, order}
					s.Image(src)
					whole := slices.Clone(s.Dst)
					clear(s.Dst)
					for y := range src.H {
						if err := s.Row(y, src.Row(y)); err != nil {
							t.Fatal(err)
						}
					}
					if !slices.Equal(s.Dst, whole) {
						t.Fatalf("%d samples, planar %v, order %d: rows and the whole differ", c, planar, order)
					}
					checkSlot(t, &s, src)
				}
			}
		}
	}
}

func checkSlot(t *testing.T, s *Slot[float32], src Image) {
	for y := range s.H {
		for x := range s.W {
			from := x
			if s.Order == pixelsimd.Mirrored {
				from = s.W - 1 - x
			}
			for k := range s.C {
				to := (y*s.W+x)*s.C + k
				if s.Planar {
					to = k*s.W*s.H + y*s.W + x
				}
				want := (float32(at(src, from, y)[k])/255 - float32(k)*0.25) / float32(int(1)<<k)
				if s.Dst[to] != want {
					t.Fatalf("%+v: sample %d of (%d, %d) is %v, want %v", s.Order, k, x, y, s.Dst[to], want)
				}
			}
		}
	}
}

func TestPalette(t *testing.T) {
	colours := [][3]uint8{{1, 2, 3}, {4, 5, 6}}
	dst := make([]uint8, 9)
	if !Palette(dst, []uint8{1, 0, 1}, colours) || !bytes.Equal(dst, []uint8{4, 5, 6, 1, 2, 3, 4, 5, 6}) {
		t.Errorf("got %v", dst)
	}
	if Palette(dst, []uint8{1, 2, 0}, colours) {
		t.Error("index 2 of 2 colours passes")
	}
}
