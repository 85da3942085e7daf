package parquet

import (
	"errors"
	"fmt"
	"hash/crc32"
	"math"
)

// A page is a page of a column chunk whose header was checked.
type page struct {
	pageHeader
	body []byte // as stored
	at   int64  // of body in the chunk
}

// unknown is the number of values of a page by itself.
const unknown = -1

// scan reads and checks the headers of all pages, and their checksums.
func (d *decoder) scan(ch *chunk) error {
	values := ch.values
	if values == unknown {
		values = math.MaxInt64
	}
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
		if total += int64(p.uncompressed); total > ch.uncompressed {
			return fmt.Errorf("page %d: more than the %d bytes that the metadata says", n, ch.uncompressed)
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
	if d.levels = seen; seen != ch.values && ch.values != unknown {
		return fmt.Errorf("%d values, the metadata says %d", seen, ch.values)
	}
	return nil
}

func (d *decoder) checkHeader(h *pageHeader, left int, values int64) error {
	switch {
	case h.compressed < 0 || h.uncompressed < 0 || int(h.compressed) > left:
		return fmt.Errorf("%d bytes where %d are left", h.compressed, left)
	case int64(h.uncompressed) > max(d.codec.mostFrom(int64(h.compressed)), int64(h.compressed)):
		return fmt.Errorf("%d bytes cannot become %d", h.compressed, h.uncompressed)
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
	case h.typ == dictionaryPage && int64(h.values) > 8*int64(h.uncompressed)/d.col.storedBits():
		return fmt.Errorf("dictionary of %d values in %d bytes", h.values, h.uncompressed)
	case h.typ != dataPageV2:
		return nil
	case h.defBytes < 0 || h.repBytes < 0 || int64(h.defBytes)+int64(h.repBytes) > int64(min(h.compressed, h.uncompressed)):
		return errors.New("levels are larger than the page")
	}
	return nil
}
