package feather

import (
	"context"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/shard"
)

// Codec is how the buffers of a file are compressed.
type Codec uint8

// The codecs.
const (
	None Codec = iota // fastest to read, and the only one with which single rows can be
	LZ4
	Zstd
)

// WriteOptions says how a data set is written. The zero WriteOptions write all
// fields to one file that is not compressed.
type WriteOptions struct {
	// Columns lists the fields to be written, in their order; none means all.
	Columns []string
	// Codec compresses the buffers of each batch by themselves. The default is
	// None, as other files cannot be shuffled exactly.
	Codec Codec
	// RowsPerBatch is the number of rows of a record batch, which readers read
	// as a whole; 0 means 65,536. A batch also ends at 64 MiB.
	RowsPerBatch int
	// RowsPerShard is the number of rows of a file; 0 means that there is one,
	// with the name given. Several are named as shard.Names does.
	RowsPerShard int64
	// Progress is told what is written; it may be nil.
	Progress format.Progress
}

const (
	defaultRows = 64 << 10
	batchBytes  = 64 << 20
)

// Write writes batches to Feather V2 files at path and returns what it made.
// Files appear whole, when all are complete, or not at all; what had their names
// is replaced.
//
// Fields with a fixed shape become scalars or fixed_size_lists, those whose
// first dimension varies utf8 (kind.Text, which must be UTF-8), binary (uint8)
// or lists; other shapes are an error. What Arrow's types do not tell of a field
// is kept in the custom metadata "stoker.spec" as JSON, from which Open gets it
// back.
func Write(ctx context.Context, path string, batches iter.Seq2[*loader.Batch, error], o WriteOptions) ([]format.Written, error) {
	if o.RowsPerBatch < 0 || o.RowsPerShard < 0 || o.Codec > Zstd {
		return nil, fmt.Errorf("feather: write %s: impossible WriteOptions %d, %d, %d", path, o.RowsPerBatch, o.RowsPerShard, o.Codec)
	}
	if o.RowsPerBatch == 0 {
		o.RowsPerBatch = defaultRows
	}
	w := &writer{path: path, o: o, told: time.Now()}
	err := w.writeAll(ctx, batches)
	if err == nil {
		err = w.publish()
	}
	if err != nil {
		w.abort()
		return nil, fmt.Errorf("feather: write %s: %w", path, err)
	}
	return w.done, nil
}

// writer writes a data set.
type writer struct {
	path  string
	o     WriteOptions
	spec  loader.Spec // of the batches
	shard *shardWriter
	build *builder
	rows  int64 // of the shard, those in build included
	done  []format.Written
	total format.Written
	told  time.Time
}

func (w *writer) writeAll(ctx context.Context, batches iter.Seq2[*loader.Batch, error]) error {
	for b, err := range batches {
		if err == nil {
			err = ctx.Err()
		}
		if err == nil {
			err = w.write(b)
		}
		if err != nil {
			return err
		}
	}
	if w.build == nil {
		return fmt.Errorf("there are no batches, so no columns are known")
	}
	if w.rows > 0 || len(w.done) == 0 {
		return w.endShard()
	}
	return nil
}

// write adds the rows of b, cut where batches and shards end.
func (w *writer) write(b *loader.Batch) error {
	if w.build == nil {
		build, err := newBuilder(b.Spec(), w.o.Columns)
		if err != nil {
			return err
		}
		w.spec, w.build = b.Spec(), build
	} else if !slices.EqualFunc(w.spec, b.Spec(), sameField) {
		return fmt.Errorf("batches change their fields from %v to %v: %w", w.spec, b.Spec(), loader.ErrSpec)
	}
	for i := 0; i < b.Len(); {
		n := min(b.Len()-i, w.o.RowsPerBatch-w.build.rows)
		if w.o.RowsPerShard > 0 {
			n = int(min(int64(n), w.o.RowsPerShard-w.rows))
		}
		n, err := w.build.add(b, i, n)
		if err != nil {
			return err
		}
		i += n
		w.rows += int64(n)
		if w.o.RowsPerShard > 0 && w.rows == w.o.RowsPerShard {
			err = w.endShard()
		} else if w.build.rows == w.o.RowsPerBatch || w.build.bytes >= batchBytes || n == 0 {
			err = w.endBatch()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func sameField(a, b loader.Field) bool {
	return a.Name == b.Name && a.DType == b.DType && a.Shape == b.Shape
}

// endBatch writes the rows that are there as a record batch.
func (w *writer) endBatch() error {
	if w.shard == nil {
		path := w.path
		if w.o.RowsPerShard > 0 {
			path = w.partial(len(w.done))
		}
		var err error
		if w.shard, err = createShard(path, w.build, w.o.Codec); err != nil {
			return err
		}
	}
	if w.build.rows == 0 {
		return nil
	}
	n := w.build.rows
	if err := w.shard.write(w.build); err != nil {
		return err
	}
	w.total.Rows += int64(n)
	if w.o.Progress != nil && time.Since(w.told) >= time.Second {
		w.tell(w.shard.bytes())
	}
	return nil
}

// tell reports progress; open counts the bytes of the shard that is not done.
func (w *writer) tell(open int64) {
	t := w.total
	t.Path, t.Bytes = w.path, t.Bytes+open
	w.o.Progress(t)
	w.told = time.Now()
}

// partial names shard i while the number of shards is not known. Readers skip
// names with a dot in front.
func (w *writer) partial(i int) string {
	dir, base := filepath.Split(w.path)
	return fmt.Sprintf("%s.%s.%05d.tmp", dir, base, i)
}

// endShard completes the shard.
func (w *writer) endShard() error {
	if err := w.endBatch(); err != nil {
		return err
	}
	bytes, err := w.shard.finish()
	if err != nil {
		return err
	}
	w.done = append(w.done, format.Written{Path: w.shard.path, Rows: w.rows, Bytes: bytes})
	w.total.Bytes += bytes
	w.shard, w.rows = nil, 0
	if w.o.Progress != nil {
		w.tell(0)
	}
	return nil
}

// publish gives the shards their names.
func (w *writer) publish() error {
	if w.o.RowsPerShard == 0 {
		return nil
	}
	names := shard.Names(w.path, len(w.done))
	for i := range w.done {
		if err := os.Rename(w.done[i].Path, names[i]); err != nil {
			return err
		}
		w.done[i].Path = names[i]
	}
	return nil
}

// abort removes what is not published.
func (w *writer) abort() {
	if w.shard != nil {
		w.shard.abort()
	}
	for i, d := range w.done {
		if w.o.RowsPerShard > 0 && d.Path == w.partial(i) {
			os.Remove(d.Path)
		}
	}
}
