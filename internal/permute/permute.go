// Package permute gives stateless permutations: where an element goes is
// computed, not stored, so that an order over a billion samples costs nothing
// to set up and can be entered anywhere.
//
// From 256 elements on it is an alternating unbalanced Feistel network over the
// smallest power of two that holds the domain, walked until it lands inside
// (Black and Rogaway, "Ciphers with arbitrary finite domains", CT-RSA 2002).
// Below that, where few rounds mix badly, it is a shuffled table (Fisher-Yates).
package permute

//go:generate go run -C ../asmgen ./permute -out ../permute/kernel_amd64.s -stubs ../permute/kernel_amd64.go -pkg permute

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
	var to [1]uint64
	p.Range(i, to[:])
	return to[0]
}

// Range sets to[k] to where from+k goes, for all k. Elements do not wait for one
// another, so that some dozens at a time take a third of the time of as many calls
// of At. It panics unless all of them are below Len.
func (p *Perm) Range(from uint64, to []uint64) {
	if from > p.n || uint64(len(to)) > p.n-from {
		panic("permute: index out of range")
	}
	if p.tabular {
		for k := range to {
			to[k] = uint64(p.table[from+uint64(k)])
		}
		return
	}
	var x [together]uint64 // elements that are not inside yet
	var at [together]int   // in to
	for n, next := 0, 0; ; {
		for ; n < together && next < len(to); n, next = n+1, next+1 {
			x[n], at[n] = from+uint64(next), next
		}
		if n == 0 {
			return
		}
		if n < enough || !p.vectorWalk(&x) {
			p.walk(x[:n])
		}
		outside := 0
		for k, i := range x[:n] { // without a branch, which nobody could foresee
			to[at[k]] = i
			x[outside], at[outside] = i, at[k]
			outside += int((p.n - 1 - i) >> 63)
		}
		n = outside
	}
}

const (
	together = 64 // elements that walk side by side keep a processor busy
	enough   = 8  // of them are worth a kernel, which takes as long for fewer
)

// walk takes all of x a step further.
func (p *Perm) walk(x []uint64) {
	width, loMask, hiMask := p.lo&63, uint64(1)<<p.lo-1, uint64(1)<<p.hi-1
	for r := 0; r < p.rounds; r += 2 {
		first, second := p.keys[r&(maxRounds-1)], p.keys[(r+1)&(maxRounds-1)]
		for k, i := range x {
			lo, hi := i&loMask, i>>width
			hi ^= round(lo, first) & hiMask
			lo ^= round(hi, second) & loMask
			x[k] = hi<<width | lo
		}
	}
}

// round mixes x so that its low bits depend on all of x and key.
func round(x, key uint64) uint64 {
	x = (x + key) * 0xd6e8feb86659fd93
	x ^= x >> 32
	x *= 0xd6e8feb86659fd93
	return x ^ x>>32
}
