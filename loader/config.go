package loader

import (
	"fmt"
	"runtime"

	"github.com/stokerdata/stoker/loader/remainder"
)

// Config says what a Loader delivers. The zero Config with a BatchSize works:
// one epoch, in the order of the source, on one rank.
type Config struct {
	// BatchSize is the rows of a batch on one rank. Required.
	BatchSize int
	// Epochs is how often the data is gone through; 0 means once, a negative
	// number without end. Prefetching goes on across the end of an epoch.
	Epochs int
	// Seed makes the order and all augmentation; 0 is a seed like any other.
	Seed uint64
	// Order decides which sample stands where; nil means Sequential.
	Order Order
	// Transforms are applied one after another: first those that work on rows,
	// then at most one that regroups them, then those that work on batches.
	Transforms []Transform
	// Remainder says what becomes of the rows at the end of an epoch that do
	// not fill a batch; the zero value delivers them as a shorter batch.
	Remainder remainder.Policy

	// Rank and World say which part of every global batch this process takes:
	// of World*BatchSize consecutive positions, the Rank-th BatchSize. World 0
	// means 1. All ranks get the same number of batches, unless a transform
	// drops or regroups rows: each rank does so by itself.
	Rank, World int
	// Resume is a position to go on from, nil for the beginning. It may come
	// from another World and BatchSize with the same product; from another
	// product too, if no blocks are mixed and it divides the position. Behind a
	// transform that drops or regroups rows, Rank and World must be the same.
	Resume *State
	// OnError says what a damaged sample does; the zero policy stops.
	OnError ErrorPolicy
	// AsReady delivers batches in the order in which they get ready, for the
	// sake of speed with samples of very uneven cost. Their contents do not
	// change, and State still resumes without loss or repetition.
	AsReady bool

	// Workers is the number of goroutines that decode and transform; 0 means
	// GOMAXPROCS.
	Workers int
	// Readers is the number of goroutines that wait for reads; 0 means 16, or 4
	// if the source is read in blocks or along its shards. They rest while all that
	// is read is found in memory: workers read for themselves then.
	Readers int
	// Prefetch is the number of batches that are built ahead of the one in
	// hand, and the window in which slow samples are overtaken. 0 means enough
	// for 64 samples a worker, and as many as 16 while these take no more than
	// 1 MiB a worker, within Memory.
	Prefetch int
	// ReadAhead is the number of blocks that are read beyond those that the
	// order mixes, for sources read in blocks. 0 means a quarter of those, at
	// least 2.
	ReadAhead int
	// MaxKept is the number of batches that may be kept (Batch.Keep) without
	// loss of Prefetch; the stream waits for a Release when MaxKept+Prefetch are.
	// 0 means 4.
	MaxKept int
	// Memory bounds the bytes that the loader holds. New reduces Prefetch and
	// ReadAhead to fit and fails if one batch ahead still does not. 0 means
	// 4 GiB. Batches lie on the Go heap, unless Alloc says otherwise: for a program
	// that makes garbage, the runtime lets that grow as large as they are, and
	// GOMEMLIMIT holds it back. Most of what is read lies elsewhere.
	Memory int64
	// Alloc returns the memory in which the columns of a batch are handed out,
	// at least so many bytes, aligned to 8, which the loader uses from then on:
	// memory that is shared with another process or registered with a device,
	// into which batches are then built without a copy. It holds the fields of
	// fixed shape in the order of Loader.Spec, each at the next multiple of 64.
	// Alloc is called by All, at most Prefetch+MaxKept times as long as no run
	// ends with Stats.Stuck, and always for the same size; it must not call the
	// loader. Nil means the Go heap.
	Alloc func(bytes int) []byte
}

const (
	defaultReaders   = 16
	defaultStreamers = 4 // readers of blocks, or of long runs of rows: more only get into each other's way
	defaultKept      = 4
	defaultMemory    = 4 << 30
	windowPerWorker  = 64 // samples in flight per worker: 28-56 % of ideal speed below, 90 % here, with 1 % slow samples
	minPrefetch      = 3
	maxPrefetch      = 64
	smallPrefetch    = 16      // batches ahead, if so many
	smallBatches     = 1 << 20 // take no more bytes than this a worker, whose cache holds them: hand-overs of small batches are worth sharing
)

func (c Config) check() error {
	switch {
	case c.BatchSize <= 0:
		return fmt.Errorf("loader: BatchSize is %d", c.BatchSize)
	case c.World < 0 || c.Rank < 0 || c.Rank >= max(1, c.World):
		return fmt.Errorf("loader: Rank %d of World %d", c.Rank, c.World)
	case c.Memory < 0 || min(c.Workers, c.Readers, c.Prefetch, c.ReadAhead, c.MaxKept) < 0:
		return fmt.Errorf("loader: Workers %d, Readers %d, Prefetch %d, ReadAhead %d, MaxKept %d, Memory %d: none may be negative",
			c.Workers, c.Readers, c.Prefetch, c.ReadAhead, c.MaxKept, c.Memory)
	case c.Remainder > remainder.Repeat:
		return fmt.Errorf("loader: unknown Remainder %d", c.Remainder)
	}
	return nil
}

func (c Config) withDefaults() Config {
	set := func(p *int, n int) {
		if *p == 0 {
			*p = n
		}
	}
	set(&c.World, 1)
	set(&c.Epochs, 1)
	set(&c.Workers, runtime.GOMAXPROCS(0))
	set(&c.MaxKept, defaultKept)
	if c.Memory == 0 {
		c.Memory = defaultMemory
	}
	if c.Order == nil {
		c.Order = Sequential{}
	}
	if c.Alloc == nil {
		c.Alloc = newBytes
	}
	return c
}
