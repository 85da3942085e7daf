// Package cast turns numbers, as they lie in files, into those of a batch, as Go's
// conversions do, with vector code where the processor has AVX2 and a plain twin
// elsewhere and under the build tag purego.
//
//	cast.Uint16ToInt32(tokens, read)
package cast

//go:generate go run -C ../asmgen ./cast -out ../cast/kernel_amd64.s -stubs ../cast/kernel_amd64.go -pkg cast
