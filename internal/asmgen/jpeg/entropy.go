package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Where the fields of jpegsimd.Bits and jpegsimd.Table are.
const (
	bitsAcc, bitsN, bitsAt, bitsBuf   = 0, 8, 16, 24
	lookBits                          = 10
	tableFirst, tableLong, tableCount = 4 << lookBits, 4<<lookBits + 8, 4<<lookBits + 16
)

// perRefill is how many symbols of at most lookBits bits one refill serves.
const perRefill = 5

// reader is a bit reader in registers. Of n only the low byte counts.
type reader struct {
	bits, acc, n, p reg.GPVirtual
}

func loadReader() reader {
	r := reader{param("bits"), GP64(), GP64(), GP64()}
	MOVQ(at(r.bits, bitsAcc), r.acc)
	MOVQ(at(r.bits, bitsN), r.n)
	MOVQ(at(r.bits, bitsBuf), r.p)
	ADDQ(at(r.bits, bitsAt), r.p)
	return r
}

func (r reader) store() {
	MOVQ(r.acc, at(r.bits, bitsAcc))
	ANDL(U32(0xff), r.n.As32())
	MOVQ(r.n, at(r.bits, bitsN))
	SUBQ(at(r.bits, bitsBuf), r.p)
	MOVQ(r.p, at(r.bits, bitsAt))
}

// refill brings at least 56 bits into acc.
func (r reader) refill() {
	t := GP64()
	MOVQ(at(r.p, 0), t)
	BSWAPQ(t)
	ANDL(U32(0xff), r.n.As32())
	SHRXQ(r.n, t, t)
	ORQ(t, r.acc)
	u := GP64()
	MOVL(r.n.As32(), u.As32())
	XORL(Imm(63), u.As32())
	SHRL(Imm(3), u.As32())
	ADDQ(u, r.p)
	ORL(Imm(56), r.n.As32())
}

// drop takes as many bits as the low 6 bits of e say; its low byte must be less
// than 64.
func (r reader) drop(e reg.GPVirtual) {
	SHLXQ(e, r.acc, r.acc)
	SUBL(e.As32(), r.n.As32())
}

// look loads the entry of the next lookBits bits.
func (r reader) look(table, e reg.GPVirtual) {
	t := GP64()
	MOVQ(r.acc, t)
	SHRQ(Imm(64-lookBits), t)
	MOVL(Mem{Base: table, Index: t, Scale: 4}, e.As32())
	TESTB(Imm(0x80), e.As8())
}

// long loads the entry of a code that is longer than lookBits, and jumps to bad
// if there is none.
func (r reader) long(table, e reg.GPVirtual, bad string) {
	t := GP64()
	MOVQ(r.acc, t)
	SHRQ(Imm(48), t)
	SUBL(at(table, tableFirst), t.As32())
	CMPQ(t, at(table, tableCount))
	JCC(LabelRef(bad))
	MOVQ(at(table, tableLong), e)
	MOVL(Mem{Base: e, Index: t, Scale: 4}, e.As32())
}

// kind extracts the kind of a special entry.
func kind(e reg.GPVirtual) reg.GPVirtual {
	t := GP64()
	MOVL(e.As32(), t.As32())
	SHRL(Imm(16), t.As32())
	ANDL(Imm(15), t.As32())
	return t
}

// split takes the code of a special entry and then a magnitude of the size that
// the entry names, which it returns with its sign.
func (r reader) split(e reg.GPVirtual) reg.GPVirtual {
	v, size, mask, low := r.magnitude(e)
	// Without its leading bit a magnitude is that of a negative number, less
	// 2^size-1.
	MOVQ(r.acc, mask)
	SARQ(Imm(63), mask)
	NOTQ(mask)
	MOVQ(I32(-1), low)
	SHLXQ(size, low, low)
	INCQ(low)
	ANDQ(mask, low)
	ADDQ(low, v)
	r.drop(size)
	return v
}

// magnitude takes the code of e and returns the bits that follow.
func (r reader) magnitude(e reg.GPVirtual) (v, size, mask, low reg.GPVirtual) {
	v, size, mask, low = GP64(), GP64(), GP64(), GP64()
	MOVL(e.As32(), size.As32())
	SHRL(Imm(20), size.As32())
	ANDL(Imm(15), size.As32())
	ANDL(Imm(63), e.As32())
	r.drop(e)
	MOVL(size.As32(), v.As32())
	XORL(Imm(63), v.As32())
	MOVQ(r.acc, low)
	SHRQ(Imm(1), low)
	SHRXQ(v, low, v) // in two shifts, as the size may be 0
	return v, size, mask, low
}

// step adds the run of e to k.
func step(e, k reg.GPVirtual) {
	s := GP64()
	MOVL(e.As32(), s.As32())
	SHRL(Imm(8), s.As32())
	MOVBLZX(s.As8(), s.As32())
	ADDQ(s, k)
}

// A walk is the way through the coefficients of one block: into coef, or past
// them where that is nil.
type walk struct {
	reader
	table, coef, zigzag, k reg.GPVirtual
}

// put stores the coefficient before k.
func (w walk) put(v reg.GPVirtual) {
	z := GP64()
	MOVBLZX(Mem{Base: w.zigzag, Index: w.k, Scale: 1, Disp: -1}, z.As32())
	MOVW(v.As16(), Mem{Base: w.coef, Index: z, Scale: 2})
}

// blocks writes the kernels that take a block apart.
func blocks() {
	function("block", "func(coef *[64]int16, dc, ac *uint32, bits *uint64, pred *int32, zigzag *uint8) int")
	coef := param("coef")
	zero := YMM()
	VPXOR(zero, zero, zero)
	for i := range 4 {
		VMOVDQU(zero, at(coef, 32*i))
	}
	VZEROUPPER()
	w := walk{reader: loadReader(), coef: coef}
	pred := w.dc()
	MOVW(pred.As16(), at(coef, 0))
	w.zigzag = param("zigzag")
	w.ac()

	function("skip", "func(dc, ac *uint32, bits *uint64, pred *int32) int")
	w = walk{reader: loadReader()}
	w.dc()
	w.ac()
}

// dc decodes the difference of a first coefficient and returns the coefficient.
func (w *walk) dc() reg.GPVirtual {
	dc, e, v, to := param("dc"), GP64(), GP64(), param("pred")
	w.refill()
	w.look(dc, e)
	JNE(LabelRef("dcSpecial"))
	w.drop(e)
	MOVL(e.As32(), v.As32())
	SARL(Imm(16), v.As32())
	Label("dcDone")
	ADDL(at(to, 0), v.As32())
	MOVL(v.As32(), at(to, 0))
	JMP(LabelRef("dcStored"))

	Label("dcSpecial")
	TESTL(U32(15<<16), e.As32())
	JNE(LabelRef("dcSplit"))
	w.long(dc, e, "bad")
	Label("dcSplit")
	MOVQ(w.split(e), v)
	JMP(LabelRef("dcDone"))

	Label("dcStored")
	return v
}

// ac decodes the other coefficients and returns from the kernel.
func (w *walk) ac() {
	w.table, w.k = param("ac"), GP64()
	MOVQ(U32(1), w.k)
	e := GP64()
	Label("loop")
	w.refill()
	for range perRefill {
		w.look(w.table, e)
		JNE(LabelRef("special"))
		w.drop(e)
		step(e, w.k)
		if w.coef != nil {
			v := GP64()
			MOVL(e.As32(), v.As32())
			SHRL(Imm(16), v.As32())
			w.put(v)
		}
		CMPQ(w.k, Imm(64))
		JGE(LabelRef("done"))
	}
	JMP(LabelRef("loop"))

	Label("special")
	w.refill()
	TESTL(U32(15<<16), e.As32())
	JNE(LabelRef("short"))
	w.long(w.table, e, "bad")
	Label("short")
	t := kind(e)
	CMPL(t.As32(), Imm(1))
	JEQ(LabelRef("end"))
	step(e, w.k)
	if w.coef != nil {
		v := w.split(e)
		CMPL(t.As32(), Imm(2))
		JEQ(LabelRef("next"))
		w.put(v)
		Label("next")
	} else {
		w.pass(e)
	}
	CMPQ(w.k, Imm(64))
	JLT(LabelRef("loop"))
	JMP(LabelRef("done"))

	Label("end")
	ANDL(Imm(63), e.As32())
	w.drop(e)
	Label("done")
	w.store()
	Store(w.k, ReturnIndex(0))
	RET()
	Label("bad")
	w.store()
	MOVQ(I32(-1), w.k)
	Store(w.k, ReturnIndex(0))
	RET()
}

// pass takes the code and the magnitude of e.
func (r reader) pass(e reg.GPVirtual) {
	size := GP64()
	MOVL(e.As32(), size.As32())
	SHRL(Imm(20), size.As32())
	ANDL(Imm(15), size.As32())
	ANDL(Imm(63), e.As32())
	r.drop(e)
	r.drop(size)
}
