package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// down weighs whole rows, two at a time: interleaved they are the pairs of words
// that VPMADDWD takes.
func down() {
	TEXT("downAVX2", NOSPLIT, "func(dst, src *uint8, rows *int, coef *uint32, pairs, n int)")
	Pragma("noescape")
	Doc("downAVX2 makes n samples, at least 32, of pairs of rows, which begin at rows",
		"behind src.")
	d := downer{
		src: Load(Param("src"), GP64()), rows: Load(Param("rows"), GP64()), coef: Load(Param("coef"), GP64()),
		at: GP64(), zero: YMM(),
	}
	dst, pairs, n := Load(Param("dst"), GP64()), Load(Param("pairs"), GP64()), Load(Param("n"), GP64())
	for i := range d.hi {
		d.hi[i], d.lo[i] = YMM(), YMM()
	}
	round := bytes("half", 0, 0, 0x20, 0)
	last, left := GP64(), GP64()
	LEAQ(Mem{Base: n, Disp: -32}, last)
	VPXOR(d.zero, d.zero, d.zero)
	XORQ(d.at, d.at)
	Label("block")
	d.row, d.weight = GP64(), GP64()
	MOVQ(d.rows, d.row)
	MOVQ(d.coef, d.weight)
	MOVQ(pairs, left)
	d.pair(true)
	DECQ(left)
	JEQ(LabelRef("done"))
	Label("pair")
	d.pair(false)
	DECQ(left)
	JNE(LabelRef("pair"))
	Label("done")
	y := YMM()
	VPBROADCASTD(round, y)
	for i := range d.hi {
		join(d.hi[i], d.lo[i], y)
	}
	VPACKSSDW(d.lo[1], d.lo[0], d.lo[0])
	VPACKSSDW(d.lo[3], d.lo[2], d.lo[2])
	VPACKUSWB(d.lo[2], d.lo[0], d.lo[0])
	VMOVDQU(d.lo[0], Mem{Base: dst, Index: d.at, Scale: 1})
	CMPQ(d.at, last)
	JEQ(LabelRef("end"))
	ADDQ(Imm(32), d.at)
	CMPQ(d.at, last)
	CMOVQGT(last, d.at)
	JMP(LabelRef("block"))
	Label("end")
	VZEROUPPER()
	RET()
}

// downer holds what all pairs of rows need.
type downer struct {
	src, rows, coef reg.Register
	at              reg.GPVirtual // the sample within the row
	row, weight     reg.GPVirtual // of the present pair
	zero            reg.VecVirtual
	hi, lo          [4]reg.VecVirtual
}

// pair adds 32 samples of the next two rows.
func (d *downer) pair(first bool) {
	a, b, p, q := YMM(), YMM(), GP64(), GP64()
	MOVQ(Mem{Base: d.row}, p)
	MOVQ(Mem{Base: d.row, Disp: 8}, q)
	ADDQ(d.src, p)
	ADDQ(d.src, q)
	VMOVDQU(Mem{Base: p, Index: d.at, Scale: 1}, a)
	VMOVDQU(Mem{Base: q, Index: d.at, Scale: 1}, b)
	hi, lo := YMM(), YMM()
	VPBROADCASTD(Mem{Base: d.weight}, hi)
	VPBROADCASTD(Mem{Base: d.weight, Disp: 4}, lo)
	ADDQ(Imm(16), d.row)
	ADDQ(Imm(8), d.weight)
	v := YMM()
	VPUNPCKHBW(b, a, v)
	VPUNPCKLBW(b, a, a)
	for i, x := range []reg.VecVirtual{a, v} {
		w := YMM()
		VPUNPCKLBW(d.zero, x, w)
		accumulate(first, w, hi, lo, d.hi[2*i], d.lo[2*i])
		VPUNPCKHBW(d.zero, x, x)
		accumulate(first, x, hi, lo, d.hi[2*i+1], d.lo[2*i+1])
	}
}
