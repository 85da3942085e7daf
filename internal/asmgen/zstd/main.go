// Command zstd writes the kernel of package zstd.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Where the fields of a state lie.
const (
	dstStart, dstAt, dstLast    = 0, 8, 16
	literalsStart, literalsLeft = 24, 32
	bitsStart, bitsMore         = 40, 48
	states                      = 56
	count                       = 80
	recent                      = 88
	found                       = 104
	tables                      = 128
	tableSize                   = 8 << 9
)

// The parts of a sequence, in the order of their states and tables.
const (
	literalLength = iota
	offset
	matchLength
)

// The parts of an entry of a table.
const base, next, stateBits, extraBits = 0, 4, 6, 7

// mostStateBits is what the states of a sequence take at most. The extra bits of its
// offset alone leave so many of 56.
const mostStateBits = 9 + 9 + 8

// step is how many bytes are copied at once. Most copies are no longer.
const step = 16

// ahead is how far before its time memory is asked for that will be written: where
// columns are decoded it has left the cache.
const ahead = 1024

// kernel is the loop over sequences. It takes some eighty instructions for each and no
// branch that data decides, but for lengths: what takes the time is how many these are.
type kernel struct {
	s     reg.Register
	state [3]reg.GPVirtual
	// The bits that follow end within eight bytes from p, so many bits from there.
	p, bits reg.GPVirtual
	recent  reg.VecVirtual
	dst     reg.GPVirtual
	lit     reg.GPVirtual
	back    reg.GPVirtual
	end     Mem // of what may be decoded to
	litEnd  Mem

	// within a sequence
	window, ll, ml, value, n, t reg.GPVirtual
	x                           reg.VecVirtual
}

func main() {
	ConstraintExpr("!purego")
	turns, periods, agains := turnTable(), periodTable(), againTable()
	TEXT("decodeBMI2", NOSPLIT, "func(s *uint64) bool")
	Pragma("noescape")
	Doc("decodeBMI2 decodes the sequences of a state until one is not for it, as it is near",
		"the end of something, or damaged. It returns true if it has left that one to be",
		"copied, in found.")
	k := newKernel()
	Label("sequence")
	SUBQ(Imm(1), k.field(count))
	JCS(LabelRef("out"))
	k.refill()
	k.values()
	k.states()
	k.offset(turns)
	k.copy()
	k.near(periods, agains)
	k.far()
	k.long()
	k.leave()
	Generate()
}

func newKernel() *kernel {
	k := &kernel{s: Load(Param("s"), GP64()), p: GP64(), bits: GP64(), recent: XMM(), dst: GP64(), lit: GP64(), back: GP64(),
		end: AllocLocal(8), litEnd: AllocLocal(8), window: GP64(), ll: GP64(), ml: GP64(), value: GP64(), n: GP64(), t: GP64(), x: XMM()}
	MOVQ(k.field(dstStart), k.dst)
	MOVQ(k.field(dstLast), k.t)
	ADDQ(k.dst, k.t)
	MOVQ(k.t, k.end)
	ADDQ(k.field(dstAt), k.dst)
	MOVQ(k.field(literalsStart), k.lit)
	MOVQ(k.field(literalsLeft), k.t)
	ADDQ(k.lit, k.t)
	MOVQ(k.t, k.litEnd)
	MOVQ(k.field(bitsMore), k.bits)
	MOVQ(k.bits, k.p)
	SARQ(Imm(3), k.p)
	ADDQ(k.field(bitsStart), k.p)
	ANDQ(Imm(7), k.bits)
	for part := range k.state {
		k.state[part] = GP64()
		MOVQ(k.field(states+8*part), k.state[part])
	}
	VMOVDQU(k.field(recent), k.recent)
	MOVL(k.field(recent), k.back.As32())
	return k
}

func (k *kernel) field(at int) Mem { return Mem{Base: k.s, Disp: at} }

// entry is a field of the entry that a state stands for.
func (k *kernel) entry(part, field int) Mem {
	return Mem{Base: k.s, Disp: tables + part*tableSize + field, Index: k.state[part], Scale: 8}
}

// refill makes the window hold 56 bits at least, or goes out.
func (k *kernel) refill() {
	MOVQ(k.bits, k.t)
	SHRQ(Imm(3), k.t)
	LEAQ(Mem{Base: k.p, Index: k.t, Scale: 1, Disp: -7}, k.p)
	ORQ(Imm(56), k.bits)
	CMPQ(k.p, k.field(bitsStart))
	JCS(LabelRef("out"))
	MOVQ(Mem{Base: k.p}, k.window)
}

// take sets x to the next n bits.
func (k *kernel) take(n, x reg.Register) {
	SUBQ(n, k.bits)
	SHRXQ(k.bits, k.window, x)
	BZHIQ(n, x, x)
}

// values decodes ll, ml and the value of the offset. Few lengths have extra bits.
func (k *kernel) values() {
	MOVBQZX(k.entry(literalLength, extraBits), k.ll)
	MOVBQZX(k.entry(matchLength, extraBits), k.ml)
	MOVBQZX(k.entry(offset, extraBits), k.n)
	k.take(k.n, k.value)
	ADDL(k.entry(offset, base), k.value.As32())
	ADDL(k.ml.As32(), k.ll.As32())
	JNE(LabelRef("extra"))
	MOVL(k.entry(matchLength, base), k.ml.As32())
	MOVL(k.entry(literalLength, base), k.ll.As32())
}

// states goes on to the next states.
func (k *kernel) states() {
	Label("states")
	for _, part := range []int{literalLength, matchLength, offset} {
		MOVBQZX(k.entry(part, stateBits), k.n)
		k.take(k.n, k.t)
		MOVWLZX(k.entry(part, next), k.state[part].As32())
		ADDQ(k.t, k.state[part])
	}
}

// offset makes back the offset that value means, and the last three those that follow
// on it: which of them it is, or that it is a new one, tells how they turn.
func (k *kernel) offset(turns Mem) {
	which, old := k.t, k.window
	LEAL(Mem{Base: k.value, Disp: -1}, which.As32())
	CMPL(k.ll.As32(), Imm(1))
	ADCL(Imm(0), which.As32())
	LEAL(Mem{Base: k.back, Disp: -1}, old.As32())
	LEAL(Mem{Base: k.value, Disp: -3}, k.n.As32())
	CMPL(k.value.As32(), Imm(4))
	CMOVLCS(old.As32(), k.n.As32()) // what a new one is
	MOVL(U32(3), old.As32())
	CMOVLCC(old.As32(), which.As32())
	VPINSRD(Imm(3), k.n.As32(), k.recent, k.recent)
	ADDL(which.As32(), which.As32())
	LEAQ(turns, old)
	VPSHUFB(Mem{Base: old, Index: which, Scale: 8}, k.recent, k.recent)
	VMOVD(k.recent, k.back.As32())
}

// copy copies the literals and the match, if it may.
func (k *kernel) copy() {
	to, from, litNext := k.t, k.value, k.window
	LEAQ(Mem{Base: k.dst, Index: k.ll, Scale: 1}, to)
	LEAQ(Mem{Base: to, Index: k.ml, Scale: 1}, k.n)
	CMPQ(k.n, k.end)
	JHI(LabelRef("found"))
	MOVQ(to, from)
	SUBQ(k.back, from)
	CMPQ(from, k.field(dstStart))
	JCS(LabelRef("found"))
	VMOVDQU(Mem{Base: k.lit}, k.x)
	LEAQ(Mem{Base: k.lit, Index: k.ll, Scale: 1}, litNext)
	CMPQ(litNext, k.litEnd)
	JHI(LabelRef("found"))
	VMOVDQU(k.x, Mem{Base: k.dst})
	CMPQ(k.ll, Imm(step))
	JHI(LabelRef("literals"))
	Label("match")
	MOVQ(litNext, k.lit)
	MOVQ(k.n, k.dst)
	PREFETCHT0(Mem{Base: k.dst, Disp: ahead})
	CMPQ(k.back, Imm(step))
	JCS(LabelRef("near"))
	VMOVDQU(Mem{Base: from}, k.x)
	VMOVDQU(k.x, Mem{Base: to})
	CMPQ(k.ml, Imm(step))
	JLS(LabelRef("sequence"))
	JMP(LabelRef("far"))
}

// near copies a match that may overlap itself within a step.
func (k *kernel) near(periods, agains Mem) {
	to, from, word := k.t, k.value, k.window
	Label("near")
	CMPQ(k.back, Imm(8))
	JCS(LabelRef("period"))
	MOVQ(Mem{Base: from}, word)
	MOVQ(word, Mem{Base: to})
	MOVQ(Mem{Base: from, Disp: 8}, word)
	MOVQ(word, Mem{Base: to, Disp: 8})
	CMPQ(k.ml, Imm(step))
	JLS(LabelRef("sequence"))
	ADDQ(Imm(step), from)

	Label("words")
	ADDQ(Imm(step), to)
	SUBQ(Imm(step), k.ml)
	Label("word")
	MOVQ(Mem{Base: from}, word)
	MOVQ(word, Mem{Base: to})
	ADDQ(Imm(8), from)
	ADDQ(Imm(8), to)
	SUBQ(Imm(8), k.ml)
	JHI(LabelRef("word"))
	JMP(LabelRef("sequence"))

	Label("period")
	VMOVDQU(Mem{Base: from}, k.x)
	LEAQ(Mem{Base: k.back, Index: k.back, Scale: 1}, k.n)
	LEAQ(periods, word)
	VPSHUFB(Mem{Base: word, Index: k.n, Scale: 8}, k.x, k.x)
	VMOVDQU(k.x, Mem{Base: to})
	LEAQ(agains, word)
	MOVBQZX(Mem{Base: word, Index: k.back, Scale: 1}, k.n)
	LEAQ(Mem{Base: to, Disp: step}, from)
	SUBQ(k.n, from)
	TESTQ(k.back, k.back)
	JEQ(LabelRef("nowhere"))
	CMPQ(k.ml, Imm(step))
	JHI(LabelRef("words"))
	JMP(LabelRef("sequence"))
}

// far copies what is longer than a step.
func (k *kernel) far() {
	to, from := k.t, k.value
	Label("far")
	ADDQ(Imm(step), from)
	ADDQ(Imm(step), to)
	VMOVDQU(Mem{Base: from}, k.x)
	VMOVDQU(k.x, Mem{Base: to})
	SUBQ(Imm(step), k.ml)
	CMPQ(k.ml, Imm(step))
	JHI(LabelRef("far"))
	JMP(LabelRef("sequence"))

	Label("literals")
	ADDQ(Imm(step), k.lit)
	ADDQ(Imm(step), k.dst)
	VMOVDQU(Mem{Base: k.lit}, k.x)
	VMOVDQU(k.x, Mem{Base: k.dst})
	SUBQ(Imm(step), k.ll)
	CMPQ(k.ll, Imm(step))
	JHI(LabelRef("literals"))
	JMP(LabelRef("match"))
}

// long decodes lengths that have extra bits, if the window has those of the states, too.
func (k *kernel) long() {
	Label("extra")
	MOVQ(k.bits, k.t)
	SUBL(k.ml.As32(), k.ll.As32())
	for _, f := range []struct {
		part int
		x    reg.GPVirtual
	}{{matchLength, k.ml}, {literalLength, k.ll}} {
		MOVQ(f.x, k.n)
		k.take(k.n, f.x)
		ADDL(k.entry(f.part, base), f.x.As32())
	}
	CMPQ(k.bits, Imm(mostStateBits))
	JGE(LabelRef("states"))
	MOVQ(k.t, k.bits) // and back to where the sequence begins
	MOVBQZX(k.entry(offset, extraBits), k.n)
	ADDQ(k.n, k.bits)
	JMP(LabelRef("out"))
}

// leave returns.
func (k *kernel) leave() {
	result := k.n
	Label("nowhere")
	XORL(k.ll.As32(), k.ll.As32()) // they are copied
	Label("found")
	for i, x := range []reg.GPVirtual{k.ll, k.ml, k.back} {
		MOVQ(x, k.field(found+8*i))
	}
	MOVL(U32(1), result.As32())
	JMP(LabelRef("leave"))
	Label("out")
	ADDQ(Imm(1), k.field(count))
	XORL(result.As32(), result.As32())
	Label("leave")
	SUBQ(k.field(dstStart), k.dst)
	MOVQ(k.dst, k.field(dstAt))
	MOVQ(k.litEnd, k.t)
	SUBQ(k.lit, k.t)
	MOVQ(k.t, k.field(literalsLeft))
	SUBQ(k.field(bitsStart), k.p)
	LEAQ(Mem{Base: k.bits, Index: k.p, Scale: 8}, k.p)
	MOVQ(k.p, k.field(bitsMore))
	for part, state := range k.state {
		MOVQ(state, k.field(states+8*part))
	}
	VMOVDQU(k.recent, k.field(recent))
	Store(result.As8(), ReturnIndex(0))
	RET()
}

// turnTable says which of the last three offsets and a new one follow on which use.
func turnTable() Mem {
	m := GLOBL("turns", RODATA|NOPTR)
	for i, order := range [4][4]int{{0, 1, 2, 3}, {1, 0, 2, 3}, {2, 0, 1, 3}, {3, 0, 1, 2}} {
		for j, from := range order {
			for b := range 4 {
				DATA(16*i+4*j+b, U8(uint8(4*from+b)))
			}
		}
	}
	return m
}

// periodTable says which bytes follow on a period shorter than eight.
func periodTable() Mem {
	m := GLOBL("periods", RODATA|NOPTR)
	for p := range 8 {
		for i := range step {
			DATA(step*p+i, U8(uint8(i%max(p, 1))))
		}
	}
	return m
}

// againTable says how far back, up to a step, whole periods begin.
func againTable() Mem {
	m := GLOBL("agains", RODATA|NOPTR)
	for p := range 8 {
		DATA(p, U8(uint8(step/max(p, 1)*max(p, 1))))
	}
	return m
}
