package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// A converter turns luma and chroma into red, green and blue. VPMULHRSW rounds as
// jdcolor.c does, which has factors times 2^16, and this has them times 2^15: 0.402
// and 0.772, as 1.402 and 1.772 do not fit a word, and chroma is added once. Half of
// an odd factor gives the same, rounded, for each of the 256 values of chroma.
type converter struct {
	vector                                 func() reg.VecVirtual
	zero, centre, red, blue, green, rounds reg.VecVirtual
}

func loadConverter(vector func() reg.VecVirtual) converter {
	c := converter{vector: vector, zero: vector()}
	VPXOR(c.zero.AsY(), c.zero.AsY(), c.zero.AsY())
	c.centre = filled(vector(), 128, 128)
	c.red = filled(vector(), (91881-1<<16+1)/2, (91881-1<<16+1)/2)
	c.blue = filled(vector(), (116130-1<<16)/2, (116130-1<<16)/2)
	c.green = filled(vector(), -22554, 1<<16-46802)
	c.rounds = filled(vector(), -1<<15, 0)
	return c
}

// words converts half of the pixels of three vectors, which unpack takes, to words.
func (c converter) words(unpack func(...Op), y, cb, cr reg.VecVirtual) (rgb [3]reg.VecVirtual) {
	l, u, v := c.vector(), c.vector(), c.vector()
	unpack(c.zero, y, l)
	unpack(c.zero, cb, u)
	unpack(c.zero, cr, v)
	VPSUBW(c.centre, u, u)
	VPSUBW(c.centre, v, v)
	r, g, b := c.vector(), c.vector(), c.vector()
	VPMULHRSW(c.red, v, r)
	VPMULHRSW(c.blue, u, b)
	VPADDW(v, r, r)
	VPADDW(u, b, b)
	lo, hi := c.vector(), c.vector()
	VPUNPCKLWD(v, u, lo)
	VPUNPCKHWD(v, u, hi)
	for _, x := range []reg.VecVirtual{lo, hi} {
		VPMADDWD(c.green, x, x)
		VPADDD(c.rounds, x, x)
		VPSRAD(Imm(16), x, x)
	}
	VPACKSSDW(hi, lo, g)
	VPSUBW(v, g, g)
	rgb = [3]reg.VecVirtual{r, g, b}
	for _, x := range rgb {
		VPADDW(l, x, x)
	}
	return rgb
}

// bytes converts as many pixels as there are bytes in a vector.
func (c converter) bytes(y, cb, cr reg.VecVirtual) [3]reg.VecVirtual {
	rgb := c.words(VPUNPCKLBW, y, cb, cr)
	for i, x := range c.words(VPUNPCKHBW, y, cb, cr) {
		VPACKUSWB(x, rgb[i], rgb[i])
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

// A weaver interleaves 64 pixels of three planes: each third of the result takes
// equal pixels of all planes to equal places, of which each plane has its own.
type weaver struct {
	pixels [3]reg.VecVirtual // of each byte of a third
	every  [3]reg.Register   // third byte, from byte 0, 1 and 2 on
}

func loadWeaver() (w weaver) {
	for i := range w.pixels {
		var m []byte
		for j := range 64 {
			m = append(m, byte((64*i+j)/3))
		}
		w.pixels[i] = ZMM()
		VMOVDQU8(table(fmt.Sprint("third", i), m), w.pixels[i])
		t, k := GP64(), K()
		MOVQ(U64(0x9249249249249249<<i), t)
		KMOVQ(t, k)
		w.every[i] = k
	}
	return w
}

func (w weaver) store(dst reg.GPVirtual, planes [3]reg.VecVirtual) {
	for i, pixels := range w.pixels {
		x := ZMM()
		VPERMB(planes[0], pixels, x)
		for c := 1; c < 3; c++ {
			// Byte j of third i is byte 64i+j, and 64 leaves 1 when divided by 3.
			VPERMB(planes[c], pixels, w.every[(c+3-i)%3], x)
		}
		VMOVDQU8(x, at(dst, 64*i))
	}
}

func colour() {
	p := makePicks()

	function("ycc", "func(dst, y, cb, cr *uint8, n int)")
	dst, y, cb, cr, n := param("dst"), param("y"), param("cb"), param("cr"), param("n")
	c := loadConverter(YMM)
	Label("loop")
	p.store(dst, c.bytes(constant(at(y, 0)), constant(at(cb, 0)), constant(at(cr, 0))))
	advance(dst, n, y, cb, cr)

	function("yccWide", "func(dst, y, cb, cr *uint8, n int)")
	dst, y, cb, cr, n = param("dst"), param("y"), param("cb"), param("cr"), param("n")
	c = loadConverter(ZMM)
	w := loadWeaver()
	Label("loop")
	w.store(dst, c.bytes(wide(at(y, 0)), wide(at(cb, 0)), wide(at(cr, 0))))
	advanceWide(dst, n, 3, y, cb, cr)

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

// advanceWide ends a loop over 64 pixels, which become 2 or 3 times as many bytes,
// and its kernel. The last 64 may overlap those before.
func advanceWide(dst, n reg.GPVirtual, times uint8, planes ...reg.GPVirtual) {
	all, step := GP64(), GP64()
	MOVQ(U32(64), all)
	MOVQ(all, step)
	SUBQ(all, n)
	JEQ(LabelRef("end"))
	CMPQ(n, all)
	CMOVQLT(n, step)
	CMOVQLT(all, n)
	for _, p := range planes {
		ADDQ(step, p)
	}
	LEAQ(Mem{Base: step, Index: step, Scale: times - 1}, step)
	ADDQ(step, dst)
	JMP(LabelRef("loop"))
	Label("end")
	VZEROUPPER()
	RET()
}
