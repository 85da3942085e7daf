//go:build !amd64 || purego

package cpu

// AVX2 reports whether the instructions of GOAMD64=v3 may be used: never here.
func AVX2() bool { return false }

// AVX512 reports whether those of Ice Lake and Zen 4 may be used: never here.
func AVX512() bool { return false }
