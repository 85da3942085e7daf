package feather

import (
	"encoding/binary"
	"fmt"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/format/internal/elem"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
)

// decoded is a column of a block: decoded, checked and, where it has nulls,
// filled in. Its memory is used again for the next block.
type decoded struct {
	err      error
	values   []byte // of fixed columns: row after row; of others: items
	valid    []byte // a byte a row, 1 unless it is null; nil: no row is
	starts   []byte // of columns that vary: offsets, as stored
	apart    bool   // there are items between the values, beneath nulls
	raw      [][]byte
	more     [][]byte // buffers of views
	room     [][]byte // of a compressed batch: memory for what raw holds,
	moreRoom [][]byte // and for more
	made     []byte   // elements that are not as stored: bools, labels
	packed   []byte   // rows of lists of one length, where they lie apart
	mask     []byte   // memory of valid
	within   []byte   // likewise, of the elements of lists
	texts    listed   // of lists
}

// reader is what decoding needs to know of the source.
type reader struct {
	nulls format.Nulls
	value int64 // limits
	block int64
	lent  bool // buffers are lent to others too, so not to be written to
}

// decode decodes c, column k of a batch, from its buffers d.raw, in the order of
// its spans.
func (d *decoded) decode(c *column, k int, b *batch, r reader) error {
	items := b.items[k]
	d.values, d.valid, d.starts, d.apart = nil, nil, nil, false
	if b.rows == 0 {
		return nil
	}
	if b.codec != codecNone {
		if err := d.decompress(b.codec); err != nil {
			return err
		}
	}
	n := len(c.levels)
	if err := d.decodeValid(c, b.rows); err != nil {
		return err
	}
	d.values = d.raw[n+1]
	if c.offset > 0 {
		d.starts = d.raw[n]
		need := (b.rows + 1) * c.offset
		if c.view {
			need = b.rows * c.offset
		}
		if len(d.starts) < need {
			return corrupt("%d bytes of offsets of %d rows", len(d.starts), b.rows)
		}
		if !c.list {
			items = len(d.values)
		}
	}
	if len(d.values) < c.bytes(items) {
		return corrupt("%d bytes of %d values", len(d.values), items)
	}
	if err := d.elements(c, b.dictionary(k), items, r); err != nil {
		return err
	}
	if r.lent {
		d.unshare(c)
	}
	if c.offset > 0 {
		if err := d.checkStarts(c, b.rows, items, r.value); err != nil {
			return err
		}
	}
	if c.text > 0 {
		if err := d.checkTexts(c, b.rows, r.value); err != nil {
			return err
		}
	}
	if err := d.fillWithin(c, b.rows, items, r.nulls); err != nil {
		return err
	}
	if c.offset == 0 {
		d.fillNull(c, b.rows, c.row(), r.nulls)
		return nil
	}
	if c.fixed >= 0 {
		return d.pack(c, b.rows, r.nulls)
	}
	return nil
}

// decompress replaces all buffers by what they hold.
func (d *decoded) decompress(how codec) error {
	if err := decompressEach(d.room, d.raw, how); err != nil {
		return err
	}
	return decompressEach(d.moreRoom, d.more, how)
}

// decompressEach replaces the buffers in list by what they hold, in memory of room.
func decompressEach(room, list [][]byte, how codec) (err error) {
	for i, b := range list {
		if len(b) == 0 {
			continue
		}
		if list[i], err = decompress(room[i], b, how); err != nil {
			return err
		}
	}
	return nil
}

// decodeValid makes d.valid of the bitmaps of the levels that hold rows.
func (d *decoded) decodeValid(c *column, rows int) error {
	for k := range c.nRow {
		bits := d.raw[k]
		if len(bits) == 0 {
			continue
		}
		if len(bits) < (rows+7)/8 {
			return corrupt("%d bytes of validity of %d rows", len(bits), rows)
		}
		if d.valid == nil {
			d.mask = grow(d.mask, rows)
			d.valid = d.mask
			expand(d.valid, bits)
			continue
		}
		for i := range d.valid {
			d.valid[i] &= bits[i>>3] >> (i & 7)
		}
	}
	return nil
}

// elements makes d.values what the field holds: bools of bits, numbers of names
// of indexes, lengths of texts.
func (d *decoded) elements(c *column, dict *dictionary, items int, r reader) error {
	valid := d.valid
	if c.text > 0 || c.dict != nil && len(c.levels) > c.nRow {
		var err error
		if valid, err = d.elementsValid(c, items*c.per); err != nil {
			return err
		}
	}
	switch {
	case c.bits:
		d.made = grow(d.made, items*c.per)
		expand(d.made, d.values)
		d.values = d.made
	case c.dict != nil:
		d.made = grow(d.made, items*c.per*4)
		to := loader.View[int32](loader.Tensor{DType: dtype.Int32, Data: d.made})
		from := d.values[:c.bytes(items)]
		d.values = d.made
		if i := dict.labels(c.dtype, to, from, valid); i >= 0 {
			return corrupt("dictionary index %d is out of range", i)
		}
	case c.text > 0:
		return d.decodeTexts(c, items*c.per, valid, r)
	default:
		d.values = d.values[:c.bytes(items)]
	}
	return nil
}

// unshare makes the values memory of d if nulls may be filled in.
func (d *decoded) unshare(c *column) {
	nulls := false
	for k := range c.levels {
		nulls = nulls || len(d.raw[k]) > 0
	}
	if nulls && !c.bits && c.dict == nil && c.text == 0 {
		d.made = grow(d.made, len(d.values))
		copy(d.made, d.values)
		d.values = d.made
	}
}

// labels sets to to the numbers of the names that the indexes in from stand for
// and returns the first row whose index is out of range, or -1.
func (d *dictionary) labels(index dtype.Type, to []int32, from, valid []byte) int {
	t := loader.Tensor{DType: index, Data: from}
	switch index {
	case dtype.Uint8:
		return lookUp(to, loader.View[uint8](t), valid, d.remap, d.n)
	case dtype.Int8:
		return lookUp(to, loader.View[int8](t), valid, d.remap, d.n)
	case dtype.Uint16:
		return lookUp(to, loader.View[uint16](t), valid, d.remap, d.n)
	case dtype.Int16:
		return lookUp(to, loader.View[int16](t), valid, d.remap, d.n)
	case dtype.Uint32:
		return lookUp(to, loader.View[uint32](t), valid, d.remap, d.n)
	case dtype.Int32:
		return lookUp(to, loader.View[int32](t), valid, d.remap, d.n)
	case dtype.Uint64:
		return lookUp(to, loader.View[uint64](t), valid, d.remap, d.n)
	}
	return lookUp(to, loader.View[int64](t), valid, d.remap, d.n)
}

// lookUp sets to[i] to remap[from[i]], or to from[i] if remap is nil, and to 0
// where valid says null. It returns the first i whose index is not below n.
func lookUp[T int8 | uint8 | int16 | uint16 | int32 | uint32 | int64 | uint64](to []int32, from []T, valid []byte, remap []int32, n int) int {
	for i, x := range from[:len(to)] {
		switch {
		case valid != nil && valid[i] == 0:
			to[i] = 0
		case uint64(x) >= uint64(n):
			return i
		case remap != nil:
			to[i] = remap[x]
		default:
			to[i] = int32(x)
		}
	}
	return -1
}

// fillWithin fills in the nulls within values that are not null, or is an error
// where policy does not say with what.
func (d *decoded) fillWithin(c *column, rows, items int, policy format.Nulls) error {
	for k := c.nRow; k < len(c.levels); k++ {
		bits, mult := d.raw[k], c.levels[k].mult
		if len(bits) == 0 {
			continue
		}
		if len(bits) < (items*mult+7)/8 {
			return corrupt("%d bytes of validity of %d values", len(bits), items*mult)
		}
		size := c.elems(k) * c.size()
		nan := policy == format.NullMask && c.field.DType.Float()
		for i := range rows {
			if d.valid != nil && d.valid[i] == 0 {
				continue
			}
			lo, hi := int64(i), int64(i+1)
			if c.offset > 0 {
				lo, hi = d.bounds(c, i)
			}
			for j := int(lo) * mult; j < int(hi)*mult; j++ {
				if bits[j>>3]>>(j&7)&1 != 0 {
					continue
				}
				if policy != format.NullZero && !nan {
					return fmt.Errorf("row %d has a null within its value, which only NullZero fills in: %w", i, loader.ErrSpec)
				}
				fill(d.values[j*size:][:size], c.field.DType, nan)
			}
		}
	}
	return nil
}

// fill sets b to zeros or NaNs.
func fill(b []byte, t dtype.Type, nan bool) {
	clear(b)
	if nan {
		elem.NaN(b, t)
	}
}

// expand sets to to the bits in from, one byte each.
func expand(to, from []byte) {
	n := len(to) &^ 7
	for i := 0; i < n; i += 8 {
		// Bit k of the byte, alone in byte k of a word, carries into its bit 7.
		x := uint64(from[i>>3]) * 0x0101010101010101 & 0x8040201008040201
		x = (x + 0x7f7f7f7f7f7f7f7f) >> 7 & 0x0101010101010101
		binary.LittleEndian.PutUint64(to[i:i+8], x)
	}
	for i := n; i < len(to); i++ {
		to[i] = from[i>>3] >> (i & 7) & 1
	}
}

// checkStarts checks the offsets of rows into items.
func (d *decoded) checkStarts(c *column, rows, items int, most int64) error {
	if c.view {
		return d.checkViews(c, rows, most)
	}
	d.starts = d.starts[:(rows+1)*c.offset]
	steps := int64(items)
	if size := int64(max(1, c.per*c.size())); most/size < steps {
		steps = most / size
	}
	var bad int
	if c.offset == 4 {
		bad, d.apart = inspect(loader.View[int32](d.tensor(dtype.Int32)), d.valid, int64(items), steps, int64(c.group))
	} else {
		bad, d.apart = inspect(loader.View[int64](d.tensor(dtype.Int64)), d.valid, int64(items), steps, int64(c.group))
	}
	if bad < 0 {
		return nil
	}
	lo, hi := d.bounds(c, bad)
	if lo >= 0 && lo <= hi && hi <= int64(items) && hi-lo > steps {
		return corrupt("row %d has %d items, Limits.ValueBytes is %d", bad, hi-lo, most)
	}
	if lo >= 0 && lo <= hi && hi <= int64(items) {
		return corrupt("row %d has %d items, which do not divide into steps of %v", bad, hi-lo, c.field.Shape)
	}
	return corrupt("row %d is from item %d to %d of %d", bad, lo, hi, items)
}

func (d *decoded) tensor(t dtype.Type) loader.Tensor { return loader.Tensor{DType: t, Data: d.starts} }

// inspect returns the first row whose items do not lie in 0 to n, are more than
// most or do not form groups, or -1; and whether a null row has items.
func inspect[T int32 | int64](starts []T, valid []byte, n, most, group int64) (bad int, apart bool) {
	if bad := badStart(starts, n, most, group); bad >= 0 {
		return bad, false
	}
	for i, ok := range valid {
		if ok == 0 && starts[i] != starts[i+1] {
			return -1, true
		}
	}
	return -1, false
}

// badStart returns the first row whose items do not lie in 0 to n, are more than
// most or do not form groups, or -1. It looks row by row if not all is well.
func badStart[T int32 | int64](starts []T, n, most, group int64) int {
	last := int64(starts[0])
	if group <= 1 && int64(starts[len(starts)-1]) <= n && rises(starts, most) {
		return -1
	}
	for i, x := range starts[1:] {
		next := int64(x)
		if last < 0 || next < last || next > n || next-last > most {
			return i
		}
		if group > 1 && (next-last)%group != 0 {
			return i
		}
		last = next
	}
	return -1
}

// rises reports whether starts begins at 0 or above, and whether each is at least the
// one before it and at most most more.
func rises[T int32 | int64](starts []T, most int64) bool {
	last := int64(starts[0])
	wrong := last
	for _, x := range starts[1:] {
		next := int64(x)
		n := next - last // of two that are not negative, or wrong already is
		wrong |= next | n | (most - n)
		last = next
	}
	return wrong >= 0
}

// bounds returns the items of row i.
func (d *decoded) bounds(c *column, i int) (lo, hi int64) {
	if c.offset == 4 {
		s := d.starts[4*i : 4*i+8]
		return int64(int32(binary.LittleEndian.Uint32(s))), int64(int32(binary.LittleEndian.Uint32(s[4:])))
	}
	s := d.starts[8*i : 8*i+16]
	return int64(binary.LittleEndian.Uint64(s)), int64(binary.LittleEndian.Uint64(s[8:]))
}

// pack makes d.values the rows of a column that varies by its type, but not by
// its field.
func (d *decoded) pack(c *column, rows int, policy format.Nulls) error {
	item := c.per * c.size()
	row := c.fixed * item
	if c.view { // whose lengths were checked
		d.copyRows(c, rows, row)
		d.fillNull(c, rows, row, policy)
		return nil
	}
	first, _ := d.bounds(c, 0)
	dense := true
	for i := range rows {
		lo, hi := d.bounds(c, i)
		if hi-lo != int64(c.fixed) && (d.valid == nil || d.valid[i] != 0) {
			return corrupt("row %d has %d items where shape %v needs %d", i, hi-lo, c.field.Shape, c.fixed)
		}
		dense = dense && lo == first+int64(i*c.fixed) && hi-lo == int64(c.fixed)
	}
	if dense {
		d.values = d.values[int(first)*item:][:rows*row]
	} else {
		d.copyRows(c, rows, row)
	}
	d.fillNull(c, rows, row, policy)
	return nil
}

// copyRows copies the rows that are not null to memory of their own.
func (d *decoded) copyRows(c *column, rows, row int) {
	d.packed = grow(d.packed, rows*row)
	for i := range rows {
		if d.valid == nil || d.valid[i] != 0 {
			data, _ := d.items(c, i, true)
			copy(d.packed[i*row:][:row], data)
		}
	}
	d.values = d.packed
}

// fillNull fills in the null rows of a fixed field of row bytes.
func (d *decoded) fillNull(c *column, rows, row int, policy format.Nulls) {
	if d.valid == nil {
		return
	}
	nan := policy == format.NullMask && c.field.DType.Float()
	for i, ok := range d.valid[:rows] {
		if ok == 0 {
			fill(d.values[i*row:][:row], c.field.DType, nan)
		}
	}
}
