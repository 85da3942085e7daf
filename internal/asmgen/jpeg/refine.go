package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// A refiner is the way through a band of coefficients that have been told in
// part. Masks have bit 63-k for coefficient k, so that bits of the file, of
// which the first is the highest, are deposited in order.
type refiner struct {
	reader
	table             reg.GPVirtual
	nonzero           reg.GPVirtual // coefficients that differ from zero
	rest              reg.GPVirtual // the part of the band from k on
	moved             reg.GPVirtual // coefficients that are to be moved away from zero
	target, corrected reg.GPVirtual
	count, taken      reg.GPVirtual // of corrections: how many, and their bits
}

// refine writes the kernel for scans that add a bit.
func refine() {
	function("refine", "func(coef *[64]int16, nonzero *uint64, ac *uint32, bits *uint64, band uint64, low, run int, zigzag *uint8) int")
	r := refiner{loadReader(), param("ac"), GP64(), param("band"), GP64(), GP64(), GP64(), GP64(), GP64()}
	MOVQ(param("nonzero"), r.nonzero)
	MOVQ(at(r.nonzero, 0), r.nonzero)
	XORQ(r.moved, r.moved)
	run := param("run")
	TESTQ(run, run)
	JNE(LabelRef("ended"))

	e, v := GP64(), GP64()
	Label("loop")
	r.refill()
	r.look(r.table, e)
	JNE(LabelRef("special"))
	MOVL(e.As32(), v.As32())
	SARL(Imm(16), v.As32())
	r.drop(e)
	Label("coefficient")
	check := GP64()
	LEAL(Mem{Base: v, Disp: 1}, check.As32())
	CMPL(check.As32(), Imm(2))
	JHI(LabelRef("bad")) // a coefficient begins with one bit
	r.find(e)
	r.correct("")
	r.place(v)
	TESTQ(r.rest, r.rest)
	JNE(LabelRef("loop"))
	XORQ(run, run)
	JMP(LabelRef("finish"))

	// The rest of the block has corrections alone.
	Label("ended")
	DECQ(run)
	MOVQ(r.rest, r.corrected)
	ANDQ(r.nonzero, r.corrected)
	JEQ(LabelRef("finish"))
	r.refill()
	r.correct("Rest")
	Label("finish")
	r.finish()
	r.store()
	Store(run, ReturnIndex(0))
	RET()

	r.special(e, v, run)
	r.beyond()
	r.many("")
	r.many("Rest")
}

// special handles codes that are not found in one look.
func (r *refiner) special(e, v, run reg.GPVirtual) {
	Label("special")
	r.long(r.table, e)
	kind := GP64()
	MOVL(e.As32(), kind.As32())
	SHRL(Imm(16), kind.As32())
	ANDL(Imm(15), kind.As32())
	CMPL(kind.As32(), Imm(1))
	JEQ(LabelRef("end"))
	saved := GP64()
	MOVQ(e, saved)
	MOVQ(r.split(e), v)
	MOVQ(saved, e)
	JMP(LabelRef("coefficient"))

	Label("end") // of this block, and of some that follow
	size, bits := GP64(), GP64()
	MOVL(e.As32(), size.As32())
	SHRL(Imm(20), size.As32())
	ANDL(Imm(15), size.As32())
	ANDL(Imm(63), e.As32())
	r.drop(e)
	MOVQ(r.acc, bits)
	SHRQ(Imm(1), bits)
	MOVL(size.As32(), e.As32())
	XORL(Imm(63), e.As32())
	SHRXQ(e, bits, bits)
	MOVQ(U32(1), run)
	SHLXQ(size, run, run)
	ADDQ(bits, run)
	r.drop(size)
	JMP(LabelRef("ended"))

	Label("bad")
	r.reader.store()
	MOVQ(I32(-1), v)
	Store(v, ReturnIndex(0))
	RET()
}

// find finds the zero that the run of e leads to, and the coefficients on the
// way that are not zero.
func (r *refiner) find(e reg.GPVirtual) {
	zeros, n, run := GP64(), GP64(), GP64()
	ANDNQ(r.rest, r.nonzero, zeros)
	POPCNTQ(zeros, n)
	MOVL(e.As32(), run.As32())
	SHRL(Imm(8), run.As32())
	MOVBLZX(run.As8(), run.As32())
	MOVQ(r.rest, r.corrected)
	ANDQ(r.nonzero, r.corrected)
	SUBQ(run, n)
	JLT(LabelRef("beyond"))
	MOVQ(U32(1), r.target)
	SHLXQ(n, r.target, r.target)
	PDEPQ(zeros, r.target, r.target)
	upTo := GP64()
	BLSMSKQ(r.target, upTo)
	ANDNQ(r.corrected, upTo, r.corrected)
	Label("found")
}

// beyond is the rare part of find: the run leads out of the band, and then to the
// coefficient behind it.
func (r *refiner) beyond() {
	Label("beyond")
	BLSIQ(paramMem("band"), r.target)
	SHRQ(Imm(1), r.target)
	JNE(LabelRef("found"))
	JMP(LabelRef("bad"))
}

// correct takes bits for the corrected coefficients.
func (r *refiner) correct(name string) {
	POPCNTQ(r.corrected, r.count)
	CMPQ(r.count, Imm(32))
	JGT(LabelRef("many" + name))
	r.take(r.taken)
	Label("taken" + name)
	PDEPQ(r.corrected, r.taken, r.taken)
	ORQ(r.taken, r.moved)
}

// many is the rare part of correct, as one refill serves no more than a code and
// 32 bits.
func (r *refiner) many(name string) {
	Label("many" + name)
	low := GP64()
	r.refill()
	MOVQ(r.acc, r.taken)
	SHRQ(Imm(32), r.taken)
	MOVQ(U32(32), low)
	r.drop(low)
	SUBQ(low, r.count)
	r.refill()
	SHLXQ(r.count, r.taken, r.taken)
	r.take(low)
	ORQ(low, r.taken)
	JMP(LabelRef("taken" + name))
}

// take takes count bits, which may be 0.
func (r *refiner) take(to reg.GPVirtual) {
	shift := GP64()
	MOVQ(r.count, shift)
	XORQ(Imm(63), shift)
	MOVQ(r.acc, to)
	SHRQ(Imm(1), to)
	SHRXQ(shift, to, to)
	r.drop(r.count)
}

// place writes v to the target, unless it is 0, and goes on behind it.
func (r *refiner) place(v reg.GPVirtual) {
	TESTL(v.As32(), v.As32())
	JEQ(LabelRef("placed"))
	low, z := param("low"), GP64()
	SHLXL(low.As32(), v.As32(), v.As32())
	TZCNTQ(r.target, z)
	NEGQ(z)
	MOVBLZX(Mem{Base: param("zigzag"), Index: z, Scale: 1, Disp: 63}, z.As32())
	MOVW(v.As16(), Mem{Base: param("coef"), Index: z, Scale: 2})
	ORQ(r.target, r.nonzero)
	Label("placed")
	behind := GP64()
	MOVQ(r.target, behind)
	DECQ(behind)
	ANDQ(behind, r.rest)
}

// finish moves coefficients away from zero, but for those that have the bit.
func (r *refiner) finish() {
	MOVQ(param("nonzero"), r.rest)
	MOVQ(r.nonzero, at(r.rest, 0))
	coef, zigzag, one := param("coef"), param("zigzag"), GP64()
	MOVQ(U32(1), one)
	SHLXQ(param("low"), one, one)
	TESTQ(r.moved, r.moved)
	JEQ(LabelRef("moved"))
	Label("move")
	z, v, sign := GP64(), GP64(), GP64()
	TZCNTQ(r.moved, z)
	BLSRQ(r.moved, r.moved)
	NEGQ(z)
	MOVBLZX(Mem{Base: zigzag, Index: z, Scale: 1, Disp: 63}, z.As32())
	MOVWLSX(Mem{Base: coef, Index: z, Scale: 2}, v.As32())
	TESTL(one.As32(), v.As32())
	JNE(LabelRef("there"))
	MOVL(v.As32(), sign.As32())
	SARL(Imm(31), sign.As32())
	XORL(sign.As32(), v.As32()) // |v|, or less by one
	ADDL(one.As32(), v.As32())
	XORL(sign.As32(), v.As32())
	MOVW(v.As16(), Mem{Base: coef, Index: z, Scale: 2})
	Label("there")
	TESTQ(r.moved, r.moved)
	JNE(LabelRef("move"))
	Label("moved")
}
