// Command pixel writes the kernels of package pixelsimd.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func main() {
	ConstraintExpr("!purego")
	across3()
	across3x16()
	across1()
	down("downAVX2", 32, YMM)
	down("downAVX512", 64, ZMM)
	planes := planeMasks()
	tails(planes)
	colors(planes)
	Generate()
}

// bytes makes a constant of single bytes.
func bytes(name string, of ...int) Mem {
	m := GLOBL(name, RODATA|NOPTR)
	for i, b := range of {
		DATA(i, U8(uint8(b)))
	}
	return m
}

// none is the index with which VPSHUFB gives a zero.
const none = 0x80

// broadcast returns a vector of eight times v.
func broadcast(v uint32) reg.VecVirtual {
	t, y := GP32(), YMM()
	MOVL(U32(v), t)
	VMOVD(t, y.AsX())
	VPBROADCASTD(y.AsX(), y)
	return y
}

// broadcast512 returns a vector of sixteen times v.
func broadcast512(v uint32) reg.VecVirtual {
	t, z := GP32(), ZMM()
	MOVL(U32(v), t)
	VPBROADCASTD(t, z)
	return z
}

// accumulate adds the products of v with the weights at hi and lo to two sums.
// The first products need no addition.
func accumulate(first bool, v reg.VecVirtual, hi, lo Op, sumHi, sumLo reg.VecVirtual) {
	if first {
		VPMADDWD(hi, v, sumHi)
		VPMADDWD(lo, v, sumLo)
		return
	}
	if v.Size() == 64 {
		VPDPWSSD(hi, v, sumHi)
		VPDPWSSD(lo, v, sumLo)
		return
	}
	h, l := YMM(), YMM()
	VPMADDWD(hi, v, h)
	VPMADDWD(lo, v, l)
	VPADDD(h, sumHi, sumHi)
	VPADDD(l, sumLo, sumLo)
}

// join makes sumLo the weighted sum in whole samples: weights come as multiples
// of 2^11 and what is left of them.
func join(sumHi, sumLo, round reg.VecVirtual) {
	VPSLLD(Imm(11), sumHi, sumHi)
	VPADDD(round, sumLo, sumLo)
	VPADDD(sumHi, sumLo, sumLo)
	VPSRAD(Imm(22), sumLo, sumLo)
}
