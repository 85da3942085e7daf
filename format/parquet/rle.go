package parquet

import (
	"encoding/binary"
	"errors"
)

var (
	errShort  = errors.New("ends early")
	errExcess = errors.New("holds more than it should")
	errLevel  = errors.New("level out of range")
	errIndex  = errors.New("index outside the dictionary")
	errWidth  = errors.New("impossible bit width")
)

// A hybrid reads the runs of Parquet's RLE / bit-packed hybrid encoding
// (Encodings.md, RLE = 3).
type hybrid struct {
	src   []byte
	width uint // bits of a value, at most 32
}

// run returns the next run: either count times value, or count values packed
// in the given bytes. Never more than most, however long the run claims to be.
func (h *hybrid) run(most int) (count int, value uint32, packed []byte, err error) {
	head, n := binary.Uvarint(h.src)
	if n <= 0 {
		return 0, 0, nil, errShort
	}
	h.src = h.src[n:]
	if head&1 == 1 {
		count = most
		if groups := head >> 1; groups < uint64(most+7)/8 {
			count = int(groups) * 8
		}
		need := (count*int(h.width) + 7) / 8
		if need > len(h.src) {
			return 0, 0, nil, errShort
		}
		packed = h.src[:need]
		h.src = h.src[min(uint64(len(h.src)), (head>>1)*uint64(h.width)):]
		return count, 0, packed, nil
	}
	bytes := int(h.width+7) / 8
	if bytes > len(h.src) {
		return 0, 0, nil, errShort
	}
	for i, b := range h.src[:bytes] {
		value |= uint32(b) << (8 * i)
	}
	h.src = h.src[bytes:]
	return int(min(head>>1, uint64(most))), value, nil, nil
}

// levels decodes len(dst) definition or repetition levels, none above limit.
func levels(dst, src []byte, limit int) error {
	h := hybrid{src, uint(bitsFor(limit))}
	for len(dst) > 0 {
		n, value, packed, err := h.run(len(dst))
		switch {
		case err != nil:
			return err
		case packed != nil && h.width == 1:
			unpackBits(dst[:n], packed)
		case packed != nil:
			if err := unpackLevels(dst[:n], packed, h.width, limit); err != nil {
				return err
			}
		case int64(value) > int64(limit) && n > 0:
			return errLevel
		default:
			fill(dst[:n], byte(value))
		}
		dst = dst[n:]
	}
	return nil
}

// bitsFor returns the bits that the numbers 0 to limit take.
func bitsFor(limit int) (n int) {
	for ; limit > 0; limit >>= 1 {
		n++
	}
	return n
}

func fill(dst []byte, x byte) {
	if len(dst) == 0 {
		return
	}
	dst[0] = x
	for n := 1; n < len(dst); n *= 2 {
		copy(dst[n:], dst[:n])
	}
}

// unpackBits sets dst to the bits of src, lowest first, as bytes 0 and 1.
func unpackBits(dst, src []byte) {
	for len(dst) >= 8 {
		// Spread a copy of the byte over eight, keep another bit in each, and
		// move that bit to the top by an addition that does not carry over.
		x := uint64(src[0]) * 0x0101010101010101 & 0x8040201008040201
		x = (x + 0x00406070787c7e7f) >> 7 & 0x0101010101010101
		binary.LittleEndian.PutUint64(dst, x)
		dst, src = dst[8:], src[1:]
	}
	for i := range dst {
		dst[i] = src[0] >> i & 1
	}
}

func unpackLevels(dst, src []byte, width uint, limit int) error {
	var acc, have uint
	for i := range dst {
		for have < width {
			acc |= uint(src[0]) << have
			src = src[1:]
			have += 8
		}
		level := acc & (1<<width - 1)
		if level > uint(limit) {
			return errLevel
		}
		dst[i] = byte(level)
		acc >>= width
		have -= width
	}
	return nil
}

// indexes decodes len(dst) dictionary indexes, all below limit, from the bit
// width and the runs that follow it.
func indexes(dst []uint32, src []byte, limit int) error {
	if len(dst) == 0 {
		return nil
	}
	if len(src) == 0 {
		return errShort
	}
	if src[0] > 32 {
		return errWidth
	}
	h := hybrid{src[1:], uint(src[0])}
	for len(dst) > 0 {
		n, value, packed, err := h.run(len(dst))
		if err != nil {
			return err
		}
		out := dst[:n]
		if packed != nil {
			unpackIndexes(out, packed, h.width)
			for _, x := range out {
				if int64(x) >= int64(limit) {
					return errIndex
				}
			}
		} else {
			if int64(value) >= int64(limit) && n > 0 {
				return errIndex
			}
			for i := range out {
				out[i] = value
			}
		}
		dst = dst[n:]
	}
	return nil
}

// unpackIndexes unpacks values of at most 32 bits; src holds them all.
func unpackIndexes(dst []uint32, src []byte, width uint) {
	mask := uint64(1)<<width - 1
	at := uint(0) // bit
	i := 0
	for ; i < len(dst) && int(at>>3)+8 <= len(src); i++ {
		dst[i] = uint32(binary.LittleEndian.Uint64(src[at>>3:]) >> (at & 7) & mask)
		at += width
	}
	var tail [16]byte // the last bytes, with room to load beyond them
	first := at >> 3
	copy(tail[:], src[min(int(first), len(src)):])
	for ; i < len(dst); i++ {
		dst[i] = uint32(binary.LittleEndian.Uint64(tail[at>>3-first:]) >> (at & 7) & mask)
		at += width
	}
}
