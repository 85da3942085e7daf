package parquet

import (
	"bytes"
	"encoding/binary"
	"errors"

	"github.com/stokerdata/stoker/format/internal/elem"
	"github.com/stokerdata/stoker/internal/bitpack"
	"github.com/stokerdata/stoker/internal/prefetch"
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
	src   []byte // behind the run at hand
	width uint   // bits of a value, at most 32
	rest  int    // values that are still to come, from the run at hand on

	left   int    // values of the run at hand
	value  uint32 // each of them, if packed is nil
	packed []byte // holds them from bit at on, and whatever lies behind
	at     uint
}

// next begins the next run. However long that claims to be, it is no longer than
// what is still to come.
func (h *hybrid) next() error {
	head, n := binary.Uvarint(h.src)
	if n <= 0 {
		return errShort
	}
	h.src = h.src[n:]
	if head&1 == 1 {
		h.left = h.rest
		if groups := head >> 1; groups < uint64(h.rest+7)/8 {
			h.left = int(groups) * 8
		}
		if (h.left*int(h.width)+7)/8 > len(h.src) {
			return errShort
		}
		h.packed, h.at = h.src, 0
		h.src = h.src[min(uint64(len(h.src)), (head>>1)*uint64(h.width)):]
		return nil
	}
	bytes := int(h.width+7) / 8
	if bytes > len(h.src) {
		return errShort
	}
	h.value, h.packed = 0, nil
	for i, b := range h.src[:bytes] {
		h.value |= uint32(b) << (8 * i)
	}
	h.src = h.src[bytes:]
	h.left = int(min(head>>1, uint64(h.rest)))
	return nil
}

// pass passes over n values of the run at hand.
func (h *hybrid) pass(n int) {
	h.left -= n
	h.rest -= n
	h.at += uint(n) * h.width
}

// apart returns how many of the next n values of the run at hand come before one
// that begins with a byte: all of them if they are in no need of that.
func (h *hybrid) apart(n int) int {
	if h.packed == nil || h.at%8 == 0 {
		return n
	}
	k := 1
	for k < n && (h.at+uint(k)*h.width)%8 != 0 {
		k++
	}
	return k
}

// Where skip looks ahead, memory tells it one thing at a time no longer: it asks for
// the header of a run some runs before that, as if all were as long as the last one.
// Those of short runs are in the cache by then.
const (
	runsAhead = 4
	longRun   = 64 // bytes
)

// skip passes over n values.
func (h *hybrid) skip(n int) error {
	var ahead [1]int
	for n > 0 {
		if h.left == 0 {
			before := len(h.src)
			if err := h.next(); err != nil {
				return err
			}
			run := before - len(h.src)
			if ahead[0] = runsAhead * run; run > longRun && ahead[0] < len(h.src) {
				prefetch.Rows(h.src, 1, ahead[:])
			}
		}
		k := min(n, h.left)
		h.pass(k)
		n -= k
	}
	return nil
}

// levels decodes len(dst) definition or repetition levels, none above limit.
func levels(dst, src []byte, limit int) error {
	h := hybrid{src: src, width: uint(bitsFor(limit)), rest: len(dst)}
	return h.levels(dst, limit)
}

// levels sets dst to the next levels of h, none of which may be above limit.
func (h *hybrid) levels(dst []byte, limit int) error {
	for len(dst) > 0 {
		if h.left == 0 {
			if err := h.next(); err != nil {
				return err
			}
		}
		run := dst[:min(len(dst), h.left)]
		switch {
		case h.packed != nil && h.width == 1:
			unpackBits(run, h.packed, h.at)
		case h.packed != nil:
			if err := unpackLevels(run, h.packed, h.at, h.width, limit); err != nil {
				return err
			}
		case int64(h.value) > int64(limit) && h.left > 0:
			return errLevel
		default:
			elem.Fill(run, byte(h.value))
		}
		dst = dst[len(run):]
		h.pass(len(run))
	}
	return nil
}

// uniform reports whether all of n levels are limit, looking at no more than the
// runs. Levels that are malformed, or packed for no reason, are not uniform.
func uniform(src []byte, n, limit int) bool {
	h := hybrid{src: src, width: uint(bitsFor(limit)), rest: n}
	for h.rest > 0 {
		if h.next() != nil {
			return false
		}
		switch {
		case h.packed == nil && h.left > 0 && int64(h.value) != int64(limit):
			return false
		case h.packed != nil && !(limit == 1 && ones(h.packed, h.left)):
			return false
		}
		h.pass(h.left)
	}
	return true
}

// ones reports whether the first n bits of src are set.
func ones(src []byte, n int) bool {
	for _, b := range src[:n/8] {
		if b != 0xff {
			return false
		}
	}
	return n%8 == 0 || ^src[n/8]<<(8-n%8) == 0
}

// bitsFor returns the bits that the numbers 0 to limit take.
func bitsFor(limit int) (n int) {
	for ; limit > 0; limit >>= 1 {
		n++
	}
	return n
}

// count returns how many bytes of b are x.
func count(b []byte, x byte) int { return bytes.Count(b, []byte{x}) }

// unpackBits sets dst to the bits of src from bit at on, lowest first, as bytes 0
// and 1.
func unpackBits(dst, src []byte, at uint) {
	for src = src[at/8:]; at%8 != 0 && len(dst) > 0; dst = dst[1:] {
		dst[0] = src[0] >> (at % 8) & 1
		if at++; at%8 == 0 {
			src = src[1:]
		}
	}
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

func unpackLevels(dst, src []byte, at, width uint, limit int) error {
	src = src[at/8:]
	var acc, have uint
	if at%8 != 0 {
		acc, have = uint(src[0])>>(at%8), 8-at%8
		src = src[1:]
	}
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

// newIndexes returns the hybrid of n dictionary indexes: runs behind their width.
func newIndexes(src []byte, n int) (hybrid, error) {
	switch {
	case len(src) == 0:
		return hybrid{}, errShort
	case src[0] > 32:
		return hybrid{}, errWidth
	}
	return hybrid{src: src[1:], width: uint(src[0]), rest: n}, nil
}

// indexes sets dst to the next indexes of h, all of which must be below limit: with
// errIndex, h is behind them all the same.
func (h *hybrid) indexes(dst []uint32, limit int) (err error) {
	for len(dst) > 0 {
		if h.left == 0 {
			if err := h.next(); err != nil {
				return err
			}
		}
		out := dst[:min(len(dst), h.left)]
		if h.packed != nil {
			if int64(unpackIndexes(out, h.packed, h.at, h.width)) >= int64(limit) && len(out) > 0 {
				err = errIndex
			}
		} else {
			if int64(h.value) >= int64(limit) && len(out) > 0 {
				err = errIndex
			}
			for i := range out {
				out[i] = h.value
			}
		}
		dst = dst[len(out):]
		h.pass(len(out))
	}
	return err
}

// unpackIndexes unpacks values of at most 32 bits from bit at of src on, which
// holds them all, and returns the greatest.
func unpackIndexes(dst []uint32, src []byte, at, width uint) (greatest uint32) {
	i := 0
	if at%8 == 0 {
		i, greatest = bitpack.Unpack(dst, src[at/8:], width)
		at += uint(i) * width
	}
	mask := uint64(1)<<width - 1
	for ; i < len(dst) && int(at>>3)+8 <= len(src); i++ {
		dst[i] = uint32(binary.LittleEndian.Uint64(src[at>>3:]) >> (at & 7) & mask)
		greatest = max(greatest, dst[i])
		at += width
	}
	var tail [16]byte // the last bytes, with room to load beyond them
	first := at >> 3
	copy(tail[:], src[min(int(first), len(src)):])
	for ; i < len(dst); i++ {
		dst[i] = uint32(binary.LittleEndian.Uint64(tail[at>>3-first:]) >> (at & 7) & mask)
		greatest = max(greatest, dst[i])
		at += width
	}
	return greatest
}
