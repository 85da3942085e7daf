package pixelsimd

import "math"

// BFloat16 rounds v to the nearest bfloat16, ties to even.
func BFloat16(v float32) uint16 {
	b := math.Float32bits(v)
	return uint16((b + 0x7fff + b>>16&1) >> 16)
}

// Float16 rounds v to the nearest IEEE 754 binary16, ties to even.
func Float16(v float32) uint16 {
	b := math.Float32bits(v)
	sign := uint16(b >> 16 & 0x8000)
	abs := math.Float32frombits(b &^ (1 << 31))
	switch {
	case abs >= 65520:
		return sign | 0x7c00
	case abs < 1.0/(1<<14): // subnormal: whole steps of 2^-24
		return sign | uint16(math.RoundToEven(float64(abs)*(1<<24)))
	}
	b = b&^(1<<31) - (127-15)<<23
	return sign | uint16((b+0xfff+b>>13&1)>>13)
}
