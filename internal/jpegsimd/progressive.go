package jpegsimd

import "math/bits"

// A Band is what a scan of a progressive file holds of each block: coefficients
// First to Last in zigzag order, without their lowest bits.
type Band struct {
	First, Last int  // from 1 to 63
	Low         uint // how many bits are left to later scans
}

// Difference decodes the difference of a first coefficient and adds it to pred.
// It returns 0, Short or Bad.
func Difference(dc *Table, b *Bits, pred *int32) int {
	if uint(b.At) > uint(len(b.Buf)-Reach) || len(b.Buf) < Reach {
		return Short
	}
	if !dc.difference(b, pred) {
		return Bad
	}
	return 0
}

// Bit takes one bit. It returns 0, 1 or Short.
func Bit(b *Bits) int {
	if uint(b.At) > uint(len(b.Buf)-Reach) || len(b.Buf) < Reach {
		return Short
	}
	if b.N == 0 {
		b.refill()
	}
	bit := int(b.Acc >> 63)
	b.drop(1)
	return bit
}

// Select decodes the first scan of a band of one block (G.1.2.2) and notes in
// nonzero which coefficients it sets, bit k for number k in zigzag order. It
// returns how many of the blocks that follow have none, or Short or Bad.
func Select(coef *[64]int16, nonzero *uint64, ac *ACTable, b *Bits, band Band) int {
	if uint(b.At) > uint(len(b.Buf)-Reach) || len(b.Buf) < Reach {
		return Short
	}
	acc, n, at, buf := b.Acc, b.N, b.At, b.Buf
	k, end, low, set := uint(band.First), uint(band.Last), band.Low&15, *nonzero
	for k <= end {
		acc, n, at = refill(buf, acc, n, at)
		e := ac.find(acc)
		var v int32
		switch {
		case e&special == 0:
			v = int32(e) >> 16
			acc, n = acc<<(e&63), n-uint64(e&63)
		case e&kindMask == kindLong:
			return Bad
		case e&kindMask == kindEnd:
			acc, n = acc<<(e&63), n-uint64(e&63)
			run, size := blocks(e, acc)
			*nonzero, b.Acc, b.N, b.At = set, acc<<size, n-uint64(size), at
			return run - 1
		default:
			acc, n, v = split(e, acc, n)
		}
		k += uint(e >> 8 & 31)
		if e&(special|kindMask) != special|kindRun {
			place := min(k-1, 63)
			coef[zigzag[place]&63] = int16(v << low)
			set = set&^(1<<place) | uint64(nonzeroBit(int16(v<<low)))<<place
		}
	}
	*nonzero, b.Acc, b.N, b.At = set, acc, n, at
	return 0
}

// blocks returns how many blocks a run has, with the one that it begins in, and
// how many bits after its code say so.
func blocks(e uint32, acc uint64) (run int, size uint) {
	size = uint(e >> 20 & 15)
	return 1<<size + int(acc>>1>>(63-size)), size
}

func nonzeroBit(v int16) uint16 { return (uint16(v) | uint16(-v)) >> 15 }

// Refine decodes a scan that adds a bit to a band of one block (G.1.2.3). With
// run it is one of the blocks in which no coefficient begins to differ from
// zero; it returns what is left of the run then, or Short or Bad.
func Refine(coef *[64]int16, nonzero *uint64, ac *ACTable, b *Bits, band Band, run int) int {
	if uint(b.At) > uint(len(b.Buf)-Reach) || len(b.Buf) < Reach {
		return Short
	}
	k, end := uint(band.First), uint(band.Last)
	for run == 0 && k <= end {
		b.refill()
		e := ac.find(b.Acc)
		v := int32(0)
		switch {
		case e&special == 0:
			v = int32(e) >> 16
			b.drop(uint(e & 63))
		case e&kindMask == kindLong:
			return Bad
		case e&kindMask == kindEnd:
			b.drop(uint(e & 63))
			var size uint
			run, size = blocks(e, b.Acc)
			b.drop(size)
			continue
		default:
			b.Acc, b.N, v = split(e, b.Acc, b.N)
		}
		if v < -1 || v > 1 {
			return Bad // a coefficient begins with one bit
		}
		to := skipZeros(*nonzero, k, end, uint(e>>8&31))
		correct(coef, *nonzero&span(k, to), b, band.Low)
		if k = to + 1; v != 0 {
			place := min(to, 63)
			coef[zigzag[place]&63] = int16(v << (band.Low & 15))
			*nonzero |= 1 << place
		}
	}
	if run == 0 {
		return 0
	}
	if k <= end {
		correct(coef, *nonzero&span(k, end+1), b, band.Low)
	}
	return run - 1
}

// span returns the bits from k up to, and without, end.
func span(k, end uint) uint64 { return 1<<end - 1<<k }

// skipZeros returns the place of the n-th zero from k on, or end+1 if there are
// fewer.
func skipZeros(nonzero uint64, k, end, n uint) uint {
	zeros := ^nonzero & span(k, end+1)
	for ; n > 1; n-- {
		zeros &= zeros - 1
	}
	if zeros == 0 {
		return end + 1
	}
	return uint(bits.TrailingZeros64(zeros))
}

// correct takes a bit for each of the coefficients, and moves those whose bit is
// set away from zero.
func correct(coef *[64]int16, which uint64, b *Bits, low uint) {
	one := int16(1) << (low & 15)
	for left := 0; which != 0; which &= which - 1 {
		if left == 0 {
			b.refill()
			left = 56
		}
		left--
		c := &coef[zigzag[bits.TrailingZeros64(which)]&63]
		if int64(b.Acc) < 0 && *c&one == 0 {
			if *c >= 0 {
				*c += one
			} else {
				*c -= one
			}
		}
		b.drop(1)
	}
}
