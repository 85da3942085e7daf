package parquet

import (
	"bytes"
	"errors"
	"fmt"
	"math/bits"
	"slices"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/loader"
)

// list decodes a page of a list column; nulls counts the levels without a value.
func (d *decoder) list(p *page, b parts, n, nulls int) error {
	first, w := d.elems, d.col.elem
	values := n - nulls
	if d.shift = 0; d.alias {
		if !fits(len(b.values), values*w) {
			return sizeError(len(b.values), values*w)
		}
		var level [1]byte
		if err := levels(level[:], b.rep, 1+len(d.leaf.steps)); err == nil && level[0] != 0 && d.row > 0 {
			return errApart
		}
		d.shift = b.base - int64(first)*int64(w)
	}
	var err error
	if d.leaf.steps == nil {
		err = d.listRows(b.rep, n, nulls)
	} else {
		err = d.nestedRows(b.rep, n, nulls)
	}
	if err != nil {
		return err
	}
	entries := d.elems - first
	if entries > values && (d.s.nulls == format.NullError || d.s.nulls == format.NullMask && !d.col.field.DType.Float()) {
		return d.nullInside()
	}
	if d.alias {
		if entries > values {
			return errApart
		}
		return nil
	}
	to := d.out.data[first*w : (first+entries)*w]
	if values == n && n > 0 && len(b.values) > 0 && &to[0] == &b.values[0] {
		return nil // by open
	}
	if err := d.values(to[:values*w], values, p.encoding, b.values); err != nil {
		return err
	}
	if entries > values {
		defs := slices.DeleteFunc(d.defs, func(x byte) bool { return int(x) < d.leaf.deep })
		spread(to, defs, byte(d.leaf.maxDef), values, d.null())
	}
	return nil
}

// nullInside returns the error that names the row of the first null element of
// the page at hand, whose rows were found.
func (d *decoder) nullInside() error {
	i := slices.IndexFunc(d.defs, func(x byte) bool { return int(x) >= d.leaf.deep && int(x) < d.leaf.maxDef })
	behind := bytes.Count(d.reps[i+1:], []byte{0}) // rows that begin after it
	return d.fault(d.row-behind-1, errNullInside)
}

// listRows finds where rows begin among n repetition levels, and counts the
// elements.
func (d *decoder) listRows(rep []byte, n, nulls int) error {
	if nulls > 0 {
		d.reps = sized(d.reps, n)
		if err := levels(d.reps, rep, 1); err != nil {
			return fmt.Errorf("repetition levels: %w", err)
		}
		return d.listRowsWithGaps()
	}
	h := hybrid{src: rep, width: 1, rest: n}
	for h.rest > 0 {
		if err := h.next(); err != nil {
			return fmt.Errorf("repetition levels: %w", err)
		}
		if err := d.listRun(&h); err != nil {
			return err
		}
		d.elems += h.left
		h.pass(h.left)
	}
	return nil
}

// listRun begins a row at each level of the run at hand that is 0. All others are
// 1, and of those a long run costs no more than a short one.
func (d *decoder) listRun(h *hybrid) error {
	switch {
	case h.left == 0:
		return nil
	case h.packed == nil && h.value > 1:
		return fmt.Errorf("repetition levels: %w", errLevel)
	case d.row == 0 && (h.packed == nil && h.value != 0 || h.packed != nil && h.packed[0]&1 != 0):
		return errFirstRow
	case h.packed == nil && h.value == 1:
		return nil
	case h.packed == nil:
		for i := range h.left {
			if err := d.beginRow(d.elems + i); err != nil {
				return err
			}
		}
		return nil
	}
	for i, b := range h.packed[:(h.left+7)/8] {
		for zeros := ^b; zeros != 0; zeros &= zeros - 1 {
			at := 8*i + bits.TrailingZeros8(zeros)
			if at >= h.left {
				break
			}
			if err := d.beginRow(d.elems + at); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *decoder) listRowsWithGaps() error {
	for i, rep := range d.reps {
		def := int(d.defs[i])
		if rep == 0 {
			if err := d.beginRow(d.elems); err != nil {
				return err
			}
			if def < d.leaf.entry-1 {
				d.nullRow()
			}
		} else if d.row == 0 {
			return errFirstRow
		}
		if def >= d.leaf.entry {
			d.elems++
		} else if rep != 0 {
			return errors.New("a list goes on after its end")
		}
	}
	return nil
}

// nestedRows is listRows for lists of lists, which are as long as Arrow's schema
// promises.
func (d *decoder) nestedRows(rep []byte, n, nulls int) error {
	l := d.leaf
	d.reps = sized(d.reps, n)
	if err := levels(d.reps, rep, 1+len(l.steps)); err != nil {
		return fmt.Errorf("repetition levels: %w", err)
	}
	size := l.entrySize()
	at := (d.elems - d.start) % size // of the next element in its entry
	for i, rep := range d.reps {
		def := l.maxDef
		if nulls > 0 {
			def = int(d.defs[i])
		}
		switch {
		case at == 0 && rep > 1 || at > 0 && (int(rep) != l.repeatAt(at) || def < l.deep):
			return d.fault(d.row-1, fmt.Errorf("a list is not of the length that it has in Arrow's schema, for rows of shape %v", l.shape))
		case rep == 0:
			if err := d.beginRow(d.elems); err != nil {
				return err
			}
			if def < l.entry-1 {
				d.nullRow()
			}
		case d.row == 0:
			return errFirstRow
		}
		switch {
		case def >= l.deep:
			d.elems++
			if at++; at == size {
				at = 0
			}
		case def >= l.entry:
			return d.fault(d.row-1, errNullInside)
		case rep > 0:
			return errors.New("a list goes on after its end")
		}
	}
	return nil
}

// entrySize returns the elements of an entry.
func (l *leaf) entrySize() int {
	n := 1
	for _, k := range l.steps {
		n *= k
	}
	return n
}

// repeatAt returns the repetition level of an element that is not the first of its
// entry: of the outermost list that goes on with it.
func (l *leaf) repeatAt(at int) int {
	n := l.entrySize()
	for i, k := range l.steps {
		if n /= k; at%n == 0 {
			return 2 + i
		}
	}
	return 0
}

var (
	errNullInside = fmt.Errorf("null inside a list: %w", loader.ErrSpec)
	errFirstRow   = errors.New("begins within a row")
)

// nullRow notes that the row at hand is null.
func (d *decoder) nullRow() {
	if d.col.masked {
		d.out.valid[d.row-1] = 0
	}
	d.holes = true
	d.out.spans[d.row-1].n = nullSpan
}

// beginRow begins a list row at the given element, and ends the one before.
func (d *decoder) beginRow(elem int) error {
	// Most rows of fixed size are as long as they should be.
	if d.row > 0 && elem-d.start == d.even && d.out.spans[d.row-1].n != nullSpan {
		d.out.spans[d.row-1].n = int32(d.col.row)
	} else if err := d.endRow(elem); err != nil {
		return err
	}
	if d.row == d.rows {
		return fmt.Errorf("more than %d rows", d.rows)
	}
	d.start = elem
	d.out.spans[d.row] = span{off: d.shift + int64(elem)*int64(d.col.elem)}
	d.row++
	return nil
}

// endRow ends the list row at hand before the given element.
func (d *decoder) endRow(elem int) error {
	if d.row == 0 {
		return nil
	}
	if d.leaf.steps != nil && (elem-d.start)%d.leaf.entrySize() != 0 {
		return d.fault(d.row-1, errShort)
	}
	s := &d.out.spans[d.row-1]
	n := int64(elem-d.start) * int64(d.col.elem)
	if s.n == nullSpan {
		s.n = 0
		if n > 0 {
			return errors.New("a null list has elements")
		}
		return nil
	}
	if n > d.s.limits.ValueBytes {
		return d.fault(d.row-1, fmt.Errorf("%d bytes, the limit is %d", n, d.s.limits.ValueBytes))
	}
	s.n = int32(n)
	return d.checkRow(d.row-1, n)
}

// checkRow checks that a row of n bytes, which is not null, has a shape that the
// field allows.
func (d *decoder) checkRow(row int, n int64) error {
	switch c := d.col; {
	case c.row >= 0 && n != int64(c.row) && d.leaf.promised && d.leaf.shape.Fixed():
		return d.fault(row, fmt.Errorf("%d elements, in Arrow's schema all rows have shape %v", n/int64(c.size), d.leaf.shape))
	case c.row >= 0 && n != int64(c.row):
		return d.fault(row, fmt.Errorf("%d elements, shape %v has %d: %w", n/int64(c.size), c.field.Shape, c.row/c.size, loader.ErrSpec))
	case c.row < 0 && c.unit > 1 && n%int64(c.unit) != 0:
		return d.fault(row, fmt.Errorf("%d elements do not fill shape %v: %w", n/int64(c.size), c.field.Shape, loader.ErrSpec))
	}
	return nil
}
