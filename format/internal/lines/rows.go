package lines

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/format/internal/cells"
	"github.com/stokerdata/stoker/format/internal/elem"
	"github.com/stokerdata/stoker/format/internal/syntax"
	"github.com/stokerdata/stoker/internal/invariant"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/shard"
)

// rows is an open block.
type rows struct {
	s       *Source
	block   int
	buf     []byte // what was read, lent by s.bufs until it is decoded
	ranges  [1]shard.Range
	cols    []values
	readers []syntax.Reader // by file, made when they are needed
	cells   [][]byte        // of the row that is parsed
	grid    syntax.Grid     // or several rows
	odd     []int32         // those of a column that are parsed one by one
	row     int             // its number
	bad     []rowError      // in their order
}

// values is the cells of a column.
type values struct {
	data  []byte
	ends  []int  // of each row in data, if rows vary
	valid []byte // of each row, if the column has a mask
	rows  int

	texts texts // of lists, whose bytes data has
}

type rowError struct {
	row int
	err error
}

var (
	_ loader.Gatherer = (*rows)(nil)
	_ loader.Decoder  = (*rows)(nil)
)

// Open implements loader.Source.
func (s *Source) Open(ctx context.Context, i int) (loader.Rows, error) {
	r := s.take()
	p := s.places[i]
	r.block, r.ranges[0] = i, shard.Range{File: p.file, Off: p.off, Len: p.n}
	var err error
	if r.buf, err = s.pool.Fetch(ctx, s.bufs, s.o.Read, r.ranges[:]); err != nil {
		r.buf = nil
		r.Close()
		return nil, fmt.Errorf("%s: %w", s.name, err)
	}
	return r, nil
}

// take returns rows that are not in use.
func (s *Source) take() *rows {
	if r := s.free.Take(); r != nil {
		return r
	}
	n := len(s.columns)
	return &rows{s: s, cols: make([]values, n), cells: make([][]byte, n), readers: make([]syntax.Reader, len(s.set))}
}

// Parts implements loader.Decoder: a block is parsed as a whole.
func (r *rows) Parts() int { return 1 }

// Decode implements loader.Decoder. Rows that are damaged are no error of it.
func (r *rows) Decode(*loader.Worker, int) error {
	s := r.s
	p, n := s.places[r.block], s.blocks[r.block].Rows
	reader := r.readers[p.file]
	if reader == nil {
		var err error
		if reader, err = s.syntax.Reader(s.heads[p.file], s.want); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		r.readers[p.file] = reader
	}
	for c := range r.cols {
		r.cols[c].reset(&s.columns[c], n)
	}
	text := r.ranges[0].Data
	if err := s.check(p, text); err != nil {
		return fmt.Errorf("%s: %s: %w", s.name, s.set[p.file].Path, err)
	}
	if err := r.parseAll(reader, text, n); err != nil {
		return err
	}
	if r.row != n {
		return corrupt("%s: %s: fewer rows than before", s.name, s.set[p.file].Path)
	}
	r.giveBack()
	return nil
}

// A grid should have many rows, but stay in the cache.
const (
	gridRows  = 16
	gridBytes = 32 << 10
	mostBytes = 512 << 10
	fewRows   = 4   // are not worth it
	mostAlone = 256 // rows before another grid is tried
)

// gridSize returns how many bytes to take apart at once where so many have so many rows.
func gridSize(bytes, rows int) int { return min(max(bytes/rows*gridRows, gridBytes), mostBytes) }

// parseAll parses n rows.
func (r *rows) parseAll(reader syntax.Reader, text []byte, n int) error {
	r.row, r.bad = 0, r.bad[:0]
	size, alone, failed := gridBytes, 0, 1 // bytes for the next grid, rows before it, and how many there were before that
	if r.s.o.Limits.RecordBytes < mostBytes {
		alone = n // as rows may be too long
	}
	for at := 0; at < len(text); {
		if alone <= 0 {
			reader.Grid(&r.grid, text[at:min(at+size, len(text))])
			if g := &r.grid; g.Rows >= fewRows {
				if r.row+g.Rows > n {
					return r.moreRows()
				}
				r.parseGrid(reader, text, at)
				at += g.Bytes
				size, failed = gridSize(g.Bytes, g.Rows), 1
				continue
			}
			failed = min(2*failed, mostAlone)
			alone = failed
		}
		row := text[at:]
		if k := r.s.syntax.Split(row); k > 0 {
			row = row[:k]
		}
		size = min(len(row)*gridRows, mostBytes)
		if !syntax.IsEmpty(row) {
			if r.row == n {
				return r.moreRows()
			}
			if err := r.parse(reader, row); err != nil {
				r.fail(text[:at], err)
				r.blank()
			}
			r.row++
			alone--
		}
		at += len(row)
	}
	return nil
}

func (r *rows) moreRows() error {
	return corrupt("%s: %s: more rows than before", r.s.name, r.s.set[r.s.places[r.block].file].Path)
}

// fail notes the error of the row at hand, which follows on the text before.
func (r *rows) fail(before []byte, err error) {
	line := r.s.places[r.block].line + countLines(before)
	r.bad = append(r.bad, rowError{r.row, fmt.Errorf("line %d: %w", line, err)})
}

// reset makes room for n rows.
func (v *values) reset(col *column, n int) {
	v.data, v.ends, v.valid, v.rows = v.data[:0], v.ends[:0], v.valid[:0], 0
	v.texts.cut(0)
	if col.row >= 0 {
		v.data = slices.Grow(v.data, n*col.row)[:n*col.row]
	}
	if col.mask >= 0 {
		v.valid = slices.Grow(v.valid, n)[:n]
	}
}

// split takes a row apart into its cells.
func (s *Source) split(reader syntax.Reader, row []byte, cells [][]byte) error {
	if int64(len(row)) > s.o.Limits.RecordBytes {
		return corrupt("a row of %d bytes, Limits.RecordBytes is %d", len(row), s.o.Limits.RecordBytes)
	}
	return reader.Read(row, cells)
}

// parse parses a row.
func (r *rows) parse(reader syntax.Reader, row []byte) error {
	if err := r.s.split(reader, row, r.cells); err != nil {
		return err
	}
	for c, cell := range r.cells {
		if err := r.enter(c, cell); err != nil {
			return err
		}
	}
	return nil
}

// enter gives column c its value in the row at hand.
func (r *rows) enter(c int, cell []byte) error {
	v, col := &r.cols[c], &r.s.columns[c]
	if col.number && len(cell) > 0 && cells.Put(v.data[v.rows*col.row:], col.field.DType, cell) == nil {
		if col.mask >= 0 {
			v.valid[v.rows] = 1
		}
		v.rows++
		return nil
	}
	if err := r.cell(c, cell); err != nil {
		return fmt.Errorf("column %q: %w", r.s.want[c], err)
	}
	return nil
}

// blank makes the row at hand one that has nothing.
func (r *rows) blank() {
	for c := range r.cols {
		r.drop(c)
	}
}

// drop makes the row at hand have nothing in column c.
func (r *rows) drop(c int) {
	v, col := &r.cols[c], &r.s.columns[c]
	v.rows = r.row
	if col.row < 0 {
		v.ends = v.ends[:r.row]
		v.data = v.data[:v.start(r.row)]
		v.texts.cut(r.row)
	}
	v.none(col)
}

// start returns where a row that varies begins.
func (v *values) start(row int) int {
	if row == 0 {
		return 0
	}
	return v.ends[row-1]
}

// none makes the next row null.
func (v *values) none(col *column) {
	if col.row >= 0 {
		copy(v.data[v.rows*col.row:], col.null)
	} else {
		v.ends = append(v.ends, len(v.data))
	}
	if col.texts {
		v.texts.end()
	}
	if col.mask >= 0 {
		v.valid[v.rows] = 0
	}
	v.rows++
}

// null gives column c a null.
func (r *rows) null(c int) error {
	col := &r.s.columns[c]
	switch {
	case r.s.o.Nulls == format.NullError:
		return fmt.Errorf("is null: %w", loader.ErrSpec)
	case r.s.o.Nulls == format.NullMask && !col.nullable:
		return fmt.Errorf("is null, as no row was of which the fields follow (see Options.Nullable): %w", loader.ErrSpec)
	}
	r.cols[c].none(col)
	return nil
}

// cell is enter for all that is not a plain number.
func (r *rows) cell(c int, cell []byte) error {
	v, col := &r.cols[c], &r.s.columns[c]
	if (!col.text || r.s.json) && r.s.isNull(cell) {
		return r.null(c)
	}
	var err error
	switch {
	case col.number:
		err = cells.Put(v.data[v.rows*col.row:], col.field.DType, cell)
	case col.text:
		v.data, err = r.s.text(v.data, cell)
		v.ends = append(v.ends, len(v.data))
	case col.texts:
		err = v.putTexts(cell)
	case col.classes != nil && col.field.Shape.Rank() == 0:
		err = r.s.class(v.data[v.rows*col.row:], col, cell)
	default:
		err = r.list(v, col, cell)
	}
	if err == nil && col.row < 0 && int64(max(len(v.data)-v.start(r.row), v.texts.size())) > r.s.o.Limits.ValueBytes {
		err = fmt.Errorf("a value of more bytes than Limits.ValueBytes, %d", r.s.o.Limits.ValueBytes)
	}
	switch {
	case errors.Is(err, loader.ErrCorrupt):
		return err
	case err != nil:
		return corrupt("%v", err)
	}
	if col.mask >= 0 {
		v.valid[v.rows] = 1
	}
	v.rows++
	return nil
}

// text appends the text of a cell.
func (s *Source) text(data, cell []byte) ([]byte, error) {
	if s.json {
		return syntax.AppendText(data, cell)
	}
	if !utf8.Valid(cell) {
		return data, fmt.Errorf("text is not UTF-8")
	}
	return append(data, cell...), nil
}

// class puts the number of the class that a cell names into dst.
func (s *Source) class(dst []byte, col *column, cell []byte) error {
	if s.json {
		var room [64]byte
		name, err := syntax.AppendText(room[:0], cell)
		if err != nil {
			return err
		}
		cell = name
	}
	n, ok := col.classes[string(cell)]
	if !ok {
		return fmt.Errorf("class %.64q is not among the %d of Names", cell, len(col.classes))
	}
	binary.NativeEndian.PutUint32(dst, uint32(n))
	return nil
}

// put puts a class, or an element of a list, into dst.
func (s *Source) put(dst []byte, col *column, cell []byte) error {
	if col.classes != nil {
		return s.class(dst, col, cell)
	}
	if col.most > 0 {
		n, err := cells.Int[int64](cell)
		if err == nil && (n < 0 || n >= int64(col.most)) {
			err = fmt.Errorf("class number %d of %d", n, col.most)
		}
		if err != nil {
			return err
		}
	}
	return cells.Put(dst, col.field.DType, cell)
}

// list puts the numbers of a list, or of lists in a list.
func (r *rows) list(v *values, col *column, cell []byte) error {
	size := col.field.DType.Size()
	if col.row >= 0 {
		n, err := r.s.leaves(v.data[v.rows*col.row:][:0:col.row], col, 0, cell)
		if err == nil && len(n) != col.row {
			err = fmt.Errorf("%d values for shape %v", len(n)/size, col.field.Shape)
		}
		return err
	}
	from := len(v.data)
	var err error
	if v.data, err = r.s.leaves(v.data, col, 0, cell); err != nil {
		return err
	}
	v.ends = append(v.ends, len(v.data))
	if unit := col.step.Len() * size; (len(v.data)-from)%unit != 0 {
		return fmt.Errorf("%d values for shape %v", (len(v.data)-from)/size, col.field.Shape)
	}
	return nil
}

// leaves appends the numbers of a value that lies depth lists deep. It appends no
// more than the room of data, if the field is of fixed size.
func (s *Source) leaves(data []byte, col *column, depth int, cell []byte) ([]byte, error) {
	rank := col.field.Shape.Rank()
	if cell[0] != '[' {
		if depth != rank {
			return data, fmt.Errorf("lists %d deep for shape %v", depth, col.field.Shape)
		}
		size := col.field.DType.Size()
		if col.row >= 0 && cap(data)-len(data) < size {
			return data, fmt.Errorf("too many values for shape %v", col.field.Shape)
		}
		n := len(data)
		data = slices.Grow(data, size)[:n+size]
		return data, s.put(data[n:], col, cell)
	}
	if depth == rank {
		return data, fmt.Errorf("lists deeper than shape %v", col.field.Shape)
	}
	n := 0
	for e := range syntax.Elements(cell) {
		var err error
		if data, err = s.leaves(data, col, depth+1, e); err != nil {
			return data, err
		}
		n++
	}
	if d := col.field.Shape.Dim(depth); d >= 0 && n != d {
		return data, fmt.Errorf("a list of %d for shape %v", n, col.field.Shape)
	}
	return data, nil
}

// fault returns the error of a row, nil if it is whole.
func (r *rows) fault(row int) error {
	i, bad := slices.BinarySearchFunc(r.bad, row, func(e rowError, row int) int { return e.row - row })
	if !bad {
		return nil
	}
	return r.bad[i].err
}

// value returns row i of column c.
func (r *rows) value(c, i int) ([]byte, loader.Shape) {
	v, col := &r.cols[c], &r.s.columns[c]
	if col.row >= 0 {
		return v.data[i*col.row:][:col.row:col.row], col.field.Shape
	}
	from, to := v.start(i), v.ends[i]
	return v.data[from:to:to], col.step.Rows((to - from) / (col.step.Len() * col.field.DType.Size()))
}

var truth = [2][]byte{{0}, {1}}

// Row implements loader.Rows.
func (r *rows) Row(_ *loader.Worker, i int, s *loader.Sample) error {
	if err := r.fault(i); err != nil {
		return err
	}
	for c := range r.s.columns {
		col := &r.s.columns[c]
		data, shape := r.value(c, i)
		s.Set(col.f, col.field.DType, shape, data)
		if col.texts {
			data := r.cols[c].texts.row(i)
			s.Set(col.lengths, dtype.Int32, loader.Dims(len(data)/4), data)
		}
		if col.mask >= 0 {
			s.Set(col.mask, dtype.Bool, loader.Dims(), truth[r.cols[c].valid[i]])
		}
	}
	return nil
}

// Gather implements loader.Gatherer.
func (r *rows) Gather(_ *loader.Worker, p loader.Pick, b *loader.Batch) error {
	if len(r.bad) > 0 {
		for _, i := range p.Rows {
			if err := r.fault(i); err != nil {
				return err
			}
		}
	}
	for c := range r.s.columns {
		v, col := &r.cols[c], &r.s.columns[c]
		if col.row >= 0 {
			elem.Gather(b.Column(col.f).Data, v.data, col.row, p)
		} else {
			for k, i := range p.Rows {
				data, shape := r.value(c, i)
				b.Set(col.f, p.At[k], data, shape)
			}
		}
		if col.texts {
			for k, i := range p.Rows {
				data := v.texts.row(i)
				b.Set(col.lengths, p.At[k], data, loader.Shape{}.Rows(len(data)/4))
			}
		}
		if col.mask >= 0 {
			elem.Gather(b.Column(col.mask).Data, v.valid, 1, p)
		}
	}
	return nil
}

// giveBack gives back what was read.
func (r *rows) giveBack() {
	r.s.bufs.Put(r.buf)
	r.buf, r.ranges[0].Data = nil, nil
}

// Close implements loader.Rows.
func (r *rows) Close() error {
	r.giveBack()
	if invariant.Enabled {
		for c := range r.cols {
			invariant.Poison(r.cols[c].data)
			invariant.Poison(r.cols[c].valid)
			invariant.Poison(r.cols[c].texts.lengths)
		}
	}
	r.s.free.Give(r)
	return nil
}
