package arrowbridge

import (
	"fmt"
	"math"
	"slices"
	"sync/atomic"
	"unicode/utf8"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/format/internal/arrowschema"
	"github.com/stokerdata/stoker/format/internal/lists"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
)

// A Bridge makes records of the batches of one loader. Its methods may be called
// concurrently.
type Bridge struct {
	spec    loader.Spec
	columns []origin // of the columns
	schema  *arrow.Schema
}

// origin is what a column is made of.
type origin struct {
	field   int
	lengths int // field of the lengths of its texts or binary values, -1 if it has none
}

// New returns the bridge for batches with the fields of spec. Fields of which
// another dimension than the first varies are an error that wraps loader.ErrSpec.
func New(spec loader.Spec) (*Bridge, error) {
	g := &Bridge{spec: slices.Clone(spec)}
	var fields []arrow.Field
	for i, f := range spec {
		if f.Name == "" || lists.IsPart(spec, nil, i) {
			continue // or in the column of its texts
		}
		from := origin{i, lists.Find(spec, i)}
		field, err := fieldOf(f, Scalar(f.DType))
		if from.lengths >= 0 {
			field, err = fieldOf(spec[from.lengths], textOf(f.Kind == kind.Texts))
			field.Name = f.Name
		}
		if err != nil {
			return nil, fmt.Errorf("arrowbridge: %w", err)
		}
		g.columns = append(g.columns, from)
		fields = append(fields, field)
	}
	text, err := format.MarshalSpec(spec)
	if err != nil {
		return nil, fmt.Errorf("arrowbridge: %w", err)
	}
	meta := arrow.NewMetadata([]string{format.SpecKey}, []string{text})
	g.schema = arrow.NewSchema(fields, &meta)
	return g, nil
}

// Schema returns the schema of all records.
func (g *Bridge) Schema() *arrow.Schema { return g.schema }

// fieldOf returns the field of a schema for f, whose elements are of the given type.
func fieldOf(f loader.Field, element arrow.DataType) (arrow.Field, error) {
	field := arrow.Field{Name: f.Name, Type: element}
	var dims []int
	n := 1
	for d := range f.Shape.Rank() {
		dim := f.Shape.Dim(d)
		if dim < 0 && d == 0 {
			continue
		}
		if dim <= 0 || dim > math.MaxInt32/n {
			return field, fmt.Errorf("field %v has a size that no column can have: %w", f, loader.ErrSpec)
		}
		n *= dim
		dims = append(dims, dim)
	}
	varies := !f.Shape.Fixed()
	if len(dims) > 0 {
		field.Type = arrow.FixedSizeListOfNonNullable(int32(n), field.Type)
	}
	switch {
	case varies && f.Shape.Rank() == 1 && f.DType == dtype.Uint8:
		field.Type = textOf(f.Kind == kind.Text)
	case varies:
		field.Type = arrow.LargeListOfNonNullable(field.Type)
	case len(dims) > 1 && !isText(element): // no tensor is of texts
		var t arrowschema.Field
		if err := t.SetTensor(dims); err != nil {
			return field, err
		}
		field.Metadata = arrow.NewMetadata([]string{arrowschema.ExtensionKey, arrowschema.ExtensionDataKey}, []string{t.Extension, t.ExtensionData})
	}
	return field, nil
}

// textOf returns the type of texts, or of binary values.
func textOf(is bool) arrow.DataType {
	if is {
		return arrow.BinaryTypes.LargeString
	}
	return arrow.BinaryTypes.LargeBinary
}

// isText reports whether values of type t are texts or bytes.
func isText(t arrow.DataType) bool {
	return t.ID() == arrow.LARGE_STRING || t.ID() == arrow.LARGE_BINARY
}

// Scalar returns the type of a number. For bfloat16, which Arrow has not, it is
// uint16.
func Scalar(t dtype.Type) arrow.DataType {
	switch t {
	case dtype.Bool:
		return arrow.FixedWidthTypes.Boolean
	case dtype.Uint8:
		return arrow.PrimitiveTypes.Uint8
	case dtype.Int8:
		return arrow.PrimitiveTypes.Int8
	case dtype.Uint16, dtype.BFloat16:
		return arrow.PrimitiveTypes.Uint16
	case dtype.Int16:
		return arrow.PrimitiveTypes.Int16
	case dtype.Uint32:
		return arrow.PrimitiveTypes.Uint32
	case dtype.Int32:
		return arrow.PrimitiveTypes.Int32
	case dtype.Uint64:
		return arrow.PrimitiveTypes.Uint64
	case dtype.Int64:
		return arrow.PrimitiveTypes.Int64
	case dtype.Float16:
		return arrow.FixedWidthTypes.Float16
	case dtype.Float32:
		return arrow.PrimitiveTypes.Float32
	}
	return arrow.PrimitiveTypes.Float64
}

// Record returns the rows of b, which it keeps until the record and all that was
// taken of it are released. It is called in the loop body that got b, like
// [loader.Batch.Keep], and once for each batch. Texts that are not UTF-8, and
// batches of another spec, are an error that wraps loader.ErrSpec; then b is not
// kept.
func (g *Bridge) Record(b *loader.Batch) (arrow.Record, error) {
	if !slices.EqualFunc(g.spec, b.Spec(), sameField) {
		return nil, fmt.Errorf("arrowbridge: a batch of %v, not %v: %w", b.Spec(), g.spec, loader.ErrSpec)
	}
	for _, from := range g.columns {
		err := checkText(b, &g.spec[from.field])
		if from.lengths >= 0 {
			_, err = lists.Of(b, from.field, from.lengths)
		}
		if err != nil {
			return nil, fmt.Errorf("arrowbridge: %w", err)
		}
	}
	m := &memoryOf{Allocator: memory.DefaultAllocator, batch: b.Keep()}
	m.users.Store(1)
	defer m.release()
	columns := make([]arrow.Array, len(g.columns))
	for i, from := range g.columns {
		data := m.column(g.schema.Field(i).Type, from)
		columns[i] = array.MakeFromData(data)
		data.Release()
	}
	rec := array.NewRecord(g.schema, columns, int64(b.Len()))
	for _, c := range columns {
		c.Release()
	}
	return rec, nil
}

func sameField(a, b loader.Field) bool {
	return a.Name == b.Name && a.DType == b.DType && a.Shape == b.Shape && a.Kind == b.Kind
}

// checkText checks that the rows of a text are UTF-8: that all are together, and
// that none begins within a character.
func checkText(b *loader.Batch, f *loader.Field) error {
	if f.Kind != kind.Text || f.DType != dtype.Uint8 || f.Shape != loader.Dims(-1) {
		return nil
	}
	text := b.Tensor(f.Name).Data
	ok := utf8.Valid(text)
	for _, at := range b.Offsets(f.Name) {
		ok = ok && (at == int64(len(text)) || utf8.RuneStart(text[at]))
	}
	if !ok {
		return fmt.Errorf("field %q has rows that are not UTF-8: %w", f.Name, loader.ErrSpec)
	}
	return nil
}

// memoryOf is the memory of a batch, as an allocator from which it came: it is
// told when a buffer is no longer used.
type memoryOf struct {
	memory.Allocator
	batch *loader.Batch
	users atomic.Int64 // buffers, and Record while it works
}

// Free implements memory.Allocator.
func (m *memoryOf) Free([]byte) { m.release() }

func (m *memoryOf) release() {
	if m.users.Add(-1) == 0 {
		m.batch.Release()
	}
}

// buffer lends b, which is a part of the batch.
func (m *memoryOf) buffer(b []byte) *memory.Buffer {
	m.users.Add(1)
	return memory.NewBufferWithAllocator(b, m)
}

// column returns a column of type t of the batch.
func (m *memoryOf) column(t arrow.DataType, from origin) *array.Data {
	rows := from.field
	if from.lengths >= 0 {
		rows = from.lengths
	}
	elements := m.elements(t, from)
	defer elements.Release()
	list, ok := t.(*arrow.LargeListType)
	if !ok {
		return nested(t, elements)
	}
	offsets := m.batch.Offsets(m.batch.Spec()[rows].Name)
	starts := m.buffer(arrow.Int64Traits.CastToBytes(offsets))
	defer starts.Release()
	items := nested(list.Elem(), elements)
	defer items.Release()
	return array.NewData(t, len(offsets)-1, []*memory.Buffer{nil, starts}, []arrow.ArrayData{items}, 0, 0)
}

// elements returns all numbers, texts or binary values of a column of type t.
func (m *memoryOf) elements(t arrow.DataType, from origin) *array.Data {
	for list, ok := t.(arrow.ListLikeType); ok; list, ok = t.(arrow.ListLikeType) {
		t = list.Elem()
	}
	f, data := &m.batch.Spec()[from.field], m.batch.Column(from.field).Data
	buffers, n := []*memory.Buffer{nil}, len(data)/f.DType.Size()
	if isText(t) {
		ends := m.batch.Offsets(f.Name)
		if from.lengths >= 0 {
			ends = sums(loader.View[int32](m.batch.Column(from.lengths)))
		}
		buffers, n = append(buffers, m.buffer(arrow.Int64Traits.CastToBytes(ends))), len(ends)-1
	}
	if f.DType == dtype.Bool {
		buffers = append(buffers, memory.NewBufferBytes(packBits(data)))
	} else {
		buffers = append(buffers, m.buffer(data))
	}
	elements := array.NewData(t, n, buffers, nil, 0, 0)
	for _, b := range buffers[1:] {
		b.Release()
	}
	return elements
}

// nested returns elements, or fixed_size_lists of them.
func nested(t arrow.DataType, elements *array.Data) *array.Data {
	list, ok := t.(*arrow.FixedSizeListType)
	if !ok {
		elements.Retain()
		return elements
	}
	return array.NewData(t, elements.Len()/int(list.Len()), []*memory.Buffer{nil}, []arrow.ArrayData{elements}, 0, 0)
}

// sums returns where values of the given lengths end that lie one behind another,
// behind a 0.
func sums(lengths []int32) []int64 {
	ends := make([]int64, len(lengths)+1)
	for i, n := range lengths {
		ends[i+1] = ends[i] + int64(n)
	}
	return ends
}

// packBits returns bools as bits, eight to a byte.
func packBits(bools []byte) []byte {
	bits := make([]byte, (len(bools)+7)/8)
	for i, x := range bools {
		bits[i>>3] |= x & 1 << (i & 7)
	}
	return bits
}
