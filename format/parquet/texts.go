package parquet

import (
	"fmt"

	pq "github.com/parquet-go/parquet-go"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/format/internal/lists"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
)

// A list of texts, or of binary values, is decoded as the list of their lengths,
// and its bytes are laid one behind another in the same pass.

// texts are the values of a column of such lists.
type texts struct {
	data  []byte // of all rows, to be given back
	used  int64  // bytes of it that hold values
	spans []span // of each row
}

// values returns the field of the values of a list of texts.
func (l *leaf) values() loader.Field {
	if l.node.isText() {
		return lists.Values(l.name, kind.Texts)
	}
	return lists.Values(l.name, kind.Plain)
}

// addTexts adds the column of leaf i, l, a list of texts.
func (p *planner) addTexts(i int, l *leaf) error {
	f := l.values()
	if s, ok := p.says(l.name); ok {
		if f = s; !fitsTexts(f) {
			return fmt.Errorf("metadata %s: column %q: %v cannot be read as %v: %w", format.SpecKey, l.name, l, f, loader.ErrCorrupt)
		}
	}
	var err error
	if by, ok := p.o.Fields[l.name]; ok {
		if f, err = override(f, by); err == nil && !fitsTexts(f) {
			err = fmt.Errorf("%v cannot be read as %v", l, f)
		}
		if err != nil {
			return fmt.Errorf("column %q: %w: %w", l.name, err, loader.ErrSpec)
		}
	}
	lengths, _, _ := natural(l)
	if s, ok := p.stored[l.name+format.LengthsSuffix]; ok {
		lengths.Shape = s.Shape
	}
	c, err := newColumn(l, lengths, false)
	if err != nil {
		return fmt.Errorf("metadata %s, column %q: %w: %w", format.SpecKey, l.name, err, loader.ErrCorrupt)
	}
	c.texts = f
	p.cols, p.from = append(p.cols, c), append(p.from, i)
	return nil
}

// fitsTexts reports whether f can be the values of lists.
func fitsTexts(f loader.Field) bool { return f.DType == dtype.Uint8 && f.Shape == loader.Dims(-1) }

// addTextFields adds the fields of column k of lists.
func (s *Source) addTextFields(k int) error {
	c := &s.cols[k]
	if err := s.addField(c.texts, role{col: k, texts: true}); err != nil {
		return err
	}
	f := lists.Lengths(c.texts, c.field.Shape)
	if err := s.addField(f, role{col: k}); err != nil {
		return fmt.Errorf("%w; %q has the lengths of %q", err, f.Name, c.texts.Name)
	}
	return nil
}

// textDictionary keeps the n texts of a dictionary.
func (d *decoder) textDictionary(src []byte, n int) error {
	d.dictSpans = sized(d.dictSpans, n)
	if err := d.plainStrings(d.dictSpans, src, 0); err != nil {
		return err
	}
	d.dict = d.room(&d.words, len(src))
	copy(d.dict, src)
	return nil
}

// lengths decodes values of a list of texts: their lengths into dst, and their
// bytes behind those that the column has.
func (d *decoder) lengths(dst []int32, by encoding, src []byte) error {
	if by == deltaByteArray {
		suffixes, total, err := d.affixes(len(dst), src)
		if err != nil {
			return err
		}
		to, err := d.moreTexts(total)
		if err != nil {
			return err
		}
		merge(to, suffixes, d.ints, d.more)
		for i := range dst {
			dst[i] = d.ints[i] + d.more[i]
		}
		return nil
	}
	d.elements = sized(d.elements, len(dst))
	if err := d.strings(d.elements, by, parts{values: src}); err != nil {
		return err
	}
	if by.indexed() {
		src = d.dict
	}
	total := int64(0)
	for i, x := range d.elements {
		dst[i] = x.n
		total += int64(x.n)
	}
	to, err := d.moreTexts(total)
	if err != nil {
		return err
	}
	for _, x := range d.elements {
		to = to[copy(to, src[x.off:][:x.n]):]
	}
	return nil
}

// moreTexts returns room for n more bytes of texts.
func (d *decoder) moreTexts(n int64) ([]byte, error) {
	t := &d.out.texts
	at := t.used
	if n > d.s.limits.BlockBytes-at {
		return nil, fmt.Errorf("more than %d bytes of texts in the row group", d.s.limits.BlockBytes)
	}
	if t.used += n; t.used > int64(len(t.data)) {
		size := 2 * t.used
		if t.data == nil { // most often it is all that there will be
			size = max(t.used, d.textBytes())
		}
		larger, err := d.s.buffer(min(size, d.s.limits.BlockBytes))
		if err != nil {
			return nil, err
		}
		copy(larger, t.data[:at])
		d.s.bufs.Put(t.data)
		t.data = larger
	}
	return t.data[at:t.used:t.used], nil
}

// textBytes returns the bytes of all texts unless a dictionary has them.
func (d *decoder) textBytes() (n int64) {
	for i := range d.pages {
		n += int64(d.pages[i].uncompressed)
	}
	return n
}

// endTexts finds the texts of each row, now that all lengths are known.
func (d *decoder) endTexts() error {
	c, out := d.col, d.out
	most := d.s.limits.ValueBytes
	rest := view[int32](out.data[:d.elems*c.elem])
	t := &out.texts
	t.spans = sized(t.spans, d.rows)
	at := int64(0)
	for i := range t.spans {
		n := c.row
		if len(out.spans) > 0 {
			n = int(out.spans[i].n)
		}
		bytes := int64(0)
		for _, x := range rest[:n/c.elem] {
			bytes += int64(x)
		}
		if bytes > most {
			return d.fault(i, fmt.Errorf("texts of %d bytes, the limit is %d", bytes, most))
		}
		t.spans[i] = span{at, int32(bytes)}
		at, rest = at+bytes, rest[n/c.elem:]
	}
	return nil
}

// row returns the texts of a row.
func (t *texts) row(i int) []byte {
	s := t.spans[i]
	return t.data[s.off:][:s.n:s.n]
}

// release gives the memory back.
func (t *texts) release(s *Source) {
	s.bufs.Put(t.data)
	*t = texts{spans: t.spans[:0]}
}

// set lends the texts of rows to field f of the batch.
func (t *texts) set(f int, p loader.Pick, b *loader.Batch) {
	for k, i := range p.Rows {
		v := t.row(i)
		b.Set(f, p.At[k], v, loader.Shape{}.Rows(len(v)))
	}
}

// bindTexts makes c that of the lists in b.
func (e *encoder) bindTexts(c *encoded, b *loader.Batch) (err error) {
	spec := b.Spec()
	if lists.Find(spec, c.index) != c.lengths || spec[c.lengths].Shape != e.in[c.lengths].Shape {
		return fmt.Errorf("a batch of %v follows one of %v: %w", spec, e.in, loader.ErrSpec)
	}
	c.lists, err = lists.Of(b, c.index, c.lengths)
	return err
}

// texts appends the texts of row i.
func (e *encoder) texts(c *encoded, i, k int) {
	values, lengths := c.lists.Row(i)
	if len(lengths) == 0 {
		e.values = append(e.values, pq.NullValue().Level(0, 0, k))
	}
	for n, size := range lengths {
		e.values = append(e.values, pq.ByteArrayValue(values[:size:size]).Level(min(n, 1), 1, k))
		values = values[size:]
	}
}
