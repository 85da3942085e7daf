package parquet

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"testing"

	pq "github.com/parquet-go/parquet-go"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/internal/invariant"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
)

// runOptions joins some columns of joinRows and leaves others by themselves.
func runOptions(nulls format.Nulls) Options {
	return Options{Nulls: nulls, Columns: []string{"a", "b", "g", "h", "l", "x"}, Joins: []format.Join{
		{Into: "j", Columns: []string{"c", "f", "i"}, DType: dtype.Int32},
		{Into: "k", Columns: []string{"d", "e"}, DType: dtype.Float32},
	}}
}

// TestRuns reads a file in batches of all sizes, in order and shuffled, by several
// workers and one after another from the same source, so that row groups are held,
// laid out, and both. A sample is the same in all of them.
func TestRuns(t *testing.T) {
	const n = 1200
	for version := 1; version <= 2; version++ {
		path := save(t, structs(t, joinRows(n), pq.DataPageVersion(version), pq.PageBufferSize(1500), pq.MaxRowsPerRowGroup(450), pq.Compression(&pq.Snappy)))
		for _, nulls := range []format.Nulls{format.NullMask, format.NullZero} {
			src, err := Open(path, runOptions(nulls))
			if err != nil {
				t.Fatal(err)
			}
			defer src.Close()
			want := make([]string, n)
			for _, c := range []struct {
				batch, workers int
				order          loader.Order
				runs           bool // in the end
			}{
				{7, 2, loader.Sequential{}, false},
				{400, 1, loader.Sequential{}, true},
				{130, 4, loader.Sequential{}, true},
				{41, 3, loader.Sequential{}, true},
				{50, 3, loader.Shuffle{}, false},
				{250, 2, loader.Sequential{}, true},
			} {
				readSamples(t, src, loader.Config{BatchSize: c.batch, Workers: c.workers, Order: c.order, Epochs: 2}, want)
				if src.runs.Load() != c.runs {
					t.Errorf("batches of %d, %T: runs are %v", c.batch, c.order, !c.runs)
				}
			}
		}
	}
}

// readSamples compares all samples with want, of which it sets what is empty.
func readSamples(t *testing.T, src *Source, c loader.Config, want []string) {
	t.Helper()
	ld, err := loader.New(keepOpen{src}, c)
	if err != nil {
		t.Fatal(err)
	}
	defer ld.Close()
	seen := 0
	for b, err := range ld.All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		for i, id := range b.IDs() {
			got := row(b, i)
			if want[id] == "" {
				want[id] = got
			}
			if got != want[id] {
				t.Fatalf("sample %d is %s, was %s", id, got, want[id])
			}
			seen++
		}
	}
	if seen != c.Epochs*len(want) {
		t.Fatalf("%d samples", seen)
	}
}

// TestTogether gathers rows that lie one behind another where the file has them, for
// some of the way: there are nulls between them, empty rows, and the ends of pages.
func TestTogether(t *testing.T) {
	type rec struct {
		Fixed  [80]byte
		Maybe  *[80]byte `parquet:",optional"`
		List   []float32 `parquet:",optional,list"`
		Tokens []int32   `parquet:",optional,list"`
		Pairs  []int32   `parquet:",list"`
	}
	recs := make([]rec, 300)
	for i := range recs {
		r := &recs[i]
		for k := range r.Fixed {
			r.Fixed[k] = byte(i + k)
		}
		if i%7 > 0 {
			r.Maybe = new(r.Fixed)
		}
		if i%11 > 0 {
			r.List = make([]float32, 20)
			for k := range r.List {
				r.List[k] = float32(20*i + k)
			}
		}
		for k := range i % 5 {
			r.Tokens, r.Pairs = append(r.Tokens, int32(10*i+k)), append(r.Pairs, int32(i), int32(k))
		}
	}
	data := structs(t, recs, pq.Compression(&pq.Uncompressed), pq.PageBufferSize(2000), pq.MaxRowsPerRowGroup(150))
	src, err := openBytes(data, Options{Nulls: format.NullZero, Fields: map[string]loader.Field{
		"List": {Shape: loader.Dims(20)}, "Pairs": {Shape: loader.Dims(-1, 2)},
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	got, err := dumpSource(src)
	want := make([]string, len(recs))
	for i, r := range recs {
		maybe, list := r.Maybe, r.List
		if maybe == nil {
			maybe = new([80]byte)
		}
		if list == nil {
			list = make([]float32, 20)
		}
		want[i] = fmt.Sprintf("Fixed(80)=%v Maybe(80)=%v List(20)=%v Tokens(%d)=%v Pairs(%d, 2)=%v",
			r.Fixed, *maybe, list, len(r.Tokens), r.Tokens, len(r.Pairs)/2, r.Pairs)
	}
	check(t, got, err, want...)
	for _, order := range []loader.Order{loader.Sequential{}, loader.Shuffle{}} {
		readSamples(t, src, loader.Config{BatchSize: 40, Epochs: 2, Order: order}, want)
	}
}

// TestSpoiled reads a value that a join cannot hold: its row is lost, whether the row
// group is held or laid out, and no other one.
func TestSpoiled(t *testing.T) {
	const n, at = 2000, 700
	rows := joinRows(n)
	for i := range rows {
		rows[i].H = new(uint64(i))
	}
	rows[at].H = new(uint64(1 << 40))
	path := save(t, structs(t, rows, pq.MaxRowsPerRowGroup(1000)))
	src, err := Open(path, Options{Columns: []string{"a"}, Joins: []format.Join{{Into: "j", Columns: []string{"c", "h"}, DType: dtype.Int32}}})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	for _, runs := range []bool{false, true} {
		batch := 20
		if runs {
			batch = 100
		}
		src.runs.Store(runs)
		got := whole(t, src, loader.Config{BatchSize: batch, Workers: 2, OnError: loader.Skip(n)})
		for id := range int64(n) {
			if lost := id == at; got[id] == lost {
				t.Fatalf("runs %v: sample %d is there: %v", runs, id, got[id])
			}
		}
		src.runs.Store(runs)
		_, err := dumpWith(src, batch, nil)
		fails(t, err, loader.ErrSpec, `"h"`, "a.parquet", "int32 cannot hold", fmt.Sprintf("row %d ", at))
		if errors.Is(err, loader.ErrCorrupt) {
			t.Errorf("error %v", err)
		}
	}
}

// whole returns which samples come out.
func whole(t *testing.T, src *Source, c loader.Config) map[int64]bool {
	t.Helper()
	ld, err := loader.New(keepOpen{src}, c)
	if err != nil {
		t.Fatal(err)
	}
	defer ld.Close()
	got := make(map[int64]bool)
	for b, err := range ld.All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range b.IDs() {
			got[id] = true
		}
	}
	return got
}

// TestNullInRun makes sure that the error of a null in a run names its row.
func TestNullInRun(t *testing.T) {
	rows := joinRows(500)
	for i := range rows {
		rows[i].B = new(int32(i))
	}
	rows[321].B = nil
	for _, o := range []Options{
		{Columns: []string{"b"}},
		{Columns: []string{"a"}, Joins: []format.Join{{Into: "j", Columns: []string{"a", "b"}[1:]}}},
	} {
		o.Nulls = format.NullError
		src, err := Open(save(t, structs(t, rows)), o)
		if err != nil {
			t.Fatal(err)
		}
		defer src.Close()
		src.runs.Store(true)
		_, err = dumpWith(src, 100, nil)
		fails(t, err, loader.ErrSpec, `"b"`, "row 321", "is null")
	}
}

// TestBlockMemory makes sure that an open row group holds no more than its block
// says, and that to hold the pages of others allocates next to nothing.
func TestBlockMemory(t *testing.T) {
	join := []format.Join{{Into: "x", Columns: []string{"a", "c", "e"}, DType: dtype.Float64}}
	for _, data := range [][]byte{steadyFile(t, 20000), foreignSteady(t, 20000)} {
		for _, joins := range [][]format.Join{nil, join} {
			src, err := openBytes(data, Options{Nulls: format.NullMask, Joins: joins})
			if errors.Is(err, loader.ErrSpec) && joins != nil {
				continue // the other file
			}
			if err != nil {
				t.Fatal(err)
			}
			defer src.Close()
			for _, runs := range []bool{true, false} {
				src.runs.Store(runs)
				for range 3 {
					openAll(t, src)
				}
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				const rounds = 20
				for range rounds {
					openAll(t, src)
				}
				runtime.ReadMemStats(&after)
				if n := (after.Mallocs - before.Mallocs) / uint64(rounds*len(src.Blocks())); n > steadyMallocs && !invariant.Enabled {
					t.Errorf("runs %v: %d allocations a row group", runs, n)
				}
			}
		}
	}
}

// openAll opens and decodes each row group.
func openAll(t *testing.T, src *Source) {
	t.Helper()
	for i, b := range src.Blocks() {
		r, err := src.Open(context.Background(), i)
		if err != nil {
			t.Fatal(err)
		}
		for k := range r.(*rows).Parts() {
			if err := r.(*rows).Decode(nil, k); err != nil {
				t.Fatal(err)
			}
		}
		if lent, _ := src.bufs.Held(); lent > b.Memory {
			t.Errorf("block %d holds %d bytes, more than %d", i, lent, b.Memory)
		}
		r.Close()
		if lent, _ := src.bufs.Held(); lent != 0 {
			t.Errorf("block %d: %d bytes were not given back", i, lent)
		}
	}
}
