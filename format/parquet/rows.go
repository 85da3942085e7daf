package parquet

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/format/internal/elem"
	"github.com/stokerdata/stoker/internal/bulk"
	"github.com/stokerdata/stoker/internal/prefetch"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/shard"
)

// rows is an open row group. It is a loader.Decoder whose parts are columns,
// and a loader.Gatherer.
type rows struct {
	s      *Source
	group  *block
	buf    []byte // of the chunks, to be given back
	ranges []shard.Range
	chunks [][]byte // of each column
	cells  []cells
	record []byte // of each row, all joins
	isPage bool   // there is but one data page, of one column

	targets []target     // of lanes, beside cells
	isHeld  atomic.Bool  // the pages of lanes are held, and laid nowhere
	use     sync.RWMutex // of these pages, and of cells until isHeld is false
	held    []decoder    // of each lane
	cursors []*cursor    // on them
	idle    []*cursor    // to be used again
	mu      sync.Mutex   // of cells.err, cursors and idle

	isSpoilt atomic.Bool // a row has a value that does not fit
}

var (
	_ loader.Decoder  = (*rows)(nil)
	_ loader.Gatherer = (*rows)(nil)
)

// Open reads the column chunks of row group i.
func (s *Source) Open(ctx context.Context, i int) (loader.Rows, error) {
	r := s.take()
	r.group = &s.groups[i]
	r.ranges = r.ranges[:0]
	for k := range r.group.chunks {
		ch := &r.group.chunks[k]
		r.ranges = append(r.ranges, shard.Range{File: r.group.shard, Off: ch.off, Len: int(ch.size), Tag: k})
	}
	buf, err := s.pool.Fetch(ctx, s.bufs, s.read, r.ranges)
	if err != nil {
		s.free.Give(r)
		return nil, fmt.Errorf("parquet: row group at row %d: %w", s.blocks[i].FirstRow, err)
	}
	r.buf = buf
	for _, x := range r.ranges {
		r.chunks[x.Tag] = x.Data
	}
	if s.runs.Load() && len(s.lanes) > 0 {
		r.isHeld.Store(true)
		if r.held == nil {
			r.held = make([]decoder, len(s.lanes))
		}
		return r, nil
	}
	if err := r.allot(); err != nil {
		return nil, fmt.Errorf("parquet: row group at row %d: %w", s.blocks[i].FirstRow, errors.Join(err, r.Close()))
	}
	return r, nil
}

// allot gets the memory of lanes, whose parts are decoded at once.
func (r *rows) allot() (err error) {
	rows := r.group.rows
	if r.record, err = r.s.buffer(rows * int64(r.s.record)); err != nil {
		return err
	}
	for k := range r.s.cols {
		c, out, t := &r.s.cols[k], &r.cells[k], &r.targets[k]
		switch {
		case c.join != nil:
			*t = target{data: r.record[c.at:], stride: r.s.record}
		case c.isLane:
			if out.lent, err = r.s.buffer(rows * int64(c.row)); err != nil {
				return err
			}
			out.data = out.lent
			*t = target{data: out.data, stride: c.row}
		default:
			continue
		}
		if c.masked {
			if out.mask, err = r.s.buffer(rows * int64(c.cells())); err != nil {
				return err
			}
			out.valid, t.valid = out.mask, out.mask
		}
	}
	return nil
}

// take returns rows that are not in use.
func (s *Source) take() *rows {
	if r := s.free.Take(); r != nil {
		return r
	}
	return &rows{s: s, chunks: make([][]byte, len(s.cols)), cells: make([]cells, len(s.cols)), targets: make([]target, len(s.cols))}
}

// Close gives the memory back.
func (r *rows) Close() error {
	bufs := r.s.bufs
	r.letGo()
	for k := range r.cells {
		c := &r.cells[k]
		bufs.Put(c.lent)
		bufs.Put(c.mask)
		c.texts.release(r.s)
		*c = cells{spans: c.spans[:0], texts: c.texts}
	}
	bufs.Put(r.record)
	bufs.Put(r.buf)
	r.buf, r.record, r.group, r.isPage = nil, nil, nil, false
	clear(r.chunks)
	clear(r.targets)
	r.isSpoilt.Store(false)
	r.isHeld.Store(false)
	clear(r.ranges)
	r.s.free.Give(r)
	return nil
}

// Parts returns the number of columns, where those of joins count together, for
// every stripColumns of them.
func (r *rows) Parts() int { return len(r.s.parts) }

// Decode decodes a part. Whatever a codec does with damaged data, the result
// is an error that names shard and column; Row and Gather return it too, as
// there is nothing for them to read.
func (r *rows) Decode(_ *loader.Worker, part int) error {
	return r.decode(r.s.parts[part], r.isHeld.Load())
}

// decode decodes a part, or just opens the pages of lanes that are to be held.
func (r *rows) decode(p part, hold bool) (err error) {
	defer func() {
		if x := recover(); x != nil {
			err = r.fault(-1, &r.s.cols[p.col], fmt.Errorf("%v", x))
		}
		if err != nil {
			r.fail(p, err)
		}
	}()
	// What panics may be in any state, and is left to the garbage collector.
	if p.hi > 0 {
		s := strips.Get().(*strip)
		if hold {
			err = s.hold(r, p)
		} else {
			err = s.decode(r, r.s.lanes[p.lo:p.hi])
		}
		strips.Put(s)
		return err
	}
	d := decoders.Get().(*decoder)
	err = d.decode(r, p.col)
	decoders.Put(d)
	return err
}

// fail notes the error of a part. One of joins is every join's, and that of the
// first part stays.
func (r *rows) fail(p part, err error) {
	if r.s.cols[p.col].join == nil {
		r.cells[p.col].err = err
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for k := range r.cells {
		if in := &r.cells[k]; r.s.cols[k].join != nil && (in.err == nil || p.lo < in.failed) {
			in.err, in.failed = err, p.lo
		}
	}
}

// Gather copies rows into the batch column by column.
func (r *rows) Gather(_ *loader.Worker, p loader.Pick, b *loader.Batch) error {
	if len(p.Rows) == 0 {
		return nil
	}
	r.s.expect(p)
	if r.isHeld.Load() {
		if done, err := r.gatherHeld(p, b); done || err != nil {
			return err
		}
	}
	return r.gather(p, b)
}

// gather is Gather while nobody lays out lanes. If pages are held, p must be a run.
func (r *rows) gather(p loader.Pick, b *loader.Batch) error {
	if err := r.failed(); err != nil {
		return err
	}
	done := r.isHeld.Load()
	if done {
		if err := r.run(p.Rows[0], p.At[0], len(p.Rows), b); err != nil {
			return err
		}
	}
	if err := r.check(p.Rows); err != nil {
		return err
	}
	joins := false
	for f, role := range r.s.fields {
		c, in := &r.s.cols[role.col], &r.cells[role.col]
		switch {
		case done && (c.isLane || c.join != nil):
		case c.join != nil && !role.mask:
			joins = true
		case role.mask:
			elem.Gather(b.Column(f).Data, in.valid, c.cells(), p)
		case role.texts:
			in.texts.set(f, p, b)
		case c.row < 0:
			if err := r.set(f, c, in, p, b); err != nil {
				return err
			}
		case len(in.spans) > 0:
			c.gatherSpans(b.Column(f).Data, in, p)
		default:
			elem.Gather(b.Column(f).Data, in.data, c.row, p)
		}
	}
	if joins {
		r.gatherRecords(p, b)
	}
	return nil
}

// failed returns the error of Decode, if it had one.
func (r *rows) failed() error {
	for _, role := range r.s.fields {
		if err := r.cells[role.col].err; err != nil {
			return err
		}
	}
	return nil
}

// check returns an error if one of rows has a null where that is an error, or a
// value that does not fit its type.
func (r *rows) check(rows []int) error {
	if r.isSpoilt.Load() {
		for _, row := range rows {
			if err := r.spoiled(row); err != nil {
				return err
			}
		}
	}
	if r.s.nulls != format.NullError {
		return nil
	}
	for _, role := range r.s.fields {
		c, in := &r.s.cols[role.col], &r.cells[role.col]
		if in.valid == nil {
			continue
		}
		for _, row := range rows {
			if err := r.checkNull(c, in, row); err != nil {
				return err
			}
		}
	}
	return nil
}

// gatherRows is how many records are gathered at a time: they are still in the cache
// when the last join is copied, and the next ones are on their way there.
const gatherRows = 16

// gatherRecords copies the values of joins, some rows at a time, for all joins.
// Those of a run the processor finds by itself.
func (r *rows) gatherRecords(p loader.Pick, b *loader.Batch) {
	size, asked, from, to := r.s.record, 0, p.Rows, p.At
	for at := 0; at < len(from); at += gatherRows {
		for !p.Run && asked < min(at+2*gatherRows, len(from)) {
			n := min(gatherRows, len(from)-asked)
			prefetch.Rows(r.record, size, from[asked:][:n])
			asked += n
		}
		rows, places := from[at:min(at+gatherRows, len(from))], to[at:]
		for f, role := range r.s.fields {
			c := &r.s.cols[role.col]
			if c.join == nil || role.mask {
				continue
			}
			bulk.Rows(b.Column(f).Data, places, r.record[c.at:], rows, c.row, size)
		}
	}
}

// together returns how many rows, from the i-th of from on, follow one another, as
// their places do, and lie one behind another in memory: at least one, and more only
// if each has size bytes, or any number of them if size is negative.
func (in *cells) together(from, to []int, i, size int) int {
	row, at, n := from[i], to[i], 1
	s := in.spans[row]
	for next := s.off; size < 0 || int(s.n) == size; n++ {
		next += int64(s.n)
		if i+n == len(from) || from[i+n] != row+n || to[i+n] != at+n {
			break
		}
		if s = in.spans[row+n]; s.off != next || size >= 0 && int(s.n) != size {
			break
		}
	}
	return n
}

// gatherSpans copies rows of fixed size that have spans.
func (c *column) gatherSpans(dst []byte, in *cells, p loader.Pick) {
	from, to := p.Rows, p.At
	for i := 0; i < len(from); {
		n, at := in.together(from, to, i, c.row), to[i]*c.row
		if n > 1 {
			bulk.Copy(dst[at:], in.data[in.spans[from[i]].off:][:n*c.row])
		} else {
			c.put(dst[at:at+c.row], in, from[i])
		}
		i += n
	}
}

// setRun lends n rows that lie one behind another to the batch, as rows at and on.
func (c *column) setRun(f int, in *cells, row, at, n int, b *loader.Batch) {
	first, last := in.spans[row].off, in.spans[row+n-1]
	end := last.off + int64(last.n)
	for k, ends := 0, b.SetRun(f, at, n, in.data[first:end:end]); k < n; k++ {
		s := in.spans[row+k]
		ends[k] = (s.off + int64(s.n) - first) / int64(c.unit)
	}
}

// set lends rows of varying size to the batch.
func (r *rows) set(f int, c *column, in *cells, p loader.Pick, b *loader.Batch) error {
	from, to := p.Rows, p.At
	for i := 0; i < len(from); i++ {
		row := from[i]
		if c.dims < 0 {
			if n := in.together(from, to, i, -1); n > 1 {
				c.setRun(f, in, row, to[i], n, b)
				i += n - 1
				continue
			}
		}
		if c.dims < 0 && c.unit == 1 { // most columns, without a division
			v := in.bytes(row)
			b.Set(f, to[i], v, c.tail.Rows(len(v)))
			continue
		}
		var sizes []byte
		if c.dims >= 0 {
			var err error
			if sizes, err = r.sizes(c, row); err != nil {
				return err
			}
		}
		shape, err := r.shape(c, in, row, sizes)
		if err != nil {
			return err
		}
		b.Set(f, to[i], in.bytes(row), shape)
	}
	return nil
}

// bytes returns the value of a row that has a span.
func (in *cells) bytes(row int) []byte {
	s := in.spans[row]
	return in.data[s.off:][:s.n:s.n]
}

// Row sets s to row i, which it lends from the memory of the row group.
func (r *rows) Row(w *loader.Worker, i int, s *loader.Sample) error {
	if r.isHeld.Load() {
		if err := r.layOut(); err != nil {
			return err
		}
	}
	if err := r.failed(); err != nil {
		return err
	}
	if r.isSpoilt.Load() {
		if err := r.spoiled(i); err != nil {
			return err
		}
	}
	for f, role := range r.s.fields {
		var sizes []byte
		if c := &r.s.cols[role.col]; c.dims >= 0 {
			var err error
			if sizes, err = r.sizes(c, i); err != nil {
				return err
			}
		}
		if err := r.field(w, s, f, i, sizes); err != nil {
			return err
		}
	}
	return nil
}

// field sets field f of s to that of row i; sizes is what sizes returns for the
// row, if the field's shape is stored.
func (r *rows) field(w *loader.Worker, s *loader.Sample, f, i int, sizes []byte) error {
	role := r.s.fields[f]
	c, in := &r.s.cols[role.col], &r.cells[role.col]
	if in.err != nil {
		return in.err
	}
	if r.s.nulls == format.NullError && in.valid != nil {
		if err := r.checkNull(c, in, i); err != nil {
			return err
		}
	}
	switch {
	case role.mask:
		n := c.cells()
		s.Set(f, dtype.Bool, r.s.spec[f].Shape, in.valid[i*n:(i+1)*n:(i+1)*n])
	case role.texts:
		v := in.texts.row(i)
		s.Set(f, dtype.Uint8, loader.Dims(len(v)), v)
	case c.row < 0:
		shape, err := r.shape(c, in, i, sizes)
		if err != nil {
			return err
		}
		lend(w, s, f, c, in, i, shape)
	case len(in.spans) > 0:
		c.put(w.Out(s, f, c.field.DType, c.field.Shape).Data, in, i)
	case c.join != nil:
		s.Set(f, c.field.DType, c.field.Shape, r.record[i*r.s.record+c.at:][:c.row:c.row])
	default:
		s.Set(f, c.field.DType, c.field.Shape, in.data[i*c.row:][:c.row:c.row])
	}
	return nil
}

// checkNull returns an error if a value of a row of a column that has a mask is
// null.
func (r *rows) checkNull(c *column, in *cells, row int) error {
	n := c.cells()
	i := slices.Index(in.valid[row*n:(row+1)*n], 0)
	if i < 0 {
		return nil
	}
	if c.join != nil {
		c = &r.s.cols[c.join[i]]
	}
	return r.fault(row, c, fmt.Errorf("is null: %w", loader.ErrSpec))
}

// lend sets field f to a row that varies, copied if it may not be aligned.
func lend(w *loader.Worker, s *loader.Sample, f int, c *column, in *cells, row int, shape loader.Shape) {
	b := in.bytes(row)
	if c.size == 1 || !c.isBin && in.lent != nil {
		s.Set(f, c.field.DType, shape, b)
		return
	}
	copy(w.Out(s, f, c.field.DType, shape).Data, b)
}

// put copies row r into dst, or what stands for null.
func (c *column) put(dst []byte, in *cells, r int) {
	s := in.spans[r]
	if s.n > 0 {
		bulk.Copy(dst, in.data[s.off:][:s.n])
		return
	}
	for len(dst) > 0 {
		dst = dst[copy(dst, c.null):]
	}
}

// sizes returns the stored shape of a row of c.
func (r *rows) sizes(c *column, row int) ([]byte, error) {
	in, n := &r.cells[c.dims], 4*c.field.Shape.Rank()
	if in.err != nil {
		return nil, in.err
	}
	return in.data[row*n:][:n], nil
}

// shape returns the shape of a row that varies; sizes is what sizes returns, if
// it is stored.
func (r *rows) shape(c *column, in *cells, row int, sizes []byte) (loader.Shape, error) {
	n := int64(in.spans[row].n)
	if c.dims < 0 {
		return c.tail.Rows(int(n) / c.unit), nil
	}
	var dims [maxRank]int
	rank := c.field.Shape.Rank()
	bytes := int64(c.size)
	for i := range rank {
		d := int32(le32(sizes[4*i:]))
		if d < 0 || c.field.Shape.Dim(i) >= 0 && int(d) != c.field.Shape.Dim(i) || bytes > math.MaxInt32 {
			return loader.Shape{}, r.fault(row, c, errShapes)
		}
		dims[i] = int(d)
		bytes *= int64(d)
	}
	if bytes != n {
		return loader.Shape{}, r.fault(row, c, errShapes)
	}
	return loader.Dims(dims[:rank]...), nil
}

var errShapes = errors.New("the stored shape does not fit the value")

// fault returns err as an error of the given row, or of the row group if row is
// negative.
func (r *rows) fault(row int, c *column, err error) error {
	if !errors.Is(err, loader.ErrCorrupt) && !errors.Is(err, loader.ErrSpec) {
		err = fmt.Errorf("%w: %w", err, loader.ErrCorrupt)
	}
	b := &r.s.blocks[r.group.number]
	first := b.FirstRow + r.group.first
	e := &loader.SampleError{ID: -1, Shard: b.Shard, Row: first, Stage: "decode",
		Err: fmt.Errorf("parquet: column %q: %w", c.field.Name, err)}
	if row >= 0 {
		e.ID, e.Row = r.group.ids+r.group.first+int64(row), first+int64(row)
	}
	return e
}
