package gif

import (
	"encoding/binary"
	"errors"
	"fmt"
)

const (
	maxWidth = 12 // of a code, in bits
	maxCodes = 1 << maxWidth
)

var (
	errCode  = errors.New("a code that means nothing")
	errShort = errors.New("the frame ends too early")
)

// lzw decompresses one frame after the other. What a code stands for is a piece
// of the output, which holds each of them already.
type lzw struct {
	in    []byte
	block int // bytes left of a block, the first of in
	b     uint64
	n     uint // bits in b

	start  [maxCodes]uint32
	length [maxCodes]uint16
}

// decode fills dst from blocks of codes, behind the number of bits of a literal.
func (z *lzw) decode(dst, codes []byte) error {
	literal := uint(codes[0])
	if literal < 1 || literal > 8 {
		return fmt.Errorf("literals of %d bits", literal)
	}
	z.in, z.block, z.b, z.n = codes[1:], 0, 0, 0
	reset := 1 << literal
	width, next := literal+1, reset+2
	from, n := 0, 0 // the piece before, none behind a reset
	for p := 0; p < len(dst); {
		if z.n < maxWidth {
			if z.more(); z.n < width {
				return errShort
			}
		}
		code := int(z.b & (1<<width - 1))
		z.b, z.n = z.b>>width, z.n-width
		size := 1
		switch {
		case code < reset:
			dst[p] = uint8(code)
		case code == reset:
			width, next, n = literal+1, reset+2, 0
			continue
		case code == reset+1:
			return errShort
		case n == 0 || code > next:
			return errCode
		case code == next: // the piece before and its first byte
			size = n + 1
			put(dst, p, from, n)
			if p+n < len(dst) {
				dst[p+n] = dst[from]
			}
		default:
			size = int(z.length[code])
			put(dst, p, int(z.start[code]), size)
		}
		if n > 0 && next < maxCodes { // the piece before and the first byte of this one
			z.start[next], z.length[next] = uint32(from), uint16(n+1)
			if next == 1<<width-1 && width < maxWidth {
				width++
			}
			next++
		}
		from, n = p, size
		p += size
	}
	return nil
}

// put copies a piece of n bytes, which ends before p, to p.
func put(dst []byte, p, from, n int) {
	if n <= 8 && p+8 <= len(dst) {
		binary.LittleEndian.PutUint64(dst[p:], binary.LittleEndian.Uint64(dst[from:]))
		return
	}
	copy(dst[p:], dst[from:from+n])
}

// more takes bytes until there are at least 56 bits, or the last block ends.
func (z *lzw) more() {
	for z.n < 56 {
		switch {
		case z.block >= 8 && len(z.in) >= 8:
			k := int(63-z.n) / 8
			z.b |= binary.LittleEndian.Uint64(z.in) << z.n
			z.n += uint(8 * k)
			z.b &= 1<<z.n - 1
			z.in, z.block = z.in[k:], z.block-k
		case z.block > 0:
			z.b |= uint64(z.in[0]) << z.n
			z.n += 8
			z.in, z.block = z.in[1:], z.block-1
		case len(z.in) == 0 || z.in[0] == 0 || int(z.in[0]) >= len(z.in):
			return // the last block, or one that is cut off
		default:
			z.in, z.block = z.in[1:], int(z.in[0])
		}
	}
}
