//go:build !amd64 || purego

package cpu

// AVX2 reports whether the instructions of GOAMD64=v3 may be used: never here.
func AVX2() bool { return false }
