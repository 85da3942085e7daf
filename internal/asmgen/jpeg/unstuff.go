package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// unstuff writes the kernel that leaves out the zero after each 0xff, 64 bytes at
// a time. It ends where fewer are left, and before bytes that have a 0xff with
// anything else behind it.
func unstuff() {
	function("unstuff", "func(dst, src *uint8, room, n int) (written, used int)")
	dst, src := param("dst"), param("src")
	lastDst, lastSrc := param("room"), param("n")
	LEAQ(Mem{Base: dst, Index: lastDst, Scale: 1, Disp: -64}, lastDst)
	LEAQ(Mem{Base: src, Index: lastSrc, Scale: 1, Disp: -65}, lastSrc) // one byte more is looked at
	ff := ZMM()
	VPTERNLOGD(Imm(0xff), ff, ff, ff)
	carry := GP64() // 1 if the byte before was a 0xff
	XORL(carry.As32(), carry.As32())

	Label("loop")
	CMPQ(src, lastSrc)
	JHI(LabelRef("done"))
	CMPQ(dst, lastDst)
	JHI(LabelRef("done"))
	v, kFF, kOther := ZMM(), K(), K()
	VMOVDQU8(at(src, 0), v)
	VPCMPEQB(ff, v, kFF)
	VPTESTMB(at(src, 1), ff, kFF, kOther) // a 0xff before what is not zero
	KORTESTQ(kOther, kOther)
	JNE(LabelRef("done"))
	first, keep := GP64(), GP64()
	KMOVQ(kFF, first)
	LEAQ(Mem{Base: carry, Index: first, Scale: 2}, keep)
	NOTQ(keep)
	MOVQ(first, carry)
	SHRQ(Imm(63), carry)
	k := K()
	KMOVQ(keep, k)
	VPCOMPRESSB_Z(v, k, v)
	VMOVDQU8(v, at(dst, 0))
	POPCNTQ(keep, keep)
	ADDQ(keep, dst)
	ADDQ(Imm(64), src)
	JMP(LabelRef("loop"))

	Label("done")
	ADDQ(carry, src)
	SUBQ(paramMem("dst"), dst)
	SUBQ(paramMem("src"), src)
	Store(dst, ReturnIndex(0))
	Store(src, ReturnIndex(1))
	VZEROUPPER()
	RET()
}
