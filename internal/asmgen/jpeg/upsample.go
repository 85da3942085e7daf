package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// weigh returns 3a+b for 32 samples as words, in the order of unpacking: 0 to 7
// and 16 to 23, then the others.
func weigh(a, b Mem, weights reg.VecVirtual) [2]reg.VecVirtual {
	x, y, lo, hi := YMM(), YMM(), YMM(), YMM()
	VMOVDQU(a, x)
	VMOVDQU(b, y)
	VPUNPCKLBW(y, x, lo)
	VPUNPCKHBW(y, x, hi)
	VPMADDUBSW(weights, lo, lo)
	VPMADDUBSW(weights, hi, hi)
	return [2]reg.VecVirtual{lo, hi}
}

// constant loads a constant into a register.
func constant(m Mem) reg.VecVirtual {
	v := YMM()
	VMOVDQU(m, v)
	return v
}

// interleave makes bytes of two words at a time, the second of which have been
// shifted to the left so that their high bytes count, and stores 64.
func interleave(dst reg.GPVirtual, even, odd [2]reg.VecVirtual, high reg.VecVirtual) {
	for i := range even {
		VPAND(high, odd[i], odd[i])
		VPOR(odd[i], even[i], even[i])
		VMOVDQU(even[i].AsX(), at(dst, 16*i))
		VEXTRACTI128(Imm(1), even[i], at(dst, 16*i+32))
	}
}

func upsample() {
	weights := table("weights", repeated(3, 1))
	high := table("high", repeated(0, 0xff))
	up22(weights, high)
	up21(weights, high)
	up12(weights)
}

// repeated returns 32 bytes, two by turns.
func repeated(a, b byte) []byte {
	var m []byte
	for range 16 {
		m = append(m, a, b)
	}
	return m
}

func up22(weights, high Mem) {
	function("up22", "func(dst, cur, near *uint8, n int)")
	dst, cur, near, n := param("dst"), param("cur"), param("near"), param("n")
	w, h, c8, c7 := constant(weights), constant(high), constant(words("eight", 8)), constant(words("seven", 7))
	Label("loop")
	left := weigh(at(cur, 0), at(near, 0), w)
	mid := weigh(at(cur, 1), at(near, 1), w)
	right := weigh(at(cur, 2), at(near, 2), w)
	for i := range mid {
		t := YMM()
		VPADDW(mid[i], mid[i], t)
		VPADDW(t, mid[i], t)
		VPADDW(t, left[i], left[i])
		VPADDW(t, right[i], right[i])
		VPADDW(c8, left[i], left[i])
		VPADDW(c7, right[i], right[i])
		VPSRLW(Imm(4), left[i], left[i])
		VPSLLW(Imm(4), right[i], right[i])
	}
	interleave(dst, left, right, h)
	ADDQ(Imm(32), cur)
	ADDQ(Imm(32), near)
	ADDQ(Imm(64), dst)
	SUBQ(Imm(32), n)
	JG(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

func up21(weights, high Mem) {
	function("up21", "func(dst, src *uint8, n int)")
	dst, src, n := param("dst"), param("src"), param("n")
	w, h, c1, c2 := constant(weights), constant(high), constant(words("one", 1)), constant(words("two", 2))
	Label("loop")
	left := weigh(at(src, 1), at(src, 0), w)
	right := weigh(at(src, 1), at(src, 2), w)
	for i := range left {
		VPADDW(c1, left[i], left[i])
		VPADDW(c2, right[i], right[i])
		VPSRLW(Imm(2), left[i], left[i])
		VPSLLW(Imm(6), right[i], right[i])
	}
	interleave(dst, left, right, h)
	ADDQ(Imm(32), src)
	ADDQ(Imm(64), dst)
	SUBQ(Imm(32), n)
	JG(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

func up12(weights Mem) {
	function("up12", "func(dst, cur, near *uint8, n, bias int)")
	dst, cur, near, n, bias := param("dst"), param("cur"), param("near"), param("n"), YMM()
	w := constant(weights)
	VMOVQ(param("bias"), bias.AsX())
	VPBROADCASTW(bias.AsX(), bias)
	Label("loop")
	v := weigh(at(cur, 0), at(near, 0), w)
	for i := range v {
		VPADDW(bias, v[i], v[i])
		VPSRLW(Imm(2), v[i], v[i])
	}
	VPACKUSWB(v[1], v[0], v[0])
	VMOVDQU(v[0], at(dst, 0))
	for _, p := range []reg.GPVirtual{dst, cur, near} {
		ADDQ(Imm(32), p)
	}
	SUBQ(Imm(32), n)
	JG(LabelRef("loop"))
	VZEROUPPER()
	RET()
}
