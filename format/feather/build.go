package feather

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"unicode/utf8"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/ipc"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/format/feather/arrowbridge"
	"github.com/stokerdata/stoker/format/internal/arrowschema"
	"github.com/stokerdata/stoker/format/internal/lists"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
	"github.com/stokerdata/stoker/shard"
)

// builder collects the rows of a record batch.
type builder struct {
	schema  *arrow.Schema
	columns []columnBuilder
	rows    int
	bytes   int
}

// columnBuilder collects the values of a field.
type columnBuilder struct {
	field  loader.Field
	f      int // number of the field
	typ    arrow.DataType
	row    int    // bytes of a row, -1 if they vary
	item   int    // bytes of an item of a field that varies
	data   []byte // items; bits of bools are packed in the end
	starts []byte // int32
	bits   []byte
	texts  *textBuilder // of lists of texts, whose lengths field is
}

// newBuilder returns the builder of the named fields of spec, or of all.
func newBuilder(spec loader.Spec, columns []string) (*builder, error) {
	if columns == nil {
		for _, f := range spec {
			if f.Name != "" {
				columns = append(columns, f.Name)
			}
		}
	}
	b := &builder{}
	var fields []arrow.Field
	var chosen loader.Spec
	for _, name := range columns {
		f := spec.Index(name)
		if f < 0 {
			return nil, fmt.Errorf("no field %q among %v: %w", name, spec, loader.ErrSpec)
		}
		chosen = append(chosen, spec[f])
		if lists.IsPart(spec, columns, f) {
			continue
		}
		c := columnBuilder{field: spec[f], f: f, row: -1}
		if l := lists.Written(spec, columns, f); l >= 0 {
			c.field, c.f, c.texts = spec[l], l, &textBuilder{field: spec[f], f: f}
		}
		if err := c.setType(); err != nil {
			return nil, err
		}
		if c.field.Shape.Fixed() {
			c.row = c.field.Shape.Len() * c.field.DType.Size()
		}
		meta, err := c.metadata()
		if err != nil {
			return nil, err
		}
		b.columns = append(b.columns, c)
		fields = append(fields, arrow.Field{Name: name, Type: c.typ, Metadata: meta})
	}
	text, err := format.MarshalSpec(chosen)
	if err != nil {
		return nil, err
	}
	meta := arrow.NewMetadata([]string{format.SpecKey}, []string{text})
	b.schema = arrow.NewSchema(fields, &meta)
	b.reset()
	return b, nil
}

// setType chooses the Arrow type.
func (c *columnBuilder) setType() error {
	f := &c.field
	typ := arrowbridge.Scalar(f.DType)
	if c.texts != nil {
		typ = c.texts.typ()
	}
	steps, n := f.Shape, f.Shape.Len()
	if n < 0 {
		n = 1
		for d := 1; d < steps.Rank(); d++ {
			n *= steps.Dim(d)
		}
		if steps.Dim(0) >= 0 || n <= 0 {
			return fmt.Errorf("field %v: only the first dimension of a column can vary: %w", *f, loader.ErrSpec)
		}
	}
	if n == 0 || n > math.MaxInt32 {
		return fmt.Errorf("field %v has a size that no column can have: %w", *f, loader.ErrSpec)
	}
	c.item = n * f.DType.Size()
	varies := !f.Shape.Fixed()
	switch {
	case varies && f.Shape.Rank() == 1 && f.Kind == kind.Text && f.DType == dtype.Uint8:
		typ = arrow.BinaryTypes.String
	case varies && f.Shape.Rank() == 1 && f.DType == dtype.Uint8:
		typ = arrow.BinaryTypes.Binary
	case varies && f.Shape.Rank() == 1:
		typ = arrow.ListOfNonNullable(typ)
	case varies:
		typ = arrow.ListOfNonNullable(arrow.FixedSizeListOfNonNullable(int32(n), typ))
	case f.Shape.Rank() > 0:
		typ = arrow.FixedSizeListOfNonNullable(int32(n), typ)
	}
	c.typ = typ
	return nil
}

// metadata makes a field of several dimensions one of tensors.
func (c *columnBuilder) metadata() (arrow.Metadata, error) {
	s := c.field.Shape
	if !s.Fixed() || s.Rank() < 2 || c.texts != nil {
		return arrow.Metadata{}, nil
	}
	dims := make([]int, s.Rank())
	for d := range dims {
		dims[d] = s.Dim(d)
	}
	var t arrowschema.Field
	err := t.SetTensor(dims)
	return arrow.NewMetadata([]string{arrowschema.ExtensionKey, arrowschema.ExtensionDataKey}, []string{t.Extension, t.ExtensionData}), err
}

func (b *builder) reset() {
	b.rows, b.bytes = 0, 0
	for i := range b.columns {
		c := &b.columns[i]
		c.data, c.starts = c.data[:0], append(c.starts[:0], 0, 0, 0, 0)
		if c.texts != nil {
			c.texts.reset()
		}
	}
}

// bind makes b ready for the rows of a batch.
func (b *builder) bind(batch *loader.Batch) (err error) {
	for i := range b.columns {
		if c := &b.columns[i]; c.texts != nil && err == nil {
			c.texts.rows, err = lists.Of(batch, c.texts.f, c.f)
		}
	}
	return err
}

// add appends up to n rows of batch from row i, and returns how many: fewer
// where the record batch is large enough before.
func (b *builder) add(batch *loader.Batch, i, n int) (int, error) {
	fixed := 1
	for k := range b.columns {
		fixed += max(0, b.columns[k].row)
	}
	n = min(n, max(1, (batchBytes-b.bytes)/fixed))
	for k := range b.columns {
		c := &b.columns[k]
		var err error
		if c.row < 0 {
			n, err = c.fit(batch, i, n, b.rows > 0)
		}
		if c.texts != nil && err == nil {
			n, err = c.texts.fit(i, n, b.rows > 0)
		}
		if err != nil {
			return 0, err
		}
	}
	for k := range b.columns {
		b.bytes += b.columns[k].add(batch, i, n)
	}
	b.rows += n
	return n, nil
}

// fit returns how many of the rows i to i+n can be added: all whose values fit
// 64 MiB, or the first if it is alone.
func (c *columnBuilder) fit(batch *loader.Batch, i, n int, others bool) (int, error) {
	values, starts, unit := c.values(batch)
	have := len(c.data)
	for k := range n {
		v := values[int(starts[i+k])*unit : int(starts[i+k+1])*unit]
		if len(v) > math.MaxInt32 {
			return 0, fmt.Errorf("field %q: value of %d bytes: %w", c.field.Name, len(v), loader.ErrSpec)
		}
		if c.typ.ID() == arrow.STRING && !utf8.Valid(v) {
			return 0, fmt.Errorf("field %q: row %d of a batch is not UTF-8: %w", c.field.Name, i+k, loader.ErrSpec)
		}
		if have += len(v); have > batchBytes && (others || k > 0) {
			return k, nil
		}
	}
	return n, nil
}

// values returns the values of all rows, where each begins, and the bytes of
// the unit in which that is counted.
func (c *columnBuilder) values(batch *loader.Batch) (values []byte, starts []int64, unit int) {
	return batch.Column(c.f).Data, batch.Offsets(c.field.Name), c.item
}

// add appends rows i to i+n and returns their bytes.
func (c *columnBuilder) add(batch *loader.Batch, i, n int) (bytes int) {
	if c.texts != nil {
		bytes = c.texts.add(i, n)
	}
	before := len(c.data)
	if c.row >= 0 {
		c.data = append(c.data, batch.Column(c.f).Data[i*c.row:(i+n)*c.row]...)
		return bytes + len(c.data) - before
	}
	values, starts, unit := c.values(batch)
	first := int(starts[i])
	c.data = append(c.data, values[first*unit:int(starts[i+n])*unit]...)
	for k := range n {
		end := before/unit + int(starts[i+k+1]) - first
		c.starts = binary.LittleEndian.AppendUint32(c.starts, uint32(end))
	}
	return bytes + len(c.data) - before + 4*n
}

// record returns what was collected; it is valid until the next add.
func (b *builder) record() arrow.Record {
	columns := make([]arrow.Array, len(b.columns))
	for i := range b.columns {
		data := b.columns[i].array(b.rows)
		columns[i] = array.MakeFromData(data)
		data.Release()
	}
	rec := array.NewRecord(b.schema, columns, int64(b.rows))
	for _, c := range columns {
		c.Release()
	}
	return rec
}

// array returns the n rows of c.
func (c *columnBuilder) array(n int) *array.Data {
	values := c.data
	if c.field.DType == dtype.Bool {
		c.bits = pack(c.bits, c.data)
		values = c.bits
	}
	elems := memory.NewBufferBytes(values)
	starts := memory.NewBufferBytes(c.starts)
	switch t := c.typ.(type) {
	case *arrow.StringType, *arrow.BinaryType:
		return array.NewData(t, n, []*memory.Buffer{nil, starts, elems}, nil, 0, 0)
	case *arrow.ListType:
		items := c.elements(elems)
		if fixed, ok := t.Elem().(*arrow.FixedSizeListType); ok {
			inner := items
			items = array.NewData(fixed, len(c.data)/c.item, []*memory.Buffer{nil}, []arrow.ArrayData{inner}, 0, 0)
		}
		return array.NewData(t, n, []*memory.Buffer{nil, starts}, []arrow.ArrayData{items}, 0, 0)
	case *arrow.FixedSizeListType:
		return array.NewData(t, n, []*memory.Buffer{nil}, []arrow.ArrayData{c.elements(elems)}, 0, 0)
	}
	return array.NewData(c.typ, n, []*memory.Buffer{nil, elems}, nil, 0, 0)
}

// elements returns the elements of all lists, which elems holds if they are numbers.
func (c *columnBuilder) elements(elems *memory.Buffer) *array.Data {
	if c.texts != nil {
		return c.texts.array()
	}
	t := arrowbridge.Scalar(c.field.DType)
	return array.NewData(t, len(c.data)/c.field.DType.Size(), []*memory.Buffer{nil, elems}, nil, 0, 0)
}

// pack returns the bits of bools, eight to a byte, in the memory of bits.
func pack(bits, bools []byte) []byte {
	bits = grow(bits, (len(bools)+7)/8)
	clear(bits)
	for i, x := range bools {
		bits[i>>3] |= x & 1 << (i & 7)
	}
	return bits
}

// shardWriter writes a file.
type shardWriter struct {
	file *shard.Writer
	out  *output
	ipc  *ipc.FileWriter
}

// output counts and buffers what Arrow writes; it asks for its position, by
// Seek, and never moves.
type output struct {
	*bufio.Writer
	n int64
}

func (o *output) Write(b []byte) (int, error) {
	n, err := o.Writer.Write(b)
	o.n += int64(n)
	return n, err
}

func (o *output) Seek(int64, int) (int64, error) { return o.n, nil }

var _ io.WriteSeeker = (*output)(nil)

// newShardWriter returns a writer of what b collects.
func newShardWriter(file *shard.Writer, b *builder, c Codec) (*shardWriter, error) {
	w := &shardWriter{file: file, out: &output{Writer: bufio.NewWriterSize(file, 1<<20)}}
	options := []ipc.Option{ipc.WithSchema(b.schema)}
	switch c {
	case LZ4:
		options = append(options, ipc.WithLZ4())
	case Zstd:
		options = append(options, ipc.WithZstd())
	}
	var err error
	w.ipc, err = ipc.NewFileWriter(w.out, options...)
	return w, err
}

// write writes the rows of b as a record batch and empties b.
func (w *shardWriter) write(b *builder) error {
	rec := b.record()
	defer rec.Release()
	err := w.ipc.Write(rec)
	b.reset()
	return err
}

func (w *shardWriter) bytes() int64 { return w.out.n }

// finish completes the file and returns its size.
func (w *shardWriter) finish() (int64, error) {
	if err := w.ipc.Close(); err != nil {
		return 0, err
	}
	if err := w.out.Flush(); err != nil {
		return 0, err
	}
	return w.out.n, w.file.Commit()
}
