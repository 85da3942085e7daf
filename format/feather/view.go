package feather

import (
	"encoding/binary"
	"fmt"

	"github.com/stokerdata/stoker/loader"
)

// A view tells a value of a column of views in 16 bytes ("Variable-size Binary
// View Layout" of the Arrow columnar format): its length, and the value itself if
// it is short, or else its first 4 bytes, the number of a buffer, and where it
// begins there.
const (
	viewBytes   = 16
	inlineBytes = 12
)

// more is which spans of a batch are the buffers of a column of views.
type more struct{ first, n int }

// views asks for the buffers of column c, which are behind the spans that all
// batches have.
func (r *batchReader) views(c int, b *batch) {
	p := r.columns[c].values
	r.buffersFrom(p, int(r.before[p.views+1]-r.before[p.views]), c, b)
}

// buffersFrom asks for n more buffers of column c, from p on.
func (r *batchReader) buffersFrom(p place, n, c int, b *batch) {
	if b.more == nil {
		b.more = make([]more, len(r.columns))
	}
	b.more[c] = more{len(b.spans), n}
	for range n {
		b.spans = append(b.spans, r.span(p))
		p.buffer++
	}
}

// view returns the value of row i, which is not null.
func (d *decoded) view(i int) []byte { return viewOf(d.starts, i, d.more) }

// viewOf returns value i of views, which lies in one of buffers unless it is short.
func viewOf(views []byte, i int, buffers [][]byte) []byte {
	v := views[viewBytes*i:][:viewBytes:viewBytes]
	n := binary.LittleEndian.Uint32(v)
	if n <= inlineBytes {
		return v[4 : 4+n : 4+n]
	}
	buf, off := buffers[binary.LittleEndian.Uint32(v[8:])], binary.LittleEndian.Uint32(v[12:])
	return buf[off : off+n : off+n]
}

// checkViews checks what view relies on, for all rows that are not null.
func (d *decoded) checkViews(c *column, rows int, most int64) error {
	d.starts = d.starts[:rows*viewBytes]
	if i := d.badView(d.starts, d.valid, rows, most); i >= 0 {
		return fmt.Errorf("row %d %w", i, viewFault(d.starts, i, most))
	}
	if c.group == 1 && c.fixed < 0 {
		return nil
	}
	for i := range rows {
		if d.valid != nil && d.valid[i] == 0 {
			continue
		}
		if n := len(d.view(i)); n%c.group != 0 || c.fixed >= 0 && n != c.fixed {
			return corrupt("row %d has %d bytes, which do not fit the shape %v", i, n, c.field.Shape)
		}
	}
	return nil
}

// badView returns the first of n views that is not null and does not fit, or -1.
func (d *decoded) badView(views, valid []byte, n int, most int64) int {
	for i := range n {
		if valid != nil && valid[i] == 0 {
			continue
		}
		v := views[viewBytes*i:][:viewBytes]
		size := int64(int32(binary.LittleEndian.Uint32(v)))
		if size < 0 || size > most {
			return i
		}
		if size <= inlineBytes {
			continue
		}
		buf, off := binary.LittleEndian.Uint32(v[8:]), int64(binary.LittleEndian.Uint32(v[12:]))
		if int64(buf) >= int64(len(d.more)) || off > int64(len(d.more[buf]))-size {
			return i
		}
	}
	return -1
}

// viewFault says what is wrong with a bad view.
func viewFault(views []byte, i int, most int64) error {
	v := views[viewBytes*i:][:viewBytes]
	n := int32(binary.LittleEndian.Uint32(v))
	if n < 0 || int64(n) > most {
		return corrupt("has %d bytes, Limits.ValueBytes is %d", n, most)
	}
	return corrupt("is at %d of buffer %d, which is not there", binary.LittleEndian.Uint32(v[12:]), binary.LittleEndian.Uint32(v[8:]))
}

// gatherViews sets the values of field f.
func (d *decoded) gatherViews(c *column, f int, p loader.Pick, b *loader.Batch) {
	for k, i := range p.Rows {
		data, shape := d.items(c, i, d.valid == nil || d.valid[i] != 0)
		b.Set(f, p.At[k], data, shape)
	}
}
