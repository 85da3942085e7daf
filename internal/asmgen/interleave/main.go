// Command interleave writes the kernel of package interleave.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// lead is how far ahead columns are asked for, in bytes: they may lie in pages of a
// file, and are more streams than the processor follows.
const lead = 512

func main() {
	ConstraintExpr("!purego")
	eight()
	sixteen()
	Generate()
}

func eight() {
	TEXT("eightAVX2", NOSPLIT, "func(dst *uint32, stride int, from *[8]*uint32, blocks int)")
	Pragma("noescape")
	Doc("eightAVX2 lays eight columns side by side, for blocks of eight rows, which are stride bytes apart.")
	dst, stride := Load(Param("dst"), GP64()), Load(Param("stride"), GP64())
	from, blocks := Load(Param("from"), GP64()), Load(Param("blocks"), GP64())
	var column [8]reg.Register
	for g := range column {
		column[g] = GP64()
		MOVQ(Mem{Base: from, Disp: 8 * g}, column[g])
	}
	at := from // no longer needed
	XORQ(at, at)
	Label("block")
	var x [8]reg.VecVirtual
	for g := range x {
		x[g] = YMM()
		PREFETCHT1(Mem{Base: column[g], Index: at, Scale: 1, Disp: lead})
		VMOVUPS(Mem{Base: column[g], Index: at, Scale: 1}, x[g])
	}
	for _, row := range transposed(x) {
		VMOVUPS(row, Mem{Base: dst})
		ADDQ(stride, dst)
	}
	ADDQ(Imm(32), at)
	DECQ(blocks)
	JNE(LabelRef("block"))
	VZEROUPPER()
	RET()
}

// transposed returns the rows of the square whose columns are x.
func transposed(x [8]reg.VecVirtual) (rows [8]reg.VecVirtual) {
	x = pairs(x, 1, VUNPCKLPS, VUNPCKHPS)
	x = pairs(x, 2, VUNPCKLPD, VUNPCKHPD)
	// Of x, 0 and 2 hold what is even, 1 and 3 what is odd, of the left half.
	for k, from := range [4]int{0, 2, 1, 3} {
		rows[k], rows[4+k] = YMM(), YMM()
		VPERM2F128(Imm(0x20), x[4+from], x[from], rows[k])
		VPERM2F128(Imm(0x31), x[4+from], x[from], rows[4+k])
	}
	return rows
}

// pairs unpacks registers that are apart by the given distance: the low parts take
// the place of the one, the high ones that of the other.
func pairs(x [8]reg.VecVirtual, apart int, low, high func(ops ...Op)) (y [8]reg.VecVirtual) {
	for i := range x {
		if i&apart != 0 {
			continue
		}
		y[i], y[i+apart] = YMM(), YMM()
		low(x[i+apart], x[i], y[i])
		high(x[i+apart], x[i], y[i+apart])
	}
	return y
}
