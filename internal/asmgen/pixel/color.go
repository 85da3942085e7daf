package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// colors writes the kernels that change colours in place.
func colors(planes Mem) {
	blend()
	g := newGreyer()
	saturate(planes, g)
	greySum(planes, g)
}

// broadcastParam returns a vector of eight times a parameter. It is not loaded
// by Load, whose MOVSS costs 150 ns where the upper halves of vectors are in use.
func broadcastParam(name string) reg.VecVirtual {
	p, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	y := YMM()
	VBROADCASTSS(p.Addr, y)
	return y
}

// blend moves samples from a level, 32 at once.
func blend() {
	order := bytes("inOrder", 0, 0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0, 5, 0, 0, 0, 2, 0, 0, 0, 6, 0, 0, 0, 3, 0, 0, 0, 7, 0, 0, 0)
	TEXT("blendAVX2", NOSPLIT, "func(px *uint8, blocks int, base, factor float32)")
	Pragma("noescape")
	Doc("blendAVX2 makes base + factor*(x-base) of blocks of 32 samples, cut to a sample.")
	px, blocks := Load(Param("px"), GP64()), Load(Param("blocks"), GP64())
	base, factor, perm := broadcastParam("base"), broadcastParam("factor"), YMM()
	VMOVDQU(order, perm)
	Label("block")
	var x [4]reg.VecVirtual
	for i := range x {
		x[i] = YMM()
		VPMOVZXBD(Mem{Base: px, Disp: 8 * i}, x[i])
		VCVTDQ2PS(x[i], x[i])
		mix(x[i], base, factor)
	}
	VPACKSSDW(x[1], x[0], x[0])
	VPACKSSDW(x[3], x[2], x[2])
	VPACKUSWB(x[2], x[0], x[0])
	VPERMD(x[0], perm, x[0])
	VMOVDQU(x[0], Mem{Base: px})
	ADDQ(Imm(32), px)
	DECQ(blocks)
	JNE(LabelRef("block"))
	VZEROUPPER()
	RET()
}

// mix moves x from base by factor, and makes it whole.
func mix(x, base, factor reg.VecVirtual) {
	VSUBPS(base, x, x)
	VMULPS(factor, x, x)
	VADDPS(x, base, x)
	VCVTTPS2DQ(x, x)
}

// greyer holds what makes grey of colours: weights, and one half, in 2^-16.
type greyer struct {
	weight     [3]reg.VecVirtual
	half, part Mem
	weights    [3]Mem
}

func newGreyer() (g greyer) {
	for c, name := range []string{"redWeight", "greenWeight", "blueWeight"} {
		g.weights[c] = float(name, []float32{19595, 38470, 7471}[c])
	}
	g.half, g.part = float("greyHalf", 1<<15), float("greyPart", 1./(1<<16))
	return g
}

// float makes a constant. Avo writes whole numbers as integers.
func float(name string, v float32) Mem { return ConstData(name, U32(math.Float32bits(v))) }

// load loads the weights.
func (g *greyer) load() {
	for c := range g.weight {
		g.weight[c] = YMM()
		VBROADCASTSS(g.weights[c], g.weight[c])
	}
}

// grey returns the grey of 8 pixels, as integers, and makes numbers of their
// channels. All sums are below 2^24 and exact.
func (g *greyer) grey(x [3]reg.VecVirtual) reg.VecVirtual {
	y, part := YMM(), YMM()
	VBROADCASTSS(g.half, y)
	VBROADCASTSS(g.part, part)
	for c := range x {
		VCVTDQ2PS(x[c], x[c])
		VFMADD231PS(g.weight[c], x[c], y)
	}
	VMULPS(part, y, y)
	VCVTTPS2DQ(y, y)
	return y
}

// channels loads 8 RGB pixels as integers, channel by channel.
func channels(px reg.Register, mask []reg.VecVirtual) (x [3]reg.VecVirtual) {
	data := YMM()
	VMOVDQU(Mem{Base: px}, data.AsX())
	VINSERTI128(Imm(1), Mem{Base: px, Disp: 8}, data, data)
	for c := range x {
		x[c] = YMM()
		VPSHUFB(mask[c], data, x[c])
	}
	return x
}

// loadMasks loads what channels takes.
func loadMasks(planes Mem) []reg.VecVirtual {
	mask := make([]reg.VecVirtual, 3)
	for c := range mask {
		mask[c] = YMM()
		VMOVDQU(planes.Offset(32*c), mask[c])
	}
	return mask
}

// saturate moves pixels from their own grey, 8 at once.
func saturate(planes Mem, g greyer) {
	// Four samples of red, of green and of blue become four pixels.
	var lane []int
	for i := range 12 {
		lane = append(lane, i%3*4+i/3)
	}
	woven := bytes("weave", twice(append(lane, none, none, none, none)...)...)
	TEXT("saturateAVX2", NOSPLIT, "func(px *uint8, blocks int, factor float32)")
	Pragma("noescape")
	Doc("saturateAVX2 makes grey + factor*(x-grey) of blocks of 8 RGB pixels, cut to", "samples.")
	px, blocks := Load(Param("px"), GP64()), Load(Param("blocks"), GP64())
	factor, weave := broadcastParam("factor"), YMM()
	VMOVDQU(woven, weave)
	mask := loadMasks(planes)
	g.load()
	Label("pixels")
	x := channels(px, mask)
	y := g.grey(x)
	VCVTDQ2PS(y, y)
	for _, x := range x {
		mix(x, y, factor)
	}
	VPACKSSDW(x[1], x[0], x[0])
	VPACKSSDW(x[2], x[2], x[2])
	VPACKUSWB(x[2], x[0], x[0])
	VPSHUFB(weave, x[0], x[0])
	second := XMM()
	VEXTRACTI128(Imm(1), x[0], second)
	VMOVDQU(x[0].AsX(), Mem{Base: px})
	VMOVQ(second, Mem{Base: px, Disp: 12})
	VPEXTRD(Imm(2), second, Mem{Base: px, Disp: 20})
	ADDQ(Imm(24), px)
	DECQ(blocks)
	JNE(LabelRef("pixels"))
	VZEROUPPER()
	RET()
}

// greySum adds the grey of pixels up, 8 at once.
func greySum(planes Mem, g greyer) {
	TEXT("greySumAVX2", NOSPLIT, "func(px *uint8, blocks int) uint32")
	Pragma("noescape")
	Doc("greySumAVX2 returns the sum of the grey of blocks of 8 RGB pixels.")
	px, blocks := Load(Param("px"), GP64()), Load(Param("blocks"), GP64())
	mask, sum := loadMasks(planes), YMM()
	g.load()
	VPXOR(sum, sum, sum)
	Label("colours")
	VPADDD(g.grey(channels(px, mask)), sum, sum)
	ADDQ(Imm(24), px)
	DECQ(blocks)
	JNE(LabelRef("colours"))
	low, high := sum.AsX(), XMM()
	VEXTRACTI128(Imm(1), sum, high)
	VPADDD(high, low, low)
	VPHADDD(low, low, low)
	VPHADDD(low, low, low)
	total := GP32()
	VMOVD(low, total)
	VZEROUPPER()
	Store(total, ReturnIndex(0))
	RET()
}
