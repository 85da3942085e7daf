package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func main() {
	ConstraintExpr("!purego")
	t := makeTransform()
	units(t)
	beside(t)
	refine()
	idct(t)
	upsample()
	colour()
	unstuff()
	Generate()
}

// function begins a kernel.
func function(name, signature string) {
	TEXT(name, NOSPLIT, signature)
	Pragma("noescape")
}

// param loads a parameter of 64 bits.
func param(name string) reg.GPVirtual { return Load(Param(name), GP64()).(reg.GPVirtual) }

// paramMem is where a parameter is.
func paramMem(name string) Mem {
	b, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	return b.Addr
}

// at is the memory at a distance from an address.
func at(base reg.Register, disp int) Mem { return Mem{Base: base, Disp: disp} }

// indexed is the memory at an address plus a register.
func indexed(base, index reg.Register) Mem { return Mem{Base: base, Index: index, Scale: 1} }

// words is a constant of 16 equal words.
func words(name string, v uint16) Mem { return pairs(name, int16(v), int16(v)) }

// pairs is a constant of 8 equal pairs of words.
func pairs(name string, a, b int16) Mem { return dwords(name, uint32(uint16(a))|uint32(uint16(b))<<16) }

// dwords is a constant of 8 equal numbers of 32 bits.
func dwords(name string, v uint32) Mem {
	m := GLOBL(name, RODATA|NOPTR)
	for i := range 8 {
		DATA(4*i, U32(v))
	}
	return m
}

// tables are the constants of bytes that there are.
var tables = map[string]Mem{}

// table is a constant of bytes.
func table(name string, b []byte) Mem {
	if m, ok := tables[name]; ok {
		return m
	}
	m := GLOBL(name, RODATA|NOPTR)
	for i := range b {
		DATA(i, U8(b[i]))
	}
	tables[name] = m
	return m
}

// ymm returns n registers.
func ymm(n int) []reg.VecVirtual {
	v := make([]reg.VecVirtual, n)
	for i := range v {
		v[i] = YMM()
	}
	return v
}
