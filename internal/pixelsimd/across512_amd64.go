//go:build !purego

package pixelsimd

import "github.com/stokerdata/stoker/internal/cpu"

// sixteens is a Table as across3AVX512 reads it: 16 samples of RGB pixels a block,
// for each block where it begins to read, and for each sample which bytes from
// there on are its first four taps. Weights are three signed bytes, and stand four
// taps side by side: those of 16 samples, of the highest bytes, the middle and the
// lowest, for each step of four taps.
type sixteens struct {
	off   []int32
	picks []uint32
	coef  []uint32
	steps int
}

const (
	perBlock = 16 // samples
	perStep  = 4  // taps
	reach    = 64 // bytes that are read for a step
)

// set packs t, and reports whether it can: there is a kernel, no weight takes more
// than three bytes, and no block reads from further apart than reach.
func (p *sixteens) set(t *Table, in int) bool {
	p.steps = (t.Room + perStep - 1) / perStep
	width := perStep * p.steps
	last := 3*(in-width+perStep) + AcrossReads - reach // where the last block may begin
	if !cpu.AVX512() || in < width || last < 0 {
		return false
	}
	blocks := (3*len(t.Lo) + perBlock - 1) / perBlock
	p.off = resized(p.off, blocks)
	p.picks = resized(p.picks, perBlock*blocks)
	p.coef = resized(p.coef, 3*perBlock*blocks*p.steps)
	clear(p.coef[3*perBlock*(blocks-1)*p.steps:])
	for i, lo := range t.Lo {
		lo = min(lo, int32(in-width))
		if !p.place(i, 3*int(lo), last) || !p.weigh(t, i, int(t.Lo[i]-lo)) {
			return false
		}
	}
	return true
}

// place lets the samples of pixel i read from byte at on, and reports whether that
// is near enough to where their blocks begin. None begins behind last.
func (p *sixteens) place(i, at, last int) bool {
	for c := range 3 {
		s := 3*i + c
		if s%perBlock == 0 {
			p.off[s/perBlock] = int32(min(at, last))
		}
		near := at + c - int(p.off[s/perBlock])
		if near > reach-1-3*(perStep-1) {
			return false
		}
		p.picks[s] = uint32(near)*0x01010101 + 0x09060300
	}
	return true
}

// weigh packs the weights of pixel i, behind shift taps without any, and reports
// whether three bytes hold each of them.
func (p *sixteens) weigh(t *Table, i, shift int) bool {
	k, wide := t.K[i*t.Room:][:t.Room], uint32(0)
	for step := range p.steps {
		// The signed bytes of a weight are those of its sum with 128 in each of
		// them, less 128.
		var w [perStep]uint32
		for j := range w {
			w[j] = uint32(at(k, perStep*step+j-shift)) + 0x808080
			wide |= w[j]
		}
		high, mid, low := side(w, 16), side(w, 8), side(w, 0)
		for s := 3 * i; s < 3*i+3; s++ {
			q := p.coef[3*perBlock*(s/perBlock*p.steps+step)+s%perBlock:][:2*perBlock+1]
			q[0], q[perBlock], q[2*perBlock] = high, mid, low
		}
	}
	return wide < 1<<24
}

// side puts the bytes at the given bit side by side.
func side(w [perStep]uint32, bit int) uint32 {
	b := w[0]>>bit&0xff | w[1]>>bit&0xff<<8 | w[2]>>bit&0xff<<16 | w[3]>>bit<<24
	return b ^ 0x80808080
}

func (p *sixteens) bytes() int { return 4 * (cap(p.off) + cap(p.picks) + cap(p.coef)) }

func (p *sixteens) row(dst, src []uint8, in int) {
	n := perBlock * len(p.off)
	_, _ = dst[:n:cap(dst)], src[:3*in+AcrossReads:cap(src)]
	across3AVX512(&dst[0], &src[0], &p.off[0], &p.picks[0], &p.coef[0], p.steps, len(p.off))
}
