// Package decimal reads the numbers of a column of a text, with vector code where the
// processor has AVX2 and a plain twin elsewhere and under the build tag purego.
//
//	n := decimal.Float32(dst, decimal.Column{Text: text, Ends: ends, Stride: columns})
package decimal

//go:generate go run -C ../asmgen ./decimal -out ../decimal/kernel_amd64.s -stubs ../decimal/kernel_amd64.go -pkg decimal
