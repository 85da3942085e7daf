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
