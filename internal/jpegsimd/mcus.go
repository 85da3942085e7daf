package jpegsimd

import "unsafe"

// A Unit is one block of an MCU: how it is taken apart, and where its samples go.
type Unit struct {
	DC     *Table
	AC     *ACTable
	Pred   *int32 // the first coefficient of the block before
	Quant  *[64]int16
	At     int // where the samples begin, which moves on by Step
	Stride int // from a row of samples to the next
	Step   int // from one MCU to the next
	Size   int // samples across and down: 8, or 4, 2 or 1 with Scaled
}

// prepare makes tables ready.
func (u *Unit) prepare() {
	u.DC.prepare()
	u.AC.prepare()
}

// kernel returns u as the kernels take it.
func (u *Unit) kernel() *uintptr { return (*uintptr)(unsafe.Pointer(u)) }

// The kernels rely on where some fields are: this does not compile if they move.
var (
	_ = [1]struct{}{}[unsafe.Offsetof(Table{}.pairs)-(4<<lookBits+32)]
	_ = [1]struct{}{}[unsafe.Offsetof(ACTable{}.hops)-(4<<lookBits+32+8<<pairBits+48)]
	_ = [1]struct{}{}[unsafe.Sizeof(Unit{})-64]
)

// MCUs are MCUs of a sequential scan that follow each other.
type MCUs struct {
	Units []Unit
	Next  int // block that is to be decoded next, counted from the first MCU on
	End   int // block behind the last
}

// Set sets the blocks of an MCU, which m keeps.
func (m *MCUs) Set(units []Unit) {
	for i := range units {
		units[i].prepare()
	}
	m.Units = units
}

// Start makes the next n MCUs those of m.
func (m *MCUs) Start(n int) { m.Next, m.End = 0, n*len(m.Units) }

// Decode writes the samples of all blocks to pix. It returns 0, Short if more
// bytes are needed, with which it goes on where it has stopped, or Bad.
func (m *MCUs) Decode(b *Bits, pix []uint8) int {
	if !m.check(pix) || !useAVX2 {
		return m.plainDecode(b, pix)
	}
	if m.Next == m.End {
		return 0
	}
	if b.short() {
		return Short
	}
	var coef [64]int16
	first, last, unit := m.span()
	left, end := decode(first, last, unit, m.End-m.Next, len(b.Buf)-Reach, &b.Acc, &pix[0], &coef, &zigzag[0])
	m.Next = m.End - left
	return min(end, 0)
}

// Blank writes samples as if all coefficients were zero.
func (m *MCUs) Blank(pix []uint8) {
	var zeros [64]int16
	for i := m.unit(); m.Next < m.End; i = m.after(i) {
		m.Units[i].put(pix, &zeros, 0)
	}
}

// Skip passes over all blocks. It returns what Decode does.
func (m *MCUs) Skip(b *Bits) int {
	m.hop()
	if !useAVX2 {
		return m.plainSkip(b)
	}
	if m.Next == m.End {
		return 0
	}
	if b.short() {
		return Short
	}
	first, last, unit := m.span()
	left, end := skip(first, last, unit, m.End-m.Next, len(b.Buf)-Reach, &b.Acc)
	m.Next = m.End - left
	return min(end, 0)
}

// hop makes hops ready.
func (m *MCUs) hop() {
	for i := range m.Units {
		m.Units[i].AC.setHops()
	}
}

// span returns the first unit, the last, and the one that is next.
func (m *MCUs) span() (first, last, unit *uintptr) {
	return m.Units[0].kernel(), m.Units[len(m.Units)-1].kernel(), m.Units[m.unit()].kernel()
}

// check panics if samples lie outside of pix, and reports whether blocks have all
// of theirs.
func (m *MCUs) check(pix []uint8) (whole bool) {
	n := len(m.Units)
	whole = true
	for i := range m.Units {
		u := &m.Units[i]
		times := (m.End-i+n-1)/n - (m.Next-i+n-1)/n
		if times > 0 {
			_ = pix[u.At:][(times-1)*u.Step+(u.Size-1)*(u.Stride+1)]
		}
		whole = whole && u.Size == 8
	}
	return whole
}

func (m *MCUs) plainDecode(b *Bits, pix []uint8) int {
	var coef [64]int16
	for i := m.unit(); m.Next < m.End; i = m.after(i) {
		u := &m.Units[i]
		end := Block(&coef, u, b)
		if end < 0 {
			return end
		}
		u.put(pix, &coef, end)
	}
	return 0
}

func (m *MCUs) plainSkip(b *Bits) int {
	for i := m.unit(); m.Next < m.End; i = m.after(i) {
		if b.short() {
			return Short
		}
		u := &m.Units[i]
		if plainSkip(u.DC, u.AC, b, u.Pred) < 0 {
			return Bad
		}
	}
	return 0
}

// unit returns the unit of the next block.
func (m *MCUs) unit() int { return m.Next % len(m.Units) }

// after ends the block of unit i and returns the unit behind it.
func (m *MCUs) after(i int) int {
	m.Next++
	if i++; i == len(m.Units) {
		return 0
	}
	return i
}

// put writes the samples of a block.
func (u *Unit) put(pix []uint8, coef *[64]int16, end int) {
	if dst := pix[u.At:]; u.Size == 8 {
		IDCT(dst, u.Stride, coef, u.Quant, end)
	} else {
		Scaled(dst, u.Stride, coef, u.Quant, u.Size)
	}
	u.At += u.Step
}
