//go:build !amd64 || purego

package pixelsimd

// packed is what vector code makes of a Table: here nothing.
type packed struct{}

func (*packed) set(*Table, int, int) bool { return false }

func (*packed) row(dst, src []uint8) {}

func (*Down) pack() bool { return false }

func (*Down) vector(dst []uint8, i int, src []uint8, rows []int) {}
