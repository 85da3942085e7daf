// Package widen turns small numbers, as they lie in files, into larger ones, with
// vector code where the processor has AVX2 and a plain twin elsewhere and under
// the build tag purego.
//
//	widen.Uint16(tokens, read)
package widen

//go:generate go run -C ../asmgen ./widen -out ../widen/kernel_amd64.s -stubs ../widen/kernel_amd64.go -pkg widen
