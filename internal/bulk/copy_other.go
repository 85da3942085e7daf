//go:build !amd64 || purego

package bulk

func hasKernel() bool { return false }

func copyAhead(dst, src, _ []byte) { copy(dst, src) }

func vectorRows(dst []byte, places []int, src []byte, rows []int, size, stride int) {
	copyRows(dst, places, src, rows, size, stride)
}
