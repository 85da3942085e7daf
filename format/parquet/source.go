package parquet

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync/atomic"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/format/internal/ahead"
	"github.com/stokerdata/stoker/format/internal/spare"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/shard"
)

// Options says what Open reads. The zero Options reads all columns.
type Options struct {
	// Columns lists the columns to read, which become the fields in this order;
	// a leaf of a struct has the path with dots as its name. Nil means all, in
	// the order of the first shard.
	Columns []string

	// Fields adds to columns, by name, what the files do not say: Kind, Canvas,
	// Follows, Names, Mirror, Rate, where they are not zero. A Shape with
	// dimensions reshapes the rows of a list or binary column: with all of them
	// fixed, every row must have that many elements; with the first one -1, a
	// multiple of the others. A DType says what the bytes of a binary column
	// hold, little end first; Int64 without a Shape makes INT96 timestamps
	// nanoseconds since 1970.
	Fields map[string]loader.Field

	// Joins makes fields of several columns each, behind the others. Columns need
	// not list what they name, and Fields gives a Join a Kind by its name.
	Joins []format.Join

	// Where leaves out the row groups that have no row with a value in each of
	// these ranges, as far as their statistics and Bloom filters tell. Rows are
	// not looked at: those of a row group are read all together.
	Where []Range

	// Nulls says what becomes of nulls.
	Nulls format.Nulls

	// Limits bounds what is believed of the files.
	Limits format.Limits

	// Pool says how the files are read: descriptors, retries, deadline.
	Pool shard.PoolConfig

	// Read says how the chunks of a row group are merged into reads.
	Read shard.Plan
}

// A Source is a data set of Parquet files. It is a loader.Source whose blocks
// are the row groups that have rows, and an io.Closer.
type Source struct {
	pool   *shard.Pool
	bufs   *shard.Buffers
	read   shard.Plan
	nulls  format.Nulls
	limits format.Limits
	noSums bool // page checksums are not verified: for tests of what lies behind

	cols    []column
	fields  []role
	parts   []part
	lanes   []lane
	joined  int // lanes of joins, the first ones
	record  int // bytes of a row of all joins
	checked int // values of a row of lanes of which none may be null
	spec    loader.Spec
	blocks  []loader.Block
	rows    int64   // of all blocks
	groups  []block // beside blocks
	layouts []layout

	nameBytes int64 // that names of classes take

	runs atomic.Bool // rows that follow one another were gathered last
	free spare.List[rows]
}

// role says where a field of the spec comes from.
type role struct {
	col   int
	mask  bool
	texts bool // of a column of lists of texts, whose other field holds the lengths
}

// A layout is the schema of one or more shards.
type layout struct {
	schema []byte // as in the file
	spec   string // likewise
	arrow  string // likewise
	leaves []leaf // all of the file
	from   []int  // leaf of each column
	where  []bound
}

// A block is a row group that has rows.
type block struct {
	rowGroup
	number int // in Source.blocks
	shard  int
	layout int
	ids    int64 // sample id of the first row
	first  int64 // row within the block with which it begins, 0 but for pages
}

// Open opens the Parquet files that path names: a file, a directory, a glob or
// "@list", as package shard finds them. All must have the chosen columns with
// the types of the first shard, and times and decimals in its units; what is
// nullable, the order of columns and those that are not read may differ. It reads
// the footers, but no values.
//
// Errors wrap loader.ErrCorrupt for damaged files and loader.ErrSpec for columns
// that are missing, of other types, or not readable; they name shard and column.
func Open(path string, o Options) (*Source, error) {
	files, err := shard.Finder{Ext: []string{".parquet", ".parq", ".pq"}}.Find(context.Background(), path)
	if err != nil {
		return nil, fmt.Errorf("parquet: %w", err)
	}
	return openFiles(files, o)
}

func openFiles(files shard.Set, o Options) (*Source, error) {
	if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 {
		return nil, errors.New("parquet: machines with the big end first are not supported")
	}
	if o.Nulls > format.NullError {
		return nil, fmt.Errorf("parquet: unknown Nulls %d: %w", o.Nulls, loader.ErrSpec)
	}
	pool, err := shard.NewPool(files, o.Pool)
	if err != nil {
		return nil, err
	}
	s := &Source{pool: pool, bufs: shard.NewBuffers(math.MaxInt64), read: o.Read, nulls: o.Nulls, limits: o.Limits.WithDefaults()}
	s.limits.ValueBytes = min(s.limits.ValueBytes, math.MaxInt32) // what a span can hold
	if err := s.open(context.Background(), files, o); err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	return s, nil
}

func (s *Source) open(ctx context.Context, files shard.Set, o Options) error {
	err := ahead.Files(files,
		func(i int) ([]byte, error) { return s.readFooter(ctx, i, files[i]) },
		func(i int, raw []byte) error { return s.addShard(ctx, i, files[i], raw, files[0].Path, o) })
	if err != nil {
		return fmt.Errorf("parquet: %w", err)
	}
	for k := range s.cols {
		if c := s.cols[k].classes; c != nil {
			s.cols[k].field.Names = c.names
		}
	}
	if err := s.addJoins(o.Joins, o.Fields); err != nil {
		return fmt.Errorf("parquet: %w", err)
	}
	if err := s.makeSpec(); err != nil {
		return fmt.Errorf("parquet: %w", err)
	}
	s.addLanes()
	return s.estimate()
}

// addShard adds the row groups of a shard.
func (s *Source) addShard(ctx context.Context, i int, f shard.File, raw []byte, first string, o Options) error {
	ft, err := parseFooter(raw)
	if err != nil {
		return err
	}
	if err := ft.checkSum(raw); err != nil {
		return err
	}
	k, err := s.layoutOf(&ft, first, o)
	if err != nil {
		return err
	}
	l := &s.layouts[k]
	groups, err := readGroups(ft.groups, l, s.limits, f.Size)
	if err != nil {
		return err
	}
	var row int64
	for n, g := range groups {
		err := s.checkGroup(l, &g)
		if err == nil {
			err = s.addClasses(ctx, i, l, &g)
		}
		if err != nil {
			return fmt.Errorf("row group %d: %w", n, err)
		}
		for n := range l.where {
			g.excluded = g.excluded || s.absent(ctx, i, f.Size, g.bloom[n], &l.where[n])
		}
		if g.rows > 0 && !g.excluded {
			s.groups = append(s.groups, block{g, len(s.blocks), i, k, s.rows, 0})
			s.blocks = append(s.blocks, loader.Block{Rows: int(g.rows), Shard: f.Path, FirstRow: row})
			s.rows += g.rows
		}
		row += g.rows
	}
	if row > s.limits.ShardRecords {
		return fmt.Errorf("%d rows, the limit is %d: %w", row, s.limits.ShardRecords, loader.ErrCorrupt)
	}
	return nil
}

// layoutOf returns the number of the layout of a shard.
func (s *Source) layoutOf(ft *footer, first string, o Options) (int, error) {
	for k := len(s.layouts) - 1; k >= 0; k-- {
		if l := &s.layouts[k]; bytes.Equal(l.schema, ft.schema) && l.spec == ft.spec && l.arrow == ft.arrow {
			return k, nil
		}
	}
	nodes, err := readSchema(&compact{b: ft.schema}, s.limits)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", err, loader.ErrCorrupt)
	}
	l := layout{schema: bytes.Clone(ft.schema), spec: ft.spec, arrow: ft.arrow}
	arrow, err := parseArrow(ft.arrow, s.limits)
	if err != nil {
		return 0, err
	}
	if l.leaves, err = leavesOf(nodes, arrow, s.limits); err != nil {
		return 0, fmt.Errorf("%w: %w", err, loader.ErrCorrupt)
	}
	stored, err := format.UnmarshalSpec(ft.spec, s.limits)
	if err != nil {
		return 0, fmt.Errorf("metadata %s: %w", format.SpecKey, err)
	}
	p := newPlanner(l.leaves, stored, o)
	cols, from, err := p.plan(s.cols)
	if err == nil {
		l.where, err = p.bounds()
	}
	if err != nil {
		return 0, err
	}
	if s.layouts == nil {
		s.cols = cols
	} else if err := s.compare(&l, cols, from, first); err != nil {
		return 0, err
	}
	l.from = from
	s.layouts = append(s.layouts, l)
	return len(s.layouts) - 1, nil
}

// compare returns an error unless cols are the columns of the first shard.
func (s *Source) compare(l *layout, cols []column, from []int, first string) error {
	for k, c := range cols {
		was := &s.layouts[0].leaves[s.layouts[0].from[k]]
		now := &l.leaves[from[k]]
		a, b := was.node, now.node
		if a.physical == b.physical && a.length == b.length && was.agrees(now) && was.isList == now.isList &&
			same(c.field, s.cols[k].field) && same(c.texts, s.cols[k].texts) && c.conv == s.cols[k].conv {
			continue
		}
		return fmt.Errorf("column %q is %v (%v), in %s it is %v (%v): %w", c.field.Name, now, c.field, first, was, s.cols[k].field, loader.ErrSpec)
	}
	return nil
}

// checkGroup checks a row group against the limits, before anything is read.
func (s *Source) checkGroup(l *layout, g *rowGroup) error {
	var total int64
	for k, ch := range g.chunks {
		name := s.cols[k].field.Name
		lf := &l.leaves[l.from[k]]
		if ch.values < g.rows || !lf.isList && ch.values != g.rows {
			return fmt.Errorf("column %q: %d values for %d rows: %w", name, ch.values, g.rows, loader.ErrCorrupt)
		}
		n := s.cols[k].memory(g.rows, &ch)
		if n < 0 || n > s.limits.BlockBytes-total {
			return fmt.Errorf("column %q: more than %d bytes of memory: %w", name, s.limits.BlockBytes, loader.ErrCorrupt)
		}
		total += n
	}
	return nil
}

// memory estimates the bytes of a decoded chunk, negative if they are absurd.
func (c *column) memory(rows int64, ch *chunk) int64 {
	const most = 1 << 40
	if rows > most || ch.values > most || ch.uncompressed > most {
		return -1
	}
	switch {
	case c.conv == toLength:
		return rows*(2*spanBytes+1) + ch.values*int64(c.elem) + ch.uncompressed
	case c.isBin:
		return rows*(spanBytes+1) + ch.uncompressed // a byte more for a mask
	case c.isList:
		return rows*(spanBytes+1) + ch.values*int64(c.elem)
	}
	return rows*int64(c.row) + rows
}

// makeSpec lists the fields, now that all shards have told what may be null.
func (s *Source) makeSpec() error {
	hidden := make(map[int]bool)
	for _, c := range s.cols {
		hidden[c.dims] = true
		for _, k := range c.join {
			hidden[k] = true
		}
	}
	for k := range s.cols {
		c := &s.cols[k]
		if s.nulls != format.NullMask {
			clear(c.null)
		}
		asNaN := c.row >= 0 && c.field.DType.Float()
		c.masked = s.nullable(k) && (s.nulls == format.NullError || s.nulls == format.NullMask && !asNaN)
		if hidden[k] {
			continue
		}
		var err error
		if c.conv == toLength {
			err = s.addTextFields(k)
		} else {
			err = s.addField(c.field, role{col: k})
		}
		if err != nil {
			return err
		}
		if !c.masked || s.nulls != format.NullMask {
			continue
		}
		mask := loader.Field{Name: c.field.Name + format.ValidSuffix, DType: dtype.Bool}
		if c.join != nil {
			mask.Shape = c.field.Shape
		}
		if err := s.addField(mask, role{col: k, mask: true}); err != nil {
			return fmt.Errorf("%w; %q is the mask of %q, see Options.Nulls", err, mask.Name, c.field.Name)
		}
	}
	return nil
}

func (s *Source) addField(f loader.Field, r role) error {
	if s.spec.Index(f.Name) >= 0 {
		return fmt.Errorf("two columns are called %q: %w", f.Name, loader.ErrSpec)
	}
	s.spec, s.fields = append(s.spec, f), append(s.fields, r)
	return nil
}

// nullable reports whether a row of column k may be null in any shard.
func (s *Source) nullable(k int) bool {
	if join := s.cols[k].join; join != nil {
		return slices.ContainsFunc(join, s.nullable)
	}
	return slices.ContainsFunc(s.layouts, func(l layout) bool { return l.leaves[l.from[k]].nullable() })
}

// estimate sets what blocks read and hold.
func (s *Source) estimate() error {
	for i := range s.blocks {
		b, g := &s.blocks[i], &s.groups[i]
		decoded, laid, held := int64(0), g.rows*int64(s.record), int64(0)
		for k := range s.cols {
			c := &s.cols[k]
			switch {
			case c.join != nil:
				laid += g.rows * int64(len(c.join)) // the mask
			case c.isLane:
				laid += c.memory(g.rows, &g.chunks[k])
			case !c.joined:
				decoded += c.memory(g.rows, &g.chunks[k])
			}
			if c.join == nil {
				b.Bytes += g.chunks[k].size
			}
		}
		for _, l := range s.lanes {
			held += g.chunks[l.col].held(&s.cols[l.col], &s.cols[l.to])
		}
		decoded += max(laid, held)
		if decoded > s.limits.BlockBytes {
			return fmt.Errorf("parquet: %s: row group at row %d: more than %d bytes of memory: %w", b.Shard, b.FirstRow, s.limits.BlockBytes, loader.ErrCorrupt)
		}
		b.Memory = b.Bytes + decoded
		b.Memory += b.Memory / 8 // buffers are rounded up, by at most a quarter
	}
	return nil
}

// held estimates the bytes of a chunk whose pages are held, for rows of to.
func (ch *chunk) held(c, to *column) int64 {
	n := ch.uncompressed
	if to.size > c.elem {
		n *= int64(to.size / c.elem) // of the dictionary
	}
	if ch.spills || c.conv == toBool || c.conv == toLabel {
		n += ch.values * int64(c.elem)
	}
	return n
}

// Spec returns the fields.
func (s *Source) Spec() loader.Spec { return s.spec }

// Blocks returns the row groups that have rows, shard by shard.
func (s *Source) Blocks() []loader.Block { return s.blocks }

// Close closes the shards. Rows that are open stay valid until their own Close.
func (s *Source) Close() error {
	defer s.bufs.Close()
	return s.pool.Close()
}
