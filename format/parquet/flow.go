package parquet

import "fmt"

// flow is how far the rows of a column of fixed size have come that are asked
// for a few at a time.
type flow struct {
	page  int   // the next one
	at    *page // the one at hand
	left  int   // its rows that are still to come
	nulls int   // among all of its rows

	ready   bool   // for parts of the page
	src     []byte // values as PLAIN has them or, where spilled, as memory does
	spilled bool
	indexes hybrid // of values in a dictionary
}

// next decodes the next n rows of a column of fixed size into dst and, where
// there is a mask and some are null, into valid, which was all ones.
func (d *decoder) next(dst, valid []byte, n int) error {
	w := d.col.elem
	for at := 0; at < n; {
		var mask []byte
		if valid != nil {
			mask = valid[at:]
		}
		k, err := d.some(dst[at*w:n*w], mask, n-at)
		if err != nil {
			return d.fault(-1, fmt.Errorf("page %d: %w", d.flow.page-1, err))
		}
		at += k
	}
	return nil
}

// some is next for at most n rows, all of one page, and returns their number.
func (d *decoder) some(dst, valid []byte, n int) (int, error) {
	f, w := &d.flow, d.col.elem
	if f.left == 0 {
		if err := d.turn(); err != nil {
			return 0, err
		}
		k := int(f.at.values)
		if k <= n && d.direct(f.at) {
			return k, d.decompress(dst[:k*w], f.at.body, d.codec)
		}
		b, nulls, err := d.body(f.at)
		if err != nil {
			return 0, err
		}
		f.left, f.nulls, f.src, f.ready = k, nulls, b.values, false
	}
	k := min(n, f.left)
	return k, d.give(dst[:k*w], valid, k)
}

// turn goes on to the next page that has rows.
func (d *decoder) turn() error {
	f := &d.flow
	for f.page < len(d.pages) {
		p := &d.pages[f.page]
		f.page++
		if p.typ == dictionaryPage {
			if err := d.dictionary(p); err != nil {
				return err
			}
		} else if p.values > 0 {
			f.at = p
			return nil
		}
	}
	return errShort
}

// give decodes the next n rows of the page at hand.
func (d *decoder) give(dst, valid []byte, n int) error {
	f, w, all := &d.flow, d.col.elem, int(d.flow.at.values)
	values, defs := n, d.defs
	if !d.full {
		defs = d.defs[all-f.left:][:n]
		values = count(defs, byte(d.leaf.maxDef))
	}
	var err error
	if n == all {
		err = d.values(dst[:values*w], values, f.at.encoding, f.src)
	} else {
		err = d.part(dst[:values*w], values)
	}
	f.left -= n
	if err != nil || values == n {
		return err
	}
	if valid != nil {
		d.validity(valid, defs)
	}
	spread(dst, defs, byte(d.leaf.maxDef), values, d.null())
	return nil
}

// part decodes the next n values of the page at hand, which has more of them.
func (d *decoder) part(dst []byte, n int) error {
	f := &d.flow
	if !f.ready {
		if err := d.prepare(); err != nil {
			return err
		}
		f.ready = true
	}
	if f.at.encoding.indexed() {
		return d.pick(dst, &f.indexes, n)
	}
	size := len(dst)
	if !f.spilled {
		size = n * d.col.stored()
	}
	src := f.src[:size]
	f.src = f.src[size:]
	if f.spilled {
		copy(dst, src)
		return nil
	}
	return d.plain(dst, n, src)
}

// prepare gets the page at hand ready for part: what cannot be decoded in parts
// is decoded as a whole.
func (d *decoder) prepare() (err error) {
	f := &d.flow
	n := int(f.at.values) - f.nulls
	switch {
	case f.at.encoding.indexed():
		f.indexes, err = newIndexes(f.src, n)
		return err
	case f.at.encoding == plain && d.col.conv != toBool && d.col.conv != toLabel:
		f.spilled = false
		if !fits(len(f.src), n*d.col.stored()) {
			return sizeError(len(f.src), n*d.col.stored())
		}
		return nil
	}
	d.spill = sized(d.spill, n*d.col.elem)
	err = d.values(d.spill, n, f.at.encoding, f.src)
	f.src, f.spilled = d.spill, true
	return err
}
