package feather

import (
	"fmt"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/format/internal/arrowschema"
	"github.com/stokerdata/stoker/format/internal/flat"
	"github.com/stokerdata/stoker/loader"
)

// buffers tells, by type, how many buffers a column has in a record batch, its
// validity bitmap included.
var buffers = [...]int{
	arrowschema.Null: 0, arrowschema.Int: 2, arrowschema.Float: 2, arrowschema.Binary: 3, arrowschema.Utf8: 3,
	arrowschema.Bool: 2, arrowschema.Decimal: 2, arrowschema.Date: 2, arrowschema.Time: 2, arrowschema.Timestamp: 2,
	arrowschema.Interval: 2, arrowschema.List: 2, arrowschema.Struct: 1, arrowschema.Union: 1,
	arrowschema.FixedSizeBinary: 2, arrowschema.FixedSizeList: 1, arrowschema.Map: 2, arrowschema.Duration: 2,
	arrowschema.LargeBinary: 3, arrowschema.LargeUtf8: 3, arrowschema.LargeList: 2, arrowschema.RunEndEncoded: 0,
	arrowschema.BinaryView: 2, arrowschema.Utf8View: 2, arrowschema.ListView: 3, arrowschema.LargeListView: 3,
}

// Versions of the metadata (MetadataVersion of Schema.fbs).
const (
	version4 = 3 // Arrow 0.8 to 0.17: all types but null have a validity bitmap
	version5 = 4
)

// node is a field of an Arrow schema, and where it lies in a record batch.
type node struct {
	*arrowschema.Field
	children []node
	place
}

// place says where in a record batch a field begins: the number of its node and
// of its first buffer, to which the variadic buffers of the views before it add, and
// with version4 the bitmaps of unions and run-end encoded fields.
type place struct{ node, buffer, views, bitmaps int }

// schema is an Arrow schema and the layout of its record batches.
type schema struct {
	fields []node
	spec   string // custom metadata format.SpecKey
	total  place  // nodes, buffers, views and bitmaps of a record batch
}

// readSchema reads a Schema table.
func readSchema(t flat.Table, lim format.Limits) (*schema, error) {
	read, err := arrowschema.Read(t, lim)
	switch {
	case err != nil:
		return nil, corrupt("schema: %v", err)
	case read.BigEndian:
		return nil, fmt.Errorf("values are big-endian: %w", loader.ErrSpec)
	}
	s := &schema{spec: read.Spec}
	s.fields, err = layAll(read.Fields, &s.total)
	return s, err
}

// layAll is lay of several fields.
func layAll(fields []arrowschema.Field, p *place) ([]node, error) {
	if len(fields) == 0 {
		return nil, nil
	}
	nodes := make([]node, len(fields))
	for i := range fields {
		var err error
		if nodes[i], err = lay(&fields[i], p); err != nil {
			return nil, err
		}
	}
	return nodes, nil
}

// lay notes that f lies at p in a record batch and moves p behind it.
func lay(f *arrowschema.Field, p *place) (node, error) {
	n := node{Field: f, place: *p}
	if !f.Type.Known() {
		return n, fmt.Errorf("column %q is of %v, which this version does not know: %w", f.Name, f.Type, loader.ErrSpec)
	}
	p.node++
	if f.Dict != nil {
		p.buffer += 2
		return n, nil
	}
	p.buffer += buffers[f.Type]
	switch f.Type {
	case arrowschema.Union, arrowschema.RunEndEncoded:
		if f.Dense {
			p.buffer++
		}
		p.bitmaps++
	case arrowschema.BinaryView, arrowschema.Utf8View:
		p.views++
	}
	var err error
	n.children, err = layAll(f.Children, p)
	return n, err
}
