// Package pixelsimd holds the innermost loops over 8-bit pixels, which have
// vector code where the processor has AVX2, and plain twins elsewhere and under
// the build tag purego. Both give the same bytes.
//
//	t := pixelsimd.Table{Lo: lo, N: n, K: k, Room: room}
//	var a pixelsimd.Across
//	a.Set(&t, width, 3)
//	a.Row(dst, src)
//
// Everything works on memory of the caller. A function that may read or write
// behind a slice, up to its capacity, says how far.
package pixelsimd

//go:generate go run -C ../asmgen ./pixel -out ../pixelsimd/kernels_amd64.s -stubs ../pixelsimd/kernels_amd64.go -pkg pixelsimd
