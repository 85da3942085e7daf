// Package appender writes rows of bytes, one behind another, to the shards of a
// data set:
//
//	w := appender.New(path, appender.Limits{RowsPerShard: 1000}, header, progress)
//	written, err := w.Write(ctx, batches, bind, func(b *loader.Batch, i int) error {
//		if err := w.Begin(size); err != nil {
//			return err
//		}
//		w.Buf = append(w.Buf, row...)
//		return w.End(size)
//	})
//
// Shards appear together, when all are complete and on the disk, or not at all.
package appender

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/format/internal/meter"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/shard"
)

// bufBytes is how much is written at a time.
const bufBytes = 1 << 20

// Limits end a shard before it would hold more. Zero means never; with both zero
// there is one file, at the path itself.
type Limits struct{ RowsPerShard, BytesPerShard int64 }

// Writer writes the shards of a data set.
type Writer struct {
	// Buf takes the bytes of a row, between Begin and End.
	Buf []byte

	limits Limits
	header []byte
	meter  *meter.Meter
	series shard.Series
	file   *shard.Writer
	done   []format.Written // the shard at hand included
}

// New returns a writer of the data set at path, each of whose shards begins with
// header.
func New(path string, l Limits, header []byte, p format.Progress) *Writer {
	w := &Writer{limits: l, header: header, meter: meter.New(path, p)}
	w.series = shard.Series{Path: path, Single: l == Limits{}}
	return w
}

// Begin makes room for a row of size bytes.
func (w *Writer) Begin(size int64) error {
	if w.file != nil && !w.full(size) {
		return nil
	}
	return w.next()
}

// End counts a row, which has been appended to Buf.
func (w *Writer) End(size int64) error {
	w.count(1, size)
	if len(w.Buf) >= bufBytes {
		return w.flush()
	}
	return nil
}

// full reports whether the shard at hand has no room for a row of size bytes.
func (w *Writer) full(size int64) bool {
	s, l := &w.done[len(w.done)-1], w.limits
	return l.RowsPerShard > 0 && s.Rows >= l.RowsPerShard || l.BytesPerShard > 0 && s.Rows > 0 && s.Bytes+size > l.BytesPerShard
}

func (w *Writer) count(rows, bytes int64) {
	s := &w.done[len(w.done)-1]
	s.Rows, s.Bytes = s.Rows+rows, s.Bytes+bytes
	w.meter.Add(rows, bytes)
}

func (w *Writer) flush() error {
	_, err := w.file.Write(w.Buf)
	w.Buf = w.Buf[:0]
	return err
}

// next ends the shard at hand, if there is one, and begins another.
func (w *Writer) next() error {
	if w.file != nil {
		if err := w.complete(); err != nil {
			return err
		}
	}
	var err error
	if w.file, err = w.series.Next(); err != nil {
		return err
	}
	w.done = append(w.done, format.Written{})
	w.Buf = append(w.Buf, w.header...)
	w.count(0, int64(len(w.header)))
	return nil
}

// complete ends the shard at hand.
func (w *Writer) complete() error {
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

// Write calls bind with the fields of the batches and then row for each of their
// rows, which appends it by Begin and End, and returns the shards.
func (w *Writer) Write(ctx context.Context, batches iter.Seq2[*loader.Batch, error], bind func(loader.Spec) error, row func(b *loader.Batch, i int) error) ([]format.Written, error) {
	err := w.append(ctx, batches, bind, row)
	var done []format.Written
	if err == nil {
		done, err = w.publish()
	}
	if err != nil {
		return nil, errors.Join(err, w.series.Abort())
	}
	return done, nil
}

func (w *Writer) append(ctx context.Context, batches iter.Seq2[*loader.Batch, error], bind func(loader.Spec) error, row func(b *loader.Batch, i int) error) error {
	bound := false
	for b, err := range batches {
		if err := cmp.Or(err, ctx.Err()); err != nil {
			return err
		}
		if !bound {
			if err := bind(b.Spec()); err != nil {
				return err
			}
			bound = true
		}
		for i := range b.Len() {
			if err := row(b, i); err != nil {
				return fmt.Errorf("row %d: %w", w.meter.All.Rows, err)
			}
		}
		w.meter.Tick()
	}
	if w.meter.All.Rows == 0 {
		return errors.New("no rows")
	}
	return nil
}

// publish completes the last shard, gives all of them their names and returns
// them.
func (w *Writer) publish() ([]format.Written, error) {
	if err := w.complete(); err != nil {
		return nil, err
	}
	paths, err := w.series.Commit()
	for i, path := range paths {
		w.done[i].Path = path
	}
	return w.done, err
}
