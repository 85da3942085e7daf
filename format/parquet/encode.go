package parquet

import (
	"encoding/binary"
	"fmt"
	"reflect"
	"slices"

	pq "github.com/parquet-go/parquet-go"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/format/internal/arrowschema"
	"github.com/stokerdata/stoker/format/internal/lists"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
)

// shapeSuffix is what the column with the shapes of x has behind x's name.
const shapeSuffix = ".shape"

// maxFixedBytes is the longest FIXED_LEN_BYTE_ARRAY that parquet-go writes.
const maxFixedBytes = 1<<15 - 1

// storage is how a field becomes a column.
type storage uint8

const (
	asScalar storage = iota
	asFixed          // FIXED_LEN_BYTE_ARRAY
	asBytes          // BYTE_ARRAY
	asList           // LIST of scalars
	asTensor         // LIST of as many scalars in each row
	asTexts          // LIST of BYTE_ARRAY, of which another field has the lengths
	asShape          // the shape of another field, FIXED_LEN_BYTE_ARRAY of int32
)

// An encoder turns the rows of batches into Parquet values.
type encoder struct {
	spec   string // as JSON
	schema *pq.Schema
	arrow  arrowschema.Schema
	cols   []encoded
	batch  *loader.Batch
	in     loader.Spec
	values []pq.Value
	shapes []byte // behind values
}

// encoded is a column to be written.
type encoded struct {
	field   loader.Field
	index   int // of the field in the batch
	storage storage

	data    []byte  // of the batch at hand
	offsets []int64 // likewise
	unit    int     // bytes that offsets count, or of a row

	lengths int        // asTexts: their field
	lists   lists.Rows // of the batch at hand, likewise
}

// newEncoder returns an encoder for the named fields of in, all if names is nil, of
// which some are to be tensors for Arrow.
func newEncoder(in loader.Spec, names, tensors []string) (*encoder, error) {
	if names == nil {
		for _, f := range in {
			if f.Name != "" {
				names = append(names, f.Name)
			}
		}
	}
	for _, name := range tensors {
		if i := in.Index(name); !slices.Contains(names, name) || i < 0 || !isTensor(in[i]) {
			return nil, fmt.Errorf("WriteOptions.Tensors: no field %q of fixed shape with elements of 32 or 64 bits among those to write, %q: %w", name, names, loader.ErrSpec)
		}
	}
	e := &encoder{in: in}
	root := &table{}
	var out loader.Spec
	for _, name := range names {
		i := in.Index(name)
		if i < 0 {
			return nil, fmt.Errorf("no field %q among %v: %w", name, in, loader.ErrSpec)
		}
		if lists.IsPart(in, names, i) {
			out = append(out, in[i])
			continue
		}
		s, err := storageOf(in[i])
		if err != nil {
			return nil, fmt.Errorf("field %v %w: %w", in[i], err, loader.ErrSpec)
		}
		if slices.Contains(tensors, name) {
			s = asTensor
		}
		l := lists.Written(in, names, i)
		if l >= 0 {
			s = asTexts
		}
		out = append(out, in[i])
		if err := e.add(root, name, encoded{field: in[i], index: i, storage: s, lengths: l}); err != nil {
			return nil, err
		}
		if !shaped(in[i]) {
			continue
		}
		if err := e.add(root, name+shapeSuffix, encoded{field: in[i], index: i, storage: asShape}); err != nil {
			return nil, err
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("no field to write: %w", loader.ErrSpec)
	}
	text, err := format.MarshalSpec(out)
	e.spec, e.schema = text, pq.NewSchema("stoker", root)
	return e, err
}

// add adds a column.
func (e *encoder) add(root *table, name string, c encoded) error {
	arrow, err := arrowOf(c.field, c.storage)
	if err != nil {
		return err
	}
	arrow.Name = name
	e.arrow.Fields = append(e.arrow.Fields, arrow)
	e.cols = append(e.cols, c)
	return root.add(name, nodeOf(c.field, c.storage))
}

// leading returns the bytes per unit of the first dimension if that alone
// varies, -1 otherwise.
func leading(f loader.Field) int {
	n := f.DType.Size()
	for i := 1; i < f.Shape.Rank(); i++ {
		if f.Shape.Dim(i) < 0 {
			return -1
		}
		n *= f.Shape.Dim(i)
	}
	return n
}

// shaped reports whether f has another column with the shape of each row: if
// another dimension than the first varies.
func shaped(f loader.Field) bool { return !f.Shape.Fixed() && leading(f) < 0 }

// isTensor reports whether f can be a tensor for Arrow: Parquet has no numbers of
// fewer bits.
func isTensor(f loader.Field) bool {
	return f.Shape.Fixed() && f.Shape.Rank() > 0 && f.Shape.Len() > 0 && f.DType.Size() >= 4
}

func storageOf(f loader.Field) (storage, error) {
	half := f.DType == dtype.Float16 || f.DType == dtype.BFloat16
	switch {
	case f.Shape.Len() == 0:
		return 0, fmt.Errorf("has no elements")
	case f.Shape.Rank() == 0 && !half:
		return asScalar, nil
	case f.Shape.Fixed() && f.Shape.Len()*f.DType.Size() <= maxFixedBytes:
		return asFixed, nil
	case f.Shape.Fixed():
		return asBytes, nil
	case f.DType == dtype.Uint8, half, leading(f) < 0:
		return asBytes, nil
	case leading(f) == 0:
		return 0, fmt.Errorf("has no elements")
	}
	return asList, nil
}

func nodeOf(f loader.Field, s storage) pq.Node {
	switch s {
	case asFixed:
		return pq.Leaf(pq.FixedLenByteArrayType(f.Shape.Len() * f.DType.Size()))
	case asBytes:
		return textNode(f.Kind == kind.Text)
	case asTexts:
		return pq.List(textNode(f.Kind == kind.Texts))
	case asList:
		return pq.List(scalarNode(f.DType))
	case asTensor:
		return pq.List(pq.Optional(scalarNode(f.DType))) // as Arrow takes it for a tensor
	case asShape:
		return pq.Leaf(pq.FixedLenByteArrayType(4 * f.Shape.Rank()))
	}
	return scalarNode(f.DType)
}

func textNode(isText bool) pq.Node {
	if isText {
		return pq.Encoded(pq.String(), &pq.Plain)
	}
	return pq.Encoded(pq.Leaf(pq.ByteArrayType), &pq.Plain)
}

// arrowOf returns what Arrow should read a column as.
func arrowOf(f loader.Field, s storage) (arrow arrowschema.Field, err error) {
	item := arrowschema.Of(f.DType)
	item.Name, item.Nullable = "element", s == asTensor
	switch s {
	case asFixed:
		return arrowschema.Field{Type: arrowschema.FixedSizeBinary, Size: f.Shape.Len() * f.DType.Size()}, nil
	case asShape:
		return arrowschema.Field{Type: arrowschema.FixedSizeBinary, Size: 4 * f.Shape.Rank()}, nil
	case asBytes:
		if f.Kind == kind.Text {
			return arrowschema.Field{Type: arrowschema.Utf8}, nil
		}
		return arrowschema.Field{Type: arrowschema.Binary}, nil
	case asTexts:
		if item.Type = arrowschema.Binary; f.Kind == kind.Texts {
			item.Type = arrowschema.Utf8
		}
		return arrowschema.Field{Type: arrowschema.List, Children: []arrowschema.Field{item}}, nil
	case asList:
		return arrowschema.Field{Type: arrowschema.List, Children: []arrowschema.Field{item}}, nil
	case asTensor:
		arrow = arrowschema.Field{Type: arrowschema.FixedSizeList, Size: f.Shape.Len(), Children: []arrowschema.Field{item}}
		if f.Shape.Rank() > 1 {
			dims := make([]int, f.Shape.Rank())
			for i := range dims {
				dims[i] = f.Shape.Dim(i)
			}
			err = arrow.SetTensor(dims)
		}
		return arrow, err
	}
	return item, nil
}

func scalarNode(t dtype.Type) pq.Node {
	switch t {
	case dtype.Bool:
		return pq.Leaf(pq.BooleanType)
	case dtype.Int8:
		return pq.Int(8)
	case dtype.Uint8:
		return pq.Uint(8)
	case dtype.Int16:
		return pq.Int(16)
	case dtype.Uint16:
		return pq.Uint(16)
	case dtype.Int32:
		return pq.Leaf(pq.Int32Type)
	case dtype.Uint32:
		return pq.Uint(32)
	case dtype.Int64:
		return pq.Leaf(pq.Int64Type)
	case dtype.Uint64:
		return pq.Uint(64)
	case dtype.Float32:
		return pq.Leaf(pq.FloatType)
	}
	return pq.Leaf(pq.DoubleType)
}

// bind makes e write rows of b.
func (e *encoder) bind(b *loader.Batch) error {
	spec := b.Spec()
	for k := range e.cols {
		c := &e.cols[k]
		if c.index >= len(spec) || spec[c.index].Name != c.field.Name || spec[c.index].DType != c.field.DType || spec[c.index].Shape != c.field.Shape {
			return fmt.Errorf("a batch of %v follows one of %v: %w", spec, e.in, loader.ErrSpec)
		}
		c.data, c.offsets = b.Column(c.index).Data, b.Offsets(c.field.Name)
		c.unit = c.field.DType.Size()
		if c.offsets == nil {
			c.unit *= c.field.Shape.Len()
		} else if n := leading(c.field); n > 0 {
			c.unit = n
		}
		if c.storage == asTexts {
			if err := e.bindTexts(c, b); err != nil {
				return err
			}
		}
	}
	e.batch = b
	return nil
}

// row returns the bytes of row i.
func (c *encoded) row(i int) []byte {
	if c.offsets == nil {
		return c.data[i*c.unit : (i+1)*c.unit]
	}
	return c.data[int(c.offsets[i])*c.unit : int(c.offsets[i+1])*c.unit]
}

// fit returns where to stop from lo on, at the latest at hi, so that no column
// has more than the bytes of a page, or but one row.
func (e *encoder) fit(lo, hi int) int {
	for k := range e.cols {
		c := &e.cols[k]
		var n int64
		for i := lo; i < hi; i++ {
			if n += int64(len(c.row(i))); n > pageBytes && i > lo {
				hi = i
			}
		}
	}
	return hi
}

// valuesAtOnce is how many values parquet-go gets at a time: as many as stay in the
// cache, with what it keeps of each.
const valuesAtOnce = 4 << 10

// rows writes rows lo to hi of the batch and returns their bytes.
func (e *encoder) rows(out []*pq.ColumnWriter, lo, hi int) (bytes int64, err error) {
	for k := range e.cols {
		c := &e.cols[k]
		e.values, e.shapes = e.values[:0], e.shapes[:0]
		for i := lo; i < hi; i++ {
			bytes += e.row(c, i, k)
			if len(e.values) < valuesAtOnce && i+1 < hi {
				continue
			}
			if _, err := out[k].WriteRowValues(e.values); err != nil {
				return 0, fmt.Errorf("column %q: %w", c.field.Name, err)
			}
			e.values, e.shapes = e.values[:0], e.shapes[:0]
		}
	}
	return bytes, nil
}

// row appends the values of row i and returns their bytes.
func (e *encoder) row(c *encoded, i, k int) int64 {
	if c.storage == asShape {
		e.shape(c, i, k)
		return 0
	}
	b := c.row(i)
	switch c.storage {
	case asFixed:
		e.values = append(e.values, pq.FixedLenByteArrayValue(b).Level(0, 0, k))
	case asBytes:
		e.values = append(e.values, pq.ByteArrayValue(b).Level(0, 0, k))
	case asTexts:
		e.texts(c, i, k)
	case asList:
		e.list(c.field.DType, b, k, 1)
	case asTensor:
		e.list(c.field.DType, b, k, 2)
	default:
		e.values = append(e.values, scalar(c.field.DType, b).Level(0, 0, k))
	}
	return int64(len(b))
}

// shape appends the shape of row i.
func (e *encoder) shape(c *encoded, i, k int) {
	s := e.batch.Row(c.field.Name, i).Shape
	at := len(e.shapes)
	for d := range c.field.Shape.Rank() {
		n := 0
		if s.Rank() == c.field.Shape.Rank() {
			n = s.Dim(d)
		}
		e.shapes = binary.LittleEndian.AppendUint32(e.shapes, uint32(n))
	}
	e.values = append(e.values, pq.FixedLenByteArrayValue(e.shapes[at:len(e.shapes):len(e.shapes)]).Level(0, 0, k))
}

// list appends the elements of a row, whose definition level is given.
func (e *encoder) list(t dtype.Type, b []byte, k, def int) {
	if len(b) == 0 {
		e.values = append(e.values, pq.NullValue().Level(0, 0, k))
		return
	}
	first := len(e.values)
	switch t {
	case dtype.Float32:
		appendAll(e, view[float32](b), pq.FloatValue, k, def)
	case dtype.Float64:
		appendAll(e, view[float64](b), pq.DoubleValue, k, def)
	case dtype.Int32, dtype.Uint32:
		appendAll(e, view[int32](b), pq.Int32Value, k, def)
	case dtype.Int64, dtype.Uint64:
		appendAll(e, view[int64](b), pq.Int64Value, k, def)
	default:
		for size := t.Size(); len(b) > 0; b = b[size:] {
			e.values = append(e.values, scalar(t, b).Level(1, def, k))
		}
	}
	e.values[first] = e.values[first].Level(0, def, k) // a row begins
}

// appendAll appends the elements of a row as they are within it.
func appendAll[T any](e *encoder, row []T, value func(T) pq.Value, k, def int) {
	at := len(e.values)
	e.values = slices.Grow(e.values, len(row))[:at+len(row)]
	for i, to := 0, e.values[at:]; i < len(row) && i < len(to); i++ {
		to[i] = value(row[i]).Level(1, def, k)
	}
}

// scalar returns the value at the front of b.
func scalar(t dtype.Type, b []byte) pq.Value {
	tensor := loader.Tensor{DType: t, Data: b[:t.Size()]}
	switch t {
	case dtype.Bool:
		return pq.BooleanValue(b[0] != 0)
	case dtype.Int8:
		return pq.Int32Value(int32(int8(b[0])))
	case dtype.Uint8:
		return pq.Int32Value(int32(b[0]))
	case dtype.Int16:
		return pq.Int32Value(int32(loader.View[int16](tensor)[0]))
	case dtype.Uint16:
		return pq.Int32Value(int32(loader.View[uint16](tensor)[0]))
	case dtype.Int32:
		return pq.Int32Value(loader.View[int32](tensor)[0])
	case dtype.Uint32:
		return pq.Int32Value(int32(loader.View[uint32](tensor)[0]))
	case dtype.Int64:
		return pq.Int64Value(loader.View[int64](tensor)[0])
	case dtype.Uint64:
		return pq.Int64Value(int64(loader.View[uint64](tensor)[0]))
	case dtype.Float32:
		return pq.FloatValue(loader.View[float32](tensor)[0])
	}
	return pq.DoubleValue(loader.View[float64](tensor)[0])
}

// A table is the root of a schema with its columns in order: the pq.Group that
// it otherwise is would sort them.
type table struct {
	pq.Group
	columns []pq.Field
}

// Fields returns the columns.
func (t *table) Fields() []pq.Field { return t.columns }

// add adds a column.
func (t *table) add(name string, n pq.Node) error {
	for _, c := range t.columns {
		if c.Name() == name {
			return fmt.Errorf("two columns are called %q: %w", name, loader.ErrSpec)
		}
	}
	t.columns = append(t.columns, tableColumn{n, name})
	return nil
}

type tableColumn struct {
	pq.Node
	name string
}

// Name returns the name of the column.
func (c tableColumn) Name() string { return c.name }

// Value is for writers of Go structs, of which there are none here.
func (c tableColumn) Value(base reflect.Value) reflect.Value { return base }
