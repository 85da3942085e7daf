package feather

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
)

// column is a chosen column of a shard: where it lies in a record batch, and
// how it becomes a field. Its values are items of per elements each: one item a
// row, or with offsets any number of them a row.
type column struct {
	field    loader.Field // without Names of a dictionary
	nullable bool         // a row may be null

	levels []level // from the outermost struct to the elements
	nRow   int     // the first nRow of them hold one thing a row
	offset int     // bytes of an offset or view, 0 if every row is one item
	starts place   // of the offsets or views
	values place
	list   bool // items are counted by the node behind the list, else by bytes
	view   bool // starts are views, and values is the first of their buffers

	dtype dtype.Type // of the elements as stored; of indexes into a dictionary, theirs
	bits  bool       // eight elements to a byte
	per   int        // elements of an item
	dict  *encoding
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

// size returns the bytes of an element as stored; bits are counted as bytes.
func (c *column) size() int { return c.dtype.Size() }

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
		if err := c.walk(&s.fields[i], s.fields[i].name, nil); err != nil {
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
		fmt.Fprintf(&b, "%s (%v)", s.fields[i].name, s.fields[i].typ)
	}
	return b.String()
}

// walk adds the chosen columns among n and its descendants. The levels above
// are those of structs.
func (c *chooser) walk(n *node, path string, above []level) error {
	if len(path) > maxName {
		return corrupt("the path of a column is longer than %d bytes", maxName)
	}
	if n.typ == typeStruct && n.dict == nil {
		above = append(slices.Clip(above), level{n.place, n.nullable, 1})
		for i := range n.children {
			child := &n.children[i]
			if err := c.walk(child, path+"."+child.name, above); err != nil {
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
		return fmt.Errorf("column %q, %v: %w", path, describe(n), err)
	}
	c.found = append(c.found, found{col, rank})
	return nil
}

// describe returns the type of n in words.
func describe(n *node) string {
	s := n.typ.String()
	switch {
	case n.dict != nil:
		s = "dictionary of " + s
	case len(n.children) == 1:
		s += " of " + describe(&n.children[0])
	case n.size > 0:
		s += fmt.Sprintf("(%d)", n.size)
	}
	return s
}

// compile makes a column of n.
func (ch *chooser) compile(n *node, path string, above []level) (column, error) {
	c := column{
		field: loader.Field{Name: path}, group: 1, fixed: -1, per: 1, nullable: n.nullable,
		levels: append(slices.Clip(above), level{n.place, n.nullable, 1}), nRow: len(above) + 1,
	}
	for _, l := range above {
		c.nullable = c.nullable || l.nullable
	}
	if n.dict != nil {
		return c, c.compileIndex(n)
	}
	item := n
	if n.typ == typeList || n.typ == typeLargeList {
		c.list, c.offset = true, 4
		if n.typ == typeLargeList {
			c.offset = 8
		}
		c.starts = n.buffer1(1)
		item = &n.children[0]
		c.levels = append(c.levels, level{item.place, item.nullable, 1})
	}
	dims, err := c.compileItem(item, ch)
	if err != nil {
		return c, err
	}
	if c.offset > 0 {
		dims = append([]int{-1}, dims...)
	}
	return c, c.setShape(n, dims)
}

// buffer1 returns the place of the i-th buffer of n.
func (n *node) buffer1(i int) place {
	p := n.place
	p.buffer += i
	return p
}

// compileIndex makes a label of indexes into a dictionary.
func (c *column) compileIndex(n *node) error {
	if n.typ != typeUtf8 && n.typ != typeLargeUtf8 && n.typ != typeUtf8View {
		return fmt.Errorf("only dictionaries of utf8 are read: %w", loader.ErrSpec)
	}
	c.dict, c.values = n.dict, n.buffer1(1)
	c.dtype = integer(n.dict.size, n.dict.signed)
	c.field.DType, c.field.Kind = dtype.Int32, kind.Label
	return nil
}

// compileItem goes down from the item n to the elements and returns the
// dimensions of an item.
func (c *column) compileItem(n *node, ch *chooser) (dims []int, err error) {
	for ; n.typ == typeFixedSizeList && n.dict == nil; n = &n.children[0] {
		if err := c.times(n.size, ch.lim); err != nil {
			return nil, err
		}
		dims = append(dims, n.size)
		child := &n.children[0]
		c.levels = append(c.levels, level{child.place, child.nullable, c.per})
	}
	c.values = n.buffer1(1)
	switch {
	case n.dict != nil:
		return nil, fmt.Errorf("dictionaries within lists are not read: %w", loader.ErrSpec)
	case n.typ == typeFixedSizeBinary || n.typ == typeDecimal && ch.decimals:
		c.dtype = dtype.Uint8
		if err := c.times(n.size, ch.lim); err != nil {
			return nil, err
		}
		dims = append(dims, n.size)
	case n.isBytes() && c.offset == 0 && len(dims) == 0:
		c.dtype, c.offset = dtype.Uint8, 4
		if n.typ == typeLargeBinary || n.typ == typeLargeUtf8 {
			c.offset = 8
		}
		c.starts, c.values = n.buffer1(1), n.buffer1(2)
		if n.typ == typeUtf8 || n.typ == typeLargeUtf8 {
			c.field.Kind = kind.Text
		}
	case n.isView() && c.offset == 0 && len(dims) == 0:
		c.dtype, c.view, c.offset = dtype.Uint8, true, viewBytes
		c.starts, c.values = n.buffer1(1), n.buffer1(2)
		if n.typ == typeUtf8View {
			c.field.Kind = kind.Text
		}
	default:
		c.dtype, c.bits = n.scalar(), n.typ == typeBool
	}
	if c.dtype == dtype.Invalid {
		return nil, fmt.Errorf("this type is not read (Columns can leave it out): %w", loader.ErrSpec)
	}
	c.field.DType = c.dtype
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
	return n.typ == typeBinary || n.typ == typeLargeBinary || n.typ == typeUtf8 || n.typ == typeLargeUtf8
}

func (n *node) isView() bool { return n.typ == typeBinaryView || n.typ == typeUtf8View }

// scalar returns the type of a column of numbers, Invalid for other columns.
func (n *node) scalar() dtype.Type {
	switch n.typ {
	case typeBool:
		return dtype.Bool
	case typeInt:
		return integer(n.size, n.signed)
	case typeFloat:
		switch n.size {
		case 16:
			return dtype.Float16
		case 32:
			return dtype.Float32
		}
		return dtype.Float64
	case typeDate, typeTime, typeTimestamp, typeDuration:
		if n.size == 32 || n.size == 64 {
			return integer(n.size, true)
		}
	}
	return dtype.Invalid
}

func integer(bits int, signed bool) dtype.Type {
	types := [...][2]dtype.Type{{dtype.Uint8, dtype.Int8}, {dtype.Uint16, dtype.Int16}, {dtype.Uint32, dtype.Int32}, {dtype.Uint64, dtype.Int64}}
	s := 0
	if signed {
		s = 1
	}
	switch bits {
	case 8:
		return types[0][s]
	case 16:
		return types[1][s]
	case 32:
		return types[2][s]
	}
	return types[3][s]
}

// maxRank is the most dimensions of a sample.
const maxRank = 5

// setShape gives the field its dimensions: those of the types, or of an
// extension type that tells them.
func (c *column) setShape(n *node, dims []int) error {
	if n.extension == "arrow.fixed_shape_tensor" {
		var tensor struct{ Shape []int }
		if err := json.Unmarshal([]byte(n.extensionData), &tensor); err != nil {
			return corrupt("metadata of %s: %v", n.extension, err)
		}
		if product(tensor.Shape) != c.per || c.offset > 0 {
			return corrupt("%s of shape %v in items of %d elements", n.extension, tensor.Shape, c.per)
		}
		dims = tensor.Shape
	}
	if len(dims) > maxRank {
		return fmt.Errorf("%d dimensions, the most is %d: %w", len(dims), maxRank, loader.ErrSpec)
	}
	c.field.Shape = loader.Dims(dims...)
	return nil
}

// product returns the number of elements of a fixed shape, or -1.
func product(dims []int) int {
	n := 1
	for _, d := range dims {
		if d < 0 || d > math.MaxInt32 || d > 0 && n > math.MaxInt32/d {
			return -1
		}
		n *= d
	}
	return n
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
