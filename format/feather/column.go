package feather

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/format/internal/arrowschema"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
)

// column is a chosen column of a shard: where it lies in a record batch, and
// how it becomes a field. Its values are items of per elements each: one item a
// row, or with offsets any number of them a row.
type column struct {
	field    loader.Field // without Names of a dictionary
	measure  string       // of the elements, see arrowschema.Field
	nullable bool         // a row may be null

	levels []level // from the outermost struct to the elements
	nRow   int     // the first nRow of them hold one thing a row
	offset int     // bytes of an offset or view, 0 if every row is one item
	starts place   // of the offsets or views
	values place
	list   bool // items are counted by the node behind the list, else by bytes
	view   bool // starts are views, and values is the first of their buffers

	text  int          // lists of texts, as whose lengths they are read: bytes of the offset or view of each text, 0 for others
	texts loader.Field // of them, while field is that of their lengths
	more  place        // the first of their buffers

	isLane bool // it is one of layout.lanes

	dtype dtype.Type // of the elements as stored; of indexes into a dictionary, theirs
	bits  bool       // eight elements to a byte
	per   int        // elements of an item
	dict  *arrowschema.Dictionary
	dicts []dictionary // in the order in which they replace each other

	// What the field makes of a row that varies: of items in groups, or a value
	// of always the same number of items.
	group int          // items that make up one step of the field's first dimension
	fixed int          // items of every row, -1 if they vary
	step  loader.Shape // of a group
}

// level is a nesting level of a column; its things may be null.
type level struct {
	place    // its node and validity bitmap
	nullable bool
	mult     int // things to an item; 1 for the levels that hold one a row
}

// elems returns the elements beneath one thing of level k.
func (c *column) elems(k int) int { return c.per / max(1, c.levels[k].mult) }

// size returns the bytes of an element in memory.
func (c *column) size() int { return c.field.DType.Size() }

// row returns the bytes of a row of the field, or -1 if they vary.
func (c *column) row() int {
	n := c.field.Shape.Len()
	if n < 0 {
		return -1
	}
	return n * c.field.DType.Size()
}

// names tells which columns are chosen, and in which order.
type names []string

// rank returns the position of the first name that chooses path, or -1.
func (n names) rank(path string) int {
	if n == nil {
		return 0
	}
	return slices.IndexFunc(n, func(name string) bool {
		return path == name || strings.HasPrefix(path, name) && path[len(name)] == '.'
	})
}

// chooser collects the columns of a schema.
type chooser struct {
	names    names
	decimals bool
	lim      format.Limits
	found    []found
}

type found struct {
	column
	rank int
}

// choose returns the chosen columns of s in the order of Columns, all if it is nil.
func (s *schema) choose(o Options, lim format.Limits) ([]column, error) {
	chosen := names(o.Columns)
	if chosen != nil && len(chosen) == 0 {
		return nil, fmt.Errorf("no columns to read: %w", loader.ErrSpec)
	}
	c := chooser{names: chosen, decimals: o.RawDecimals, lim: lim}
	for i := range s.fields {
		if err := c.walk(&s.fields[i], s.fields[i].Name, nil); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(c.found, func(a, b found) int { return a.rank - b.rank })
	columns := make([]column, len(c.found))
	seen := make(map[string]bool, len(c.found))
	for i := range c.found {
		columns[i] = c.found[i].column
		name := columns[i].field.Name
		if seen[name] {
			return nil, fmt.Errorf("two columns are called %q: %w", name, loader.ErrSpec)
		}
		seen[name] = true
	}
	if chosen == nil && len(columns) == 0 {
		return nil, fmt.Errorf("there are no columns: %w", loader.ErrSpec)
	}
	for i, name := range chosen {
		if !slices.ContainsFunc(c.found, func(f found) bool { return f.rank == i }) {
			return nil, fmt.Errorf("no column %q among %v: %w", name, s, loader.ErrSpec)
		}
	}
	return columns, nil
}

// String lists the columns.
func (s *schema) String() string {
	const most = 64
	var b strings.Builder
	for i := range s.fields {
		if i == most {
			fmt.Fprintf(&b, ", and %d more", len(s.fields)-most)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%s (%v)", s.fields[i].Name, s.fields[i].Type)
	}
	return b.String()
}

// walk adds the chosen columns among n and its descendants. The levels above
// are those of structs.
func (c *chooser) walk(n *node, path string, above []level) error {
	if len(path) > arrowschema.MaxName {
		return corrupt("the path of a column is longer than %d bytes", arrowschema.MaxName)
	}
	if n.Type == arrowschema.Struct && n.Dict == nil {
		above = append(slices.Clip(above), level{n.place, n.Nullable, 1})
		for i := range n.children {
			child := &n.children[i]
			if err := c.walk(child, path+"."+child.Name, above); err != nil {
				return err
			}
		}
		return nil
	}
	rank := c.names.rank(path)
	if rank < 0 {
		return nil
	}
	if path == "" {
		return fmt.Errorf("a column has no name: say in Options.Columns which to read: %w", loader.ErrSpec)
	}
	col, err := c.compile(n, path, above)
	if err != nil {
		return fmt.Errorf("column %q, %v: %w", path, n.Field, err)
	}
	c.found = append(c.found, found{col, rank})
	return nil
}

// compile makes a column of n.
func (ch *chooser) compile(n *node, path string, above []level) (column, error) {
	c := column{
		field: loader.Field{Name: path}, group: 1, fixed: -1, per: 1, nullable: n.Nullable,
		levels: append(slices.Clip(above), level{n.place, n.Nullable, 1}), nRow: len(above) + 1,
	}
	for _, l := range above {
		c.nullable = c.nullable || l.nullable
	}
	item := n
	if n.Dict != nil {
		_, err := c.compileItem(n, ch)
		return c, err
	}
	if n.Type == arrowschema.List || n.Type == arrowschema.LargeList {
		c.list, c.offset = true, 4
		if n.Type == arrowschema.LargeList {
			c.offset = 8
		}
		c.starts = n.buffer1(1)
		item = &n.children[0]
		c.levels = append(c.levels, level{item.place, item.Nullable, 1})
	}
	dims, err := c.compileItem(item, ch)
	if err != nil {
		return c, err
	}
	if c.offset > 0 {
		dims = append([]int{-1}, dims...)
	}
	return c, c.setShape(n.Field, dims)
}

// buffer1 returns the place of the i-th buffer of n.
func (n *node) buffer1(i int) place {
	p := n.place
	p.buffer += i
	return p
}

// compileIndex makes a label of indexes into a dictionary.
func (c *column) compileIndex(n *node) error {
	if !n.Type.Text() {
		return fmt.Errorf("only dictionaries of utf8 are read: %w", loader.ErrSpec)
	}
	c.dict = n.Dict
	c.dtype = arrowschema.Integer(n.Dict.Size, n.Dict.Signed)
	c.field.DType, c.field.Kind = dtype.Int32, kind.Label
	return nil
}

// compileItem goes down from the item n to the elements and returns the
// dimensions of an item.
func (c *column) compileItem(n *node, ch *chooser) (dims []int, err error) {
	for ; n.Type == arrowschema.FixedSizeList && n.Dict == nil; n = &n.children[0] {
		if err := c.times(n.Size, ch.lim); err != nil {
			return nil, err
		}
		dims = append(dims, n.Size)
		child := &n.children[0]
		c.levels = append(c.levels, level{child.place, child.Nullable, c.per})
	}
	c.values = n.buffer1(1)
	switch {
	case n.Dict != nil:
		return dims, c.compileIndex(n)
	case n.Type == arrowschema.FixedSizeBinary || n.Type == arrowschema.Decimal && ch.decimals:
		c.dtype = dtype.Uint8
		if err := c.times(n.Size, ch.lim); err != nil {
			return nil, err
		}
		dims = append(dims, n.Size)
	case n.isBytes() && c.offset == 0 && len(dims) == 0:
		c.dtype, c.offset = dtype.Uint8, 4
		if n.isLarge() {
			c.offset = 8
		}
		c.starts, c.values = n.buffer1(1), n.buffer1(2)
		if n.Type.Text() {
			c.field.Kind = kind.Text
		}
	case n.isView() && c.offset == 0 && len(dims) == 0:
		c.dtype, c.view, c.offset = dtype.Uint8, true, viewBytes
		c.starts, c.values = n.buffer1(1), n.buffer1(2)
		if n.Type.Text() {
			c.field.Kind = kind.Text
		}
	case n.isBytes() || n.isView():
		c.compileTexts(n, c.field.Name)
	default:
		c.dtype, c.bits = n.Scalar(), n.Type == arrowschema.Bool
	}
	if c.dtype == dtype.Invalid {
		return nil, fmt.Errorf("this type is not read (Columns can leave it out): %w", loader.ErrSpec)
	}
	c.field.DType, c.measure = c.dtype, n.Measure()
	return dims, nil
}

// times makes items n times as large.
func (c *column) times(n int, lim format.Limits) error {
	if n > 0 && int64(c.per) > lim.ValueBytes/int64(n) {
		return corrupt("a value has more than the %d elements of Limits.ValueBytes", lim.ValueBytes)
	}
	c.per *= n
	return nil
}

func (n *node) isBytes() bool {
	return n.Type == arrowschema.Binary || n.Type == arrowschema.LargeBinary || n.Type == arrowschema.Utf8 || n.Type == arrowschema.LargeUtf8
}

func (n *node) isLarge() bool {
	return n.Type == arrowschema.LargeBinary || n.Type == arrowschema.LargeUtf8
}

func (n *node) isView() bool {
	return n.Type == arrowschema.BinaryView || n.Type == arrowschema.Utf8View
}

// maxRank is the most dimensions of a sample.
const maxRank = 5

// setShape gives the field its dimensions: those of the types, or of an
// extension type that tells them.
func (c *column) setShape(f *arrowschema.Field, dims []int) error {
	lists := 0
	for l := f; l.Type == arrowschema.FixedSizeList && l.Dict == nil; l = &l.Children[0] {
		lists++
	}
	n, bytes := c.per, []int(nil)
	if lists > 0 && len(dims) > lists { // of binaries
		bytes = dims[lists:]
		n /= max(1, bytes[0])
	}
	if c.offset > 0 {
		n = -1
	}
	if shape, ok, err := f.Tensor(n); err != nil {
		return err
	} else if ok {
		dims = append(shape, bytes...)
	}
	if len(dims) > maxRank {
		return fmt.Errorf("%d dimensions, the most is %d: %w", len(dims), maxRank, loader.ErrSpec)
	}
	c.field.Shape = loader.Dims(dims...)
	return nil
}

// reshape gives the field another shape for the same elements: for a fixed
// column any with as many; for one that varies also (?, n...), where its values
// must divide into such rows, or a fixed one, if all of them have that length.
func (c *column) reshape(s loader.Shape) error {
	was := c.field.Shape
	switch {
	case s == was:
		return nil
	case was.Fixed():
		if s.Len() != c.per {
			return fmt.Errorf("shape %v does not hold the %d elements of %v: %w", s, c.per, was, loader.ErrSpec)
		}
	case s.Fixed():
		if c.per == 0 || s.Len()%c.per != 0 {
			return fmt.Errorf("shape %v does not divide into items of %d elements: %w", s, c.per, loader.ErrSpec)
		}
		c.fixed = s.Len() / c.per
	default:
		step := 1
		for d := 1; d < s.Rank(); d++ {
			step *= s.Dim(d)
		}
		if s.Rank() == 0 || s.Dim(0) != -1 || step <= 0 || c.per == 0 || step%c.per != 0 {
			return fmt.Errorf("shape %v does not fit %v: %w", s, was, loader.ErrSpec)
		}
		c.group = step / c.per
	}
	c.field.Shape = s
	return nil
}
