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
	if !dc.difference(b, pred) {
		return Bad
	}
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
	*nonzero, b.Acc, b.N, b.At = set, acc, n, at
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
// coefficient that is new to the next.
func plainRefine(coef *[64]int16, nonzero *uint64, ac *ACTable, b *Bits, rest uint64, low uint, run int) int {
	beyond := rest & -rest >> 1
	for run == 0 && rest != 0 {
		b.refill()
		e, v := ac.find(b.Acc), int32(0)
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
		target, passed := findZero(rest, *nonzero, int(e>>8&31)-1)
		if target == 0 {
			target = beyond
		}
		if target == 0 {
			return Bad
		}
		correct(coef, passed, b, low)
		if v != 0 {
			coef[zigzag[bits.LeadingZeros64(target)]&63] = int16(v << low)
			*nonzero |= target
		}
		rest &= target - 1
	}
	if run == 0 {
		return 0
	}
	correct(coef, rest&*nonzero, b, low)
	return run - 1
}

// findZero returns the zero of rest that comes after run others, 0 if there are
// fewer, and which coefficients before it are not zero.
func findZero(rest, nonzero uint64, run int) (target, passed uint64) {
	zeros := rest &^ nonzero
	for ; run > 0 && zeros != 0; run-- {
		zeros &^= 1 << 63 >> bits.LeadingZeros64(zeros)
	}
	if zeros == 0 {
		return 0, rest & nonzero
	}
	target = 1 << 63 >> bits.LeadingZeros64(zeros)
	return target, rest & nonzero &^ (target - 1)
}

// correct takes a bit for each of the coefficients, and moves those whose bit is
// set away from zero, but for those that have the bit already.
func correct(coef *[64]int16, which uint64, b *Bits, low uint) {
	one := int16(1) << low
	for left := 0; which != 0; {
		if left == 0 {
			b.refill()
			left = 56
		}
		left--
		k := bits.LeadingZeros64(which)
		which &^= 1 << 63 >> k
		c := &coef[zigzag[k]&63]
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
