package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

const small = 64 // how many numbers four registers hold

// selectSmall is lookup, 16 numbers at a time, with a permutation in place of a load
// for each.
func selectSmall() {
	TEXT("selectAVX512", NOSPLIT, "func(dst *uint32, src *byte, groups int, width int, dict *uint32, last uint32) uint32")
	Pragma("noescape")
	Doc("selectAVX512 is lookupAVX2 for a dict of at most 64 numbers, which it has in",
		"registers. It loads no bytes but those that it unpacks.")
	dst, src, n := Load(Param("dst"), GP64()), Load(Param("src"), GP64()), Load(Param("groups"), GP64())
	width, ahead, all, twice := GP64(), GP64(), GP64(), GP64()
	Load(Param("width"), width)
	place, shift := bytesOf(width)
	dict := smallDict()
	last, half, mask, most := ZMM(), ZMM(), ZMM(), ZMM()
	VPBROADCASTD(Load(Param("last"), GP32()), last)
	VPBROADCASTD(constant(small/2), half)
	VPXORD(most, most, most)
	MOVQ(width, ahead)
	SHLQ(Imm(5), ahead)
	loaded, stored := K(), K() // bytes and numbers of a block, which is two groups
	MOVQ(I64(-1), all)
	LEAQ(Mem{Base: width, Index: width, Scale: 1}, twice)
	BZHIQ(twice, all, twice)
	KMOVQ(twice, loaded)
	KXNORW(stored, stored, stored)
	ones := all // as many as the bits of a number, and as the bytes of a group
	BZHIQ(width, all, ones)
	VPBROADCASTD(ones.As32(), mask)

	Label("block")
	CMPQ(n, Imm(1))
	JNE(LabelRef("whole"))
	KMOVQ(ones, loaded)
	KMOVW(constant(0xff), stored)
	Label("whole")
	PREFETCHT0(Mem{Base: src, Index: ahead, Scale: 1})
	x, high, isHigh := ZMM(), ZMM(), K()
	VMOVDQU8_Z(Mem{Base: src}, loaded, x)
	VPERMB(x, place, x)
	VPSRLVD(shift, x, x)
	VPANDD(mask, x, x)
	VPMAXUD(x, most, most)
	VPMINUD(last, x, x)
	VPTESTMD(half, x, isHigh)
	VMOVDQA32(x, high)
	VPERMI2D(dict[1], dict[0], x)
	VPERMI2D(dict[3], dict[2], high)
	VMOVDQA32(high, isHigh, x)
	VMOVDQU32(x, stored, Mem{Base: dst})
	LEAQ(Mem{Base: src, Index: width, Scale: 2}, src)
	ADDQ(Imm(64), dst)
	SUBQ(Imm(2), n)
	JG(LabelRef("block"))
	y := YMM()
	VEXTRACTI64X4(Imm(1), most, y)
	VPMAXUD(most.AsY(), y, y)
	returnMost(y)
}

// bytesOf returns which four bytes hold each of 16 numbers, and by how much these are
// to be shifted. In both halves of a number it multiplies halves, which takes half as
// long.
func bytesOf(width reg.Register) (place, shift reg.VecVirtual) {
	m := GLOBL("numbers", RODATA|NOPTR)
	for i := range 16 {
		DATA(4*i, U32(uint32(0x10001*i)))
	}
	place, shift = ZMM(), ZMM()
	term := ZMM()
	VPBROADCASTW(width.(reg.GP).As32(), place)
	VPMULLW(m, place, place)
	VPBROADCASTD(constant(7), term)
	VPANDD(term, place, shift)
	VPSRLW(Imm(3), place, place)
	VPBROADCASTD(constant(0x01010101), term)
	VPMULLW(term, place, place)
	VPBROADCASTD(constant(0x03020100), term)
	VPADDD(term, place, place)
	return place, shift
}

// smallDict loads dict.
func smallDict() (dict [small / 16]reg.VecVirtual) {
	from, count, there := Load(Param("dict"), GP64()), GP64(), GP64()
	Load(Param("last"), count.As32())
	INCQ(count)
	MOVQ(I64(-1), there)
	BZHIQ(count, there, there)
	for i := range dict {
		some := K()
		dict[i] = ZMM()
		KMOVW(there.As32(), some)
		VMOVDQU32_Z(Mem{Base: from, Disp: 64 * i}, some, dict[i])
		SHRQ(Imm(16), there)
	}
	return dict
}

// constant returns a register with x.
func constant(x uint32) reg.Register {
	r := GP32()
	MOVL(U32(x), r)
	return r
}
