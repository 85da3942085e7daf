package tokens_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/stokerdata/stoker/format/mem"
	"github.com/stokerdata/stoker/format/tokens"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
	"github.com/stokerdata/stoker/loader/loadertest"
)

// documents returns a source of documents and a number for each.
func documents[T dtype.Element](t testing.TB, rows ...[]T) *mem.Source {
	t.Helper()
	src, err := mem.Columns(loader.Spec{
		{Name: "ids", DType: dtype.Of[T](), Shape: loader.Dims(-1), Kind: kind.Tokens},
		{Name: "n", DType: dtype.Int32},
	}, mem.Varying(rows), mem.Of(make([]int32, len(rows))))
	if err != nil {
		t.Fatal(err)
	}
	return src
}

func TestPack(t *testing.T) {
	rows := [][]int64{{1, 2, 3}, {4, 5, 6, 7}, nil, {8}, {9, 10, 11, 12, 13, 14, 15}, {16, 17, 18, 19, 20, 21}, {22}}
	p := tokens.Pack{Window: 4, Bins: 1, Targets: true, Pad: 99}
	const no = tokens.Ignore
	for name, want := range map[string][][]int{
		"ids":          {{4, 5, 6, 7}, {1, 2, 3, 8}, {9, 10, 11, 12}, {13, 14, 15, 99}, {16, 17, 18, 19}, {20, 21, 22, 99}},
		"segment_ids":  {{1, 1, 1, 1}, {1, 1, 1, 2}, {1, 1, 1, 1}, {1, 1, 1, 0}, {1, 1, 1, 1}, {1, 1, 2, 0}},
		"position_ids": {{0, 1, 2, 3}, {0, 1, 2, 0}, {0, 1, 2, 3}, {0, 1, 2, 0}, {0, 1, 2, 3}, {0, 1, 0, 0}},
		"targets":      {{5, 6, 7, no}, {2, 3, no, no}, {10, 11, 12, 13}, {14, 15, no, no}, {17, 18, 19, 20}, {21, no, no, no}},
		"offsets":      {{0, 4}, {0, 3, 4}, {0, 4}, {0, 3}, {0, 4}, {0, 2, 3}},
	} {
		same(t, name, all[int32](t, documents(t, rows...), name, p), want)
	}
}

// TestPackUses compares how much of the rows is used with one row that is open and
// with several, and that every token is there once.
func TestPackUses(t *testing.T) {
	rows := make([][]uint16, 300)
	total := 0
	for i := range rows {
		rows[i] = make([]uint16, i*i%97)
		total += len(rows[i])
		for k := range rows[i] {
			rows[i][k] = uint16(i + 1)
		}
	}
	used := func(bins int) float64 {
		count := make([]int, len(rows)+1)
		packed := all[int32](t, documents(t, rows...), "ids", tokens.Pack{Window: 100, Bins: bins})
		for _, row := range packed {
			for _, v := range row {
				count[v]++
			}
		}
		for i, r := range rows {
			if count[i+1] != len(r) {
				t.Errorf("%d tokens of document %d, want %d", count[i+1], i, len(r))
			}
		}
		return float64(total) / float64(100*len(packed))
	}
	if one, many := used(1), used(0); one > 0.8 || many < 0.95 {
		t.Errorf("%.3f of the rows is used with one that is open, %.3f with 16", one, many)
	}
}

func TestPackConformance(t *testing.T) {
	short, long := make([][]int32, 40), make([][]uint8, 40)
	for i := range short {
		short[i], long[i] = make([]int32, i*7%11), make([]uint8, i*13%60)
		for k := range short[i] {
			short[i][k] = int32(i - k)
		}
		for k := range long[i] {
			long[i][k] = uint8(i + k)
		}
	}
	loadertest.Transform(t, tokens.Pack{Window: 12, Bins: 3, Targets: true}, documents(t, short...))
	loadertest.Transform(t, tokens.Pack{Window: 16}, documents(t, long...))
	loadertest.Allocs(t, documents(t, long...), loader.Config{BatchSize: 10, Transforms: []loader.Transform{tokens.Pack{Window: 16, Targets: true}}}, 3) // of the loader, for the rows that it holds
}

// TestPackResumes resumes behind every batch. Long documents become several rows, so
// that some are still to be given of a bin into which the next document was put.
func TestPackResumes(t *testing.T) {
	list := make([][]int32, 60)
	for i := range list {
		for k := range i * i % 11 {
			list[i] = append(list[i], int32(100*i+k))
		}
	}
	run := func(resume *loader.State) (rows []string, states []loader.State) {
		ld, err := loader.New(documents(t, list...), loader.Config{BatchSize: 3, Resume: resume, Transforms: []loader.Transform{tokens.Pack{Window: 4, Bins: 2}}})
		if err != nil {
			t.Fatal(err)
		}
		defer ld.Close()
		for b, err := range ld.All(t.Context()) {
			if err != nil {
				t.Error(err)
				break
			}
			rows = append(rows, fmt.Sprint(loader.View[int32](b.Tensor("ids")), loader.View[int32](b.Tensor("segment_ids"))))
			states = append(states, b.State())
		}
		return rows, states
	}
	all, states := run(nil)
	for i := range states {
		if rows, _ := run(&states[i]); !slices.Equal(rows, all[i+1:]) {
			t.Errorf("behind batch %d come\n%v, want\n%v", i, rows, all[i+1:])
		}
	}
}

func TestPackRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		src loader.Source
		p   tokens.Pack
	}{
		"no window":  {documents(t, []int32{1}), tokens.Pack{}},
		"no field":   {documents(t, []int32{1}), tokens.Pack{Window: 1, Field: "x"}},
		"no list":    {documents(t, []int32{1}), tokens.Pack{Window: 1, Field: "n"}},
		"no numbers": {documents(t, []float32{1}), tokens.Pack{Window: 1}},
		"no bins":    {documents(t, []int32{1}), tokens.Pack{Window: 1, Bins: -1}},
	} {
		if _, err := c.p.Bind(c.src.Spec()); !errors.Is(err, loader.ErrSpec) {
			t.Errorf("%s: %v", name, err)
		}
	}
	ld, err := loader.New(documents(t, []int64{1, 1 << 31}), loader.Config{BatchSize: 1, Transforms: []loader.Transform{tokens.Pack{Window: 4}}})
	if err != nil {
		t.Fatal(err)
	}
	defer ld.Close()
	for _, err := range ld.All(t.Context()) {
		if !errors.Is(err, loader.ErrCorrupt) {
			t.Errorf("a token of 2^31 gives %v", err)
		}
	}
}

// TestPackForged resumes from a state that holds documents in one row which do not
// fit it.
func TestPackForged(t *testing.T) {
	c := loader.Config{BatchSize: 2, Transforms: []loader.Transform{tokens.Pack{Window: 4}}}
	ld, err := loader.New(documents(t, []int32{1, 2, 3}, []int32{4, 5, 6}, []int32{7}), c)
	if err != nil {
		t.Fatal(err)
	}
	for _, forged := range []string{
		`[{"bin": 0, "rows": [0, 1], "closed": true, "gives": 1}]`,
		`[{"bin": 0, "rows": [0, 1, 2]}]`,
	} {
		st := ld.State()
		if err := json.Unmarshal([]byte(`{"held": `+forged+`}`), &st); err != nil {
			t.Fatal(err)
		}
		c.Resume = &st
		ld, err := loader.New(documents(t, []int32{1, 2, 3}, []int32{4, 5, 6}, []int32{7}), c)
		if err != nil {
			t.Fatal(err)
		}
		for _, err = range ld.All(t.Context()) {
		}
		if !errors.Is(err, loader.ErrState) {
			t.Errorf("%s: got %v", forged, err)
		}
	}
}
