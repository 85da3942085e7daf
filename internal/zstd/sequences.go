package zstd

import (
	"encoding/binary"
	"math/bits"
)

// sequences decodes the sequences of a frame's blocks: so many literals, then so many
// bytes that were decoded before.
type sequences struct {
	state
	kernel              bool // whether it may be used
	dst, literals, bits []byte
	fields              [3]table
}

// state is where a decoder stands. The kernel knows the layout.
type state struct {
	dst      uintptr // set for the kernel only, as are last, literals, left and bits
	at       int     // where dst goes on
	last     int     // up to where the kernel may decode
	literals uintptr
	left     int // so many of them
	bits     uintptr
	more     int // so many of them, which are read backwards
	states   [3]int
	n        int       // so many sequences before the last one of a block
	recent   [4]uint32 // the last three offsets
	found    sequence  // one that the kernel has decoded, and left to be copied
	tables   [3][1 << 9]entry
}

// sequence is so many literals, and so many bytes from that far back.
type sequence struct{ literals, match, back int }

// The parts of a sequence, as their tables lie in a block.
const (
	literalLength = iota
	offset
	matchLength
)

// begin makes s ready for a frame that is decoded to dst.
func (s *sequences) begin(dst []byte, kernel bool) {
	s.dst, s.at, s.kernel = dst, 0, kernel
	s.recent = [4]uint32{1, 4, 8}
	for i := range s.fields {
		s.fields[i] = table{-1, s.tables[i][:]}
	}
}

// forget lets go of what belongs to others.
func (s *sequences) forget() { s.dst, s.literals, s.bits = nil, nil, nil }

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
	for s.n = n - 1; ; {
		var q sequence
		if s.kernel && s.run() {
			q = s.found
		} else if s.n > 0 {
			q = s.one()
			s.advance()
			s.n--
		} else {
			break
		}
		if err := s.copy(q); err != nil {
			return err
		}
	}
	if err := s.copy(s.one()); err != nil {
		return err
	}
	if s.more != 0 {
		return errBlock
	}
	if len(s.literals) > len(s.dst)-s.at {
		return errSize
	}
	s.at += copy(s.dst[s.at:], s.literals)
	return nil
}

// start reads the tables in src, and makes the bits behind them those that follow.
func (s *sequences) start(src []byte) (err error) {
	if len(src) < 1 || src[0]&3 != 0 {
		return errBlock
	}
	how := src[0]
	src = src[1:]
	for i, f := range fields {
		if src, err = s.fields[i].read(f, how>>(6-2*i)&3, src); err != nil {
			return err
		}
	}
	if len(src) < 1 || src[len(src)-1] == 0 {
		return errBlock
	}
	s.bits, s.more = src, 8*len(src)-1-bits.LeadingZeros8(src[len(src)-1]) // a one marks the end
	for i := range s.states {
		s.states[i] = s.take(s.fields[i].log)
	}
	return nil
}

// take returns the next n bits, up to 31. Behind the last one there are fewer than none.
func (s *sequences) take(n int) int {
	s.more -= n
	if s.more < 0 {
		return 0
	}
	at, x := s.more/8, uint64(0)
	if len(s.bits)-at >= 8 {
		x = binary.LittleEndian.Uint64(s.bits[at:])
	} else {
		x = little(s.bits[at:])
	}
	return int(x >> (s.more % 8) & (1<<n - 1))
}

// one decodes a sequence.
func (s *sequences) one() (q sequence) {
	value := func(part int) int {
		e := s.tables[part][s.states[part]]
		return int(e.base) + s.take(int(e.extra))
	}
	x := value(offset)
	q.match, q.literals = value(matchLength), value(literalLength)
	r := &s.recent
	which := x - 1
	if q.literals == 0 {
		which++
	}
	switch {
	case x > 3:
		q.back = x - 3
	case which < 3:
		q.back = int(r[which])
	default:
		q.back = int(r[0]) - 1
	}
	switch which {
	case 0:
	case 1:
		r[0], r[1] = r[1], r[0]
	default:
		r[0], r[1], r[2] = uint32(q.back), r[0], r[1]
	}
	return q
}

// advance goes on to the next states.
func (s *sequences) advance() {
	for _, part := range [...]int{literalLength, matchLength, offset} {
		e := s.tables[part][s.states[part]]
		s.states[part] = int(e.next) + s.take(int(e.bits))
	}
}

// copy appends what q says to dst.
func (s *sequences) copy(q sequence) error {
	if s.more < 0 || q.literals > len(s.literals) {
		return errBlock
	}
	if q.literals+q.match > len(s.dst)-s.at {
		return errSize
	}
	s.at += copy(s.dst[s.at:], s.literals[:q.literals])
	s.literals = s.literals[q.literals:]
	if q.back < 1 || q.back > s.at {
		return errBlock
	}
	for back, end := q.back, s.at+q.match; s.at < end; { // it may overlap itself: then it repeats
		s.at += copy(s.dst[s.at:end], s.dst[s.at-back:s.at])
		back *= 2
	}
	return nil
}
