package raw

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"path/filepath"
	"sync"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/format/internal/elem"
	"github.com/stokerdata/stoker/format/internal/reads"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/shard"
)

// recordBlockBytes bounds the blocks that files are cut into.
const recordBlockBytes = 64 << 20

// RecordOptions says what fixed-size records hold. A record of CIFAR-10 is
//
//	loader.Spec{
//		{Name: "label", DType: dtype.Uint8, Kind: kind.Label},
//		{Name: "image", DType: dtype.Uint8, Shape: loader.Dims(3, 32, 32), Kind: kind.Image},
//	}
type RecordOptions struct {
	// Fields lists what a record holds, in order and without gaps. Shapes are
	// fixed. Required.
	Fields loader.Spec
	// Header is the number of bytes before the first record of each file.
	Header int64
	// ByteOrder is that of numbers of several bytes. Nil means little-endian.
	ByteOrder binary.ByteOrder
	// Limits bounds RecordBytes, the size of a record, and ShardRecords, the
	// records of a file.
	Limits format.Limits
	// Pool says how the files are read: descriptors, retries, deadline.
	Pool shard.PoolConfig
	// Read says how records that lie close to each other are merged into reads.
	// GapBytes 0 means one record here, so that a read holds at most twice what
	// is asked for, and Concurrency 0 means 1, as the loader opens many chunks
	// of rows at once.
	Read shard.Plan
}

// Records is a data set of fixed-size records. It is safe for concurrent use.
type Records struct {
	spec   loader.Spec
	layout layout
	header int64
	blocks []loader.Block
	shards []int // of each block

	files   *reads.Files
	inPlace bool      // a record is a value as it lies, and may be read to its place
	free    sync.Pool // of *recordRows
}

// OpenRecords returns a source of the records in the files that patterns name,
// in the order of [shard.Find]. It reads none of them, but checks their sizes.
// A block is a file, or a part of one that is large; empty files are left out.
func OpenRecords(patterns []string, o RecordOptions) (*Records, error) {
	limits := o.Limits.WithDefaults()
	l, err := newLayout(o.Fields, o.ByteOrder)
	if err != nil {
		return nil, fmt.Errorf("raw: records: %w", err)
	}
	if int64(l.bytes) > limits.RecordBytes || o.Header < 0 {
		return nil, fmt.Errorf("raw: records of %d bytes behind %d, the limit is %d: %w", l.bytes, o.Header, limits.RecordBytes, loader.ErrSpec)
	}
	set, err := shard.Find(context.Background(), patterns...)
	if err != nil {
		return nil, fmt.Errorf("raw: %w", err)
	}
	s := &Records{spec: o.Fields.Clone(), layout: l, header: o.Header}
	s.inPlace = len(l.fields) == 1 && !l.fields[0].swap && reads.InPlace(o.Pool)
	s.free.New = func() any { return &recordRows{src: s} }
	for i, f := range set {
		if err := s.addFile(i, f, limits); err != nil {
			return nil, fmt.Errorf("raw: %s: %w", f.Path, err)
		}
	}
	if len(s.blocks) == 0 {
		return nil, fmt.Errorf("raw: no records in %q: %w", patterns, loader.ErrCorrupt)
	}
	if s.files, err = reads.Open(set, o.Pool, o.Read, l.bytes); err != nil {
		return nil, err
	}
	return s, nil
}

// addFile cuts file i into blocks.
func (s *Records) addFile(i int, f shard.File, limits format.Limits) error {
	size := int64(s.layout.bytes)
	n, rest := (f.Size-s.header)/size, (f.Size-s.header)%size
	switch {
	case f.Size < s.header:
		return fmt.Errorf("%d bytes, less than a header of %d: %w", f.Size, s.header, loader.ErrCorrupt)
	case rest != 0:
		return fmt.Errorf("%d bytes are %d records of %d bytes and %d bytes more: %w", f.Size-s.header, n, size, rest, loader.ErrCorrupt)
	case n > limits.ShardRecords:
		return fmt.Errorf("%d records, the limit is %d: %w", n, limits.ShardRecords, loader.ErrCorrupt)
	}
	most := max(1, recordBlockBytes/size)
	for first := int64(0); first < n; first += most {
		rows := min(most, n-first)
		s.blocks = append(s.blocks, loader.Block{Rows: int(rows), Bytes: rows * size, Shard: f.Path, FirstRow: first})
		s.shards = append(s.shards, i)
	}
	return nil
}

// Spec implements loader.Source.
func (s *Records) Spec() loader.Spec { return s.spec }

// Blocks implements loader.Source.
func (s *Records) Blocks() []loader.Block { return s.blocks }

// Fingerprint identifies the data by the names of the files and the spec; the
// loader adds the sizes.
func (s *Records) Fingerprint() string {
	h := sha256.New()
	for _, b := range s.blocks {
		fmt.Fprintf(h, "%q %d\n", filepath.Base(b.Shard), b.FirstRow)
	}
	fmt.Fprintf(h, "%v %d\n", s.spec, s.header)
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// Close closes the files. Rows that are open stay readable.
func (s *Records) Close() error { return s.files.Close() }

// layout is where the fields of a record lie.
type layout struct {
	fields []place
	bytes  int // of a record
}

// place is one field of a record.
type place struct {
	dtype dtype.Type
	shape loader.Shape
	at, n int  // bytes
	swap  bool // bytes of an element are in the other order than the machine's
}

func newLayout(fields loader.Spec, order binary.ByteOrder) (layout, error) {
	var l layout
	if order == nil {
		order = binary.LittleEndian
	}
	swap := elem.IsBig(order) != elem.IsBig(binary.NativeEndian)
	for i, f := range fields {
		n := f.Shape.Len()
		switch {
		case f.Name == "" || fields.Index(f.Name) != i:
			return l, fmt.Errorf("field %d needs a name of its own, not %q: %w", i, f.Name, loader.ErrSpec)
		case !f.DType.Valid():
			return l, fmt.Errorf("field %q has no element type: %w", f.Name, loader.ErrSpec)
		case n <= 0 || n > math.MaxInt32/f.DType.Size()-l.bytes:
			return l, fmt.Errorf("field %q has the shape %v, which must be fixed and below 2 GiB: %w", f.Name, f.Shape, loader.ErrSpec)
		}
		n *= f.DType.Size()
		l.fields = append(l.fields, place{f.DType, f.Shape, l.bytes, n, swap && f.DType.Size() > 1})
		l.bytes += n
	}
	if l.bytes == 0 {
		return l, fmt.Errorf("no Fields: %w", loader.ErrSpec)
	}
	return l, nil
}

// check returns an error if src, the bytes of a field, is no value of it.
func (p *place) check(src []byte) error {
	if p.dtype != dtype.Bool {
		return nil
	}
	return elem.CheckBools(src)
}

// copy sets dst, aligned or not, to the elements in src.
func (p *place) copy(dst, src []byte) {
	if &dst[0] != &src[0] { // what was read to its place lies there already
		copy(dst, src)
	}
	if p.swap {
		elem.Swap(dst, p.dtype.Size())
	}
}
