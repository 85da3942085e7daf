package arrowbridge

import (
	"encoding/binary"
	"fmt"
	"math"
	"sync"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/format/internal/arrowschema"
	"github.com/stokerdata/stoker/format/internal/lists"
	"github.com/stokerdata/stoker/format/mem"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
)

// Options says how a record is read.
type Options struct {
	// Nulls says what becomes of nulls, as in package feather; the error of
	// format.NullError is Open's. A null within a row is always an error.
	Nulls format.Nulls
}

// A Source is the rows of a record. It is a loader.RandomSource and an io.Closer.
type Source struct {
	*mem.Source
	close func()
}

// Open returns the source of the rows of rec, which it retains. Values are used
// where they are, but for bools, views, the indexes of dictionaries, the lengths of
// texts in lists, and columns with nulls; so are offsets of 64 bits. Types that are not read are an error that
// wraps loader.ErrSpec, arrays whose buffers do not hold what they should one that
// wraps loader.ErrCorrupt.
func Open(rec arrow.Record, o Options) (*Source, error) {
	schema := rec.Schema()
	var known loader.Spec
	if text, ok := schema.Metadata().GetValue(format.SpecKey); ok {
		var err error
		if known, err = format.UnmarshalSpec(text, format.Limits{}); err != nil {
			return nil, fmt.Errorf("arrowbridge: metadata %s: %w", format.SpecKey, err)
		}
	}
	var spec loader.Spec
	var columns []mem.Column
	for i, col := range rec.Columns() {
		f := schema.Field(i)
		c, err := readColumn(f, col.Data(), known, o)
		if err != nil {
			return nil, fmt.Errorf("arrowbridge: column %q, %v: %w", f.Name, col.DataType(), err)
		}
		spec, columns = append(spec, c.field), append(columns, c.Column)
		if l := c.lengths; l != nil {
			spec, columns = append(spec, l.field), append(columns, l.Column)
		}
		if o.Nulls == format.NullMask && f.Nullable && !(c.DType.Float() && c.Offsets == nil) {
			field, mask := c.mask(col.Len())
			spec, columns = append(spec, field), append(columns, mask)
		}
	}
	for i := range spec { // of columns that are gone
		if spec.Index(spec[i].Canvas) < 0 {
			spec[i].Canvas = ""
		}
		if spec.Index(spec[i].Follows) < 0 {
			spec[i].Follows = ""
		}
	}
	src, err := mem.Columns(spec, columns...)
	if err != nil {
		return nil, fmt.Errorf("arrowbridge: %w", err)
	}
	rec.Retain()
	return &Source{Source: src, close: sync.OnceFunc(rec.Release)}, nil
}

// Close releases the record. It may be called more than once.
func (s *Source) Close() error {
	s.close()
	return nil
}

// column is a column on its way from Arrow to package mem.
type column struct {
	mem.Column
	field loader.Field
	items int    // of all rows: one of each, or what lists hold
	dims  []int  // of an item
	valid []bool // which rows are there; nil if all are

	ends    []int64 // of texts that lists hold, in Data, behind where the first begins; nil for others
	lengths *column // of those texts
}

// readColumn reads the column d of a record.
func readColumn(f arrow.Field, d arrow.ArrayData, known loader.Spec, o Options) (*column, error) {
	c := &column{field: loader.Field{Name: f.Name}}
	typ := d.DataType()
	if t, ok := typ.(arrow.ExtensionType); ok {
		typ = t.StorageType()
	}
	if err := c.read(typ, d); err != nil {
		return nil, err
	}
	switch {
	case product(c.dims) < 0:
		return nil, fmt.Errorf("items of %v elements: %w", c.dims, loader.ErrSpec)
	case c.valid != nil && !f.Nullable:
		return nil, fmt.Errorf("has nulls and is not nullable: %w", loader.ErrCorrupt)
	case c.valid != nil && o.Nulls == format.NullError:
		return nil, fmt.Errorf("has nulls: %w", loader.ErrSpec)
	}
	if c.ends != nil {
		c.split()
		if err := c.lengths.finish(arrow.Field{Name: f.Name + format.LengthsSuffix}, known, o); err != nil {
			return nil, err
		}
	}
	return c, c.finish(f, known, o)
}

// split makes two columns of lists of texts: c of all bytes of each row, and lengths.
func (c *column) split() {
	lengths := make([]int32, len(c.ends)-1)
	for i := range lengths {
		lengths[i] = int32(c.ends[i+1] - c.ends[i])
	}
	unit := product(c.dims)
	offsets := c.Offsets
	if offsets == nil {
		for i := 0; i*unit <= len(lengths); i++ {
			offsets = append(offsets, int64(i))
		}
	}
	c.lengths = &column{Column: mem.Of(lengths), dims: c.dims, valid: c.valid}
	c.lengths.Offsets = c.Offsets
	c.lengths.field = lists.Lengths(loader.Field{Name: c.field.Name}, loader.Shape{})
	c.Offsets, c.dims = make([]int64, len(offsets)), nil
	for i, n := range offsets {
		c.Offsets[i] = c.ends[int(n)*unit]
	}
}

// finish gives a column its field, and null rows a value.
func (c *column) finish(f arrow.Field, known loader.Spec, o Options) error {
	c.fill(o.Nulls)
	n := product(c.dims)
	if c.Offsets != nil {
		n = -1
	}
	ext := extension(f)
	if shape, ok, err := ext.Tensor(n); err != nil {
		return err
	} else if ok {
		c.dims = shape
	}
	if c.Offsets != nil {
		c.dims = append([]int{-1}, c.dims...)
	}
	if len(c.dims) > maxRank {
		return fmt.Errorf("%d dimensions, the most is %d: %w", len(c.dims), maxRank, loader.ErrSpec)
	}
	c.field.DType, c.field.Shape = c.DType, loader.Dims(c.dims...)
	if i := known.Index(f.Name); i >= 0 && c.alike(known[i]) {
		c.field = known[i]
		c.DType = known[i].DType
	}
	return nil
}

// maxRank is the most dimensions of a sample.
const maxRank = 5

// product returns the elements of a shape, -1 if it is none.
func product(dims []int) int {
	n := 1
	for _, d := range dims {
		if d <= 0 || n > math.MaxInt32/d {
			return -1
		}
		n *= d
	}
	return n
}

// alike reports whether the values of c may be those of f.
func (c *column) alike(f loader.Field) bool {
	if f.DType != c.DType && (f.DType != dtype.BFloat16 || c.DType != dtype.Uint16) || f.Shape.Fixed() != c.field.Shape.Fixed() {
		return false
	}
	elements := func(s loader.Shape) int {
		n := 1
		for d := range s.Rank() {
			n *= max(1, s.Dim(d))
		}
		return n
	}
	return elements(f.Shape) == elements(c.field.Shape)
}

// extension returns a field of the extension type of f, whether it is registered
// with Arrow or not.
func extension(f arrow.Field) (e arrowschema.Field) {
	if t, ok := f.Type.(arrow.ExtensionType); ok {
		return arrowschema.Field{Extension: t.ExtensionName(), ExtensionData: t.Serialize()}
	}
	e.Extension, _ = f.Metadata.GetValue(arrowschema.ExtensionKey)
	e.ExtensionData, _ = f.Metadata.GetValue(arrowschema.ExtensionDataKey)
	return e
}

// read reads the rows of d, which are of type t.
func (c *column) read(t arrow.DataType, d arrow.ArrayData) (err error) {
	if c.valid, err = validity(d); err != nil {
		return err
	}
	switch t := t.(type) {
	case *arrow.StringType, *arrow.LargeStringType:
		c.field.Kind = kind.Text
		return c.bytes(t, d)
	case *arrow.BinaryType, *arrow.LargeBinaryType:
		return c.bytes(t, d)
	case *arrow.StringViewType:
		c.field.Kind = kind.Text
		return c.views(d)
	case *arrow.BinaryViewType:
		return c.views(d)
	case *arrow.ListType:
		return c.list(t, d)
	case *arrow.LargeListType:
		return c.list(t, d)
	case *arrow.DictionaryType:
		return c.label(t, d)
	}
	c.items = d.Len()
	return c.elements(t, d, d.Offset(), d.Len())
}

// part returns n things of size bytes from the given one of buffer i.
func part(d arrow.ArrayData, i, from, n, size int) ([]byte, error) {
	if n == 0 {
		return nil, nil
	}
	var b *memory.Buffer
	if bufs := d.Buffers(); i < len(bufs) {
		b = bufs[i]
	}
	if b == nil || from < 0 || n < 0 || n > b.Len()/size-from {
		return nil, fmt.Errorf("buffer %d does not hold %d values from %d: %w", i, n, from, loader.ErrCorrupt)
	}
	return b.Bytes()[from*size : (from+n)*size], nil
}

// elements reads n things from the given one of d, which are of type t: numbers, or
// lists of fixed size.
func (c *column) elements(t arrow.DataType, d arrow.ArrayData, from, n int) error {
	if list, ok := t.(*arrow.FixedSizeListType); ok {
		if len(d.Children()) != 1 {
			return fmt.Errorf("a list without items: %w", loader.ErrCorrupt)
		}
		child, size := d.Children()[0], int(list.Len())
		if from+n > child.Len()/max(1, size) {
			return fmt.Errorf("%d items for %d lists: %w", child.Len(), n, loader.ErrCorrupt)
		}
		if err := c.noNulls(child, from*size, n*size); err != nil {
			return err
		}
		c.dims = append(c.dims, size)
		return c.elements(list.Elem(), child, child.Offset()+from*size, n*size)
	}
	switch t.ID() {
	case arrow.STRING, arrow.LARGE_STRING, arrow.BINARY, arrow.LARGE_BINARY:
		return c.texts(t, d, from, n)
	}
	if t, ok := t.(*arrow.FixedSizeBinaryType); ok {
		c.DType, c.dims = dtype.Uint8, append(c.dims, t.ByteWidth)
		if t.ByteWidth == 0 {
			return nil // without a buffer; readColumn refuses it
		}
		var err error
		c.Data, err = part(d, 1, from, n, t.ByteWidth)
		return err
	}
	if c.DType = number(t); c.DType == dtype.Invalid {
		return fmt.Errorf("this type is not read: %w", loader.ErrSpec)
	}
	var err error
	if c.DType != dtype.Bool {
		c.Data, err = part(d, 1, from, n, c.DType.Size())
		return err
	}
	bits, err := part(d, 1, 0, (from+n+7)/8, 1)
	if err != nil {
		return err
	}
	c.Data = make([]byte, n)
	for i := range c.Data {
		c.Data[i] = bits[(from+i)>>3] >> ((from + i) & 7) & 1
	}
	return nil
}

// number returns the element type of a column of numbers, Invalid for others.
func number(t arrow.DataType) dtype.Type {
	switch t.ID() {
	case arrow.DATE32, arrow.TIME32:
		return dtype.Int32
	case arrow.DATE64, arrow.TIME64, arrow.TIMESTAMP, arrow.DURATION:
		return dtype.Int64
	}
	for d := dtype.Bool; d.Valid(); d++ {
		if d != dtype.BFloat16 && Scalar(d).ID() == t.ID() {
			return d
		}
	}
	return dtype.Invalid
}

// bytes reads texts and binaries.
func (c *column) bytes(t arrow.DataType, d arrow.ArrayData) (err error) {
	c.DType, c.Data = dtype.Uint8, bytesOf(d)
	c.Offsets, err = offsets(t, d, d.Offset(), d.Len(), len(c.Data))
	return err
}

// texts reads n texts or binaries from the given one of d, which lists hold.
func (c *column) texts(t arrow.DataType, d arrow.ArrayData, from, n int) (err error) {
	if t.ID() == arrow.STRING || t.ID() == arrow.LARGE_STRING {
		c.field.Kind = kind.Texts
	}
	c.DType, c.Data = dtype.Uint8, bytesOf(d)
	c.ends, err = offsets(t, d, from, n, len(c.Data))
	for i := range max(0, len(c.ends)-1) {
		if size := c.ends[i+1] - c.ends[i]; size > math.MaxInt32 {
			return fmt.Errorf("a text of %d bytes: %w", size, loader.ErrSpec)
		}
	}
	return err
}

// bytesOf returns what the offsets of d point into.
func bytesOf(d arrow.ArrayData) []byte {
	if bufs := d.Buffers(); len(bufs) > 2 && bufs[2] != nil {
		return bufs[2].Bytes()
	}
	return nil
}

// views copies texts and binaries that lie apart.
func (c *column) views(d arrow.ArrayData) error {
	b, err := part(d, 1, d.Offset(), d.Len(), arrow.ViewHeaderSizeBytes)
	if err != nil {
		return err
	}
	views := arrow.ViewHeaderTraits.CastFromBytes(b)
	c.DType, c.Offsets = dtype.Uint8, make([]int64, 1, d.Len()+1)
	var total int64
	for i := range views { // several may be of the same bytes
		if c.valid == nil || c.valid[i] {
			total += int64(max(0, views[i].Len()))
		}
		c.Offsets = append(c.Offsets, total)
	}
	if most := (format.Limits{}).WithDefaults().BlockBytes; total > most {
		return fmt.Errorf("%d bytes of views, the limit is %d: %w", total, most, loader.ErrCorrupt)
	}
	c.Data = make([]byte, 0, total)
	for i := range views {
		v := &views[i]
		if c.valid != nil && !c.valid[i] {
			continue
		}
		if v.Len() >= 0 && v.IsInline() {
			c.Data = append(c.Data, v.InlineBytes()...)
			continue
		}
		const first = 2 // behind the bitmap and the views
		bytes, err := part(d, first+max(0, int(v.BufferIndex())), int(v.BufferOffset()), v.Len(), 1)
		if err != nil || v.BufferIndex() < 0 {
			return fmt.Errorf("row %d is at %d of buffer %d, which is not there: %w", i, v.BufferOffset(), v.BufferIndex(), loader.ErrCorrupt)
		}
		c.Data = append(c.Data, bytes...)
	}
	return nil
}

// list reads lists, with all items of their child.
func (c *column) list(t arrow.ListLikeType, d arrow.ArrayData) error {
	if len(d.Children()) != 1 {
		return fmt.Errorf("a list without items: %w", loader.ErrCorrupt)
	}
	child := d.Children()[0]
	var err error
	if c.Offsets, err = offsets(t, d, d.Offset(), d.Len(), child.Len()); err != nil {
		return err
	}
	c.items = child.Len()
	if err := c.noNulls(child, 0, child.Len()); err != nil {
		return err
	}
	return c.elements(t.Elem(), child, child.Offset(), child.Len())
}

// offsets reads where n rows from the given one of d begin among so many items, and
// checks that they lie one behind another.
func offsets(t arrow.DataType, d arrow.ArrayData, from, n, items int) ([]int64, error) {
	list := []int64{0}
	switch id := t.ID(); {
	case n == 0:
	case id == arrow.LARGE_STRING || id == arrow.LARGE_BINARY || id == arrow.LARGE_LIST:
		b, err := part(d, 1, from, n+1, 8)
		if err != nil {
			return nil, err
		}
		list = arrow.Int64Traits.CastFromBytes(b)
	default:
		b, err := part(d, 1, from, n+1, 4)
		if err != nil {
			return nil, err
		}
		list = make([]int64, n+1)
		for i, x := range arrow.Int32Traits.CastFromBytes(b) {
			list[i] = int64(x)
		}
	}
	last := list[0]
	for i, next := range list[1:] {
		if last < 0 || next < last || next > int64(items) {
			return nil, fmt.Errorf("row %d is from item %d to %d of %d: %w", i, last, next, items, loader.ErrCorrupt)
		}
		last = next
	}
	return list, nil
}

// label reads indexes into a dictionary of texts.
func (c *column) label(t *arrow.DictionaryType, d arrow.ArrayData) error {
	var names, index column
	if id := t.ValueType.ID(); id != arrow.STRING && id != arrow.LARGE_STRING {
		return fmt.Errorf("only dictionaries of utf8 are read: %w", loader.ErrSpec)
	}
	dict, ok := d.Dictionary().(*array.Data)
	if !ok || dict == nil {
		return fmt.Errorf("there is no dictionary: %w", loader.ErrCorrupt)
	}
	if err := names.read(t.ValueType, dict); err != nil {
		return fmt.Errorf("dictionary: %w", err)
	}
	if names.valid != nil {
		return fmt.Errorf("a value of the dictionary is null: %w", loader.ErrSpec)
	}
	numbers := c.number(&names)
	if err := index.elements(t.IndexType, d, d.Offset(), d.Len()); err != nil {
		return err
	}
	labels := make([]int32, d.Len())
	size := index.DType.Size()
	for i := range labels {
		if c.valid != nil && !c.valid[i] {
			continue
		}
		x := indexAt(index.DType, index.Data[i*size:])
		if x >= uint64(len(numbers)) {
			return fmt.Errorf("dictionary index of row %d is out of range: %w", i, loader.ErrCorrupt)
		}
		labels[i] = numbers[x]
	}
	c.Column = mem.Of(labels) // 0 where it is null
	c.field.Kind = kind.Label
	return nil
}

// number makes the values of a dictionary the names of classes, and returns the number
// of each: one that stands in it twice is one class.
func (c *column) number(values *column) []int32 {
	numbers, seen := make([]int32, len(values.Offsets)-1), map[string]int32{}
	for i := range numbers {
		name := string(values.Data[values.Offsets[i]:values.Offsets[i+1]])
		n, ok := seen[name]
		if !ok {
			n = int32(len(seen))
			seen[name] = n
			c.field.Names = append(c.field.Names, name)
		}
		numbers[i] = n
	}
	return numbers
}

// indexAt returns the integer of type t at the start of b; a negative one is
// larger than any index.
func indexAt(t dtype.Type, b []byte) uint64 {
	switch t {
	case dtype.Uint8:
		return uint64(b[0])
	case dtype.Int8:
		return uint64(int8(b[0]))
	case dtype.Uint16:
		return uint64(binary.NativeEndian.Uint16(b))
	case dtype.Int16:
		return uint64(int16(binary.NativeEndian.Uint16(b)))
	case dtype.Uint32:
		return uint64(binary.NativeEndian.Uint32(b))
	case dtype.Int32:
		return uint64(int32(binary.NativeEndian.Uint32(b)))
	}
	return binary.NativeEndian.Uint64(b)
}
