//go:build libjpeg && cgo

package handloop

// #cgo CFLAGS: -O3 -march=native
// #cgo noescape stoker_window
// #cgo nocallback stoker_window
// #include <stddef.h>
//
// static void stoker_window(unsigned char *restrict dst, const unsigned char *restrict src, ptrdiff_t stride, ptrdiff_t side, int flip)
// {
//	unsigned char *restrict r = dst, *restrict g = dst + side * side, *restrict b = dst + 2 * side * side;
//	for (ptrdiff_t y = 0; y < side; y++, src += stride, r += side, g += side, b += side) {
//		if (flip)
//			for (ptrdiff_t x = 0; x < side; x++) {
//				const unsigned char *p = src + 3 * (side - 1 - x);
//				r[x] = p[0], g[x] = p[1], b[x] = p[2];
//			}
//		else
//			for (ptrdiff_t x = 0; x < side; x++)
//				r[x] = src[3 * x], g[x] = src[3 * x + 1], b[x] = src[3 * x + 2];
//	}
// }
import "C"

import "unsafe"

// HasC tells whether InC is there.
const HasC = true

// InC is Go in C.
func InC(dst, src []uint8, stride, side int, flip bool) {
	_, _ = dst[:3*side*side], src[:(side-1)*stride+3*side]
	f := C.int(0)
	if flip {
		f = 1
	}
	C.stoker_window(ptr(dst), ptr(src), C.ptrdiff_t(stride), C.ptrdiff_t(side), f)
}

func ptr(b []uint8) *C.uchar { return (*C.uchar)(unsafe.SliceData(b)) }
