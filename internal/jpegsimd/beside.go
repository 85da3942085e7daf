package jpegsimd

import "unsafe"

// A side is MCUs of one place of a file and their bits, as the kernels take them.
type side struct {
	zigzag [128]uint8
	coef   [64]int16
	first  *Unit
	last   *Unit
	unit   *Unit // the next one
	blocks int
	table  *ACTable // of the current block
	limit  int      // the last byte that a block may begin at
	after  *Unit    // the one after unit
	dc     *Table   // of unit
	bits   Bits
}

// The kernels rely on where its fields are.
var (
	_ = [1]struct{}{}[unsafe.Offsetof(side{}.first)-256]
	_ = [1]struct{}{}[unsafe.Offsetof(side{}.bits)-320]
	_ = [1]struct{}{}[unsafe.Sizeof(side{})-368]
)

// set gets s ready for m.
func (s *side) set(m *MCUs, b *Bits) {
	s.zigzag = zigzag
	s.first, s.last, s.unit = &m.Units[0], &m.Units[len(m.Units)-1], &m.Units[m.unit()]
	s.dc = s.unit.DC
	s.blocks, s.limit, s.bits = m.End-m.Next, len(b.Buf)-Reach, *b
}

// end notes how far m and b have come.
func (s *side) end(m *MCUs, b *Bits) {
	m.Next, *b = m.End-s.blocks, s.bits
}

// Beside decodes MCUs of m, whose bits are b, and of n, whose bits are c, to pix,
// or passes over them if that is nil, until one of the two has no more of them or
// not enough bytes. Each goes on by itself then. That takes less time than one
// after the other. It returns 0 or Bad. Where there are no kernels it does nothing.
func Beside(m, n *MCUs, b, c *Bits, pix []uint8) int {
	if !useAVX2 || m.Next == m.End || n.Next == n.End || b.short() || c.short() {
		return 0
	}
	var sides [2]side
	sides[0].set(m, b)
	sides[1].set(n, c)
	var why int
	if pix == nil {
		m.hop()
		n.hop()
		why = skipBeside(sides[0].kernel())
	} else if m.check(pix) && n.check(pix) {
		why = decodeBeside(sides[0].kernel(), &pix[0])
	}
	sides[0].end(m, b)
	sides[1].end(n, c)
	return why
}

func (s *side) kernel() *uintptr { return (*uintptr)(unsafe.Pointer(s)) }
