package parquet

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	pq "github.com/parquet-go/parquet-go"
	pqformat "github.com/parquet-go/parquet-go/format"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/loadertest"
)

// byRow opens a file for its rows.
func byRow(t testing.TB, path string, o Options) *RowSource {
	t.Helper()
	src, err := Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	r, err := src.ByRow()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestByRow compares rows that are read one by one with those of whole row groups,
// for pages with and without dictionaries, of lists, and of stored shapes.
func TestByRow(t *testing.T) {
	own := save(t, small(t, Zstd))
	for name, path := range map[string]string{
		"own":     own,
		"steady":  save(t, steadyFile(t, 300)),
		"records": save(t, structs(t, records(), pq.MaxRowsPerRowGroup(3))),
		"pages":   save(t, structs(t, joinRows(300), pq.PageBufferSize(256), pq.MaxRowsPerRowGroup(90))),
		"foreign": save(t, structs(t, foreignLists(200), pq.PageBufferSize(64), pq.DataPageVersion(1))),
		"v2":      save(t, structs(t, foreignLists(200), pq.PageBufferSize(64), pq.DataPageVersion(2))),
	} {
		t.Run(name, func(t *testing.T) {
			want, err := dump(t, path, Options{})
			if err != nil {
				t.Fatal(err)
			}
			r := byRow(t, path, Options{})
			defer r.Close()
			got, err := dumpWith(r, 3, nil)
			check(t, got, err, want...)
			for range 2 {
				ld, err := loader.New(keepRowsOpen{r}, loader.Config{BatchSize: 7, Seed: 3, Order: loader.Shuffle{}, Workers: 2})
				if err != nil {
					t.Fatal(err)
				}
				for b, err := range ld.All(context.Background()) {
					if err != nil {
						t.Fatal(err)
					}
					for i, id := range b.IDs() {
						if got := row(b, i); got != want[id] {
							t.Fatalf("row %d is %s, want %s", id, got, want[id])
						}
					}
				}
				ld.Close()
			}
			if lent, _ := r.bufs.Held(); lent != 0 {
				t.Errorf("%d bytes were not given back", lent)
			}
		})
	}
	t.Run("conformance", func(t *testing.T) {
		loadertest.Source(t, func() loader.Source { return byRow(t, own, Options{}) })
	})
}

type listRow struct {
	A []int64 `parquet:"a,list,dict,snappy"`
	C *string `parquet:"c,optional,dict"`
	D []byte  `parquet:"d,zstd"`
}

func foreignLists(n int) []listRow {
	rows := make([]listRow, n)
	for i := range rows {
		rows[i] = listRow{A: make([]int64, i%4), D: bytes.Repeat([]byte{byte(i)}, i%30)}
		for k := range rows[i].A {
			rows[i].A[k] = int64(i%7 + k)
		}
		if i%3 > 0 {
			rows[i].C = new(fmt.Sprint("text ", i%9))
		}
	}
	return rows
}

func TestByRowErrors(t *testing.T) {
	src, err := Open(save(t, structs(t, joinRows(10))), Options{Joins: []format.Join{{Into: "j", Columns: []string{"a"}}}})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	_, err = src.ByRow()
	fails(t, err, loader.ErrSpec, "joins")

	page := []byte{1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0}
	h := pqformat.PageHeader{UncompressedPageSize: 12, CompressedPageSize: 12}
	h.DataPageHeader.V, h.DataPageHeader.Valid = pqformat.DataPageHeader{NumValues: 3}, true
	src, err = openBytes(rewritten(t, page, h, func(*pqformat.FileMetaData) {}), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	_, err = src.ByRow()
	fails(t, err, loader.ErrSpec, "a.parquet", `"x"`, "no offset index")
}

// TestIndexFlips flips the bits of offset indexes: what comes out is the same or
// an error that says where.
func TestIndexFlips(t *testing.T) {
	data := structs(t, foreignLists(40), pq.PageBufferSize(64), pq.MaxRowsPerRowGroup(20))
	src, err := openBytes(data, Options{})
	if err != nil {
		t.Fatal(err)
	}
	want, err := dumpSource(src)
	if err != nil {
		t.Fatal(err)
	}
	src.Close()
	for _, g := range src.groups {
		for _, ch := range g.chunks {
			for bit := 8 * ch.index; bit < 8*(ch.index+int64(ch.indexSize)); bit++ {
				bad := slices.Clone(data)
				bad[bit/8] ^= 1 << (bit % 8)
				got, err := dumpRows(bad)
				if err == nil && strings.Join(got, "\n") != strings.Join(want, "\n") {
					t.Fatalf("bit %d changes the data unnoticed:\n%s\n%s", bit, got, want)
				}
				if err != nil {
					fails(t, err, loader.ErrCorrupt, "a.parquet")
				}
			}
		}
	}
}

// dumpRows is dumpSource for the rows of a file one by one.
func dumpRows(data []byte) ([]string, error) {
	src, err := openBytes(data, Options{Limits: format.Limits{BlockBytes: 4 << 20, PageBytes: 1 << 20}})
	if err != nil {
		return nil, err
	}
	defer src.Close()
	r, err := src.ByRow()
	if err != nil {
		return nil, err
	}
	return dumpWith(r, 3, nil)
}
