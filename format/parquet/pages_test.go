package parquet

import (
	"encoding/binary"
	"math"
	"slices"
	"testing"

	pq "github.com/parquet-go/parquet-go"
	pqformat "github.com/parquet-go/parquet-go/format"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/loader"
)

// int32Page returns a page of values, and its header.
func int32Page(values ...int32) (body []byte, h pqformat.PageHeader) {
	for _, x := range values {
		body = binary.LittleEndian.AppendUint32(body, uint32(x))
	}
	h.UncompressedPageSize, h.CompressedPageSize = int32(len(body)), int32(len(body))
	h.DataPageHeader.V, h.DataPageHeader.Valid = pqformat.DataPageHeader{NumValues: int32(len(values))}, true
	return body, h
}

// TestEmptyGroup reads a row group without rows of which Arrow has it that its
// pages begin where the file does, and refuses one with rows there.
func TestEmptyGroup(t *testing.T) {
	page, h := int32Page(1, 2, 3)
	for _, size := range []int64{0, 29} { // 29 with an empty dictionary
		data := rewritten(t, page, h, func(m *pqformat.FileMetaData) {
			none := pqformat.ColumnMetaData{Type: pqformat.Int32, TotalCompressedSize: size, TotalUncompressedSize: size, PathInSchema: []string{"x"}}
			if size > 0 {
				none.DictionaryPageOffset = 4
			}
			m.RowGroups = append(m.RowGroups, pqformat.RowGroup{Columns: []pqformat.ColumnChunk{{MetaData: none}}})
			slices.Reverse(m.RowGroups)
		})
		got, err := dump(t, save(t, data), Options{})
		check(t, got, err, "x()=[1]", "x()=[2]", "x()=[3]")
	}
	_, err := dump(t, save(t, rewritten(t, page, h, func(m *pqformat.FileMetaData) { m.RowGroups[0].Columns[0].MetaData.DataPageOffset = 0 })), Options{})
	fails(t, err, loader.ErrCorrupt, "a.parquet", `"x"`, "at 0 lie outside")
}

// indexed returns a file of pages of values, with an offset index, after changes to
// the headers and the metadata.
func indexed(t *testing.T, pages [][]int32, header func(h *pqformat.PageHeader), meta func(m *pqformat.FileMetaData)) []byte {
	t.Helper()
	var body []byte
	var first pqformat.PageHeader
	var all pqformat.OffsetIndex
	row, at := int64(0), int64(len(magic))
	for i, values := range pages {
		b, h := int32Page(values...)
		header(&h)
		head := marshal(t, &h)
		if i == 0 {
			first = h // rewritten writes it
		} else {
			body = append(body, head...)
		}
		body = append(body, b...)
		size := int32(len(head) + len(b))
		all.PageLocations = append(all.PageLocations, pqformat.PageLocation{Offset: at, CompressedPageSize: size, FirstRowIndex: row})
		row, at = row+int64(len(values)), at+int64(size)
	}
	index := marshal(t, &all)
	return rewritten(t, append(body, index...), first, func(m *pqformat.FileMetaData) {
		c := &m.RowGroups[0].Columns[0]
		c.OffsetIndexOffset, c.OffsetIndexLength = at, int32(len(index))
		c.MetaData.TotalCompressedSize -= int64(len(index))
		meta(m)
	})
}

// TestEmptyPages reads rows by an offset index that has pages without rows, which
// Arrow writes where pages are tiny.
func TestEmptyPages(t *testing.T) {
	data := indexed(t, [][]int32{{}, {1, 2}, {}, {3}, {}}, func(*pqformat.PageHeader) {}, func(*pqformat.FileMetaData) {})
	want := []string{"x()=[1]", "x()=[2]", "x()=[3]"}
	got, err := dump(t, save(t, data), Options{})
	check(t, got, err, want...)
	got, err = dumpRows(data)
	check(t, got, err, want...)
}

// TestFullPages reads rows by pages of lists that claim more values than the chunk
// has: no memory is asked for these.
func TestFullPages(t *testing.T) {
	data := indexed(t, [][]int32{{1}, {2}, {3}}, func(h *pqformat.PageHeader) {
		h.DataPageHeader.V.NumValues = math.MaxInt32
	}, func(m *pqformat.FileMetaData) {
		m.Schema[1].RepetitionType.V, m.Schema[1].RepetitionType.Valid = pqformat.Repeated, true
	})
	_, err := dumpRows(data)
	fails(t, err, loader.ErrCorrupt, "a.parquet", `"x"`, "2147483647 values in a page, the metadata says 3")
}

// TestMaskOfShards reads a column that has nulls in one shard alone: in the others,
// whose pages are decompressed straight to their place, no row is null.
func TestMaskOfShards(t *testing.T) {
	type never struct {
		X int64 `parquet:"x"`
	}
	type some struct {
		X *int64 `parquet:"x,optional"`
	}
	path := shards(t, structs(t, []never{{1}, {2}}, pq.Compression(&pq.Snappy)), structs(t, []some{{new(int64(3))}, {nil}}))
	got, err := dump(t, path, Options{})
	check(t, got, err, "x()=[1] x.valid()=[true]", "x()=[2] x.valid()=[true]", "x()=[3] x.valid()=[true]", "x()=[0] x.valid()=[false]")
	_, err = dump(t, path, Options{Nulls: format.NullError})
	fails(t, err, loader.ErrSpec, "1.parquet", "row 1", `"x"`, "is null")
}

// TestLongestValue refuses a list of 2 GiB, whatever the limit: its length is not one
// that a span can hold.
func TestLongestValue(t *testing.T) {
	page, h := int32Page(1, 2, 3)
	src, err := openBytes(rewritten(t, page, h, func(m *pqformat.FileMetaData) {
		m.Schema[1].RepetitionType.V, m.Schema[1].RepetitionType.Valid = pqformat.Repeated, true
	}), Options{Limits: format.Limits{ValueBytes: math.MaxInt64}})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	r, err := src.Open(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	d := decoder{tools: new(tools)}
	if err := d.begin(r.(*rows), 0); err != nil {
		t.Fatal(err)
	}
	d.out.spans, d.row = make([]span, 1), 1
	fails(t, d.endRow(1<<29), loader.ErrCorrupt, `"x"`, "2147483648 bytes, the limit is 2147483647")
}
