// Command cast writes the kernels of package cast.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

const (
	line    = 64  // bytes of a line of the cache
	lead    = 512 // bytes that are asked for ahead, as columns of a file are many streams
	vectors = 4   // registers that make a block: as many as keep the stores busy
)

func main() {
	ConstraintExpr("!purego")
	kernel("uint16AVX2", "func(dst *int32, src *byte, blocks int)", "uint16AVX2 widens blocks of 32 numbers.", 32, 16, YMM, VPMOVZXWD)
	kernel("int32AVX2", "func(dst *float32, src *int32, blocks int)", "int32AVX2 rounds blocks of 32 numbers.", 32, 32, YMM, VCVTDQ2PS)
	kernel("float64AVX2", "func(dst *float32, src *float64, blocks int)", "float64AVX2 rounds blocks of 16 numbers.", 16, 32, XMM, VCVTPD2PSY)
	Generate()
}

// kernel writes a kernel in which one instruction makes a register, of so many bytes
// of dst, of so many bytes of src.
func kernel(name, signature, doc string, to, from int, register func() reg.VecVirtual, by func(...Op)) {
	TEXT(name, NOSPLIT, signature)
	Pragma("noescape")
	Doc(doc)
	dst, src, blocks := Load(Param("dst"), GP64()), Load(Param("src"), GP64()), Load(Param("blocks"), GP64())
	Label("block")
	for at := 0; at < from*vectors; at += line {
		PREFETCHT1(Mem{Base: src, Disp: lead + at})
	}
	var x [vectors]reg.VecVirtual
	for i := range x {
		x[i] = register()
		by(Mem{Base: src, Disp: from * i}, x[i])
	}
	for i := range x {
		VMOVUPS(x[i], Mem{Base: dst, Disp: to * i})
	}
	ADDQ(Imm(uint64(from*vectors)), src)
	ADDQ(Imm(uint64(to*vectors)), dst)
	DECQ(blocks)
	JNE(LabelRef("block"))
	VZEROUPPER()
	RET()
}
