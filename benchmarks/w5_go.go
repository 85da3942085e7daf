package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	arrowfile "github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
	pq "github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	pqformat "github.com/parquet-go/parquet-go/format"

	"github.com/stokerdata/stoker/augment/tabular"
	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/format/parquet"
	"github.com/stokerdata/stoker/loader"
)

// concatLoader returns a loader that lays out rows in batches, not in blocks.
func concatLoader(c tableConfig) (*loader.Loader, error) {
	src, err := parquet.Open(c.Path, parquet.Options{Nulls: format.NullZero})
	if err != nil {
		return nil, err
	}
	return loader.New(src, loader.Config{
		BatchSize: c.Batch, Seed: 1, Order: loader.Shuffle{}, Workers: c.Workers,
		Transforms: []loader.Transform{
			tabular.Concat{Fields: tableNames(1, 1+denseColumns), Into: "dense"},
			tabular.Concat{Fields: tableNames(1+denseColumns, tableColumns), Into: "sparse"},
		},
	})
}

// A table is a row group as peers in Go decode it, and a batch as they make it:
// columns to rows, eight at a time.
type table struct {
	columns [tableColumns][]int32
	label   []int32
	dense   []float32
	sparse  []int32
}

func newTable(batch int) *table {
	t := &table{label: make([]int32, batch), dense: make([]float32, batch*denseColumns), sparse: make([]int32, batch*sparseColumns)}
	for k := range t.columns {
		t.columns[k] = make([]int32, groupRows)
	}
	return t
}

// batches makes batches of the first n rows.
func (t *table) batches(n int, batch func(label []int32, dense []float32, sparse []int32)) {
	for at := 0; at < n; at += len(t.label) {
		rows := min(len(t.label), n-at)
		copy(t.label, t.columns[0][at:at+rows])
		const tile = 256
		for lo := 0; lo < rows; lo += tile {
			hi := min(rows, lo+tile)
			for k, c := range t.columns[1 : 1+denseColumns] {
				for i, x := range c[at+lo : at+hi] {
					t.dense[(lo+i)*denseColumns+k] = float32(x)
				}
			}
			for k, c := range t.columns[1+denseColumns:] {
				for i, x := range c[at+lo : at+hi] {
					t.sparse[(lo+i)*sparseColumns+k] = x
				}
			}
		}
		batch(t.label[:rows], t.dense[:rows*denseColumns], t.sparse[:rows*sparseColumns])
	}
}

// readParquetGo reads a table page by page, as parquet-go does it fastest.
func readParquetGo(c tableConfig, batch func([]int32, []float32, []int32)) error {
	in, err := os.Open(c.Path)
	if err != nil {
		return err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return err
	}
	f, err := pq.OpenFile(in, info.Size(), pq.SkipPageIndex(true), pq.SkipBloomFilters(true), pq.ReadBufferSize(1<<20))
	if err != nil {
		return err
	}
	t := newTable(c.Batch)
	groups := f.RowGroups()
	for _, g := range rand.Perm(len(groups)) {
		for k, chunk := range groups[g].ColumnChunks() {
			if err := chunkOfParquetGo(t.columns[k], chunk); err != nil {
				return err
			}
		}
		t.batches(int(groups[g].NumRows()), batch)
	}
	return nil
}

func chunkOfParquetGo(dst []int32, chunk pq.ColumnChunk) error {
	pages := chunk.Pages()
	defer pages.Close()
	for {
		p, err := pages.ReadPage()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		data := p.Data()
		values := data.Int32()
		if d := p.Dictionary(); d != nil {
			inner := d.Page().Data()
			all := inner.Int32()
			for i, x := range values {
				dst[i] = all[x]
			}
		} else {
			copy(dst, values)
		}
		dst = dst[len(values):]
		pq.Release(p)
	}
}

// readArrowGo reads a table record by record.
func readArrowGo(c tableConfig, batch func([]int32, []float32, []int32)) error {
	f, err := arrowfile.OpenParquetFile(c.Path, false)
	if err != nil {
		return err
	}
	defer f.Close()
	r, err := pqarrow.NewFileReader(f, pqarrow.ArrowReadProperties{BatchSize: groupRows}, memory.DefaultAllocator)
	if err != nil {
		return err
	}
	t := newTable(c.Batch)
	for _, g := range rand.Perm(f.NumRowGroups()) {
		records, err := r.GetRecordReader(context.Background(), nil, []int{g})
		if err != nil {
			return err
		}
		for records.Next() {
			t.take(records.RecordBatch())
			t.batches(int(records.RecordBatch().NumRows()), batch)
		}
		if err := records.Err(); err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		records.Release()
	}
	return nil
}

func (t *table) take(r arrow.RecordBatch) {
	for k := range t.columns {
		copy(t.columns[k], r.Column(k).(*array.Int32).Int32Values())
	}
}

// decompressOnly reads all column chunks and decompresses their pages.
func decompressOnly(path string) error {
	in, err := os.Open(path)
	if err != nil {
		return err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return err
	}
	f, err := pq.OpenFile(in, info.Size(), pq.SkipPageIndex(true), pq.SkipBloomFilters(true))
	if err != nil {
		return err
	}
	d := new(decompressor)
	if d.zstd, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1)); err != nil {
		return err
	}
	defer d.zstd.Close()
	for _, g := range f.Metadata().RowGroups {
		for _, c := range g.Columns {
			if err := d.chunk(in, &c.MetaData); err != nil {
				return err
			}
		}
	}
	return nil
}

// A decompressor decompresses pages into one buffer, again and again.
type decompressor struct {
	raw, out []byte
	zstd     *zstd.Decoder
	reader   bytes.Reader
	protocol thrift.CompactProtocol
}

func (d *decompressor) chunk(in io.ReaderAt, m *pqformat.ColumnMetaData) error {
	at := m.DataPageOffset
	if m.DictionaryPageOffset > 0 {
		at = min(at, m.DictionaryPageOffset)
	}
	d.raw = append(d.raw[:0], make([]byte, m.TotalCompressedSize)...)
	if _, err := in.ReadAt(d.raw, at); err != nil {
		return err
	}
	for left := d.raw; len(left) > 0; {
		d.reader.Reset(left)
		var h pqformat.PageHeader
		if err := thrift.NewDecoder(d.protocol.NewReader(&d.reader)).Decode(&h); err != nil {
			return err
		}
		left = left[len(left)-d.reader.Len():]
		if err := d.page(left[:h.CompressedPageSize], int(h.UncompressedPageSize), m.Codec); err != nil {
			return err
		}
		left = left[h.CompressedPageSize:]
	}
	return nil
}

func (d *decompressor) page(src []byte, size int, codec pqformat.CompressionCodec) (err error) {
	if cap(d.out) < size {
		d.out = make([]byte, size)
	}
	switch codec {
	case pqformat.Uncompressed:
	case pqformat.Snappy:
		_, err = s2.Decode(d.out[:size], src)
	case pqformat.Zstd:
		_, err = d.zstd.DecodeAll(src, d.out[:0])
	default:
		err = fmt.Errorf("codec %v", codec)
	}
	return err
}

// newCopy returns a copy of as many bytes as the values have, from memory that no
// cache holds to a batch that is used again.
func newCopy(c tableConfig) func() error {
	src, dst := make([]byte, 256<<20), make([]byte, c.Batch*tableRowBytes)
	for i := range src {
		src[i] = byte(i)
	}
	return func() error {
		for left, at := c.Rows*tableRowBytes, 0; left > 0; {
			if at+len(dst) > len(src) {
				at = 0
			}
			n := copy(dst[:min(len(dst), left)], src[at:])
			left, at = left-n, at+n
		}
		return nil
	}
}
