package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// walk goes through a row in blocks of the same number of elements, the last of
// which may overlap the one before, so that nothing beside the row is touched.
// Elements are written from the first on, and sources read from the first on or,
// for a mirrored row, from the last on.
type walk struct {
	block, size int           // elements, and bytes of the source of one
	at          reg.GPVirtual // the first element of the block
	p           reg.GPVirtual // the sources of the block
	last        reg.GPVirtual // the first element of the last block
	end         reg.GPVirtual // its sources
}

// run emits the walk over n elements, whose sources are at src: in their order,
// and mirrored, which it is if order is not 0. body makes a block, whose parts
// begin at the given distances behind p.
func (w walk) run(src, n, order reg.Register, body func(w *walk, mirrored bool)) {
	w.at, w.p, w.last, w.end = GP64(), GP64(), GP64(), GP64()
	XORQ(w.at, w.at)
	LEAQ(Mem{Base: n, Disp: -w.block}, w.last)
	MOVQ(src, w.p)
	IMUL3Q(Imm(uint64(w.size)), w.last, w.end)
	ADDQ(src, w.end)
	TESTQ(order, order)
	JNE(LabelRef("mirrored"))
	w.loop("block", false, body)
	Label("mirrored")
	XCHGQ(w.p, w.end)
	w.loop("mirroredBlock", true, body)
}

func (w *walk) loop(label string, mirrored bool, body func(w *walk, mirrored bool)) {
	Label(label)
	body(w, mirrored)
	CMPQ(w.at, w.last)
	JEQ(LabelRef(label + "Done"))
	ADDQ(Imm(uint64(w.block)), w.at)
	if mirrored {
		SUBQ(Imm(uint64(w.block*w.size)), w.p)
	} else {
		ADDQ(Imm(uint64(w.block*w.size)), w.p)
	}
	CMPQ(w.at, w.last)
	JLE(LabelRef(label))
	MOVQ(w.last, w.at)
	MOVQ(w.end, w.p)
	JMP(LabelRef(label))
	Label(label + "Done")
	VZEROUPPER()
	RET()
}

// source is the part of a block's sources that begins at disp or, mirrored, ends
// as far from their end. It is read in pieces of n bytes.
func (w *walk) source(disp, n int, mirrored bool) Mem {
	if mirrored {
		disp = w.block*w.size - n - disp
	}
	return Mem{Base: w.p, Disp: disp}
}

// load loads count vectors of 32 bytes, of table number order.
func load(table Mem, order reg.Register, count int) []reg.VecVirtual {
	p, skip := GP64(), GP64()
	LEAQ(table, p)
	IMUL3Q(U32(uint32(32*count)), order, skip)
	ADDQ(skip, p)
	all := make([]reg.VecVirtual, count)
	for i := range all {
		all[i] = YMM()
		VMOVDQU(Mem{Base: p, Disp: 32 * i}, all[i])
	}
	return all
}

// tails writes the kernels that make numbers of samples, 48 at a time in six
// vectors: the channels of 16 pixels for planes, else sixths of the 48.
func tails(planes Mem) {
	pixels := pixelMasks()
	r := rounding{one: bytes("one", times(8, 1, 0, 0, 0)...), most: bytes("most", times(8, 0xff, 0x7f, 0, 0)...)}
	for _, format := range []string{"Float", "Half", "Brain"} {
		tonePlanes(format, planes, r)
		tonePixels(format, pixels, r)
	}
	tonePlanes16()
	bytePlanes()
	bytePlanes64()
	flip()
}

// A Tone holds, in vectors of eight, 1/255 in two parts, the smaller first, and for
// each of the three vectors its means, then 1/std in two parts. Vectors of sixteen
// are all alike, as in planes those of eight are.
type tone struct {
	vector  func() reg.VecVirtual
	part    reg.VecVirtual // of 1/255: the small one
	inverse reg.VecVirtual
	mean    [3]reg.VecVirtual
	rest    [3]Op // of scale, the small one
	scale   [3]reg.VecVirtual
}

func loadTone(at reg.Register, vector func() reg.VecVirtual) (t tone) {
	load := func(disp int) reg.VecVirtual {
		v, m := vector(), Mem{Base: at, Disp: disp}
		if v.Size() == 64 {
			VBROADCASTSS(m, v)
		} else {
			VMOVUPS(m, v)
		}
		return v
	}
	t = tone{vector: vector, part: load(0), inverse: load(32)}
	for i := range t.mean {
		t.mean[i], t.scale[i] = load(64+96*i), load(128+96*i)
		t.rest[i] = Mem{Base: at, Disp: 96 + 96*i} // there are no more registers for it
		if t.part.Size() == 64 {
			t.rest[i] = load(96 + 96*i)
		}
	}
	return t
}

// apply turns samples x, as integers, into (x/255 - mean)/std. Divisions are
// products with both parts of an inverse, of which the larger is rounded together
// with the sum (Brisebarre and Muller, "Correctly rounded multiplication by
// arbitrary precision constants", 2008).
func (t *tone) apply(i int, x reg.VecVirtual) reg.VecVirtual {
	y, z := t.vector(), t.vector()
	VCVTDQ2PS(x, x)
	VMULPS(t.part, x, y)
	VFMADD231PS(t.inverse, x, y)
	VSUBPS(t.mean[i], y, y)
	VMULPS(t.rest[i], y, z)
	VFMADD231PS(t.scale[i], y, z)
	return z
}

// rounding holds what rounding to bfloat16 takes: ones, and the most that is
// rounded down.
type rounding struct{ one, most Mem }

// store writes two vectors of numbers in a format. The first is the at-th number
// behind dst, or n numbers further on.
func (r *rounding) store(format string, x, y reg.VecVirtual, dst, at reg.Register, n int) {
	switch format {
	case "Float":
		VMOVUPS(x, Mem{Base: dst, Index: at, Scale: 4, Disp: 4 * n})
		VMOVUPS(y, Mem{Base: dst, Index: at, Scale: 4, Disp: 4*n + 32})
	case "Half":
		VCVTPS2PH(Imm(0), x, Mem{Base: dst, Index: at, Scale: 2, Disp: 2 * n})
		VCVTPS2PH(Imm(0), y, Mem{Base: dst, Index: at, Scale: 2, Disp: 2*n + 16})
	case "Brain":
		for _, v := range []reg.VecVirtual{x, y} {
			odd := YMM()
			VPSRLD(Imm(16), v, odd)
			VPAND(r.one, odd, odd)
			VPADDD(r.most, v, v)
			VPADDD(odd, v, v)
			VPSRLD(Imm(16), v, v)
		}
		VPACKUSDW(y, x, x)
		VPERMQ(Imm(0xd8), x, x)
		VMOVDQU(x, Mem{Base: dst, Index: at, Scale: 2, Disp: 2 * n})
	}
}

// tonePlanes writes the kernel for planes. Half of a vector is made of the first
// 16 of 24 bytes, half of the last.
func tonePlanes(format string, masks Mem, r rounding) {
	name := "planes" + format + "AVX2"
	TEXT(name, NOSPLIT, "func(red, green, blue, src *uint8, n int, tone *float32, order int)")
	Pragma("noescape")
	Doc(name+" tones n RGB pixels, at least 16, into planes. If order is 1 the", "row is mirrored.")
	dst := loadPlanes()
	src, n, order := Load(Param("src"), GP64()), Load(Param("n"), GP64()), Load(Param("order"), GP64())
	t := loadTone(Load(Param("tone"), GP64()), YMM)
	mask := load(masks, order, 3)
	walk{block: 16, size: 3}.run(src, n, order, func(w *walk, mirrored bool) {
		var data [2]reg.VecVirtual
		for i := range data {
			data[i] = YMM()
			VMOVDQU(w.source(24*i, 16, mirrored), data[i].AsX())
			VINSERTI128(Imm(1), w.source(24*i+8, 16, mirrored), data[i], data[i])
		}
		for c, m := range mask {
			x, y := YMM(), data[1]
			VPSHUFB(m, data[0], x)
			if c < 2 {
				y = YMM()
			}
			VPSHUFB(m, data[1], y)
			r.store(format, t.apply(c, x), t.apply(c, y), dst[c], w.at, 0)
		}
	})
}

// loadPlanes loads where the three planes of a kernel are.
func loadPlanes() (dst [3]reg.Register) {
	for i, plane := range []string{"red", "green", "blue"} {
		dst[i] = Load(Param(plane), GP64())
	}
	return dst
}

// planeMasks makes what spreads 8 RGB pixels over three vectors: in their order,
// and mirrored.
func planeMasks() Mem {
	var all []int
	for order := range 2 {
		for c := range 3 {
			for i := range 8 {
				x := i
				if order == 1 {
					x = 7 - i
				}
				// Pixels 0 to 3 are within the first 16 bytes, the others within the last.
				all = append(all, 3*x+c-x/4*8, none, none, none)
			}
		}
	}
	return bytes("planes", all...)
}

// tonePixels writes the kernel for numbers in the order of their samples.
func tonePixels(format string, masks Mem, r rounding) {
	name := "pixels" + format + "AVX2"
	TEXT(name, NOSPLIT, "func(dst, src *uint8, n int, tone *float32, order int)")
	Pragma("noescape")
	Doc(name+" tones n samples, at least 48. If order is 1 the row is mirrored,", "pixel by pixel of three samples; if it is 2, sample by sample.")
	dst := Load(Param("dst"), GP64())
	src, n, order := Load(Param("src"), GP64()), Load(Param("n"), GP64()), Load(Param("order"), GP64())
	t := loadTone(Load(Param("tone"), GP64()), YMM)
	mask := load(masks, order, 3)
	walk{block: 48, size: 1}.run(src, n, order, func(w *walk, mirrored bool) {
		spread := func(i int) reg.VecVirtual {
			x := YMM()
			VBROADCASTI128(w.source(i/3*24+i%3*4, 16, mirrored), x)
			VPSHUFB(mask[i%3], x, x)
			return t.apply(i%3, x)
		}
		for i := 0; i < 6; i += 2 {
			r.store(format, spread(i), spread(i+1), dst, w.at, 8*i)
		}
	})
}

// pixelMasks makes what spreads 24 samples over three vectors, each of which is
// made of 16 bytes around it: in their order, mirrored as pixels of three, and as
// pixels of one.
func pixelMasks() Mem {
	var all []int
	for order := range 3 {
		for i := range 24 {
			from, window := i, i/8*4
			switch order {
			case 1:
				from, window = 3*(7-i/3)+i%3, 8-i/8*4
			case 2:
				from, window = 23-i, 8-i/8*4
			}
			all = append(all, from-window, none, none, none)
		}
	}
	return bytes("pixels", all...)
}

// bytePlanes writes the kernel that parts the channels of 32 pixels.
func bytePlanes() {
	TEXT("planesByteAVX2", NOSPLIT, "func(red, green, blue, src *uint8, n, order int)")
	Pragma("noescape")
	Doc("planesByteAVX2 copies n RGB pixels, at least 32, into planes. If order is 1", "the row is mirrored.")
	dst := loadPlanes()
	src, n, order := Load(Param("src"), GP64()), Load(Param("n"), GP64()), Load(Param("order"), GP64())
	mask := load(byteMasks(), order, 9)
	walk{block: 32, size: 3}.run(src, n, order, func(w *walk, mirrored bool) {
		var data [3]reg.VecVirtual
		for i := range data {
			data[i] = YMM()
			third := 16 * i
			if mirrored {
				third = 32 - third
			}
			VMOVDQU(w.source(third, 16, mirrored), data[i].AsX())
			VINSERTI128(Imm(1), w.source(48+third, 16, mirrored), data[i], data[i])
		}
		for c := range dst {
			x, y := YMM(), YMM()
			VPSHUFB(mask[3*c], data[0], x)
			VPSHUFB(mask[3*c+1], data[1], y)
			VPOR(x, y, x)
			VPSHUFB(mask[3*c+2], data[2], y)
			VPOR(x, y, x)
			VMOVDQU(x, Mem{Base: dst[c], Index: w.at, Scale: 1})
		}
	})
}

// byteMasks makes what picks a channel of 16 pixels from each third of them.
func byteMasks() Mem {
	var all []int
	for order := range 2 {
		for c := range 3 {
			for third := range 3 {
				var lane []int
				for i := range 16 {
					if order == 1 {
						i = 15 - i
					}
					at := 3*i + c - 16*third
					if at < 0 || at > 15 {
						at = none
					}
					lane = append(lane, at)
				}
				all = append(all, twice(lane...)...)
			}
		}
	}
	return bytes("channels", all...)
}

// flip writes the kernel that mirrors both ends of a row in place: 16 bytes at
// the left and at the right change places. Of RGB pixels these are five, and a
// byte that stays.
func flip() {
	TEXT("flipAVX2", NOSPLIT, "func(row *uint8, n, steps, size, order int)")
	Pragma("noescape")
	Doc("flipAVX2 mirrors size bytes, 16 or, for RGB pixels, 15, at each end of a row", "of n bytes, then those beside them and so on, steps times. order is 1 for RGB.")
	left, n := Load(Param("row"), GP64()), Load(Param("n"), GP64())
	steps, size, order := Load(Param("steps"), GP64()), Load(Param("size"), GP64()), Load(Param("order"), GP64())
	mask := load(flipMasks(), order, 2)
	right := GP64()
	LEAQ(Mem{Base: left, Index: n, Scale: 1, Disp: -16}, right)
	// The next ends are loaded before these are stored: they share bytes that
	// stay, and a load waits for a store that it overlaps.
	x, y, next := YMM(), YMM(), YMM()
	ends := func(v reg.VecVirtual) {
		VMOVDQU(Mem{Base: left}, v.AsX())
		VINSERTI128(Imm(1), Mem{Base: right}, v, v)
	}
	store := func(l, r reg.Register) {
		VPERMQ(Imm(0x4e), x, y)
		VPSHUFB(mask[0], y, y)
		VPAND(mask[1], x, x)
		VPOR(x, y, y)
		VMOVDQU(y.AsX(), Mem{Base: l})
		VEXTRACTI128(Imm(1), y, Mem{Base: r})
	}
	ends(x)
	l, r := GP64(), GP64()
	Label("step")
	MOVQ(left, l)
	MOVQ(right, r)
	DECQ(steps)
	JEQ(LabelRef("last"))
	ADDQ(size, left)
	SUBQ(size, right)
	ends(next)
	store(l, r)
	VMOVDQA(next, x)
	JMP(LabelRef("step"))
	Label("last")
	store(l, r)
	VZEROUPPER()
	RET()
}

// flipMasks makes, for samples and for RGB pixels, what mirrors both ends and
// what keeps the bytes that stay.
func flipMasks() Mem {
	var samples, pixels, stay []int
	for i := range 16 {
		samples = append(samples, 15-i)
	}
	samples = append(twice(samples...), times(32, 0)...)
	for i := range 15 { // the left end takes the last five pixels of the right
		pixels = append(pixels, 1+3*(4-i/3)+i%3)
	}
	pixels = append(pixels, none, none)
	for i := range 15 {
		pixels = append(pixels, 3*(4-i/3)+i%3)
	}
	stay = append(times(15, 0), 0xff, 0xff)
	stay = append(stay, times(15, 0)...)
	return bytes("flips", append(append(samples, pixels...), stay...)...)
}

// times repeats values.
func times(n int, values ...int) (all []int) {
	for range n {
		all = append(all, values...)
	}
	return all
}
