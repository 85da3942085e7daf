package parquet

import (
	"encoding/binary"
	"slices"
	"testing"

	pqformat "github.com/parquet-go/parquet-go/format"

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

// TestEmptyPages reads rows by an offset index that has pages without rows, which
// Arrow writes where pages are tiny.
func TestEmptyPages(t *testing.T) {
	var body, index []byte
	var first pqformat.PageHeader
	pages := pqformat.OffsetIndex{}
	row, at := int64(0), int64(len(magic))
	for i, values := range [][]int32{{}, {1, 2}, {}, {3}, {}} {
		b, h := int32Page(values...)
		head := marshal(t, &h)
		if i == 0 {
			first = h // rewritten writes it
		} else {
			body = append(body, head...)
		}
		body = append(body, b...)
		size := int32(len(head) + len(b))
		pages.PageLocations = append(pages.PageLocations, pqformat.PageLocation{Offset: at, CompressedPageSize: size, FirstRowIndex: row})
		row, at = row+int64(len(values)), at+int64(size)
	}
	index = marshal(t, &pages)
	data := rewritten(t, append(body, index...), first, func(m *pqformat.FileMetaData) {
		c := &m.RowGroups[0].Columns[0]
		c.OffsetIndexOffset, c.OffsetIndexLength = at, int32(len(index))
		c.MetaData.TotalCompressedSize -= int64(len(index))
	})
	want := []string{"x()=[1]", "x()=[2]", "x()=[3]"}
	got, err := dump(t, save(t, data), Options{})
	check(t, got, err, want...)
	got, err = dumpRows(data)
	check(t, got, err, want...)
}
