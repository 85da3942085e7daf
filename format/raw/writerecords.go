package raw

import (
	"context"
	"encoding/binary"
	"fmt"
	"iter"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/format/internal/appender"
	"github.com/stokerdata/stoker/format/internal/elem"
	"github.com/stokerdata/stoker/loader"
)

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
	w := &recordWriter{RecordWriteOptions: o}
	w.out = appender.New(path, appender.Limits{RowsPerShard: o.RowsPerShard, BytesPerShard: o.BytesPerShard}, o.Header, o.Progress)
	done, err := w.out.Write(ctx, batches, w.bind, w.row)
	if err != nil {
		return nil, fmt.Errorf("raw: write %s: %w", path, err)
	}
	return done, nil
}

// recordWriter writes batches into shards.
type recordWriter struct {
	RecordWriteOptions
	out    *appender.Writer
	layout layout
	fields []int // of the batch
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
	size := int64(w.layout.bytes)
	if err := w.out.Begin(size); err != nil {
		return err
	}
	for k, f := range w.fields {
		p := &w.layout.fields[k]
		at := len(w.out.Buf)
		w.out.Buf = append(w.out.Buf, b.Column(f).Data[i*p.n:(i+1)*p.n]...)
		if p.swap {
			elem.Swap(w.out.Buf[at:], p.dtype.Size())
		}
	}
	return w.out.End(size)
}
