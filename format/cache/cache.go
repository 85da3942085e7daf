package cache

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"

	"github.com/stokerdata/stoker/internal/describe"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/shard"
)

// defaultBytes is as much as a loader holds without being told.
const defaultBytes = 4 << 30

// Options says what is cached and where.
type Options struct {
	// Transforms are applied before rows are cached. Each works on single rows,
	// keeps all of them and draws no random numbers. None means that rows are
	// cached as the source gives them.
	Transforms []loader.Transform
	// Bytes bounds what the rows take in memory or, with a Dir, in the folder of
	// this pipeline. 0 means 4 GiB.
	Bytes int64
	// Dir is a folder on a fast drive to keep rows in, for later runs too. It is
	// made if need be. Empty means that rows are kept in memory.
	Dir string
	// Version is part of what tells pipelines apart. It is to be changed with
	// whatever no Fingerprint shows, and required where there is a Dir and a
	// transform holds a function.
	Version string
	// Pool says how the files in Dir are read: descriptors, retries, deadline.
	Pool shard.PoolConfig
}

// Source is a source whose rows are cached. It implements loader.RandomSource
// and is safe for concurrent use.
type Source struct {
	src    loader.RandomSource
	chain  chain
	layout layout
	blocks []loader.Block
	first  []int64 // sample id of each block's first row
	print  string

	store  *store
	folder *folder   // nil in memory
	free   sync.Pool // of *rows

	hits, misses, damaged atomic.Int64
}

// Open returns a source of the rows of src behind o.Transforms. It reads no row,
// but with a Dir the indices of the files that are there. Errors about what does
// not fit together wrap loader.ErrSpec. Close of what it returns closes src.
func Open(src loader.Source, o Options) (*Source, error) {
	s, err := open(src, o)
	if err != nil {
		return nil, fmt.Errorf("cache: %w", err)
	}
	return s, nil
}

func open(src loader.Source, o Options) (*Source, error) {
	random, ok := src.(loader.RandomSource)
	if !ok {
		return nil, fmt.Errorf("%T is read in blocks, and only rows that are read one by one can be cached: %w", src, loader.ErrSpec)
	}
	if o.Bytes < 0 {
		return nil, fmt.Errorf("negative Bytes, %d: %w", o.Bytes, loader.ErrSpec)
	}
	if o.Bytes == 0 {
		o.Bytes = defaultBytes
	}
	c, err := newChain(src.Spec(), o.Transforms)
	if err != nil {
		return nil, err
	}
	s := &Source{src: random, chain: c, layout: newLayout(c.out)}
	s.free.New = func() any { return &rows{src: s} }
	opaque := s.fingerprint(o)
	n := s.cut(o.Dir != "")
	s.store = newStore(n, o.Bytes)
	if o.Dir == "" {
		return s, nil
	}
	if opaque && o.Version == "" {
		return nil, fmt.Errorf("a transform holds a function, so that Dir needs a Version that is changed with what it does: %w", loader.ErrSpec)
	}
	s.folder, err = openFolder(o.Dir, s.sum(), s.store, &s.layout, o.Pool)
	return s, err
}

// cut lists the blocks and returns the number of rows. Blocks are the same for
// all Bytes, and with and without a Dir unless src needs no reading, so that the
// State of a loader is good for all of them.
func (s *Source) cut(spills bool) (n int64) {
	for _, b := range s.src.Blocks() {
		s.first = append(s.first, n)
		n += int64(b.Rows)
		if b.Bytes > 0 || spills {
			b.Bytes = max(b.Bytes, int64(b.Rows)*int64(max(1, s.layout.fixed)))
		}
		s.blocks = append(s.blocks, b)
	}
	return n
}

// fingerprint sets the fingerprint, and reports whether transforms hold what it
// cannot cover.
func (s *Source) fingerprint(o Options) (opaque bool) {
	h := sha256.New()
	fmt.Fprintf(h, "stoker cache\n")
	for _, f := range s.src.Spec() {
		fmt.Fprintf(h, "%v %q\n", f, f.Names)
	}
	for _, b := range s.src.Blocks() {
		fmt.Fprintf(h, "%d %d,", b.Rows, b.Bytes)
	}
	if f, ok := s.src.(interface{ Fingerprint() string }); ok {
		fmt.Fprintf(h, "%q", f.Fingerprint())
	}
	for _, t := range o.Transforms {
		opaque = describe.Write(h, t) || opaque
	}
	fmt.Fprintf(h, "%q", o.Version)
	s.print = hex.EncodeToString(h.Sum(nil)[:16])
	return opaque
}

// sum returns what tells the files of this pipeline from all others: beside the
// fingerprint that is the form of the records and the version of what transforms
// make.
func (s *Source) sum() [32]byte {
	h := sha256.New()
	fmt.Fprintf(h, "%s\nrecords %d, contract %d, order %x\n", s.print, version, describe.Contract, binary.NativeEndian.AppendUint16(nil, 1))
	for _, f := range s.chain.out {
		fmt.Fprintf(h, "%v\n", f)
	}
	return [32]byte(h.Sum(nil))
}

// Spec implements loader.Source: it describes the rows behind the transforms.
func (s *Source) Spec() loader.Spec { return s.chain.out }

// Blocks implements loader.Source.
func (s *Source) Blocks() []loader.Block { return s.blocks }

// Fingerprint identifies the data by that of the source, the transforms and
// Options.Version. It does not depend on where rows are cached.
func (s *Source) Fingerprint() string { return s.print }

// Locate says where a row lies in the source, for errors.
func (s *Source) Locate(ref loader.Ref) (shard string, row int64) {
	if l, ok := s.src.(interface {
		Locate(loader.Ref) (string, int64)
	}); ok {
		return l.Locate(ref)
	}
	b := &s.blocks[ref.Block]
	return b.Shard, b.FirstRow + int64(ref.Row)
}

// Stats tells what a cache holds and has done.
type Stats struct {
	// Rows is the number of rows that are cached, Bytes what they take.
	Rows, Bytes int64
	// Hits is how many rows were found, and Misses how many were read from the
	// source, since Open.
	Hits, Misses int64
	// Damaged is how many rows of the folder could not be read or were not what
	// was written. They were made anew.
	Damaged int64
	// Err is why rows are no longer written to the folder, nil if they are.
	Err error
}

// Stats returns the counts so far.
func (s *Source) Stats() Stats {
	st := Stats{
		Rows: s.store.cached.Load(), Bytes: s.store.bytes.Load(),
		Hits: s.hits.Load(), Misses: s.misses.Load(), Damaged: s.damaged.Load(),
	}
	if s.folder != nil {
		st.Err = s.folder.failed()
	}
	return st
}

// Close writes what a Dir still lacks and closes the source, if it can be
// closed. Rows that are open stay readable. The error is also why rows were not
// written before.
func (s *Source) Close() error {
	s.store.stop()
	var errs []error
	if s.folder != nil {
		errs = append(errs, s.folder.close())
	}
	if c, ok := s.src.(io.Closer); ok {
		errs = append(errs, c.Close())
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("cache: %w", err)
	}
	return nil
}
