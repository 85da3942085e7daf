package tokens

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"path/filepath"
	"sync"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/format/internal/reads"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
	"github.com/stokerdata/stoker/shard"
)

// blockBytes bounds blocks, which matter only to who opens one as a whole.
const blockBytes = 256 << 20

// Names of the fields.
const (
	tokensField    = "tokens"
	targetsField   = "targets"
	segmentsField  = "segment_ids"
	positionsField = "position_ids"
)

// Stored says how tokens lie in files.
type Stored struct {
	// DType is that of a token: Uint16, Uint32 or Int32, little-endian. Invalid
	// means what the Megatron index says that lies beside a file, x.idx beside
	// x.bin, and Uint16 where there is none.
	DType dtype.Type
	// Header is the number of bytes before the first token of each file: 0 for
	// nanoGPT and Megatron, 1024 for llm.c.
	Header int64
	// Vocabulary is how many tokens there are: a number that is not below it is
	// damage. 0 means 2^31-1.
	Vocabulary int
}

// Options says how Open cuts files into windows.
type Options struct {
	// Window is the number of tokens of a row. Required.
	Window int
	// Stride is how many tokens a window begins behind the last one of its file.
	// 0 means Window. With 1 every token begins a window, as nanoGPT draws them.
	Stride int
	// Targets adds the field "targets", which holds for each token the next one.
	// The windows then are one token longer in the files, so that neighbours
	// overlap by one.
	Targets bool
	// Ends lists the tokens that end a document, GPT-2's 50256 for example. If
	// there are any, two more fields tell the documents of a window apart:
	// "segment_ids" counts them from 1, and "position_ids" the tokens of each
	// from 0, or from where the window begins. A token in Ends is the last of its
	// document.
	Ends []uint32
	// DType is that of all fields: Int32 or Int64. Invalid means Int32.
	DType dtype.Type

	// Stored says how tokens lie in the files.
	Stored Stored
	// Limits bounds RecordBytes, the size of a window, and ShardRecords, the
	// windows of a file.
	Limits format.Limits
	// Pool says how the files are read: descriptors, retries, deadline.
	Pool shard.PoolConfig
	// Read says how windows that lie close to each other are merged into reads.
	// GapBytes 0 means a window, Concurrency 0 means 1.
	Read shard.Plan
}

// Source is a data set of windows. It is safe for concurrent use.
type Source struct {
	source
	window, stride int
	whole          int // tokens that a window is made from
	ends           []uint32
	fields         fields
}

// source is what both kinds of data sets are made of.
type source struct {
	spec   loader.Spec
	blocks []loader.Block
	shards []int // of each block
	widths []int // bytes of a token, by file
	stored Stored
	files  *reads.Files
	span   func(loader.Ref) (at int64, n int) // the tokens of a row, in its file
	free   sync.Pool                          // of *rows
}

// fields are the numbers of fields, -1 for those that are not there.
type fields struct{ tokens, targets, segments, positions int }

// Open returns a source of the windows of the files that path names: a file, a
// directory, a glob or "@list", as package shard finds them; of a directory the
// files *.bin. It reads none of them, but checks their sizes and reads the heads
// of Megatron indexes. Windows do not reach from one file into the next, and what
// is left behind the last whole window of a file is not used.
//
// The rows are
//
//	tokens        int32 (window), kind.Tokens
//	targets       int32 (window), kind.Tokens
//	segment_ids   int32 (window)
//	position_ids  int32 (window)
//
// of which the first is always there. Errors wrap loader.ErrCorrupt for files that
// hold no whole number of tokens, and loader.ErrSpec for impossible options.
func Open(path string, o Options) (*Source, error) {
	s := &Source{window: o.Window, stride: o.Stride, whole: o.Window, ends: o.Ends}
	if s.stride == 0 {
		s.stride = s.window
	}
	if o.Targets {
		s.whole++
	}
	s.span = s.windowAt
	s.free.New = func() any {
		r := &windowRows{rows{src: &s.source}, s}
		r.is = r
		return &r.rows
	}
	limits := o.Limits.WithDefaults()
	if s.window <= 0 || s.stride <= 0 || int64(s.whole) > min(limits.RecordBytes, math.MaxInt32)/maxWidth {
		return nil, fmt.Errorf("tokens: windows of %d tokens every %d, Limits.RecordBytes is %d: %w", o.Window, s.stride, limits.RecordBytes, loader.ErrSpec)
	}
	if err := s.describe(o); err != nil {
		return nil, fmt.Errorf("tokens: %w", err)
	}
	set, err := s.find(path, o.Stored)
	if err != nil {
		return nil, fmt.Errorf("tokens: %w", err)
	}
	for i, f := range set {
		if err := s.addFile(i, f, limits); err != nil {
			return nil, fmt.Errorf("tokens: %s: %w", f.Path, err)
		}
	}
	if len(s.blocks) == 0 {
		return nil, fmt.Errorf("tokens: no file of %s holds a window of %d tokens: %w", path, s.whole, loader.ErrCorrupt)
	}
	s.files, err = reads.Open(set, o.Pool, o.Read, s.whole*maxWidth)
	if err != nil {
		return nil, fmt.Errorf("tokens: %w", err)
	}
	return s, nil
}

// describe makes the spec.
func (s *Source) describe(o Options) error {
	t := cmp.Or(o.DType, dtype.Int32)
	if t != dtype.Int32 && t != dtype.Int64 {
		return fmt.Errorf("fields are int32 or int64, not %v: %w", t, loader.ErrSpec)
	}
	add := func(name string, k kind.Kind, wanted bool) int {
		if !wanted {
			return -1
		}
		s.spec = append(s.spec, loader.Field{Name: name, DType: t, Shape: loader.Dims(o.Window), Kind: k})
		return len(s.spec) - 1
	}
	s.fields = fields{
		tokens: add(tokensField, kind.Tokens, true), targets: add(targetsField, kind.Tokens, o.Targets),
		segments: add(segmentsField, kind.Plain, len(o.Ends) > 0), positions: add(positionsField, kind.Plain, len(o.Ends) > 0),
	}
	return nil
}

// find lists the files and finds out how wide their tokens are.
func (s *source) find(path string, stored Stored) (shard.Set, error) {
	s.stored = stored
	switch stored.DType {
	case dtype.Invalid, dtype.Uint16, dtype.Uint32, dtype.Int32:
	default:
		return nil, fmt.Errorf("stored tokens are uint16, uint32 or int32, not %v: %w", stored.DType, loader.ErrSpec)
	}
	if stored.Header < 0 || stored.Vocabulary < 0 || stored.Vocabulary > math.MaxInt32 {
		return nil, fmt.Errorf("a header of %d bytes, a vocabulary of %d: %w", stored.Header, stored.Vocabulary, loader.ErrSpec)
	}
	set, err := shard.Finder{Ext: []string{binExt}}.Find(context.Background(), path)
	if err != nil {
		return nil, err
	}
	for _, f := range set {
		t := stored.DType
		if t == dtype.Invalid {
			if t, err = indexedType(f.Path); err != nil {
				return nil, err
			}
		}
		s.widths = append(s.widths, t.Size())
		switch rest := f.Size - stored.Header; {
		case rest < 0:
			return nil, fmt.Errorf("%s: %d bytes, less than a header of %d: %w", f.Path, f.Size, stored.Header, loader.ErrCorrupt)
		case rest%int64(t.Size()) != 0:
			return nil, fmt.Errorf("%s: %d bytes are no whole number of tokens of %d bytes: %w", f.Path, rest, t.Size(), loader.ErrCorrupt)
		}
	}
	return set, nil
}

// count returns the tokens of a file.
func (s *source) count(i int, f shard.File) int64 {
	return (f.Size - s.stored.Header) / int64(s.widths[i])
}

// addFile cuts file i into blocks.
func (s *Source) addFile(i int, f shard.File, limits format.Limits) error {
	n := s.count(i, f)
	if n < int64(s.whole) {
		return nil
	}
	rows := (n-int64(s.whole))/int64(s.stride) + 1
	if rows > limits.ShardRecords {
		return fmt.Errorf("%d windows, Limits.ShardRecords is %d: %w", rows, limits.ShardRecords, loader.ErrCorrupt)
	}
	size := int64(s.whole * s.widths[i])
	most := max(1, blockBytes/size)
	for first := int64(0); first < rows; first += most {
		n := min(most, rows-first)
		s.blocks = append(s.blocks, loader.Block{Rows: int(n), Bytes: n * size, Shard: f.Path, FirstRow: first})
		s.shards = append(s.shards, i)
	}
	return nil
}

// windowAt returns the tokens of a window.
func (s *Source) windowAt(ref loader.Ref) (at int64, n int) {
	return (s.blocks[ref.Block].FirstRow + int64(ref.Row)) * int64(s.stride), s.whole
}

// Spec implements loader.Source.
func (s *source) Spec() loader.Spec { return s.spec }

// Blocks implements loader.Source.
func (s *source) Blocks() []loader.Block { return s.blocks }

// Close closes the files. Rows that are open stay readable.
func (s *source) Close() error { return s.files.Close() }

// Fingerprint identifies the data by the names of the files and how they are cut;
// the loader adds the sizes.
func (s *Source) Fingerprint() string {
	return s.fingerprint(fmt.Sprint(s.window, s.stride, s.whole, s.ends))
}

func (s *source) fingerprint(more string) string {
	h := sha256.New()
	for i, b := range s.blocks {
		fmt.Fprintf(h, "%q %d %d\n", filepath.Base(b.Shard), b.FirstRow, s.widths[s.shards[i]])
	}
	fmt.Fprintf(h, "%v %d %s\n", s.spec, s.stored.Header, more)
	return hex.EncodeToString(h.Sum(nil)[:16])
}
