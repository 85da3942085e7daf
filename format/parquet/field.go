package parquet

import (
	"fmt"
	"slices"

	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
)

// conversion is what becomes of a stored value in memory.
type conversion uint8

const (
	asStored conversion = iota
	toBool
	toInt8
	toUint8
	toInt16
	toUint16
	toNanos  // from INT96
	toLabel  // from a text that names a class
	toLength // from a text of a list
)

// A column is one column of the data set as it lies in memory: the same for
// all shards, while the leaf that it is read from may differ.
type column struct {
	field   loader.Field
	conv    conversion
	elem    int  // bytes of an element in memory, as the file knows it: FIXED_LEN_BYTE_ARRAY(12) has 12
	size    int  // bytes of an element of the field
	isBin   bool // values are BYTE_ARRAY: they vary although they are no list
	isList  bool
	masked  bool // decoding notes which rows are null
	row     int  // bytes of a row, -1 if they vary
	unit    int  // bytes per unit of the first dimension, if that varies
	tail    loader.Shape
	null    []byte       // what stands for one element that is null
	dims    int          // column that holds the shape of each row, -1 for none
	join    []int        // columns that this one joins, nil for one of the file
	at      int          // of a join: where its values are in a record
	joined  bool         // is part of a join
	isLane  bool         // is a lane by itself
	classes *classes     // of labels
	texts   loader.Field // of lists of texts, whose lengths field is; without a name for others
}

// cells returns how many values a row has whose being there is told apart.
func (c *column) cells() int { return max(1, len(c.join)) }

// natural returns the field that a leaf is without further knowledge, and the
// bytes of one of its elements. Lists of texts are those of their lengths.
func natural(l *leaf) (f loader.Field, conv conversion, elem int) {
	n := &l.node
	f = loader.Field{Name: l.name}
	switch n.physical {
	case boolean:
		f.DType, conv = dtype.Bool, toBool
	case int32Type:
		f.DType, conv = narrow(n)
	case int64Type:
		f.DType = dtype.Int64
		if n.logical == intLogical && n.unsigned {
			f.DType = dtype.Uint64
		}
	case floatType:
		f.DType = dtype.Float32
	case doubleType:
		f.DType = dtype.Float64
	case byteArray:
		switch {
		case l.label:
			f.DType, f.Kind, conv = dtype.Int32, kind.Label, toLabel
		case l.isList:
			f.DType, conv = dtype.Int32, toLength
		default:
			f.DType, f.Shape = dtype.Uint8, loader.Dims(-1)
			if n.isText() {
				f.Kind = kind.Text
			}
			return f, conv, 1
		}
	case int96Type:
		f.DType, f.Shape = dtype.Uint8, loader.Dims(12)
	case fixedLenByteArray:
		f.DType, f.Shape = dtype.Uint8, loader.Dims(int(n.length))
		if n.logical == float16Logical && n.length == 2 {
			f.DType, f.Shape = dtype.Float16, loader.Dims()
		}
	}
	elem = f.DType.Size() * f.Shape.Len()
	switch {
	case l.promised:
		f.Shape = l.shape
	case l.isList:
		f.Shape = f.Shape.Rows(-1)
	}
	return f, conv, elem
}

// narrow returns the element type of an INT32 column.
func narrow(n *node) (dtype.Type, conversion) {
	if n.logical != intLogical {
		return dtype.Int32, asStored
	}
	switch {
	case n.bits == 8 && n.unsigned:
		return dtype.Uint8, toUint8
	case n.bits == 8:
		return dtype.Int8, toInt8
	case n.bits == 16 && n.unsigned:
		return dtype.Uint16, toUint16
	case n.bits == 16:
		return dtype.Int16, toInt16
	case n.unsigned:
		return dtype.Uint32, asStored
	}
	return dtype.Int32, asStored
}

// stored returns the bytes of a value in PLAIN, except for those that are bits.
func (c *column) stored() int {
	switch c.conv {
	case asStored:
		return c.elem
	case toNanos:
		return 12
	}
	return 4
}

// storedBits returns the least bits that a value in PLAIN takes.
func (c *column) storedBits() int64 {
	switch {
	case c.isBin:
		return 32 // its length
	case c.conv == toBool:
		return 1
	}
	return 8 * int64(c.stored())
}

// raw reports whether the values of l are bytes that may hold anything.
func raw(l *leaf) bool {
	p := l.node.physical
	return p == byteArray || p == int96Type || p == fixedLenByteArray
}

// maxRank is the most dimensions of a field.
const maxRank = 5

// dimType is the element type of columns that hold the shapes of others.
const dimType = dtype.Int32

// newColumn returns the column of a leaf whose field is f, or an error if the
// leaf cannot hold such values. perRow says that the shape of each row is known
// from elsewhere.
func newColumn(l *leaf, f loader.Field, perRow bool) (column, error) {
	l = l.readAs(f.DType)
	own, conv, elem := natural(l)
	if l.node.physical == int96Type && f.DType == dtype.Int64 {
		own.DType, conv, elem = f.DType, toNanos, f.DType.Size()
		own.Shape = timestampShape(l)
	}
	c := column{field: f, conv: conv, elem: elem, size: f.DType.Size(), isBin: l.node.physical == byteArray && conv == asStored,
		isList: l.isList, row: -1, unit: 1, dims: -1}
	if conv == toLabel {
		c.classes = newClasses(f.Names)
	}
	if f.DType != own.DType && !(raw(l) && conv == asStored && f.DType.Valid()) {
		return c, fmt.Errorf("%v cannot be read as %v", l, f.DType)
	}
	if f.Shape.Rank() > maxRank {
		return c, fmt.Errorf("shape %v has more than %d dimensions", f.Shape, maxRank)
	}
	size := f.DType.Size()
	c.null = nullOf(f.DType, max(size, elem))
	varies := own.Shape.Rank() > 0 && own.Shape.Dim(0) < 0
	switch {
	case f.Shape.Len() == 0:
		return c, fmt.Errorf("shape %v has no elements", f.Shape)
	case f.Shape.Fixed():
		c.row = f.Shape.Len() * size
		if !varies && c.row != own.Shape.Len()*own.DType.Size() || c.row%elem != 0 {
			return c, fmt.Errorf("%v with rows of %d bytes cannot be read as %v %v", l, elem, f.DType, f.Shape)
		}
		return c, nil
	case !varies:
		return c, fmt.Errorf("%v is of fixed size and cannot be read with shape %v", l, f.Shape)
	case perRow:
		c.unit = max(size, elem)
		return c, nil
	case f.Shape.Dim(0) >= 0:
		return c, fmt.Errorf("shape %v varies in another dimension than the first", f.Shape)
	}
	rest := make([]int, f.Shape.Rank()-1)
	for i := range rest {
		rest[i] = f.Shape.Dim(i + 1)
	}
	c.tail = loader.Dims(rest...)
	if c.unit = c.tail.Len() * size; c.unit <= 0 || c.unit%elem != 0 {
		return c, fmt.Errorf("%v cannot be read as %v %v", l, f.DType, f.Shape)
	}
	return c, nil
}

// timestampShape returns the shape of INT96 timestamps as int64.
func timestampShape(l *leaf) loader.Shape {
	if l.isList {
		return loader.Dims(-1)
	}
	return loader.Shape{}
}

// nullOf returns the n bytes that stand for null: NaN in each element of a
// float type, zeros otherwise.
func nullOf(t dtype.Type, n int) []byte {
	nan := map[dtype.Type][]byte{
		dtype.Float16:  {0, 0x7e},
		dtype.BFloat16: {0xc0, 0x7f},
		dtype.Float32:  {0, 0, 0xc0, 0x7f},
		dtype.Float64:  {0, 0, 0, 0, 0, 0, 0xf8, 0x7f},
	}[t]
	b := make([]byte, n)
	for i := 0; i+len(nan) <= n && len(nan) > 0; i += len(nan) {
		copy(b[i:], nan)
	}
	return b
}

// override returns f with what the caller said about it.
func override(f, by loader.Field) (loader.Field, error) {
	if by.Name != "" && by.Name != f.Name {
		return f, fmt.Errorf("Options.Fields gives it the name %q", by.Name)
	}
	if by.DType != dtype.Invalid {
		f.DType = by.DType
	}
	if by.Shape.Rank() > 0 {
		f.Shape = by.Shape
	}
	if by.Kind != kind.Plain {
		f.Kind = by.Kind
	}
	if by.Canvas != "" {
		f.Canvas = by.Canvas
	}
	if by.Follows != "" {
		f.Follows = by.Follows
	}
	if by.Names != nil {
		f.Names = by.Names
	}
	if by.Mirror != nil {
		f.Mirror = by.Mirror
	}
	if by.Rate != 0 {
		f.Rate = by.Rate
	}
	return f, nil
}

// same reports whether two shards agree on a field.
func same(a, b loader.Field) bool {
	return a.DType == b.DType && a.Shape == b.Shape && a.Kind == b.Kind && a.Canvas == b.Canvas && a.Follows == b.Follows &&
		a.Rate == b.Rate && slices.Equal(a.Names, b.Names) && slices.Equal(a.Mirror, b.Mirror)
}
