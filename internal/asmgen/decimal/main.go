// Command decimal writes the kernels of package decimal.
package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

const (
	lane     = 16 // bytes of half a register: a number lies at the end of one
	vector   = 2 * lane
	group    = 4  // numbers that are read at once
	element  = 4  // bytes of an end
	mantissa = 52 // bits of a float64
	lost     = 29 // of them, which a float32 does not have
)

func main() {
	ConstraintExpr("!purego")
	kernel("int64", 8, integers)
	kernel("float64", 8, func(n *numbers) {
		f := quotients(n)
		signed(n, f)
		VMOVUPD(f, Mem{Base: n.dst})
	})
	kernel("float32", 4, func(n *numbers) {
		f, t := quotients(n), YMM()
		VPAND(words("lostBits", 1<<lost-1), f, t)
		VPCMPEQQ(words("halfWay", 1<<(lost-1)), t, t)
		VPOR(t, n.bad, n.bad)
		signed(n, f)
		VCVTPD2PSY(f, f.AsX())
		VMOVUPS(f.AsX(), Mem{Base: n.dst})
	})
	long()
	Generate()
}

// column is where the texts of numbers lie, as the arguments of a kernel say.
type column struct {
	text, ends, stride reg.Register  // stride in bytes
	beside             reg.GPVirtual // bytes between two ends that are not of a number
}

func loadColumn() (c column) {
	c.text, c.ends, c.stride = Load(Param("text"), GP64()), Load(Param("ends"), GP64()), Load(Param("stride"), GP64())
	c.beside = GP64()
	Load(Param("trim"), c.beside)
	SUBQ(c.beside, c.text)
	INCQ(c.beside)
	SHLQ(Imm(2), c.stride)
	return c
}

// numbers is a group of numbers that are being read. A vector of each has one element
// for each number, in their order.
type numbers struct {
	dst    reg.Register
	powers reg.Register   // of ten, from 10^16 down, and 1 before them
	zero   reg.VecVirtual // nothing
	bad    reg.VecVirtual // not zero if the number is not for a kernel
	digits reg.VecVirtual // all of them, as one number
	points reg.VecVirtual // the place of the point, from 1 on, or 0
	signs  reg.VecVirtual // 255, or 0
}

// kernel writes a kernel whose numbers take so many bytes each.
func kernel(name string, size int, finish func(*numbers)) {
	TEXT(name+"AVX2", NOSPLIT, "func(dst *"+name+", text *byte, ends *int32, stride, trim, groups int, odd *int32, first int) (n int)")
	Pragma("noescape")
	Doc(name + "AVX2 reads groups of four numbers, which are counted from first on. It sets odd to those that are not for it, and returns how many these are.")
	n := &numbers{dst: Load(Param("dst"), GP64()), powers: GP64(), zero: YMM()}
	c, groups := loadColumn(), Load(Param("groups"), GP64())
	odd, first := Load(Param("odd"), GP64()), Load(Param("first"), GP64())
	from := GP64()
	MOVQ(odd, from)
	if name != "int64" {
		LEAQ(powers("powersOfTen", lane), n.powers)
	}
	VPXOR(n.zero, n.zero, n.zero)
	beside := XMM()
	VMOVD(c.beside.As32(), beside)
	VPBROADCASTD(beside, beside)
	thrice := GP64()
	LEAQ(Mem{Base: c.stride, Index: c.stride, Scale: 2}, thrice)
	at := [group]Mem{{Base: c.ends}, {Base: c.ends, Index: c.stride, Scale: 1}, {Base: c.ends, Index: c.stride, Scale: 2}, {Base: c.ends, Index: thrice, Scale: 1}}

	Label("group")
	n.read(c.text, at, beside)
	finish(n)
	good, which := GP32(), GP32()
	VPCMPEQQ(n.zero, n.bad, n.bad)
	VMOVMSKPD(n.bad, good)
	XORL(Imm(1<<group-1), good)
	JE(LabelRef("next"))
	Label("odd")
	TZCNTL(good, which)
	ADDL(first.(reg.GPVirtual).As32(), which)
	MOVL(which, Mem{Base: odd})
	ADDQ(Imm(element), odd)
	BLSRL(good, good)
	JNE(LabelRef("odd"))
	Label("next")
	LEAQ(Mem{Base: c.ends, Index: c.stride, Scale: group}, c.ends)
	ADDQ(Imm(uint64(group*size)), n.dst)
	ADDQ(Imm(group), first)
	DECQ(groups)
	JNE(LabelRef("group"))
	VZEROUPPER()
	SUBQ(from, odd)
	SHRQ(Imm(2), odd)
	Store(odd, Return("n"))
	RET()
}

// read reads the group of numbers at whose ends begin. Registers hold two numbers each:
// the first and the third, and the others.
func (n *numbers) read(text reg.Register, at [group]Mem, beside reg.VecVirtual) {
	lengths, bad := n.lengths(at, beside)
	var x [2]reg.VecVirtual
	for i := range x {
		x[i] = YMM()
		VMOVDQU(before(text, at[i]), x[i].AsX())
		VINSERTI128(Imm(1), before(text, at[i+2]), x[i], x[i])
	}
	evens, odds := n.pair(x[0], lengths, always("firstByte", 0)), n.pair(x[1], lengths, always("secondByte", 8))
	n.points, n.signs, n.bad = united(evens.points, odds.points), united(evens.signs, odds.signs), united(evens.bad, odds.bad)
	VPOR(bad, n.bad, n.bad)
	VPAND(words("places", 31), n.points, n.points) // of a text with several points

	low, t := YMM(), YMM()
	n.digits = evens.fours
	VPACKUSDW(odds.fours, n.digits, n.digits)
	VPMADDWD(repeated("thousands", 10000&0xff, 10000>>8, 1, 0), n.digits, n.digits)
	VPSRLQ(Imm(32), n.digits, low) // the last eight digits, behind the first eight
	VPMULUDQ(words("highDigits", 1e8), n.digits, n.digits)
	VPADDQ(low, n.digits, n.digits)
	VPSRLQ(Imm(mantissa), n.digits, t)
	VPOR(t, n.bad, n.bad)
}

// lengths returns how many bytes each number has, and which of them have none, or more
// than a lane.
func (n *numbers) lengths(at [group]Mem, beside reg.VecVirtual) (lengths, bad reg.VecVirtual) {
	a, b, starts, ones := XMM(), XMM(), XMM(), XMM()
	for i, x := range []reg.VecVirtual{a, b} {
		VMOVQ(at[2*i], x) // an end, and the next
		VMOVHPS(at[2*i+1], x, x)
	}
	VSHUFPS(Imm(0b10_00_10_00), b, a, starts)
	VSHUFPS(Imm(0b11_01_11_01), b, a, a)
	VPSUBD(starts, a, a)
	VPSUBD(beside, a, a)
	VPCMPEQD(ones, ones, ones)
	VPADDD(ones, a, ones) // one less
	VPSRLD(Imm(4), ones, ones)
	lengths, bad = YMM(), YMM()
	VPMOVZXDQ(a, lengths)
	VPMOVZXDQ(ones, bad)
	return lengths, bad
}

// before returns the bytes before the second end at a place.
func before(text reg.Register, at Mem) Mem {
	end := GP64()
	at.Disp = element
	MOVL(at, end.As32())
	return Mem{Base: text, Index: end, Scale: 1, Disp: -lane}
}

// pair is two numbers that are being read, one in each lane.
type pair struct {
	fours         reg.VecVirtual // four times four digits
	points, signs reg.VecVirtual // as those of numbers, of the first and the last half of each
	bad           reg.VecVirtual // bytes that are not zero if the number is not for a kernel
}

// pair reads two numbers. Byte which of a lane of lengths is its length.
func (n *numbers) pair(x, lengths reg.VecVirtual, which Mem) (p pair) {
	first, t := YMM(), YMM()
	VPSHUFB(which, lengths, t)
	VMOVDQU(always("lane", lane), first)
	VPSUBB(t, first, first) // where the number begins
	p.signs, p.bad = mark(x, first, lane)
	p.points = YMM()
	VPCMPEQB(always("point", ('.'-'0')&0xff), x, p.points)
	VPAND(steps("place1", 1, lane), p.points, p.points)
	VPSADBW(n.zero, p.points, p.points)
	VPSHUFD(Imm(0b01_00_11_10), p.points, t)
	VPADDQ(p.points, t, t)
	VPSHUFB(always("firstByte", 0), t, t)
	shifted := YMM()
	VPSLLDQ(Imm(1), x, shifted)
	p.fours = fours(x, shifted, t, lane, p.bad)
	VPSADBW(n.zero, p.signs, p.signs)
	return p
}

// mark leaves the digits of the text in x, which begins at first and has so many bytes
// at most, as numbers, and zeros before it. It returns where there is a sign, and what
// is not zero if the last byte is no digit.
func mark(x, first reg.VecVirtual, bytes int) (signs, bad reg.VecVirtual) {
	t, keep := YMM(), YMM()
	signs, bad = YMM(), YMM()
	VPCMPEQB(always("minus", '-'), x, signs)
	VPCMPEQB(steps(fmt.Sprint("place", bytes), 0, bytes), first, t)
	VPAND(t, signs, signs)
	VMOVDQU(steps(fmt.Sprint("place1", bytes), 1, bytes), keep)
	VPCMPGTB(first, keep, keep)
	VPANDN(keep, signs, keep)
	VPSUBB(always("zero", '0'), x, x)
	VPSUBUSB(lastDigit(bytes), x, bad)
	VPAND(keep, x, x)
	return signs, bad
}

// fours returns the digits in x as numbers of four digits. Those up to the point, the
// place of which all bytes of point tell, from 1 on, are taken from shifted. What is no
// digit leaves something in bad.
func fours(x, shifted, point reg.VecVirtual, bytes int, bad reg.VecVirtual) reg.VecVirtual {
	VPCMPGTB(steps(fmt.Sprint("place", bytes), 0, bytes), point, point)
	VPBLENDVB(point, shifted, x, x)
	VPSUBUSB(always("nine", 9), x, point)
	VPOR(point, bad, bad)
	VPMADDUBSW(repeated("tens", 10, 1), x, x)
	VPMADDWD(repeated("hundreds", 100, 0, 1, 0), x, x)
	return x
}

// united returns the bits that either half of a lane has, of which evens and odds have
// one for every other number. Of a point or a sign one half tells, the other has zeros.
func united(evens, odds reg.VecVirtual) reg.VecVirtual {
	t := YMM()
	VPUNPCKHQDQ(odds, evens, t)
	VPUNPCKLQDQ(odds, evens, evens)
	VPOR(t, evens, evens)
	return evens
}

// integers stores whole numbers.
func integers(n *numbers) {
	VPOR(n.points, n.bad, n.bad)
	VPSRLQ(Imm(7), n.signs, n.signs)
	VPSUBQ(n.signs, n.zero, n.signs) // all bits of one with a sign
	VPXOR(n.signs, n.digits, n.digits)
	VPSUBQ(n.signs, n.digits, n.digits)
	VMOVDQU(n.digits, Mem{Base: n.dst})
}

// quotients returns the digits divided by the power of ten that the point says.
func quotients(n *numbers) reg.VecVirtual {
	f, all, p := n.digits, YMM(), YMM()
	magic := words("twoToThe52", 0x433<<mantissa)
	VPOR(magic, f, f)
	VSUBPD(magic, f, f)
	VPCMPEQD(all, all, all)
	VGATHERQPD(all, Mem{Base: n.powers, Index: n.points, Scale: 8}, p)
	VDIVPD(p, f, f)
	return f
}

// signed gives numbers their signs.
func signed(n *numbers, f reg.VecVirtual) {
	VPSLLQ(Imm(63), n.signs, n.signs)
	VPOR(n.signs, f, f)
}

var made = map[string]Mem{}

// constant makes a constant, once.
func constant(name string, fill func()) Mem {
	m, ok := made[name]
	if !ok {
		m = GLOBL(name, RODATA|NOPTR)
		made[name] = m
		fill()
	}
	return m
}

// repeated has the given bytes again and again.
func repeated(name string, of ...uint8) Mem {
	return constant(name, func() {
		for i := range vector {
			DATA(i, U8(of[i%len(of)]))
		}
	})
}

func always(name string, b uint8) Mem { return repeated(name, b) }

// steps has the numbers from a first one on, again after so many bytes.
func steps(name string, from uint8, bytes int) Mem {
	return constant(name, func() {
		for i := range vector {
			DATA(i, U8(from+uint8(i%bytes)))
		}
	})
}

// lastDigit is the greatest digit for the last of so many bytes, and what no byte
// exceeds for the others.
func lastDigit(bytes int) Mem {
	return constant(fmt.Sprint("lastDigit", bytes), func() {
		for i := range vector {
			most := uint8(0xff)
			if i%bytes == bytes-1 {
				most = 9
			}
			DATA(i, U8(most))
		}
	})
}

func words(name string, w uint64) Mem {
	return constant(name, func() {
		for i := range vector / 8 {
			DATA(8*i, U64(w))
		}
	})
}

// powers are those of ten for the places of a point, from 1 on, among so many bytes, and
// 1 for other places that a kernel may ask for.
func powers(name string, bytes int) Mem {
	return constant(name, func() {
		for i := range 33 {
			if i == 0 || i > bytes {
				DATA(8*i, F64(1))
			} else {
				DATA(8*i, F64(math.Pow10(bytes-i)))
			}
		}
	})
}
