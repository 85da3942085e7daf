// Command bitpack writes the kernel of package bitpack.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

const (
	widest = 25 // bits that lie in four bytes wherever they begin
	entry  = 96 // bytes of the table for a width
)

func main() {
	ConstraintExpr("!purego")
	widths := table()
	TEXT("unpackAVX2", NOSPLIT, "func(dst *uint32, src *byte, groups int, width int) uint32")
	Pragma("noescape")
	Doc("unpackAVX2 unpacks groups of eight numbers, at least one, of 1 to 25 bits, and",
		"returns the greatest. It loads 16 bytes from half a group behind the last one on.")
	dst, src := Load(Param("dst"), GP64()), Load(Param("src"), GP64())
	groups, width := Load(Param("groups"), GP64()), Load(Param("width"), GP64())
	row, half, ahead := GP64(), GP64(), GP64()
	LEAQ(widths, row)
	IMUL3Q(Imm(entry), width, half)
	ADDQ(half, row)
	MOVQ(width, half)
	SHRQ(Imm(1), half)
	MOVQ(width, ahead)
	SHLQ(Imm(5), ahead)
	place, shift, mask, most := YMM(), YMM(), YMM(), YMM()
	VMOVDQU(Mem{Base: row}, place)
	VMOVDQU(Mem{Base: row, Disp: 32}, shift)
	VMOVDQU(Mem{Base: row, Disp: 64}, mask)
	VPXOR(most, most, most)
	Label("group")
	PREFETCHT0(Mem{Base: src, Index: ahead, Scale: 1})
	x := YMM()
	VMOVDQU(Mem{Base: src}, x.AsX())
	VINSERTI128(Imm(1), Mem{Base: src, Index: half, Scale: 1}, x, x)
	VPSHUFB(place, x, x)
	VPSRLVD(shift, x, x)
	VPAND(mask, x, x)
	VPMAXUD(x, most, most)
	VMOVDQU(x, Mem{Base: dst})
	ADDQ(width, src)
	ADDQ(Imm(32), dst)
	DECQ(groups)
	JNE(LabelRef("group"))
	y := XMM()
	VEXTRACTI128(Imm(1), most, y)
	VPMAXUD(most.AsX(), y, y)
	z := XMM()
	VPSHUFD(Imm(0x4e), y, z)
	VPMAXUD(z, y, y)
	VPSHUFD(Imm(0xb1), y, z)
	VPMAXUD(z, y, y)
	result := GP32()
	VMOVD(y, result)
	Store(result, ReturnIndex(0))
	VZEROUPPER()
	RET()
	Generate()
}

// table says, for each width, which bytes hold each of eight numbers, by how much
// they are to be shifted, and which bits are theirs. The second four numbers are
// taken from bytes of their own.
func table() Mem {
	m := GLOBL("widths", RODATA|NOPTR)
	for w := range widest + 1 {
		for i := range 8 {
			at := i*w/8 - i/4*(4*w/8)
			for b := range 4 {
				DATA(entry*w+4*i+b, U8(uint8(at+b)))
			}
		}
		for i := range 8 {
			DATA(entry*w+32+4*i, U32(uint32(i*w%8)))
		}
		for i := range 8 {
			DATA(entry*w+64+4*i, U32(1<<w-1))
		}
	}
	return m
}
