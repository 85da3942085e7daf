package pixelsimd

import "math"

// Number is what samples may become. Halves, of either kind, are their bits.
type Number interface{ uint8 | uint16 | float32 }

// Format is what a Tone makes of samples.
type Format uint8

// The formats.
const (
	Byte  Format = iota // uint8: samples stay what they are
	Float               // float32
	Half                // float16, as uint16
	Brain               // bfloat16, as uint16
)

// Tone turns samples into numbers for a model: (x/255 - mean)/std in float32,
// rounded to a format, or x itself as a Byte. It is built once and then only
// read.
type Tone[T Number] struct {
	table [3][256]T // by channel and sample; vector code gives the same
	lanes lanes
}

// NewTone returns the Tone of a format, which must be one of T.
func NewTone[T Number](f Format, mean, std [3]float32) *Tone[T] {
	t := new(Tone[T])
	for c := range t.table {
		for x := range t.table[c] {
			t.table[c][x] = tone[T](f, uint8(x), mean[c], std[c])
		}
	}
	t.lanes.set(f, mean, std)
	if !t.agrees() {
		t.lanes = lanes{}
	}
	return t
}

// tone is what a sample becomes.
func tone[T Number](f Format, x uint8, mean, std float32) T {
	v := (float32(x)/255 - mean) / std
	switch f {
	case Float:
		return T(v)
	case Half:
		return T(Float16(v))
	case Brain:
		return T(BFloat16(v))
	}
	return T(x)
}

// agrees reports whether vector code, if there is any, gives the numbers of the
// table. It divides by multiplying, which is right for nearly all divisors: this
// goes through all there is to divide.
func (t *Tone[T]) agrees() bool {
	var px [3 * 256]uint8
	var got [3][256]T
	for i := range px {
		px[i] = uint8(i / 3)
	}
	t.Planes(got[0][:], got[1][:], got[2][:], px[:], Forward)
	for c := range got {
		for x, v := range got[c] {
			if bits(v) != bits(t.table[c][x]) {
				return false
			}
		}
	}
	return true
}

// bits tells numbers apart, and no NaN from itself.
func bits[T Number](v T) uint32 {
	if f, ok := any(v).(float32); ok {
		return math.Float32bits(f)
	}
	return uint32(v)
}

// Order is the order in which pixels of a row are taken.
type Order int

// The orders.
const (
	Forward  Order = iota
	Mirrored       // the last pixel first
)

// Planes tones a row of RGB pixels, as many as there are places in each of three
// planes.
func (t *Tone[T]) Planes(r, g, b []T, px []uint8, o Order) {
	g, b, px = g[:len(r)], b[:len(r)], px[:3*len(r)]
	if planes(&t.lanes, r, g, b, px, o) {
		return
	}
	at, step := start(px, 3, o)
	for x := range r {
		p := px[at:][:3]
		r[x], g[x], b[x] = t.table[0][p[0]], t.table[1][p[1]], t.table[2][p[2]]
		at += step
	}
}

// Pixels tones a row of pixels with c samples, 1 or 3, which keep their order.
func (t *Tone[T]) Pixels(dst []T, px []uint8, c int, o Order) {
	px = px[:len(dst)]
	if pixels(&t.lanes, dst, px, c, o) {
		return
	}
	at, step := start(px, c, o)
	if c == 1 {
		for x := range dst {
			dst[x] = t.table[0][px[at]]
			at += step
		}
		return
	}
	for len(dst) >= 3 {
		p := px[at:][:3]
		dst[0], dst[1], dst[2] = t.table[0][p[0]], t.table[1][p[1]], t.table[2][p[2]]
		at += step
		dst = dst[3:]
	}
}

// start returns where the first pixel is and how far it is to the next.
func start(px []uint8, c int, o Order) (at, step int) {
	if o == Mirrored {
		return len(px) - c, -c
	}
	return 0, c
}
