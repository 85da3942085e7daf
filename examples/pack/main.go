// Command pack turns a folder of many small files into a few large shards, and
// shards back into a folder.
//
// Usage:
//
//	go run ./examples/pack [-shard MIB] [-labels] FOLDER SHARDS
//	go run ./examples/pack -unpack SHARDS FOLDER
//
// SHARDS is a path that ends in .arrow (Feather) or .parquet: "out/train.arrow"
// gives out/train-00000-of-00016.arrow and so on. A row has the fields "file", the
// bytes of a file as they are, "path", where it lay below the folder, and with
// -labels "label", which is the name of the folder it lay in. Footers are the index:
// feather.Open and parquet.Open find each row without reading others. Hidden and
// temporary files and empty folders are left out, as raw.Open does it, and so are modes
// and times.
//
// Opening a small file costs several times as much as reading it, so a data set of
// images is read some times faster from shards, most of all past the page cache.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"iter"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/stokerdata/stoker/examples/internal/console"
	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/format/feather"
	"github.com/stokerdata/stoker/format/parquet"
	"github.com/stokerdata/stoker/format/raw"
	"github.com/stokerdata/stoker/loader"
)

// config is what the command line says.
type config struct {
	from, to string
	unpack   bool
	labels   bool
	shardMiB int64
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	c, err := parse(os.Args[1:])
	if err == nil {
		err = run(ctx, c, console.New(os.Stdout))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "pack:", err)
		os.Exit(1)
	}
}

// parse reads the command line.
func parse(args []string) (config, error) {
	var c config
	f := flag.NewFlagSet("pack", flag.ExitOnError)
	f.BoolVar(&c.unpack, "unpack", false, "make a folder of shards")
	f.BoolVar(&c.labels, "labels", false, "add the name of each file's folder as a label")
	f.Int64Var(&c.shardMiB, "shard", 256, "size of a shard in `MiB`, 0 for one file")
	f.Parse(args) // it ends the program on an error
	switch {
	case f.NArg() != 2:
		return c, errors.New("two arguments are needed: what is read, and what is made")
	case c.shardMiB < 0 || c.unpack && c.labels:
		return c, errors.New("-shard must not be negative, and -labels does not go with -unpack")
	}
	c.from, c.to = f.Arg(0), f.Arg(1)
	return c, nil
}

// The fields of a row.
const (
	fileField = "file"
	pathField = "path"
)

// run packs or unpacks, and says what it made.
func run(ctx context.Context, c config, out *console.Console) error {
	start := time.Now()
	if err := os.MkdirAll(filepath.Dir(c.to), 0o777); err != nil {
		return err
	}
	do := pack
	if c.unpack {
		do = unpack
	}
	made, err := do(ctx, c, func(w format.Written) { out.Live("%d files, %.1f MB so far", w.Rows, float64(w.Bytes)/1e6) })
	if err != nil {
		return err
	}
	var all format.Written
	for _, w := range made {
		all.Rows, all.Bytes = all.Rows+w.Rows, all.Bytes+w.Bytes
	}
	took := time.Since(start)
	out.Line("%d files, %d bytes, %d shards: %.0f files/s, %.0f MB/s", all.Rows, all.Bytes, len(made),
		float64(all.Rows)/took.Seconds(), float64(all.Bytes)/1e6/took.Seconds())
	return nil
}

// pack writes the files of a folder to shards.
func pack(ctx context.Context, c config, progress format.Progress) ([]format.Written, error) {
	o := raw.Options{Field: fileField, Path: pathField}
	if c.labels {
		o.Label = raw.ParentDir
	}
	src, err := raw.Open(c.from, o)
	if err != nil {
		return nil, err
	}
	bytes := c.shardMiB << 20
	switch filepath.Ext(c.to) {
	case ".arrow":
		return feather.Write(ctx, c.to, inOrder(ctx, src), feather.WriteOptions{BytesPerShard: bytes, Progress: progress})
	case ".parquet":
		return parquet.Write(ctx, c.to, inOrder(ctx, src), parquet.WriteOptions{BytesPerShard: bytes, Codec: parquet.Uncompressed, Progress: progress})
	}
	return nil, errors.Join(fmt.Errorf("%s ends neither in .arrow nor in .parquet", c.to), src.Close())
}

// unpack writes the rows of shards to a folder.
func unpack(ctx context.Context, c config, progress format.Progress) ([]format.Written, error) {
	var src loader.Source
	var err error
	columns := []string{fileField, pathField}
	switch filepath.Ext(c.from) {
	case ".arrow":
		src, err = feather.Open(c.from, feather.Options{Columns: columns, Nulls: format.NullError})
	case ".parquet":
		src, err = parquet.Open(c.from, parquet.Options{Columns: columns, Nulls: format.NullError})
	default:
		err = fmt.Errorf("%s ends neither in .arrow nor in .parquet", c.from)
	}
	if err != nil {
		return nil, err
	}
	return raw.Write(ctx, c.to, inOrder(ctx, src), raw.WriteOptions{Field: fileField, Path: pathField, Progress: progress})
}

// inOrder gives all rows of src once, in batches, and closes it.
func inOrder(ctx context.Context, src loader.Source) iter.Seq2[*loader.Batch, error] {
	return func(yield func(*loader.Batch, error) bool) {
		ld, err := open(src)
		if err != nil {
			yield(nil, err)
			return
		}
		defer ld.Close()
		for b, err := range ld.All(ctx) {
			if !yield(b, err) {
				return
			}
		}
	}
}

// batchRows is how many rows a batch has, if memory is enough for as many of the largest.
const batchRows = 64

// open returns a loader of src, with smaller batches where rows are large.
func open(src loader.Source) (*loader.Loader, error) {
	for n := batchRows; ; n /= 2 {
		ld, err := loader.New(src, loader.Config{BatchSize: n})
		if err == nil || n == 1 {
			return ld, err
		}
	}
}
