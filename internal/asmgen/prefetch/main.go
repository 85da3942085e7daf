// Command prefetch writes the kernel of package prefetch.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// line is the size of a line of the cache.
const line = 64

func main() {
	ConstraintExpr("!purego")
	TEXT("fetchRows", NOSPLIT, "func(base *byte, size int, rows *int, n int)")
	Pragma("noescape")
	Doc("fetchRows asks for n rows, at least one, of size bytes, at least one.")
	base, size := Load(Param("base"), GP64()), Load(Param("size"), GP64())
	rows, n := Load(Param("rows"), GP64()), Load(Param("n"), GP64())
	at, last := GP64(), GP64()
	Label("row")
	MOVQ(Mem{Base: rows}, at)
	IMULQ(size, at)
	ADDQ(base, at)
	LEAQ(Mem{Base: at, Index: size, Scale: 1, Disp: -1}, last)
	Label("line")
	PREFETCHT1(Mem{Base: at})
	ADDQ(Imm(line), at)
	CMPQ(at, last)
	JLT(LabelRef("line"))
	PREFETCHT1(Mem{Base: last})
	ADDQ(Imm(8), rows)
	DECQ(n)
	JNE(LabelRef("row"))
	RET()
	Generate()
}
