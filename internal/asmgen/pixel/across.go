package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Four pixels are made at once, two in each register: a and c, b and d, so that
// packing puts them in order.
type quad struct {
	off  [4]reg.GPVirtual // of the first source sample of a, b, c and d
	data [2]reg.VecVirtual
	hi   [2]reg.VecVirtual
	lo   [2]reg.VecVirtual
}

func newQuad() (q quad) {
	for i := range q.off {
		q.off[i] = GP64()
	}
	for i := range q.data {
		q.data[i], q.hi[i], q.lo[i] = YMM(), YMM(), YMM()
	}
	return q
}

// start loads the places of the next four pixels.
func (q *quad) start(off reg.Register) {
	for i, o := range q.off {
		MOVL(Mem{Base: off, Disp: 4 * i}, o.As32())
	}
	ADDQ(Imm(16), off)
}

// fetch loads 16 bytes of the sources of all four.
func (q *quad) fetch(src reg.Register) {
	for i, x := range q.data {
		VMOVDQU(Mem{Base: src, Index: q.off[i], Scale: 1}, x.AsX())
		VINSERTI128(Imm(1), Mem{Base: src, Index: q.off[i+2], Scale: 1}, x, x)
	}
}

// add adds two taps, which shuffle picks, weighed by what is at disp behind coef.
func (q *quad) add(first bool, shuffle Op, coef reg.Register, disp int) {
	for i, x := range q.data {
		v := YMM()
		VPSHUFB(shuffle, x, v)
		at := Mem{Base: coef, Disp: disp + 64*i}
		accumulate(first, v, at, at.Offset(32), q.hi[i], q.lo[i])
	}
}

// finish writes the four pixels, and two bytes more.
func (q *quad) finish(round, squeeze reg.VecVirtual, dst reg.Register) {
	for i := range q.hi {
		join(q.hi[i], q.lo[i], round)
	}
	y := q.lo[0]
	VPACKSSDW(q.lo[1], y, y)
	VPACKUSWB(y, y, y)
	VPSHUFB(squeeze, y, y)
	VMOVQ(y.AsX(), Mem{Base: dst})
	VEXTRACTI128(Imm(1), y, y.AsX())
	VMOVQ(y.AsX(), Mem{Base: dst, Disp: 6})
	ADDQ(Imm(12), dst)
}

// across3 resizes a row of RGB pixels. One byte shuffle spreads two taps of
// three channels over a lane, as pairs of words that VPMADDWD weighs and adds.
// Where a window has at most five pixels, one load of 16 bytes holds it.
func across3() {
	var shuffles [3]Mem
	for p := range shuffles {
		shuffles[p] = spread(fmt.Sprint("taps", 2*p), 2*p)
	}
	squeezed := bytes("squeeze", twice(0, 1, 2, 4, 5, 6, none, none, none, none, none, none, none, none, none, none)...)

	TEXT("across3AVX2", NOSPLIT, "func(dst, src *uint8, off *int32, coef *uint32, pairs, loads, blocks int)")
	Pragma("noescape")
	Doc("across3AVX2 makes blocks of four RGB pixels, and two bytes more. Each is made",
		"of pairs of pixels from its off on, loaded in one piece if loads is 1.")
	dst, src, off, coef := Load(Param("dst"), GP64()), Load(Param("src"), GP64()), Load(Param("off"), GP64()), Load(Param("coef"), GP64())
	pairs, blocks := Load(Param("pairs"), GP64()), Load(Param("blocks"), GP64())
	loads := Load(Param("loads"), GP64())
	var taps [3]reg.VecVirtual
	for p := range taps {
		taps[p] = YMM()
		VMOVDQU(shuffles[p], taps[p])
	}
	squeeze := YMM()
	VMOVDQU(squeezed, squeeze)
	round := broadcast(1 << 21)
	CMPQ(loads, Imm(1))
	JNE(LabelRef("many"))
	CMPQ(pairs, Imm(2))
	JEQ(LabelRef("two"))
	JA(LabelRef("three"))

	for p, label := range []string{"one", "two", "three"} {
		Label(label)
		q := newQuad()
		q.start(off)
		q.fetch(src)
		for i := range p + 1 {
			q.add(i == 0, taps[i], coef, 128*i)
		}
		ADDQ(U32(uint32(128*(p+1))), coef)
		q.finish(round, squeeze, dst)
		DECQ(blocks)
		JNE(LabelRef(label))
		VZEROUPPER()
		RET()
	}
	across3Many(dst, src, off, coef, pairs, blocks, taps, round, squeeze)
}

// across3Many is the part of across3 for wide windows: two pairs of taps a load.
func across3Many(dst, src, off, coef, pairs, blocks reg.Register, taps [3]reg.VecVirtual, round, squeeze reg.VecVirtual) {
	Label("many")
	q := newQuad()
	q.start(off)
	q.fetch(src)
	q.add(true, taps[0], coef, 0)
	q.add(false, taps[1], coef, 128)
	left := GP64()
	LEAQ(Mem{Base: pairs, Disp: -2}, left)
	Label("next")
	ADDQ(U32(256), coef)
	for _, o := range q.off {
		ADDQ(Imm(12), o)
	}
	q.fetch(src)
	q.add(false, taps[0], coef, 0)
	DECQ(left)
	JEQ(LabelRef("odd"))
	q.add(false, taps[1], coef, 128)
	DECQ(left)
	JNE(LabelRef("next"))
	ADDQ(U32(128), coef)
	Label("odd")
	ADDQ(U32(128), coef)
	q.finish(round, squeeze, dst)
	DECQ(blocks)
	JNE(LabelRef("many"))
	VZEROUPPER()
	RET()
}

// spread makes the shuffle that turns tap t and the next of an RGB row into
// words: red, red, green, green, blue, blue and nothing.
func spread(name string, t int) Mem {
	lane := make([]int, 0, 16)
	for c := range 4 {
		for i := range 2 {
			at := 3*(t+i) + c
			if c == 3 || at > 15 {
				at = none
			}
			lane = append(lane, at, none)
		}
	}
	return bytes(name, twice(lane...)...)
}

// twice returns the bytes of a lane for both lanes.
func twice(lane ...int) []int { return append(lane, lane...) }

// across1 resizes a row of one channel, eight taps of two pixels a register.
func across1() {
	TEXT("across1AVX2", NOSPLIT, "func(dst, src *uint8, off *int32, coef *uint32, groups, blocks int)")
	Pragma("noescape")
	Doc("across1AVX2 makes blocks of four samples, each of groups of eight from its off on.")
	dst, src, off, coef := Load(Param("dst"), GP64()), Load(Param("src"), GP64()), Load(Param("off"), GP64()), Load(Param("coef"), GP64())
	groups, blocks := Load(Param("groups"), GP64()), Load(Param("blocks"), GP64())
	round := broadcast(1 << 21)
	q := newQuad()
	left := GP64()
	Label("block")
	q.start(off)
	for i := range q.hi {
		VPXOR(q.hi[i], q.hi[i], q.hi[i])
		VPXOR(q.lo[i], q.lo[i], q.lo[i])
	}
	MOVQ(groups, left)
	Label("group")
	for i, x := range q.data {
		VMOVQ(Mem{Base: src, Index: q.off[i], Scale: 1}, x.AsX())
		VPINSRQ(Imm(1), Mem{Base: src, Index: q.off[i+2], Scale: 1}, x.AsX(), x.AsX())
		VPMOVZXBW(x.AsX(), x)
		at := Mem{Base: coef, Disp: 64 * i}
		accumulate(false, x, at, at.Offset(32), q.hi[i], q.lo[i])
	}
	ADDQ(U32(128), coef)
	for _, o := range q.off {
		ADDQ(Imm(8), o)
	}
	DECQ(left)
	JNE(LabelRef("group"))
	for i := range q.hi {
		VPSLLD(Imm(11), q.hi[i], q.hi[i])
		VPADDD(q.hi[i], q.lo[i], q.lo[i])
	}
	y, x := q.lo[0], XMM()
	VPHADDD(q.lo[1], y, y)
	VPHADDD(y, y, y)
	VPADDD(round, y, y)
	VPSRAD(Imm(22), y, y)
	VPACKSSDW(y, y, y)
	VPACKUSWB(y, y, y)
	VEXTRACTI128(Imm(1), y, x)
	VPUNPCKLWD(x, y.AsX(), x)
	VMOVD(x, Mem{Base: dst})
	ADDQ(Imm(4), dst)
	DECQ(blocks)
	JNE(LabelRef("block"))
	VZEROUPPER()
	RET()
}
