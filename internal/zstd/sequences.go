package zstd

import (
	"encoding/binary"
	"math/bits"
	"unsafe"
)

// sequences decodes the sequences of a frame's blocks: so many literals, then so many
// bytes of those that were decoded before. The kernel knows the layout up to tables.
type sequences struct {
	to   unsafe.Pointer // dst
	at   int            // where dst goes on
	last int            // up to where the kernel may decode to

	next unsafe.Pointer // the first of the literals that are left
	left int            // how many these are

	from unsafe.Pointer // the bits, which are read backwards
	more int            // how many are left

	literalLength, matchLength, offset int       // states
	n                                  int       // so many sequences before the last one
	recent                             [4]uint32 // the last three offsets
	found                              struct {  // a sequence that the kernel has decoded but leaves to be copied
		literals, match, back int
	}
	tables [3][1 << 9]entry

	dst, literals, bits []byte
	fields              [3]table
}

// begin makes s ready for a frame that is decoded to dst.
func (s *sequences) begin(dst []byte) {
	s.dst, s.at = dst, 0
	s.recent = [4]uint32{1, 4, 8}
	for i := range s.fields {
		s.fields[i] = table{-1, s.tables[i][:]}
	}
}

// sequenceCount reads how many sequences a block has.
func sequenceCount(src []byte) (n int, rest []byte, err error) {
	if len(src) < 1 {
		return 0, nil, errBlock
	}
	switch b := int(src[0]); {
	case b < 128:
		return b, src[1:], nil
	case b < 255 && len(src) > 1:
		return (b-128)<<8 + int(src[1]), src[2:], nil
	case b == 255 && len(src) > 2:
		return int(src[1]) + int(src[2])<<8 + 0x7f00, src[3:], nil
	}
	return 0, nil, errBlock
}

// decode decodes the n sequences that src holds, at least one, and the literals that are
// left then.
func (s *sequences) decode(n int, src []byte) error {
	if err := s.start(src); err != nil {
		return err
	}
	for s.n = n - 1; s.n > 0; {
		literals, match, back, ok := s.kernel()
		if !ok {
			if s.n == 0 {
				break
			}
			literals, match, back = s.one()
			s.advance()
			s.n--
		}
		if err := s.copy(literals, match, back); err != nil {
			return err
		}
	}
	if err := s.copy(s.one()); err != nil {
		return err
	}
	if s.more != 0 {
		return errBlock
	}
	rest := s.literals[len(s.literals)-s.left:]
	if len(rest) > len(s.dst)-s.at {
		return errSize
	}
	s.at += copy(s.dst[s.at:], rest)
	return nil
}

// start reads the tables in src and makes the bits behind them the ones that follow.
func (s *sequences) start(src []byte) (err error) {
	if len(src) < 1 || src[0]&3 != 0 {
		return errBlock
	}
	how := src[0]
	src = src[1:]
	for i, f := range [...]*field{literalLengths, offsets, matchLengths} {
		if src, err = s.fields[i].read(f, how>>(6-2*i)&3, src); err != nil {
			return err
		}
	}
	if len(src) < 1 || src[len(src)-1] == 0 {
		return errBlock
	}
	s.bits, s.more = src, 8*len(src)-1-bits.LeadingZeros8(src[len(src)-1]) // a one marks the end
	s.from = unsafe.Pointer(unsafe.SliceData(src))
	s.to, s.last = unsafe.Pointer(unsafe.SliceData(s.dst)), len(s.dst)-room
	s.next, s.left = unsafe.Pointer(unsafe.SliceData(s.literals)), len(s.literals)
	s.literalLength, s.offset, s.matchLength = s.take(s.fields[0].log), s.take(s.fields[1].log), s.take(s.fields[2].log)
	return nil
}

// take returns the next n bits, up to 31. Behind the last one it has fewer than none left.
func (s *sequences) take(n int) int {
	s.more -= n
	if s.more < 0 {
		return 0
	}
	at, x := s.more/8, uint64(0)
	if len(s.bits)-at >= 8 {
		x = binary.LittleEndian.Uint64(s.bits[at:])
	} else {
		for i, b := range s.bits[at:] {
			x |= uint64(b) << (8 * i)
		}
	}
	return int(x >> (s.more % 8) & (1<<n - 1))
}

// one decodes a sequence.
func (s *sequences) one() (literals, match, back int) {
	of, ml, ll := s.tables[1][s.offset], s.tables[2][s.matchLength], s.tables[0][s.literalLength]
	value := int(of.base) + s.take(int(of.extra))
	match = int(ml.base) + s.take(int(ml.extra))
	literals = int(ll.base) + s.take(int(ll.extra))
	r := &s.recent
	which := value - 1
	if literals == 0 {
		which++
	}
	if value > 3 {
		back = value - 3
	} else if which < 3 {
		back = int(r[which])
	} else {
		back = int(r[0]) - 1
	}
	switch which {
	case 0:
	case 1:
		r[0], r[1] = r[1], r[0]
	default:
		r[0], r[1], r[2] = uint32(back), r[0], r[1]
	}
	return literals, match, back
}

// advance goes on to the next states.
func (s *sequences) advance() {
	for i, state := range [...]*int{&s.literalLength, &s.matchLength, &s.offset} {
		e := s.tables[[...]int{0, 2, 1}[i]][*state]
		*state = int(e.next) + s.take(int(e.bits))
	}
}

// copy appends so many literals to dst, and then match bytes from that far back.
func (s *sequences) copy(literals, match, back int) error {
	if s.more < 0 || literals > s.left {
		return errBlock
	}
	if literals+match > len(s.dst)-s.at {
		return errSize
	}
	to := s.at + literals
	copy(s.dst[s.at:to], s.literals[len(s.literals)-s.left:])
	s.left -= literals
	s.next = unsafe.Add(s.next, literals)
	if back < 1 || back > to {
		return errBlock
	}
	for s.at = to + match; to < s.at; { // a match may overlap itself: then it repeats
		to += copy(s.dst[to:s.at], s.dst[to-back:to])
		back *= 2
	}
	return nil
}
