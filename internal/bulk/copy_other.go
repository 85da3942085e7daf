//go:build !amd64 || purego

package bulk

func hasKernel() bool { return false }

func copyAhead(dst, src, _ []byte) { copy(dst, src) }
