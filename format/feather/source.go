package feather

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/format/internal/ahead"
	"github.com/stokerdata/stoker/format/internal/lists"
	"github.com/stokerdata/stoker/format/internal/spare"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
	"github.com/stokerdata/stoker/shard"
)

// Options says what Open reads. The zero Options reads all columns.
type Options struct {
	// Columns lists the columns to read, which become the fields in this order;
	// "a.b" is child b of the struct a, and "a" all its children. Nil means all.
	Columns []string

	// Fields adds to columns, by name, what the files do not say: Kind, Canvas,
	// Follows, Names, Mirror, Rate, where they are not zero. A Shape with
	// dimensions reshapes the rows of a list or binary column: with all of them
	// fixed, every row must have that many elements; with the first one -1, a
	// multiple of the others. The DType of a uint16 column may be bfloat16. Names
	// of a dictionary column fix the numbers of the classes, and must hold all.
	Fields map[string]loader.Field

	// RawDecimals reads decimals as their bytes, a two's complement number with its
	// little end first: uint8 (16) or (32). Without it such columns are refused,
	// as the bytes do not tell the scale.
	RawDecimals bool

	// Nulls says what becomes of nulls.
	Nulls format.Nulls

	// Limits bounds what is believed of the files.
	Limits format.Limits

	// Pool says how the files are read: backend, descriptors, retries, deadline.
	Pool shard.PoolConfig

	// Read says how the buffers of a batch, or single rows, are merged into reads.
	// Of single rows GapBytes 0 means 4 KiB, and Concurrency 0 means 1, as the loader
	// opens many chunks of rows at once.
	Read shard.Plan
}

const (
	// mappedRow is the size from which rows of mapped files are read one by one.
	mappedRow = 512
	// pageBytes is what each read of a row must bring on average, if it is to be read
	// by itself: as much as it touches beside that, of pages. With less a row takes
	// more than three times the CPU time of one in a block: see BenchmarkShuffled.
	pageBytes = 4 << 10
	// mixedBytes is the size of record batches above which rows are read one by one
	// though they are small: a shuffle has up to 80 open, that is half a GiB of these.
	mixedBytes = 4 << 20
)

// extensions are those of files that are taken from a directory.
var extensions = []string{".arrow", ".arrows", ".feather", ".ipc"}

// Open opens the Feather V2 files and Arrow streams that path names: a file, a
// directory, a glob or "@list", as package shard finds them. All must have the
// chosen columns with the same types, and dates, times and decimals with the same
// units. It reads the metadata of every record batch, and the dictionaries, but no
// values. A stream has no index of its batches, so it is gone through from one to
// the next; one that ends between two of them is taken to be whole, as the format
// allows.
//
// The source is read in blocks, one per record batch. If no file is compressed and
// rows are large, it is a loader.RandomSource instead, which is shuffled exactly (but
// not where lists of bools or views are among the columns, or lists with null items).
// They are if the chosen columns of a row have 4 KiB or more on average for each read
// that it takes: one for each column of numbers or arrays, another two for texts and
// lists, and for nulls one. In mapped files, where a read costs nothing, and in those
// with record batches of more than 4 MiB, too many of which a shuffle would have to
// hold, 512 bytes are enough. As the files decide which it is, Open returns the
// interface; both are an io.Closer.
//
// Errors wrap loader.ErrCorrupt for damaged files and loader.ErrSpec for columns
// that are missing, of other types, or not readable.
func Open(path string, o Options) (loader.Source, error) {
	set, err := shard.Finder{Ext: extensions}.Find(context.Background(), path)
	if err != nil {
		return nil, fmt.Errorf("feather: %w", err)
	}
	src, err := open(set, o)
	if err != nil {
		return nil, fmt.Errorf("feather: open %w", err)
	}
	return src, nil
}

// open opens the files of set.
func open(set shard.Set, o Options) (loader.Source, error) {
	if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 {
		return nil, fmt.Errorf("values are little-endian, this machine is not: %w", loader.ErrSpec)
	}
	if o.Nulls > format.NullError {
		return nil, fmt.Errorf("unknown Nulls %d: %w", o.Nulls, loader.ErrSpec)
	}
	pool, err := shard.NewPool(set, o.Pool)
	if err != nil {
		return nil, err
	}
	s := &source{set: set, pool: pool, bufs: shard.NewBuffers(math.MaxInt64), read: o.Read, lim: limits(o.Limits), nulls: o.Nulls}
	s.lent = o.Pool.Backend == shard.MmapTrusted
	err = ahead.Files(set,
		func(i int) (*footer, error) { return s.file(i).footer() },
		func(i int, ft *footer) error { return s.openShard(s.file(i), ft, o) })
	if err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	if err := s.finish(); err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	if s.readsRows() {
		r, err := s.single(o)
		if err != nil {
			return nil, errors.Join(err, pool.Close())
		}
		return r, nil
	}
	if err := s.checkMemory(); err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	return s, nil
}

// limits makes all sums and products of what a file claims fit an int.
func limits(l format.Limits) format.Limits {
	l = l.WithDefaults()
	l.FooterBytes = min(l.FooterBytes, math.MaxInt32)
	l.ValueBytes = min(l.ValueBytes, math.MaxInt32)
	l.PageBytes = min(l.PageBytes, math.MaxInt/64)
	l.BlockBytes = min(l.BlockBytes, math.MaxInt/64)
	return l
}

// source is a data set of Feather files, read in blocks.
type source struct {
	set   shard.Set
	pool  *shard.Pool
	bufs  *shard.Buffers
	read  shard.Plan
	lim   format.Limits
	nulls format.Nulls
	lent  bool // the memory of buffers, by MmapTrusted

	columns []merged
	spec    loader.Spec
	layouts []*layout // by shard
	batches []batch
	blocks  []loader.Block

	free spare.List[rows]
}

// merged is what the shards tell of a column together.
type merged struct {
	field    loader.Field
	step     loader.Shape // of one step of a field that varies
	measure  string
	nullable bool
	values   loader.Field     // of lists of texts, whose lengths field is
	texts    int              // number of that field, -1 if there is none
	f, mask  int              // numbers of its field and of its "valid" field, -1 if there is none
	numbers  map[string]int32 // of Names, while the source is opened
	closed   bool             // Names are the user's
	null     []byte           // a fixed row that is null, where rows are read one by one
}

func (s *source) file(i int) file {
	return file{pool: s.pool, index: i, size: s.set[i].Size, lim: s.lim}
}

// openShard adds a shard, whose footer was read.
func (s *source) openShard(f file, ft *footer, o Options) error {
	columns, err := ft.schema.choose(o, s.lim)
	if err != nil {
		return err
	}
	if err := describeColumns(columns, ft.schema.spec, o.Fields, s.lim); err != nil {
		return err
	}
	if err := s.merge(columns, o); err != nil {
		return err
	}
	l := newLayout(columns, ft.schema.total)
	s.layouts = append(s.layouts, l)
	if err := s.openDictionaries(f, ft, l); err != nil {
		return err
	}
	return s.openBatches(f, ft, l)
}

// describeColumns completes the fields of columns from the spec that Write left
// and from the user's fields.
func describeColumns(columns []column, text string, fields map[string]loader.Field, lim format.Limits) error {
	named := make(map[string]*column, len(columns))
	for i := range columns {
		named[columns[i].field.Name] = &columns[i]
	}
	spec, err := format.UnmarshalSpec(text, lim)
	if err != nil {
		return fmt.Errorf("metadata %s: %w", format.SpecKey, err)
	}
	for _, f := range spec {
		if c := named[f.Canvas]; c != nil && c.text > 0 && f.Kind == kind.Lengths {
			if err := c.reshape(f.Shape); err != nil {
				return fmt.Errorf("metadata %s: column %q: %v: %w", format.SpecKey, f.Name, err, loader.ErrCorrupt)
			}
			continue
		}
		c := named[f.Name]
		if c == nil {
			continue // not chosen
		}
		if named[f.Canvas] == nil {
			f.Canvas = ""
		}
		if named[f.Follows] == nil {
			f.Follows = ""
		}
		if err := c.describe(f); err != nil {
			return fmt.Errorf("metadata %s: column %q: %v: %w", format.SpecKey, f.Name, err, loader.ErrCorrupt)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		c := named[name]
		if c == nil {
			return fmt.Errorf("Options.Fields: no column %q: %w", name, loader.ErrSpec)
		}
		if err := c.describe(fields[name]); err != nil {
			return fmt.Errorf("Options.Fields: column %q: %w", name, err)
		}
	}
	for i := range columns {
		columns[i].setStep()
	}
	return nil
}

// describe replaces what f sets of the field of c.
func (c *column) describe(f loader.Field) error {
	if c.text > 0 {
		return c.describeTexts(f)
	}
	d := &c.field
	if f.DType != dtype.Invalid && f.DType != d.DType {
		if f.DType != dtype.BFloat16 || d.DType != dtype.Uint16 {
			return fmt.Errorf("elements are %v, not %v: %w", d.DType, f.DType, loader.ErrSpec)
		}
		d.DType = f.DType
	}
	if f.Shape != (loader.Shape{}) {
		if err := c.reshape(f.Shape); err != nil {
			return err
		}
	}
	describe(d, f)
	return nil
}

// describe replaces what f sets of d beside type and shape.
func describe(d *loader.Field, f loader.Field) {
	if f.Kind != kind.Plain {
		d.Kind = f.Kind
	}
	replace(&d.Canvas, f.Canvas)
	replace(&d.Follows, f.Follows)
	replace(&d.Rate, f.Rate)
	if f.Names != nil {
		d.Names = f.Names
	}
	if f.Mirror != nil {
		d.Mirror = f.Mirror
	}
}

func replace[T comparable](p *T, v T) {
	var zero T
	if v != zero {
		*p = v
	}
}

// setStep notes the shape of one step of a field that varies.
func (c *column) setStep() {
	var dims []int
	for d := 1; d < c.field.Shape.Rank(); d++ {
		dims = append(dims, c.field.Shape.Dim(d))
	}
	c.step = loader.Dims(dims...)
}

// merge compares the columns of a shard with those before it.
func (s *source) merge(columns []column, o Options) error {
	if s.columns == nil {
		s.columns = make([]merged, len(columns))
		for i, c := range columns {
			m := merged{field: c.field, values: c.texts, step: c.step, measure: c.measure}
			if c.dict != nil {
				m.closed = o.Fields[c.field.Name].Names != nil
				m.field.Names = nil
				m.numbers = map[string]int32{}
				for _, name := range c.field.Names {
					m.number(name)
				}
			}
			s.columns[i] = m
		}
	}
	if len(columns) != len(s.columns) {
		return fmt.Errorf("%d columns, %d in the first shard: %w", len(columns), len(s.columns), loader.ErrSpec)
	}
	for i, c := range columns {
		m := &s.columns[i]
		if c.field.Name != m.field.Name || c.field.DType != m.field.DType || c.field.Shape != m.field.Shape || c.field.Kind != m.field.Kind ||
			(c.dict != nil) != (m.numbers != nil) || c.texts.DType != m.values.DType || c.texts.Kind != m.values.Kind {
			return fmt.Errorf("column %d is %v, in the first shard it is %v: %w", i, c.field, m.field, loader.ErrSpec)
		}
		if c.measure != m.measure {
			return fmt.Errorf("column %q is %s, in the first shard %s: %w", c.field.Name, orNumbers(c.measure), orNumbers(m.measure), loader.ErrSpec)
		}
		if c.dict == nil && !slices.Equal(c.field.Names, m.field.Names) {
			return fmt.Errorf("column %q has other Names than in the first shard: %w", c.field.Name, loader.ErrSpec)
		}
		m.nullable = m.nullable || c.nullable
	}
	return nil
}

func orNumbers(measure string) string { return cmp.Or(measure, "plain numbers") }

// number returns the number of a class, which is new unless it was seen.
func (m *merged) number(name string) int32 {
	n, ok := m.numbers[name]
	if !ok {
		n = int32(len(m.field.Names))
		m.numbers[name] = n
		m.field.Names = append(m.field.Names, name)
	}
	return n
}

// openBatches reads the metadata of the record batches of a shard.
func (s *source) openBatches(f file, ft *footer, l *layout) error {
	var rows int64
	first := len(s.batches)
	err := f.metadata(s.bufs, ft.batches, func(i int, meta []byte) error {
		m := ft.batches[i]
		t, err := m.parse(meta, headerBatch)
		if err != nil {
			return err
		}
		b, err := l.parseBatch(t, m, s.lim)
		if err != nil {
			return err
		}
		if b.rows == 0 {
			return nil // nothing to be read, so not a block
		}
		b.shard, b.index = f.index, i
		l.attach(&b, m.off)
		s.blocks = append(s.blocks, loader.Block{Rows: b.rows, Shard: s.set[f.index].Path, FirstRow: rows})
		if rows += int64(b.rows); rows > s.lim.ShardRecords {
			return corrupt("more than %d rows", s.lim.ShardRecords)
		}
		s.batches = append(s.batches, b)
		return nil
	})
	if err != nil {
		return fmt.Errorf("record batch %w", err)
	}
	return s.measure(l, first)
}

// metadata reads the metadata of messages and calls use for each, in order.
func (f file) metadata(bufs *shard.Buffers, list []message, use func(i int, meta []byte) error) error {
	ranges := make([]shard.Range, len(list))
	for i, m := range list {
		ranges[i] = shard.Range{File: f.index, Off: m.off, Len: m.meta, Tag: i}
	}
	buf, err := f.pool.Fetch(context.Background(), bufs, shard.Plan{}, ranges)
	if err != nil {
		return err
	}
	defer bufs.Put(buf)
	slices.SortFunc(ranges, func(a, b shard.Range) int { return a.Tag - b.Tag })
	for i := range ranges {
		if err := use(i, ranges[i].Data); err != nil {
			return fmt.Errorf("%d: %w", i, err)
		}
	}
	return nil
}

// measure sets the sizes of the blocks from the given one, all of one shard. It
// reads what compressed texts claim to hold: nothing else tells.
func (s *source) measure(l *layout, first int) error {
	var ranges []shard.Range
	for i := first; i < len(s.batches); i++ {
		ranges = l.claims(&s.batches[i], ranges, i-first)
	}
	buf, err := s.pool.Fetch(context.Background(), s.bufs, s.read, ranges)
	if err != nil {
		return err
	}
	defer s.bufs.Put(buf)
	text := make([]int64, len(s.batches)-first)
	for _, r := range ranges {
		n, err := decodedSize(r.Data)
		if err == nil && n > s.lim.PageBytes && binary.LittleEndian.Uint64(r.Data) != math.MaxUint64 {
			err = corrupt("compressed buffer claims to hold %d bytes, Limits.PageBytes is %d", n, s.lim.PageBytes)
		}
		if err != nil {
			return fmt.Errorf("record batch %d: %w", s.batches[first+r.Tag].index, err)
		}
		text[r.Tag] += n
	}
	for k, n := range text {
		b, block := &s.batches[first+k], &s.blocks[first+k]
		block.Bytes = s.fetchBytes(l, b)
		memory := block.Bytes + l.decodedBytes(b, n)
		block.Memory = memory + memory/4 // Buffers round up by a quarter
	}
	return nil
}

// finish makes the spec and decides how the source is read.
func (s *source) finish() error {
	for i := range s.columns {
		m := &s.columns[i]
		m.mask, m.texts = -1, -1
		field := m.field
		if m.values.Name != "" {
			m.texts = len(s.spec)
			s.spec = append(s.spec, m.values)
			field = lists.Lengths(m.values, m.field.Shape)
		}
		m.f = len(s.spec)
		s.spec = append(s.spec, field)
		if s.nulls == format.NullMask && m.nullable && !(m.field.DType.Float() && m.field.Shape.Fixed()) {
			m.mask = len(s.spec)
			s.spec = append(s.spec, loader.Field{Name: m.field.Name + format.ValidSuffix, DType: dtype.Bool})
		}
		m.numbers = nil
	}
	seen := map[string]bool{}
	for _, f := range s.spec {
		if seen[f.Name] {
			return fmt.Errorf("two fields are called %q: %w", f.Name, loader.ErrSpec)
		}
		seen[f.Name] = true
	}
	return nil
}

// checkMemory checks the size of blocks.
func (s *source) checkMemory() error {
	for i := range s.blocks {
		if b := &s.blocks[i]; b.Memory > s.lim.BlockBytes {
			err := corrupt("%d bytes in memory, Limits.BlockBytes is %d", b.Memory, s.lim.BlockBytes)
			return fmt.Errorf("%s: record batch %d: %w", b.Shard, s.batches[i].index, err)
		}
	}
	return nil
}

// readsRows reports whether rows are read one by one.
func (s *source) readsRows() bool {
	if !s.separable() {
		return false
	}
	var rows, reads, bytes, largest int64
	for i := range s.batches {
		b := &s.batches[i]
		l := s.layouts[b.shard]
		n := int64(b.rows)
		rows += n
		for c := range l.columns {
			_, _, values := l.spans(c, b)
			bytes += int64(values.n)
		}
		for _, x := range b.spans {
			if x.n > 0 {
				reads += n
			}
		}
		largest = max(largest, s.blocks[i].Bytes)
	}
	if s.lent || largest > mixedBytes {
		return rows > 0 && bytes/rows >= mappedRow
	}
	return rows > 0 && bytes/pageBytes >= reads
}

// separable reports whether rows can be read one by one.
func (s *source) separable() bool {
	for i := range s.batches {
		b := &s.batches[i]
		l := s.layouts[b.shard]
		if b.codec != codecNone {
			return false
		}
		for c := range l.columns {
			col := &l.columns[c]
			valid, _, _ := l.spans(c, b)
			for _, v := range valid[col.nRow:] {
				if v.n > 0 {
					return false
				}
			}
			if col.view || col.text > 0 || (col.bits || col.dict != nil) && (col.offset > 0 || col.per != 1) {
				return false
			}
		}
	}
	return true
}

// Spec implements loader.Source.
func (s *source) Spec() loader.Spec { return s.spec }

// Blocks implements loader.Source.
func (s *source) Blocks() []loader.Block { return s.blocks }

// Close closes the files.
func (s *source) Close() error {
	defer s.bufs.Close()
	return s.pool.Close()
}
