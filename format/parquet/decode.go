package parquet

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"slices"

	"github.com/stokerdata/stoker/format"
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
	err   error  // of Decode
}

// A page is a page of a column chunk whose header was checked.
type page struct {
	pageHeader
	body []byte // as stored
	at   int64  // of body in the chunk
}

// A decoder decodes one column chunk at a time; its memory is used again.
type decoder struct {
	codecs
	s     *Source
	r     *rows
	col   *column
	leaf  *leaf
	codec codec
	rows  int
	out   *cells
	chunk []byte

	pages []page
	alias bool  // out.data is the chunk
	used  int64 // bytes of out.data that hold values of varying length
	row   int   // rows begun
	elems int   // list elements decoded
	start int   // element with which the row at hand begins
	holes bool  // a list row of fixed size is null

	defs, reps []byte
	index      []uint32
	dict       []byte // values, as in memory
	dictSpans  []span // or where they lie in out.data
	nDict      int
	inflated   []byte
	ints       []int32
	more       []int32
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
	d.s, d.r = r.s, r
	l := &r.s.layouts[r.group.layout]
	d.col, d.leaf = &r.s.cols[k], &l.leaves[l.from[k]]
	d.codec = r.group.chunks[k].codec
	d.rows, d.out, d.chunk = int(r.group.rows), &r.cells[k], r.chunks[k]
	d.used, d.row, d.elems, d.start, d.holes, d.nDict = 0, 0, 0, 0, false, -1
	defer func() {
		d.r, d.chunk, d.out = nil, nil, nil
		clear(d.pages)
	}()
	if err := d.scan(r.group.chunks[k].values); err != nil {
		return d.fault(-1, err)
	}
	if err := d.allot(r.group.chunks[k].values); err != nil {
		return d.fault(-1, err)
	}
	for i := range d.pages {
		if err := d.page(&d.pages[i]); err != nil {
			return d.fault(-1, fmt.Errorf("page %d: %w", i, err))
		}
	}
	return d.finish()
}

// fault returns err as an error of the given row, or of the row group if row is
// negative; one that names a row already stays as it is.
func (d *decoder) fault(row int, err error) error {
	if e := (*loader.SampleError)(nil); errors.As(err, &e) {
		return e
	}
	return d.r.fault(row, d.col, err)
}

// scan reads and checks the headers of all pages, and their checksums.
func (d *decoder) scan(values int64) error {
	d.pages = d.pages[:0]
	c := compact{b: d.chunk}
	var seen, total int64
	for n := 0; seen < values && len(c.b) > 0; n++ {
		p := page{pageHeader: readPageHeader(&c)}
		p.at = int64(len(d.chunk) - len(c.b))
		if c.bad {
			return fmt.Errorf("page %d: header is malformed", n)
		}
		if err := d.checkHeader(&p.pageHeader, len(c.b), values-seen); err != nil {
			return fmt.Errorf("page %d: %w", n, err)
		}
		p.body = c.next(uint64(p.compressed))
		if p.hasCRC && !d.s.noSums && crc32.ChecksumIEEE(p.body) != p.crc {
			return fmt.Errorf("page %d: checksum does not match", n)
		}
		if total += int64(p.uncompressed); total > d.s.limits.BlockBytes {
			return fmt.Errorf("page %d: more than %d bytes in the row group", n, d.s.limits.BlockBytes)
		}
		switch {
		case p.typ == indexPage:
			continue
		case p.typ != dictionaryPage:
			seen += int64(p.values)
		case len(d.pages) > 0:
			return fmt.Errorf("page %d: a dictionary that is not first", n)
		}
		d.pages = append(d.pages, p)
	}
	if seen != values {
		return fmt.Errorf("%d values, the metadata says %d", seen, values)
	}
	return nil
}

func (d *decoder) checkHeader(h *pageHeader, left int, values int64) error {
	switch {
	case h.compressed < 0 || h.uncompressed < 0 || int(h.compressed) > left:
		return fmt.Errorf("%d bytes where %d are left", h.compressed, left)
	case int64(h.uncompressed) > d.s.limits.PageBytes:
		return fmt.Errorf("%d bytes, the limit is %d", h.uncompressed, d.s.limits.PageBytes)
	case h.typ == indexPage:
		return nil
	case h.typ != h.has || h.typ < dataPage || h.typ > dataPageV2:
		return errors.New("of unknown type")
	case h.values < 0 || h.typ != dictionaryPage && int64(h.values) > values:
		return fmt.Errorf("%d values where %d are left", h.values, values)
	case h.typ == dictionaryPage && h.encoding != plain && h.encoding != plainDictionary:
		return fmt.Errorf("dictionary encoded by %v", h.encoding)
	case h.typ != dataPageV2:
		return nil
	case h.defBytes < 0 || h.repBytes < 0 || int64(h.defBytes)+int64(h.repBytes) > int64(min(h.compressed, h.uncompressed)):
		return errors.New("levels are larger than the page")
	}
	return nil
}

// allot gets the memory that the column needs.
func (d *decoder) allot(values int64) (err error) {
	c, out := d.col, d.out
	out.spans = out.spans[:0]
	if c.isBin || c.isList {
		out.spans = sized(out.spans, d.rows)
	}
	n := int64(d.rows) * int64(c.elem)
	switch {
	case c.isList:
		n = values * int64(c.elem)
	case c.isBin:
		n = 0
		d.alias = d.codec == uncompressed
		for i := range d.pages {
			if p := &d.pages[i]; p.encoding == deltaByteArray {
				d.alias = false
			} else if p.keep() {
				n += int64(p.uncompressed)
			}
		}
	}
	if c.isBin && d.alias {
		out.data, out.lent = d.chunk, nil
	} else if out.lent, err = d.s.buffer(n); err == nil {
		out.data = out.lent
	}
	if err == nil && c.masked {
		out.mask, err = d.s.buffer(int64(d.rows))
		out.valid = out.mask
		fill(out.valid, 1)
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
	if p.typ == dictionaryPage {
		return d.dictionary(p)
	}
	if p.encoding.indexed() && d.nDict < 0 {
		return errors.New("indexes without a dictionary")
	}
	n := int(p.values)
	if n == 0 {
		return nil
	}
	if d.direct(p) {
		to := d.out.data[d.row*d.col.elem:][:n*d.col.elem]
		d.row += n
		return d.decompress(to, p.body, d.codec)
	}
	b, err := d.open(p)
	if err != nil {
		return err
	}
	nulls := 0
	if d.leaf.maxDef > 0 {
		d.defs = sized(d.defs, n)
		if err := levels(d.defs, b.def, d.leaf.maxDef); err != nil {
			return fmt.Errorf("definition levels: %w", err)
		}
		nulls = n - bytes.Count(d.defs, []byte{byte(d.leaf.maxDef)})
	}
	if d.leaf.isList {
		d.reps = sized(d.reps, n)
		if err := levels(d.reps, b.rep, 1); err != nil {
			return fmt.Errorf("repetition levels: %w", err)
		}
		return d.list(p, b, n, nulls)
	}
	return d.flat(p, b, n, nulls)
}

// direct reports whether the body of p decompresses to what memory shall hold.
func (d *decoder) direct(p *page) bool {
	return d.leaf.maxDef == 0 && p.encoding == plain && d.col.conv == asStored && !d.col.isBin &&
		int64(p.uncompressed) == int64(p.values)*int64(d.col.elem) && !p.plainBody && p.repBytes == 0 && p.defBytes == 0
}

// parts are the sections of a data page. Values begin at base in out.data if
// they were kept there.
type parts struct {
	rep, def, values []byte
	base             int64
}

// open decompresses a page.
func (d *decoder) open(p *page) (b parts, err error) {
	keep := d.col.isBin && p.keep() && p.encoding != deltaByteArray
	body, at, size := p.body, p.at, int(p.uncompressed)
	if p.typ == dataPageV2 {
		b.rep, body = body[:p.repBytes], body[p.repBytes:]
		b.def, body = body[:p.defBytes], body[p.defBytes:]
		size -= int(p.repBytes + p.defBytes)
		at += int64(p.repBytes + p.defBytes)
	}
	by := d.codec
	if p.plainBody || len(body) == 0 && size == 0 {
		by = uncompressed
	}
	switch {
	case by == uncompressed && len(body) != size:
		return b, errSize
	case by == uncompressed && (!keep || d.alias):
		b.values, b.base = body, at
	case keep:
		if b.values, b.base, err = d.extend(int64(size)); err != nil {
			return b, err
		}
		err = d.decompress(b.values, body, by)
	default:
		d.inflated = sized(d.inflated, size)
		b.values = d.inflated
		err = d.decompress(b.values, body, by)
	}
	if err != nil {
		return b, err
	}
	if p.typ == dataPage {
		err = d.levelsV1(p, &b)
	}
	return b, err
}

// levelsV1 cuts the levels off the front of the values.
func (d *decoder) levelsV1(p *page, b *parts) (err error) {
	size := len(b.values)
	if d.leaf.isList {
		if b.rep, b.values, err = cutLevels(b.values, p.repLevels); err != nil {
			return err
		}
	}
	if d.leaf.maxDef > 0 {
		if b.def, b.values, err = cutLevels(b.values, p.defLevels); err != nil {
			return err
		}
	}
	b.base += int64(size - len(b.values))
	return nil
}

func cutLevels(b []byte, by encoding) (cut, rest []byte, err error) {
	if by != rle {
		return nil, nil, fmt.Errorf("levels encoded by %v, which is not supported", by)
	}
	if len(b) < 4 {
		return nil, nil, errShort
	}
	n := int64(le32(b))
	if n > int64(len(b)-4) {
		return nil, nil, errShort
	}
	return b[4 : 4+n], b[4+n:], nil
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
	d.dict = sized(d.dict, n*d.col.elem)
	return d.values(d.dict, n, plain, b.values)
}

// flat decodes a page of a column that is no list.
func (d *decoder) flat(p *page, b parts, n, nulls int) error {
	first, w := d.row, d.col.elem
	d.row += n
	if d.col.masked && d.leaf.maxDef > 0 {
		for i, x := range d.defs {
			d.out.valid[first+i] = b2u(int(x) == d.leaf.maxDef)
		}
	}
	if d.col.isBin {
		to := d.out.spans[first : first+n]
		if err := d.strings(to[:n-nulls], p.encoding, b); err != nil {
			return err
		}
		if nulls > 0 {
			spreadSpans(to, d.defs, byte(d.leaf.maxDef), n-nulls)
		}
		return nil
	}
	to := d.out.data[first*w : (first+n)*w]
	if err := d.values(to[:(n-nulls)*w], n-nulls, p.encoding, b.values); err != nil {
		return err
	}
	if nulls > 0 {
		spread(to, d.defs, byte(d.leaf.maxDef), n-nulls, d.null())
	}
	return nil
}

// null returns what stands for one null element.
func (d *decoder) null() []byte { return d.col.null[:d.col.elem] }

// list decodes a page of a list column; nulls counts the levels without a value.
func (d *decoder) list(p *page, b parts, n, nulls int) error {
	first, w := d.elems, d.col.elem
	if err := d.listRows(n, nulls); err != nil {
		return err
	}
	entries := d.elems - first
	values := n - nulls
	if entries > values && (d.s.nulls == format.NullError || d.s.nulls == format.NullMask && !d.col.field.DType.Float()) {
		return d.nullInside()
	}
	to := d.out.data[first*w : (first+entries)*w]
	if err := d.values(to[:values*w], values, p.encoding, b.values); err != nil {
		return err
	}
	if entries > values {
		defs := slices.DeleteFunc(d.defs, func(x byte) bool { return int(x) < d.leaf.entry })
		spread(to, defs, byte(d.leaf.maxDef), values, d.null())
	}
	return nil
}

// nullInside returns the error that names the row of the first null element of
// the page at hand, whose rows were found.
func (d *decoder) nullInside() error {
	i := slices.IndexFunc(d.defs, func(x byte) bool { return int(x) >= d.leaf.entry && int(x) < d.leaf.maxDef })
	behind := bytes.Count(d.reps[i+1:], []byte{0}) // rows that begin after it
	return d.fault(d.row-behind-1, errNullInside)
}

// listRows finds where rows begin and counts the elements.
func (d *decoder) listRows(n, nulls int) error {
	if nulls > 0 {
		return d.listRowsWithGaps()
	}
	for i := 0; i < n; {
		k := bytes.IndexByte(d.reps[i:], 0)
		if k < 0 {
			break
		}
		if i += k; i > 0 && d.row == 0 {
			break
		}
		if err := d.begin(d.elems + i); err != nil {
			return err
		}
		i++
	}
	d.elems += n
	if d.row == 0 {
		return errFirstRow
	}
	return nil
}

func (d *decoder) listRowsWithGaps() error {
	for i, rep := range d.reps {
		def := int(d.defs[i])
		if rep == 0 {
			if err := d.begin(d.elems); err != nil {
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

// begin begins a list row at the given element, and ends the one before.
func (d *decoder) begin(elem int) error {
	if err := d.end(elem); err != nil {
		return err
	}
	if d.row == d.rows {
		return fmt.Errorf("more than %d rows", d.rows)
	}
	d.start = elem
	d.out.spans[d.row] = span{off: int64(elem) * int64(d.col.elem)}
	d.row++
	return nil
}

// end ends the list row at hand before the given element.
func (d *decoder) end(elem int) error {
	if d.row == 0 {
		return nil
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
	case c.row >= 0 && n != int64(c.row):
		return d.fault(row, fmt.Errorf("%d elements, shape %v has %d: %w", n/int64(c.size), c.field.Shape, c.row/c.size, loader.ErrSpec))
	case c.row < 0 && c.unit > 1 && n%int64(c.unit) != 0:
		return d.fault(row, fmt.Errorf("%d elements do not fill shape %v: %w", n/int64(c.size), c.field.Shape, loader.ErrSpec))
	}
	return nil
}

// finish checks what only the end of the chunk can tell.
func (d *decoder) finish() error {
	out := d.out
	if d.leaf.isList {
		if err := d.end(d.elems); err != nil {
			return d.fault(-1, err)
		}
		if d.col.row >= 0 && !d.holes {
			out.spans = out.spans[:0] // rows lie one after another
		}
	}
	if d.row != d.rows {
		return d.fault(-1, fmt.Errorf("%d rows, the row group has %d", d.row, d.rows))
	}
	if d.col.isBin && (d.col.row >= 0 || d.col.unit > 1 || d.leaf.maxDef > 0) {
		return d.checkRows()
	}
	return nil
}

// checkRows checks the rows of a binary column, and makes null ones empty.
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
