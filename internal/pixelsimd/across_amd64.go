//go:build !purego

package pixelsimd

import (
	"slices"

	"github.com/stokerdata/stoker/internal/cpu"
)

// packed is a Table as the kernels of AVX2 read it, unless sixteens holds it: four
// output pixels a block, for each the place of its window and the weights of pairs (or, with one channel, groups
// of eight) of source pixels, repeated for the channels.
type packed struct {
	off      []int32
	coef     []uint32
	steps    int // pairs or groups in a window
	loads    int // 16-byte loads in a window of pairs
	c, in    int
	wide     bool // sixteens has it instead
	sixteens sixteens
}

// set packs t, if there are kernels.
func (p *packed) set(t *Table, in, c int) bool {
	if !cpu.AVX2() {
		return false
	}
	p.c, p.in = c, in
	if p.wide = c == 3 && p.sixteens.set(t, in); !p.wide {
		p.fours(t)
	}
	return true
}

// fours packs t four pixels a block.
func (p *packed) fours(t *Table) {
	blocks := (len(t.Lo) + 3) / 4
	p.off = resized(p.off, 4*blocks)
	clear(p.off[len(t.Lo):])
	if p.c == 3 {
		p.pairs(t, blocks)
	} else {
		p.groups(t, blocks)
	}
}

// place moves a window of the given width to the left where it would leave the
// row, and returns where it begins.
func (p *packed) place(i, lo, width int) int {
	lo = max(min(lo, p.in-width), 0)
	p.off[i] = int32(p.c * lo)
	return lo
}

// pairs packs weights for three channels: 128 bytes a pair and block.
func (p *packed) pairs(t *Table, blocks int) {
	p.steps, p.loads = t.Room/2, (t.Room+3)/4
	width := t.Room
	if n := slices.Max(t.N); n <= 5 {
		p.loads, width = 1, int(n)
	}
	p.coef = resized(p.coef, 32*blocks*p.steps)
	clear(p.coef[32*(blocks-1)*p.steps:])
	for i := range t.Lo {
		lo, k := int(t.Lo[i]), t.K[i*t.Room:][:t.Room]
		shift := lo - p.place(i, lo, width)
		// Pixels 0 and 2 of a block share registers, as do 1 and 3.
		q := p.coef[32*(i/4*p.steps)+i&1*16+i&2*2:]
		for j := 0; j < len(k); j += 2 {
			if shift == 0 {
				repeat(q[16*j:], k[j], k[j+1])
			} else {
				repeat(q[16*j:], at(k, j-shift), at(k, j+1-shift))
			}
		}
	}
}

// repeat writes two weights for each of three channels and one that is none.
func repeat(q []uint32, a, b int32) {
	hi, lo := split(a, b)
	q = q[:12]
	q[0], q[1], q[2], q[3] = hi, hi, hi, hi
	q[8], q[9], q[10], q[11] = lo, lo, lo, lo
}

// groups packs weights for one channel: 128 bytes a group and block.
func (p *packed) groups(t *Table, blocks int) {
	p.steps = (t.Room + 7) / 8
	p.coef = resized(p.coef, 32*blocks*p.steps)
	clear(p.coef[32*(blocks-1)*p.steps:])
	for i := range t.Lo {
		lo, k := t.window(i)
		shift := lo - p.place(i, lo, 8*p.steps)
		q := p.coef[32*(i/4*p.steps)+i&1*16+i&2*2:]
		for j := 0; j < 8*p.steps; j += 2 {
			r := q[j/8*32+j%8/2:][:9]
			r[0], r[8] = split(at(k, j-shift), at(k, j+1-shift))
		}
	}
}

func (p *packed) bytes() int { return 4*(cap(p.off)+cap(p.coef)) + p.sixteens.bytes() }

func (p *packed) row(dst, src []uint8) {
	if p.wide {
		p.sixteens.row(dst, src, p.in)
		return
	}
	n := p.c * len(p.off)
	_, _ = dst[:n+2:cap(dst)], src[:p.c*p.in+AcrossReads:cap(src)]
	if p.c == 3 {
		across3AVX2(&dst[0], &src[0], &p.off[0], &p.coef[0], p.steps, p.loads, len(p.off)/4)
	} else {
		across1AVX2(&dst[0], &src[0], &p.off[0], &p.coef[0], p.steps, len(p.off)/4)
	}
}
