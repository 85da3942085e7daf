package cells

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strconv"
	"unsafe"

	"github.com/stokerdata/stoker/internal/decimal"
	"github.com/stokerdata/stoker/loader/dtype"
)

// Int returns the signed number that a cell holds.
func Int[T int8 | int16 | int32 | int64](cell []byte) (T, error) {
	digits, negative := cell, false
	if len(digits) > 0 && (digits[0] == '-' || digits[0] == '+') {
		digits, negative = digits[1:], digits[0] == '-'
	}
	if u, ok := whole(digits); ok {
		v := int64(u)
		if negative {
			v = -v
		}
		if n := T(v); int64(n) == v {
			return n, nil
		}
	}
	var z T
	n, err := strconv.ParseInt(asString(cell), 10, 8*int(unsafe.Sizeof(z)))
	return T(n), badNumber(err, z)
}

// Uint returns the unsigned number that a cell holds.
func Uint[T uint8 | uint16 | uint32 | uint64](cell []byte) (T, error) {
	if u, ok := whole(cell); ok && uint64(T(u)) == u {
		return T(u), nil
	}
	var z T
	n, err := strconv.ParseUint(asString(cell), 10, 8*int(unsafe.Sizeof(z)))
	return T(n), badNumber(err, z)
}

// maxDigits is how many digits always fit an int64.
const maxDigits = 18

// whole returns the number that at most maxDigits digits make.
func whole(digits []byte) (n uint64, ok bool) {
	if n, behind, ok := decimal.Short(digits); ok {
		return n, behind < 0
	}
	if len(digits) == 0 || len(digits) > maxDigits {
		return 0, false
	}
	for _, c := range digits {
		d := c - '0'
		if d > 9 {
			return 0, false
		}
		n = 10*n + uint64(d)
	}
	return n, true
}

// goOnly are what a number has only in the syntax of Go: 1_000 and 0x1p4, which in data
// are names.
const goOnly = "_xX"

// Float returns the floating-point number that a cell holds.
func Float[T float32 | float64](cell []byte) (T, error) {
	var z T
	bits := 8 * int(unsafe.Sizeof(z))
	if v, ok := exact(cell); ok && (bits == 64 || roundsOnce(v)) {
		return T(v), nil
	}
	if bytes.ContainsAny(cell, goOnly) {
		return 0, badNumber(strconv.ErrSyntax, z)
	}
	n, err := strconv.ParseFloat(asString(cell), bits)
	return T(n), badNumber(err, z)
}

// exact returns the number that a cell holds if it is the product or quotient of
// two that a float64 holds exactly, so that it is rounded once: Clinger, "How to
// read floating point numbers accurately", PLDI 1990.
func exact(cell []byte) (v float64, ok bool) {
	at, negative := 0, false
	if len(cell) > 0 && (cell[0] == '-' || cell[0] == '+') {
		at, negative = 1, cell[0] == '-'
	}
	if n, behind, ok := decimal.Short(cell[at:]); ok {
		v = float64(n) / decimal.Power(max(behind, 0))
		if negative {
			v = -v
		}
		return v, true
	}
	n, from := uint64(0), at
	for at < len(cell) && cell[at]-'0' <= 9 {
		n = 10*n + uint64(cell[at]-'0')
		at++
	}
	digits, exp := at-from, 0
	if at < len(cell) && cell[at] == '.' {
		at++
		for from = at; at < len(cell) && cell[at]-'0' <= 9; at++ {
			n = 10*n + uint64(cell[at]-'0')
		}
		exp = from - at
		digits -= exp
	}
	if digits == 0 || digits > maxDigits || n > 1<<53 {
		return 0, false
	}
	if at < len(cell) {
		if cell[at]|0x20 != 'e' {
			return 0, false
		}
		e, err := Int[int16](cell[at+1:])
		if err != nil {
			return 0, false
		}
		exp += int(e)
	}
	v = float64(n)
	switch {
	case exp < -decimal.ExactPower || exp > decimal.ExactPower:
		return 0, false
	case exp < 0:
		v /= decimal.Power(-exp)
	default:
		v *= decimal.Power(exp)
	}
	if negative {
		v = -v
	}
	return v, true
}

// roundsOnce reports whether a number that was rounded to float64 becomes the same
// float32 as if it had not been: it is not half way between two of them, and
// neither too large nor too small.
func roundsOnce(v float64) bool {
	const lost = 1<<29 - 1 // bits that a float32 does not have
	b := math.Float64bits(v)
	a := math.Abs(v)
	return b&lost != 1<<28 && (a == 0 || a > 1e-37 && a < 1e38)
}

// Bool returns the truth value that a cell holds: 1, t, T, TRUE, true, True, 0, f,
// F, FALSE, false, False.
func Bool(cell []byte) (bool, error) {
	v, err := strconv.ParseBool(asString(cell))
	return v, badNumber(err, v)
}

// Put parses a cell as an element of type t, float16 and bfloat16 excepted, into
// dst.
func Put(dst []byte, t dtype.Type, cell []byte) error {
	switch t { // what most cells are, without a call of a generic function
	case dtype.Float32:
		if v, ok := exact(cell); ok && roundsOnce(v) {
			binary.NativeEndian.PutUint32(dst, math.Float32bits(float32(v)))
			return nil
		}
	case dtype.Float64:
		if v, ok := exact(cell); ok {
			binary.NativeEndian.PutUint64(dst, math.Float64bits(v))
			return nil
		}
	case dtype.Int64:
		if v, ok := whole(cell); ok {
			binary.NativeEndian.PutUint64(dst, v)
			return nil
		}
	}
	return putAny(dst, t, cell)
}

func putAny(dst []byte, t dtype.Type, cell []byte) error {
	switch t {
	case dtype.Bool:
		return put(dst, cell, Bool)
	case dtype.Uint8:
		return put(dst, cell, Uint[uint8])
	case dtype.Int8:
		return put(dst, cell, Int[int8])
	case dtype.Uint16:
		return put(dst, cell, Uint[uint16])
	case dtype.Int16:
		return put(dst, cell, Int[int16])
	case dtype.Uint32:
		return put(dst, cell, Uint[uint32])
	case dtype.Int32:
		return put(dst, cell, Int[int32])
	case dtype.Uint64:
		return put(dst, cell, Uint[uint64])
	case dtype.Int64:
		return put(dst, cell, Int[int64])
	case dtype.Float32:
		return put(dst, cell, Float[float32])
	case dtype.Float64:
		return put(dst, cell, Float[float64])
	}
	return fmt.Errorf("a text has no values of type %v", t)
}

func put[T dtype.Element](dst, cell []byte, parse func([]byte) (T, error)) error {
	v, err := parse(cell)
	*(*T)(unsafe.Pointer(&dst[0])) = v
	return err
}

// asString lends a cell to package strconv, which keeps nothing of it.
func asString(cell []byte) string { return unsafe.String(unsafe.SliceData(cell), len(cell)) }

// badNumber says what is wrong with a number without telling what it is.
func badNumber(err error, want any) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, strconv.ErrRange):
		return fmt.Errorf("out of the range of %T", want)
	}
	return fmt.Errorf("not a number of type %T", want)
}
