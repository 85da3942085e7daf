package jsonl

import (
	"fmt"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/format/internal/lines"
	"github.com/stokerdata/stoker/format/internal/syntax"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/shard"
)

// Options says what Open reads. The zero Options reads all members that objects of
// the first rows have.
type Options struct {
	// Columns lists the members to read, which become the fields in this order.
	// Nil means all that the first rows have.
	Columns []string
	// Fields gives columns, by name, a DType, a Shape, a Kind and the like; what is
	// zero follows from the first rows.
	Fields map[string]loader.Field
	// Nulls says what becomes of members that are null or missing. A column of
	// floats of fixed shape can hold them. Any other can if one of the first rows
	// does, or if Nullable names it.
	Nulls    format.Nulls
	Nullable []string
	// Infer is how many rows, from the first on, columns and their types follow
	// from. 0 means 1000.
	Infer int

	// Limits bounds Columns, RecordBytes of a row, ValueBytes of a text or list,
	// and ShardRecords, the rows of a file.
	Limits format.Limits
	// Pool says how the files are read: descriptors, retries, deadline.
	Pool shard.PoolConfig
	// Read says how blocks are read; one is a single read.
	Read shard.Plan
	// IndexDir is a directory for indexes of the files: where their rows begin. Open
	// makes it, and an index of each file, so that it need not read files through
	// again that have kept path, size and time. What is read later is compared with
	// sums in the index. Empty means that there are none.
	IndexDir string
	// UnpackDir is a directory on a fast drive for what files hold that are compressed
	// (.gz, .zst), of which no part can be read by itself. Open unpacks each into it
	// once, and anew where path, size or time are others; nothing is removed from it.
	// Empty means that such files are an error.
	UnpackDir string
	// Progress, if set, is called by Open now and then with the bytes done and those of
	// all, by several goroutines: of compressed files, if there are any, and then of all
	// files that are read through.
	Progress func(done, total int64)
}

// Source is a data set of rows, which implements loader.Source. Its blocks are
// parts of files of about 1 MiB. It is safe for concurrent use.
type Source = lines.Source

// Open opens the files that path names: a file, a directory, a glob or "@list", as
// package shard finds them; of a directory the files *.jsonl and *.ndjson, and with an
// UnpackDir also *.jsonl.gz and the like. It reads them once, or their indexes.
//
// Errors wrap loader.ErrCorrupt for damaged files, and loader.ErrSpec for columns
// that are missing or cannot have the type that Options.Fields gives them.
func Open(path string, o Options) (*Source, error) {
	set, err := lines.Find(path, o.UnpackDir, o.Pool, o.Progress, ".jsonl", ".ndjson")
	if err != nil {
		return nil, fmt.Errorf("jsonl: %w", err)
	}
	return lines.Open("jsonl", set, syntax.JSON{}, lines.Options{
		Columns: o.Columns, Fields: o.Fields, Nulls: o.Nulls, Nullable: o.Nullable,
		Infer: o.Infer, Limits: o.Limits, Pool: o.Pool, Read: o.Read, IndexDir: o.IndexDir, Progress: o.Progress,
	})
}
