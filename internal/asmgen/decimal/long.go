package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

const (
	margin  = 8                          // see package decimal
	highest = 9220000000000000000 / 1e16 // the digits before the last 16, at most
)

// long writes the kernel for numbers of up to 32 bytes, one at a time.
func long() {
	TEXT("longAVX2", NOSPLIT, "func(dst *float32, text *byte, ends *int32, stride, trim int, odd *int32, n int) (left int)")
	Pragma("noescape")
	Doc("longAVX2 reads the numbers that odd lists, leaves there those that are not for it, and returns how many these are.")
	dst, c := Load(Param("dst"), GP64()), loadColumn()
	odd, n := Load(Param("odd"), GP64()), Load(Param("n"), GP64())
	left, table := GP64(), GP64()
	MOVQ(odd, left)
	LEAQ(powers("powersOfTen32", vector), table)

	Label("number")
	which, end, length := GP64(), GP64(), GP64()
	MOVL(Mem{Base: odd}, which.As32())
	MOVQ(which, length)
	IMULQ(c.stride, length)
	ADDQ(c.ends, length)
	MOVL(Mem{Base: length, Disp: element}, end.As32())
	MOVL(Mem{Base: length}, length.As32())
	refuseLength(end, length, c.beside)

	x, first, t := YMM(), YMM(), YMM()
	VMOVDQU(Mem{Base: c.text, Index: end, Scale: 1, Disp: -vector}, x)
	NEGL(length.As32())
	ADDL(Imm(vector), length.As32())
	VMOVD(length.As32(), first.AsX())
	VPBROADCASTB(first.AsX(), first)
	signs, bad := mark(x, first, vector)
	point := pointOf(x, t)
	shifted := YMM()
	VPERM2I128(Imm(0x08), x, x, shifted)
	VPALIGNR(Imm(15), shifted, x, shifted)
	x = fours(x, shifted, t, vector, bad)
	VPTEST(bad, bad)
	JNE(LabelRef("odd"))
	f := quotient(digits(x), point, table)
	refuseMiddle(f)

	sign := GP32()
	VPMOVMSKB(signs, sign)
	NEGL(sign)
	SBBL(sign, sign) // all bits, if there is a sign
	ANDL(U32(1<<31), sign)
	VCVTSD2SS(f, f, f)
	bits := GP32()
	VMOVD(f, bits)
	ORL(sign, bits)
	MOVL(bits, Mem{Base: dst, Index: which, Scale: 4})
	JMP(LabelRef("next"))

	Label("odd")
	MOVL(which.As32(), Mem{Base: left})
	ADDQ(Imm(element), left)
	Label("next")
	ADDQ(Imm(element), odd)
	DECQ(n)
	JNE(LabelRef("number"))
	VZEROUPPER()
	Load(Param("odd"), odd)
	SUBQ(odd, left)
	SHRQ(Imm(2), left)
	Store(left, Return("left"))
	RET()
}

// refuseLength makes start the bytes of the text between two ends, if it has any, and a
// register can hold all bytes that end with it.
func refuseLength(end, start, beside reg.GPVirtual) {
	trimmed := GP64()
	LEAQ(Mem{Base: end, Disp: 1}, trimmed)
	SUBQ(beside, trimmed)
	CMPQ(trimmed, Imm(vector))
	JLT(LabelRef("odd"))
	NEGL(start.As32())
	ADDL(end.As32(), start.As32())
	SUBL(beside.As32(), start.As32())
	LEAL(Mem{Base: start, Disp: -1}, trimmed.As32())
	CMPL(trimmed.As32(), Imm(vector-1))
	JHI(LabelRef("odd"))
}

// pointOf returns the place of the point in x, from 1 on, or 0, and sets all bytes of t
// to it. There is one at most.
func pointOf(x, t reg.VecVirtual) reg.GPVirtual {
	point, rest := GP64(), GP64()
	VPCMPEQB(always("point", ('.'-'0')&0xff), x, t)
	VPMOVMSKB(t, point.As32())
	BLSRL(point.As32(), rest.As32())
	JNE(LabelRef("odd"))
	SHLQ(Imm(1), point)
	ORQ(Imm(1), point)
	BSRQ(point, point)
	VMOVD(point.As32(), t.AsX())
	VPBROADCASTB(t.AsX(), t)
	return point
}

// digits returns the number that eight times four digits make.
func digits(x reg.VecVirtual) reg.GPVirtual {
	high, low, t := GP64(), GP64(), GP64()
	VPACKUSDW(x, x, x)
	VPMADDWD(repeated("thousands", 10000&0xff, 10000>>8, 1, 0), x, x)
	VMOVQ(x.AsX(), high)
	VEXTRACTI128(Imm(1), x, x.AsX())
	VMOVQ(x.AsX(), low)
	RORQ(Imm(32), high) // the first eight digits, which must be zero, behind the next
	CMPQ(high, U32(highest))
	JGE(LabelRef("odd"))
	MOVL(low.As32(), t.As32())
	SHRQ(Imm(32), low)
	IMUL3Q(U32(1e8), t, t)
	ADDQ(t, low)
	MOVQ(U64(1e16), t)
	IMULQ(t, high)
	ADDQ(low, high)
	return high
}

// quotient returns the digits divided by the power of ten for the point.
func quotient(digits, point reg.GPVirtual, table reg.Register) reg.VecVirtual {
	f := XMM()
	VPXOR(f, f, f)
	VCVTSI2SDQ(digits, f, f)
	VDIVSD(Mem{Base: table, Index: point, Scale: 8}, f, f)
	return f
}

// refuseMiddle goes away if f is too near to the middle of two float32.
func refuseMiddle(f reg.VecVirtual) {
	low := GP64()
	VMOVQ(f, low)
	ANDL(U32(1<<lost-1), low.As32())
	SUBL(U32(1<<(lost-1)-margin), low.As32())
	CMPL(low.As32(), Imm(2*margin))
	JLS(LabelRef("odd"))
}
