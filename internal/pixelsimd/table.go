package pixelsimd

// Precision is the number of fractional bits of a weight: what is left of 32
// bits beside 8 of a sample and 2 for the overshoot of negative lobes.
const Precision = 32 - 8 - 2

// Table tells, for one direction of a resize, which source pixels each output
// pixel is made of, and their weights.
type Table struct {
	Lo   []int32 // the first source pixel of each output pixel
	N    []int32 // their number, at least 1
	K    []int32 // weights with Precision, from -2^26 to 2^26-1: Room for each output pixel, the last of which are 0
	Room int     // the largest N, made even
}

// window returns the first source pixel of output pixel i and all weights.
func (t *Table) window(i int) (int, []int32) {
	return int(t.Lo[i]), t.K[i*t.Room:][:t.N[i]]
}

// split returns two weights as the vector code takes them: multiples of 2^11,
// side by side, and what is left of them.
func split(a, b int32) (hi, lo uint32) {
	return uint32(a)>>11&0xffff | uint32(b)>>11<<16, uint32(a)&2047 | uint32(b)<<16&(2047<<16)
}

// at returns k[i], and 0 outside.
func at(k []int32, i int) int32 {
	if uint(i) < uint(len(k)) {
		return k[i]
	}
	return 0
}

// half is the one half that rounds a sum of weighted samples.
const half = 1 << (Precision - 1)

// clip returns the sample nearest to a sum of weighted ones.
func clip(v int32) uint8 {
	v >>= Precision
	if uint32(v) > 255 {
		return uint8(^(v >> 31))
	}
	return uint8(v)
}

// resized returns s with length n, newly made if it has to be.
func resized[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n+n/4)[:n]
	}
	return s[:n]
}
