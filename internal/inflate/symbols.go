package inflate

import "encoding/binary"

// symbols takes codes until the block ends or the output reaches limit.
func (z *Reader) symbols(limit int) error {
	for z.w < limit && z.part == coded {
		if z.pos+ahead > len(z.in) {
			if err := z.overrun(); err != nil {
				return err
			}
			z.toTail()
		}
		if err := z.run(limit); err != nil {
			return err
		}
	}
	return z.overrun()
}

// run is symbols while there are bytes ahead. In each round it loads at least
// 56 bits, which do for three look-ups of literals and a code of any length, and
// as many again before what belongs to a repetition.
func (z *Reader) run(limit int) error {
	in, out, c := z.in, z.out, &z.codes
	pos, w, b, n := z.pos, z.w, z.b, z.n
	var err error
	for w < limit && pos+ahead <= len(in) {
		b |= binary.LittleEndian.Uint64(in[pos:]) << (n & 63)
		pos += int((63 - n) >> 3)
		n |= 56
		e := c.symbols[b&(1<<symbolBits-1)]
		for k := 0; e&literals != 0 && k < 3; k++ {
			b, n = b>>(e&lengthMask), n-uint(e&lengthMask)
			binary.LittleEndian.PutUint16(out[w:], uint16(e>>valueShift))
			w += int(e & literals >> countShift)
			e = c.symbols[b&(1<<symbolBits-1)]
		}
		if e == 0 {
			if e = c.longSymbols.find(b); e == 0 {
				err = errCode
				break
			}
		}
		b, n = b>>(e&lengthMask), n-uint(e&lengthMask)
		if e&literals != 0 {
			binary.LittleEndian.PutUint16(out[w:], uint16(e>>valueShift))
			w += int(e & literals >> countShift)
			continue
		}
		if e&endOfBlock != 0 {
			z.part = head
			break
		}
		b |= binary.LittleEndian.Uint64(in[pos:]) << (n & 63)
		pos += int((63 - n) >> 3)
		n |= 56
		extra := uint(e>>extraShift) & 15
		length := int(e>>valueShift) + int(b&(1<<extra-1))
		b, n = b>>extra, n-extra
		e = c.distances[b&(1<<distanceBits-1)]
		if e == 0 {
			if e = c.longDistances.find(b); e == 0 {
				err = errCode
				break
			}
		}
		b, n = b>>(e&lengthMask), n-uint(e&lengthMask)
		extra = uint(e>>extraShift) & 15
		distance := int(e>>valueShift) + int(b&(1<<extra-1))
		b, n = b>>extra, n-extra
		if distance > w {
			err = errDistance
			break
		}
		repeat(out, w, distance, length)
		w += length
	}
	z.pos, z.w, z.b, z.n = pos, w, b, n
	return err
}

// repeat copies to at what lies distance bytes before it, and up to 7 bytes more
// than length.
func repeat(out []byte, at, distance, length int) {
	from, to := at-distance, at+length
	if distance < 8 || length > 64 {
		for at < to { // what has been copied can be copied again
			at += copy(out[at:to], out[from:at])
		}
		return
	}
	for at < to {
		binary.LittleEndian.PutUint64(out[at:], binary.LittleEndian.Uint64(out[from:]))
		at, from = at+8, from+8
	}
}
