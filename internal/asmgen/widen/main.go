// Command widen writes the kernel of package widen.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// vectors is how many registers, of eight numbers each, make a block: as many as
// keep the stores busy.
const vectors = 4

func main() {
	ConstraintExpr("!purego")
	TEXT("uint16AVX2", NOSPLIT, "func(dst *int32, src *byte, blocks int)")
	Pragma("noescape")
	Doc("uint16AVX2 widens blocks of 32 numbers.")
	dst, src, blocks := Load(Param("dst"), GP64()), Load(Param("src"), GP64()), Load(Param("blocks"), GP64())
	Label("block")
	var x [vectors]reg.VecVirtual
	for i := range x {
		x[i] = YMM()
		VPMOVZXWD(Mem{Base: src, Disp: 16 * i}, x[i])
	}
	for i := range x {
		VMOVDQU(x[i], Mem{Base: dst, Disp: 32 * i})
	}
	ADDQ(Imm(16*vectors), src)
	ADDQ(Imm(32*vectors), dst)
	DECQ(blocks)
	JNE(LabelRef("block"))
	VZEROUPPER()
	RET()
	Generate()
}
