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
	rest, set, one := bits.Reverse64(mask), bits.Reverse64(*nonzero), int16(1)<<low
	beyond := rest + rest&-rest
	w, acc, n, at := b.begin()
	for run == 0 && rest != 0 {
		acc, n, at = w.refill(acc, n, at)
		e, v := ac.find(acc), int32(0)
		switch {
		case e&special == 0:
			v = int32(e) >> 16
			acc, n = acc<<(e&63), n-uint64(e&63)
		case e&kindMask == kindLong:
			return Bad
		case e&kindMask == kindEnd:
			acc, n = acc<<(e&63), n-uint64(e&63)
			var size uint
			run, size = blocks(e, acc)
			acc, n = acc<<size, n-uint64(size)
			continue
		default:
			acc, n, v = split(e, acc, n)
		}
		if v < -1 || v > 1 {
			return Bad // a coefficient begins with one bit
		}
		zeros := rest &^ set
		for skip := e >> 8 & 31; skip > 1; skip-- {
			zeros &= zeros - 1
		}
		target := zeros & -zeros
		passed := rest & set & (target - 1)
		if target == 0 {
			target = beyond
		}
		if target == 0 {
			return Bad
		}
		acc, n, at = correct(coef, passed, one, w, acc, n, at)
		if v != 0 {
			coef[zigzag[bits.TrailingZeros64(target)]&63] = int16(v << low)
			set |= target
		}
		rest &= -target << 1
	}
	if run > 0 {
		acc, n, at = correct(coef, rest&set, one, w, acc, n, at)
		run--
	}
	*nonzero = bits.Reverse64(set)
	b.end(acc, n, at)
	return run
}

// correct takes a bit for each of the coefficients, and moves those whose bit is
// set away from zero by one, but for those that have it already. Which bits are
// set is anybody's guess, so that no branch hangs on it.
func correct(coef *[64]int16, which uint64, one int16, w *window, acc, n uint64, at int) (uint64, uint64, int) {
	for ; which != 0; which &= which - 1 {
		if n == 0 {
			acc, n, at = w.refill(acc, n, at)
		}
		c := &coef[zigzag[bits.TrailingZeros64(which)]&63]
		move, sign := one&int16(int64(acc)>>63)&^*c, *c>>15
		*c += (move ^ sign) - sign
		acc, n = acc<<1, n-1
	}
	return acc, n, at
}
