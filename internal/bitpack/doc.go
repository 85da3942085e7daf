// Package bitpack unpacks whole numbers of a few bits each, lowest bits first, as
// the dictionary indexes of Parquet lie in a page: with vector code where the
// processor has AVX2, some with AVX-512, and a plain twin elsewhere and under the build
// tag purego.
//
//	n, greatest := bitpack.Unpack(dst, packed, 11)
package bitpack

//go:generate go run -C ../asmgen ./bitpack -out ../bitpack/kernel_amd64.s -stubs ../bitpack/kernel_amd64.go -pkg bitpack
