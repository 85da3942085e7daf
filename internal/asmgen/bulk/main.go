// Command bulk writes the kernel of package bulk.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

const (
	line    = 64 // bytes of a line of the cache
	vector  = 32 // bytes of a register
	vectors = 4  // that make a block
)

func main() {
	ConstraintExpr("!purego")
	TEXT("copyAVX2", NOSPLIT, "func(dst, src, ahead *byte, blocks int)")
	Pragma("noescape")
	Doc("copyAVX2 copies blocks of 128 bytes and asks for as many bytes at ahead.")
	dst, src := Load(Param("dst"), GP64()), Load(Param("src"), GP64())
	ahead, blocks := Load(Param("ahead"), GP64()), Load(Param("blocks"), GP64())
	Label("block")
	for at := 0; at < vector*vectors; at += line {
		PREFETCHT1(Mem{Base: ahead, Disp: at})
	}
	var x [vectors]reg.VecVirtual
	for i := range x {
		x[i] = YMM()
		VMOVDQU(Mem{Base: src, Disp: vector * i}, x[i])
	}
	for i := range x {
		VMOVDQU(x[i], Mem{Base: dst, Disp: vector * i})
	}
	for _, at := range []reg.Register{dst, src, ahead} {
		ADDQ(I32(vector*vectors), at)
	}
	DECQ(blocks)
	JNE(LabelRef("block"))
	VZEROUPPER()
	RET()
	Generate()
}
