package pixelsimd

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"

	"github.com/stokerdata/stoker/internal/cpu"
)

var (
	imageNetMean = [3]float32{0.485, 0.456, 0.406}
	imageNetStd  = [3]float32{0.229, 0.224, 0.225}
	none, unit   = [3]float32{}, [3]float32{1, 1, 1}
)

// fencedOf is fenced for numbers.
func fencedOf[T Number](t testing.TB, n int) []T {
	if n == 0 {
		return nil
	}
	size := int(unsafe.Sizeof(T(0)))
	return unsafe.Slice((*T)(unsafe.Pointer(&fenced(t, n*size, 0)[0])), n)
}

// testTone compares rows of many lengths, both ways and in both layouts, with
// the table, sample by sample. All memory ends where it ends.
func testTone[T Number](t *testing.T, f Format, mean, std [3]float32) {
	tone := NewTone[T](f, mean, std)
	if got := tone.lanes.fast(); got != cpu.AVX2() {
		t.Errorf("format %d, mean %v, std %v: vector code %v", f, mean, std, got)
	}
	rnd := rand.New(rand.NewPCG(7, 8))
	for n := range 120 {
		for _, c := range []int{1, 3} {
			px := fenced(t, n*c, 0)
			for i := range px {
				px[i] = uint8(rnd.Uint32())
			}
			for _, o := range []Order{Forward, Mirrored} {
				rows := [3][]T{fencedOf[T](t, n), fencedOf[T](t, n), fencedOf[T](t, n)}
				row := fencedOf[T](t, n*c)
				tone.Pixels(row, px, c, o)
				if c == 3 {
					tone.Planes(rows[0], rows[1], rows[2], px, o)
				}
				for i := range n * c {
					x, k := i/c, i%c
					if o == Mirrored {
						x = n - 1 - x
					}
					want := tone.table[k][px[x*c+k]]
					if row[i] != want || c == 3 && rows[k][i/c] != want {
						t.Fatalf("format %d, %d pixels of %d samples, order %d: sample %d of pixel %d", f, n, c, o, k, i/c)
					}
				}
			}
		}
	}
}

func TestTone(t *testing.T) {
	for _, m := range []struct{ mean, std [3]float32 }{{none, unit}, {imageNetMean, imageNetStd}, {[3]float32{0.5, 0.5, 0.5}, [3]float32{0.5, 0.5, 0.5}}} {
		testTone[uint8](t, Byte, m.mean, m.std)
		testTone[float32](t, Float, m.mean, m.std)
		testTone[uint16](t, Half, m.mean, m.std)
		testTone[uint16](t, Brain, m.mean, m.std)
	}
}

// TestToneTable has the numbers that NumPy gives for torchvision's steps, each
// in float32.
func TestToneTable(t *testing.T) {
	tone := NewTone[float32](Float, imageNetMean, imageNetStd)
	px := []uint8{0, 51, 102, 153, 204, 255}
	got := make([]float32, 6)
	tone.Pixels(got, px, 3, Forward)
	if want := []float32{-2.117904, -1.1428571, -0.02666659, 0.50218344, 1.5357143, 2.64}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	tone.Pixels(got, px, 3, Mirrored)
	if want := []float32{0.50218344, 1.5357143, 2.64, -2.117904, -1.1428571, -0.02666659}; !slices.Equal(got, want) {
		t.Errorf("mirrored: got %v, want %v", got, want)
	}
}

// TestToneFits counts for how many means and deviations vector code divides
// right: nearly all. For the others the table is used.
func TestToneFits(t *testing.T) {
	if !cpu.AVX2() {
		t.Skip("no vector code")
	}
	rnd := rand.New(rand.NewPCG(9, 10))
	const all = 300
	fast := 0
	for range all {
		var mean, std [3]float32
		for c := range mean {
			mean[c], std[c] = rnd.Float32(), rnd.Float32()+1e-3
		}
		if NewTone[float32](Float, mean, std).lanes.fast() {
			fast++
		}
	}
	if fast < all*99/100 {
		t.Errorf("vector code for %d of %d", fast, all)
	}
}

// TestToneDoubts gives divisors for which products with inverses go wrong: the
// results are those of divisions all the same.
func TestToneDoubts(t *testing.T) {
	for _, std := range []float32{math.MaxFloat32, math.SmallestNonzeroFloat32, 1e-38, float32(math.Inf(1)), 3e38} {
		tone := NewTone[float32](Float, imageNetMean, [3]float32{std, std, std})
		px := make([]uint8, 3*256)
		for i := range px {
			px[i] = uint8(i / 3)
		}
		got := make([]float32, len(px))
		tone.Pixels(got, px, 3, Forward)
		for i, v := range got {
			if want := (float32(px[i])/255 - imageNetMean[i%3]) / std; math.Float32bits(v) != math.Float32bits(want) {
				t.Fatalf("std %v: sample %d becomes %v, want %v", std, px[i], v, want)
			}
		}
	}
}

func TestFlip(t *testing.T) {
	for n := range 200 {
		for _, c := range []int{1, 3} {
			row := fenced(t, n*c, 0)
			for i := range row {
				row[i] = uint8(i * 7)
			}
			was := slices.Clone(row)
			Flip(row, c)
			for i, v := range row {
				if want := was[(n-1-i/c)*c+i%c]; v != want {
					t.Fatalf("%d pixels of %d samples: sample %d is %d, want %d", n, c, i, v, want)
				}
			}
		}
	}
}

// TestFloat16 goes through all halves: each comes back, and what lies between
// two goes to the nearer, or to the even one.
func TestFloat16(t *testing.T) {
	value := func(b uint16) float32 {
		m, e := float64(b&0x3ff), int(b>>10&31)
		if e == 0 {
			return float32(math.Ldexp(m, -24))
		}
		return float32(math.Ldexp(m+1024, e-25))
	}
	for b := range uint16(0x7bff) {
		lo, hi := value(b), value(b+1)
		mid := (lo + hi) / 2
		even := b + b&1
		if Float16(lo) != b || Float16(-lo) != b|0x8000 {
			t.Fatalf("%v gives %x, want %x", lo, Float16(lo), b)
		}
		if Float16(mid) != even || Float16(math.Nextafter32(mid, 0)) != b || Float16(math.Nextafter32(mid, hi)) != b+1 {
			t.Fatalf("between %x and %x", b, b+1)
		}
	}
	if Float16(65520) != 0x7c00 || Float16(65519) != 0x7bff {
		t.Error("overflow")
	}
}
