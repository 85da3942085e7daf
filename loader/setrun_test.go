package loader_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
)

// runs is a source of blocks whose values are set run by run: texts in runs as long as
// they get, pairs in runs of two rows and more.
type runs struct {
	sizes []int
	bad   map[int64]error // rows that are not there, noticed after some were set
}

var runSpec = loader.Spec{
	{Name: "text", DType: dtype.Uint8, Shape: loader.Dims(-1)},
	{Name: "pairs", DType: dtype.Int16, Shape: loader.Dims(-1, 2)},
}

// pairsOf returns the pairs of a row.
func pairsOf(id int64) (b []byte) {
	for k := range 2 * (id % 3) {
		b = binary.NativeEndian.AppendUint16(b, uint16(id+k))
	}
	return b
}

func (r *runs) Spec() loader.Spec { return runSpec }
func (r *runs) Blocks() []loader.Block {
	list := make([]loader.Block, len(r.sizes))
	for i, n := range r.sizes {
		list[i] = loader.Block{Rows: n}
	}
	return list
}
func (r *runs) Open(_ context.Context, i int) (loader.Rows, error) {
	b := runRows{r: r}
	for _, n := range r.sizes[:i] {
		b.first += int64(n)
	}
	return b, nil
}

type runRows struct {
	r     *runs
	first int64
}

func (b runRows) Close() error { return nil }
func (b runRows) Row(_ *loader.Worker, i int, s *loader.Sample) error {
	id := b.first + int64(i)
	text, pairs := textOf(id), pairsOf(id)
	s.Set(0, dtype.Uint8, loader.Dims(len(text)), text)
	s.Set(1, dtype.Int16, loader.Dims(len(pairs)/4, 2), pairs)
	return b.r.bad[id]
}

func (b runRows) Gather(_ *loader.Worker, p loader.Pick, batch *loader.Batch) error {
	rows, at := p.Rows, p.At
	for lo, hi := 0, 0; lo < len(rows); lo = hi {
		for hi = lo + 1; hi < len(rows) && rows[hi] == rows[hi-1]+1 && at[hi] == at[hi-1]+1; hi++ {
		}
		first, n := b.first+int64(rows[lo]), hi-lo
		var texts, pairs []byte
		var textEnds, pairEnds []int64
		for id := first; id < first+int64(n); id++ {
			texts, pairs = append(texts, textOf(id)...), append(pairs, pairsOf(id)...)
			textEnds, pairEnds = append(textEnds, int64(len(texts))), append(pairEnds, int64(len(pairs)/4))
		}
		copy(batch.SetRun(0, at[lo], n, texts), textEnds)
		if n == 1 {
			batch.Set(1, at[lo], pairs, loader.Dims(len(pairs)/4, 2))
		} else {
			copy(batch.SetRun(1, at[lo], n, pairs), pairEnds)
		}
	}
	for _, i := range rows {
		if err := b.r.bad[b.first+int64(i)]; err != nil {
			return err
		}
	}
	return nil
}

// TestSetRun compares values that were set run by run with what they should be, where
// rows are in order and shuffled, of several blocks, missing and replaced.
func TestSetRun(t *testing.T) {
	bad := map[int64]error{0: errRotten, 13: errRotten, 14: errRotten, 40: errRotten}
	for name, c := range map[string]struct {
		loader.Config
		bad map[int64]error
	}{
		"in order":                   {},
		"shuffled":                   {Config: loader.Config{Order: loader.Shuffle{}}},
		"rows left out":              {bad: bad, Config: loader.Config{OnError: loader.Skip(99)}},
		"rows replaced":              {bad: bad, Config: loader.Config{OnError: loader.Substitute(99)}},
		"rows of a shuffle left out": {bad: bad, Config: loader.Config{Order: loader.Shuffle{}, OnError: loader.Skip(99)}},
	} {
		for _, size := range []int{1, 7, 16, 64} {
			t.Run(fmt.Sprint(name, " by ", size), func(t *testing.T) {
				c.BatchSize, c.Workers = size, 2
				ld, err := loader.New(&runs{sizes: []int{20, 1, 30, 13}, bad: c.bad}, c.Config)
				if err != nil {
					t.Fatal(err)
				}
				defer ld.Close()
				for b, err := range ld.All(t.Context()) {
					if err != nil {
						t.Fatal(err)
					}
					checkRuns(t, b)
				}
			})
		}
	}
}

func checkRuns(t *testing.T, b *loader.Batch) {
	t.Helper()
	var texts, pairs []byte
	for i, id := range b.IDs() {
		text, pair := b.Row("text", i), b.Row("pairs", i)
		if !bytes.Equal(text.Data, textOf(id)) || !bytes.Equal(pair.Data, pairsOf(id)) || pair.Shape != loader.Dims(int(id%3), 2) {
			t.Fatalf("row %d is %q and %v %v", id, text.Data, pair.Shape, pair.Data)
		}
		texts, pairs = append(texts, text.Data...), append(pairs, pair.Data...)
	}
	if got := b.Tensor("pairs"); !bytes.Equal(b.Tensor("text").Data, texts) || !bytes.Equal(got.Data, pairs) || got.Shape != loader.Dims(len(pairs)/4, 2) {
		t.Fatalf("columns of rows %v are not their values", b.IDs())
	}
}
