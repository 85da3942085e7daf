//go:build !purego

package bulk

import "github.com/stokerdata/stoker/internal/cpu"

const (
	block = 128
	lead  = 4 << 10 // what is asked for lies so far ahead; 2 and 8 KiB are as good
)

// hasKernel reports whether copyAhead may be called.
func hasKernel() bool { return cpu.AVX2() }

// copyAhead copies src to dst, which has the same length, and asks for the front of next.
func copyAhead(dst, src, next []byte) {
	if n := (len(src) - lead) / block; n > 0 {
		copyAVX2(&dst[0], &src[0], &src[lead], n)
		dst, src = dst[n*block:], src[n*block:]
	}
	if n := len(src) / block; n > 0 {
		ahead := &src[0]
		if len(next) > 0 {
			ahead = &next[0]
		}
		copyAVX2(&dst[0], &src[0], ahead, n)
		dst, src = dst[n*block:], src[n*block:]
	}
	copy(dst, src)
}

// vectorRows is Rows of at least one row that is there.
func vectorRows(dst []byte, places []int, src []byte, rows []int, size, stride int) {
	rowsAVX2(&dst[0], &places[0], &src[0], &rows[0], len(rows), size, stride)
}
