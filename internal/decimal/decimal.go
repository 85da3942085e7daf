package decimal

import (
	"math"
	"slices"
)

// A Column says where the texts of numbers lie: the first one in
// Text[Ends[0]+1:Ends[1]-Trim], each other one Stride ends behind the one before.
type Column struct {
	Text   []byte
	Ends   []int32 // in the order of the text, the first one not below -1
	Stride int
	Trim   int // bytes before an end that are not of the number
}

// Cell returns text i.
func (c Column) Cell(i int) []byte {
	at := c.Ends[i*c.Stride:]
	return c.Text[at[0]+1 : int(at[1])-c.Trim]
}

// from returns c without the first i texts.
func (c Column) from(i int) Column {
	c.Ends = c.Ends[i*c.Stride:]
	return c
}

// Float64 sets dst to the numbers of c, rounded as by package strconv, and appends to
// odd which of them are not for it: texts that are not of digits, of which the last
// byte is one, with or without a point among them and a '-' before them; of more than
// 16 bytes; or of digits that make 2^52 or more. What dst has of those is not defined.
func Float64(dst []float64, c Column, odd []int32) []int32 {
	return column(dst, c, odd, vectorFloat64, float64Of)
}

// Int64 is Float64 for whole numbers, which have no point.
func Int64(dst []int64, c Column, odd []int32) []int32 {
	return column(dst, c, odd, vectorInt64, int64Of)
}

// Float32 is Float64 for numbers of half the size. Texts may have 32 bytes, and digits
// that make less than 9.22e18. One that lies so near to the middle between two numbers
// that rounding it twice might give the other is odd, too.
func Float32(dst []float32, c Column, odd []int32) []int32 {
	from := len(odd)
	odd = column(dst, c, odd, vectorFloat32, float32Of)
	n := vectorLong(dst, c, odd[from:])
	return odd[:from+n]
}

// column sets dst to the numbers of c, most of them by a kernel, which cannot begin with
// the first ones of a text and leaves the last ones.
func column[T any](dst []T, c Column, odd []int32, vector func([]T, Column, []int32, int) (int, int), number func([]byte) (T, bool)) []int32 {
	const few = 16
	odd = slices.Grow(odd, len(dst))
	for i := 0; i < len(dst); {
		done, n := vector(dst[i:], c.from(i), odd[len(odd):cap(odd)], i)
		odd, i = odd[:len(odd)+n], i+done
		for end := min(i+few, len(dst)); i < end; i++ {
			v, ok := number(c.Cell(i))
			if dst[i] = v; !ok {
				odd = append(odd, int32(i))
			}
		}
	}
	return odd
}

const (
	longest = 16      // bytes of a number
	largest = 1 << 52 // of its digits

	longest32 = 32                  // of those that become float32
	largest32 = 9220000000000000000 // of the digits
)

// parse returns the digits of a text, how many of them are behind the point, -1 if
// there is none, and its sign.
func parse(text []byte) (n uint64, behind int, negative, ok bool) {
	behind = -1
	if len(text) > longest32 || len(text) == 0 || text[len(text)-1]-'0' > 9 {
		return 0, 0, false, false
	}
	if text[0] == '-' {
		text, negative = text[1:], true
	}
	if n, behind, ok := Short(text); ok {
		return n, behind, negative, true
	}
	for i, b := range text {
		switch {
		case b-'0' <= 9 && n < math.MaxUint64/10:
			n = 10*n + uint64(b-'0')
		case b == '.' && behind < 0:
			behind = len(text) - i - 1
		default:
			return 0, 0, false, false
		}
	}
	return n, behind, negative, true
}

// powers are those of ten.
var powers = [longest32]float64{
	1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
	1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22, 1e23, 1e24, 1e25, 1e26, 1e27, 1e28, 1e29, 1e30, 1e31,
}

// ExactPower is the largest power of ten that a float64 holds exactly.
const ExactPower = 22

// Power returns 10^n, for n of 0 to ExactPower.
func Power(n int) float64 { return powers[n] }

// quotient returns n / 10^behind. Where a float64 holds both exactly, it is rounded once
// (Clinger, "How to read floating point numbers accurately", PLDI 1990).
func quotient(n uint64, behind int, negative bool) float64 {
	v := float64(int64(n)) / powers[max(behind, 0)]
	if negative {
		v = -v
	}
	return v
}

func float64Of(text []byte) (float64, bool) {
	n, behind, negative, ok := parse(text)
	if !ok || n >= largest || len(text) > longest {
		return 0, false
	}
	return quotient(n, behind, negative), true
}

func int64Of(text []byte) (int64, bool) {
	n, behind, negative, ok := parse(text)
	if negative {
		n = -n
	}
	return int64(n), ok && behind < 0 && (n < largest || -n < largest) && len(text) <= longest
}

const (
	lost = 1<<29 - 1 // bits that a float32 does not have
	half = 1 << 28   // of them: the middle of two float32

	// margin is how far from the middle of two float32, in units of the last place of
	// a float64, a quotient must be that was rounded before. It is off by two at most.
	margin = 8
)

func float32Of(text []byte) (float32, bool) {
	n, behind, negative, ok := parse(text)
	if !ok || n >= largest32 {
		return 0, false
	}
	v := quotient(n, behind, negative)
	low := math.Float64bits(v) & lost
	if n < largest && len(text) <= longest && low != half {
		return float32(v), true
	}
	return float32(v), low-(half-margin) > 2*margin
}
