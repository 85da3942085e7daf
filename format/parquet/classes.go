package parquet

import (
	"context"
	"errors"
	"fmt"

	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
)

// classes are the names of the classes that the labels of a column number.
type classes struct {
	names   []string
	numbers map[string]int32
	closed  bool // names are the caller's
}

func newClasses(names []string) *classes {
	c := &classes{numbers: make(map[string]int32), closed: names != nil}
	for _, name := range names {
		c.add([]byte(name))
	}
	return c
}

// add adds a name, if it is a new one, and returns the bytes that it takes.
func (c *classes) add(name []byte) int64 {
	if _, ok := c.numbers[string(name)]; ok {
		return 0
	}
	c.numbers[string(name)] = int32(len(c.names))
	c.names = append(c.names, string(name))
	return int64(len(name)) + nameBytes
}

// nameBytes is what a name takes beside its bytes: a string, its entry in a map.
const nameBytes = 64

// readAs returns the leaf, and as one of texts where it would be labels and is
// to be read as bytes.
func (l *leaf) readAs(t dtype.Type) *leaf {
	if !l.label || t != dtype.Uint8 {
		return l
	}
	text := *l
	text.label = false
	return &text
}

// addClasses reads the names of classes from the dictionaries of row group g of
// a shard.
func (s *Source) addClasses(ctx context.Context, shard int, l *layout, g *rowGroup) error {
	for k := range s.cols {
		c := &s.cols[k]
		if c.classes == nil || c.classes.closed || g.rows == 0 {
			continue
		}
		ch := &g.chunks[k]
		page, err := s.dictionaryPage(ctx, shard, ch)
		if err == nil && page != nil {
			err = s.readClasses(page, c, &l.leaves[l.from[k]], ch)
		}
		if err != nil {
			return fmt.Errorf("column %q: dictionary: %w", c.field.Name, err)
		}
	}
	return nil
}

// dictionaryPage reads the page with which a chunk begins, nil if that is no
// dictionary.
func (s *Source) dictionaryPage(ctx context.Context, shard int, ch *chunk) ([]byte, error) {
	page := make([]byte, min(ch.size, firstRead))
	if err := s.pool.ReadAt(ctx, shard, page, ch.off); err != nil {
		return nil, err
	}
	c := compact{b: page}
	h := readPageHeader(&c)
	size := int64(len(page)-len(c.b)) + int64(h.compressed)
	switch {
	case c.bad || h.compressed < 0 || size > ch.size:
		return nil, fmt.Errorf("header is malformed: %w", loader.ErrCorrupt)
	case h.typ != dictionaryPage:
		return nil, nil
	case size <= int64(len(page)):
		return page[:size], nil
	}
	page = make([]byte, size)
	return page, s.pool.ReadAt(ctx, shard, page, ch.off)
}

// readClasses adds the values of a dictionary page to the classes of c.
func (s *Source) readClasses(page []byte, c *column, l *leaf, ch *chunk) (err error) {
	d := decoders.Get().(*decoder)
	d.s, d.col, d.to, d.leaf, d.codec, d.chunk, d.alias = s, c, nil, l, ch.codec, page, false
	defer func() {
		if x := recover(); x != nil {
			err = fmt.Errorf("%v", x)
		} else {
			d.end()
			decoders.Put(d)
		}
		if err != nil && !errors.Is(err, loader.ErrSpec) {
			err = fmt.Errorf("%w: %w", err, loader.ErrCorrupt)
		}
	}()
	if err := d.scan(&chunk{values: unknown, uncompressed: ch.uncompressed}); err != nil {
		return err
	}
	p := &d.pages[0]
	b, err := d.open(p)
	if err == nil {
		err = d.names(b.values, int(p.values))
	}
	if err != nil {
		return err
	}
	for _, x := range d.dictSpans {
		s.nameBytes += c.classes.add(b.values[x.off:][:x.n])
		if s.nameBytes > s.limits.BlockBytes {
			return fmt.Errorf("names need more than the %d bytes of Limits.BlockBytes", s.limits.BlockBytes)
		}
	}
	return nil
}

// names finds the n texts of src.
func (d *decoder) names(src []byte, n int) error {
	if n > len(src)/4 {
		return errShort
	}
	d.dictSpans = sized(d.dictSpans, n)
	return d.plainStrings(d.dictSpans, src, 0)
}

// labels sets dst to the numbers of the classes that texts name.
func (d *decoder) labels(dst []int32, by encoding, src []byte) (err error) {
	switch by {
	case plain:
		err = d.names(src, len(dst))
	case deltaLengthByteArray:
		d.ints, d.dictSpans = sized(d.ints, len(dst)), sized(d.dictSpans, len(dst))
		if src, err = deltas(d.ints, src); err == nil {
			err = d.lay(d.dictSpans, 0, int64(len(src)))
		}
	case deltaByteArray:
		return d.labelsMerged(dst, src)
	default:
		return d.unsupported(by)
	}
	for i := 0; i < len(dst) && err == nil; i++ {
		x := d.dictSpans[i]
		dst[i], err = d.col.classes.number(src[x.off:][:x.n])
	}
	return err
}

// labelsMerged is labels of DELTA_BYTE_ARRAY.
func (d *decoder) labelsMerged(dst []int32, src []byte) error {
	suffixes, _, err := d.affixes(len(dst), src)
	var name []byte
	for i := 0; i < len(dst) && err == nil; i++ {
		n := d.more[i]
		name = append(name[:d.ints[i]], suffixes[:n]...)
		suffixes = suffixes[n:]
		dst[i], err = d.col.classes.number(name)
	}
	return err
}

// number returns the number of a class.
func (c *classes) number(name []byte) (int32, error) {
	n, ok := c.numbers[string(name)]
	if !ok {
		return 0, fmt.Errorf("class %.64q is not among the %d of Names, which Options.Fields can give; or the DType uint8, as which they are texts: %w",
			name, len(c.names), loader.ErrSpec)
	}
	return n, nil
}
