package csv

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/format/internal/lines"
	"github.com/stokerdata/stoker/format/internal/syntax"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/shard"
)

// Options says what Open reads. The zero Options reads all columns of files that
// begin with a row of names.
type Options struct {
	// Comma stands between cells. 0 means a tab in files called *.tsv, and a comma in
	// others; not both can be opened as one.
	Comma byte
	// Header names the columns of files that do not begin with a row of names.
	Header []string

	// Columns lists the columns to read, which become the fields in this order.
	// Nil means all.
	Columns []string
	// Fields gives columns, by name, a DType, a Kind and the like; what is zero
	// follows from the first rows.
	Fields map[string]loader.Field
	// Nulls says what becomes of empty cells. A column of floats can hold them.
	// Any other can if one of the first rows does, or if Nullable names it.
	Nulls    format.Nulls
	Nullable []string
	// Infer is how many rows, from the first on, the types of columns follow from.
	// 0 means 1000.
	Infer int

	// Limits bounds Columns, RecordBytes of a row, ValueBytes of a cell, and
	// ShardRecords, the rows of a file.
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
// package shard finds them; of a directory the files *.csv and *.tsv, and with an
// UnpackDir also *.csv.gz and the like. It reads them once, or their indexes. All must
// have the wanted columns, in any order; empty files are left out.
//
// Errors wrap loader.ErrCorrupt for damaged files, and loader.ErrSpec for columns
// that are missing or cannot have the type that Options.Fields gives them.
func Open(path string, o Options) (*Source, error) {
	set, err := lines.Find(path, o.UnpackDir, o.Pool, o.Progress, ".csv", ".tsv")
	if err == nil && o.Comma == 0 {
		o.Comma, err = commaOf(set)
	}
	if err == nil && (strings.IndexByte("\"\r\n", o.Comma) >= 0 || o.Comma > '~') {
		err = fmt.Errorf("cells cannot end with Comma %q: %w", o.Comma, loader.ErrSpec)
	}
	if err != nil {
		return nil, fmt.Errorf("csv: %w", err)
	}
	return lines.Open("csv", set, syntax.CSV{Comma: o.Comma, Columns: o.Header}, lines.Options{
		Columns: o.Columns, Fields: o.Fields, Nulls: o.Nulls, Nullable: o.Nullable,
		Infer: o.Infer, Limits: o.Limits, Pool: o.Pool, Read: o.Read, IndexDir: o.IndexDir, Progress: o.Progress,
	})
}

// commaOf returns what stands between cells, by the names of the files.
func commaOf(set shard.Set) (byte, error) {
	of := func(f shard.File) byte {
		if strings.EqualFold(filepath.Ext(f.Path), ".tsv") {
			return '\t'
		}
		return ','
	}
	for _, f := range set[1:] {
		if of(f) != of(set[0]) {
			return 0, fmt.Errorf("%s has %q between cells by its name, and %s %q; open them apart, or set Comma: %w",
				set[0].Path, of(set[0]), f.Path, of(f), loader.ErrSpec)
		}
	}
	return of(set[0]), nil
}
