// Package split finds where the cells of a text end, at a comma or at the end of a line
// that is not in quotes, and where plain text does, with vector code where the processor
// has AVX2 and plain twins elsewhere and under the build tag purego.
//
//	cells, lines := split.Ends(ends, breaks, quotes, text, ',')
package split

//go:generate go run -C ../asmgen ./split -out ../split/kernel_amd64.s -stubs ../split/kernel_amd64.go -pkg split
