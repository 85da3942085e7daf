package inflate

import (
	"cmp"
	"encoding/binary"
	"errors"
	"io"
)

// What a stream can be wrong in.
var (
	errHeader   = errors.New("inflate: not a zlib stream")
	errBlock    = errors.New("inflate: a block of unknown type")
	errStored   = errors.New("inflate: a stored block with a damaged length")
	errCodes    = errors.New("inflate: a block whose codes do not fit together")
	errCode     = errors.New("inflate: a code that means nothing")
	errDistance = errors.New("inflate: a repetition from before the beginning")
	errSum      = errors.New("inflate: a wrong checksum")
	errLonger   = errors.New("inflate: more data than expected")
)

const (
	window   = 1 << 15 // how far back a repetition reaches
	leastOut = 1 << 17 // of the output buffer: the window moves once per 96 KiB

	// slack is what the loop over codes may write beyond its limit: literals of
	// one round, a repetition, and what copying in eights adds.
	slack = 8 + 258 + 8
	// ahead is what that loop may read in a round.
	ahead = 16
)

// part is what of a block comes next.
type part uint8

const (
	head part = iota
	stored
	coded
	end // of the stream
)

// Reader decompresses one stream after the other. The zero Reader is empty.
type Reader struct {
	in  []byte
	pos int    // in in
	b   uint64 // bits ahead of pos; above the first n lie more, or none
	n   uint

	tail [2*ahead + 8]byte // the last bytes of in, with noughts behind
	real int               // length of in without those noughts

	out  []byte
	r, w int // out[r:w] waits to be taken; before lies the window
	done int // out[:done] is in sum
	sum  uint32
	raw  bool // no head and no checksum

	part  part
	last  bool // the present block
	plain int  // bytes left of a stored block
	codes codes
}

// Reset begins the zlib stream that data holds. Whatever lies behind its end
// counts as none of it.
func (z *Reader) Reset(data []byte) error {
	z.ResetRaw(data)
	z.raw = false
	h, err := z.bits(16)
	if err != nil {
		return err
	}
	// Method 8, a window of at most 32 KiB, no dictionary, a check of both bytes.
	if h&0xf != 8 || h>>4&0xf > 7 || h&0x2000 != 0 || (h<<8|h>>8)&0xffff%31 != 0 {
		return errHeader
	}
	return nil
}

// ResetRaw is Reset for a stream without the head and the checksum of zlib, as
// members of a zip archive are.
func (z *Reader) ResetRaw(data []byte) {
	if z.out == nil {
		z.out = make([]byte, leastOut)
	}
	z.in, z.pos, z.real = data, 0, len(data)
	z.b, z.n = 0, 0
	z.r, z.w = 0, 0
	z.done, z.sum, z.raw = 0, 1, true
	z.part, z.last = head, false
}

// Next returns the next n bytes, which are lent until the next call.
func (z *Reader) Next(n int) ([]byte, error) {
	for z.w-z.r < n {
		if z.part == end {
			return nil, io.ErrUnexpectedEOF
		}
		z.slide(n)
		if err := z.fill(); err != nil {
			return nil, err
		}
	}
	z.r += n
	return z.out[z.r-n : z.r : z.r], nil
}

// Close finds out whether the stream ends here and whole.
func (z *Reader) Close() error {
	for z.part != end && z.w == z.r {
		z.slide(1)
		if err := z.fill(); err != nil {
			return err
		}
	}
	z.in = nil
	if z.w != z.r {
		return errLonger
	}
	return nil
}

// slide makes room for what is missing of n bytes, by moving the window to the
// beginning of the buffer.
func (z *Reader) slide(n int) {
	if len(z.out)-slack-z.r > n {
		return
	}
	z.checksum()
	from := max(min(z.r, z.w-window), 0)
	out := z.out
	if len(out) < window+2*n+slack {
		out = make([]byte, window+4*n+slack)
	}
	copy(out, z.out[from:z.w])
	z.out, z.r, z.w, z.done = out, z.r-from, z.w-from, z.done-from
}

func (z *Reader) checksum() {
	if z.raw {
		return
	}
	z.sum = adler(z.sum, z.out[z.done:z.w])
	z.done = z.w
}

// fill decompresses until the buffer is full or the stream at its end.
func (z *Reader) fill() error {
	limit := len(z.out) - slack
	for z.w < limit {
		var err error
		switch z.part {
		case head:
			err = z.block()
		case stored:
			err = z.copy(limit)
		case coded:
			err = z.symbols(limit)
		case end:
			return nil
		}
		if err != nil {
			return cmp.Or(z.overrun(), err) // behind the end lies nonsense
		}
	}
	return nil
}

// block reads the head of a block, or the end of the stream behind the last one.
func (z *Reader) block() error {
	if z.last {
		return z.finish()
	}
	h, err := z.bits(3)
	if err != nil {
		return err
	}
	z.last = h&1 != 0
	switch h >> 1 {
	case 0:
		return z.plainHead()
	case 1:
		z.part = coded
		z.codes.setFixed()
		return nil
	case 2:
		z.part = coded
		return z.dynamicHead()
	}
	return errBlock
}

// finish compares the checksum.
func (z *Reader) finish() error {
	if z.raw {
		z.part = end
		return nil
	}
	z.drop(z.n & 7)
	want, err := z.bits(32)
	if err != nil {
		return err
	}
	z.checksum()
	var le [4]byte
	binary.LittleEndian.PutUint32(le[:], uint32(want))
	if z.sum != binary.BigEndian.Uint32(le[:]) {
		return errSum
	}
	z.part = end
	return nil
}

// plainHead reads the length of a stored block and goes back to whole bytes.
func (z *Reader) plainHead() error {
	z.drop(z.n & 7)
	v, err := z.bits(32)
	if err != nil {
		return err
	}
	z.plain = int(v & 0xffff)
	if v>>16 != ^v&0xffff {
		return errStored
	}
	z.unread()
	z.part = stored
	return nil
}

// copy takes bytes of a stored block.
func (z *Reader) copy(limit int) error {
	if z.plain == 0 {
		z.part = head
		return nil
	}
	k := copy(z.out[z.w:limit], z.in[z.pos:min(z.pos+z.plain, z.real)])
	if k == 0 {
		return io.ErrUnexpectedEOF
	}
	z.pos, z.w, z.plain = z.pos+k, z.w+k, z.plain-k
	return nil
}

// more makes at least 56 bits ready, of noughts where the stream has ended, unless
// such were taken already.
func (z *Reader) more() error {
	if err := z.overrun(); err != nil {
		return err
	}
	if z.pos+ahead > len(z.in) {
		z.toTail()
	}
	z.b |= binary.LittleEndian.Uint64(z.in[z.pos:]) << (z.n & 63)
	z.pos += int((63 - z.n) >> 3)
	z.n |= 56
	return nil
}

// toTail puts the rest of the input where noughts follow it, with the whole bytes
// among the bits that are ready, which plainHead goes back to.
func (z *Reader) toTail() {
	z.unread()
	var t [len(z.tail)]byte
	k := copy(t[:], z.in[z.pos:z.real])
	z.pos, z.real = 0, k
	z.tail = t
	z.in = z.tail[:]
}

// unread gives the whole bytes among the bits that are ready back.
func (z *Reader) unread() {
	z.pos -= int(z.n >> 3)
	z.n &= 7
	z.b &= 1<<z.n - 1
}

// bits takes up to 32 bits.
func (z *Reader) bits(n uint) (uint64, error) {
	if z.n < n {
		if err := z.more(); err != nil {
			return 0, err
		}
	}
	v := z.b & (1<<n - 1)
	z.drop(n)
	return v, z.overrun()
}

// drop passes over bits that are ready.
func (z *Reader) drop(n uint) {
	z.b >>= n
	z.n -= n
}

// overrun returns an error if bits were taken that are not there.
func (z *Reader) overrun() error {
	if z.pos-int(z.n>>3) > z.real {
		return io.ErrUnexpectedEOF
	}
	return nil
}

// order is that of the lengths of the codes of lengths.
const order = "\x10\x11\x12\x00\x08\x07\x09\x06\x0a\x05\x0b\x04\x0c\x03\x0d\x02\x0e\x01\x0f"

// dynamicHead reads the lengths of the codes of a block.
func (z *Reader) dynamicHead() error {
	v, err := z.bits(14)
	if err != nil {
		return err
	}
	symbols, distances := int(v&31)+257, int(v>>5&31)+1
	if symbols > 286 || distances > 30 {
		return errCodes
	}
	var lengths [nLengths]uint8
	for i := range int(v>>10) + 4 {
		v, err := z.bits(3)
		if err != nil {
			return err
		}
		lengths[order[i]] = uint8(v)
	}
	c := &z.codes
	c.fixed = false
	if !c.longLengths.build(c.lengths[:], lengths[:], lengthValues[:]) {
		return errCodes
	}
	var all [nSymbols + nDistances]uint8
	if err := z.lengths(all[:symbols+distances]); err != nil {
		return err
	}
	return c.set(all[:symbols], all[symbols:symbols+distances])
}

// lengths reads the lengths of codes, of which runs are shortened (RFC 1951,
// section 3.2.7).
func (z *Reader) lengths(all []uint8) error {
	for i := 0; i < len(all); {
		if z.n < 16 {
			if err := z.more(); err != nil {
				return err
			}
		}
		e := z.codes.lengths[z.b&(1<<lengthBits-1)]
		z.drop(uint(e & lengthMask))
		var v uint8
		run := 1
		switch l := e >> valueShift; l {
		case 0:
			return errCode
		case 16 + 1:
			if i == 0 {
				return errCodes
			}
			v, run = all[i-1], 3+z.ready(2)
		case 17 + 1:
			run = 3 + z.ready(3)
		case 18 + 1:
			run = 11 + z.ready(7)
		default:
			v = uint8(l - 1)
		}
		if i+run > len(all) {
			return errCodes
		}
		for range run {
			all[i] = v
			i++
		}
	}
	return z.overrun()
}

// ready takes bits that are ready.
func (z *Reader) ready(n uint) int {
	v := z.b & (1<<n - 1)
	z.drop(n)
	return int(v)
}
