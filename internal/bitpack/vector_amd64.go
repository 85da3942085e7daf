//go:build !purego

package bitpack

import "github.com/stokerdata/stoker/internal/cpu"

// What the kernel can do: numbers that lie in four bytes wherever they begin, and
// loads of so many bytes.
const (
	widest    = 25
	loadBytes = 16
	small     = 64 // numbers of a dictionary that registers hold
	long      = 64 // numbers from which on it pays to load them
)

// vector unpacks the first groups, as many as whole loads reach, and returns how
// many numbers they hold and the greatest of them.
func vector(dst []uint32, src []byte, width uint) (n int, greatest uint32) {
	groups := vectorGroups(len(dst), len(src), width)
	if groups == 0 {
		return 0, 0
	}
	return 8 * groups, unpackAVX2(&dst[0], &src[0], groups, int(width))
}

// vectorLookup looks up the first groups.
func vectorLookup(dst []uint32, src []byte, width uint, dict []uint32) (n int, greatest uint32) {
	last := uint32(len(dict) - 1)
	if len(dict) <= small && len(dst) >= long && width > 0 && width <= widest && cpu.AVX512() {
		groups := min(len(dst)/8, len(src)/int(width))
		if groups == 0 {
			return 0, 0
		}
		return 8 * groups, selectAVX512(&dst[0], &src[0], groups, int(width), &dict[0], last)
	}
	groups := vectorGroups(len(dst), len(src), width)
	if groups == 0 {
		return 0, 0
	}
	return 8 * groups, lookupAVX2(&dst[0], &src[0], groups, int(width), &dict[0], last)
}

// vectorGroups returns how many groups the kernels can do.
func vectorGroups(dst, src int, width uint) int {
	room := src - loadBytes - int(width/2)
	if width == 0 || width > widest || room < 0 || !cpu.AVX2() {
		return 0
	}
	return min(dst/8, room/int(width)+1)
}
