package parquet

import (
	"fmt"

	"github.com/stokerdata/stoker/format/internal/elem"
	"github.com/stokerdata/stoker/loader"
)

// An opened page holds numbers that can be decoded from any row on: its levels
// and runs were checked, so that nothing can be wrong but single values.
type opened struct {
	rows   int
	there  int    // rows that are not null
	def    []byte // definition levels, nil if no row is null
	values []byte // those that are there: as elements of memory, as in PLAIN, or indexes behind their width
	form   form
}

type form uint8

const (
	asElements form = iota
	inPlain
	inDictionary
)

// laneState is what the decoder of a lane has besides, which is decoded a few rows at
// a time.
type laneState struct {
	to          *column // what the values become part of, nil for other columns
	translated  bool    // dict is of the type of to
	opened      opened  // the page at hand, unless all are held
	held        []opened
	lent        []byte // memory of what is held
	cut         int    // bytes of it that are in use
	isHeld      bool
	inflated    []byte // the page at hand, decompressed
	spill       []byte // or decoded
	def         []byte // its levels
	words       []byte // of dict
	translation []byte // likewise
}

// A flow is how far the rows of a column have come that are decoded a few at a
// time.
type flow struct {
	page    int     // the next one
	at      *opened // the one at hand
	left    int     // its rows that are still to come
	levels  hybrid  // of these
	indexes hybrid  // likewise
	used    int     // bytes of opened.values
}

// spills reports whether p is decoded as a whole, as its encoding cannot be
// entered in the middle.
func (d *decoder) spills(p *page) bool {
	return p.typ != dictionaryPage && !p.encoding.indexed() && (p.encoding != plain || d.col.conv == toBool || d.col.conv == toLabel)
}

// ready opens a page that has rows.
func (d *decoder) ready(p *page) (o opened, err error) {
	b, nulls, err := d.body(p)
	if err != nil {
		return o, err
	}
	o = opened{rows: int(p.values), there: int(p.values) - nulls, values: b.values}
	switch {
	case nulls > 0 && d.spills(p):
		o.def = d.room(&d.def, len(b.def))
		copy(o.def, b.def)
	case nulls > 0:
		o.def = b.def
	}
	switch {
	case p.encoding.indexed():
		o.form = inDictionary
		h, err := newIndexes(b.values, o.there)
		if err != nil {
			return o, err
		}
		return o, h.skip(o.there)
	case !d.spills(p):
		if d.col.conv != asStored {
			o.form = inPlain
		}
		if want := o.there * d.col.stored(); !fits(len(o.values), want) {
			return o, sizeError(len(o.values), want)
		}
		return o, nil
	}
	o.values = d.room(&d.spill, o.there*d.col.elem)
	return o, d.values(o.values, o.there, p.encoding, b.values)
}

// turn goes on to the next page that has rows.
func (d *decoder) turn(f *flow) error {
	if d.isHeld {
		if f.page == len(d.held) {
			return errShort
		}
		f.at = &d.held[f.page]
		f.page++
		return d.enter(f)
	}
	for f.page < len(d.pages) {
		p := &d.pages[f.page]
		f.page++
		if p.typ == dictionaryPage {
			if err := d.dictionary(p); err != nil {
				return err
			}
		} else if p.values > 0 {
			var err error
			if d.opened, err = d.ready(p); err != nil {
				return err
			}
			f.at = &d.opened
			return d.enter(f)
		}
	}
	return errShort
}

// enter begins the page at hand.
func (d *decoder) enter(f *flow) (err error) {
	f.left, f.used = f.at.rows, 0
	if f.at.def != nil {
		f.levels = hybrid{src: f.at.def, width: uint(bitsFor(d.leaf.maxDef)), rest: f.left}
	}
	if f.at.form == inDictionary {
		f.indexes, err = newIndexes(f.at.values, f.at.there)
	}
	return err
}

// whole decompresses the next page straight to where its rows belong, those from
// row at of t on, and returns how many these are: 0 if that cannot be. None is null.
func (d *decoder) whole(f *flow, t *target, at int) (int, error) {
	if f.left > 0 || f.page == len(d.pages) || !d.direct(&d.pages[f.page]) {
		return 0, nil
	}
	p, w := &d.pages[f.page], d.col.elem
	f.page++
	n := int(p.values)
	if err := d.decompress(t.data[at*w:][:n*w], p.body, d.codec); err != nil {
		return 0, d.fault(-1, fmt.Errorf("page %d: %w", f.page-1, err))
	}
	if t.valid != nil { // another shard has nulls
		elem.Fill(t.valid[at:at+n], 1)
	}
	return n, nil
}

// next decodes the next n rows, at most tileRows, into dst and, where there is a
// mask and some are null, into valid, which was all ones. Where values do not fit,
// whose rows are then s.wrong, it returns the first one's error as bad.
func (d *decoder) next(f *flow, s *scratch, dst, valid []byte, n int) (bad, err error) {
	s.wrong = s.wrong[:0]
	for at := 0; at < n; {
		if f.left == 0 {
			if err := d.turn(f); err != nil {
				return nil, fmt.Errorf("page %d: %w", f.page-1, err)
			}
		}
		k, passed := min(n-at, f.left), f.at.rows-f.left
		if wrong := d.give(f, s, dst, valid, at, k); wrong != nil {
			if err := d.giveApart(f, s, dst, valid, passed, at, k); err != nil {
				return nil, fmt.Errorf("page %d: %w", f.page-1, err)
			}
			if bad == nil {
				bad = wrong
			}
		}
		at += k
	}
	return bad, nil
}

// giveApart decodes n rows of the page at hand, behind those passed, one by one, to
// rows at and on of dst and valid, and adds those whose values do not fit to s.wrong.
func (d *decoder) giveApart(f *flow, s *scratch, dst, valid []byte, passed, at, n int) error {
	if err := d.enter(f); err != nil {
		return err
	}
	if err := d.skip(f, s, passed); err != nil {
		return err
	}
	for i := range n {
		if d.give(f, s, dst, valid, at+i, 1) != nil {
			s.wrong = append(s.wrong, at+i)
		}
	}
	return nil
}

// alike reports whether the field has values of the same type as the column.
func (d *decoder) alike() bool { return d.col.field.DType == d.to.field.DType }

// lends reports whether the page at hand has its rows as memory would, and all of them
// fit the field.
func (d *decoder) lends(f *flow) bool {
	return f.left > 0 && f.at.form == asElements && f.at.def == nil && (d.alike() || d.to.field.DType.Float()) &&
		elem.Readable(f.at.values, d.col.elem)
}

// lend returns the next n rows where they lie in the page at hand.
func (d *decoder) lend(f *flow, n int) []byte {
	b := f.at.values[f.used:][:n*d.col.elem]
	f.left -= n
	f.used += len(b)
	return b
}

// give decodes the next n rows of the page at hand, to rows at and on of dst and
// valid.
func (d *decoder) give(f *flow, s *scratch, dst, valid []byte, at, n int) error {
	values, most, size := n, byte(d.leaf.maxDef), d.to.size
	defs := s.defs[:n]
	if f.at.def != nil {
		if err := f.levels.levels(defs, d.leaf.maxDef); err != nil {
			return err
		}
		values = count(defs, most)
	}
	f.left -= n
	dst = dst[at*size:][:n*size]
	err := d.some(f, s, dst[:values*size], values)
	if values == n {
		return err
	}
	if valid != nil {
		setValid(valid[at:], defs, most)
	}
	spread(dst, defs, most, values, d.to.null[:size])
	return err
}

// some decodes the next n values of the page at hand.
func (d *decoder) some(f *flow, s *scratch, dst []byte, n int) (err error) {
	o, c := f.at, d.col
	if o.form == inDictionary && d.translated {
		return pickSize(d.to.size, &f.indexes, dst, d.dict)
	}
	from, to := c.field.DType, d.to.field.DType
	as := dst
	if from != to {
		as = s.stored[:n*c.elem]
	}
	switch o.form {
	case inDictionary:
		err = pickSize(c.elem, &f.indexes, as, d.dict)
	case inPlain:
		size := n * c.stored()
		err = d.plain(as, n, o.values[f.used:][:size])
		f.used += size
	default:
		src := o.values[f.used:][:n*c.elem]
		f.used += len(src)
		if from != to && elem.Readable(src, c.elem) {
			as = src
		} else {
			copy(as, src)
		}
	}
	if err == nil && from != to && !convert(dst, to, as, from) {
		return fmt.Errorf("has a value that %v cannot hold: %w", to, loader.ErrSpec)
	}
	return err
}

// skip passes over n rows.
func (d *decoder) skip(f *flow, s *scratch, n int) error {
	for n > 0 {
		if f.left == 0 {
			if err := d.turn(f); err != nil {
				return err
			}
		}
		k := min(n, f.left)
		if k < f.at.rows {
			if err := d.pass(f, s, k); err != nil {
				return err
			}
		}
		f.left -= k
		n -= k
	}
	return nil
}

// pass passes over n rows of the page at hand.
func (d *decoder) pass(f *flow, s *scratch, n int) error {
	values := n
	if f.at.def != nil {
		values = 0
		for n > 0 {
			defs := s.defs[:min(n, len(s.defs))]
			if err := f.levels.levels(defs, d.leaf.maxDef); err != nil {
				return err
			}
			values += count(defs, byte(d.leaf.maxDef))
			n -= len(defs)
		}
	}
	switch f.at.form {
	case inDictionary:
		return f.indexes.skip(values)
	case inPlain:
		f.used += values * d.col.stored()
	default:
		f.used += values * d.col.elem
	}
	return nil
}

// hold opens all pages, in memory that is held until release.
func (d *decoder) hold() error {
	size := int64(0)
	for i := range d.pages {
		size += d.heldBytes(&d.pages[i])
	}
	var err error
	if d.lent, err = d.s.buffer(size); err != nil {
		return d.fault(-1, err)
	}
	d.isHeld = true
	for i := range d.pages {
		p := &d.pages[i]
		if p.typ == dictionaryPage {
			err = d.dictionary(p)
		} else if p.values > 0 {
			var o opened
			if o, err = d.ready(p); err == nil {
				d.held = append(d.held, o)
			}
		}
		if err != nil {
			return d.fault(-1, fmt.Errorf("page %d: %w", i, err))
		}
	}
	return nil
}

// heldBytes returns the most memory that a page takes which is held.
func (d *decoder) heldBytes(p *page) int64 {
	const rounded = 16 // two pieces
	n, size := int64(p.values), int64(p.uncompressed)
	switch {
	case p.typ == dictionaryPage:
		return max(n*int64(d.col.elem), size) + n*int64(d.to.size) + rounded
	case d.spills(p):
		return n*int64(d.col.elem) + size + rounded // the levels, too
	case d.codec == uncompressed || p.plainBody:
		return 0
	}
	return size + rounded
}

// release gives back what is held.
func (d *decoder) release() {
	d.s.bufs.Put(d.lent)
	clear(d.held)
	d.lent, d.held, d.cut, d.isHeld = nil, d.held[:0], 0, false
	d.end()
}
