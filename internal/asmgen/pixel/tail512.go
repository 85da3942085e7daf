package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// tonePlanes16 writes the kernel for planes of float32, 16 pixels at once. One
// shuffle brings a channel of theirs to where they are integers of 32 bits.
func tonePlanes16() {
	TEXT("planesFloatAVX512", NOSPLIT, "func(red, green, blue, src *uint8, n int, tone *float32, order int)")
	Pragma("noescape")
	Doc("planesFloatAVX512 tones n RGB pixels, at least 16, into planes. If order is 1", "the row is mirrored.")
	dst := loadPlanes()
	src, n, order := Load(Param("src"), GP64()), Load(Param("n"), GP64()), Load(Param("order"), GP64())
	t := loadTone(Load(Param("tone"), GP64()), ZMM)
	picks := loadPicks(channelMasks(16, 4), order)
	lowest, k := GP64(), K()
	MOVQ(U64(0x1111111111111111), lowest)
	KMOVQ(lowest, k)
	walk{block: 16, size: 3}.run(src, n, order, func(w *walk, mirrored bool) {
		px, from := ZMM(), w.source(0, 48, mirrored)
		VMOVDQU(from, px.AsY())
		from.Disp += 32
		VINSERTI32X4(Imm(2), from, px, px)
		for c, pick := range picks {
			x := ZMM()
			VPERMB_Z(px, pick, k, x)
			VMOVUPS(t.apply(c, x), Mem{Base: dst[c], Index: w.at, Scale: 4})
		}
	})
}

// bytePlanes64 writes the kernel that parts the channels of 64 pixels: one shuffle
// takes those within the first 128 bytes, another one the rest.
func bytePlanes64() {
	TEXT("planesByteAVX512", NOSPLIT, "func(red, green, blue, src *uint8, n, order int)")
	Pragma("noescape")
	Doc("planesByteAVX512 copies n RGB pixels, at least 64, into planes. If order is 1", "the row is mirrored.")
	dst := loadPlanes()
	src, n, order := Load(Param("src"), GP64()), Load(Param("n"), GP64()), Load(Param("order"), GP64())
	picks := loadPicks(channelMasks(64, 1), order)
	var rest [3]reg.Register
	for c, pick := range picks {
		rest[c] = K()
		VPMOVB2M(pick, rest[c]) // from byte 128 on
	}
	walk{block: 64, size: 3}.run(src, n, order, func(w *walk, mirrored bool) {
		from, px := w.source(0, 192, mirrored), [3]reg.VecVirtual{ZMM(), ZMM(), ZMM()}
		for _, v := range px {
			VMOVDQU8(from, v)
			from.Disp += 64
		}
		for c, pick := range picks {
			x := ZMM()
			VMOVDQA64(pick, x)
			VPERMI2B(px[1], px[0], x)
			VPERMB(px[2], pick, rest[c], x)
			VMOVDQU8(x, Mem{Base: dst[c], Index: w.at, Scale: 1})
		}
	})
}

// channelMasks makes what picks a channel of n RGB pixels, in their order and
// mirrored, for samples of so many bytes, of which only the lowest counts.
func channelMasks(n, size int) Mem {
	var all []int
	for order := range 2 {
		for c := range 3 {
			for i := range n {
				if order == 1 {
					i = n - 1 - i
				}
				all = append(all, 3*i+c)
				all = append(all, times(size-1, 0)...)
			}
		}
	}
	return bytes(fmt.Sprint("channels", n), all...)
}

// loadPicks loads the masks of three channels.
func loadPicks(masks Mem, order reg.Register) (picks [3]reg.VecVirtual) {
	at, skip := GP64(), GP64()
	LEAQ(masks, at)
	IMUL3Q(U32(3*64), order, skip)
	ADDQ(skip, at)
	for c := range picks {
		picks[c] = ZMM()
		VMOVDQU8(Mem{Base: at, Disp: 64 * c}, picks[c])
	}
	return picks
}
