//go:build !purego

package permute

import "github.com/stokerdata/stoker/internal/cpu"

// vectorWalk is walk by a kernel, if there is one.
func (p *Perm) vectorWalk(x *[together]uint64) bool {
	pairs, width, lo, hi := p.rounds/2, uint64(p.lo), uint64(1)<<p.lo-1, uint64(1)<<p.hi-1
	switch {
	case cpu.AVX512():
		walkAVX512(&x[0], &p.keys[0], pairs, width, lo, hi)
	case cpu.AVX2():
		walkAVX2(&x[0], &p.keys[0], pairs, width, lo, hi)
	default:
		return false
	}
	return true
}
