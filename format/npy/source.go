package npy

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"sync"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/format/internal/ahead"
	"github.com/stokerdata/stoker/format/internal/fields"
	"github.com/stokerdata/stoker/format/internal/reads"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/shard"
)

const (
	// onlyField is the field of the array of a .npy file.
	onlyField = "array"
	// gapBytes is the largest gap between lines of a crop to read over, if
	// Options.Read does not say otherwise: what shard.Plan has for local disks.
	gapBytes = 64 << 10
	// blockBytes bounds the blocks that stacks are cut into, which matter only to
	// who opens one as a whole.
	blockBytes = 256 << 20
)

// Options says what Open reads. The zero Options reads all arrays, a file as a row.
type Options struct {
	// Columns lists the arrays to read, which become the fields in this order.
	// Nil means all of the first file.
	Columns []string
	// Fields adds to arrays, by name, what the files do not say: Kind, Canvas,
	// Follows, Names, Mirror, Rate. The DType of a uint16 array may be bfloat16.
	Fields map[string]loader.Field
	// Stack makes each index of the first axis a row. All arrays of a file must
	// have as many, and must not be compressed.
	Stack bool
	// Reverse takes arrays in Fortran order with their dimensions in reverse, as
	// (z, y, x) what NumPy calls (x, y, z): so they lie in the file. Without it
	// they are refused.
	Reverse bool
	// Crop reads a part of each row.
	Crop RandomCrop
	// SkipCRC leaves the CRC of arrays in .npz files unchecked. That of an array
	// of which a part is read is never checked.
	SkipCRC bool

	// Limits bounds RecordBytes, the size of an array or, of a stack, of a row,
	// and ShardRecords, the rows of a file.
	Limits format.Limits
	// Pool says how the files are read: descriptors, retries, deadline.
	Pool shard.PoolConfig
	// Read says how parts of files are merged into reads. Concurrency 0 means 1.
	Read shard.Plan
}

// Source is a data set of arrays. It is safe for concurrent use.
type Source struct {
	spec    loader.Spec
	blocks  []loader.Block
	shards  []int // of each block
	lists   [][]array
	crops   []bool // fields of which a part is read
	first   int    // the first of them, or -1
	o       Options
	gap     int
	files   *reads.Files
	inPlace bool      // a row is one array as it lies, and may be read to its place
	free    sync.Pool // of *rows
	sum     string

	inflaters sync.Pool // of *inflate.Reader
}

// Open returns a source of the arrays in the files that path names: a file, a
// directory, a glob or "@list", as package shard finds them; of a directory the
// files *.npy and *.npz. It reads the headers of all arrays.
//
// All files must have the wanted arrays, with the same element types and as many
// dimensions. A dimension that differs between files varies in the field. Errors
// wrap loader.ErrCorrupt for damaged files, and loader.ErrSpec for arrays that are
// missing, of other types, or not readable.
func Open(path string, o Options) (*Source, error) {
	set, err := shard.Finder{Ext: []string{npyExt, npzExt}}.Find(context.Background(), path)
	if err != nil {
		return nil, fmt.Errorf("npy: %w", err)
	}
	o.Limits = o.Limits.WithDefaults()
	o.Limits.RecordBytes = min(o.Limits.RecordBytes, math.MaxInt/2)
	s := &Source{o: o, gap: max(0, cmp.Or(o.Read.GapBytes, gapBytes))}
	if s.files, err = reads.Open(set, o.Pool, o.Read, gapBytes); err != nil {
		return nil, fmt.Errorf("npy: %w", err)
	}
	if err := s.open(set); err != nil {
		s.files.Close()
		return nil, fmt.Errorf("npy: %w", err)
	}
	s.free.New = func() any { return newRows(s) }
	return s, nil
}

// open reads the headers of all files.
func (s *Source) open(set shard.Set) error {
	for lo, hi := 0, 1; lo < len(set); lo, hi = hi, len(set) { // the first one says which arrays there are
		err := ahead.Files(set[lo:hi], func(i int) ([]array, error) {
			look := file{pool: s.files.Pool, index: lo + i, size: set[lo+i].Size}
			return look.arrays(set[lo+i].Path, s.o.Columns)
		}, func(_ int, found []array) error { return s.addFile(found) })
		if err != nil {
			return err
		}
	}
	if err := fields.Describe(s.spec, s.o.Fields); err != nil {
		return err
	}
	if err := s.o.Crop.bind(s); err != nil {
		return err
	}
	for i, f := range set {
		if err := s.addBlocks(i, f); err != nil {
			return fmt.Errorf("%s: %w", f.Path, err)
		}
	}
	if len(s.blocks) == 0 {
		return fmt.Errorf("no rows in %d files, the first of which is %s: %w", len(set), set[0].Path, loader.ErrCorrupt)
	}
	s.inPlace = reads.InPlace(s.o.Pool) && len(s.spec) == 1 && s.first < 0 && !slices.ContainsFunc(s.lists, func(list []array) bool {
		return list[0].deflated || list[0].swap
	})
	s.fingerprint()
	return nil
}

// addFile adds a file with the arrays that were found, of which it takes those wanted.
func (s *Source) addFile(found []array) error {
	if s.o.Columns == nil {
		for _, a := range found {
			s.o.Columns = append(s.o.Columns, a.name)
		}
	}
	if n := len(s.o.Columns); n == 0 || n > s.o.Limits.Columns {
		return fmt.Errorf("%d arrays, Limits.Columns is %d: %w", n, s.o.Limits.Columns, loader.ErrSpec)
	}
	list := make([]array, 0, len(s.o.Columns))
	for _, name := range s.o.Columns {
		if name == "" {
			return fmt.Errorf("an array has no name: say in Options.Columns which to read: %w", loader.ErrSpec)
		}
		k := slices.IndexFunc(found, func(a array) bool { return a.name == name })
		if k < 0 {
			return fmt.Errorf("no array %q: %w", name, loader.ErrSpec)
		}
		if err := s.check(&found[k]); err != nil {
			return fmt.Errorf("array %q: %w", name, err)
		}
		list = append(list, found[k])
	}
	s.lists = append(s.lists, list)
	return s.merge(list)
}

// check finds out whether an array can be read as the options ask for.
func (s *Source) check(a *array) error {
	if a.fortran && len(a.dims) > 1 {
		if !s.o.Reverse || s.o.Stack {
			return fmt.Errorf("it is in Fortran order (see Options.Reverse; stacks cannot be): %w", loader.ErrSpec)
		}
		slices.Reverse(a.dims)
	}
	size := a.bytes
	if size > math.MaxInt/2 {
		return corrupt("%d bytes", size)
	}
	if s.o.Stack {
		if len(a.dims) == 0 || a.deflated {
			return fmt.Errorf("a stack needs a first axis and no compression: %w", loader.ErrSpec)
		}
		size = a.rowBytes(s.o.Stack)
	}
	if most := s.o.Limits.RecordBytes; size > most && (a.deflated || !s.o.Crop.takes(a.name)) || a.deflated && a.size > most {
		return corrupt("%d bytes, Limits.RecordBytes is %d", size, most)
	}
	return nil
}

// rowBytes returns the bytes of a row, whose dimensions are dims.
func (a *array) rowBytes(stack bool) int64 {
	if !stack || a.dims[0] == 0 {
		return a.bytes
	}
	return a.bytes / int64(a.dims[0])
}

// row returns the dimensions of a row.
func (a *array) row(stack bool) []int {
	if stack {
		return a.dims[1:]
	}
	return a.dims
}

// merge compares the arrays of a file with those of the files before.
func (s *Source) merge(list []array) error {
	if s.spec == nil {
		for _, a := range list {
			s.spec = append(s.spec, loader.Field{Name: a.name, DType: a.dtype, Shape: loader.Dims(a.row(s.o.Stack)...)})
		}
	}
	for k, a := range list {
		f, dims := &s.spec[k], a.row(s.o.Stack)
		if a.dtype != f.DType || len(dims) != f.Shape.Rank() {
			return fmt.Errorf("array %q is %v with %d dimensions, in the first file %v: %w", a.name, a.dtype, len(dims), *f, loader.ErrSpec)
		}
		for d, n := range dims {
			if n != f.Shape.Dim(d) {
				f.Shape = f.Shape.WithDim(d, -1)
			}
		}
		if s.o.Stack && a.dims[0] != list[0].dims[0] {
			return corrupt("array %q has %d rows, %q has %d", a.name, a.dims[0], list[0].name, list[0].dims[0])
		}
	}
	return nil
}

// addBlocks forms the blocks of file i.
func (s *Source) addBlocks(i int, f shard.File) error {
	rows, size := int64(1), int64(0)
	if s.o.Stack {
		rows = int64(s.lists[i][0].dims[0])
	}
	if rows > s.o.Limits.ShardRecords {
		return corrupt("%d rows, Limits.ShardRecords is %d", rows, s.o.Limits.ShardRecords)
	}
	for k := range s.lists[i] {
		n, err := s.readBytes(i, k)
		if err != nil {
			return fmt.Errorf("array %q: %w", s.spec[k].Name, err)
		}
		size += n
	}
	if err := s.o.Crop.alike(s, s.lists[i]); err != nil {
		return err
	}
	size = max(size, 1) // opening arrays without elements is for a reader as well
	most := max(1, blockBytes/size)
	for first := int64(0); first < rows; first += most {
		n := min(most, rows-first)
		s.blocks = append(s.blocks, loader.Block{Rows: int(n), Bytes: n * size, Shard: f.Path, FirstRow: first})
		s.shards = append(s.shards, i)
	}
	return nil
}

// readBytes returns the bytes that are read for a row of field k of file i.
func (s *Source) readBytes(i, k int) (int64, error) {
	a := &s.lists[i][k]
	if s.crops[k] {
		w, err := s.o.Crop.window(s, a)
		if err != nil {
			return 0, err
		}
		if !a.deflated {
			return int64(w.count() * w.extent), nil
		}
	}
	if s.o.Stack {
		return a.rowBytes(true), nil
	}
	return a.size, nil
}

// fingerprint sets what identifies the data beside the sizes of blocks: the names
// of the files, and the names, places and checksums of arrays.
func (s *Source) fingerprint() {
	h := sha256.New()
	for i, b := range s.blocks {
		fmt.Fprintf(h, "%q %d\n", filepath.Base(b.Shard), b.FirstRow)
		if b.FirstRow > 0 {
			continue
		}
		for _, a := range s.lists[s.shards[i]] {
			fmt.Fprintf(h, "%q %v %d %d %x\n", a.name, a.dims, a.off, a.size, a.crc)
		}
	}
	fmt.Fprintf(h, "%v %t %+v\n", s.spec, s.o.Stack, s.o.Crop)
	s.sum = hex.EncodeToString(h.Sum(nil)[:16])
}

// Spec implements loader.Source.
func (s *Source) Spec() loader.Spec { return s.spec }

// Blocks implements loader.Source.
func (s *Source) Blocks() []loader.Block { return s.blocks }

// Fingerprint identifies the data by the names of the files, and the names, shapes
// and checksums of arrays.
func (s *Source) Fingerprint() string { return s.sum }

// Close closes the files. Rows that are open stay readable.
func (s *Source) Close() error { return s.files.Close() }
