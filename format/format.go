// Package format holds what the sub-packages that read and write data sets
// share. Each of them reads one layout of files as it lies, and offers
//
//	Open(path string, o Options) (*Source, error)
//	Write(ctx context.Context, path string, batches iter.Seq2[*loader.Batch, error], o WriteOptions) ([]Written, error)
//
// where the batches usually are a Loader's, so that any source and pipeline can
// be made into a data set of files. Open of feather returns a loader.Source, as
// what the files hold decides how they are read. What is better kept in another
// layout, tables of text and arrays of NumPy, is read only.
//
// Options are called the same in all of them and stand in one order: Columns,
// Fields, Joins, Where, Nulls, Limits, Pool, Read for reading; Columns, RowsPerGroup or
// RowsPerBatch, RowsPerShard, BytesPerShard, Codec, Progress for writing. Files
// appear whole, all together, or not at all.
package format

// Limits bounds what a reader believes of a file that somebody else made. A
// zero field means its default; a file that breaks a limit gives an error that
// wraps loader.ErrCorrupt.
type Limits struct {
	FooterBytes  int64 // footer or metadata block; default 64 MiB, never more than the file
	Columns      int   // columns of a schema; default 16,384
	Depth        int   // nesting of a schema; default 64
	BlockBytes   int64 // decoded bytes of a row group or record batch; default 4 GiB
	PageBytes    int64 // decoded bytes of a page or buffer; default 256 MiB
	ValueBytes   int64 // one string, binary or list value; default 64 MiB
	RecordBytes  int64 // one file of a folder, one line of a manifest; default 256 MiB
	ShardRecords int64 // rows of a shard; default 2^40
}

// WithDefaults returns l with the default in the place of each zero.
func (l Limits) WithDefaults() Limits {
	set := func(p *int64, n int64) {
		if *p == 0 {
			*p = n
		}
	}
	set(&l.FooterBytes, 64<<20)
	set(&l.BlockBytes, 4<<30)
	set(&l.PageBytes, 256<<20)
	set(&l.ValueBytes, 64<<20)
	set(&l.RecordBytes, 256<<20)
	set(&l.ShardRecords, 1<<40)
	if l.Columns == 0 {
		l.Columns = 16384
	}
	if l.Depth == 0 {
		l.Depth = 64
	}
	return l
}

// Progress is called by writers after each shard and at least once a second
// with what is written so far. It may be nil.
type Progress func(Written)

// Written tells what a writer has made: one shard, or all so far.
type Written struct {
	Path  string // the shard
	Rows  int64
	Bytes int64
}
