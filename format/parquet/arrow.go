package parquet

import (
	"fmt"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/format/internal/arrowschema"
	"github.com/stokerdata/stoker/loader"
)

// parseArrow returns the fields of the Arrow schema that a file has in its metadata,
// if it has one. A table of Arrow has more nodes than leaves.
func parseArrow(text string, limits format.Limits) ([]arrowschema.Field, error) {
	if text == "" {
		return nil, nil
	}
	limits.Columns *= 4
	s, err := arrowschema.Parse(text, limits)
	if err != nil {
		return nil, fmt.Errorf("metadata %s: %w", arrowschema.Key, err)
	}
	return s.Fields, nil
}

// child returns the place of child i of the node at p, which is read next. Writers
// give the children of a struct the names and the order that they have in Arrow. A
// schema that says otherwise is another table's, of whoever took over the metadata.
func (t *tree) child(p place, i int) place {
	f := p.arrow
	p.arrow = nil
	switch {
	case f == nil || p.wrapper == mapLogical || t.next == len(t.nodes):
	case p.wrapper == listLogical:
		p.arrow = f // the repeated node has no name in Arrow
	case p.element:
		p.arrow = &f.Children[0]
	case f.Type == arrowschema.Struct && i < len(f.Children) && f.Children[i].Name == t.nodes[t.next].name:
		p.arrow = &f.Children[i]
	}
	return p
}

// describe compares what Arrow says of the node n, which p has entered, with what
// it is.
func (p *place) describe(n node) {
	f := p.arrow
	if f == nil {
		return
	}
	isList := f.Dict == nil && (f.Type == arrowschema.List || f.Type == arrowschema.LargeList || f.Type == arrowschema.FixedSizeList)
	switch {
	case n.repeat == repeated && p.element:
		// It has no part in Arrow's list.
	case n.repeat != repeated && (n.physical != group || n.logical != listLogical):
	case !isList:
		p.arrow = nil
	case n.repeat == repeated:
		p.arrow = &f.Children[0]
	case f.Type == arrowschema.FixedSizeList && f.Size > 0:
		p.fixed = f
	}
}

// promise notes what Arrow's schema tells of the leaf: that it is a dictionary of
// texts, in what it counts time, or the shape of its rows.
func (l *leaf) promise(p place, limits format.Limits) error {
	f := p.arrow
	if f == nil || len(f.Children) > 0 {
		return nil
	}
	l.label = f.Dict != nil && f.Type.Text() && l.node.physical == byteArray
	if f.Type == arrowschema.Duration {
		l.counts = f.Measure()
	}
	own, _, _ := natural(l)
	switch {
	case l.isList:
		return l.promiseLists(p.lists, f, limits)
	case f.Dict == nil && f.Type == arrowschema.FixedSizeBinary && own.Shape.Rank() == 1:
		n := own.Shape.Len()
		return l.promiseShape([]int{n}, f, n)
	}
	return nil
}

// promiseLists notes the lengths of lists that hold each other, and in the end
// values that Arrow has as f.
func (l *leaf) promiseLists(lists []*arrowschema.Field, f *arrowschema.Field, limits format.Limits) error {
	own, _, elem := natural(l)
	dims, bytes := []int{-1}, int64(elem)
	for i, list := range lists {
		switch {
		case list == nil && len(lists) == 1:
			return nil
		case list == nil:
			continue // the outermost
		case int64(list.Size) > limits.ValueBytes/bytes:
			return fmt.Errorf("lists of %d elements, Limits.ValueBytes is %d: %w", list.Size, limits.ValueBytes, loader.ErrCorrupt)
		case i == 0:
			dims[0] = list.Size
		default:
			dims, l.steps = append(dims, list.Size), append(l.steps, list.Size)
		}
		bytes *= int64(list.Size)
	}
	if own.Shape.Rank() > 1 {
		dims = append(dims, own.Shape.Dim(1))
	}
	tensor := lists[0]
	for i := range lists {
		holds := f
		if i+1 < len(lists) {
			holds = lists[i+1]
		}
		if lists[i] == nil || &lists[i].Children[0] != holds {
			tensor = nil // a struct is between
		}
	}
	return l.promiseShape(dims, tensor, int(bytes)/own.DType.Size())
}

// promiseShape notes the dimensions of rows of n elements, or those of the tensors
// that they are.
func (l *leaf) promiseShape(dims []int, tensor *arrowschema.Field, n int) error {
	if tensor != nil {
		shape, ok, err := tensor.Tensor(n)
		if err != nil {
			return err
		}
		if ok {
			dims = shape
		}
	}
	if len(dims) > maxRank {
		return fmt.Errorf("%d dimensions, the most is %d: %w", len(dims), maxRank, loader.ErrSpec)
	}
	l.promised, l.shape = true, loader.Dims(dims...)
	return nil
}
