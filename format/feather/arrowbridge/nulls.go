package arrowbridge

import (
	"fmt"
	"sort"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/format/internal/elem"
	"github.com/stokerdata/stoker/format/mem"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
)

// validity returns for each row of d whether it is there, nil if all are.
func validity(d arrow.ArrayData) ([]bool, error) {
	bufs := d.Buffers()
	if d.NullN() == 0 || d.Len() == 0 || len(bufs) == 0 || bufs[0] == nil {
		return nil, nil
	}
	if bufs[0].Len() < (d.Offset()+d.Len()+7)/8 {
		return nil, fmt.Errorf("%d bytes of validity: %w", bufs[0].Len(), loader.ErrCorrupt)
	}
	valid, nulls := make([]bool, d.Len()), 0
	for i := range valid {
		k := d.Offset() + i
		if valid[i] = bufs[0].Bytes()[k>>3]>>(k&7)&1 != 0; !valid[i] {
			nulls++
		}
	}
	if nulls == 0 {
		return nil, nil
	}
	return valid, nil
}

// noNulls returns an error if one of the n elements of d from the given one, which
// are all that c has items of, is null and belongs to a row that is not.
func (c *column) noNulls(d arrow.ArrayData, from, n int) error {
	valid, err := validity(d)
	if err != nil || valid == nil {
		return err
	}
	for k, ok := range valid[from : from+n] {
		if !ok && c.holds(k/(n/c.items)) {
			return fmt.Errorf("has nulls within its rows, which are to be filled in before: %w", loader.ErrSpec)
		}
	}
	return nil
}

// holds reports whether an item belongs to a row that is not null. There may be
// some between the rows that vary, and around those of a slice.
func (c *column) holds(item int) bool {
	row := item
	if c.Offsets != nil {
		row = sort.Search(len(c.Offsets), func(i int) bool { return c.Offsets[i] > int64(item) }) - 1
		if row < 0 || row == len(c.Offsets)-1 {
			return false
		}
	}
	return c.valid == nil || c.valid[row]
}

// fill gives the rows of c that are null a value: in a copy, as the memory is the
// record's.
func (c *column) fill(nulls format.Nulls) {
	if c.valid == nil {
		return
	}
	if c.Offsets != nil {
		c.fillVarying()
		return
	}
	row := len(c.Data) / len(c.valid)
	null := make([]byte, row)
	if nulls == format.NullMask {
		elem.NaN(null, c.DType)
	}
	data := append([]byte(nil), c.Data...)
	for i, ok := range c.valid {
		if !ok {
			copy(data[i*row:], null)
		}
	}
	c.Data = data
}

// fillVarying makes null rows empty: they may have values beneath.
func (c *column) fillVarying() {
	unit := c.DType.Size() * max(1, product(c.dims))
	data, offsets := []byte(nil), make([]int64, 1, len(c.Offsets))
	for i, ok := range c.valid {
		if lo, hi := int(c.Offsets[i]), int(c.Offsets[i+1]); ok {
			data = append(data, c.Data[lo*unit:hi*unit]...)
		}
		offsets = append(offsets, int64(len(data)/unit))
	}
	c.Data, c.Offsets = data, offsets
}

// mask returns the field that tells which rows of c are there.
func (c *column) mask(rows int) (loader.Field, mem.Column) {
	valid := c.valid
	if valid == nil {
		valid = make([]bool, rows)
		for i := range valid {
			valid[i] = true
		}
	}
	return loader.Field{Name: c.field.Name + format.ValidSuffix, DType: dtype.Bool}, mem.Of(valid)
}
