//go:build !purego

package pixelsimd

import (
	"unsafe"

	"github.com/stokerdata/stoker/internal/cpu"
)

// lanes is a Tone as the kernels read it.
type lanes struct {
	on     bool
	format Format
	// By what three vectors hold: channels, thirds of eight RGB pixels, one channel.
	planes, pixels, grey vectors
}

// vectors are the constants for three vectors of eight numbers.
type vectors struct {
	byte255 split32
	third   [3]struct {
		mean  [8]float32
		byStd split32
	}
}

// split32 is the inverse of a number as the sum of two, the smaller first.
type split32 [2][8]float32

func (s *split32) set(lane int, v float32) {
	inverse := 1 / float64(v)
	s[1][lane] = float32(inverse)
	s[0][lane] = float32(inverse - float64(s[1][lane]))
}

func (l *lanes) set(f Format, mean, std [3]float32) {
	l.on, l.format = cpu.AVX2(), f
	l.planes.set(mean, std, func(third, lane int) int { return third })
	l.pixels.set(mean, std, func(third, lane int) int { return (8*third + lane) % 3 })
	l.grey.set(mean, std, func(third, lane int) int { return 0 })
}

// set fills v for lanes of the given channels.
func (v *vectors) set(mean, std [3]float32, channel func(third, lane int) int) {
	for lane := range 8 {
		v.byte255.set(lane, 255)
		for i := range v.third {
			c := channel(i, lane)
			v.third[i].mean[lane] = mean[c]
			v.third[i].byStd.set(lane, std[c])
		}
	}
}

// first is the memory of v.
func (v *vectors) first() *float32 { return &v.byte255[0][0] }

// fast reports whether kernels are used.
func (l *lanes) fast() bool { return l.on }

// raw is the memory of s, which is not empty.
func raw[T Number](s []T) *uint8 { return (*uint8)(unsafe.Pointer(&s[0])) }

// planes is Tone.Planes, if there is a kernel for it.
func planes[T Number](l *lanes, r, g, b []T, px []uint8, o Order) bool {
	n := len(r)
	if !l.on || n < 16 || l.format == Byte && n < 32 {
		return false
	}
	tone := l.planes.first()
	switch wide := cpu.AVX512(); {
	case l.format == Byte && wide && n >= 64:
		planesByteAVX512(raw(r), raw(g), raw(b), &px[0], n, int(o))
	case l.format == Byte:
		planesByteAVX2(raw(r), raw(g), raw(b), &px[0], n, int(o))
	case l.format == Float && wide:
		planesFloatAVX512(raw(r), raw(g), raw(b), &px[0], n, tone, int(o))
	case l.format == Float:
		planesFloatAVX2(raw(r), raw(g), raw(b), &px[0], n, tone, int(o))
	case l.format == Half:
		planesHalfAVX2(raw(r), raw(g), raw(b), &px[0], n, tone, int(o))
	case l.format == Brain:
		planesBrainAVX2(raw(r), raw(g), raw(b), &px[0], n, tone, int(o))
	}
	return true
}

// pixels is Tone.Pixels, if there is a kernel for it.
func pixels[T Number](l *lanes, dst []T, px []uint8, c int, o Order) bool {
	n, order := len(dst), int(o)
	if !l.on || n < 48 {
		return false
	}
	tone := l.pixels.first()
	if c == 1 {
		tone, order = l.grey.first(), 2*order
	}
	switch l.format {
	case Byte:
		copy(unsafe.Slice(raw(dst), n), px)
		if o == Mirrored {
			Flip(unsafe.Slice(raw(dst), n), c)
		}
	case Float:
		pixelsFloatAVX2(raw(dst), &px[0], n, tone, order)
	case Half:
		pixelsHalfAVX2(raw(dst), &px[0], n, tone, order)
	case Brain:
		pixelsBrainAVX2(raw(dst), &px[0], n, tone, order)
	}
	return true
}
