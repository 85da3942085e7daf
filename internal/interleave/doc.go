// Package interleave lays columns side by side, as the rows of a matrix:
//
//	dst := make([]float32, rows*stride)
//	interleave.Columns(dst, stride, [][]float32{age, income})
//
// makes dst[i*stride] = age[i] and dst[i*stride+1] = income[i]. It is worth most
// on a few hundred rows at a time, which the first-level cache holds.
package interleave

//go:generate go run -C ../asmgen ./interleave -out ../interleave/kernel_amd64.s -stubs ../interleave/kernel_amd64.go -pkg interleave
