// Package appender writes rows of bytes, one behind another, to the shards of a
// data set:
//
//	w := appender.New(path, appender.Limits{RowsPerShard: 1000}, header, meter)
//	...
//	err := w.Begin(size) // for each row
//	w.Buf = append(w.Buf, row...)
//	err = w.End(size)
//	...
//	written, err := w.Publish()
//
// Shards appear together, when all are complete and on the disk. Whoever gets an
// error calls Abort.
package appender

import (
	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/format/internal/meter"
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
func New(path string, l Limits, header []byte, m *meter.Meter) *Writer {
	w := &Writer{limits: l, header: header, meter: m}
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

// Publish completes the last shard, gives all of them their names and returns
// them. There must have been a row.
func (w *Writer) Publish() ([]format.Written, error) {
	if err := w.complete(); err != nil {
		return nil, err
	}
	paths, err := w.series.Commit()
	for i, path := range paths {
		w.done[i].Path = path
	}
	return w.done, err
}

// Abort removes what was written.
func (w *Writer) Abort() error { return w.series.Abort() }
