package cells

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stokerdata/stoker/format/internal/syntax"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
)

// numbers are texts around which parsers go wrong.
var numbers = []string{
	"0", "-0", "+1", "1.", ".5", ".", "", "-", "1e", "1e5", "1E+22", "1e-22", "1e23", "-1.5e-7", "9007199254740992", "9007199254740993", "123456789012345678",
	"1234567890123456789", "99999999999999999999", "0.1", "3.4028236e38", "1e39", "1e-45", "1.17549435e-38", "1e308", "1e309", "5e-324", "1e-400", "16777217", "16777217.0",
	"0.500000029802322387695312500", "8388608.5", "1.00000017881393432617187500", "nan", "-Inf", "0x1p3", "1_0", "1e99999", "1.2.3", "1e5.0", "00012", "12a", " 1",
	"9223372036854775807", "9223372036854775808", "-9223372036854775808", "18446744073709551615", "18446744073709551616", "255", "256", "-129", "-128", "32768", "4294967296",
}

// parseFloat is strconv's, which also reads what only Go has.
func parseFloat(text string, bits int) (float64, error) {
	if strings.ContainsAny(text, "_xX") {
		return 0, strconv.ErrSyntax
	}
	return strconv.ParseFloat(text, bits)
}

// compare compares all parsers with package strconv.
func compare(t *testing.T, text string) {
	t.Helper()
	check := func(name string, got, want any, err, wantErr error) {
		if (err == nil) != (wantErr == nil) || err == nil && fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s of %q is %v, %v; want %v, %v", name, text, got, err, want, wantErr)
		}
	}
	b := append([]byte(text), ",12345678"...)[:len(text)] // with the next cell behind it
	f64, err := Float[float64](b)
	want, wantErr := parseFloat(text, 64)
	check("float64", math.Float64bits(f64), math.Float64bits(want), err, wantErr)
	f32, err := Float[float32](b)
	want, wantErr = parseFloat(text, 32)
	check("float32", math.Float32bits(f32), math.Float32bits(float32(want)), err, wantErr)
	for _, bits := range []int{8, 16, 32, 64} {
		s, wantErr := strconv.ParseInt(text, 10, bits)
		var got, got2 any
		var err2 error
		switch bits {
		case 8:
			got, err = Int[int8](b)
			got2, err2 = Uint[uint8](b)
		case 16:
			got, err = Int[int16](b)
			got2, err2 = Uint[uint16](b)
		case 32:
			got, err = Int[int32](b)
			got2, err2 = Uint[uint32](b)
		case 64:
			got, err = Int[int64](b)
			got2, err2 = Uint[uint64](b)
		}
		check(fmt.Sprint("int", bits), got, s, err, wantErr)
		u, wantErr := strconv.ParseUint(text, 10, bits)
		check(fmt.Sprint("uint", bits), got2, u, err2, wantErr)
	}
}

func TestNumbers(t *testing.T) {
	for _, s := range numbers {
		compare(t, s)
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		f := math.Float64frombits(r.Uint64())
		for _, s := range []string{
			strconv.FormatFloat(f, 'g', -1, 64), strconv.FormatFloat(float64(float32(r.NormFloat64())), 'g', -1, 32), strconv.FormatFloat(r.NormFloat64()*1e3, 'f', r.IntN(12), 64),
			strconv.FormatFloat(halfWay(r), 'f', -1, 64), strconv.FormatInt(int64(r.Uint64())>>r.IntN(64), 10),
		} {
			compare(t, s)
		}
	}
}

// halfWay returns a number half way between two float32, or next to it.
func halfWay(r *rand.Rand) float64 {
	b := math.Float64bits(float64(float32(r.NormFloat64()*1000))) | 1<<28
	return math.Float64frombits(b + uint64(r.IntN(3)) - 1)
}

func FuzzNumber(f *testing.F) {
	for _, s := range numbers {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) { compare(t, s) })
}

func TestPut(t *testing.T) {
	var b [8]byte
	for ty := dtype.Bool; ty.Valid(); ty++ {
		clear(b[:])
		err := Put(b[:], ty, []byte("1"))
		if half := ty == dtype.Float16 || ty == dtype.BFloat16; half != (err != nil) {
			t.Errorf("%v: %v", ty, err)
		}
		if err == nil && !ty.Float() && !slices.Equal(b[:], binary.NativeEndian.AppendUint64(nil, 1)) && ty.Size() == 8 {
			t.Errorf("%v: %v", ty, b)
		}
		if err == nil && Put(b[:], ty, []byte("x")) == nil {
			t.Errorf("%v: x is a value", ty)
		}
	}
}

func TestProfile(t *testing.T) {
	for _, c := range []struct {
		s     syntax.Syntax
		cells []string
		f     loader.Field
		want  string
	}{
		{syntax.CSV{}, []string{"1", "-2"}, loader.Field{}, " int64 ()"},
		{syntax.CSV{}, []string{"1", "", "2.5"}, loader.Field{}, " float32 ()"},
		{syntax.CSV{}, []string{"1", "9223372036854775808"}, loader.Field{}, " uint64 ()"},
		{syntax.CSV{}, []string{"-1", "9223372036854775808"}, loader.Field{}, " float32 ()"},
		{syntax.CSV{}, []string{"1.5", "9223372036854775808"}, loader.Field{}, " float32 ()"},
		{syntax.JSON{}, []string{"[1, 18446744073709551615]"}, loader.Field{}, " uint64 (?)"},
		{syntax.CSV{}, []string{"", ""}, loader.Field{}, " float32 ()"},
		{syntax.CSV{}, []string{"1", "x"}, loader.Field{}, " uint8 (?) text"},
		{syntax.CSV{}, []string{"007"}, loader.Field{}, " uint8 (?) text"},
		{syntax.CSV{}, []string{"1", "12_34"}, loader.Field{}, " uint8 (?) text"},
		{syntax.CSV{}, []string{"1", "0x1p4"}, loader.Field{}, " uint8 (?) text"},
		{syntax.CSV{}, []string{"7"}, loader.Field{Kind: kind.Label}, " int32 () label"},
		{syntax.JSON{}, []string{"[1, 2]", "[3, 4.5]"}, loader.Field{}, " float32 (?)"},
		{syntax.JSON{}, []string{"[1, 2]", "[]"}, loader.Field{}, " int64 (?)"},
		{syntax.JSON{}, []string{"[[1, 2]]", "[[1, 2], [3, 4]]"}, loader.Field{}, " int64 (?, 2)"},
		{syntax.JSON{}, []string{"true", "false"}, loader.Field{}, " bool ()"},
		{syntax.JSON{}, []string{`"x"`}, loader.Field{}, " uint8 (?) text"},
		{syntax.JSON{}, []string{"[]", `["x", "y"]`}, loader.Field{}, " uint8 (?) texts"},
		{syntax.JSON{}, []string{"[]"}, loader.Field{Kind: kind.Texts}, " uint8 (?) texts"},
		{syntax.JSON{}, []string{`["x"]`}, loader.Field{Kind: kind.Label}, " int32 (?) label"},
		{syntax.JSON{}, []string{"[]", "[[1, 2, 3, 4]]"}, loader.Field{Kind: kind.Boxes}, " float32 (?, 4) boxes"},
		{syntax.JSON{}, []string{"[]"}, loader.Field{Kind: kind.Spans}, " int32 (?, 2) spans"},
	} {
		p := NewProfile(c.s)
		for _, cell := range c.cells {
			if err := p.Measure([]byte(cell)); err != nil {
				t.Fatalf("%q: %v", c.cells, err)
			}
		}
		if err := p.Complete(&c.f); err != nil || c.f.String() != c.want {
			t.Errorf("%q become %v, %v; want %s", c.cells, c.f, err, c.want)
		}
	}
	for cell, s := range map[string]syntax.Syntax{`"x"`: syntax.JSON{}, "x": syntax.CSV{}, `[["x"]]`: syntax.JSON{}, "[1]": syntax.JSON{}} {
		p := NewProfile(s)
		if err := p.Measure([]byte(cell)); err != nil {
			t.Fatal(err)
		}
		if err := p.Complete(&loader.Field{Kind: kind.Texts}); !errors.Is(err, loader.ErrSpec) {
			t.Errorf("%s is a list of texts: %v", cell, err)
		}
	}
	for _, list := range [][]string{{"1", "[1]"}, {"[1]", "1"}, {"[[1], [1, 2]]"}, {"null"}, {"{}"}, {"[[[[[[1]]]]]]"}} {
		p := NewProfile(syntax.JSON{})
		var err error
		for _, cell := range list {
			err = errors.Join(err, p.Measure([]byte(cell)))
		}
		if err == nil {
			t.Errorf("%q fit together", list)
		}
	}
}

func BenchmarkFloat(b *testing.B) {
	for name, format := range map[string]int{"6 digits": 6, "all digits": -1} {
		r := rand.New(rand.NewPCG(1, 2))
		list, n := make([][]byte, 1000), 0
		for i := range list {
			list[i] = strconv.AppendFloat(nil, r.NormFloat64()*100, 'f', format, 64)
			n += len(list[i])
		}
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(n))
			for b.Loop() {
				for _, cell := range list {
					if _, err := Float[float32](cell); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
		b.Run(name+", strconv", func(b *testing.B) {
			b.SetBytes(int64(n))
			for b.Loop() {
				for _, cell := range list {
					if _, err := strconv.ParseFloat(asString(cell), 32); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}
