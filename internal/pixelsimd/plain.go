//go:build !amd64 || purego

package pixelsimd

// packed is what vector code makes of a Table: here nothing.
type packed struct{}

func (*packed) set(*Table, int, int) bool { return false }

func (*packed) row(dst, src []uint8) {}

func (*packed) bytes() int { return 0 }

func (*Down) pack() bool { return false }

func (*Down) vector(dst []uint8, i int, src []uint8, rows []int) {}

// lanes is what vector code makes of a Tone: here nothing.
type lanes struct{}

func (*lanes) set(Format, [3]float32, [3]float32) {}

func (*lanes) fast() bool { return false }

func planes[T Number](l *lanes, r, g, b []T, px []uint8, o Order) bool { return false }

func pixels[T Number](l *lanes, dst []T, px []uint8, c int, o Order) bool { return false }

func flip(row []uint8, c int) []uint8 { return row }

func blend(px []uint8, base, factor float32) []uint8 { return px }

func saturate(px []uint8, factor float32) []uint8 { return px }

func greySum(px []uint8) (uint64, []uint8) { return 0, px }
