// Package lz4 decodes blocks of LZ4 ("LZ4 Block Format Description", lz4.org), with
// what lies before them in memory as their dictionary: blocks may be linked.
//
//	done := 0
//	for _, block := range blocks {
//		done, err = lz4.Block(dst, done, block)
//	}
//
// The numbers and short texts of tables become sequences of some ten bytes each. On
// amd64 and arm64 they are copied in whole words that may reach beyond their end;
// elsewhere, under the build tag purego, and near the end of the memory, byte by byte.
// BenchmarkBlock compares both with pierrec's assembly, whose matches in the block
// before cost a call each.
//
// Nothing is believed of a block, and nothing outside of dst is read or written.
package lz4
