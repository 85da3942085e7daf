package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// sixteen brings four rows of columns 4 apart together, which the four quarters of a
// register hold, so that no value has to change its quarter.
func sixteen() {
	TEXT("sixteenAVX512", NOSPLIT, "func(dst *uint32, stride int, from *[16]*uint32, blocks int, columns int)")
	Pragma("noescape")
	Doc("sixteenAVX512 lays columns side by side, for blocks of 16 rows, which are stride bytes",
		"apart. There may be fewer, but 16 are loaded.")
	dst, stride := Load(Param("dst"), GP64()), Load(Param("stride"), GP64())
	from, blocks := Load(Param("from"), GP64()), Load(Param("blocks"), GP64())
	at, ones, columns := GP64(), GP64(), K()
	MOVQ(I64(-1), ones)
	BZHIQ(Load(Param("columns"), GP64()), ones, ones)
	KMOVW(ones.As32(), columns)
	XORQ(at, at)
	Label("sixteenRows")
	var x [4][4]reg.VecVirtual // by rows, and by the first column
	for c := range 4 {
		for quarter := range 4 {
			column := GP64()
			MOVQ(Mem{Base: from, Disp: 8 * (4*quarter + c)}, column)
			PREFETCHT1(Mem{Base: column, Index: at, Scale: 1, Disp: lead})
			for q := range x {
				rows := Mem{Base: column, Index: at, Scale: 1, Disp: 16 * q}
				if quarter > 0 {
					VINSERTF32X4(Imm(uint64(quarter)), rows, x[q][c], x[q][c])
					continue
				}
				x[q][c] = ZMM()
				VMOVUPS(rows, x[q][c].AsX())
			}
		}
	}
	for _, four := range x {
		for _, row := range quarters(four) {
			VMOVUPS(row, columns, Mem{Base: dst})
			ADDQ(stride, dst)
		}
	}
	ADDQ(Imm(64), at)
	DECQ(blocks)
	JNE(LabelRef("sixteenRows"))
	VZEROUPPER()
	RET()
}

// quarters returns the rows of the squares whose columns are the quarters of x.
func quarters(x [4]reg.VecVirtual) (rows [4]reg.VecVirtual) {
	var half [4]reg.VecVirtual
	for i := range half {
		half[i], rows[i] = ZMM(), ZMM()
	}
	for i := range 2 {
		VUNPCKLPS(x[2*i+1], x[2*i], half[i])
		VUNPCKHPS(x[2*i+1], x[2*i], half[2+i])
	}
	for i := range 2 {
		VUNPCKLPD(half[2*i+1], half[2*i], rows[2*i])
		VUNPCKHPD(half[2*i+1], half[2*i], rows[2*i+1])
	}
	return rows
}
