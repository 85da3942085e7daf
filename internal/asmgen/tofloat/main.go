// Command tofloat writes the kernels of package tofloat.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// vectors is how many registers make a block: as many as keep the stores busy.
const vectors = 4

func main() {
	ConstraintExpr("!purego")
	kernel("int32AVX2", "func(dst *float32, src *int32, blocks int)", "int32AVX2 converts blocks of 32 numbers.", 32, YMM, VCVTDQ2PS)
	kernel("float64AVX2", "func(dst *float32, src *float64, blocks int)", "float64AVX2 converts blocks of 16 numbers.", 16, XMM, VCVTPD2PSY)
	Generate()
}

// kernel writes a kernel that makes a register of each 32 bytes of src, which are as
// many bytes of dst as size says.
func kernel(name, signature, doc string, size int, register func() reg.VecVirtual, by func(...Op)) {
	TEXT(name, NOSPLIT, signature)
	Pragma("noescape")
	Doc(doc)
	dst, src, blocks := Load(Param("dst"), GP64()), Load(Param("src"), GP64()), Load(Param("blocks"), GP64())
	Label("block")
	var x [vectors]reg.VecVirtual
	for i := range x {
		x[i] = register()
		by(Mem{Base: src, Disp: 32 * i}, x[i])
	}
	for i := range x {
		VMOVUPS(x[i], Mem{Base: dst, Disp: size * i})
	}
	ADDQ(Imm(32*vectors), src)
	ADDQ(Imm(uint64(size*vectors)), dst)
	DECQ(blocks)
	JNE(LabelRef("block"))
	VZEROUPPER()
	RET()
}
