// Package zstd decodes Zstandard frames (RFC 8878) to memory of their size, checksums
// verified.
//
//	var d zstd.Decoder
//	err := d.Decode(dst, src)
//
// The numbers and short texts of tables become sequences of some eight bytes, so that
// what it takes to tell the next one is what counts, not the bytes that are copied. On
// amd64 with the instructions of GOAMD64=v3 a kernel does that within the registers.
// Literals are left to klauspost's huff0, and so is everything else to its decoder where
// there is no kernel. BenchmarkDecode compares both, and the plain twin of the kernel.
//
// Nothing is believed of a frame: each length, offset and table is checked before use,
// and nothing outside of dst and src is read or written, but for what this package owns.
package zstd

//go:generate go run -C ../asmgen ./zstd -out ../zstd/kernel_amd64.s -stubs ../zstd/kernel_amd64.go -pkg zstd
