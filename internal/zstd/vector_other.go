//go:build !amd64 || purego

package zstd

const room = 0

func (*sequences) kernel() (literals, match, back int, ok bool) { return 0, 0, 0, false }
