package jpegsimd

import "encoding/binary"

// Bits reads bits, the highest of a byte first.
//
// At most Reach bytes of Buf from At on are looked at for one block: it has 64
// codes of at most 16 bits, each followed by at most 15 bits, which makes 248
// bytes. At is at most 8 bytes ahead of the bits that are taken, and 8 bytes are
// loaded at a time. So it is enough to compare At with the length of Buf once for
// each block, and no bits that a file can hold lead the kernels out of Buf.
type Bits struct {
	Acc uint64 // the next bits, from the top; those beyond N are right or zero
	N   uint64 // how many they are, at most 63
	At  int    // the byte of Buf that is loaded next
	Buf []byte
}

// Reach is how many bytes from At on there must be for a block.
const Reach = 272

// short reports whether a block may have more bytes than there are.
func (b *Bits) short() bool { return b.At > len(b.Buf)-Reach }

// Taken returns how many bits of Buf have been taken.
func (b *Bits) Taken() int { return 8*b.At - int(b.N) }

// Seek makes the bit at the given distance from the beginning of Buf the next
// one. The byte that it is in, and 7 more, must be there.
func (b *Bits) Seek(bit int) {
	b.At, b.Acc, b.N = bit>>3, 0, 0
	b.refill()
	b.drop(uint(bit & 7))
}

// refill brings at least 56 bits into Acc. It loads 8 bytes, of which only those
// count that Acc has no room for otherwise: At moves so that the others are
// loaded again.
func (b *Bits) refill() {
	b.Acc |= binary.BigEndian.Uint64(b.Buf[b.At:]) >> (b.N & 63)
	b.At += int((63 - b.N) >> 3)
	b.N |= 56
}

func (b *Bits) drop(n uint) { b.Acc, b.N = b.Acc<<(n&63), b.N-uint64(n) }

// A window is the bytes that a block may have.
type window [Reach]byte

// begin returns b as local variables, which the compiler keeps in registers, for
// a block that is not short. What is returned as at counts from the window on.
func (b *Bits) begin() (w *window, acc, n uint64, at int) {
	return (*window)(b.Buf[b.At:]), b.Acc, b.N, 0
}

// end takes over what has become of what begin has returned.
func (b *Bits) end(acc, n uint64, at int) { b.Acc, b.N, b.At = acc, n, b.At+at }

// refill is that of Bits, for at from the beginning of the window. It is below 256
// for all bits of a block, which spares a check.
func (w *window) refill(acc, n uint64, at int) (uint64, uint64, int) {
	acc |= binary.BigEndian.Uint64(w[at&255:]) >> (n & 63)
	return acc, n | 56, at + int((63-n)>>3)
}
