package feather

import (
	"context"
	"errors"
	"fmt"
	"iter"
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
	Uncompressed Codec = iota // fastest to read, and the only one with which single rows can be
	LZ4
	Zstd
)

// WriteOptions says how a data set is written. The zero WriteOptions write all
// fields to one file that is not compressed.
type WriteOptions struct {
	// Columns lists the fields to write, in order. Nil means all.
	Columns []string
	// RowsPerBatch is the rows of a record batch, the unit that a reader opens
	// and a shuffle mixes; 0 means 65,536. A batch also ends at 64 MiB.
	RowsPerBatch int
	// RowsPerShard and BytesPerShard end a shard, after the row or the record
	// batch that reaches them; 0 means never. With either, shards are named as
	// shard.Names does; with none, the one file is at the path.
	RowsPerShard, BytesPerShard int64
	// Codec compresses the buffers of each batch by themselves. The default is
	// Uncompressed, as other files cannot be shuffled exactly.
	Codec Codec
	// Progress hears of what is written. It may be nil.
	Progress format.Progress
}

const (
	defaultRows = 64 << 10
	batchBytes  = 64 << 20
)

// Write writes batches to Feather V2 files at path and returns what it made.
// The files appear together, when all are complete and on the disk, or not at
// all; what had their names is replaced.
//
// Fields with a fixed shape become scalars, fixed_size_lists or, of several
// dimensions, arrow.fixed_shape_tensors; those whose first dimension varies utf8
// (kind.Text, which must be UTF-8), binary (uint8) or lists; other shapes are an error.
// Texts or bytes with their lengths, as format.LengthsSuffix describes, become one
// column of lists. What Arrow's types do not tell of a field is kept in the custom
// metadata format.SpecKey, from which Open gets it back.
func Write(ctx context.Context, path string, batches iter.Seq2[*loader.Batch, error], o WriteOptions) ([]format.Written, error) {
	if o.RowsPerBatch < 0 || o.RowsPerShard < 0 || o.BytesPerShard < 0 || o.Codec > Zstd {
		return nil, fmt.Errorf("feather: write %s: impossible WriteOptions %+v: %w", path, o, loader.ErrSpec)
	}
	if o.RowsPerBatch == 0 {
		o.RowsPerBatch = defaultRows
	}
	w := &writer{path: path, o: o, told: time.Now()}
	w.series = shard.Series{Path: path, Single: o.RowsPerShard == 0 && o.BytesPerShard == 0}
	err := w.writeAll(ctx, batches)
	if err == nil {
		err = w.publish()
	}
	if err != nil {
		return nil, fmt.Errorf("feather: write %s: %w", path, errors.Join(err, w.series.Abort()))
	}
	return w.done, nil
}

// writer writes a data set.
type writer struct {
	path   string
	o      WriteOptions
	spec   loader.Spec // of the batches
	series shard.Series
	shard  *shardWriter // nil between shards
	build  *builder
	rows   int64 // of the shard, those in build included
	done   []format.Written
	total  format.Written
	told   time.Time
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
	if err := w.build.bind(b); err != nil {
		return err
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
			err = w.endFullBatch()
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
		file, err := w.series.Next()
		if err != nil {
			return err
		}
		if w.shard, err = newShardWriter(file, w.build, w.o.Codec); err != nil {
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

// endFullBatch is endBatch, and ends the shard too if that is large enough.
func (w *writer) endFullBatch() error {
	if err := w.endBatch(); err != nil {
		return err
	}
	if w.o.BytesPerShard > 0 && w.shard.bytes() >= w.o.BytesPerShard {
		return w.endShard()
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

// endShard completes the shard.
func (w *writer) endShard() error {
	if err := w.endBatch(); err != nil {
		return err
	}
	bytes, err := w.shard.finish()
	if err != nil {
		return err
	}
	w.done = append(w.done, format.Written{Rows: w.rows, Bytes: bytes})
	w.total.Bytes += bytes
	w.shard, w.rows = nil, 0
	if w.o.Progress != nil {
		w.tell(0)
	}
	return nil
}

// publish gives the shards their names.
func (w *writer) publish() error {
	paths, err := w.series.Commit()
	for i, path := range paths {
		w.done[i].Path = path
	}
	return err
}
