// Command bitpack writes the kernel of package bitpack.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

const (
	widest = 25 // bits that lie in four bytes wherever they begin
	entry  = 96 // bytes of the table for a width
)

func main() {
	ConstraintExpr("!purego")
	widths := table()
	unpack(widths)
	lookup(widths)
	selectSmall()
	Generate()
}

func unpack(widths Mem) {
	TEXT("unpackAVX2", NOSPLIT, "func(dst *uint32, src *byte, groups int, width int) uint32")
	Pragma("noescape")
	Doc("unpackAVX2 unpacks groups of eight numbers, at least one, of 1 to 25 bits, and",
		"returns the greatest. It loads 16 bytes from half a group behind the last one on.")
	g := newGroups(widths)
	g.each(func(x reg.VecVirtual) { VMOVDQU(x, Mem{Base: g.dst}) })
}

func lookup(widths Mem) {
	TEXT("lookupAVX2", NOSPLIT, "func(dst *uint32, src *byte, groups int, width int, dict *uint32, last uint32) uint32")
	Pragma("noescape")
	Doc("lookupAVX2 is unpackAVX2 but for what it stores: the numbers of dict that those it",
		"unpacks name, the last one, at the given place, where they are beyond it.")
	g := newGroups(widths)
	dict := Load(Param("dict"), GP64())
	last := YMM()
	VMOVD(Load(Param("last"), GP32()), last.AsX())
	VPBROADCASTD(last.AsX(), last)
	g.each(func(x reg.VecVirtual) {
		found, all := YMM(), YMM()
		VPMINUD(last, x, x)
		VPCMPEQD(all, all, all)
		VPXOR(found, found, found) // or it would wait for those before
		VPGATHERDD(all, Mem{Base: dict, Index: x, Scale: 4}, found)
		VMOVDQU(found, Mem{Base: g.dst})
	})
}

// groups is a loop over groups of eight numbers.
type groups struct {
	dst, src, n, width, half, ahead reg.Register
	place, shift, mask, most        reg.VecVirtual
}

// newGroups loads the parameters of the loop.
func newGroups(widths Mem) *groups {
	g := &groups{dst: Load(Param("dst"), GP64()), src: Load(Param("src"), GP64()), n: Load(Param("groups"), GP64()),
		width: Load(Param("width"), GP64()), half: GP64(), ahead: GP64(), place: YMM(), shift: YMM(), mask: YMM(), most: YMM()}
	row := GP64()
	LEAQ(widths, row)
	IMUL3Q(Imm(entry), g.width, g.half)
	ADDQ(g.half, row)
	MOVQ(g.width, g.half)
	SHRQ(Imm(1), g.half)
	MOVQ(g.width, g.ahead)
	SHLQ(Imm(5), g.ahead)
	VMOVDQU(Mem{Base: row}, g.place)
	VMOVDQU(Mem{Base: row, Disp: 32}, g.shift)
	VMOVDQU(Mem{Base: row, Disp: 64}, g.mask)
	VPXOR(g.most, g.most, g.most)
	return g
}

// each has eight numbers at a time stored, and returns the greatest from the
// function. It fetches what lies 256 numbers ahead: a reader of many columns takes
// so many of one, and finds the next ones in the cache when it comes back.
func (g *groups) each(store func(x reg.VecVirtual)) {
	Label("group")
	PREFETCHT0(Mem{Base: g.src, Index: g.ahead, Scale: 1})
	x := YMM()
	VMOVDQU(Mem{Base: g.src}, x.AsX())
	VINSERTI128(Imm(1), Mem{Base: g.src, Index: g.half, Scale: 1}, x, x)
	VPSHUFB(g.place, x, x)
	VPSRLVD(g.shift, x, x)
	VPAND(g.mask, x, x)
	VPMAXUD(x, g.most, g.most)
	store(x)
	ADDQ(g.width, g.src)
	ADDQ(Imm(32), g.dst)
	DECQ(g.n)
	JNE(LabelRef("group"))
	returnMost(g.most)
}

// returnMost returns the greatest number of y from the function.
func returnMost(y reg.VecVirtual) {
	x, z := XMM(), XMM()
	VEXTRACTI128(Imm(1), y, x)
	VPMAXUD(y.AsX(), x, x)
	VPSHUFD(Imm(0x4e), x, z)
	VPMAXUD(z, x, x)
	VPSHUFD(Imm(0xb1), x, z)
	VPMAXUD(z, x, x)
	result := GP32()
	VMOVD(x, result)
	Store(result, ReturnIndex(0))
	VZEROUPPER()
	RET()
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
