package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Where the fields of jpegsimd.side are.
const (
	sideZigzag, sideCoef             = 0, 128
	sideFirst, sideLast, sideUnit    = 256, 264, 272
	sideBlocks, sideTable, sideLimit = 280, 288, 296
	sideAfter, sideDC                = 304, 312
	sideBits, sideBytes              = 320, 368 // a Bits
)

// beside writes the kernels that go through blocks of two places of a file at
// once. From one code to the next there is a chain of instructions that wait for
// each other, which leaves a processor idle most of the time; that of another place
// waits for nothing in it. ACTables are in memory, as there are no registers left.
func beside(f transform) {
	function("decodeBeside", "func(sides *uintptr, pix *uint8) (why int)")
	p := loadPair()
	b := newBlocks(f)
	p.block()
	b.begin(p.w)
	p.begun()
	p.pairs()
	p.w.slow()
	Label("done")
	b.done(p.w)
	p.next()
	Label("stop")
	XORL(p.w.k.As32(), p.w.k.As32())
	MOVQ(I32(1), b.leaving)
	JMP(LabelRef("transform"))
	Label("left")
	CMPQ(b.leaving, Imm(2))
	JEQ(LabelRef("end"))
	MOVQ(I32(0), b.leaving)
	p.stop()
	Label("bad")
	MOVQ(I32(-1), p.w.k)
	Label("return")
	MOVQ(I32(2), b.leaving)
	JMP(LabelRef("transform"))
	Label("end")
	VZEROUPPER()
	p.end()

	function("skipBeside", "func(sides *uintptr) (why int)")
	p = loadPair()
	p.block()
	p.w.dc()
	p.begun()
	p.hops()
	p.w.slow()
	Label("done")
	p.next()
	Label("stop")
	XORL(p.w.k.As32(), p.w.k.As32())
	p.stop()
	Label("bad")
	MOVQ(I32(-1), p.w.k)
	Label("return")
	p.end()
}

// A pair is two walks that take turns in a loop, one look each. Where the block
// of v comes to its end, the two change places, so that all that is rare deals
// with w. When one of them has no more blocks, the other goes on alone to the end
// of its block. What has no block has a k of 0.
type pair struct {
	w, v  *walk
	begin Mem // how many of them have not begun
}

func loadPair() pair {
	p := pair{loadSide(0), loadSide(1), AllocLocal(8)}
	MOVQ(I32(2), p.begin)
	return p
}

// loadSide begins to walk on one of two sides.
func loadSide(i int) *walk {
	s := GP64()
	MOVQ(paramMem("sides"), s)
	ADDQ(I32(i*sideBytes), s)
	w := &walk{reader: reader{acc: GP64(), n: GP64(), p: GP64()}, k: GP64()}
	w.unit, w.blocks, w.limit, w.tableAt = at(s, sideUnit), at(s, sideBlocks), at(s, sideLimit), at(s, sideTable)
	w.first, w.last, w.after, w.dcTable = at(s, sideFirst), at(s, sideLast), at(s, sideAfter), at(s, sideDC)
	w.coef, w.coefAt, w.zigzag = s, sideCoef, s
	MOVQ(at(s, sideBits+bitsAcc), w.acc)
	MOVQ(at(s, sideBits+bitsN), w.n)
	MOVQ(at(s, sideBits+bitsBuf), w.p)
	ADDQ(w.p, w.limit)
	ADDQ(at(s, sideBits+bitsAt), w.p)
	XORL(w.k.As32(), w.k.As32())
	w.complete()
	return w
}

// keep notes how far w has come.
func (w *walk) keep() {
	MOVQ(w.acc, at(w.coef, sideBits+bitsAcc))
	ANDL(U32(0xff), w.n.As32())
	MOVQ(w.n, at(w.coef, sideBits+bitsN))
	SUBQ(at(w.coef, sideBits+bitsBuf), w.p)
	MOVQ(w.p, at(w.coef, sideBits+bitsAt))
}

// swap makes the two change places.
func (p pair) swap() {
	for _, r := range [][2]reg.GPVirtual{
		{p.w.acc, p.v.acc}, {p.w.n, p.v.n}, {p.w.p, p.v.p}, {p.w.k, p.v.k}, {p.w.coef, p.v.coef},
	} {
		XCHGQ(r[0], r[1])
	}
}

// block begins a block of w, unless there are too few bytes.
func (p pair) block() {
	Label("block")
	CMPQ(p.w.p, p.w.limit)
	JHI(LabelRef("stop"))
}

// begun lets the other one begin, too, if it has not.
func (p pair) begun() {
	DECQ(p.begin)
	JG(LabelRef("swap"))
}

// loop writes the loop over both, and the one over w alone. take writes what is
// done with the next bits of a walk, from where it leads out of a block to a label.
func (p pair) loop(take func(w *walk, bits reg.GPVirtual, exit string), lookBits int) {
	step := func(w *walk, i int, exit string) {
		index := w.top(lookBits)
		if i == 0 {
			w.refill() // while what index is of is loaded
		}
		take(w, index, exit)
	}
	Label("loop")
	TESTQ(p.v.k, p.v.k)
	JEQ(LabelRef("alone"))
	for i := range perRefill {
		step(p.w, i, "exit")
		step(p.v, i, "exitOther")
	}
	JMP(LabelRef("loop"))

	Label("alone")
	for i := range perRefill {
		step(p.w, i, "exit")
	}
	JMP(LabelRef("alone"))

	Label("exitOther")
	p.swap()
}

// pairs decodes coefficients.
func (p pair) pairs() {
	k1 := GP64()
	p.loop(func(w *walk, index reg.GPVirtual, exit string) {
		table, bits := w.codes(), GP64()
		MOVBLZX(field(table, index, 0), bits.As32())
		MOVBLZX(field(table, index, 1), k1.As32())
		ADDQ(w.k, k1)
		MOVBLZX(field(table, index, 2), w.k.As32())
		ADDQ(k1, w.k)
		CMPQ(w.k, Imm(64))
		JGE(LabelRef(exit))
		w.both(table, index, bits, k1)
	}, pairBits)
	p.w.exit(k1)
}

// hops passes over coefficients.
func (p pair) hops() {
	e, run := GP64(), GP64()
	p.loop(func(w *walk, index reg.GPVirtual, exit string) {
		MOVWLZX(Mem{Base: w.codes(), Index: index, Scale: 2, Disp: acHops}, e.As32())
		MOVL(e.As32(), run.As32())
		SHRL(Imm(8), run.As32())
		ADDQ(w.k, run)
		CMPQ(run, Imm(64))
		JGE(LabelRef(exit))
		w.drop(e)
		MOVQ(run, w.k)
	}, hopBits)
	p.w.exitHop(e, run)
}

// next goes on to the next block, or stops behind the last one, and where the other
// walk has stopped.
func (p pair) next() {
	p.w.advance()
	JEQ(LabelRef("stop"))
	TESTQ(p.v.k, p.v.k)
	JNE(LabelRef("block"))
}

// stop goes on with the other walk, if it has not stopped.
func (p pair) stop() {
	TESTQ(p.v.k, p.v.k)
	JEQ(LabelRef("return"))
	p.swap()
	JMP(LabelRef("loop"))

	Label("swap")
	p.swap()
	JMP(LabelRef("block"))

	p.w.longDC()
}

// end returns from the kernel.
func (p pair) end() {
	p.w.keep()
	p.v.keep()
	Store(p.w.k, ReturnIndex(0))
	RET()
}
