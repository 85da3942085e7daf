// Command bulk writes the kernels of package bulk.
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
	word    = 8  // bytes of a number of a row
)

func main() {
	ConstraintExpr("!purego")
	copyAhead()
	rows()
	Generate()
}

func copyAhead() {
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
}

// rows writes the kernel that copies rows which lie anywhere: as vectors, or as two
// parts of a smaller size, the last of which may write again what another has written.
func rows() {
	TEXT("rowsAVX2", NOSPLIT, "func(dst *byte, places *int, src *byte, rows *int, n, size, stride int)")
	Pragma("noescape")
	Doc("rowsAVX2 is Rows of n rows, at least one, of size bytes, at least 4.")
	dst, places := Load(Param("dst"), GP64()), Load(Param("places"), GP64())
	src, from := Load(Param("src"), GP64()), Load(Param("rows"), GP64())
	n, size, stride := Load(Param("n"), GP64()), Load(Param("size"), GP64()), Load(Param("stride"), GP64())
	to, at, last := GP64(), GP64(), GP64()
	each := func(label string, part int, row func()) {
		LEAQ(Mem{Base: size, Disp: -part}, last)
		Label(label)
		MOVQ(Mem{Base: from}, at)
		IMULQ(stride, at)
		ADDQ(src, at)
		MOVQ(Mem{Base: places}, to)
		IMULQ(size, to)
		ADDQ(dst, to)
		ADDQ(Imm(word), from)
		ADDQ(Imm(word), places)
		row()
		DECQ(n)
		JNE(LabelRef(label))
		VZEROUPPER()
		RET()
	}
	twice := func(label string, part int, move func(from, to Mem)) {
		each(label, part, func() {
			move(Mem{Base: at}, Mem{Base: to})
			move(Mem{Base: at, Index: last, Scale: 1}, Mem{Base: to, Index: last, Scale: 1})
		})
	}
	x, half, long, short := YMM(), XMM(), GP64(), GP32()
	CMPQ(size, Imm(vector))
	JLT(LabelRef("below32"))
	each("vectors", vector, func() {
		endAt, endTo, left := GP64(), GP64(), GP64()
		LEAQ(Mem{Base: at, Index: last, Scale: 1}, endAt)
		LEAQ(Mem{Base: to, Index: last, Scale: 1}, endTo)
		MOVQ(last, left)
		TESTQ(left, left)
		JE(LabelRef("end"))
		Label("vector")
		VMOVDQU(Mem{Base: at}, x)
		VMOVDQU(x, Mem{Base: to})
		ADDQ(Imm(vector), at)
		ADDQ(Imm(vector), to)
		SUBQ(Imm(vector), left)
		JG(LabelRef("vector"))
		Label("end")
		VMOVDQU(Mem{Base: endAt}, x)
		VMOVDQU(x, Mem{Base: endTo})
	})
	Label("below32")
	CMPQ(size, Imm(vector/2))
	JLT(LabelRef("below16"))
	twice("halves", vector/2, func(from, to Mem) { VMOVDQU(from, half); VMOVDQU(half, to) })
	Label("below16")
	CMPQ(size, Imm(word))
	JLT(LabelRef("below8"))
	twice("words", word, func(from, to Mem) { MOVQ(from, long); MOVQ(long, to) })
	Label("below8")
	twice("doubles", word/2, func(from, to Mem) { MOVL(from, short); MOVL(short, to) })
}
