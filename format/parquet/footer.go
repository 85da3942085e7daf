package parquet

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"slices"
	"strconv"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/format/internal/arrowschema"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/shard"
)

const (
	magic        = "PAR1"
	magicEncrypt = "PARE"
	tailBytes    = 8 // length of the footer, magic
	minFileBytes = len(magic) + tailBytes
)

// firstRead is what is read from the end of a shard in the hope that it holds
// the footer: 40 columns in 8 row groups take about 30 kB.
const firstRead = 64 << 10

// Write sets the metadata sumKey to the CRC-32C of the footer, with its eight
// digits as zeros, beside format.SpecKey.
const (
	sumKey    = "stoker.crc32c"
	sumDigits = 8
	noSum     = "00000000"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// footer is parquet.thrift's FileMetaData as it lies in the file, with its
// parts found but not read.
type footer struct {
	schema []byte // list of SchemaElement
	groups []byte // list of RowGroup
	rows   int64
	spec   string // value of format.SpecKey
	arrow  string // value of arrowschema.Key
	sum    string // value of sumKey
	sumAt  int    // where it lies
}

// readFooter returns the footer of shard i.
func (s *Source) readFooter(ctx context.Context, i int, f shard.File) ([]byte, error) {
	if f.Size < int64(minFileBytes) {
		return nil, fmt.Errorf("%d bytes are no Parquet file: %w", f.Size, loader.ErrCorrupt)
	}
	tail := make([]byte, min(f.Size, firstRead))
	if err := s.pool.ReadAt(ctx, i, tail, f.Size-int64(len(tail))); err != nil {
		return nil, err
	}
	var head [len(magic)]byte
	if int64(len(tail)) == f.Size {
		copy(head[:], tail)
	} else if err := s.pool.ReadAt(ctx, i, head[:], 0); err != nil {
		return nil, err
	}
	end := tail[len(tail)-tailBytes:]
	switch last := string(end[4:]); {
	case string(head[:]) == magicEncrypt || last == magicEncrypt:
		return nil, fmt.Errorf("is encrypted, which is not supported: %w", loader.ErrSpec)
	case string(head[:]) != magic || last != magic:
		return nil, fmt.Errorf("does not begin and end with %s: %w", magic, loader.ErrCorrupt)
	}
	n := int64(binary.LittleEndian.Uint32(end))
	if most := min(f.Size-int64(minFileBytes), s.limits.FooterBytes); n > most {
		return nil, fmt.Errorf("footer of %d bytes, of a file of %d and with a limit of %d: %w", n, f.Size, s.limits.FooterBytes, loader.ErrCorrupt)
	}
	if n > int64(len(tail)-tailBytes) {
		all := make([]byte, n)
		return all, s.pool.ReadAt(ctx, i, all, f.Size-tailBytes-n)
	}
	return tail[int64(len(tail)-tailBytes)-n : len(tail)-tailBytes], nil
}

// parseFooter finds the parts of a footer.
func parseFooter(raw []byte) (f footer, err error) {
	c := compact{b: raw}
	f.rows = -1
	encrypted := false
	part := func() []byte { // the value of a list field
		before := c.b
		c.skip(thriftList, 0)
		return before[:len(before)-len(c.b)]
	}
	c.fields(func(id int16, typ byte) bool {
		switch {
		case id == 2 && typ == thriftList:
			f.schema = part()
		case id == 3 && typ == thriftI64:
			f.rows = c.int()
		case id == 4 && typ == thriftList:
			f.groups = part()
		case id == 5 && typ == thriftList:
			c.structs(func(int) {
				switch key, value, left := readKeyValue(&c); key {
				case format.SpecKey:
					f.spec = string(value)
				case arrowschema.Key:
					f.arrow = string(value)
				case sumKey:
					f.sum, f.sumAt = string(value), len(raw)-left-len(value)
				}
			})
		case id == 8:
			encrypted = true
			return false
		default:
			return false
		}
		return true
	})
	switch {
	case c.bad || f.schema == nil || f.groups == nil || f.rows < 0:
		return f, fmt.Errorf("footer is malformed: %w", loader.ErrCorrupt)
	case encrypted:
		return f, fmt.Errorf("is encrypted, which is not supported: %w", loader.ErrSpec)
	}
	return f, nil
}

// readKeyValue also returns how many bytes of c lie behind the value.
func readKeyValue(c *compact) (key string, value []byte, left int) {
	c.fields(func(id int16, typ byte) bool {
		switch {
		case id == 1 && typ == thriftBinary:
			key = string(c.binary())
		case id == 2 && typ == thriftBinary:
			value = c.binary()
			left = len(c.b)
		default:
			return false
		}
		return true
	})
	return key, value, left
}

// checkSum verifies the checksum of a footer that has one. One flipped bit can
// hide the list of keys, but not the key in it.
func (f *footer) checkSum(raw []byte) error {
	if f.sum == "" && !bytes.Contains(raw, []byte(sumKey)) {
		return nil
	}
	want, err := strconv.ParseUint(f.sum, 16, 32)
	if err != nil || len(f.sum) != sumDigits || footerSum(raw, f.sumAt) != uint32(want) {
		return fmt.Errorf("checksum of the footer does not match: %w", loader.ErrCorrupt)
	}
	return nil
}

// footerSum returns the checksum of a footer whose digits lie at the given place.
func footerSum(raw []byte, at int) uint32 {
	sum := crc32.Update(0, castagnoli, raw[:at])
	sum = crc32.Update(sum, castagnoli, []byte(noSum))
	return crc32.Update(sum, castagnoli, raw[at+sumDigits:])
}

// A chunk is a column of a row group: parquet.thrift's ColumnMetaData.
type chunk struct {
	off, size    int64 // bytes in the file
	uncompressed int64
	values       int64
	codec        codec
	spills       bool  // some pages have other encodings than PLAIN and a dictionary
	index        int64 // where the offset index lies, 0 if there is none
	indexSize    int32
}

// A rowGroup is parquet.thrift's RowGroup, with the chunks of the columns that
// are read.
type rowGroup struct {
	rows     int64
	chunks   []chunk
	excluded bool    // by the statistics of a column
	bloom    []int64 // where the Bloom filters of the bounds lie, 0 for none
}

// A groupReader reads the row groups of a file.
type groupReader struct {
	compact
	leaves []leaf
	want   map[int][]int // leaf -> the places of its chunk in rowGroup.chunks
	n      int           // chunks of a row group
	where  []bound
	limits format.Limits
	size   int64 // of the file
	err    error // the first
}

// readGroups reads a list of row groups, and in each the chunks of the columns,
// in their order.
func readGroups(list []byte, l *layout, limits format.Limits, size int64) (groups []rowGroup, err error) {
	r := &groupReader{compact: compact{b: list}, leaves: l.leaves, want: make(map[int][]int), n: len(l.from), where: l.where, limits: limits, size: size}
	for k, l := range l.from {
		r.want[l] = append(r.want[l], k)
	}
	r.structs(func(i int) {
		g, err := r.group()
		if err != nil && r.err == nil {
			r.err = fmt.Errorf("row group %d: %w", i, err)
			r.fail()
		}
		groups = append(groups, g)
	})
	if r.err == nil && r.bad {
		r.err = fmt.Errorf("row groups are malformed: %w", loader.ErrCorrupt)
	}
	return groups, r.err
}

// group reads a row group.
func (r *groupReader) group() (g rowGroup, err error) {
	g = rowGroup{rows: -1, chunks: make([]chunk, r.n), bloom: make([]int64, len(r.where))}
	columns := 0
	r.fields(func(id int16, typ byte) bool {
		switch {
		case id == 1 && typ == thriftList:
			r.structs(func(k int) {
				columns++
				if e := r.chunk(k, &g); e != nil && err == nil {
					err = e
				}
			})
		case id == 3 && typ == thriftI64:
			g.rows = r.int()
		default:
			return false
		}
		return true
	})
	if err == nil && (g.rows < 0 || g.rows > r.limits.ShardRecords || columns != len(r.leaves)) {
		err = fmt.Errorf("%d rows and %d columns, the schema has %d: %w", g.rows, columns, len(r.leaves), loader.ErrCorrupt)
	}
	return g, err
}

// chunk reads the chunk of leaf k, or passes over it if it is not wanted.
func (r *groupReader) chunk(k int, g *rowGroup) error {
	places := r.want[k]
	bounded := slices.ContainsFunc(r.where, func(b bound) bool { return b.leaf.index == k })
	if len(places) == 0 && !bounded {
		r.skip(thriftStruct, 0)
		return nil
	}
	ch, m, err := readChunk(&r.compact, &r.leaves[k], r.limits, r.size)
	if err != nil {
		return fmt.Errorf("column %q: %w", r.leaves[k].name, err)
	}
	for i := range r.where {
		if b := &r.where[i]; b.leaf.index == k {
			g.excluded = g.excluded || b.excludes(&m.stats, m.values)
			g.bloom[i] = m.bloom
		}
	}
	for _, p := range places {
		g.chunks[p] = ch
	}
	return nil
}

// readChunk reads where a chunk lies, and checks that it lies in the file.
func readChunk(c *compact, l *leaf, limits format.Limits, size int64) (ch chunk, m columnMeta, err error) {
	encrypted, elsewhere := false, false
	m = columnMeta{stats: statistics{nulls: -1}, typ: -2, codec: -1, values: -1, uncompressed: -1, compressed: -1, data: -1}
	c.fields(func(id int16, typ byte) bool {
		switch {
		case id == 1 && typ == thriftBinary:
			elsewhere = len(c.binary()) > 0
		case id == 3 && typ == thriftStruct:
			m.read(c)
		case id == 4 && typ == thriftI64:
			ch.index = c.int()
		case id == 5 && typ == thriftI32:
			ch.indexSize = c.int32()
		case id == 8 || id == 9:
			encrypted = true
			return false
		default:
			return false
		}
		return true
	})
	switch {
	case encrypted:
		return ch, m, fmt.Errorf("is encrypted, which is not supported: %w", loader.ErrSpec)
	case elsewhere:
		return ch, m, fmt.Errorf("lies in another file, which is not supported: %w", loader.ErrSpec)
	case c.bad || m.values < 0 || m.uncompressed < 0 || m.compressed < 0 || m.data < 0:
		return ch, m, fmt.Errorf("metadata is malformed: %w", loader.ErrCorrupt)
	case m.typ != l.node.physical:
		return ch, m, fmt.Errorf("type differs from the schema's: %w", loader.ErrCorrupt)
	case !m.codec.known():
		return ch, m, fmt.Errorf("compressed by %v, which is not supported: %w", m.codec, loader.ErrSpec)
	case m.unknown > 0:
		return ch, m, fmt.Errorf("encoded by number %d, which is not supported: %w", m.unknown, loader.ErrSpec)
	case m.values == 0: // of a row group without rows, which Arrow says to lie at 0
		return ch, m, nil
	}
	if ch.index > 0 && int64(ch.indexSize) > size-tailBytes-ch.index {
		return ch, m, fmt.Errorf("offset index of %d bytes at %d lies outside of the file's %d: %w", ch.indexSize, ch.index, size, loader.ErrCorrupt)
	}
	ch.off, ch.size, ch.uncompressed, ch.values, ch.codec = m.data, m.compressed, m.uncompressed, m.values, m.codec
	ch.spills = m.spills
	if m.dictionary > 0 && m.dictionary < m.data {
		ch.off = m.dictionary
	}
	if ch.off < int64(len(magic)) || ch.size > size-tailBytes-ch.off {
		return ch, m, fmt.Errorf("%d bytes at %d lie outside of the file's %d: %w", ch.size, ch.off, size, loader.ErrCorrupt)
	}
	if ch.size > limits.BlockBytes {
		return ch, m, fmt.Errorf("%d bytes, the limit is %d: %w", ch.size, limits.BlockBytes, loader.ErrCorrupt)
	}
	return ch, m, nil
}

// columnMeta holds what is used of parquet.thrift's ColumnMetaData.
type columnMeta struct {
	typ                                                physical
	codec                                              codec
	values, uncompressed, compressed, data, dictionary int64
	bloom                                              int64
	stats                                              statistics
	spills                                             bool
	unknown                                            encoding
}

func (m *columnMeta) read(c *compact) {
	c.fields(func(id int16, typ byte) bool {
		switch {
		case id == 1 && typ == thriftI32:
			m.typ = physical(c.int32())
		case id == 2 && typ == thriftList:
			m.spills, m.unknown = readEncodings(c)
		case id == 4 && typ == thriftI32:
			m.codec = codec(c.int32())
		case id == 12 && typ == thriftStruct:
			m.stats.read(c)
		case typ != thriftI64:
			return false
		case id == 5:
			m.values = c.int()
		case id == 6:
			m.uncompressed = c.int()
		case id == 7:
			m.compressed = c.int()
		case id == 9:
			m.data = c.int()
		case id == 11:
			m.dictionary = c.int()
		case id == 14:
			m.bloom = c.int()
		default:
			return false
		}
		return true
	})
}

// readEncodings reads a list of encodings. It reports whether there are others than
// PLAIN and that of a dictionary, and one that no reader knew when this was written.
func readEncodings(c *compact) (spills bool, unknown encoding) {
	n, typ := c.list()
	if typ != thriftI32 && n > 0 {
		c.fail()
	}
	for ; n > 0 && !c.bad; n-- {
		switch e := encoding(c.int32()); {
		case e > byteStreamSplit:
			unknown = e
		case e != plain && !e.indexed() && e != rle && e != bitPacked:
			spills = true
		}
	}
	return spills, unknown
}
