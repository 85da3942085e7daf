package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// across3x16 resizes a row of RGB pixels, 16 samples at once, whatever pixels they
// belong to. One shuffle of 64 bytes brings four taps of each sample side by side,
// for VPDPBUSD, which multiplies unsigned bytes with signed ones: a weight is three
// of these.
func across3x16() {
	TEXT("across3AVX512", NOSPLIT, "func(dst, src *uint8, off *int32, picks, coef *uint32, steps, blocks int)")
	Pragma("noescape")
	Doc("across3AVX512 makes blocks of 16 samples, each of steps of four pixels from its",
		"off on, of which picks says where the first four are.")
	dst, src, off := Load(Param("dst"), GP64()), Load(Param("src"), GP64()), Load(Param("off"), GP64())
	picks, coef := Load(Param("picks"), GP64()), Load(Param("coef"), GP64())
	steps, blocks := Load(Param("steps"), GP64()), Load(Param("blocks"), GP64())
	half, zero := broadcast512(1<<21), ZMM()
	VPXORD(zero, zero, zero)

	Label("block")
	p, left, pick, high, mid, low := GP64(), GP64(), ZMM(), ZMM(), ZMM(), ZMM()
	MOVL(Mem{Base: off}, p.As32())
	ADDQ(src, p)
	VMOVDQU32(Mem{Base: picks}, pick)
	VMOVDQA32(zero, high)
	VMOVDQA32(zero, mid)
	VMOVDQA32(half, low)
	MOVQ(steps, left)
	Label("step")
	v := ZMM()
	VPERMB(Mem{Base: p}, pick, v)
	VPDPBUSD(Mem{Base: coef}, v, high)
	VPDPBUSD(Mem{Base: coef, Disp: 64}, v, mid)
	VPDPBUSD(Mem{Base: coef, Disp: 128}, v, low)
	ADDQ(Imm(12), p)
	ADDQ(U32(192), coef)
	DECQ(left)
	JNE(LabelRef("step"))
	VPSLLD(Imm(8), high, high)
	VPADDD(mid, high, high)
	VPSLLD(Imm(8), high, high)
	VPADDD(low, high, high)
	VPSRAD(Imm(22), high, high)
	VPMAXSD(zero, high, high)
	VPMOVUSDB(high, v.AsX())
	VMOVDQU(v.AsX(), Mem{Base: dst})
	ADDQ(Imm(4), off)
	ADDQ(Imm(64), picks)
	ADDQ(Imm(16), dst)
	DECQ(blocks)
	JNE(LabelRef("block"))
	VZEROUPPER()
	RET()
}
