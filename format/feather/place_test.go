package feather

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/shard"
)

// saved returns a file of letters.
func saved(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.arrow")
	if _, err := Write(t.Context(), path, stream(t, letters(t), loader.Config{BatchSize: 64}), WriteOptions{RowsPerBatch: 17}); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestPlaced looks when a column is read straight into batches.
func TestPlaced(t *testing.T) {
	path := saved(t)
	for _, c := range []struct {
		what    string
		options Options
		want    string
	}{
		{"all columns", Options{}, "text"},
		{"texts", Options{Columns: []string{"text"}}, "text"},
		{"a deadline", Options{Pool: shard.PoolConfig{Deadline: time.Second}}, ""},
		{"direct reads", Options{Pool: shard.PoolConfig{Backend: shard.Direct}}, "text"},
		{"a ring", Options{Pool: shard.PoolConfig{Backend: shard.Ring}}, ""},
		{"a ring of direct reads", Options{Pool: shard.PoolConfig{Backend: shard.DirectRing}}, "text"},
		{"a mapped file", Options{Pool: shard.PoolConfig{Backend: shard.MmapTrusted}}, ""},
	} {
		src := mustOpen(t, path, c.options).(*randomSource)
		got := ""
		if f := src.Sizes(nil, nil); f >= 0 {
			got = src.Spec()[f].Name
		}
		if got != c.want {
			t.Errorf("%s: %q is read straight into batches, want %q", c.what, got, c.want)
		}
	}
	null := save(t, "null.arrow", ipcFile(t, one("text", arrow.BinaryTypes.String, true), []arrow.Record{
		fromJSON(t, one("text", arrow.BinaryTypes.String, true), fmt.Sprintf(`[{"text": %q}, {"text": null}]`, strings.Repeat("dear reader, ", 5000))),
	}))
	if f := mustOpen(t, null, Options{Nulls: format.NullZero}).(*randomSource).Sizes(nil, nil); f >= 0 {
		t.Errorf("field %d, of which rows are null, is read straight into batches", f)
	}
	src := mustOpen(t, path, Options{Columns: []string{"text"}}).(*randomSource)
	_, starts, _ := src.layouts[0].spans(0, &src.batches[0])
	if starts.n = maxStarts; src.placeable(0) > 0 {
		t.Errorf("offsets of more than %d bytes are kept", maxStarts)
	}
}

// TestReadsRows looks which rows are read one by one.
func TestReadsRows(t *testing.T) {
	mapped := shard.PoolConfig{Backend: shard.MmapTrusted}
	for _, c := range []struct {
		what        string
		width, rows int
		pool        shard.PoolConfig
		want        bool
	}{
		{"two reads for 8 KiB", 2048, 100, shard.PoolConfig{}, true},
		{"two reads for less", 2046, 100, shard.PoolConfig{}, false},
		{"a large record batch", 1025, 1024, shard.PoolConfig{}, true},
		{"a record batch of 4 MB", 1000, 1024, shard.PoolConfig{}, false},
		{"small rows of a large one", 100, 1024, shard.PoolConfig{}, false},
		{"mapped rows of 512 bytes", 127, 100, mapped, true},
		{"mapped rows of less", 126, 100, mapped, false},
	} {
		src := mustOpen(t, embeddings(t, c.width, c.rows), Options{Pool: c.pool})
		if _, got := src.(*randomSource); got != c.want {
			t.Errorf("%s: read one by one is %v", c.what, got)
		}
	}
}

// TestRowReads reads two rows that lie far from each other: what is between them is
// not read, but between their labels, which do not.
func TestRowReads(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.arrow")
	if _, err := Write(t.Context(), path, stream(t, photos(t), loader.Config{BatchSize: 60}), WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	src := mustOpen(t, path, Options{}).(*randomSource)
	before := src.pool.Stats()
	rows, err := src.OpenRows(t.Context(), []loader.Ref{{Row: 10}, {Row: 53}})
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	after := src.pool.Stats()
	if reads, bytes := after.Reads-before.Reads, after.Bytes-before.Bytes; reads != 3 || bytes != 44*8+2*64*64*3 {
		t.Errorf("%d reads of %d bytes in all", reads, bytes)
	}
}

// TestDamagedOffset reads texts of which one ends behind its buffer, and the next
// begins there. Both are lost, and no others.
func TestDamagedOffset(t *testing.T) {
	path := saved(t)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	src := mustOpen(t, path, Options{}).(*randomSource)
	_, starts, _ := src.layouts[0].spans(1, &src.batches[1])
	binary.LittleEndian.PutUint32(b[starts.off+4*5:], 1<<30) // rows 4 and 5 of record batch 1
	path = save(t, "b.arrow", b)

	for _, c := range []loader.Config{{BatchSize: 10}, {BatchSize: 10, Order: loader.Shuffle{}}, {BatchSize: 60}} {
		var got, want []string
		c.OnError = loader.Skip(2)
		for i := range 60 {
			if i != 17+4 && i != 17+5 {
				want = append(want, fmt.Sprint(i, i%7*letterBytes))
			}
		}
		for b, err := range stream(t, mustOpen(t, path, Options{}), c) {
			if err != nil {
				t.Fatal(err)
			}
			for i, id := range b.IDs() {
				text := string(b.Row("text", i).Data)
				if strings.Trim(text, string(rune('a'+id%26))) != "" {
					t.Errorf("sample %d holds other letters", id)
				}
				got = append(got, fmt.Sprint(id, len(text)))
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%+v: got %v, want %v", c, got, want)
		}
		c.OnError = loader.ErrorPolicy{}
		for _, err := range stream(t, mustOpen(t, path, Options{}), c) {
			if err != nil && (!errors.Is(err, loader.ErrCorrupt) || !strings.Contains(err.Error(), `record batch 1, column "text": value is from item`)) {
				t.Errorf("error %v does not say what is damaged", err)
			}
		}
	}
}
