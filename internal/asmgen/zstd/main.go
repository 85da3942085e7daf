// Command zstd writes the kernel of package zstd.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Where the fields of sequences lie.
const (
	to, at, last          = 0, 8, 16
	next, left            = 24, 32
	from                  = 40
	more                  = 48
	literalLength         = 56
	matchLength, offset   = 64, 72
	count, recent         = 80, 88
	found                 = 104
	lengthTable           = 128
	offsetTable           = lengthTable + tableSize
	matchTable            = offsetTable + tableSize
	tableSize             = 8 << 9
	base, goOn, bits, extra = 0, 4, 6, 7 // of an entry
)

// stateBits is how many bits the states of a sequence take at most.
const stateBits = 9 + 9 + 8

type kernel struct {
	s                   reg.Register
	dst, lit, p, c      reg.GPVirtual
	lengths, matches, o reg.GPVirtual // states
	back                reg.GPVirtual
	w                   reg.GPVirtual
	recent              reg.VecVirtual
	end, litEnd         Mem
}

func main() {
	ConstraintExpr("!purego")
	turns, periods, agains := tables()
	TEXT("decodeBMI2", NOSPLIT, "func(s *uint64) bool")
	Pragma("noescape")
	Doc("decodeBMI2 decodes sequences until one is not for it. It returns true if it has",
		"decoded this one, and left it to be copied.")
	k := &kernel{s: Load(Param("s"), GP64())}
	k.load()
	// the registers that are free within an iteration
	n, t, ll, ml, value := GP64(), GP64(), GP64(), GP64(), GP64()
	k.w = GP64()
	x := XMM()

	Label("sequence")
	SUBQ(Imm(1), k.field(count))
	JCS(LabelRef("out"))
	Comment("56 bits at least")
	MOVQ(k.c, t)
	SHRQ(Imm(3), t)
	LEAQ(Mem{Base: k.p, Index: t, Scale: 1, Disp: -7}, k.p)
	ORQ(Imm(56), k.c)
	CMPQ(k.p, k.field(from))
	JB(LabelRef("out"))
	MOVQ(Mem{Base: k.p}, k.w)

	Comment("values")
	k.take(k.entry(offsetTable, k.o, extra), n, value)
	ADDL(k.entry(offsetTable, k.o, base), value.As32())
	k.take(k.entry(matchTable, k.matches, extra), n, ml)
	ADDL(k.entry(matchTable, k.matches, base), ml.As32())
	k.take(k.entry(lengthTable, k.lengths, extra), n, ll)
	ADDL(k.entry(lengthTable, k.lengths, base), ll.As32())
	CMPQ(k.c, Imm(stateBits))
	JLT(LabelRef("wide"))

	Comment("states")
	for _, f := range []struct {
		table int
		state reg.GPVirtual
	}{{lengthTable, k.lengths}, {matchTable, k.matches}, {offsetTable, k.o}} {
		k.take(k.entry(f.table, f.state, bits), n, t)
		MOVWLZX(k.entry(f.table, f.state, goOn), f.state.As32())
		ADDQ(t, f.state)
	}

	Comment("the offset, by the last three")
	MOVL(value.As32(), t.As32())
	CMPL(ll.As32(), Imm(1))
	ADCL(I8(-1), t.As32()) // which of them
	LEAL(Mem{Base: k.back, Disp: -1}, k.w.As32())
	LEAL(Mem{Base: value, Disp: -3}, n.As32())
	CMPL(value.As32(), Imm(4))
	CMOVLCS(k.w.As32(), n.As32())
	VPINSRD(Imm(3), n.As32(), k.recent, k.recent)
	MOVL(U32(3), k.w.As32())
	CMPL(t.As32(), k.w.As32())
	CMOVLCC(k.w.As32(), t.As32())
	SHLQ(Imm(4), t)
	LEAQ(turns, k.w)
	VPSHUFB(Mem{Base: k.w, Index: t, Scale: 1}, k.recent, k.recent)
	VMOVD(k.recent, k.back.As32())

	Comment("is there room, are there so many")
	LEAQ(Mem{Base: k.dst, Index: ll, Scale: 1}, t)
	LEAQ(Mem{Base: t, Index: ml, Scale: 1}, n)
	CMPQ(n, k.end)
	JHI(LabelRef("pending"))
	MOVQ(t, value)
	SUBQ(k.back, value)
	CMPQ(value, k.field(to))
	JB(LabelRef("pending"))
	VMOVDQU(Mem{Base: k.lit}, x)
	LEAQ(Mem{Base: k.lit, Index: ll, Scale: 1}, k.w)
	CMPQ(k.w, k.litEnd)
	JHI(LabelRef("pending"))

	Comment("literals")
	VMOVDQU(x, Mem{Base: k.dst})
	CMPQ(ll, Imm(16))
	JHI(LabelRef("literals"))
	Label("match")
	MOVQ(k.w, k.lit)
	MOVQ(n, k.dst)
	CMPQ(k.back, Imm(16))
	JB(LabelRef("near"))
	VMOVDQU(Mem{Base: value}, x)
	VMOVDQU(x, Mem{Base: t})
	CMPQ(ml, Imm(16))
	JLS(LabelRef("sequence"))
	Label("far")
	ADDQ(Imm(16), value)
	ADDQ(Imm(16), t)
	VMOVDQU(Mem{Base: value}, x)
	VMOVDQU(x, Mem{Base: t})
	SUBQ(Imm(16), ml)
	CMPQ(ml, Imm(16))
	JHI(LabelRef("far"))
	JMP(LabelRef("sequence"))

	Label("near")
	CMPQ(k.back, Imm(8))
	JB(LabelRef("period"))
	MOVQ(Mem{Base: value}, k.w)
	MOVQ(k.w, Mem{Base: t})
	MOVQ(Mem{Base: value, Disp: 8}, k.w)
	MOVQ(k.w, Mem{Base: t, Disp: 8})
	CMPQ(ml, Imm(16))
	JLS(LabelRef("sequence"))
	ADDQ(Imm(16), value)
	Label("words")
	ADDQ(Imm(16), t)
	SUBQ(Imm(16), ml)
	Label("word")
	MOVQ(Mem{Base: value}, k.w)
	MOVQ(k.w, Mem{Base: t})
	ADDQ(Imm(8), value)
	ADDQ(Imm(8), t)
	SUBQ(Imm(8), ml)
	JHI(LabelRef("word"))
	JMP(LabelRef("sequence"))

	Label("period")
	TESTQ(k.back, k.back)
	JEQ(LabelRef("wrong"))
	VMOVDQU(Mem{Base: value}, x)
	MOVQ(k.back, n)
	SHLQ(Imm(4), n)
	LEAQ(periods, value)
	VPSHUFB(Mem{Base: value, Index: n, Scale: 1}, x, x)
	VMOVDQU(x, Mem{Base: t})
	CMPQ(ml, Imm(16))
	JLS(LabelRef("sequence"))
	LEAQ(agains, value)
	MOVBQZX(Mem{Base: value, Index: k.back, Scale: 1}, n)
	LEAQ(Mem{Base: t, Disp: 16}, value)
	SUBQ(n, value)
	JMP(LabelRef("words"))

	Label("literals")
	ADDQ(Imm(16), k.lit)
	ADDQ(Imm(16), k.dst)
	VMOVDQU(Mem{Base: k.lit}, x)
	VMOVDQU(x, Mem{Base: k.dst})
	SUBQ(Imm(16), ll)
	CMPQ(ll, Imm(16))
	JHI(LabelRef("literals"))
	JMP(LabelRef("match"))

	Label("pending")
	MOVQ(ll, k.field(found))
	MOVQ(ml, k.field(found+8))
	MOVQ(k.back, k.field(found+16))
	MOVL(U32(1), ll.As32())
	JMP(LabelRef("save"))
	Label("wrong")
	MOVQ(k.back, k.field(found+16))
	MOVL(U32(1), ll.As32())
	JMP(LabelRef("save"))
	Label("wide")
	MOVBQZX(k.entry(offsetTable, k.o, extra), n)
	ADDQ(n, k.c)
	MOVBQZX(k.entry(matchTable, k.matches, extra), n)
	ADDQ(n, k.c)
	MOVBQZX(k.entry(lengthTable, k.lengths, extra), n)
	ADDQ(n, k.c)
	Label("out")
	ADDQ(Imm(1), k.field(count))
	XORL(ll.As32(), ll.As32())
	Label("save")
	k.save(t)
	Store(ll.As8(), ReturnIndex(0))
	RET()
	Generate()
}

func (k *kernel) field(at int) Mem { return Mem{Base: k.s, Disp: at} }

// entry is a part of the entry of a table that a state stands for.
func (k *kernel) entry(table int, state reg.Register, part int) Mem {
	return Mem{Base: k.s, Disp: table + part, Index: state, Scale: 8}
}

// take sets x to as many bits as the byte at m says.
func (k *kernel) take(m Mem, n, x reg.Register) {
	MOVBQZX(m, n)
	SUBQ(n, k.c)
	SHRXQ(k.c, k.w, x)
	BZHIQ(n, x, x)
}

func (k *kernel) load() {
	k.dst, k.lit, k.p, k.c = GP64(), GP64(), GP64(), GP64()
	k.lengths, k.matches, k.o, k.back, k.recent = GP64(), GP64(), GP64(), GP64(), XMM()
	k.end, k.litEnd = AllocLocal(8), AllocLocal(8)
	t := GP64()
	MOVQ(k.field(to), k.dst)
	MOVQ(k.field(last), t)
	ADDQ(k.dst, t)
	MOVQ(t, k.end)
	ADDQ(k.field(at), k.dst)
	MOVQ(k.field(next), k.lit)
	MOVQ(k.field(left), t)
	ADDQ(k.lit, t)
	MOVQ(t, k.litEnd)
	MOVQ(k.field(more), k.c)
	MOVQ(k.c, k.p)
	SARQ(Imm(3), k.p)
	ADDQ(k.field(from), k.p)
	ANDQ(Imm(7), k.c)
	MOVQ(k.field(literalLength), k.lengths)
	MOVQ(k.field(matchLength), k.matches)
	MOVQ(k.field(offset), k.o)
	VMOVDQU(k.field(recent), k.recent)
	MOVL(k.field(recent), k.back.As32())
}

func (k *kernel) save(t reg.GPVirtual) {
	SUBQ(k.field(to), k.dst)
	MOVQ(k.dst, k.field(at))
	MOVQ(k.lit, k.field(next))
	MOVQ(k.litEnd, t)
	SUBQ(k.lit, t)
	MOVQ(t, k.field(left))
	SUBQ(k.field(from), k.p)
	LEAQ(Mem{Base: k.c, Index: k.p, Scale: 8}, k.p)
	MOVQ(k.p, k.field(more))
	MOVQ(k.lengths, k.field(literalLength))
	MOVQ(k.matches, k.field(matchLength))
	MOVQ(k.o, k.field(offset))
	VMOVDQU(k.recent, k.field(recent))
}

// tables says which of the last three offsets, behind which lies a new one, follow on
// which use; which bytes follow on a period shorter than eight; and how far back, eight
// bytes or more, it stands again.
func tables() (turns, periods, agains Mem) {
	turns = GLOBL("turns", RODATA|NOPTR)
	for i, order := range [4][4]int{{0, 1, 2, 3}, {1, 0, 2, 3}, {2, 0, 1, 3}, {3, 0, 1, 2}} {
		for j, from := range order {
			for b := range 4 {
				DATA(16*i+4*j+b, U8(uint8(4*from+b)))
			}
		}
	}
	periods = GLOBL("periods", RODATA|NOPTR)
	for p := range 8 {
		for i := range 16 {
			DATA(16*p+i, U8(uint8(i%max(p, 1))))
		}
	}
	agains = GLOBL("agains", RODATA|NOPTR)
	for p := range 8 {
		DATA(p, U8(uint8(16/max(p, 1)*max(p, 1))))
	}
	return turns, periods, agains
}
