package raw

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/shard"
)

// The size of a block, which matters only to who opens one as a whole.
const (
	blockRows  = 64 << 10
	blockBytes = 256 << 20
)

// Source is a data set with one sample in each file, and columns that lie in
// memory. It is safe for concurrent use.
type Source struct {
	name    string      // of the folder or manifest
	spec    loader.Spec // the file's bytes, then the columns
	columns []column
	blocks  []loader.Block

	names string  // paths of all files, one after another
	ends  []int64 // of each path in names
	sizes []int32
	skip  int // bytes of a path before it is below dir; 0 for manifests

	pool  *shard.Pool
	bufs  *shard.Buffers
	batch bool      // files of a chunk are read together
	keeps bool      // a read may be given up, and then keeps its buffer
	free  sync.Pool // of *rows

	table []byte // sum of the manifest that the columns are from
	sum   func() string
}

// newSource returns a Source of the files of set, without any field.
func newSource(name string, set shard.Set, limits format.Limits, pool shard.PoolConfig) (*Source, error) {
	limit := min(limits.WithDefaults().RecordBytes, math.MaxInt32)
	pool.MaxFileBytes = limit
	s := &Source{name: name, bufs: newBuffers()}
	s.batch = pool.Backend == shard.Ring || pool.Backend == shard.DirectRing
	s.keeps = pool.Deadline > 0 || pool.Backend == shard.Ring
	s.free.New = func() any { return &rows{src: s} }
	s.sum = sync.OnceValue(s.hash)
	for _, f := range set {
		if f.Size > limit {
			return nil, fmt.Errorf("%s: %d bytes, the limit is %d: %w", f.Path, f.Size, limit, loader.ErrCorrupt)
		}
	}
	s.keep(set)
	s.cut()
	var err error
	if s.pool, err = shard.NewPool(set, pool); err != nil {
		return nil, err
	}
	return s, nil
}

// newBuffers returns buffers whose budget is the loader's affair: it bounds the
// rows that are open at a time.
func newBuffers() *shard.Buffers { return shard.NewBuffers(math.MaxInt64) }

// keep stores the paths of set as one string, and lets set refer to that: a
// million small strings would cost as much memory again, and time to collect.
func (s *Source) keep(set shard.Set) {
	n := 0
	for _, f := range set {
		n += len(f.Path)
	}
	var all strings.Builder
	all.Grow(n)
	s.ends = make([]int64, len(set))
	s.sizes = make([]int32, len(set))
	for i, f := range set {
		all.WriteString(f.Path)
		s.ends[i] = int64(all.Len())
		s.sizes[i] = int32(f.Size)
	}
	s.names = all.String()
	for i := range set {
		set[i].Path = s.path(i)
	}
}

// cut forms the blocks.
func (s *Source) cut() {
	var b loader.Block
	for i, size := range s.sizes {
		if b.Rows == blockRows || b.Rows > 0 && b.Bytes+int64(size) > blockBytes {
			s.blocks = append(s.blocks, b)
			b = loader.Block{}
		}
		if b.Rows == 0 {
			b.Shard, b.FirstRow = s.name, int64(i)
		}
		b.Rows++
		b.Bytes += int64(size)
	}
	s.blocks = append(s.blocks, b)
	for i := range s.blocks {
		s.blocks[i].Bytes = max(1, s.blocks[i].Bytes) // opening empty files is I/O as well
	}
}

// add appends a field and the column that holds it.
func (s *Source) add(f loader.Field, c column) error {
	if s.spec.Index(f.Name) >= 0 {
		return fmt.Errorf("two fields are called %q: %w", f.Name, loader.ErrSpec)
	}
	s.spec, _ = s.spec.With(f)
	s.columns = append(s.columns, c)
	return nil
}

// Len returns the number of rows.
func (s *Source) Len() int { return len(s.sizes) }

// Spec implements loader.Source.
func (s *Source) Spec() loader.Spec { return s.spec }

// Blocks implements loader.Source.
func (s *Source) Blocks() []loader.Block { return s.blocks }

// Close closes the files. Rows that are open stay readable.
func (s *Source) Close() error {
	defer s.bufs.Close()
	return s.pool.Close()
}

// Fingerprint identifies the data by the names and sizes of the files, wherever
// the folder lies, the columns and the spec.
func (s *Source) Fingerprint() string { return s.sum() }

func (s *Source) hash() string {
	h := sha256.New()
	for i, size := range s.sizes {
		fmt.Fprintf(h, "%q %d\n", s.rel(i), size)
	}
	for _, f := range s.spec {
		fmt.Fprintf(h, "%v %q\n", f, f.Names)
	}
	h.Write(s.table)
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// path returns the path that opens file i.
func (s *Source) path(i int) string {
	start := int64(0)
	if i > 0 {
		start = s.ends[i-1]
	}
	return s.names[start:s.ends[i]]
}

// rel returns the path of file i below the folder.
func (s *Source) rel(i int) string { return filepath.ToSlash(s.path(i)[s.skip:]) }

// Open implements loader.Source: it reads all files of block i.
func (s *Source) Open(ctx context.Context, i int) (loader.Rows, error) {
	r := s.free.Get().(*rows)
	r.at = r.at[:0]
	for k := range s.blocks[i].Rows {
		r.at = append(r.at, int(s.blocks[i].FirstRow)+k)
	}
	return r.open(ctx, nil)
}

// OpenRows implements loader.RandomSource.
func (s *Source) OpenRows(ctx context.Context, refs []loader.Ref) (loader.Rows, error) {
	return s.OpenInto(ctx, refs, nil)
}

// OpenInto is OpenRows, reading the files into the given memory: see
// [loader.RandomSource].
func (s *Source) OpenInto(ctx context.Context, refs []loader.Ref, to []byte) (loader.Rows, error) {
	r := s.free.Get().(*rows)
	r.at = r.at[:0]
	for _, ref := range refs {
		r.at = append(r.at, s.row(ref))
	}
	return r.open(ctx, to)
}

// Sizes says how large files are, for OpenInto: see [loader.RandomSource].
func (s *Source) Sizes(refs []loader.Ref, bytes []int64) (field int) {
	if s.keeps {
		return -1
	}
	for i, ref := range refs {
		bytes[i] = int64(s.sizes[s.row(ref)])
	}
	return 0
}

// row returns the number of a row in the source.
func (s *Source) row(ref loader.Ref) int { return int(s.blocks[ref.Block].FirstRow) + ref.Row }

// Locate returns the file that holds a row, and the row's number in the source,
// for errors.
func (s *Source) Locate(ref loader.Ref) (file string, row int64) {
	i := s.row(ref)
	return s.path(i), int64(i)
}

// rows is a number of files, read into one buffer.
type rows struct {
	src    *Source
	at     []int // row of the source that is row i here
	data   [][]byte
	errs   []error // of reading row i
	buf    []byte  // that holds them, unless they were read into the loader's
	ranges []shard.Range
	lost   bool // a read that hangs still owns buf
}

// open reads the files r.at one behind another: to where it is told, or into a
// buffer of its own.
func (r *rows) open(ctx context.Context, to []byte) (loader.Rows, error) {
	if r.src.batch && r.together(ctx, to) {
		return r, nil
	}
	if to == nil {
		total := 0
		for _, i := range r.at {
			total += int(r.src.sizes[i])
		}
		var err error
		if r.buf, err = r.src.bufs.Get(ctx, total); err != nil {
			r.src.free.Put(r)
			return nil, fmt.Errorf("raw: %s: %w", r.src.name, err)
		}
		to = r.buf
	}
	next := 0
	for _, i := range r.at {
		end := next + int(r.src.sizes[i])
		data, err := r.src.pool.ReadFile(ctx, i, to[next:next:end])
		r.lost = r.lost || errors.Is(err, shard.ErrAbandoned)
		if cause := cmp.Or(ctx.Err(), closed(err)); cause != nil {
			r.Close()
			return nil, fmt.Errorf("raw: %s: %w", r.src.name, cause)
		}
		r.data, r.errs = append(r.data, data), append(r.errs, err)
		next = end
	}
	return r, nil
}

// together reads all files at once, in the order of their paths, to where it is told
// or into a buffer, and reports whether it could: if not, open finds out which it is.
func (r *rows) together(ctx context.Context, to []byte) bool {
	r.ranges = r.ranges[:0]
	next := 0
	for k, i := range r.at {
		x := shard.Range{File: i, Len: int(r.src.sizes[i]), Tag: k}
		if to != nil {
			x.Tag, x.Data = next, to[next:next+x.Len:next+x.Len]
		}
		r.ranges = append(r.ranges, x)
		next += x.Len
	}
	plan := shard.Plan{Concurrency: len(r.at)}
	var err error
	if to != nil {
		err = r.src.pool.ReadInto(ctx, to, plan, r.ranges)
	} else {
		r.buf, err = r.src.pool.Fetch(ctx, r.src.bufs, plan, r.ranges)
	}
	if err != nil {
		return false
	}
	r.data, r.errs = slices.Grow(r.data, len(r.at))[:len(r.at)], slices.Grow(r.errs, len(r.at))[:len(r.at)]
	for k := range r.ranges {
		x := &r.ranges[k]
		row := k
		if to == nil { // Fetch sorts them
			row = x.Tag
		}
		r.data[row], r.errs[row], x.Data = x.Data, nil, nil
	}
	return true
}

// closed returns fs.ErrClosed if that is what err is about.
func closed(err error) error {
	if errors.Is(err, fs.ErrClosed) {
		return fs.ErrClosed
	}
	return nil
}

// Row implements loader.Rows.
func (r *rows) Row(w *loader.Worker, i int, s *loader.Sample) error {
	row := r.at[i]
	if err := r.errs[i]; err != nil {
		return &loader.SampleError{ID: s.ID, Shard: r.src.name, Row: int64(row), Stage: "read", Err: err}
	}
	data := r.data[i]
	s.Set(0, dtype.Uint8, loader.Dims(len(data)), data)
	for k, c := range r.src.columns {
		c.put(w, s, k+1, row)
	}
	return nil
}

// Close implements loader.Rows.
func (r *rows) Close() error {
	if r.lost {
		r.src.bufs.Abandon(r.buf)
	} else {
		r.src.bufs.Put(r.buf)
	}
	clear(r.data)
	clear(r.errs)
	r.data, r.errs, r.buf, r.lost = r.data[:0], r.errs[:0], nil, false
	r.src.free.Put(r)
	return nil
}
