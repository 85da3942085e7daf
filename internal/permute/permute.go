// Package permute gives stateless permutations: where an element goes is
// computed, not stored, so that an order over a billion samples costs nothing
// to set up and can be entered anywhere.
//
// From 256 elements on it is an alternating unbalanced Feistel network over the
// smallest power of two that holds the domain, walked until it lands inside
// (Black and Rogaway, "Ciphers with arbitrary finite domains", CT-RSA 2002).
// Below that, where few rounds mix badly, it is a shuffled table (Fisher-Yates).
package permute

import (
	"math/bits"

	"github.com/stokerdata/stoker/internal/prng"
)

const (
	tableLen  = 256
	maxRounds = 8
)

// Perm is a permutation of 0..n-1. It is a value without pointers; the zero
// Perm is empty.
type Perm struct {
	n       uint64
	lo, hi  uint // bits of the halves
	rounds  int
	keys    [maxRounds]uint64
	table   [tableLen]uint8
	tabular bool
}

// New returns the permutation of n elements that belongs to key.
func New(n, key uint64) Perm {
	p := Perm{n: n}
	if n <= tableLen {
		p.tabular = true
		p.shuffle(key)
		return p
	}
	width := uint(bits.Len64(n - 1))
	p.lo, p.hi = width/2, width-width/2
	p.rounds = 6
	if n < 1<<16 {
		p.rounds = 8
	}
	for i := range p.rounds {
		p.keys[i] = prng.Mix(key, uint64(i))
	}
	return p
}

func (p *Perm) shuffle(key uint64) {
	for i := range p.n {
		// A 64-bit key reduced to at most 256 choices is uniform to 2^-56.
		j, _ := bits.Mul64(prng.Mix(key, i), i+1)
		p.table[i] = p.table[j]
		p.table[j] = uint8(i)
	}
}

// Len returns the number of elements.
func (p *Perm) Len() uint64 { return p.n }

// At returns where i goes. It panics unless i < Len.
func (p *Perm) At(i uint64) uint64 {
	if i >= p.n {
		panic("permute: index out of range")
	}
	if p.tabular {
		return uint64(p.table[i])
	}
	for {
		i = p.walk(i)
		if i < p.n {
			return i
		}
	}
}

func (p *Perm) walk(i uint64) uint64 {
	loMask, hiMask := uint64(1)<<p.lo-1, uint64(1)<<p.hi-1
	lo, hi := i&loMask, i>>p.lo
	for r := 0; r < p.rounds; r += 2 {
		hi ^= round(lo, p.keys[r&(maxRounds-1)]) & hiMask
		lo ^= round(hi, p.keys[(r+1)&(maxRounds-1)]) & loMask
	}
	return hi<<p.lo | lo
}

// round mixes x so that its low bits depend on all of x and key.
func round(x, key uint64) uint64 {
	x = (x + key) * 0xd6e8feb86659fd93
	x ^= x >> 32
	x *= 0xd6e8feb86659fd93
	return x ^ x>>32
}
