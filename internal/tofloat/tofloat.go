package tofloat

// Int32 sets dst to the numbers in src, which holds as many.
func Int32(dst []float32, src []int32) {
	src = src[:len(dst)]
	n := vectorInt32(dst, src)
	plain(dst[n:], src[n:])
}

// Float64 sets dst to the numbers in src, which holds as many.
func Float64(dst []float32, src []float64) {
	src = src[:len(dst)]
	n := vectorFloat64(dst, src)
	plain(dst[n:], src[n:])
}

func plain[T int32 | float64](dst []float32, src []T) {
	src = src[:len(dst)]
	for i, x := range src {
		dst[i] = float32(x)
	}
}
