package loader

import (
	"context"

	"github.com/stokerdata/stoker/internal/prng"
)

// Source is a data set laid out in blocks, the units that are cheapest to read
// as a whole: a row group, a record batch, a folder of small files. Sample ids
// number the rows through all blocks from 0, in the order of Blocks.
//
// A Source must be safe for concurrent use. Loader.Close closes one that
// implements io.Closer. One that implements Fingerprint() string adds it to what
// a State must match: what tells its data from other data of the same layout.
// One that implements Locate(Ref) (shard string, row int64) says in errors where
// a row lies, instead of Block.Shard and FirstRow.
type Source interface {
	// Spec describes the rows. It does not change.
	Spec() Spec
	// Blocks lists the blocks; the loader does not change the slice.
	Blocks() []Block
	// Open reads block i. It does I/O and no decoding, and returns early when
	// ctx is done. Several blocks are opened at once.
	Open(ctx context.Context, i int) (Rows, error)
}

// Block describes a unit of reading.
type Block struct {
	Rows int
	// Bytes is what Open reads. 0 means that Open does no I/O: the loader then
	// calls it on a worker instead of handing it to a reader.
	Bytes int64
	// Memory is the bytes that an open block holds; 0 means Bytes.
	Memory int64
	// Shard and FirstRow say in errors where the block lies.
	Shard    string
	FirstRow int64
}

// RandomSource is a Source whose rows are cheap to read one by one. The loader
// then shuffles exactly, over all rows, and never opens a block as a whole.
//
// One that knows before it reads how large the values of a field are may spare
// the copy of them into batches. It implements
//
//	Sizes(refs []Ref, bytes []int64) (field int)
//	OpenInto(ctx context.Context, refs []Ref, to []byte) (Rows, error)
//
// Sizes, which does no I/O, sets bytes[i] to the size of that field in row refs[i]
// and returns its index, always the same, or -1 if there is none. OpenInto is
// OpenRows, but reads the values of the field to where they belong in the batch:
// into to, whose length is the sum of their sizes, one behind another. What Row or
// Gather set the field to is then that memory. It is the loader's, so nothing may
// write to it after OpenInto has returned, not even a read that was given up. Who
// embeds such a source and changes its OpenRows changes these two as well.
type RandomSource interface {
	Source
	// OpenRows reads the given rows, like Open. Row i of what it returns is
	// refs[i]; refs is the loader's and stays as it is until Rows.Close.
	OpenRows(ctx context.Context, refs []Ref) (Rows, error)
}

// inPlace is a RandomSource that reads a field straight into batches.
type inPlace interface {
	Sizes(refs []Ref, bytes []int64) (field int)
	OpenInto(ctx context.Context, refs []Ref, to []byte) (Rows, error)
}

// locator is a Source whose rows each lie somewhere else.
type locator interface {
	Locate(ref Ref) (shard string, row int64)
}

// Ref names a row by block and row within the block.
type Ref struct {
	Block, Row int
	// Draw numbers the visits of an Order that visits a row several times in
	// an epoch, so that each draws its own augmentation.
	Draw int

	stream uint64 // the source's random numbers in an epoch, 0 for none
}

// Key returns a random number of this visit, for a source that reads a part of a
// row that is drawn: a function of seed, epoch, Block, Row and Draw alone. It is 0
// unless OpenRows got r from the loader itself, and then asks for a part that is
// always the same.
func (r Ref) Key() uint64 {
	if r.stream == 0 {
		return 0
	}
	return prng.Mix(prng.Mix(r.stream, uint64(r.Block)), key(int64(r.Row), r.Draw))
}

// Rows is what a Source has opened. Row decodes and does no I/O; it is safe
// for concurrent use by several workers until Close. Rows whose memory is to be
// recycled (no allocation per sample) go back to a free list in Close.
type Rows interface {
	// Row sets the fields of s to those of row i, either to memory from w.Out
	// or to memory that stays as it is until Close. The loader never writes to
	// the latter.
	Row(w *Worker, i int, s *Sample) error
	Close() error
}

// Gatherer is implemented by Rows that copy whole columns, so that a table
// never becomes rows. The loader uses it when no transform works on rows.
type Gatherer interface {
	Rows
	// Gather sets the picked rows of the batch's columns: fixed columns by writing
	// into Batch.Column, varying ones by Batch.Set, or several rows at once by
	// Batch.SetRun.
	Gather(w *Worker, p Pick, b *Batch) error
}

// Pick says which rows are gathered: row Rows[k] becomes row At[k] of the batch, for
// all k. Nobody but the loader may write to the lists.
type Pick struct {
	Rows, At []int
	// Run says that the rows follow one another, as their places do.
	Run bool
}

// Decoder is implemented by Rows of Source.Open that decode a block as a whole
// before the first Row or Gather. The loader calls Decode once for each part, on
// several workers at once. Rows of OpenRows are never decoded so.
type Decoder interface {
	Rows
	Parts() int
	Decode(w *Worker, part int) error
}
