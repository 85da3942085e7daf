package lines

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"sync/atomic"

	"github.com/zeebo/xxh3"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/format/internal/ahead"
	"github.com/stokerdata/stoker/format/internal/spare"
	"github.com/stokerdata/stoker/format/internal/syntax"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/shard"
)

const (
	// blockBytes is about the size of a block: enough for one read, and little
	// enough that a worker parses it in some milliseconds.
	blockBytes = 1 << 20
	// inferRows is how many rows the types of columns follow from.
	inferRows = 1000
)

// Options says what Open reads: see the Options of format/csv, where most fields
// are called the same.
type Options struct {
	Columns  []string
	Fields   map[string]loader.Field
	Nulls    format.Nulls
	Nullable []string
	Infer    int
	Limits   format.Limits
	Pool     shard.PoolConfig
	Read     shard.Plan
	IndexDir string
	Progress func(done, total int64)
}

// Source is a data set of lines. It is safe for concurrent use.
type Source struct {
	name    string // of the format, for errors
	syntax  syntax.Syntax
	json    bool // that is its syntax
	o       Options
	set     shard.Set
	bytes   int64      // of all files
	heads   [][]string // the names that each file tells
	want    []string
	columns []column
	spec    loader.Spec
	blocks  []loader.Block
	places  []place // of each block

	pool *shard.Pool
	bufs *shard.Buffers
	free spare.List[rows]
	done atomic.Int64 // bytes, for o.Progress
}

// place is where a block lies.
type place struct {
	file int
	off  int64
	n    int
	line int64  // number of its first line
	sum  uint64 // XXH3 of its bytes, if there are indexes
}

// Open returns a source of files. The name is that of the format, for errors.
func Open(name string, set shard.Set, s syntax.Syntax, o Options) (*Source, error) {
	if o.Infer < 0 || o.Nulls > format.NullError {
		return nil, fmt.Errorf("%s: Infer %d, Nulls %d: %w", name, o.Infer, o.Nulls, loader.ErrSpec)
	}
	o.Infer = cmp.Or(o.Infer, inferRows)
	o.Limits = o.Limits.WithDefaults()
	o.Limits.RecordBytes = min(o.Limits.RecordBytes, math.MaxInt32)
	pool, err := shard.NewPool(set, o.Pool)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	_, json := s.(syntax.JSON)
	src := &Source{json: json, name: name, syntax: s, o: o, set: set, bytes: set.Bytes(), pool: pool, bufs: shard.NewBuffers(math.MaxInt64)}
	if err := src.open(); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", name, err), pool.Close())
	}
	return src, nil
}

func (s *Source) open() error {
	s.heads = make([][]string, len(s.set))
	err := ahead.Files(s.set, s.find, func(i int, found *layout) error {
		s.add(i, found)
		return nil
	})
	if err != nil {
		return err
	}
	if len(s.blocks) == 0 {
		return fmt.Errorf("no rows in %d files, the first of which is %s: %w", len(s.set), s.set[0].Path, loader.ErrCorrupt)
	}
	if err := s.infer(); err != nil {
		return err
	}
	for i, f := range s.set {
		if f.Size == 0 {
			continue
		}
		if _, err := s.syntax.Reader(s.heads[i], s.want); err != nil {
			return fmt.Errorf("%s: %w", f.Path, err)
		}
	}
	s.setMemory()
	return nil
}

// setMemory says how much memory blocks take: what was read, which Buffers round up by a
// quarter, what columns that vary make of it, what all columns have for each row, and the
// places that a grid notes.
func (s *Source) setMemory() {
	fixed, varying := int64(0), int64(1) // bytes for each row, and for each byte of text
	for c := range s.columns {
		col := &s.columns[c]
		fixed += int64(max(col.row, 8)) + 1 // one that varies has its end there
		switch {
		case col.texts:
			fixed += 8
			varying = max(varying, 3) // `"",` is a length
		case col.row < 0 && !col.text:
			varying = max(varying, int64(col.field.DType.Size())/2) // "1," is a number
		}
	}
	for i := range s.blocks {
		b := &s.blocks[i]
		apart := min(b.Rows, gridSize(int(b.Bytes), b.Rows)*b.Rows/int(b.Bytes)) // rows at once
		b.Memory = b.Bytes + b.Bytes/4 + varying*b.Bytes + int64(b.Rows)*fixed + int64(apart)*8*int64(len(s.columns)+1)
	}
}

// Spec implements loader.Source.
func (s *Source) Spec() loader.Spec { return s.spec }

// Blocks implements loader.Source.
func (s *Source) Blocks() []loader.Block { return s.blocks }

// Close closes the files. Rows that are open stay readable.
func (s *Source) Close() error {
	defer s.bufs.Close()
	return s.pool.Close()
}

// Fingerprint identifies the data by the names of the files and the spec; the
// loader adds the sizes.
func (s *Source) Fingerprint() string {
	h := sha256.New()
	for _, f := range s.set {
		fmt.Fprintf(h, "%q %d\n", filepath.Base(f.Path), f.Size)
	}
	for _, f := range s.spec {
		fmt.Fprintf(h, "%v %q\n", f, f.Names)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// layout is how a file is cut into blocks.
type layout struct {
	names  []string // that it tells
	blocks []block
}

// block is a part of a file with whole rows.
type block struct {
	place
	rows int
}

// add adds the blocks of file i.
func (s *Source) add(i int, l *layout) {
	s.heads[i] = l.names
	row := int64(0)
	for _, b := range l.blocks {
		s.blocks = append(s.blocks, loader.Block{Rows: b.rows, Bytes: int64(b.n), Shard: s.set[i].Path, FirstRow: row})
		b.file = i
		s.places = append(s.places, b.place)
		row += int64(b.rows)
	}
}

// scanner cuts a file into blocks.
type scanner struct {
	*Source
	layout
	file  int
	size  int64
	buf   []byte
	off   int64 // of buf in the file
	line  int64
	rows  int64
	begun bool // the head was read
}

// scan cuts file i into blocks of about the given size.
func (s *Source) scan(i, size int) (*layout, error) {
	if shard.Packed(s.set[i].Path) {
		return nil, fmt.Errorf("it is compressed, and no part of it can be read by itself: set UnpackDir: %w", loader.ErrSpec)
	}
	c := &scanner{Source: s, file: i, size: s.set[i].Size, buf: make([]byte, size), line: 1}
	for c.off < c.size {
		off := c.off
		if err := c.block(); err != nil {
			return nil, fmt.Errorf("line %d: %w", c.line, err)
		}
		s.progress(c.off - off)
	}
	return &c.layout, nil
}

// progress tells that n more bytes are looked through.
func (s *Source) progress(n int64) {
	if s.o.Progress != nil {
		s.o.Progress(s.done.Add(n), s.bytes)
	}
}

// block reads and counts what becomes the next block.
func (c *scanner) block() error {
	b, err := c.fill()
	if err != nil {
		return err
	}
	if !c.begun {
		c.begun = true
		names, n, err := c.syntax.Head(b)
		if err != nil {
			return err
		}
		if err := syntax.CheckNames(names, c.o.Limits.Columns); err != nil {
			return err
		}
		c.names = names
		c.pass(b[:n])
		if b = b[n:]; len(b) == 0 || c.syntax.Split(b) == 0 && c.off+int64(len(b)) < c.size {
			return nil // the next row begins a block of its own
		}
	}
	b, rows := c.whole(b)
	if c.rows += rows; c.rows > c.o.Limits.ShardRecords {
		return corrupt("more than %d rows", c.o.Limits.ShardRecords)
	}
	if rows > 0 {
		p := place{off: c.off, n: len(b), line: c.line}
		if c.o.IndexDir != "" {
			p.sum = xxh3.Hash(b)
		}
		c.layout.blocks = append(c.layout.blocks, block{p, int(rows)})
	}
	c.pass(b)
	return nil
}

// pass goes on behind b.
func (c *scanner) pass(b []byte) {
	c.off += int64(len(b))
	c.line += countLines(b)
}

// fill reads what follows: a block's worth, more if no row ends in it, or the rest.
func (c *scanner) fill() ([]byte, error) {
	for have := 0; ; {
		b := c.buf[:min(int64(len(c.buf)), c.size-c.off)]
		if err := c.pool.ReadAt(context.Background(), c.file, b[have:], c.off+int64(have)); err != nil {
			return nil, err
		}
		if have = len(b); c.off+int64(have) == c.size || c.ends(b) {
			return b, nil
		}
		if int64(have) >= c.o.Limits.RecordBytes {
			return nil, corrupt("a row is longer than %d bytes", c.o.Limits.RecordBytes)
		}
		c.buf = append(c.buf, make([]byte, len(c.buf))...)
	}
}

// ends reports whether a row ends in b: at the beginning of a file one with something
// in it, as it may hold the names.
func (c *scanner) ends(b []byte) bool {
	if !c.begun {
		b = b[syntax.Lead(b):]
	}
	return c.syntax.Split(b) > 0
}

// whole returns the whole rows of b, all of it at the end of a file, and their
// number. A row ends in b.
func (c *scanner) whole(b []byte) ([]byte, int64) {
	last := c.off+int64(len(b)) == c.size
	if c.syntax.Whole(b) {
		if !last {
			b = b[:lastLine(b)]
		}
		if n, ok := countRows(b); ok {
			return b, n
		}
	}
	at, rows := 0, int64(0)
	for at < len(b) {
		n := c.syntax.Split(b[at:])
		if n == 0 {
			if !last {
				break
			}
			n = len(b) - at
		}
		if !syntax.IsEmpty(b[at : at+n]) {
			rows++
		}
		at += n
	}
	return b[:at], rows
}

func corrupt(format string, args ...any) error {
	return fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), loader.ErrCorrupt)
}
