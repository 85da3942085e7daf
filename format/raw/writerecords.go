package raw

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/format/internal/elem"
	"github.com/stokerdata/stoker/format/internal/meter"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/shard"
)

// writeBytes is how much is written at a time.
const writeBytes = 1 << 20

// RecordWriteOptions says what records hold and where one shard ends. The zero
// RecordWriteOptions writes all fields, little-endian, into one file.
type RecordWriteOptions struct {
	// Columns lists the fields of a record, in order; all must be of fixed
	// shape. Nil means all.
	Columns []string
	// Header is written before the first record of each shard.
	Header []byte
	// ByteOrder is that of numbers of several bytes. Nil means little-endian.
	ByteOrder binary.ByteOrder
	// RowsPerShard and BytesPerShard end a shard before it would hold more; 0
	// means never. With either, shards are named as shard.Names does; with none,
	// the one file is at the path.
	RowsPerShard, BytesPerShard int64
	// Progress hears of what is written. It may be nil.
	Progress format.Progress
}

// WriteRecords writes each row as a record of fixed size, as OpenRecords reads
// them, and returns the shards. They appear together, when all are complete and
// on the disk, or not at all. A batch is not needed any more when the next is
// asked for.
func WriteRecords(ctx context.Context, path string, batches iter.Seq2[*loader.Batch, error], o RecordWriteOptions) ([]format.Written, error) {
	if o.RowsPerShard < 0 || o.BytesPerShard < 0 {
		return nil, fmt.Errorf("raw: write %s: a shard of %d rows and %d bytes: %w", path, o.RowsPerShard, o.BytesPerShard, loader.ErrSpec)
	}
	w := &recordWriter{RecordWriteOptions: o, meter: meter.New(path, o.Progress)}
	w.series = shard.Series{Path: path, Single: o.RowsPerShard == 0 && o.BytesPerShard == 0}
	err := w.write(ctx, batches)
	if err == nil {
		err = w.publish()
	}
	if err != nil {
		return nil, fmt.Errorf("raw: write %s: %w", path, errors.Join(err, w.series.Abort()))
	}
	return w.done, nil
}

// recordWriter writes batches into shards.
type recordWriter struct {
	RecordWriteOptions
	series shard.Series
	meter  *meter.Meter

	layout layout
	fields []int // of the batch
	file   *shard.Writer
	buf    []byte
	done   []format.Written // the shard at hand included
}

func (w *recordWriter) write(ctx context.Context, batches iter.Seq2[*loader.Batch, error]) error {
	for b, err := range batches {
		if err := cmp.Or(err, ctx.Err()); err != nil {
			return err
		}
		if w.fields == nil {
			if err := w.bind(b.Spec()); err != nil {
				return err
			}
		}
		for i := range b.Len() {
			if err := w.row(b, i); err != nil {
				return err
			}
		}
		w.meter.Tick()
	}
	if w.meter.All.Rows == 0 {
		return errors.New("no rows")
	}
	return w.endShard()
}

// bind finds the fields.
func (w *recordWriter) bind(spec loader.Spec) error {
	var record loader.Spec
	for i, f := range spec {
		if w.Columns == nil && f.Name != "" {
			w.fields, record = append(w.fields, i), append(record, f)
		}
	}
	for _, name := range w.Columns {
		i := spec.Index(name)
		if i < 0 {
			return fmt.Errorf("no field %q among %v: %w", name, spec, loader.ErrSpec)
		}
		w.fields, record = append(w.fields, i), append(record, spec[i])
	}
	var err error
	w.layout, err = newLayout(record, w.ByteOrder)
	return err
}

// row appends row i of b.
func (w *recordWriter) row(b *loader.Batch, i int) error {
	if w.file == nil || w.full() {
		if err := w.nextShard(); err != nil {
			return err
		}
	}
	start := len(w.buf)
	for k, f := range w.fields {
		p := &w.layout.fields[k]
		at := len(w.buf)
		w.buf = append(w.buf, b.Column(f).Data[i*p.n:(i+1)*p.n]...)
		if p.swap {
			elem.Swap(w.buf[at:], p.dtype.Size())
		}
	}
	w.count(1, int64(len(w.buf)-start))
	if len(w.buf) >= writeBytes {
		return w.flush()
	}
	return nil
}

// full reports whether the shard at hand has no room for a record.
func (w *recordWriter) full() bool {
	s := &w.done[len(w.done)-1]
	return w.RowsPerShard > 0 && s.Rows >= w.RowsPerShard ||
		w.BytesPerShard > 0 && s.Rows > 0 && s.Bytes+int64(w.layout.bytes) > w.BytesPerShard
}

func (w *recordWriter) count(rows, bytes int64) {
	s := &w.done[len(w.done)-1]
	s.Rows, s.Bytes = s.Rows+rows, s.Bytes+bytes
	w.meter.Add(rows, bytes)
}

func (w *recordWriter) flush() error {
	_, err := w.file.Write(w.buf)
	w.buf = w.buf[:0]
	return err
}

// nextShard ends the shard at hand, if there is one, and begins another.
func (w *recordWriter) nextShard() error {
	if w.file != nil {
		if err := w.endShard(); err != nil {
			return err
		}
	}
	var err error
	if w.file, err = w.series.Next(); err != nil {
		return err
	}
	w.done = append(w.done, format.Written{})
	w.buf = append(w.buf, w.Header...)
	w.count(0, int64(len(w.Header)))
	return nil
}

// endShard completes the shard at hand.
func (w *recordWriter) endShard() error {
	if err := w.flush(); err != nil {
		return err
	}
	if err := w.file.Commit(); err != nil {
		return err
	}
	w.file = nil
	w.meter.Tell()
	return nil
}

// publish gives the shards their names.
func (w *recordWriter) publish() error {
	paths, err := w.series.Commit()
	for i, path := range paths {
		w.done[i].Path = path
	}
	return err
}
