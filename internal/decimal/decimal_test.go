package decimal

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// numbers are texts of which some are read here, and others are not.
var numbers = []string{
	"0", "7", "-7", "00", "-0", "0.0", "-0.5", ".5", "-.5", "5.", "-5.", ".", "-", "", "--1", "1-", "+1", "1.2.3", "1..2", "1.2.", "..5", ".5.5", "1e5", "1:2", "1/2", "a", "1a", "a1", "\xb5", "1,2", " 1", "1 ",
	"1234567890123456", "-123456789012345", "123456789.123456", "-12345678.12345", "12345678901234567", "0000000000000001", "-00000000000000001", ".000000000000001", "000000000000000.", "4503599627370495", "4503599627370496", "9999999999999999",
	"450359962737049.6", "45035996273704.95", "0.5000000298023223", "8388608.5", "16777217", "16777217.0", "1.000000178813934", "0.1", "0.3", "33554433", "99999999", "100000000", "12345678.", "1.2345678", "2.718281828459045",
}

// columnOf lays texts out as a column of a text of three.
func columnOf(texts []string, trim int) Column {
	c := Column{Stride: 3, Trim: trim, Ends: []int32{-1}}
	for i, s := range texts {
		for _, cell := range []string{s + strings.Repeat("\r", trim), strings.Repeat("9", i%7), "-1.5"} {
			c.Text = append(append(c.Text, cell...), ',')
			c.Ends = append(c.Ends, int32(len(c.Text)-1))
		}
	}
	return c
}

// same compares what is read of texts by kernels and without any with package strconv.
func same[T int64 | float32 | float64](t *testing.T, texts []string, read func([]T, Column, []int32) []int32, plain func([]byte) (T, bool), parse func(string) (T, error)) {
	t.Helper()
	for _, trim := range []int{0, 1} {
		c := columnOf(texts, trim)
		got, want := make([]T, len(texts)), make([]T, len(texts))
		odd, oddPlain := read(got, c, []int32{-1})[1:], column(want, c, nil, none[T], plain)
		if !slices.Equal(odd, oddPlain) {
			t.Fatalf("%q: %v are odd by a kernel, %v without", texts, odd, oddPlain)
		}
		for i, s := range texts {
			if slices.Contains(odd, int32(i)) {
				continue
			}
			x, err := parse(s)
			if err != nil || hex(got[i]) != hex(x) || hex(want[i]) != hex(x) {
				t.Fatalf("%q is %v by a kernel and %v without, must be %v, %v", s, got[i], want[i], x, err)
			}
		}
	}
}

// none is a kernel that reads nothing.
func none[T any]([]T, Column, []int32, int) (done, n int) { return 0, 0 }

// hex tells zeros apart.
func hex[T int64 | float32 | float64](x T) string { return fmt.Sprintf("%x", x) }

func sameAll(t *testing.T, texts []string) {
	t.Helper()
	same(t, texts, Float32, float32Of, func(s string) (float32, error) {
		v, err := strconv.ParseFloat(s, 32)
		return float32(v), err
	})
	same(t, texts, Float64, float64Of, func(s string) (float64, error) { return strconv.ParseFloat(s, 64) })
	same(t, texts, Int64, int64Of, func(s string) (int64, error) { return strconv.ParseInt(s, 10, 64) })
}

// TestOdd has one odd text at each place among others.
func TestOdd(t *testing.T) {
	for _, odd := range numbers {
		for at := range 14 {
			texts := slices.Repeat([]string{"123", "-4", "0"}, 5)
			texts[at] = odd
			sameAll(t, texts)
		}
	}
}

// TestRandom reads random numbers, and random bytes.
func TestRandom(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		texts := make([]string, r.IntN(30))
		kind := r.IntN(6)
		for i := range texts {
			switch kind {
			case 0:
				texts[i] = strconv.FormatInt(int64(r.Uint64())>>(12+r.IntN(52)), 10)
			case 1:
				texts[i] = strconv.FormatFloat(r.NormFloat64()*1000, 'f', r.IntN(10), 64)
			case 2:
				half := float64(float32(r.NormFloat64())) // the next two are half way between two float32, or near it
				texts[i] = strconv.FormatFloat(half+math.Nextafter(half, 2)-half, 'f', 13, 64)
			case 3:
				texts[i] = strconv.FormatFloat(r.NormFloat64()*math.Pow10(r.IntN(10)-5), 'f', -1, 64)
			case 4:
				texts[i] = strconv.FormatFloat(half32(r), 'f', 28, 64)
				texts[i] = texts[i][:min(len(texts[i]), 15+r.IntN(20))]
			default:
				b := make([]byte, r.IntN(36))
				for k := range b {
					b[k] = "0123456789.-"[r.IntN(12)]
				}
				texts[i] = string(b)
			}
		}
		sameAll(t, texts)
	}
}

func FuzzColumn(f *testing.F) {
	for i := range len(numbers) - 8 {
		f.Add(strings.Join(numbers[i:i+8], ","))
	}
	f.Fuzz(func(t *testing.T, text string) { sameAll(t, strings.Split(text, ",")) })
}

// half32 returns a number half way between two float32, or near it.
func half32(r *rand.Rand) float64 {
	return math.Float64frombits(math.Float64bits(float64(float32(r.NormFloat64()))) | half + uint64(r.IntN(9)) - 4)
}

// TestAll makes sure that what is to be read is.
func TestAll(t *testing.T) {
	texts := []string{"0", "-1", "1.5", "-.25", "1234567890.12345", "-12345678901234", "999999999999999", "0000000000000.1"}
	if odd := Float64(make([]float64, len(texts)), columnOf(texts, 0), nil); len(odd) > 0 {
		t.Errorf("%v of %q are odd", odd, texts)
	}
	if odd := Int64(make([]int64, 3), columnOf([]string{"4503599627370495", "0", "1.5"}, 0), nil); !slices.Equal(odd, []int32{2}) {
		t.Errorf("%v of whole numbers are odd", odd)
	}
	texts = []string{"0.13436424411240122", "-0.84743373693723267", "1234567890123456789", "-.000000000000000000000000000001", "000000000000000000000000000000.5", "9219999999999999999", "-3.141592653589793"}
	texts = slices.Repeat(texts, 3)
	if odd := Float32(make([]float32, len(texts)), columnOf(texts, 0), nil); len(odd) > 0 {
		t.Errorf("%v of %q are odd", odd, texts)
	}
}

func BenchmarkFloat32(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	for name, digits := range map[string]int{"4 digits": 4, "17 digits": -1} {
		texts := make([]string, 1000)
		for i := range texts {
			texts[i] = strconv.FormatFloat(r.NormFloat64()*10, 'f', digits, 64)
		}
		c, dst, odd := columnOf(texts, 0), make([]float32, len(texts)), []int32(nil)
		for by, read := range map[string]func(){
			"kernel": func() { odd = Float32(dst, c, odd[:0]) },
			"plain":  func() { odd = column(dst, c, odd[:0], none[float32], float32Of) },
		} {
			b.Run(name+"/"+by, func(b *testing.B) {
				for b.Loop() {
					read()
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(texts)), "ns/number")
			})
		}
	}
}
