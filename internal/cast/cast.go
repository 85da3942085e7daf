package cast

import "encoding/binary"

// Uint16ToInt32 sets dst to the little-endian numbers in src, which holds as many.
func Uint16ToInt32(dst []int32, src []byte) {
	src = src[:2*len(dst)]
	n := vectorUint16(dst, src)
	plainUint16(dst[n:], src[2*n:])
}

// Int32ToFloat32 sets dst to the numbers in src, which holds as many, rounded.
func Int32ToFloat32(dst []float32, src []int32) {
	src = src[:len(dst)]
	n := vectorInt32(dst, src)
	plain(dst[n:], src[n:])
}

// Float64ToFloat32 sets dst to the numbers in src, which holds as many, rounded.
func Float64ToFloat32(dst []float32, src []float64) {
	src = src[:len(dst)]
	n := vectorFloat64(dst, src)
	plain(dst[n:], src[n:])
}

func plainUint16(dst []int32, src []byte) {
	src = src[:2*len(dst)]
	for i := range dst {
		dst[i] = int32(binary.LittleEndian.Uint16(src[2*i:]))
	}
}

func plain[T int32 | float64](dst []float32, src []T) {
	src = src[:len(dst)]
	for i, x := range src {
		dst[i] = float32(x)
	}
}
