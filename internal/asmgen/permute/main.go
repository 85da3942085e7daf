// Command permute writes the kernels of package permute.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

const (
	element  = 8  // bytes of one
	elements = 64 // that a kernel walks
	half     = 32 // bits of the half of an element
	keyBytes = 8  // of a key
	factor   = 0xd6e8feb86659fd93
)

// A machine is a set of instructions, on vectors of one size.
type machine struct {
	bytes, together int // of a vector, and vectors that are walked together, as registers last
	vector          func() reg.VecVirtual
	load            func(ops ...Op)
	// times multiplies elements of x by factor, modulo 2^64, into x.
	times func(x reg.VecVirtual)
	and   func(ops ...Op)
	xor   func(ops ...Op)
	or    func(ops ...Op)
}

func main() {
	ConstraintExpr("!purego")
	walk("walkAVX2", "four", avx2())
	walk("walkAVX512", "eight", avx512())
	Generate()
}

// walk writes a kernel that takes elements a step further.
func walk(name, many string, m machine) {
	TEXT(name, NOSPLIT, "func(x *uint64, keys *uint64, pairs int, width, loMask, hiMask uint64)")
	Pragma("noescape")
	Doc(name + " is Perm.walk of 64 elements, " + many + " in a vector, through pairs of rounds.")
	x, keys, pairs := Load(Param("x"), GP64()), Load(Param("keys"), GP64()), Load(Param("pairs"), GP64())
	width := XMM()
	VMOVQ(address("width"), width)
	loMask, hiMask := m.vector(), m.vector()
	VPBROADCASTQ(address("loMask"), loMask)
	VPBROADCASTQ(address("hiMask"), hiMask)

	lo, hi := make([]reg.VecVirtual, m.together), make([]reg.VecVirtual, m.together)
	key := m.vector()
	at, left, groups := GP64(), GP64(), GP64()
	MOVQ(U32(elements*element/(m.bytes*m.together)), groups)
	Label("group")
	for i := range lo {
		lo[i], hi[i] = m.vector(), m.vector()
		m.load(Mem{Base: x, Disp: i * m.bytes}, lo[i])
		VPSRLQ(width, lo[i], hi[i])
		m.and(loMask, lo[i], lo[i])
	}
	MOVQ(keys, at)
	MOVQ(pairs, left)
	Label("pair")
	m.round(lo, hi, at, 0, key, hiMask)
	m.round(hi, lo, at, keyBytes, key, loMask)
	ADDQ(Imm(2*keyBytes), at)
	DECQ(left)
	JNE(LabelRef("pair"))
	for i := range lo {
		VPSLLQ(width, hi[i], hi[i])
		m.or(hi[i], lo[i], lo[i])
		m.load(lo[i], Mem{Base: x, Disp: i * m.bytes})
	}
	ADDQ(I32(m.together*m.bytes), x)
	DECQ(groups)
	JNE(LabelRef("group"))
	VZEROUPPER()
	RET()
}

// address is where a parameter lies.
func address(name string) Mem {
	b, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	return b.Addr
}

// round sets the elements of to to what round makes of them and of those of from.
func (m machine) round(from, to []reg.VecVirtual, keys reg.Register, at int, key, mask reg.VecVirtual) {
	VPBROADCASTQ(Mem{Base: keys, Disp: at}, key)
	for i := range from {
		x, y := m.vector(), m.vector()
		VPADDQ(key, from[i], x)
		m.times(x)
		VPSRLQ(Imm(half), x, y)
		m.xor(y, x, x)
		m.times(x)
		VPSRLQ(Imm(half), x, y)
		m.xor(y, x, x)
		m.and(mask, x, x)
		m.xor(x, to[i], to[i])
	}
}

func avx512() machine {
	c := broadcast("factor512", factor)
	return machine{
		bytes: 64, together: 8, vector: func() reg.VecVirtual { return ZMM() }, load: func(ops ...Op) { VMOVDQU64(ops[0], ops[1]) },
		times: func(x reg.VecVirtual) { VPMULLQ_BCST(c, x, x) },
		and:   func(ops ...Op) { VPANDQ(ops...) }, xor: func(ops ...Op) { VPXORQ(ops...) }, or: func(ops ...Op) { VPORQ(ops...) },
	}
}

// avx2 has no such product: it is made of those of the halves.
func avx2() machine {
	c, high := broadcast("factor256", factor), broadcast("high256", factor>>half)
	return machine{
		bytes: 32, together: 4, vector: func() reg.VecVirtual { return YMM() }, load: func(ops ...Op) { VMOVDQU(ops[0], ops[1]) },
		times: func(x reg.VecVirtual) {
			y, z := YMM(), YMM()
			VPSRLQ(Imm(half), x, y)
			VPMULUDQ(c, y, y)
			VPMULUDQ(high, x, z)
			VPADDQ(z, y, y)
			VPSLLQ(Imm(half), y, y)
			VPMULUDQ(c, x, x)
			VPADDQ(y, x, x)
		},
		and: func(ops ...Op) { VPAND(ops[0], ops[1], ops[2]) }, xor: func(ops ...Op) { VPXOR(ops[0], ops[1], ops[2]) }, or: func(ops ...Op) { VPOR(ops[0], ops[1], ops[2]) },
	}
}

// broadcast is memory with v, four times.
func broadcast(name string, v uint64) Mem {
	m := GLOBL(name, RODATA|NOPTR)
	for i := range 4 {
		DATA(i*element, U64(v))
	}
	return m
}
