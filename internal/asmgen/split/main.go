// Command split writes the kernels of package split.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

const (
	block   = 64 // bytes that are looked at at once
	vector  = 32 // of a register
	stored  = 8  // places that are stored at once, with or without a meaning: see Slack
	element = 4  // bytes of a place
)

func main() {
	ConstraintExpr("!purego")
	TEXT("endsAVX2", NOSPLIT, "func(ends, breaks *int32, quotes *uint64, text *byte, blocks int, comma byte) (cells, lines, inside int)")
	Pragma("noescape")
	Doc("endsAVX2 is Ends of blocks of 64 bytes. It returns whether the last one ends in quotes: -1, or else 0.")
	ends, breaks, text := Load(Param("ends"), GP64()), Load(Param("breaks"), GP64()), Load(Param("text"), GP64())
	quotes, blocks := Load(Param("quotes"), GP64()), Load(Param("blocks"), GP64())
	comma, newline, quote := YMM(), YMM(), YMM()
	given := GP32()
	MOVBLZX(Load(Param("comma"), GP8()), given)
	spread(given, comma)
	spread(number('\n'), newline)
	spread(number('"'), quote)
	cells, lines, inside, at := zero(), zero(), zero(), zero() // at: of the block in text

	Label("block")
	found, breaking, quoting := masks(text, comma, newline, quote)
	MOVQ(quoting, Mem{Base: quotes})
	ADDQ(Imm(8), quotes)
	within := GP64()
	MOVQ(quoting, within)
	ORQ(inside, within)
	JE(LabelRef("outside"))
	spans(quoting, inside, within)
	ANDNQ(found, within, found)
	ANDNQ(breaking, within, breaking)
	Label("outside")
	left, low := GP64(), GP64()
	MOVQ(found, left)
	to := GP64()
	LEAQ(Mem{Base: ends, Index: cells, Scale: element}, to)
	Label("store")
	for i := range stored {
		TZCNTQ(left, low)
		ADDL(at.As32(), low.As32())
		MOVL(low.As32(), Mem{Base: to, Disp: element * i})
		BLSRQ(left, left)
	}
	ADDQ(Imm(stored*element), to)
	TESTQ(left, left)
	JNE(LabelRef("store"))

	TESTQ(breaking, breaking)
	JE(LabelRef("next"))
	Label("line")
	BLSMSKQ(breaking, low) // what lies up to the end of the line
	ANDQ(found, low)
	POPCNTQ(low, low)
	ADDQ(cells, low)
	MOVL(low.As32(), Mem{Base: breaks, Index: lines, Scale: element})
	INCQ(lines)
	BLSRQ(breaking, breaking)
	JNE(LabelRef("line"))

	Label("next")
	POPCNTQ(found, low)
	ADDQ(low, cells)
	ADDQ(Imm(block), text)
	ADDQ(Imm(block), at)
	DECQ(blocks)
	JNE(LabelRef("block"))
	VZEROUPPER()
	Store(cells, Return("cells"))
	Store(lines, Return("lines"))
	Store(inside, Return("inside"))
	RET()
	plain()
	Generate()
}

// plain writes the kernel that looks for the end of plain text.
func plain() {
	TEXT("plainAVX2", NOSPLIT, "func(text *byte, blocks int) (n int)")
	Pragma("noescape")
	Doc("plainAVX2 returns how many bytes come before the first that is not plain, of blocks of 32 bytes.")
	text, blocks := Load(Param("text"), GP64()), Load(Param("blocks"), GP64())
	begin, found := GP64(), GP64()
	MOVQ(text, begin)
	quote, backslash, control := YMM(), YMM(), YMM()
	spread(number('"'), quote)
	spread(number('\\'), backslash)
	spread(number(' '-1), control)
	Label("vector")
	x, a, b := YMM(), YMM(), YMM()
	VMOVDQU(Mem{Base: text}, x)
	VPCMPEQB(x, quote, a)
	VPCMPEQB(x, backslash, b)
	VPOR(a, b, a)
	VPMINUB(control, x, b)
	VPCMPEQB(x, b, b)
	VPOR(a, b, a)
	VPMOVMSKB(a, found.As32())
	TESTL(found.As32(), found.As32())
	JNE(LabelRef("special"))
	ADDQ(Imm(vector), text)
	DECQ(blocks)
	JNE(LabelRef("vector"))
	XORL(found.As32(), found.As32())
	JMP(LabelRef("done"))
	Label("special")
	TZCNTL(found.As32(), found.As32())
	Label("done")
	SUBQ(begin, text)
	ADDQ(found, text)
	VZEROUPPER()
	Store(text, Return("n"))
	RET()
}

func number(c byte) reg.GPVirtual {
	r := GP32()
	MOVL(U32(uint32(c)), r)
	return r
}

func zero() reg.GPVirtual {
	r := GP64()
	XORQ(r, r)
	return r
}

// spread sets all bytes of x to the lowest of c.
func spread(c reg.GPVirtual, x reg.VecVirtual) {
	VMOVD(c, x.AsX())
	VPBROADCASTB(x.AsX(), x)
}

// masks returns a bit for each byte of the block that ends a cell, that ends a line, and
// that is a quote.
func masks(text reg.Register, comma, newline, quote reg.VecVirtual) (found, breaking, quoting reg.GPVirtual) {
	var ends, lines, quotes [block / vector]reg.VecVirtual
	for i := range ends {
		x := YMM()
		ends[i], lines[i], quotes[i] = YMM(), YMM(), YMM()
		VMOVDQU(Mem{Base: text, Disp: vector * i}, x)
		VPCMPEQB(x, quote, quotes[i])
		VPCMPEQB(x, newline, lines[i])
		VPCMPEQB(x, comma, ends[i])
		VPOR(lines[i], ends[i], ends[i])
	}
	return bitsOf(ends[0], ends[1]), bitsOf(lines[0], lines[1]), bitsOf(quotes[0], quotes[1])
}

// spans sets within to the bytes from each quote up to the next, which belong together
// where inside is 0, and else from the first byte on, and inside to whether the block
// ends so.
func spans(quoting, inside, within reg.GPVirtual) {
	MOVQ(quoting, within)
	for shift := uint64(1); shift < block; shift *= 2 { // to how many quotes are before, and here, modulo 2
		t := GP64()
		MOVQ(within, t)
		SHLQ(Imm(shift), t)
		XORQ(t, within)
	}
	XORQ(inside, within)
	MOVQ(within, inside)
	SARQ(Imm(63), inside)
}

// bitsOf returns the highest bit of each byte.
func bitsOf(low, high reg.VecVirtual) reg.GPVirtual {
	a, b := GP64(), GP64()
	VPMOVMSKB(low, a.As32())
	VPMOVMSKB(high, b.As32())
	SHLQ(Imm(32), b)
	ORQ(b, a)
	return a
}
