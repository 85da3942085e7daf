package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// weigh returns 3a+b for two vectors of samples, as words in the order of unpacking:
// 0 to 7, 16 to 23 and so on, then the others.
func weigh(x, y, weights reg.VecVirtual) [2]reg.VecVirtual {
	lo, hi := like(x), like(x)
	VPUNPCKLBW(y, x, lo)
	VPUNPCKHBW(y, x, hi)
	VPMADDUBSW(weights, lo, lo)
	VPMADDUBSW(weights, hi, hi)
	return [2]reg.VecVirtual{lo, hi}
}

// like returns another register of the size of v.
func like(v reg.VecVirtual) reg.VecVirtual {
	if v.Size() == 64 {
		return ZMM()
	}
	return YMM()
}

// wide loads a vector of 64 bytes.
func wide(m Mem) reg.VecVirtual {
	v := ZMM()
	VMOVDQU8(m, v)
	return v
}

// filled returns a vector of equal pairs of words.
func filled(v reg.VecVirtual, a, b int16) reg.VecVirtual {
	t := GP32()
	MOVL(U32(uint32(uint16(a))|uint32(uint16(b))<<16), t)
	VMOVD(t, v.AsX())
	VPBROADCASTD(v.AsX(), v)
	return v
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
	w, h := constant(weights), constant(high)
	d := doubler{w, constant(words("eight", 8)), constant(words("seven", 7))}
	Label("loop")
	left, right := d.both(constant, cur, near)
	interleave(dst, left, right, h)
	ADDQ(Imm(32), cur)
	ADDQ(Imm(32), near)
	ADDQ(Imm(64), dst)
	SUBQ(Imm(32), n)
	JG(LabelRef("loop"))
	VZEROUPPER()
	RET()

	function("up22Wide", "func(dst, cur, near *uint8, n int)")
	dst, cur, near, n = param("dst"), param("cur"), param("near"), param("n")
	h = filled(ZMM(), -0x100, -0x100)
	d = doubler{filled(ZMM(), 0x103, 0x103), filled(ZMM(), 8, 8), filled(ZMM(), 7, 7)}
	var halves [2]reg.VecVirtual
	for i := range halves {
		var m []byte
		for j := range byte(8) { // lanes of the first and of the second, by turns
			m = append(m, 4*byte(i)+j&1+j>>2*2+j>>1&1*8, 0, 0, 0, 0, 0, 0, 0)
		}
		halves[i] = wide(table(fmt.Sprint("half", i), m))
	}
	Label("loop")
	left, right = d.both(wide, cur, near)
	for i, v := range left {
		VPTERNLOGD(Imm(0xf8), h, right[i], v) // v | right & h
	}
	first := ZMM()
	VMOVDQA64(left[0], first)
	VPERMT2Q(left[1], halves[0], first)
	VPERMT2Q(left[1], halves[1], left[0])
	VMOVDQU8(first, at(dst, 0))
	VMOVDQU8(left[0], at(dst, 64))
	advanceWide(dst, n, 2, cur, near)
}

// A doubler makes two samples of each, as words: those on the left, and those on
// the right, whose high bytes count.
type doubler struct{ weights, eight, seven reg.VecVirtual }

func (d doubler) both(load func(Mem) reg.VecVirtual, cur, near reg.Register) (left, right [2]reg.VecVirtual) {
	left = weigh(load(at(cur, 0)), load(at(near, 0)), d.weights)
	mid := weigh(load(at(cur, 1)), load(at(near, 1)), d.weights)
	right = weigh(load(at(cur, 2)), load(at(near, 2)), d.weights)
	for i := range mid {
		t := like(mid[i])
		VPADDW(mid[i], mid[i], t)
		VPADDW(t, mid[i], t)
		VPADDW(t, left[i], left[i])
		VPADDW(t, right[i], right[i])
		VPADDW(d.eight, left[i], left[i])
		VPADDW(d.seven, right[i], right[i])
		VPSRLW(Imm(4), left[i], left[i])
		VPSLLW(Imm(4), right[i], right[i])
	}
	return left, right
}

func up21(weights, high Mem) {
	function("up21", "func(dst, src *uint8, n int)")
	dst, src, n := param("dst"), param("src"), param("n")
	w, h, c1, c2 := constant(weights), constant(high), constant(words("one", 1)), constant(words("two", 2))
	Label("loop")
	left := weigh(constant(at(src, 1)), constant(at(src, 0)), w)
	right := weigh(constant(at(src, 1)), constant(at(src, 2)), w)
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
	v := weigh(constant(at(cur, 0)), constant(at(near, 0)), w)
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
