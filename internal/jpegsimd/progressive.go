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
	if b.short() {
		return Short
	}
	w, acc, n, at := b.begin()
	acc, n, at = w.refill(acc, n, at)
	acc, n, diff, ok := dc.difference(acc, n)
	if !ok {
		return Bad
	}
	*pred += diff
	b.end(acc, n, at)
	return 0
}

// Bit takes one bit. It returns 0, 1 or Short.
func Bit(b *Bits) int {
	if b.short() {
		return Short
	}
	if b.N == 0 {
		b.refill()
	}
	bit := int(b.Acc >> 63)
	b.drop(1)
	return bit
}

// Coefficient returns the bit that stands for coefficient k in zigzag order in
// masks of coefficients that differ from zero: the highest for the first, as
// the first of the bits of a file is the highest.
func Coefficient(k int) uint64 { return 1 << (63 - k&63) }

// mask returns the bits of a band.
func (b Band) mask() uint64 { return ^uint64(0)>>b.First - ^uint64(0)>>b.Last>>1 }

// Select decodes the first scan of a band of one block (G.1.2.2) and notes in
// nonzero which coefficients it sets. It returns how many of the blocks that
// follow have none, or Short or Bad. As in libjpeg a run may lead out of the band,
// and sets a coefficient there, but not out of the block.
func Select(coef *[64]int16, nonzero *uint64, ac *ACTable, b *Bits, band Band) int {
	if b.short() {
		return Short
	}
	w, acc, n, at := b.begin()
	k, end, low, set := uint(band.First), uint(band.Last), band.Low&15, *nonzero
	for k <= end {
		acc, n, at = w.refill(acc, n, at)
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
			*nonzero = set
			b.end(acc<<size, n-uint64(size), at)
			return run - 1
		default:
			acc, n, v = split(e, acc, n)
		}
		if k += uint(e >> 8 & 31); k > 64 {
			return Bad
		}
		if e&(special|kindMask) != special|kindRun {
			coef[zigzag[k-1]&63] = int16(v << low)
			if set &^= Coefficient(int(k - 1)); int16(v<<low) != 0 {
				set |= Coefficient(int(k - 1))
			}
		}
	}
	*nonzero = set
	b.end(acc, n, at)
	return 0
}

// blocks returns how many blocks a run has, with the one that it begins in, and
// how many bits after its code say so.
func blocks(e uint32, acc uint64) (run int, size uint) {
	size = uint(e >> 20 & 15)
	return 1<<size + int(acc>>1>>(63-size)), size
}

// Refine decodes a scan that adds a bit to a band of one block (G.1.2.3). With
// run it is one of the blocks in which no coefficient begins to differ from
// zero; it returns what is left of the run then, or Short or Bad. As in libjpeg a
// run that leads out of the band sets the coefficient behind it.
func Refine(coef *[64]int16, nonzero *uint64, ac *ACTable, b *Bits, band Band, run int) int {
	mask := band.mask()
	if run > 0 && *nonzero&mask == 0 {
		return run - 1
	}
	if b.short() {
		return Short
	}
	if useAVX2 {
		return refine(coef, nonzero, &ac.look[0], &b.Acc, mask, int(band.Low&15), run, &zigzag[0])
	}
	return plainRefine(coef, nonzero, ac, b, mask, band.Low&15, run)
}

// plainRefine goes through the part of the band that is left, rest, from one
// coefficient that is new to the next. Its masks are turned round: there the first
// coefficient is the lowest bit, which costs less to find and to clear.
func plainRefine(coef *[64]int16, nonzero *uint64, ac *ACTable, b *Bits, mask uint64, low uint, run int) int {
	rest, set := bits.Reverse64(mask), bits.Reverse64(*nonzero)
	beyond := rest + rest&-rest
	told, moves := uint64(0), uint64(0) // coefficients that were not new, and a bit for each
	w, acc, n, at := b.begin()
	for rest != 0 {
		acc, n, at = w.refill(acc, n, at)
		e, v, target := ac.find(acc), int32(0), uint64(0)
		switch kind := e & (special | kindMask); {
		case run > 0: // none is new
		case kind == special|kindLong:
			return Bad
		case kind == special|kindEnd:
			acc, n = acc<<(e&63), n-uint64(e&63)
			var size uint
			run, size = blocks(e, acc)
			acc, n, at = w.refill(acc<<size, n-uint64(size), at)
		default:
			if acc, n, v = value(e, acc, n); v < -1 || v > 1 {
				return Bad // a coefficient begins with one bit
			}
			if target = nthZero(rest&^set, e>>8&31); target == 0 {
				target = beyond
			}
			if target == 0 {
				return Bad
			}
		}
		passed := rest & set & (target - 1)
		told |= passed
		count := uint(bits.OnesCount64(passed))
		if count > 32 { // more than are left behind a code
			moves = moves<<32 | acc>>32
			acc, n, at = w.refill(acc<<32, n-32, at)
			count -= 32
		}
		moves = moves<<count | acc>>1>>(63-count)
		acc, n = acc<<count, n-uint64(count)
		if v != 0 {
			coef[zigzag[bits.TrailingZeros64(target)]&63] = int16(v << low)
			set |= target
		}
		rest &= -target << 1
	}
	*nonzero = bits.Reverse64(set)
	b.end(acc, n, at)
	correct(coef, told, moves, int16(1)<<low)
	return max(run-1, 0)
}

// nthZero returns the n-th of the bits that are set.
func nthZero(zeros uint64, n uint32) uint64 {
	for ; n > 1; n-- {
		zeros &= zeros - 1
	}
	return zeros & -zeros
}

// correct moves those of the coefficients whose bit is set away from zero by one,
// but for those that have it already. Which bits are set is anybody's guess, so
// that no branch hangs on it.
func correct(coef *[64]int16, told, moves uint64, one int16) {
	moves <<= (64 - bits.OnesCount64(told)) & 63
	for ; told != 0; told &= told - 1 {
		c := &coef[zigzag[bits.TrailingZeros64(told)]&63]
		move, sign := one&int16(int64(moves)>>63)&^*c, *c>>15
		*c += (move ^ sign) - sign
		moves <<= 1
	}
}
