package jpegsimd

// What stands for an end, or for nothing.
const (
	Short = -2 // too few bytes are left in Buf for a block
	Bad   = -1 // the bits are no code
)

// Block takes one block of a sequential scan apart: the difference of the first
// coefficient, which is added to pred, and the others, up to the end of the
// block. It writes all of coef, in the order of Place, and returns how many of
// its coefficients, in zigzag order, may differ from zero.
//
// A run that leads out of the block, and the code for a run of blocks, are Bad.
// libjpeg takes the first to lead to the last coefficient, and the second to end
// the block; but no encoder writes them, and they tell that bits are damaged.
func Block(coef *[64]int16, u *Unit, b *Bits) int {
	if b.short() {
		return Short
	}
	if useAVX2 {
		_, end := decode(u.kernel(), u.kernel(), u.kernel(), 1, len(b.Buf)-Reach, &b.Acc, nil, coef, &zigzag[0])
		return end
	}
	return plainBlock(coef, u.DC, u.AC, b, u.Pred)
}

// Place returns where in a block the coefficient in row v and column u is.
// Rows stand in pairs of words, 0 and 4, 2 and 6, 7 and 1, 3 and 5, as the
// kernel of the transform multiplies and adds them.
func Place(v, u int) int { return int(pairBase[v&7]) + 2*u }

var pairBase = [8]uint8{0, 33, 16, 48, 1, 49, 17, 32}

// Zigzag returns the place of coefficient k in zigzag order.
func Zigzag(k int) int { return int(zigzag[k&63]) }

// zigzag holds the places by the number in zigzag order. Runs may lead 16 beyond
// the last one; the length spares a check.
var zigzag = func() (z [128]uint8) {
	v, u := 0, 0
	for k := range z {
		z[k] = uint8(Place(v, u))
		switch up := (v+u)%2 == 0; {
		case v == 7 && u == 7:
		case up && u == 7, !up && v < 7 && u == 0:
			v++
		case up && v == 0, !up && v == 7:
			u++
		case up:
			v, u = v-1, u+1
		default:
			v, u = v+1, u-1
		}
	}
	return z
}()

func plainBlock(coef *[64]int16, dc *Table, ac *ACTable, b *Bits, pred *int32) int {
	*coef = [64]int16{}
	w, acc, n, at := b.begin()
	acc, n, at = w.refill(acc, n, at)
	acc, n, diff, ok := dc.difference(acc, n)
	if !ok {
		return Bad
	}
	*pred += diff
	coef[0] = int16(*pred)
	k := uint(0) // the last coefficient
	for k < 63 {
		// What takes time is the way from one look to the next: a refill is none
		// of it, as its bits come to lie behind those that are looked at.
		p := ac.pairs[acc>>(64-pairBits)]
		acc, n, at = w.refill(acc, n, at)
		k1 := k + uint(p>>8&0xff)
		k2 := k1 + uint(p>>16&0xff)
		if k2 < 64 {
			coef[zigzag[k2]&63] = int16(int8(p >> 24))
			coef[zigzag[k1&127]&63] = p.first(acc)
			acc, n, k = acc<<(p&63), n-uint64(p&63), k2
			continue
		}
		if p&(pairSlow|pairEnds) == pairEnds && k1 < 63 {
			if k1 > k {
				coef[zigzag[k1]&63] = p.first(acc)
			}
			acc, n, k = acc<<(p&63), n-uint64(p&63), k1
			break
		}
		kind, run, v := uint32(0), uint(0), int32(0)
		acc, n, kind, run, v = ac.one(acc, n)
		if kind == special|kindEnd {
			break
		}
		if k += run + 1; k > 63 || kind == special|kindLong {
			return Bad
		}
		coef[zigzag[k]&63] = int16(v)
	}
	b.end(acc, n, at)
	return int(k) + 1
}

func plainSkip(dc *Table, ac *ACTable, b *Bits, pred *int32) int {
	w, acc, n, at := b.begin()
	acc, n, at = w.refill(acc, n, at)
	acc, n, diff, ok := dc.difference(acc, n)
	if !ok {
		return Bad
	}
	*pred += diff
	k := uint(0)
	for k < 63 {
		h := ac.hops[acc>>(64-hopBits)]
		acc, n, at = w.refill(acc, n, at)
		if next := k + uint(h>>8); next < 64 {
			acc, n, k = acc<<(h&63), n-uint64(h&63), next
			continue
		}
		if h&(hopSlow|hopEnds) == hopEnds && k+uint(h>>8&63) < 63 {
			acc, n = acc<<(h&63), n-uint64(h&63)
			break
		}
		kind, run := uint32(0), uint(0)
		acc, n, kind, run, _ = ac.one(acc, n)
		if kind == special|kindEnd {
			break
		}
		if k += run + 1; k > 63 || kind == special|kindLong {
			return Bad
		}
	}
	b.end(acc, n, at)
	return 0
}

// difference decodes the difference of a first coefficient.
func (t *Table) difference(acc, n uint64) (_, _ uint64, v int32, ok bool) {
	e := t.find(acc)
	if e&special == 0 {
		return acc << (e & 63), n - uint64(e&63), int32(e) >> 16, true
	}
	if e&kindMask == kindLong {
		return acc, n, 0, false
	}
	acc, n, v = split(e, acc, n)
	return acc, n, v, true
}

// one takes one code and what belongs to it. The kind is that of the entry, with
// special, or 0 for a usual one.
func (t *Table) one(acc, n uint64) (_, _ uint64, kind uint32, run uint, v int32) {
	e := t.find(acc)
	kind = e & (special | kindMask)
	if e&special == 0 {
		return acc << (e & 63), n - uint64(e&63), 0, uint(e>>8&31) - 1, int32(e) >> 16
	}
	if kind == special|kindEnd && e>>20&15 > 0 { // of a run of blocks
		return acc, n, special | kindLong, 0, 0
	}
	if kind == special|kindEnd {
		return acc << (e & 63), n - uint64(e&63), kind, 0, 0
	}
	acc, n, v = split(e, acc, n)
	return acc, n, kind, uint(e>>8&31) - 1, v
}

// value takes the code of an entry and what belongs to it.
func value(e uint32, acc, n uint64) (uint64, uint64, int32) {
	if e&special == 0 {
		return acc << (e & 63), n - uint64(e&63), int32(e) >> 16
	}
	return split(e, acc, n)
}

// split takes the code of a special entry and the magnitude that follows it.
func split(e uint32, acc, n uint64) (uint64, uint64, int32) {
	l, size := e&63, e>>20&15
	acc <<= l
	v := int32(acc >> 1 >> ((63 - size) & 63)) // in two shifts, as the size may be 0
	if int64(acc) >= 0 {
		v += 1 - 1<<size
	}
	return acc << size, n - uint64(l+size), v
}
