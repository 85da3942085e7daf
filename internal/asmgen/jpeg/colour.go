package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// A converter turns luma and chroma into red, green and blue. Factors are times
// 2^16: 1.402 and 1.772 do not fit a word, so that 0.402 and -0.228 are
// multiplied, at twice the chroma and half the result.
type converter struct {
	centre, one, red, blue, green, half reg.VecVirtual
}

func loadConverter() converter {
	return converter{
		constant(words("c128", 128)),
		constant(words("c1", 1)),
		constant(words("red", 26345)),
		constant(words("blue", 0x10000-14942)),
		constant(pairs("green", -22554, 18734)),
		constant(dwords("half", 1<<15)),
	}
}

// words16 converts 16 pixels to words.
func (c converter) words16(y, cb, cr Mem) (rgb [3]reg.VecVirtual) {
	l, u, v := YMM(), YMM(), YMM()
	VPMOVZXBW(y, l)
	VPMOVZXBW(cb, u)
	VPMOVZXBW(cr, v)
	VPSUBW(c.centre, u, u)
	VPSUBW(c.centre, v, v)
	u2, v2, r, g, b := YMM(), YMM(), YMM(), YMM(), YMM()
	VPADDW(u, u, u2)
	VPADDW(v, v, v2)
	VPMULHW(c.red, v2, r)
	VPMULHW(c.blue, u2, b)
	for _, x := range []reg.VecVirtual{r, b} {
		VPADDW(c.one, x, x)
		VPSRAW(Imm(1), x, x)
		VPADDW(l, x, x)
	}
	VPADDW(v, r, r)
	VPADDW(u2, b, b)
	lo, hi := YMM(), YMM()
	VPUNPCKLWD(v, u, lo)
	VPUNPCKHWD(v, u, hi)
	for _, x := range []reg.VecVirtual{lo, hi} {
		VPMADDWD(c.green, x, x)
		VPADDD(c.half, x, x)
		VPSRAD(Imm(16), x, x)
	}
	VPACKSSDW(hi, lo, g)
	VPSUBW(v, g, g)
	VPADDW(l, g, g)
	return [3]reg.VecVirtual{r, g, b}
}

// bytes32 converts 32 pixels.
func (c converter) bytes32(y, cb, cr reg.Register) (rgb [3]reg.VecVirtual) {
	first := c.words16(at(y, 0), at(cb, 0), at(cr, 0))
	second := c.words16(at(y, 16), at(cb, 16), at(cr, 16))
	for i := range rgb {
		rgb[i] = first[i]
		VPACKUSWB(second[i], first[i], rgb[i])
		VPERMQ(Imm(0xd8), rgb[i], rgb[i])
	}
	return rgb
}

// picks are shuffles that bring bytes of three planes to their places in 16
// bytes of pixels, in both halves of a register.
type picks [3][3]Mem

func makePicks() (p picks) {
	for part := range p {
		for c := range p[part] {
			var m []byte
			for i := range 32 {
				if at := 16*part + i%16; at%3 == c {
					m = append(m, byte(at/3))
				} else {
					m = append(m, 0x80)
				}
			}
			p[part][c] = table(fmt.Sprintf("pick%d%d", part, c), m)
		}
	}
	return p
}

// store interleaves 32 pixels of three planes: 16 in each half.
func (p picks) store(dst reg.GPVirtual, planes [3]reg.VecVirtual) {
	for part := range p {
		x := ymm(3)
		for c := range x {
			VPSHUFB(p[part][c], planes[c], x[c])
		}
		VPOR(x[0], x[1], x[1])
		VPOR(x[1], x[2], x[2])
		VMOVDQU(x[2].AsX(), at(dst, 16*part))
		VEXTRACTI128(Imm(1), x[2], at(dst, 48+16*part))
	}
}

func colour() {
	p := makePicks()

	function("ycc", "func(dst, y, cb, cr *uint8, n int)")
	dst, y, cb, cr, n := param("dst"), param("y"), param("cb"), param("cr"), param("n")
	c := loadConverter()
	Label("loop")
	p.store(dst, c.bytes32(y, cb, cr))
	advance(dst, n, y, cb, cr)

	function("weave", "func(dst, first, second, third *uint8, n int)")
	dst, n = param("dst"), param("n")
	r, g, b := param("first"), param("second"), param("third")
	Label("loop")
	p.store(dst, [3]reg.VecVirtual{constant(at(r, 0)), constant(at(g, 0)), constant(at(b, 0))})
	advance(dst, n, r, g, b)
}

// advance ends a loop over 32 pixels, and its kernel.
func advance(dst, n reg.GPVirtual, planes ...reg.GPVirtual) {
	ADDQ(Imm(96), dst)
	for _, p := range planes {
		ADDQ(Imm(32), p)
	}
	SUBQ(Imm(32), n)
	JG(LabelRef("loop"))
	VZEROUPPER()
	RET()
}
