package parquet

import "fmt"

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
	if by == snappyCodec && !keep {
		b.values = literal(body, size)
	}
	switch {
	case b.values != nil:
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
		b.values = d.place(p, size)
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

// place returns where to decompress the values of p, of the given size: where
// memory shall have them, if nothing else becomes of those of a list.
func (d *decoder) place(p *page, size int) []byte {
	switch {
	case p.typ == dictionaryPage && d.stays():
		return d.room(&d.words, size)
	case d.to != nil && p.typ != dictionaryPage && !d.spills(p): // else it is decoded at once
		return d.room(&d.inflated, size)
	}
	if at := d.elems * d.col.elem; d.leaf.isList && p.typ == dataPageV2 && p.encoding == plain && d.col.conv == asStored &&
		int64(size) == int64(p.values)*int64(d.col.elem) && size <= len(d.out.data)-at {
		return d.out.data[at:][:size]
	}
	d.passing = sized(d.passing, size)
	return d.passing
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
