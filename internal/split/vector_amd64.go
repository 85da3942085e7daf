//go:build !purego

package split

import "github.com/stokerdata/stoker/internal/cpu"

// vector begins what plain ends.
func (f *found) vector(text []byte, comma byte) {
	n := len(text) / Block
	if n == 0 || !cpu.AVX2() {
		return
	}
	f.cells, f.lines, f.inside = endsAVX2(&f.ends[0], &f.breaks[0], &f.quotes[0], &text[0], n, comma)
	f.read = n * Block
}

// vectorPlain returns a number of bytes that b begins with and that are plain, which may
// be fewer than there are where less than 32 are left.
func vectorPlain(b []byte) int {
	n := len(b) / 32
	if n == 0 || !cpu.AVX2() {
		return 0
	}
	return plainAVX2(&b[0], n)
}
