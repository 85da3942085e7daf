// Package jpegsimd holds the inner loops of JPEG decoding: taking entropy-coded
// blocks apart, the inverse cosine transform, upsampling of chroma, and colour.
//
//	table.Set(counts, symbols)
//	why := mcus.Decode(&bits, plane)
//	jpegsimd.YCC(row, y, cb, cr)
//
// Each has a kernel in assembly for amd64 and a plain twin. Both give the bytes
// of libjpeg-turbo with its kernels for x86, in the way of its jidctint and
// jdsample, where numbers overflow, too. The kernels never read nor write
// outside of the slices that they are given, which the functions of this
// package check.
package jpegsimd

//go:generate go run -C ../asmgen ./jpeg -out ../jpegsimd/jpeg_amd64.s -stubs ../jpegsimd/jpeg_amd64.go -pkg jpegsimd
