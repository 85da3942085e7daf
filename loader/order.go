package loader

// Order decides which sample stands where. It is plain configuration; the
// order it gives is a function of the Pass alone.
type Order interface {
	// Plan returns the order of one epoch.
	Plan(p Pass) Plan
}

// Pass describes one epoch over a data set.
type Pass struct {
	Seed, Epoch uint64
	// Blocks is the layout of the source.
	Blocks []Block
	// Random says that rows are cheap to read one by one (RandomSource).
	Random bool
	// Batch is the number of rows in a global batch, all ranks together.
	Batch int
}

// Plan is the order of one epoch: a pure function from position to row. It is
// safe for concurrent use.
//
// One in which long runs of a block's rows stand as they lie may spare the loader the
// work for each of them. It implements
//
//	Run(pos int64) (first Ref, n int64)
//
// which returns the row at position pos, and how many rows from there on, at least
// that one, are each the next of its block, with the same Draw.
type Plan interface {
	// Len returns the number of positions.
	Len() int64
	// At sets refs to the rows at positions pos, pos+1, ... It allocates nothing.
	At(pos int64, refs []Ref)
}

// runPlan is a Plan that tells where rows follow one another.
type runPlan interface {
	Run(pos int64) (first Ref, n int64)
}
