package feather

import (
	"encoding/binary"
	"fmt"

	"github.com/stokerdata/stoker/format/internal/lists"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
)

// A list of texts, or of binary values, is read as the list of their lengths. Its
// texts mostly lie one behind another in the file, and stay there.

// listed is what a column of such lists has beside their lengths.
type listed struct {
	data   []byte // of all elements, one behind another
	starts []byte // of each element in data, and the end
	size   int    // bytes of a start

	joined []byte // memory of data and starts that are not as stored
	made   []byte
}

// compileTexts makes a column of lists of the values of n.
func (c *column) compileTexts(n *node, path string) {
	c.dtype, c.more, c.text = dtype.Int32, n.buffer1(2), 4
	switch {
	case n.isView():
		c.text = viewBytes
	case n.isLarge():
		c.text = 8
	}
	c.texts = lists.Values(path, kind.Plain)
	if n.Type.Text() {
		c.texts.Kind = kind.Texts
	}
}

// describeTexts replaces what f sets of the field of the values of c.
func (c *column) describeTexts(f loader.Field) error {
	if f.DType != dtype.Invalid && f.DType != c.texts.DType || f.Shape != (loader.Shape{}) && f.Shape != c.texts.Shape {
		return fmt.Errorf("lists of texts are %v, not %v: %w", c.texts, f, loader.ErrSpec)
	}
	describe(&c.texts, f)
	return nil
}

// textBuffers asks for the buffers that hold the texts of column c.
func (r *batchReader) textBuffers(c int, b *batch) {
	col := &r.columns[c]
	n := 1
	if col.text == viewBytes {
		n = int(r.before[col.more.views+1] - r.before[col.more.views])
	}
	r.buffersFrom(col.more, n, c, b)
}

// decodeTexts makes d.values the lengths of the n texts of a column, of which valid
// says which are null.
func (d *decoded) decodeTexts(c *column, n int, valid []byte, r reader) error {
	stored := d.values[:c.bytes(n/max(1, c.per))]
	d.made = grow(d.made, 4*n)
	d.values = d.made
	lengths := loader.View[int32](loader.Tensor{DType: dtype.Int32, Data: d.made})
	d.texts.data, d.texts.starts, d.texts.size = nil, stored, c.text
	if n == 0 {
		return nil
	}
	views := c.text == viewBytes
	if views {
		if i := d.badView(stored, valid, n, r.value); i >= 0 {
			return fmt.Errorf("text %d %w", i, viewFault(stored, i, r.value))
		}
	} else {
		d.texts.data = d.more[0]
		bad, size := -1, int64(len(d.texts.data))
		if c.text == 4 {
			bad = badStart(loader.View[int32](loader.Tensor{DType: dtype.Int32, Data: stored}), size, r.value, 1)
		} else {
			bad = badStart(loader.View[int64](loader.Tensor{DType: dtype.Int64, Data: stored}), size, r.value, 1)
		}
		if bad >= 0 {
			return corrupt("text %d is from byte %d to %d of %d, Limits.ValueBytes is %d", bad, d.texts.start(bad), d.texts.start(bad+1), size, r.value)
		}
	}
	if views || valid != nil {
		return d.joinTexts(lengths, stored, valid, c, r.block)
	}
	at := d.texts.start(0)
	for i := range lengths {
		end := d.texts.start(i + 1)
		lengths[i], at = int32(end-at), end
	}
	return nil
}

// joinTexts copies texts so that they lie one behind another, without what stands
// in the place of nulls.
func (d *decoded) joinTexts(lengths []int32, stored, valid []byte, c *column, most int64) error {
	from := listed{data: d.texts.data, starts: stored, size: c.text}
	text := func(i int) []byte {
		switch {
		case valid != nil && valid[i] == 0:
			return nil
		case c.text == viewBytes:
			return viewOf(stored, i, d.more)
		}
		return from.data[from.start(i):from.start(i+1)]
	}
	t := &d.texts
	t.made, t.size = grow(t.made, 8*(len(lengths)+1)), 8
	t.starts = t.made
	total := int64(0)
	binary.LittleEndian.PutUint64(t.starts, 0)
	for i := range lengths {
		n := len(text(i))
		if total += int64(n); total > most {
			return corrupt("lists of more than the %d bytes of Limits.BlockBytes", most)
		}
		lengths[i] = int32(n)
		binary.LittleEndian.PutUint64(t.starts[8*(i+1):], uint64(total))
	}
	t.joined = grow(t.joined, int(total))
	t.data = t.joined
	for i, at := 0, 0; i < len(lengths); i++ {
		at += copy(t.data[at:], text(i))
	}
	return nil
}

// start returns where element i begins.
func (t *listed) start(i int) int {
	if t.size == 4 {
		return int(int32(binary.LittleEndian.Uint32(t.starts[4*i:])))
	}
	return int(binary.LittleEndian.Uint64(t.starts[8*i:]))
}

// text returns the texts of row i.
func (d *decoded) text(c *column, i int, ok bool) []byte {
	lo, hi := int64(i), int64(i+1)
	if c.offset > 0 {
		lo, hi = d.bounds(c, i)
	}
	if !ok || lo*int64(c.per) == hi*int64(c.per) {
		return nil
	}
	from, to := d.texts.start(int(lo)*c.per), d.texts.start(int(hi)*c.per)
	return d.texts.data[from:to:to]
}

// checkTexts checks the size of the texts of each row.
func (d *decoded) checkTexts(c *column, rows int, most int64) error {
	for i := range rows {
		if n := len(d.text(c, i, d.valid == nil || d.valid[i] != 0)); int64(n) > most {
			return corrupt("row %d has texts of %d bytes, Limits.ValueBytes is %d", i, n, most)
		}
	}
	return nil
}

// gatherTexts sets the values of field f.
func (d *decoded) gatherTexts(c *column, f int, p loader.Pick, b *loader.Batch) {
	for k, i := range p.Rows {
		data := d.text(c, i, d.valid == nil || d.valid[i] != 0)
		b.Set(f, p.At[k], data, loader.Shape{}.Rows(len(data)))
	}
}

// elementsValid returns which of n elements of lists are not null, nil if all are.
// Beneath a null list of fixed length anything may stand.
func (d *decoded) elementsValid(c *column, n int) (valid []byte, err error) {
	mask := func() []byte {
		if valid == nil {
			d.within = grow(d.within, n)
			valid = d.within
			for i := range valid {
				valid[i] = 1
			}
		}
		return valid
	}
	if d.valid != nil && c.offset == 0 {
		for i := range mask() {
			valid[i] = d.valid[i/c.per]
		}
	}
	for k := c.nRow; k < len(c.levels); k++ {
		bits, each := d.raw[k], c.elems(k)
		if len(bits) == 0 || n == 0 {
			continue
		}
		if len(bits) < (n/each+7)/8 {
			return nil, corrupt("%d bytes of validity of %d values", len(bits), n/each)
		}
		for i := range mask() {
			thing := i / each
			valid[i] &= bits[thing>>3] >> (thing & 7)
		}
	}
	return valid, nil
}
