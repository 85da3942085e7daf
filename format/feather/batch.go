package feather

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/format/internal/flat"
)

// codec is how the buffers of a record batch are compressed.
type codec int8

// The codecs of BodyCompression.
const (
	codecNone codec = -1
	codecLZ4  codec = 0
	codecZstd codec = 1
)

// layout is what the chosen columns of one shard have in common.
type layout struct {
	columns []column
	total   place // of the schema
	first   []int // of the spans of a column
	nSpans  int
	lanes   []lane
	record  int // bytes of all lanes of a row
}

func newLayout(columns []column, total place) *layout {
	l := &layout{columns: columns, total: total, first: make([]int, len(columns))}
	for i := range columns {
		l.first[i] = l.nSpans
		l.nSpans += len(columns[i].levels) + 2
	}
	l.addLanes()
	return l
}

// Each column has a span for the validity bitmap of every level, one for its
// offsets and one for its values.
func (l *layout) spans(c int, b *batch) (valid []span, starts, values *span) {
	n := len(l.columns[c].levels)
	s := b.spans[l.first[c]:][:n+2]
	return s[:n], &s[n], &s[n+1]
}

// span is a range of a file; without bytes it stands for a buffer that is not
// needed: the bitmap of a level without nulls.
type span struct {
	off int64
	n   int
}

// batch is what the metadata of a record batch tells of the chosen columns, all
// compared with the size of the body.
type batch struct {
	shard int
	index int // among the batches of the shard
	rows  int
	codec codec
	spans []span
	items []int         // by column: items of its rows, 0 where bytes are counted
	dicts []*dictionary // by column; nil if none has any
	more  []more        // by column; nil if none has views
}

// batchReader reads the RecordBatch table t of the message m.
type batchReader struct {
	*layout
	lim     format.Limits
	m       message
	rows    int
	codec   codec
	nodes   []byte  // FieldNode structs
	buffers []byte  // Buffer structs
	before  []int64 // before[k]: variadic buffers of the first k views
}

// parseBatch reads and checks the RecordBatch table t of the message m.
func (l *layout) parseBatch(t flat.Table, m message, lim format.Limits) (batch, error) {
	r := batchReader{layout: l, lim: lim, m: m, codec: codecNone}
	if err := r.header(t); err != nil {
		return batch{}, err
	}
	b := batch{rows: r.rows, codec: r.codec, spans: make([]span, l.nSpans), items: make([]int, len(l.columns))}
	for c := range l.columns {
		if err := r.column(c, &b); err != nil {
			return batch{}, fmt.Errorf("column %q: %w", l.columns[c].field.Name, err)
		}
	}
	return b, nil
}

// header reads what all columns share.
func (r *batchReader) header(t flat.Table) error {
	rows := t.Int64(0)
	r.nodes, r.buffers = t.Structs(1, 16), t.Structs(2, 16)
	if c, ok := t.Table(3); ok {
		r.codec = codec(c.Int8(0, 0))
		if (r.codec != codecLZ4 && r.codec != codecZstd) || c.Int8(1, 0) != 0 {
			t.Fail(fmt.Errorf("unknown compression %d", r.codec))
		}
	}
	counts := t.Structs(4, 8)
	if t.Err() != nil {
		return corrupt("metadata: %v", t.Err())
	}
	if rows < 0 || rows > min(r.lim.ShardRecords, r.lim.BlockBytes, math.MaxInt) {
		return corrupt("%d rows", rows)
	}
	r.rows = int(rows)
	if len(counts)/8 != r.total.views {
		return corrupt("%d counts of variadic buffers, %d expected", len(counts)/8, r.total.views)
	}
	r.before = make([]int64, 1, r.total.views+1)
	for ; len(counts) > 0; counts = counts[8:] {
		n := int64(binary.LittleEndian.Uint64(counts))
		if n < 0 || n > int64(len(r.buffers)) {
			return corrupt("%d variadic buffers", n)
		}
		r.before = append(r.before, r.before[len(r.before)-1]+n)
	}
	want := r.bufferOf(r.total)
	if len(r.nodes)/16 != r.total.node || int64(len(r.buffers)/16) != want {
		return corrupt("%d nodes and %d buffers, %d and %d expected", len(r.nodes)/16, len(r.buffers)/16, r.total.node, want)
	}
	return r.checkBuffers()
}

// checkBuffers checks that buffers lie in the body, one behind the other.
func (r *batchReader) checkBuffers() error {
	var end int64
	for b := r.buffers; len(b) > 0; b = b[16:] {
		off, n := int64(binary.LittleEndian.Uint64(b)), int64(binary.LittleEndian.Uint64(b[8:]))
		if n == 0 {
			continue
		}
		if n < 0 || off < end || off > r.m.body-n || n > math.MaxInt-64 {
			return corrupt("buffer %d of %d bytes at %d lies outside of the body of %d bytes or overlaps another",
				(len(r.buffers)-len(b))/16, n, off, r.m.body)
		}
		if off%8 != 0 {
			return corrupt("buffer %d is not aligned to 8 bytes", (len(r.buffers)-len(b))/16)
		}
		end = off + n
	}
	return nil
}

// node returns length and number of nulls of the node of p.
func (r *batchReader) node(p place) (length, nulls int64) {
	b := r.nodes[16*p.node:]
	return int64(binary.LittleEndian.Uint64(b)), int64(binary.LittleEndian.Uint64(b[8:]))
}

// bufferOf returns the number of the buffer of p.
func (r *batchReader) bufferOf(p place) int64 {
	n := int64(p.buffer) + r.before[p.views]
	if r.m.version == version4 {
		n += int64(p.bitmaps)
	}
	return n
}

// span returns the buffer of p.
func (r *batchReader) span(p place) span {
	b := r.buffers[16*r.bufferOf(p):]
	return span{r.m.off + int64(r.m.meta) + int64(binary.LittleEndian.Uint64(b)), int(binary.LittleEndian.Uint64(b[8:]))}
}

// column fills in the spans of column c.
func (r *batchReader) column(c int, b *batch) error {
	col := &r.columns[c]
	valid, starts, values := r.spans(c, b)
	items := r.rows
	if col.list {
		n, _ := r.node(col.levels[col.nRow].place)
		if n < 0 || n > r.lim.BlockBytes {
			return corrupt("a list of %d items in all", n)
		}
		items = int(n)
	}
	if col.per > 0 && int64(items) > r.lim.BlockBytes/int64(col.per) {
		return corrupt("%d items of %d elements, Limits.BlockBytes is %d", items, col.per, r.lim.BlockBytes)
	}
	above := false // nulls beneath a null are not values
	for k := range col.levels {
		want := r.rows
		if k >= col.nRow {
			want = items * col.levels[k].mult
		}
		if err := r.valid(&col.levels[k], want, &valid[k]); err != nil {
			return err
		}
		if valid[k].n > 0 && !above && !col.levels[k].nullable {
			return corrupt("there are nulls, but it is not nullable")
		}
		above = above || valid[k].n > 0
	}
	b.items[c] = items
	if col.offset > 0 {
		*starts = r.span(col.starts)
		n := r.rows + 1
		if col.view {
			n = r.rows
		}
		if r.rows == 0 { // some writers leave the single offset out
			*starts = span{}
		} else if err := r.need(starts, n*col.offset); err != nil {
			return fmt.Errorf("offsets: %w", err)
		}
	}
	if col.view {
		r.views(c, b)
		b.items[c] = 0
		return nil
	}
	*values = r.span(col.values)
	if col.offset > 0 && !col.list {
		b.items[c] = 0
		return nil
	}
	if err := r.need(values, col.bytes(items)); err != nil {
		return fmt.Errorf("values: %w", err)
	}
	if col.text > 0 {
		r.textBuffers(c, b)
	}
	return nil
}

// bytes returns the bytes of the elements of items, as stored.
func (c *column) bytes(items int) int {
	switch n := items * c.per; {
	case c.bits:
		return (n + 7) / 8
	case c.text == viewBytes:
		return n * viewBytes
	case c.text > 0 && n > 0: // else some writers leave the single offset out
		return (n + 1) * c.text
	case c.text > 0:
		return 0
	default:
		return n * c.dtype.Size()
	}
}

// valid checks the node of l, which should be for n things, and finds its
// bitmap if it has nulls.
func (r *batchReader) valid(l *level, n int, s *span) error {
	length, nulls := r.node(l.place)
	switch {
	case length < int64(n):
		return corrupt("%d values where %d are expected", length, n)
	case nulls == 0 || n == 0:
		return nil
	case nulls < -1 || nulls > length: // -1: not counted
		return corrupt("%d nulls of %d values", nulls, length)
	}
	*s = r.span(l.place)
	if nulls == -1 && s.n == 0 {
		return nil
	}
	if err := r.need(s, (n+7)/8); err != nil {
		return fmt.Errorf("validity: %w", err)
	}
	return nil
}

// need checks that the buffer s can hold n bytes and cuts off what is behind
// them.
func (r *batchReader) need(s *span, n int) error {
	switch {
	case int64(n) > r.lim.BlockBytes:
		return corrupt("%d bytes, Limits.BlockBytes is %d", n, r.lim.BlockBytes)
	case n == 0:
		*s = span{}
	case r.codec == codecNone && s.n < n, s.n <= 8 && r.codec != codecNone:
		return corrupt("buffer of %d bytes is too small for %d", s.n, n)
	case r.codec == codecNone:
		s.n = n
	case int64(n) > r.lim.PageBytes:
		return corrupt("%d bytes in a compressed buffer, Limits.PageBytes is %d", n, r.lim.PageBytes)
	}
	return nil
}

// decodedBytes returns the bytes that a batch needs beside its buffers when it
// is decoded; text is the decoded size of those buffers that alone know it.
func (l *layout) decodedBytes(b *batch, text int64) int64 {
	total := text + l.recordBytes(b)
	for c := range l.columns {
		col := &l.columns[c]
		valid, starts, values := l.spans(c, b)
		rows, items := int64(b.rows), int64(b.items[c])
		for k := range valid {
			if valid[k].n > 0 && b.codec != codecNone {
				total += max(rows, items*int64(col.levels[k].mult))/8 + 1
			}
		}
		if col.nullRows(valid) {
			total += rows
		}
		if b.codec != codecNone && starts.n > 0 {
			total += (rows + 1) * int64(col.offset)
		}
		if b.codec != codecNone && values.n > 0 {
			total += int64(col.bytes(b.items[c]))
		}
		switch {
		case col.bits:
			total += items * int64(col.per)
		case col.dict != nil || col.text > 0:
			total += items * int64(col.per*col.size())
		}
		total += col.joinedBytes(b, c, valid)
		if col.fixed >= 0 {
			total += rows * int64(col.row())
		}
	}
	return total
}

// joinedBytes returns the bytes that texts of lists take that are copied, and what
// tells which elements are null.
func (c *column) joinedBytes(b *batch, k int, valid []span) (n int64) {
	elements := int64(b.items[k]) * int64(c.per)
	if c.offset > 0 {
		valid = valid[c.nRow:] // see elementsValid
	}
	nulls := slices.ContainsFunc(valid, func(s span) bool { return s.n > 0 })
	if nulls && (c.text > 0 || c.dict != nil && len(c.levels) > c.nRow) {
		n = elements
	}
	if c.text == viewBytes || c.text > 0 && nulls {
		n += 8 * (elements + 1)
		for _, s := range b.spans[b.more[k].first:][:b.more[k].n] {
			n += int64(s.n)
		}
	}
	return n
}

// nullRows reports whether rows may be null in a batch with the given bitmaps.
func (c *column) nullRows(valid []span) bool {
	for k := range c.nRow {
		if valid[k].n > 0 {
			return true
		}
	}
	return false
}
