package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// down weighs whole rows, two at a time: interleaved they are the pairs of words
// that VPMADDWD takes. It makes as many samples at once as there are bytes in a
// vector.
func down(name string, bytesAtOnce int, vector func() reg.VecVirtual) {
	TEXT(name, NOSPLIT, "func(dst, src *uint8, rows *int, coef *uint32, pairs, n int)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s makes n samples, at least %d, of pairs of rows, which begin at rows", name, bytesAtOnce),
		"behind src.")
	d := downer{
		vector: vector,
		src:    Load(Param("src"), GP64()), rows: Load(Param("rows"), GP64()), coef: Load(Param("coef"), GP64()),
		at: GP64(), zero: vector(),
	}
	dst, pairs, n := Load(Param("dst"), GP64()), Load(Param("pairs"), GP64()), Load(Param("n"), GP64())
	for i := range d.hi {
		d.hi[i], d.lo[i] = vector(), vector()
	}
	half, round := GP32(), vector()
	MOVL(U32(1<<21), half)
	VMOVD(half, round.AsX())
	VPBROADCASTD(round.AsX(), round)
	last, left := GP64(), GP64()
	LEAQ(Mem{Base: n, Disp: -bytesAtOnce}, last)
	VPXOR(d.zero.AsY(), d.zero.AsY(), d.zero.AsY())
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
	for i := range d.hi {
		join(d.hi[i], d.lo[i], round)
	}
	VPACKSSDW(d.lo[1], d.lo[0], d.lo[0])
	VPACKSSDW(d.lo[3], d.lo[2], d.lo[2])
	VPACKUSWB(d.lo[2], d.lo[0], d.lo[0])
	d.move(d.lo[0], Mem{Base: dst, Index: d.at, Scale: 1})
	CMPQ(d.at, last)
	JEQ(LabelRef("end"))
	ADDQ(Imm(uint64(bytesAtOnce)), d.at)
	CMPQ(d.at, last)
	CMOVQGT(last, d.at)
	JMP(LabelRef("block"))
	Label("end")
	VZEROUPPER()
	RET()
}

// downer holds what all pairs of rows need.
type downer struct {
	vector          func() reg.VecVirtual
	src, rows, coef reg.Register
	at              reg.GPVirtual // the sample within the row
	row, weight     reg.GPVirtual // of the present pair
	zero            reg.VecVirtual
	hi, lo          [4]reg.VecVirtual
}

// move loads or stores a vector.
func (d *downer) move(from, to Op) {
	if d.zero.Size() == 64 {
		VMOVDQU8(from, to)
	} else {
		VMOVDQU(from, to)
	}
}

// pair adds samples of the next two rows.
func (d *downer) pair(first bool) {
	a, b, p, q := d.vector(), d.vector(), GP64(), GP64()
	MOVQ(Mem{Base: d.row}, p)
	MOVQ(Mem{Base: d.row, Disp: 8}, q)
	ADDQ(d.src, p)
	ADDQ(d.src, q)
	d.move(Mem{Base: p, Index: d.at, Scale: 1}, a)
	d.move(Mem{Base: q, Index: d.at, Scale: 1}, b)
	hi, lo := d.vector(), d.vector()
	VPBROADCASTD(Mem{Base: d.weight}, hi)
	VPBROADCASTD(Mem{Base: d.weight, Disp: 4}, lo)
	ADDQ(Imm(16), d.row)
	ADDQ(Imm(8), d.weight)
	v := d.vector()
	VPUNPCKHBW(b, a, v)
	VPUNPCKLBW(b, a, a)
	for i, x := range []reg.VecVirtual{a, v} {
		w := d.vector()
		VPUNPCKLBW(d.zero, x, w)
		accumulate(first, w, hi, lo, d.hi[2*i], d.lo[2*i])
		VPUNPCKHBW(d.zero, x, x)
		accumulate(first, x, hi, lo, d.hi[2*i+1], d.lo[2*i+1])
	}
}
