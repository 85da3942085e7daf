package parquet

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"time"

	pq "github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	pqformat "github.com/parquet-go/parquet-go/format"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/format/internal/arrowschema"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/shard"
)

// Codec is how Write compresses pages.
type Codec uint8

// The codecs. Gzip is there for readers that know nothing else.
const (
	Snappy Codec = iota
	Uncompressed
	Zstd
	Gzip
)

// WriteOptions says how Write lays out a data set. The zero WriteOptions writes
// all columns into one file.
type WriteOptions struct {
	// Columns lists the fields to write, in order. Nil means all.
	Columns []string
	// RowsPerGroup is the rows of a row group, the unit that a reader opens
	// and a shuffle mixes. 0 means as many as take about 32 MiB uncompressed.
	RowsPerGroup int
	// RowsPerShard and BytesPerShard end a shard, after the row or the row
	// group that reaches them; 0 means never. With either, shards are named as
	// shard.Names does; with none, the one file is at the path.
	RowsPerShard, BytesPerShard int64
	// Codec compresses pages.
	Codec Codec
	// Tensors lists fields of fixed shape, of elements of 32 or 64 bits, to write as
	// lists that Arrow reads as tensors, where other programs would see bytes. They
	// take several times as long to write, and a little longer to read.
	Tensors []string
	// Progress hears of what is written. It may be nil.
	Progress format.Progress
}

const (
	groupBytes   = 32 << 20 // of a row group, uncompressed
	pageBytes    = 1 << 20  // of a page, likewise; what arrow writes
	progressTime = time.Second
)

// Write writes batches as Parquet files, which Open reads back with the same
// fields: element types, shapes, kinds and names are kept in the files'
// metadata. Scalars become columns of their type, lists of numbers LIST columns, and
// text and bytes BYTE_ARRAY. Texts or bytes with their lengths, as format.LengthsSuffix
// describes, become one LIST column of BYTE_ARRAY. Tensors of fixed shape become FIXED_LEN_BYTE_ARRAY, or
// BYTE_ARRAY from 32 KiB on, of their elements with the little end first; those that
// WriteOptions.Tensors names become LIST columns, which Arrow reads as
// fixed_size_list, or with several dimensions as arrow.fixed_shape_tensor. A field x
// of which several dimensions vary has another column "x.shape". Pages and footers
// carry checksums.
//
// The files appear together, when all are complete and on the disk, or not at
// all; what had their names is replaced.
func Write(ctx context.Context, path string, batches iter.Seq2[*loader.Batch, error], o WriteOptions) ([]format.Written, error) {
	if o.RowsPerGroup < 0 || o.RowsPerShard < 0 || o.BytesPerShard < 0 || o.Codec > Gzip {
		return nil, fmt.Errorf("parquet: impossible WriteOptions %+v: %w", o, loader.ErrSpec)
	}
	w := &writer{path: path, o: o, last: time.Now()}
	w.series = shard.Series{Path: path, Single: o.RowsPerShard == 0 && o.BytesPerShard == 0}
	err := w.all(ctx, batches)
	if err == nil {
		err = w.publish()
	}
	if err != nil {
		return nil, fmt.Errorf("parquet: write %s: %w", path, errors.Join(err, w.series.Abort()))
	}
	return w.done, nil
}

// A writer writes one data set.
type writer struct {
	path string
	o    WriteOptions
	enc  *encoder // nil before the first batch

	series shard.Series
	file   *output // nil between shards
	pq     *pq.GenericWriter[any]
	rows   int64 // of the shard

	group int   // rows of the row group
	bytes int64 // of the row group, uncompressed

	done  []format.Written
	total format.Written
	last  time.Time // of Progress
}

func (w *writer) all(ctx context.Context, batches iter.Seq2[*loader.Batch, error]) error {
	for b, err := range batches {
		if err == nil {
			err = ctx.Err()
		}
		if err == nil {
			err = w.batch(b)
		}
		if err != nil {
			return err
		}
	}
	if w.enc == nil {
		return errors.New("no batch to write")
	}
	if w.file == nil {
		return nil
	}
	return w.end()
}

// batch writes the rows of b to one or more row groups.
func (w *writer) batch(b *loader.Batch) (err error) {
	if w.enc == nil {
		if w.enc, err = newEncoder(b.Spec(), w.o.Columns, w.o.Tensors); err != nil {
			return err
		}
	}
	if err := w.enc.bind(b); err != nil {
		return err
	}
	for lo := 0; lo < b.Len(); {
		if w.file == nil {
			if err := w.begin(); err != nil {
				return err
			}
		}
		hi := w.enc.fit(lo, min(b.Len(), lo+w.room()))
		n, err := w.enc.rows(w.pq.ColumnWriters(), lo, hi)
		if err != nil {
			return err
		}
		w.bytes += n
		w.group += hi - lo
		w.rows += int64(hi - lo)
		lo = hi
		if err := w.close(); err != nil {
			return err
		}
	}
	if w.enc != nil && w.file == nil && w.done == nil {
		return w.begin() // a batch without rows still makes a file
	}
	if time.Since(w.last) >= progressTime {
		w.report(w.path)
	}
	return nil
}

// room returns the rows that the row group at hand still takes.
func (w *writer) room() int {
	rows := int64(math.MaxInt32)
	if w.o.RowsPerGroup > 0 {
		rows = int64(w.o.RowsPerGroup - w.group)
	}
	if w.o.RowsPerShard > 0 {
		rows = min(rows, w.o.RowsPerShard-w.rows)
	}
	return int(rows)
}

// close ends the row group and the shard if they are full.
func (w *writer) close() error {
	full := w.o.RowsPerShard > 0 && w.rows >= w.o.RowsPerShard
	if w.o.RowsPerGroup > 0 {
		full = full || w.group >= w.o.RowsPerGroup
	} else {
		full = full || w.bytes >= groupBytes
	}
	if !full {
		return nil
	}
	if err := w.flush(); err != nil {
		return err
	}
	if w.o.RowsPerShard > 0 && w.rows >= w.o.RowsPerShard || w.o.BytesPerShard > 0 && w.file.n >= w.o.BytesPerShard {
		return w.end()
	}
	return nil
}

func (w *writer) flush() error {
	w.group, w.bytes = 0, 0
	return w.pq.Flush()
}

// begin begins a shard.
func (w *writer) begin() error {
	f, err := w.series.Next()
	if err != nil {
		return err
	}
	w.file, w.rows = &output{w: f}, 0
	w.pq = pq.NewGenericWriter[any](w.file, w.enc.schema, w.o.Codec.option(), pq.PageBufferSize(pageBytes), pq.WriteBufferSize(256<<10),
		pq.CreatedBy("stoker", "", ""), pq.DataPageStatistics(false)) // each would hold two values of its page, twice
	w.pq.SetKeyValueMetadata(format.SpecKey, w.enc.spec)
	w.pq.SetKeyValueMetadata(arrowschema.Key, w.enc.arrow.Text())
	w.pq.SetKeyValueMetadata(sumKey, noSum)
	return nil
}

// end completes a shard.
func (w *writer) end() error {
	if err := w.flush(); err != nil {
		return err
	}
	w.file.keep()
	if err := w.pq.Close(); err != nil {
		return err
	}
	if err := w.file.sign(); err != nil {
		return err
	}
	if err := w.file.w.Commit(); err != nil {
		return err
	}
	w.done = append(w.done, format.Written{Rows: w.rows, Bytes: w.file.n})
	w.total.Rows += w.rows
	w.total.Bytes += w.file.n
	w.file, w.rows = nil, 0
	w.report(w.path)
	return nil
}

// report calls Progress.
func (w *writer) report(path string) {
	w.last = time.Now()
	if w.o.Progress == nil {
		return
	}
	now := format.Written{Path: path, Rows: w.total.Rows + w.rows, Bytes: w.total.Bytes}
	if w.file != nil {
		now.Bytes += w.file.n
	}
	w.o.Progress(now)
}

// publish gives the shards their names.
func (w *writer) publish() error {
	paths, err := w.series.Commit()
	for i, path := range paths {
		w.done[i].Path = path
	}
	return err
}

func (c Codec) option() pq.WriterOption {
	codecs := [...]compress.Codec{Snappy: &pq.Snappy, Uncompressed: &pq.Uncompressed, Zstd: &pq.Zstd, Gzip: &pq.Gzip}
	return pq.Compression(codecs[c])
}

// An output is the file of a shard. From keep on it holds back the bytes, among
// which the footer will be.
type output struct {
	w       *shard.Writer
	n       int64
	keeping bool
	tail    []byte
}

var _ io.Writer = (*output)(nil)

// Write appends p.
func (o *output) Write(p []byte) (int, error) {
	if o.keeping {
		o.tail = append(o.tail, p...)
		return len(p), nil
	}
	n, err := o.w.Write(p)
	o.n += int64(n)
	return n, err
}

// keep makes the output keep what follows, until sign writes it.
func (o *output) keep() { o.keeping = true }

// sign writes what was kept, with the checksum of the footer in the footer.
func (o *output) sign() error {
	end := len(o.tail) - tailBytes
	if end < 0 || int64(le32(o.tail[end:])) > int64(end) {
		return errors.New("the footer is not where it should be")
	}
	start := end - int(le32(o.tail[end:]))
	raw, err := trimBounds(o.tail[start:end])
	if err != nil {
		return err
	}
	f, err := parseFooter(raw)
	if err != nil || f.sum != noSum {
		return errors.Join(errors.New("the footer has no place for its checksum"), err)
	}
	copy(raw[f.sumAt:], fmt.Sprintf("%08x", footerSum(raw, f.sumAt)))
	tail := append(o.tail[:start:start], raw...)
	tail = binary.LittleEndian.AppendUint32(tail, uint32(len(raw)))
	o.keeping = false
	_, err = o.Write(append(tail, o.tail[end+4:]...))
	return err
}

// maxBoundBytes is the longest value that a footer tells as the least or the largest of
// a chunk. Longer ones are files and documents, of which a footer would hold two for
// each row group.
const maxBoundBytes = 256

// trimBounds returns a footer without the bounds that are too long.
func trimBounds(raw []byte) ([]byte, error) {
	var meta pqformat.FileMetaData
	if err := thrift.Unmarshal(new(thrift.CompactProtocol), raw, &meta); err != nil {
		return nil, err
	}
	long := false
	for _, g := range meta.RowGroups {
		for c := range g.Columns {
			s := &g.Columns[c].MetaData.Statistics
			if max(len(s.MinValue), len(s.MaxValue)) > maxBoundBytes {
				s.MinValue, s.MaxValue, long = nil, nil, true
			}
		}
	}
	if !long {
		return raw, nil
	}
	return thrift.Marshal(new(thrift.CompactProtocol), &meta)
}
