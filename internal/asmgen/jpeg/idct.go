package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The constants of jidctint.c, times 2^13.
const (
	f0298, f0390, f0541, f0765, f0899, f1175 = 2446, 3196, 4433, 6270, 7373, 9633
	f1501, f1847, f1961, f2053, f2562, f3072 = 12299, 15137, 16069, 16819, 20995, 25172
)

// factors are pairs of constants for the pairs of inputs (0,4), (2,6), (7,1),
// (3,5) and for the pair of sums (3+7, 1+5).
type factors struct {
	sum, difference, z2, z3, odd0, odd1, odd2, odd3, sum37, sum15 Mem
}

func makeFactors() factors {
	return factors{
		sum:        pairs("sum", 1, 1),
		difference: pairs("difference", 1, -1),
		z2:         pairs("even2", f0541, f0541-f1847),
		z3:         pairs("even3", f0541+f0765, f0541),
		odd0:       pairs("odd0", f0298-f0899, -f0899),
		odd1:       pairs("odd1", -f2562, f2053-f2562),
		odd2:       pairs("odd2", f3072-f2562, -f2562),
		odd3:       pairs("odd3", -f0899, f1501-f0899),
		sum37:      pairs("sum37", f1175-f1961, f1175),
		sum15:      pairs("sum15", f1175, f1175-f0390),
	}
}

// pass transforms 8 vectors at once. It returns the outputs, shifted down.
func (f factors) pass(p04, p26, p71, p35 reg.VecVirtual, round Mem, shift uint64) (out [8]reg.VecVirtual) {
	even := f.even(p04, p26, round)
	z := YMM()
	VPADDW(p71, p35, z)
	z37, z15 := YMM(), YMM()
	VPMADDWD(f.sum37, z, z37)
	VPMADDWD(f.sum15, z, z15)
	// Outputs 0 and 7 have input 1 in them most, 1 and 6 input 3, and so on.
	for i, odd := range []struct {
		k    Mem
		p, z reg.VecVirtual
	}{{f.odd3, p71, z15}, {f.odd2, p35, z37}, {f.odd1, p35, z15}, {f.odd0, p71, z37}} {
		t := YMM()
		VPMADDWD(odd.k, odd.p, t)
		VPADDD(odd.z, t, t)
		out[i], out[7-i] = YMM(), YMM()
		VPADDD(t, even[i], out[i])
		VPSUBD(t, even[i], out[7-i])
		VPSRAD(Imm(shift), out[i], out[i])
		VPSRAD(Imm(shift), out[7-i], out[7-i])
	}
	return out
}

// even returns the even halves, rounded. Sums of inputs 0 and 4 wrap at 16 bits
// as those of libjpeg-turbo do.
func (f factors) even(p04, p26 reg.VecVirtual, round Mem) [4]reg.VecVirtual {
	t := ymm(4)
	VPMADDWD(f.sum, p04, t[0])
	VPMADDWD(f.difference, p04, t[1])
	VPMADDWD(f.z2, p26, t[2])
	VPMADDWD(f.z3, p26, t[3])
	for _, v := range t[:2] {
		VPSLLD(Imm(16), v, v)
		VPSRAD(Imm(3), v, v)
		VPADDD(round, v, v)
	}
	e := ymm(4)
	VPADDD(t[3], t[0], e[0])
	VPADDD(t[2], t[1], e[1])
	VPSUBD(t[2], t[1], e[2])
	VPSUBD(t[3], t[0], e[3])
	return [4]reg.VecVirtual(e)
}

// A transform makes samples of coefficients.
type transform struct {
	factors
	round1, round2, round3, centre Mem
}

func makeTransform() transform {
	return transform{makeFactors(), dwords("round1", 1<<10), dwords("round2", 1<<17), dwords("round3", 1<<4), dwords("centre", 0x80808080)}
}

func idct(t transform) {
	function("idct", "func(dst *uint8, stride int, coef, quant *[64]int16)")
	t.block(param("dst"), param("stride"), param("quant"), loadBlock(param("coef"), 0))
	VZEROUPPER()
	RET()
}

// loadBlock loads coefficients.
func loadBlock(coef reg.GPVirtual, disp int) []reg.VecVirtual {
	in := ymm(4)
	for i := range in {
		VMOVDQU(at(coef, disp+32*i), in[i])
	}
	return in
}

// block transforms a block.
func (t transform) block(dst, stride, quant reg.GPVirtual, in []reg.VecVirtual) {
	rest := YMM()
	VPSRLD(Imm(16), in[0], rest)
	VPOR(in[1], rest, rest)
	VPOR(in[2], rest, rest)
	VPOR(in[3], rest, rest)
	VPTEST(rest, rest)
	for i := range in {
		VPMULLW(at(quant, 32*i), in[i], in[i])
	}
	w := ymm(4)
	JEQ(LabelRef("flat"))
	transpose(t.pass(in[0], in[1], in[2], in[3], t.round1, 11), w)
	Label("rows")
	write(t.pass(w[0], w[2], w[1], w[3], t.round2, 18), dst, stride, t.centre)
	JMP(LabelRef("written"))

	// Only the first row has coefficients: all columns are flat.
	Label("flat")
	flat(in[0], w)
	JMP(LabelRef("rows"))
	Label("written")
}

// even writes a block that has the first coefficient alone.
func (t transform) even(dst, stride, quant reg.GPVirtual, in []reg.VecVirtual) {
	v, factor := YMM(), YMM()
	VPBROADCASTW(in[0].AsX(), v)
	VPBROADCASTW(at(quant, 0), factor)
	VPMULLW(factor, v, v)
	VPSLLW(Imm(2), v, v) // wraps, as that of libjpeg-turbo
	VPMOVSXWD(v.AsX(), v)
	VPADDD(t.round3, v, v)
	VPSRAD(Imm(5), v, v)
	VPACKSSDW(v, v, v)
	VPACKSSWB(v, v, v)
	VPXOR(t.centre, v, v)
	three := GP64()
	LEAQ(Mem{Base: stride, Index: stride, Scale: 2}, three)
	for half := range 2 {
		if half == 1 {
			LEAQ(Mem{Base: dst, Index: stride, Scale: 4}, dst)
		}
		VMOVQ(v.AsX(), at(dst, 0))
		VMOVQ(v.AsX(), indexed(dst, stride))
		VMOVQ(v.AsX(), Mem{Base: dst, Index: stride, Scale: 2})
		VMOVQ(v.AsX(), indexed(dst, three))
	}
}

// transpose makes of 8 rows the pairs of columns (0,4), (7,1), (2,6), (3,5).
func transpose(v [8]reg.VecVirtual, w []reg.VecVirtual) {
	var mask []byte
	for range 2 {
		for _, word := range []byte{0, 4, 7, 1, 2, 6, 3, 5} {
			mask = append(mask, 2*word, 2*word+1)
		}
	}
	order := table("order", mask)
	r := ymm(4)
	for i := range r {
		VPACKSSDW(v[i+4], v[i], r[i])
		VPERMQ(Imm(0xd8), r[i], r[i]) // row i below, row i+4 above
		VPSHUFB(order, r[i], r[i])
	}
	t := ymm(4)
	VPUNPCKLDQ(r[1], r[0], t[0])
	VPUNPCKHDQ(r[1], r[0], t[1])
	VPUNPCKLDQ(r[3], r[2], t[2])
	VPUNPCKHDQ(r[3], r[2], t[3])
	VPUNPCKLQDQ(t[2], t[0], w[0])
	VPUNPCKHQDQ(t[2], t[0], w[1])
	VPUNPCKLQDQ(t[3], t[1], w[2])
	VPUNPCKHQDQ(t[3], t[1], w[3])
}

// flat makes the pairs of transpose where all rows are the first one, whose
// words stand as (0,4) pairs of rows.
func flat(row reg.VecVirtual, w []reg.VecVirtual) {
	VPSLLW(Imm(2), row, row) // wraps, where the long way saturates: so does libjpeg-turbo
	below, above := YMM(), YMM()
	VPERMQ(Imm(0x44), row, below) // columns 0 to 3, at even words, in both lanes
	VPERMQ(Imm(0xee), row, above)
	for i, c := range [][2]byte{{0, 4}, {7, 1}, {2, 6}, {3, 5}} {
		var mask []byte
		for range 8 {
			for _, col := range c {
				mask = append(mask, 4*(col&3), 4*(col&3)+1)
			}
		}
		a, b := below, above // of the first and the second column
		if c[0] >= 4 {
			a, b = above, below
		}
		first, second := blank(mask, 0), blank(mask, 2)
		t := YMM()
		VPSHUFB(table(fmt.Sprintf("flat%da", i), first), a, w[i])
		VPSHUFB(table(fmt.Sprintf("flat%db", i), second), b, t)
		VPOR(t, w[i], w[i])
	}
}

// blank returns mask with only the words at the given place of each pair.
func blank(mask []byte, place int) []byte {
	b := make([]byte, len(mask))
	for i := range b {
		b[i] = mask[i]
		if i&2 != place {
			b[i] = 0x80
		}
	}
	return b
}

// write stores 8 columns, one in each vector, as 8 rows of bytes.
func write(o [8]reg.VecVirtual, dst, stride reg.GPVirtual, centre Mem) {
	var mask []byte // transposes 4 by 4 bytes
	for range 2 {
		for i := range byte(16) {
			mask = append(mask, i%4*4+i/4)
		}
	}
	quads := table("quads", mask)
	q := ymm(4)
	for i := range q {
		VPACKSSDW(o[2*i+1], o[2*i], q[i])
	}
	for i := range 2 {
		VPACKSSWB(q[2*i+1], q[2*i], q[i])
		VPXOR(centre, q[i], q[i])
		VPSHUFB(quads, q[i], q[i])
	}
	rows := ymm(2)
	VPUNPCKLDQ(q[1], q[0], rows[0]) // rows 0 1 | 4 5
	VPUNPCKHDQ(q[1], q[0], rows[1]) // rows 2 3 | 6 7
	three := GP64()
	LEAQ(Mem{Base: stride, Index: stride, Scale: 2}, three)
	for half := range 2 {
		if half == 1 {
			LEAQ(Mem{Base: dst, Index: stride, Scale: 4}, dst)
			VEXTRACTI128(Imm(1), rows[0], rows[0].AsX())
			VEXTRACTI128(Imm(1), rows[1], rows[1].AsX())
		}
		VMOVQ(rows[0].AsX(), at(dst, 0))
		VMOVHPS(rows[0].AsX(), indexed(dst, stride))
		VMOVQ(rows[1].AsX(), Mem{Base: dst, Index: stride, Scale: 2})
		VMOVHPS(rows[1].AsX(), indexed(dst, three))
	}
}
