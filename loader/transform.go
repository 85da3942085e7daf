package loader

// Transform changes samples. It is plain configuration, ready to be printed,
// compared and hashed into the fingerprint of a pipeline; Bind checks it
// against the fields that reach it, once, before any data moves.
//
// Two transforms of one type in a pipeline draw different random numbers; a
// transform keeps its draws when others are inserted around it.
type Transform interface {
	// Bind returns the stage that changes samples of spec in. It must not
	// change in (see Spec.Clone). Errors about fields wrap ErrSpec.
	Bind(in Spec) (Stage, error)
}

// Stage is a Transform bound to a Spec. Exactly one of Row, Regroup and Batch is
// set. In a pipeline row stages come first, then at most one Regroup, then
// batch stages. The functions are called by several workers at once.
type Stage struct {
	// Out describes what the stage hands on.
	Out Spec
	// Writes lists the fields that Row sets through Worker.Out; a field that
	// is only changed in place (Worker.Mutable) is not among them. The last
	// stage that writes a field writes straight into the batch.
	Writes []int
	// Row changes one sample. It may return Drop if Drops is set. Where rows are
	// dropped, batches are filled with the rows that follow, so that the ranks
	// of a World may get different numbers of batches.
	Row   func(w *Worker, s *Sample) error
	Drops bool
	// Op is what stages of one package know each other by, for Fuse; nil else.
	Op any
	// Fuse, which is optional, looks at the row stages behind this one and
	// returns how many of them it takes on, 0 if none, and what does the work of
	// all in the place of their Row functions, with the same bytes. That
	// function calls Worker.Enter where the work of another stage begins.
	Fuse func(next []Stage) (n int, row func(w *Worker, s *Sample) error)
	// Regroup changes the number of rows: packing, buckets, windows.
	Regroup *Regroup
	// Batch changes whole columns. It is called once for each batch. A column
	// whose element type or shape it changes is written through Batch.Replace.
	Batch func(w *Worker, b *Batch) error
}

// Regroup forms new rows from the rows that reach it, in their order.
type Regroup struct {
	// New returns the placer of one stream of rows.
	New func() Placer
	// Form sets out to row i of those that a closed bin gives. Nil means that
	// a bin of n rows gives these n rows as they are.
	Form func(w *Worker, in []Sample, i int, out *Sample) error
}

// Placer decides which rows are grouped. Its decisions follow from the rows in
// the open bins alone, so that a loader resumes by re-reading these rows: it
// calls Restore for each of them, in order, instead of Place.
type Placer interface {
	// Place puts s, which is valid during the call, into a bin or drops it,
	// and closes the bins that are complete, all through bins.
	Place(s *Sample, bins *Bins) error
	// Restore notes that s is in the given bin.
	Restore(s *Sample, bin int) error
	// Flush closes the bins that should be given at the end of an epoch.
	Flush(bins *Bins) error
}
