package vision

import (
	"bytes"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// uniformity returns the Kolmogorov-Smirnov distance of values from the uniform
// distribution on 0 to 1, times the root of their number: above 1.95 for one in
// a thousand of samples that are uniform.
func uniformity(v []float64) float64 {
	slices.Sort(v)
	most := 0.0
	for i, x := range v {
		most = max(most, math.Abs(x-float64(i)/float64(len(v))), math.Abs(float64(i+1)/float64(len(v))-x))
	}
	return most * math.Sqrt(float64(len(v)))
}

// TestAreaDraws checks that area, logarithm of the shape and position are
// uniform where every draw fits, so that none is rejected.
func TestAreaDraws(t *testing.T) {
	a, err := newArea([2]float64{0.1, 0.5}, [2]float64{0.75, 4. / 3}, [2]float64{}, [2]float64{})
	if err != nil {
		t.Fatal(err)
	}
	const edge = 100_000 // so large that rounding to pixels does not show
	var areas, ratios, xs, ys []float64
	r := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		at, ok := a.draw(r, size{edge, edge})
		if !ok || at.x < 0 || at.y < 0 || at.x+at.w > edge || at.y+at.h > edge {
			t.Fatalf("window %+v, %v", at, ok)
		}
		areas = append(areas, (float64(at.w)*float64(at.h)/edge/edge-0.1)/0.4)
		ratios = append(ratios, math.Log(float64(at.w)/float64(at.h)/0.75)/math.Log(16./9))
		xs = append(xs, float64(at.x)/float64(edge-at.w))
		ys = append(ys, float64(at.y)/float64(edge-at.h))
	}
	for name, v := range map[string][]float64{"area": areas, "log ratio": ratios, "x": xs, "y": ys} {
		if d := uniformity(v); d > 1.95 {
			t.Errorf("%s is not uniform: KS %.2f", name, d)
		}
	}
	if d := uniformity(slices.Repeat([]float64{0.3, 0.7}, 500)); d < 1.95 {
		t.Errorf("the test takes two values for uniform: KS %.2f", d)
	}
}

// TestAreaFallback has shapes that no draw fits; the numbers are torchvision's.
func TestAreaFallback(t *testing.T) {
	a, err := newArea([2]float64{1, 1}, [2]float64{0.75, 4. / 3}, [2]float64{}, [2]float64{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		z    size
		want window
	}{
		{size{100, 900}, window{383, 0, 100, 133}},
		{size{900, 100}, window{0, 383, 133, 100}},
		{size{1, 50}, window{24, 0, 1, 1}},
	} {
		if _, ok := a.draw(rand.New(rand.NewPCG(1, 2)), c.z); ok {
			t.Errorf("a window of all of %v fits", c.z)
		}
		if got := a.middle(c.z); got != c.want {
			t.Errorf("%v: got %+v, want %+v", c.z, got, c.want)
		}
	}
	if got, want := a.middle(size{30, 31}), (window{0, 0, 30, 31}); got != want {
		t.Errorf("got %+v, want all, %+v", got, want)
	}
}

// TestRandomCropCovers checks that a crop begins everywhere and nowhere else.
func TestRandomCropCovers(t *testing.T) {
	ld := load(t, images(400, 12, 10).source(t), 1, RandomCrop{Height: 9, Width: 14, Pad: 1})
	xs, ys := map[float64]int{}, map[float64]int{}
	for id := range int64(400) {
		at := note(traced(t, ld, id), "crop")
		xs[at[0]]++
		ys[at[1]]++
	}
	// 10+2 pixels are 2 short of 14: two more on either side, and 3 places.
	// 12+2 pixels leave 6 places for 9.
	for name, c := range map[string]struct {
		seen   map[float64]int
		lo, hi float64
	}{"x": {xs, -3, -1}, "y": {ys, -1, 4}} {
		places := c.hi - c.lo + 1
		if len(c.seen) != int(places) {
			t.Errorf("%s: %d places, want %v", name, len(c.seen), places)
		}
		for at, n := range c.seen {
			if at < c.lo || at > c.hi || math.Abs(float64(n)-400/places) > 4*math.Sqrt(400/places) {
				t.Errorf("%s: %d crops at %v", name, n, at)
			}
		}
	}
}

func TestFlipFires(t *testing.T) {
	ld := load(t, images(1000, 1, 2).source(t), 1, FlipH{P: 0.3})
	n := 0.0
	for id := range int64(1000) {
		n += note(traced(t, ld, id), "applied")[0]
	}
	if math.Abs(n-300) > 3*math.Sqrt(1000*0.3*0.7) {
		t.Errorf("%v of 1000 flips with P 0.3", n)
	}
}

// TestJitterOrder checks that all six orders come equally often.
func TestJitterOrder(t *testing.T) {
	seen := map[[3]int]int{}
	r := rand.New(rand.NewPCG(3, 4))
	for range 6000 {
		seen[order3(r)]++
	}
	for o, n := range seen {
		if n < 880 || n > 1120 {
			t.Errorf("order %v came %d times of 6000", o, n)
		}
	}
	if len(seen) != 6 {
		t.Errorf("%d orders", len(seen))
	}
}

// TestJitterRange checks the factors, and that those of 0 are left alone.
func TestJitterRange(t *testing.T) {
	ld := load(t, images(500, 2, 2).source(t), 1, ColorJitter{Brightness: 0.4, Saturation: 2})
	var b, s []float64
	for id := range int64(500) {
		tr := traced(t, ld, id)
		b = append(b, (note(tr, "brightness")[0]-0.6)/0.8)
		s = append(s, note(tr, "saturation")[0]/3)
		if note(tr, "contrast") != nil {
			t.Fatal("contrast is changed")
		}
	}
	if d, e := uniformity(b), uniformity(s); d > 1.95 || e > 1.95 {
		t.Errorf("factors are not uniform: KS %.2f and %.2f", d, e)
	}
}

func TestRandomErasing(t *testing.T) {
	src := images(60, 40, 30).source(t)
	plain, erased := load(t, src, 1, FlipH{}), load(t, src, 1, RandomErasing{P: 0.5, Fill: [3]uint8{1, 2, 3}})
	hits := 0
	for id := range int64(60) {
		before, tr := traced(t, plain, id).Fields[0].Data, traced(t, erased, id)
		at := note(tr, "erase")
		if at == nil {
			if !bytes.Equal(before, tr.Fields[0].Data) {
				t.Error("an image changed without a note")
			}
			continue
		}
		hits++
		x, y, w, h := int(at[0]), int(at[1]), int(at[2]), int(at[3])
		if part := float64(w*h) / 1200; part < 0.015 || part > 0.345 || float64(h) < 0.2*float64(w) || float64(w) > 5*float64(h) {
			t.Errorf("erased %v", at)
		}
		for i := range 1200 {
			got, want := tr.Fields[0].Data[3*i:3*i+3], before[3*i:3*i+3]
			if i%30 >= x && i%30 < x+w && i/30 >= y && i/30 < y+h {
				want = []uint8{1, 2, 3}
			}
			if !bytes.Equal(got, want) {
				t.Fatalf("pixel %d of %v is %v, want %v", i, at, got, want)
			}
		}
	}
	if hits < 15 || hits > 45 {
		t.Errorf("%d of 60 erased", hits)
	}
}
