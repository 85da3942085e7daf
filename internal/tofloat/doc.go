// Package tofloat rounds numbers to float32, as Go's conversion does, with vector
// code where the processor has AVX2 and a plain twin elsewhere and under the build
// tag purego.
//
//	tofloat.Int32(dst, counts)
package tofloat

//go:generate go run -C ../asmgen ./tofloat -out ../tofloat/kernel_amd64.s -stubs ../tofloat/kernel_amd64.go -pkg tofloat
