package raw

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/shard"
)

// writeBytes is how much is written at a time.
const writeBytes = 1 << 20

// RecordWriteOptions says what records hold and where one shard ends. The zero
// RecordWriteOptions writes all fields, little-endian, into one file.
type RecordWriteOptions struct {
	// Fields names the fields of a record, in order; all must be of fixed
	// shape. Nil means all.
	Fields []string
	// Header is written before the first record of each shard.
	Header []byte
	// ByteOrder is that of numbers of several bytes. Nil means little-endian.
	ByteOrder binary.ByteOrder
	// ShardRows and ShardBytes end a shard before it would hold more. If both
	// are 0, there is one file, called as path; else shards are called as
	// shard.Names says: records-00000-of-00016.bin.
	ShardRows, ShardBytes int64
	// Progress is called as the rows are written.
	Progress format.Progress
}

// WriteRecords writes each row as a record of fixed size, as OpenRecords reads
// them, and returns the shards. They appear under their names only when all are
// complete and on the disk. A batch is not needed any more when the next is
// asked for.
func WriteRecords(ctx context.Context, path string, batches iter.Seq2[*loader.Batch, error], o RecordWriteOptions) ([]format.Written, error) {
	w := &recordWriter{RecordWriteOptions: o, path: path, temp: hidden(path), meter: newMeter(path, o.Progress)}
	err := w.write(ctx, batches)
	if err == nil {
		err = w.publish()
	}
	if err != nil {
		return nil, fmt.Errorf("raw: write %s: %w", path, errors.Join(err, w.abort()))
	}
	return w.done, nil
}

// recordWriter writes batches into shards, of which all but the one at hand are
// complete, under hidden names.
type recordWriter struct {
	RecordWriteOptions
	path  string
	temp  string // start of the hidden names
	meter *meter

	layout layout
	fields []int // of the batch
	file   *shard.Writer
	buf    []byte
	done   []format.Written
	hidden int // shards that have their hidden names still: the last ones of done
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
		w.meter.tick()
	}
	if w.meter.all.Rows == 0 {
		return errors.New("no rows")
	}
	return w.endShard()
}

// bind finds the fields.
func (w *recordWriter) bind(spec loader.Spec) error {
	var record loader.Spec
	for i, f := range spec {
		if w.Fields == nil && f.Name != "" {
			w.fields, record = append(w.fields, i), append(record, f)
		}
	}
	for _, name := range w.Fields {
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
			swap(w.buf[at:], p.dtype.Size())
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
	return w.ShardRows > 0 && s.Rows >= w.ShardRows ||
		w.ShardBytes > 0 && s.Rows > 0 && s.Bytes+int64(w.layout.bytes) > w.ShardBytes
}

func (w *recordWriter) count(rows, bytes int64) {
	s := &w.done[len(w.done)-1]
	s.Rows, s.Bytes = s.Rows+rows, s.Bytes+bytes
	w.meter.add(rows, bytes)
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
	path := w.path
	if w.ShardRows > 0 || w.ShardBytes > 0 {
		path = fmt.Sprintf("%s.%d", w.temp, len(w.done))
	}
	var err error
	if w.file, err = shard.Create(path); err != nil {
		return err
	}
	w.done = append(w.done, format.Written{Path: path})
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
	if w.done[len(w.done)-1].Path != w.path {
		w.hidden++
	}
	w.meter.tell()
	return nil
}

// publish gives the shards their names.
func (w *recordWriter) publish() error {
	if w.hidden == 0 {
		return nil
	}
	for i, name := range shard.Names(w.path, len(w.done)) {
		if err := os.Rename(w.done[i].Path, name); err != nil {
			return err
		}
		w.done[i].Path = name
		w.hidden--
	}
	return syncDir(filepath.Dir(w.path))
}

// abort removes what has no name yet.
func (w *recordWriter) abort() error {
	var err error
	n := len(w.done)
	if w.file != nil {
		err = w.file.Abort()
		n-- // the shard at hand has no hidden name yet
	}
	for _, s := range w.done[n-w.hidden : n] {
		err = errors.Join(err, os.Remove(s.Path))
	}
	return err
}
