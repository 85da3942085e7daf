package parquet

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/stokerdata/stoker/format/internal/elem"
	"github.com/stokerdata/stoker/internal/bitpack"
	"github.com/stokerdata/stoker/loader/dtype"
)

func le32(b []byte) uint32 { return binary.LittleEndian.Uint32(b) }

func b2u(x bool) byte {
	if x {
		return 1
	}
	return 0
}

// view returns the elements of b, which can be read as such.
func view[T dtype.Element](b []byte) []T { return elem.View[T](b) }

var errRange = errors.New("a value that its type cannot hold")

// values decodes n values, none of them null, into dst, which has room for
// exactly these.
func (d *decoder) values(dst []byte, n int, by encoding, src []byte) error {
	if n == 0 {
		return nil
	}
	switch kind := d.leaf.node.physical; {
	case d.col.conv == toLength:
		return d.lengths(view[int32](dst), by, src)
	case by.indexed():
		h, err := newIndexes(src, n)
		if err != nil {
			return err
		}
		return d.pick(dst, &h, n)
	case d.col.conv == toLabel:
		return d.labels(view[int32](dst), by, src)
	case by == plain:
		return d.plain(dst, n, src)
	case by == rle && kind == boolean:
		if len(src) < 4 || int64(le32(src)) > int64(len(src)-4) {
			return errShort
		}
		return levels(dst, src[4:4+le32(src)], 1)
	case by == deltaBinaryPacked && kind == int64Type:
		_, err := deltas(view[int64](dst), src)
		return err
	case by == deltaBinaryPacked && kind == int32Type:
		d.ints = sized(d.ints, n)
		if _, err := deltas(d.ints, src); err != nil {
			return err
		}
		return d.convert32(dst)
	case by == byteStreamSplit && (kind == int32Type || kind == int64Type || kind == floatType || kind == doubleType || kind == fixedLenByteArray):
		return d.unsplit(dst, n, src)
	case by == deltaByteArray && kind == fixedLenByteArray:
		return d.mergeFixed(dst, n, src)
	}
	return d.unsupported(by)
}

// unsupported is the error of values in an encoding that is not one for their type. It
// is no damage where the footer has announced it.
func (d *decoder) unsupported(by encoding) error {
	return fmt.Errorf("%v encoded by %v, which is not supported", d.leaf, by)
}

// convert32 stores d.ints in dst.
func (d *decoder) convert32(dst []byte) error {
	if d.col.conv == asStored {
		copy(view[int32](dst), d.ints)
		return nil
	}
	for i, x := range d.ints {
		if !d.narrow(dst, i, x) {
			return errRange
		}
	}
	return nil
}

// plain decodes the PLAIN encoding of fixed-size values.
func (d *decoder) plain(dst []byte, n int, src []byte) error {
	if d.col.conv == toBool {
		if !fits(len(src), (n+7)/8) {
			return sizeError(len(src), (n+7)/8)
		}
		unpackBits(dst, src, 0)
		return nil
	}
	if stored := d.col.stored(); !fits(len(src), n*stored) {
		return sizeError(len(src), n*stored)
	}
	if d.col.conv == asStored {
		copy(dst, src)
		return nil
	}
	if d.col.conv == toNanos {
		return nanos(view[int64](dst), src)
	}
	for i := range n {
		if !d.narrow(dst, i, int32(le32(src[4*i:]))) {
			return errRange
		}
	}
	return nil
}

// nanos sets dst to the nanoseconds since 1970 of the INT96 timestamps in src:
// nanoseconds of a day, and a Julian day.
func nanos(dst []int64, src []byte) error {
	const epoch, day = 2440588, 24 * 60 * 60 * 1e9
	for i := range dst {
		t := src[12*i:][:12]
		within, days := int64(binary.LittleEndian.Uint64(t)), int64(int32(le32(t[8:])))-epoch
		hi := days * day / day
		at := days*day + within
		if hi != days || (at < days*day) != (within < 0) {
			return errRange
		}
		dst[i] = at
	}
	return nil
}

// slackBytes is how many bytes may lie behind the values of PLAIN: fastparquet
// leaves so many zeros there.
const slackBytes = 8

// fits reports whether values of PLAIN that take so many bytes can be the n at
// hand.
func fits(n, want int) bool { return n >= want && n <= want+slackBytes }

func sizeError(have, want int) error {
	return fmt.Errorf("%d bytes of values, must be %d", have, want)
}

// narrow sets element i of dst to x, if it can hold that.
func (d *decoder) narrow(dst []byte, i int, x int32) bool {
	switch d.col.conv {
	case toInt8:
		dst[i] = byte(x)
		return int32(int8(x)) == x
	case toUint8:
		dst[i] = byte(x)
		return int32(uint8(x)) == x
	case toInt16:
		binary.LittleEndian.PutUint16(dst[2*i:], uint16(x))
		return int32(int16(x)) == x
	}
	binary.LittleEndian.PutUint16(dst[2*i:], uint16(x))
	return int32(uint16(x)) == x
}

func (d *decoder) unsplit(dst []byte, n int, src []byte) error {
	if d.col.conv != asStored {
		if len(src) != 4*n {
			return sizeError(len(src), 4*n)
		}
		d.ints = sized(d.ints, n)
		for i := range d.ints {
			d.ints[i] = int32(uint32(src[i]) | uint32(src[n+i])<<8 | uint32(src[2*n+i])<<16 | uint32(src[3*n+i])<<24)
		}
		return d.convert32(dst)
	}
	if len(src) != len(dst) {
		return sizeError(len(src), len(dst))
	}
	unsplit(dst, src, d.col.elem)
	return nil
}

// affixes decodes the lengths of DELTA_BYTE_ARRAY into d.ints and d.more.
func (d *decoder) affixes(n int, src []byte) (suffixes []byte, total int64, err error) {
	d.ints, d.more = sized(d.ints, n), sized(d.more, n)
	rest, err := deltas(d.ints, src)
	if err != nil {
		return nil, 0, err
	}
	if rest, err = deltas(d.more, rest); err != nil {
		return nil, 0, err
	}
	total, err = mergedLen(d.ints, d.more, len(rest), d.s.limits.ValueBytes)
	return rest, total, err
}

func (d *decoder) mergeFixed(dst []byte, n int, src []byte) error {
	suffixes, total, err := d.affixes(n, src)
	if err != nil {
		return err
	}
	if total != int64(len(dst)) {
		return errDeltaLength
	}
	for i := range d.ints {
		if int(d.ints[i])+int(d.more[i]) != d.col.elem {
			return errDeltaLength
		}
	}
	merge(dst, suffixes, d.ints, d.more)
	return nil
}

// strings finds where values of varying length lie.
func (d *decoder) strings(dst []span, by encoding, b parts) error {
	switch {
	case len(dst) == 0:
		return nil
	case by == plain:
		return d.plainStrings(dst, b.values, b.base)
	case by.indexed():
		h, err := newIndexes(b.values, len(dst))
		if err != nil {
			return err
		}
		return pick(&h, dst, d.dictSpans[:d.nDict])
	case by == deltaLengthByteArray:
		d.ints = sized(d.ints, len(dst))
		rest, err := deltas(d.ints, b.values)
		if err != nil {
			return err
		}
		return d.lay(dst, b.base+int64(len(b.values)-len(rest)), int64(len(rest)))
	case by == deltaByteArray:
		suffixes, total, err := d.affixes(len(dst), b.values)
		if err != nil {
			return err
		}
		to, base, err := d.extend(total)
		if err != nil {
			return err
		}
		merge(to, suffixes, d.ints, d.more)
		for i := range d.ints {
			d.ints[i] += d.more[i]
		}
		return d.lay(dst, base, total)
	}
	return d.unsupported(by)
}

// lay sets dst to values of the lengths d.ints, one after another from base.
func (d *decoder) lay(dst []span, base, size int64) error {
	most := d.s.limits.ValueBytes
	at := int64(0)
	for i, n := range d.ints {
		if n < 0 || int64(n) > size-at || int64(n) > most {
			return errDeltaLength
		}
		dst[i] = span{base + at, n}
		at += int64(n)
	}
	if at != size {
		return errExcess
	}
	return nil
}

// plainStrings finds the values of PLAIN: each has its length before it.
func (d *decoder) plainStrings(dst []span, src []byte, base int64) error {
	most := d.s.limits.ValueBytes
	at := 0
	for i := range dst {
		if len(src)-at < 4 {
			return errShort
		}
		n := int64(le32(src[at:]))
		at += 4
		if n > int64(len(src)-at) {
			return errShort
		}
		if n > most {
			return fmt.Errorf("value of %d bytes, the limit is %d", n, most)
		}
		dst[i] = span{base + int64(at), int32(n)}
		at += int(n)
	}
	if len(src)-at > slackBytes {
		return errExcess
	}
	return nil
}

// pick sets dst to the n values of the dictionary that the next indexes name.
func (d *decoder) pick(dst []byte, h *hybrid, n int) error {
	w := d.col.elem
	switch w {
	case 1, 2, 4, 8:
		return pickSize(w, h, dst, d.dict)
	}
	d.index = sized(d.index, n)
	if err := h.indexes(d.index, d.nDict); err != nil {
		return err
	}
	for i, x := range d.index {
		copy(dst[i*w:(i+1)*w], d.dict[int(x)*w:])
	}
	return nil
}

// pickSize sets dst to the elements of dict, of 1, 2, 4 or 8 bytes, that the next
// indexes name.
func pickSize(size int, h *hybrid, dst, dict []byte) error {
	switch size {
	case 1:
		return pick(h, dst, dict)
	case 2:
		return pick(h, view[uint16](dst), view[uint16](dict))
	case 4:
		return pick32(h, view[uint32](dst), view[uint32](dict))
	}
	return pick(h, view[uint64](dst), view[uint64](dict))
}

// pick32 is pick for 32 bits, most of which are unpacked and looked up at once.
func pick32(h *hybrid, dst, dict []uint32) (err error) {
	for len(dst) > 0 {
		if h.left == 0 {
			if err := h.next(); err != nil {
				return err
			}
		}
		out, n := dst[:min(len(dst), h.left)], 0
		if h.packed != nil && h.at%8 == 0 && len(dict) > 0 {
			var greatest uint32
			n, greatest = bitpack.Lookup(out, h.packed[h.at/8:], h.width, dict)
			if h.pass(n); int(greatest) >= len(dict) {
				err = errIndex
			}
		}
		if n == 0 {
			n = h.apart(len(out))
			if wrong := pick(h, out[:n], dict); wrong == errIndex {
				err = wrong
			} else if wrong != nil {
				return wrong
			}
		}
		dst = dst[n:]
	}
	return err
}

// pick sets dst to the elements of dict that the next indexes name; where it
// returns errIndex, h is behind all of them.
func pick[T any](h *hybrid, dst, dict []T) (err error) {
	var index [256]uint32 // stays in the first-level cache
	for len(dst) > 0 {
		x := index[:min(len(index), len(dst))]
		switch wrong := h.indexes(x, len(dict)); {
		case wrong == nil:
			take(dst, dict, x)
		case wrong == errIndex:
			err = wrong
		default:
			return wrong
		}
		dst = dst[len(x):]
	}
	return err
}

func take[T any](dst, dict []T, index []uint32) {
	dst = dst[:len(index)]
	for i, x := range index {
		dst[i] = dict[x]
	}
}

// spread moves the n values at the front of dst to the places whose level is
// max, in place, and puts null into the others.
func spread(dst, defs []byte, max byte, n int, null []byte) {
	switch len(null) {
	case 1:
		spreadOf(dst, defs, max, n, null[0])
	case 4:
		spreadOf(view[uint32](dst), defs, max, n, binary.LittleEndian.Uint32(null))
	case 8:
		spreadOf(view[uint64](dst), defs, max, n, binary.LittleEndian.Uint64(null))
	default:
		w := len(null)
		for i := len(defs) - 1; i >= 0; i-- {
			if defs[i] != max {
				copy(dst[i*w:], null)
			} else if n--; n == i {
				return
			} else {
				copy(dst[i*w:(i+1)*w], dst[n*w:])
			}
		}
	}
}

// setValid sets valid to whether there is a value at each of defs.
func setValid(valid, defs []byte, max byte) {
	for i, x := range defs {
		valid[i] = b2u(x == max)
	}
}

func spreadSpans(dst []span, defs []byte, max byte, n int) {
	spreadOf(dst, defs, max, n, span{n: nullSpan})
}

// nullSpan is the length that stands for null until the column is complete.
const nullSpan = -1

func spreadOf[T any](dst []T, defs []byte, max byte, n int, null T) {
	for i := len(defs) - 1; i >= 0; i-- {
		if defs[i] != max {
			dst[i] = null
		} else if n--; n == i {
			return // all before stay in place
		} else {
			dst[i] = dst[n]
		}
	}
}
