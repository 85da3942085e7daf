package parquet

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/stokerdata/stoker/format/internal/elem"
	"github.com/stokerdata/stoker/loader"
)

// A span is where a row that varies lies in the memory of its column. A null
// row of a column with rows of fixed size has no bytes.
type span struct {
	off int64
	n   int32
}

const spanBytes = 16

// cells is a decoded column of a row group.
type cells struct {
	data  []byte // values
	lent  []byte // what data is part of, to be given back; nil if data is the chunk itself
	spans []span // of each row; empty if rows lie one after another in data
	valid []byte // 0 or 1 for each row, of a column with a mask
	mask  []byte // likewise, to be given back
	texts texts  // of lists, whose lengths data has
	err   error  // of Decode

	failed int // part.lo of err

	spoilt []byte // a bit for each row of a lane whose value does not fit; nil if all do
	unfit  error  // the first of these
}

// A decoder decodes one column chunk at a time; its memory is used again.
type decoder struct {
	*tools
	s     *Source
	r     *rows
	col   *column
	leaf  *leaf
	codec codec
	rows  int
	out   *cells
	chunk []byte

	pages  []page
	levels int64 // of all pages
	alias  bool  // out.data is the chunk
	used   int64 // bytes of out.data that hold values of varying length
	row    int   // rows begun
	elems  int   // list elements decoded
	start  int   // element with which the row at hand begins
	even   int   // elements of every row, -1 if they vary or are to be checked one by one
	shift  int64 // of the elements of the page at hand in out.data
	holes  bool  // a list row of fixed size is null

	dict      []byte // values, as in memory, or texts of lists
	dictSpans []span // where texts lie in out.data, or those of lists in dict
	nDict     int
	elements  []span // texts of lists in the page at hand, or in dict

	laneState
}

// sized returns buf with n elements, which hold anything.
func sized[T any](buf []T, n int) []T {
	if cap(buf) < n {
		return make([]T, n, max(n+n/4, 1024))
	}
	return buf[:n]
}

// decode decodes column k of r.
func (d *decoder) decode(r *rows, k int) (err error) {
	defer d.end()
	if err := d.begin(r, k); err != nil {
		return err
	}
	err = d.column(true)
	if errors.Is(err, errApart) {
		d.s.bufs.Put(d.out.mask)
		d.out.mask = nil
		err = d.column(false)
	}
	return err
}

// errApart says that the values of a row do not lie one after another in the
// chunk, or that what stands for nulls is not among them.
var errApart = errors.New("values are apart")

// column decodes the column. With inPlace, values may stay where they are in the
// chunk, as far as errApart does not tell otherwise.
func (d *decoder) column(inPlace bool) error {
	d.used, d.row, d.elems, d.start, d.holes, d.nDict = 0, 0, 0, 0, false, -1
	d.alias = inPlace && d.inPlace()
	if d.even = -1; d.col.row > 0 && int64(d.col.row) <= d.s.limits.ValueBytes && d.leaf.steps == nil {
		d.even = d.col.row / d.col.elem
	}
	if err := d.allot(); err != nil {
		return d.fault(-1, err)
	}
	for i := range d.pages {
		if err := d.page(&d.pages[i]); err != nil {
			if errors.Is(err, errApart) {
				return err
			}
			return d.fault(-1, fmt.Errorf("page %d: %w", i, err))
		}
	}
	return d.finish()
}

// varies reports whether each row has a span.
func (d *decoder) varies() bool { return d.col.isBin || d.col.isList || d.alias }

// aliasBytes is the size from which on values that are not compressed stay where
// they are: less is copied faster than it is found again.
const aliasBytes = 64

// inPlace reports whether the chunk holds values as memory should.
func (d *decoder) inPlace() bool {
	c := d.col
	if d.codec != uncompressed || !c.isBin && (c.conv != asStored || !c.isList && c.elem < aliasBytes) {
		return false
	}
	for i := range d.pages {
		p := &d.pages[i]
		if p.encoding == deltaByteArray || !c.isBin && p.encoding != plain {
			return false
		}
	}
	return true
}

// begin begins column k of r.
func (d *decoder) begin(r *rows, k int) error {
	d.s, d.r = r.s, r
	l := &r.s.layouts[r.group.layout]
	d.col, d.leaf = &r.s.cols[k], &l.leaves[l.from[k]]
	d.codec = r.group.chunks[k].codec
	d.rows, d.out, d.chunk = int(r.group.rows), &r.cells[k], r.chunks[k]
	d.to, d.nDict, d.alias = nil, -1, false
	ch := r.group.chunks[k]
	if r.isPage {
		ch.values = unknown
	}
	if err := d.scan(&ch); err != nil {
		return d.fault(-1, err)
	}
	if most := r.group.chunks[k].values; d.levels > most {
		return d.fault(-1, fmt.Errorf("%d values in a page, the metadata says %d in all", d.levels, most))
	}
	return nil
}

// beginLane begins a lane of r.
func (d *decoder) beginLane(r *rows, l lane, t *tools) error {
	d.tools = t
	if err := d.begin(r, l.col); err != nil {
		return err
	}
	d.to = &r.s.cols[l.to]
	return nil
}

// end lets go of what is the row group's.
func (d *decoder) end() {
	d.s, d.r, d.chunk, d.out, d.opened = nil, nil, nil, nil, opened{}
	d.col, d.to, d.leaf, d.dict = nil, nil, nil, nil
	clear(d.pages)
}

// fault returns err as an error of the given row, or of the row group if row is
// negative; one that names a row already stays as it is.
func (d *decoder) fault(row int, err error) error {
	if e := (*loader.SampleError)(nil); errors.As(err, &e) {
		return e
	}
	return d.r.fault(row, d.col, err)
}

// allot gets the memory that the column needs.
func (d *decoder) allot() (err error) {
	c, out := d.col, d.out
	out.spans = out.spans[:0]
	if d.varies() {
		out.spans = sized(out.spans, d.rows)
	}
	n := int64(d.rows) * int64(c.elem)
	switch {
	case c.isList:
		n = d.levels * int64(c.elem)
	case c.isBin:
		n = 0
		for i := range d.pages {
			if p := &d.pages[i]; p.keep() && p.encoding != deltaByteArray {
				n += int64(p.uncompressed)
			}
		}
	}
	if d.alias {
		out.data, out.lent = d.chunk, nil
	} else if out.lent, err = d.s.buffer(n); err == nil {
		out.data = out.lent
	}
	if err == nil && c.masked {
		out.mask, err = d.s.buffer(int64(d.rows))
		out.valid = out.mask
		elem.Fill(out.valid, 1)
	}
	return err
}

// keep reports whether values of varying length stay where the page has them.
func (p *page) keep() bool { return !p.encoding.indexed() || p.typ == dictionaryPage }

// buffer returns n bytes, which are given back by Buffers.Put. It does not wait,
// as the budget has no end: what is open at a time is for the loader to bound.
func (s *Source) buffer(n int64) ([]byte, error) {
	if n > math.MaxInt {
		return nil, fmt.Errorf("%d bytes do not fit the address space", n)
	}
	return s.bufs.Get(context.Background(), int(n))
}

// page decodes one page.
func (d *decoder) page(p *page) error {
	n := int(p.values)
	switch {
	case p.typ == dictionaryPage:
		return d.dictionary(p)
	case n == 0:
		return nil
	case !d.leaf.isList && n > d.rows-d.row:
		return fmt.Errorf("more than %d rows", d.rows)
	case !d.varies() && d.direct(p):
		w := d.col.elem
		d.row += n
		return d.decompress(d.out.data[(d.row-n)*w:d.row*w], p.body, d.codec)
	}
	b, nulls, err := d.body(p)
	if err != nil {
		return err
	}
	switch {
	case d.col.isBin:
		return d.texts(p, b, n, nulls)
	case d.leaf.isList:
		return d.list(p, b, n, nulls)
	case d.alias:
		return d.refer(b, n, nulls)
	}
	return d.fixed(p, b, n, nulls)
}

// body opens a data page, and counts the levels that stand for no value.
func (d *decoder) body(p *page) (b parts, nulls int, err error) {
	if p.encoding.indexed() && d.nDict < 0 {
		return b, 0, errors.New("indexes without a dictionary")
	}
	if b, err = d.open(p); err != nil {
		return b, 0, err
	}
	n, most := int(p.values), d.leaf.maxDef
	if most == 0 || uniform(b.def, n, most) {
		return b, 0, nil
	}
	d.defs = sized(d.defs, n)
	if err := levels(d.defs, b.def, most); err != nil {
		return b, 0, fmt.Errorf("definition levels: %w", err)
	}
	return b, n - count(d.defs, byte(most)), nil
}

// direct reports whether the body of p decompresses to what memory shall hold.
func (d *decoder) direct(p *page) bool {
	return d.leaf.maxDef == 0 && p.typ != dictionaryPage && p.encoding == plain && d.col.conv == asStored &&
		int64(p.uncompressed) == int64(p.values)*int64(d.col.elem) && !p.plainBody && p.repBytes == 0 && p.defBytes == 0
}

// extend returns n more bytes of out.data, and where they lie.
func (d *decoder) extend(n int64) ([]byte, int64, error) {
	out := d.out
	at := d.used
	if at+n > int64(len(out.lent)) {
		if at+n > d.s.limits.BlockBytes {
			return nil, 0, fmt.Errorf("more than %d bytes in the row group", d.s.limits.BlockBytes)
		}
		larger, err := d.s.buffer(min(2*(at+n), d.s.limits.BlockBytes))
		if err != nil {
			return nil, 0, err
		}
		copy(larger, out.lent[:at])
		d.s.bufs.Put(out.lent)
		out.lent, out.data = larger, larger
	}
	d.used += n
	return out.lent[at:][:n:n], at, nil
}

// dictionary decodes a dictionary page.
func (d *decoder) dictionary(p *page) error {
	b, err := d.open(p)
	if err != nil {
		return err
	}
	n := int(p.values)
	if n > 8*len(b.values) {
		return errShort
	}
	d.nDict = n
	if d.col.isBin {
		d.dictSpans = sized(d.dictSpans, n)
		return d.plainStrings(d.dictSpans, b.values, b.base)
	}
	if d.col.conv == toLength {
		return d.textDictionary(b.values, n)
	}
	size := n * d.col.elem
	switch stays := n > 0 && d.stays(); {
	case stays && !fits(len(b.values), size):
		return sizeError(len(b.values), size)
	case stays && elem.Readable(b.values, d.col.elem):
		d.dict = b.values[:size]
	default:
		d.dict = d.room(&d.words, size)
		err = d.values(d.dict, n, plain, b.values)
	}
	if err != nil || d.to == nil {
		return err
	}
	d.translate(n)
	return nil
}

// stays reports whether the dictionary of a lane is in the page as it is in memory.
func (d *decoder) stays() bool { return d.to != nil && d.col.conv == asStored }

// translate makes the n values of the dictionary those of the field that they
// become part of. One that is not possible may not be needed.
func (d *decoder) translate(n int) {
	from, to := d.col.field.DType, d.to.field.DType
	if d.translated = from == to; !d.translated {
		dst := d.room(&d.translation, n*d.to.size)
		if d.translated = convert(dst, to, d.dict, from); d.translated {
			d.dict = dst
		}
	}
}

// room returns n bytes that stay as they are until the next page, in memory that
// own keeps, or until the row group is closed.
func (d *decoder) room(own *[]byte, n int) []byte {
	if d.isHeld {
		at := d.cut
		d.cut += (n + 7) &^ 7
		return d.lent[at:][:n:n]
	}
	*own = sized(*own, n)
	return *own
}

// texts decodes a page of a binary column.
func (d *decoder) texts(p *page, b parts, n, nulls int) error {
	if err := d.strings(d.out.spans[d.row:][:n-nulls], p.encoding, b); err != nil {
		return err
	}
	d.spread(n, nulls)
	return nil
}

// fixed decodes a page of a column of fixed size.
func (d *decoder) fixed(p *page, b parts, n, nulls int) error {
	w := d.col.elem
	to := d.out.data[d.row*w:][:n*w]
	if err := d.values(to[:(n-nulls)*w], n-nulls, p.encoding, b.values); err != nil {
		return err
	}
	if nulls > 0 {
		if d.col.masked {
			setValid(d.out.valid[d.row:], d.defs, byte(d.leaf.maxDef))
		}
		spread(to, d.defs, byte(d.leaf.maxDef), n-nulls, d.null())
	}
	d.row += n
	return nil
}

// refer finds the values of a page of a column of fixed size that stay in place.
func (d *decoder) refer(b parts, n, nulls int) error {
	w := d.col.elem
	if !fits(len(b.values), (n-nulls)*w) {
		return sizeError(len(b.values), (n-nulls)*w)
	}
	to := d.out.spans[d.row:][:n-nulls]
	for i := range to {
		to[i] = span{b.base + int64(i*w), int32(w)}
	}
	d.spread(n, nulls)
	return nil
}

// spread puts the spans of the next n rows in their places, now that those that
// are not null have theirs.
func (d *decoder) spread(n, nulls int) {
	to := d.out.spans[d.row:][:n]
	if nulls > 0 {
		if d.col.masked {
			setValid(d.out.valid[d.row:], d.defs, byte(d.leaf.maxDef))
		}
		spreadSpans(to, d.defs, byte(d.leaf.maxDef), n-nulls)
	}
	d.row += n
}

// null returns what stands for one null element.
func (d *decoder) null() []byte { return d.col.null[:d.col.elem] }

// finish checks what only the end of the chunk can tell.
func (d *decoder) finish() error {
	out := d.out
	if d.leaf.isList {
		if err := d.endRow(d.elems); err != nil {
			return d.fault(-1, err)
		}
		if d.col.row >= 0 && !d.holes && !d.alias {
			out.spans = out.spans[:0] // rows lie one after another
		}
	}
	if d.row != d.rows {
		return d.fault(-1, fmt.Errorf("%d rows, the row group has %d", d.row, d.rows))
	}
	if d.col.conv == toLength {
		return d.endTexts()
	}
	if !d.leaf.isList && (d.col.row >= 0 || d.col.unit > 1 || d.leaf.maxDef > 0) {
		return d.checkRows()
	}
	return nil
}

// checkRows checks the rows of a column that is no list, and makes null ones empty.
func (d *decoder) checkRows() error {
	for i := range d.out.spans {
		s := &d.out.spans[i]
		if s.n == nullSpan {
			s.n = 0
		} else if err := d.checkRow(i, int64(s.n)); err != nil {
			return err
		}
	}
	return nil
}
