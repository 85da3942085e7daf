package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Where the fields of jpegsimd.Bits, Table, ACTable and Unit are.
const (
	bitsAcc, bitsN, bitsAt, bitsBuf         = 0, 8, 16, 24
	lookBits                                = 10
	tableFirst, tableLong, tableCount       = 4 << lookBits, 4<<lookBits + 8, 4<<lookBits + 16
	pairBits                                = 10
	hopBits                                 = 12
	tablePairs                              = 4<<lookBits + 8 + 24
	acHops                                  = tablePairs + 8<<pairBits + 16 + 24 + 8 // behind the rest of Table
	unitDC, unitAC, unitPred, unitQuant     = 0, 8, 16, 24
	unitAt, unitStride, unitStep, unitBytes = 32, 40, 48, 64
)

// perRefill is how many entries one refill serves. They have at most 18 bits, or
// 17 as hops, so that of 64 bits enough are left for one more look.
const perRefill = 3

// reader is a bit reader in registers. Of n only the low byte counts.
type reader struct {
	acc, n, p reg.GPVirtual
}

func loadReader() reader {
	b := param("bits")
	r := reader{GP64(), GP64(), GP64()}
	MOVQ(at(b, bitsAcc), r.acc)
	MOVQ(at(b, bitsN), r.n)
	MOVQ(at(b, bitsBuf), r.p)
	ADDQ(at(b, bitsAt), r.p)
	return r
}

func (r reader) store() {
	b := param("bits")
	MOVQ(r.acc, at(b, bitsAcc))
	ANDL(U32(0xff), r.n.As32())
	MOVQ(r.n, at(b, bitsN))
	SUBQ(at(b, bitsBuf), r.p)
	MOVQ(r.p, at(b, bitsAt))
}

// complete makes all bits of acc right.
func (r reader) complete() {
	t := GP64()
	MOVQ(at(r.p, 0), t)
	BSWAPQ(t)
	ANDL(U32(0xff), r.n.As32())
	SHRXQ(r.n, t, t)
	ORQ(t, r.acc)
}

// refill brings at least 56 bits into acc.
func (r reader) refill() {
	r.complete()
	u := GP64()
	MOVL(r.n.As32(), u.As32())
	XORL(Imm(63), u.As32())
	SHRL(Imm(3), u.As32())
	ADDQ(u, r.p)
	ORL(Imm(56), r.n.As32())
}

// drop takes as many bits as the low 6 bits of e say. Its low byte must be less
// than 64.
func (r reader) drop(e reg.GPVirtual) {
	SHLXQ(e, r.acc, r.acc)
	SUBL(e.As32(), r.n.As32())
}

// top returns the next bits.
func (r reader) top(bits int) reg.GPVirtual {
	t := GP64()
	MOVQ(r.acc, t)
	SHRQ(Imm(uint64(64-bits)), t)
	return t
}

// look loads the entry of a Table for the next code, and sets flags by whether
// it is special.
func (r reader) look(table, e reg.GPVirtual) {
	MOVL(Mem{Base: table, Index: r.top(lookBits), Scale: 4}, e.As32())
	TESTB(Imm(0x80), e.As8())
}

// long makes a special entry of a code that is longer than lookBits that of the
// code itself. It jumps to bad if there is none.
func (r reader) long(table, e reg.GPVirtual) {
	TESTL(U32(15<<16), e.As32())
	done := label("short")
	JNE(LabelRef(done))
	t := r.top(16)
	SUBL(at(table, tableFirst), t.As32())
	CMPQ(t, at(table, tableCount))
	JCC(LabelRef("bad"))
	MOVQ(at(table, tableLong), e)
	MOVL(Mem{Base: e, Index: t, Scale: 4}, e.As32())
	Label(done)
}

// split takes the code of a special entry and then a magnitude of the size that
// the entry names, which it returns with its sign.
func (r reader) split(e reg.GPVirtual) reg.GPVirtual {
	v, size, mask, low := GP64(), GP64(), GP64(), GP64()
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

// units writes the kernels that take the blocks of MCUs apart: into samples, or
// into coef if there is no pix, or nowhere.
func units(f transform) {
	function("decode", "func(first, last, unit *uintptr, blocks, limit int, bits *uint64, pix *uint8, coef *[64]int16, zigzag *uint8) (left, end int)")
	w := loadWalk()
	w.coef, w.zigzag = param("coef"), param("zigzag")
	b := newBlocks(f)
	Label("block")
	w.begin()
	b.begin(w)
	w.pairs()
	w.slow()
	Label("done")
	b.done(w)
	w.next()
	w.longDC()

	Label("bad")
	MOVQ(I32(-1), w.k)
	Label("return")
	MOVQ(I32(2), b.leaving) // for the block that is held, and the last one
	JMP(LabelRef("transform"))
	Label("left")
	DECQ(b.leaving)
	JNE(LabelRef("transform"))
	VZEROUPPER()
	w.end()

	function("skip", "func(first, last, unit *uintptr, blocks, limit int, bits *uint64) (left, end int)")
	w = loadWalk()
	Label("block")
	w.begin()
	w.dc()
	w.hops()
	w.slow()
	Label("done")
	w.next()
	w.longDC()
	Label("bad")
	MOVQ(I32(-1), w.k)
	Label("return")
	w.end()
}

// A walk is the way through the coefficients of blocks: into coef, or past them
// where that is nil.
type walk struct {
	reader
	unit, blocks, limit Mem // what is next, how many are left, up to where a block may begin
	first, last         Mem // units
	after, dcTable      Mem // unit of the block after that, and Table of the next one
	tableAt             Mem // where the ACTable is kept, if table is nil
	table, k            reg.GPVirtual
	coef, zigzag        reg.GPVirtual
	coefAt              int // from coef on
	diff                reg.GPVirtual
}

func loadWalk() *walk {
	w := &walk{reader: loadReader()}
	for _, m := range []*Mem{&w.unit, &w.blocks, &w.limit, &w.after, &w.dcTable} {
		*m = AllocLocal(8)
	}
	w.first, w.last = paramMem("first"), paramMem("last")
	w.table, w.k = GP64(), GP64()
	MOVQ(param("unit"), w.table)
	MOVQ(w.table, w.unit)
	MOVQ(at(w.table, unitDC), w.table)
	MOVQ(w.table, w.dcTable)
	MOVQ(param("blocks"), w.table)
	MOVQ(w.table, w.blocks)
	MOVQ(param("limit"), w.table)
	b := param("bits")
	ADDQ(at(b, bitsBuf), w.table)
	MOVQ(w.table, w.limit)
	w.complete()
	return w
}

// begin begins a block, unless there are too few bytes.
func (w *walk) begin() {
	MOVQ(I32(-2), w.k)
	CMPQ(w.p, w.limit)
	JHI(LabelRef("return"))
}

// blank begins the coefficients of a block: dc, and zeros behind it.
func (w *walk) blank(dc reg.GPVirtual) {
	zero := YMM()
	VPXOR(zero, zero, zero)
	for i := range 4 {
		VMOVDQU(zero, at(w.coef, w.coefAt+32*i))
	}
	MOVW(dc.As16(), at(w.coef, w.coefAt))
}

// next goes on to the next block.
func (w *walk) next() {
	w.advance()
	JNE(LabelRef("block"))
	JMP(LabelRef("return"))
}

// advance makes the next block the current one, and sets flags by how many are
// left.
func (w *walk) advance() {
	unit := GP64()
	MOVQ(w.after, unit)
	MOVQ(unit, w.unit)
	DECQ(w.blocks)
}

// codes returns the ACTable.
func (w *walk) codes() reg.GPVirtual {
	if w.table != nil {
		return w.table
	}
	t := GP64()
	MOVQ(w.tableAt, t)
	return t
}

// dc decodes the difference of a first coefficient and returns the coefficient.
//
// Nobody can foretell where a block ends, so that all of this begins late. Hence
// the look does without a refill, for which blocks leave bits enough, and its table
// is one that the block before has found.
func (w *walk) dc() reg.GPVirtual {
	table, bits := GP64(), GP64()
	MOVQ(w.dcTable, table)
	index := w.top(pairBits)
	MOVBLZX(field(table, index, 0), bits.As32())
	w.refill()
	TESTB(Imm(0x80), bits.As8())
	JNE(LabelRef("longDC"))
	w.diff = firstOf(table, index, w.acc)
	w.drop(bits)
	Label("dcDone")
	unit, after, ac := GP64(), GP64(), w.table
	MOVQ(w.unit, unit)
	if ac == nil {
		ac = GP64()
	}
	MOVQ(at(unit, unitAC), ac)
	if w.table == nil {
		MOVQ(ac, w.tableAt)
	}
	LEAQ(at(unit, unitBytes), after)
	CMPQ(unit, w.last)
	CMOVQEQ(w.first, after)
	MOVQ(after, w.after)
	MOVQ(at(after, unitDC), after)
	MOVQ(after, w.dcTable)
	MOVQ(at(unit, unitPred), unit)
	MOVWLSX(w.diff.As16(), w.diff.As32())
	ADDL(at(unit, 0), w.diff.As32())
	MOVL(w.diff.As32(), at(unit, 0))
	MOVQ(U32(1), w.k)
	return w.diff
}

// longDC is the rare part of dc.
func (w *walk) longDC() {
	table, e := GP64(), GP64()
	Label("longDC")
	MOVQ(w.dcTable, table)
	w.look(table, e)
	w.long(table, e)
	MOVQ(w.split(e), w.diff)
	JMP(LabelRef("dcDone"))
}

// put stores the coefficient before k.
func (w *walk) put(k, v reg.GPVirtual) {
	z := GP64()
	MOVBLZX(Mem{Base: w.zigzag, Index: k, Scale: 1, Disp: -1}, z.As32())
	MOVW(v.As16(), w.place(z))
}

// place is the coefficient at a place.
func (w *walk) place(z reg.GPVirtual) Mem {
	return Mem{Base: w.coef, Index: z, Scale: 2, Disp: w.coefAt}
}

// field is a part of the pair at index.
func field(table, index reg.GPVirtual, disp int) Mem {
	return Mem{Base: table, Index: index, Scale: 8, Disp: tablePairs + disp}
}

// firstOf returns the value of the first coefficient of a pair: what the table
// says, plus bits of its magnitude, of the bits that the pair begins with. It is
// in the low 16 bits.
func firstOf(table, index, acc reg.GPVirtual) reg.GPVirtual {
	v := GP64()
	MOVWLZX(field(table, index, 6), v.As32())
	BEXTRQ(v, acc, v)
	ADDL(field(table, index, 4), v.As32())
	return v
}

// both takes a pair, and stores its coefficients before k1 and before k. If there
// is one alone, the second has its place, and is stored before it.
func (w *walk) both(table, index, bits, k1 reg.GPVirtual) {
	v, second := firstOf(table, index, w.acc), GP64()
	w.drop(bits)
	MOVBLSX(field(table, index, 3), second.As32())
	w.put(w.k, second)
	w.put(k1, v)
}

// pairs decodes coefficients by pairs. All that is special leads beyond the end
// of the block, so that there is one branch.
//
// What takes time is the way from one index to the next: a load and two shifts.
// It stands before all else, which a processor gets done while it waits for
// loads. A refill, too, comes when the index has been taken.
func (w *walk) pairs() {
	Label("loop")
	index, next := w.top(pairBits), GP64()
	old, bits, k1 := GP64(), GP64(), GP64()
	Label("pairs")
	for i := range perRefill {
		MOVBLZX(field(w.table, index, 0), bits.As32())
		MOVBLZX(field(w.table, index, 1), k1.As32())
		if i == 0 {
			w.refill()
		}
		MOVQ(w.acc, old)
		SHLXQ(bits, w.acc, w.acc)
		MOVQ(w.acc, next)
		SHRQ(Imm(64-pairBits), next)
		ADDQ(w.k, k1)
		MOVBLZX(field(w.table, index, 2), w.k.As32())
		ADDQ(k1, w.k)
		CMPQ(w.k, Imm(64))
		JGE(LabelRef("over"))
		SUBL(bits.As32(), w.n.As32())
		second := GP64()
		MOVBLSX(field(w.table, index, 3), second.As32())
		w.put(w.k, second)
		w.put(k1, firstOf(w.table, index, old))
		index, next = next, index
	}
	MOVQ(index, next) // the first index of all
	JMP(LabelRef("pairs"))
	Label("over")
	MOVQ(old, w.acc)
	w.exit(k1)
}

// exit deals with a pair that leads beyond the end of the block.
func (w *walk) exit(k1 reg.GPVirtual) {
	Label("exit")
	table, index, bits := w.codes(), w.top(pairBits), GP64()
	MOVBLZX(field(table, index, 0), bits.As32())
	TESTB(Imm(0x80), bits.As8())
	JNE(LabelRef("undo"))
	CMPQ(k1, Imm(64))
	JGE(LabelRef("undo")) // the second is not of this block
	TESTB(Imm(0x40), bits.As8())
	JNE(LabelRef("ends"))
	w.both(table, index, bits, k1)
	JMP(LabelRef("taken"))

	// The block ends after the first coefficient, or at once: then what there is
	// before k is stored again.
	Label("ends")
	v := firstOf(table, index, w.acc)
	ANDL(Imm(63), bits.As32())
	w.drop(bits)
	run, was, place := GP64(), GP64(), GP64()
	MOVBLZX(field(table, index, 1), run.As32())
	MOVQ(k1, w.k)
	MOVBLZX(Mem{Base: w.zigzag, Index: w.k, Scale: 1, Disp: -1}, place.As32())
	MOVWLZX(w.place(place), was.As32())
	TESTL(run.As32(), run.As32())
	CMOVLEQ(was.As32(), v.As32())
	MOVW(v.As16(), w.place(place))
	JMP(LabelRef("done"))

	Label("undo")
	MOVBLZX(field(table, index, 1), w.k.As32())
	SUBQ(w.k, k1)
	MOVQ(k1, w.k)
}

// hops passes over as many coefficients as one look shows, in the way of pairs.
func (w *walk) hops() {
	Label("loop")
	index := w.top(hopBits)
	old, e, run := GP64(), GP64(), GP64()
	Label("hops")
	for i := range perRefill {
		MOVWLZX(Mem{Base: w.table, Index: index, Scale: 2, Disp: acHops}, e.As32())
		if i == 0 {
			w.refill()
		}
		MOVQ(w.acc, old)
		SHLXQ(e, w.acc, w.acc)
		MOVQ(w.acc, index)
		SHRQ(Imm(64-hopBits), index)
		MOVL(e.As32(), run.As32())
		SHRL(Imm(8), run.As32())
		ADDQ(w.k, run)
		CMPQ(run, Imm(64))
		JGE(LabelRef("over"))
		SUBL(e.As32(), w.n.As32())
		MOVQ(run, w.k)
	}
	JMP(LabelRef("hops"))
	Label("over")
	MOVQ(old, w.acc)
	w.exitHop(e, run)
}

// exitHop deals with a hop that leads beyond the end of the block.
func (w *walk) exitHop(e, run reg.GPVirtual) {
	Label("exit")
	TESTB(Imm(0x80), e.As8())
	JNE(LabelRef("undo"))
	SUBQ(Imm(128), run)
	JLT(LabelRef("undo")) // the block ends before all of them are passed
	CMPQ(run, Imm(64))
	JGE(LabelRef("undo"))
	w.drop(e)
	MOVQ(run, w.k)
	JMP(LabelRef("done"))
	Label("undo")
}

// slow decodes one coefficient, or the end of the block.
func (w *walk) slow() {
	e, kind := GP64(), GP64()
	w.refill()
	table := w.codes()
	w.look(table, e)
	JNE(LabelRef("special"))
	step(e, w.k)
	if w.zigzag != nil {
		v := GP64()
		MOVL(e.As32(), v.As32())
		SHRL(Imm(16), v.As32())
		w.put(w.k, v)
	}
	w.drop(e)
	Label("taken")
	CMPQ(w.k, Imm(64))
	JLT(LabelRef("loop"))
	JEQ(LabelRef("done"))
	JMP(LabelRef("bad"))

	Label("special")
	w.long(table, e)
	MOVL(e.As32(), kind.As32())
	SHRL(Imm(16), kind.As32())
	ANDL(Imm(15), kind.As32())
	CMPL(kind.As32(), Imm(1))
	JEQ(LabelRef("last"))
	step(e, w.k)
	if v := w.split(e); w.zigzag != nil {
		w.put(w.k, v) // 0 if it is a run without a coefficient
	}
	JMP(LabelRef("taken"))

	Label("last")
	TESTL(U32(15<<20), e.As32())
	JNE(LabelRef("bad")) // a run of blocks, which only progressive files have
	ANDL(Imm(63), e.As32())
	w.drop(e)
}

// end returns from the kernel.
func (w *walk) end() {
	w.store()
	MOVQ(w.blocks, w.table)
	Store(w.table, ReturnIndex(0))
	Store(w.k, ReturnIndex(1))
	RET()
}

// blocks are on their way from coefficients to samples. One is held in registers
// while the next one is decoded. Its coefficients have just been stored one by one,
// and what loads them as vectors waits until they are in the cache; so would the
// whole transform, and soon all behind it.
//
// One is transformed when the first coefficient of the block after the next has been
// looked up: the processor does that while it waits for the way from there to the
// second one.
type blocks struct {
	transform
	held            []reg.VecVirtual
	unit, last      Mem // whose coefficients are held, if any are, and how many they are
	ended, endedEnd Mem // the same of those that a walk has decoded last
	dc              Mem // the first coefficient of the next block
	leaving         Mem // not 0 where no block begins
}

func newBlocks(f transform) blocks {
	b := blocks{transform: f, held: ymm(4)}
	for _, v := range b.held {
		VPXOR(v, v, v)
	}
	for _, m := range []*Mem{&b.unit, &b.last, &b.ended, &b.endedEnd, &b.dc, &b.leaving} {
		*m = AllocLocal(8)
	}
	for _, m := range []Mem{b.unit, b.ended, b.leaving} {
		MOVQ(I32(0), m)
	}
	return b
}

// done notes that w has decoded a block.
func (b blocks) done(w *walk) {
	current := GP64()
	MOVQ(w.unit, current)
	MOVQ(current, b.ended)
	MOVQ(w.k, b.endedEnd)
}

// begin begins a block of w, transforms the block that is held, and holds the one
// that w has decoded last, unless its coefficients are what is asked for. Where no
// block begins, the way in is the label transform, and that out is left.
func (b blocks) begin(w *walk) {
	MOVQ(w.dc(), b.dc)

	Label("transform")
	dst := param("pix")
	TESTQ(dst, dst)
	JEQ(LabelRef("coefficients"))
	unit, to := GP64(), GP64()
	MOVQ(b.unit, unit)
	TESTQ(unit, unit)
	JEQ(LabelRef("hold"))
	MOVQ(at(unit, unitAt), to)
	ADDQ(to, dst)
	ADDQ(at(unit, unitStep), to)
	MOVQ(to, at(unit, unitAt))
	stride, quant := GP64(), GP64()
	MOVQ(at(unit, unitStride), stride)
	MOVQ(at(unit, unitQuant), quant)
	CMPQ(b.last, Imm(1))
	JEQ(LabelRef("even"))
	b.block(dst, stride, quant, b.held)
	JMP(LabelRef("hold"))
	Label("even")
	b.even(dst, stride, quant, b.held)

	Label("hold")
	for i, v := range b.held {
		VMOVDQU(at(w.coef, w.coefAt+32*i), v)
	}
	ended := GP64()
	MOVQ(b.ended, ended)
	MOVQ(ended, b.unit)
	MOVQ(b.endedEnd, ended)
	MOVQ(ended, b.last)
	MOVQ(I32(0), b.ended)
	Label("coefficients")
	CMPQ(b.leaving, Imm(0))
	JNE(LabelRef("left"))

	dc := GP64()
	MOVQ(b.dc, dc)
	w.blank(dc)
}

// step adds the run of e to k.
func step(e, k reg.GPVirtual) {
	s := GP64()
	MOVL(e.As32(), s.As32())
	SHRL(Imm(8), s.As32())
	MOVBLZX(s.As8(), s.As32())
	ADDQ(s, k)
}

var labels int

// label makes a name unique.
func label(name string) string {
	labels++
	return name + string(rune('A'+labels-1))
}
