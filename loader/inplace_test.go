package loader_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"sync"
	"testing"
	"unsafe"

	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
)

// placingTable is a random table that reads the field place straight into batches.
type placingTable struct {
	randomTable

	mu    sync.Mutex
	given [][]byte // the memory that it was told to read into
}

// Sizes says how large texts are, or ids.
func (t *placingTable) Sizes(refs []loader.Ref, bytes []int64) (field int) {
	for i, r := range refs {
		bytes[i] = int64(len(t.value(t.id(r))))
	}
	return t.Spec().Index(t.place)
}

// value returns the bytes that are read into batches.
func (t *placingTable) value(id int64) []byte {
	if t.place == "text" {
		return textOf(id)
	}
	return binary.NativeEndian.AppendUint64(nil, uint64(id))
}

func (t *placingTable) OpenInto(ctx context.Context, refs []loader.Ref, to []byte) (loader.Rows, error) {
	rows, err := t.OpenRows(ctx, refs)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	t.given = append(t.given, to)
	t.mu.Unlock()
	p := &placedRows{tableRows: rows.(tableRows), field: t.Spec().Index(t.place)}
	for _, r := range refs {
		n := copy(to, t.value(t.id(r)))
		p.values, to = append(p.values, to[:n:n]), to[n:]
	}
	if len(to) > 0 {
		return nil, fmt.Errorf("%d bytes too many", len(to))
	}
	return p, nil
}

type placedRows struct {
	tableRows
	field  int
	values [][]byte
}

func (r *placedRows) Row(w *loader.Worker, i int, s *loader.Sample) error {
	if err := r.tableRows.Row(w, i, s); err != nil {
		return err
	}
	v := r.values[i]
	if r.field == 0 {
		s.Set(0, dtype.Int64, loader.Dims(), v)
	} else {
		s.Set(1, dtype.Uint8, loader.Dims(len(v)), v)
	}
	return nil
}

// holds reports whether data is memory that was read into.
func (t *placingTable) holds(data []byte) bool {
	return slices.ContainsFunc(t.given, func(to []byte) bool {
		return len(to) > 0 && unsafe.SliceData(to) == unsafe.SliceData(data)
	})
}

// edit shortens or replaces the texts of samples whose id is a multiple of Every.
type edit struct {
	Every int64
	Kept  int // bytes
}

func (e edit) Bind(in loader.Spec) (loader.Stage, error) {
	return loader.Stage{Out: in, Row: func(w *loader.Worker, s *loader.Sample) error {
		if text := s.Fields[1].Data; s.ID%e.Every == 0 {
			text = text[:min(len(text), e.Kept)]
			s.Set(1, dtype.Uint8, loader.Dims(len(text)), text)
		}
		return nil
	}}, nil
}

// TestInPlace reads into batches, of which some stay as they were read and others
// are put together anew, as rows are missing, replaced or changed. They are those of
// a source that lends its memory.
func TestInPlace(t *testing.T) {
	bad := map[int64]error{16: errRotten, 39: errRotten, 40: errRotten}
	for name, c := range map[string]struct {
		loader.Config
		bad    map[int64]error
		broken map[int]error
		moved  []int // batches of texts that do not lie where they were read
	}{
		"as it is":             {},
		"last row left out":    {bad: map[int64]error{7: errRotten}, Config: loader.Config{OnError: loader.Skip(9)}},
		"rows left out":        {bad: bad, Config: loader.Config{OnError: loader.Skip(9)}, moved: []int{2, 5}},
		"rows replaced":        {bad: bad, Config: loader.Config{OnError: loader.Substitute(9)}, moved: []int{2, 4, 5}},
		"a block left out":     {broken: map[int]error{3: errRotten}, Config: loader.Config{OnError: loader.Skip(14)}, moved: []int{5, 6}},
		"rows shortened":       {Config: loader.Config{Transforms: []loader.Transform{edit{Every: 17, Kept: 1}}}, moved: []int{2, 4, 6, 8}},
		"rows turned around":   {Config: loader.Config{Transforms: []loader.Transform{jitter{}}}, moved: []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}},
		"a column replaced":    {Config: loader.Config{Transforms: []loader.Transform{double{}}}},
		"no rows come through": {bad: allBad(), Config: loader.Config{OnError: loader.Skip(1000)}},
	} {
		for _, place := range []string{"text", "id"} {
			t.Run(name+"/"+place, func(t *testing.T) {
				c.BatchSize, c.Epochs = 8, 2
				make := func(place string) *table {
					tb := tables()["random"]()
					tb.place, tb.bad, tb.broken = place, c.bad, c.broken
					return tb
				}
				want, _ := digests(t, make("").source(), c.Config)
				src := make(place).source().(*placingTable)
				if got, _ := digests(t, src, c.Config); !slices.Equal(got, want) {
					t.Error("other batches than those of a source that lends its memory")
				}
				src.checkClosed(t)
				if place == "text" {
					src.given = nil
					if got := movedIn(t, src, c.Config); !slices.Equal(got, c.moved) {
						t.Errorf("batches %v do not lie where they were read, want %v", got, c.moved)
					}
				}
			})
		}
	}
}

func allBad() map[int64]error {
	bad := map[int64]error{}
	for id := range int64(100) {
		bad[id] = errRotten
	}
	return bad
}

// movedIn returns which batches of an epoch hold texts elsewhere than they were read
// to.
func movedIn(t *testing.T, src *placingTable, c loader.Config) (moved []int) {
	t.Helper()
	c.Epochs = 1
	for b, err := range mustNew(t, src, c).All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		src.mu.Lock()
		if !src.holds(b.Tensor("text").Data) {
			moved = append(moved, int(b.Step))
		}
		src.mu.Unlock()
	}
	return moved
}

// TestInPlaceOnlyIf looks when a source is told to read into batches: if they hold
// the field as the source has it, and not if rows move between batches.
func TestInPlaceOnlyIf(t *testing.T) {
	for name, c := range map[string]struct {
		pipe []loader.Transform
		want bool
	}{
		"no transforms":     {nil, true},
		"others' fields":    {[]loader.Transform{double{}, add{}}, true},
		"the field removed": {[]loader.Transform{without{}}, false},
		"the field written": {[]loader.Transform{rewritten{}}, false},
		"rows dropped":      {[]loader.Transform{jitter{Drop: 3}}, false},
		"rows packed":       {[]loader.Transform{pack{Bytes: 12}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			src := tables()["texts"]().source().(*placingTable)
			cfg := loader.Config{BatchSize: 8, Transforms: c.pipe}
			ld := mustNew(t, src, cfg)
			for _, err := range ld.All(t.Context()) {
				if err != nil {
					t.Fatal(err)
				}
			}
			if got := len(src.given) > 0; got != c.want {
				t.Errorf("it was told: %v, want %v", got, c.want)
			}
			planned, apart := ld.Stats().PlannedBytes, mustNew(t, &src.randomTable, cfg).Stats().PlannedBytes
			if spared := planned < apart; spared != c.want {
				t.Errorf("%d bytes are planned, %d to read apart from batches", planned, apart)
			}
		})
	}
}

// TestReadTogether counts the reads of an epoch: rows that lie one behind another are
// read by a megabyte, others by less.
func TestReadTogether(t *testing.T) {
	for name, c := range map[string]struct {
		order loader.Order
		want  int
	}{"in order": {loader.Sequential{}, 2 * 4}, "shuffled": {loader.Shuffle{}, 2 * 16}} {
		src := (&table{sizes: []int{128}, random: true, bytes: 64 << 10, place: "text"}).source().(*placingTable)
		for _, err := range mustNew(t, src, loader.Config{BatchSize: 64, Order: c.order}).All(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
		}
		if got := len(src.given); got != c.want {
			t.Errorf("%s: %d reads, want %d", name, got, c.want)
		}
	}
}

// without removes the text, behind which nothing is left to be read in place.
type without struct{}

func (without) Bind(in loader.Spec) (loader.Stage, error) {
	out := in.Clone()
	out[1] = loader.Field{}
	return loader.Stage{Out: out, Row: func(*loader.Worker, *loader.Sample) error { return nil }}, nil
}

// rewritten writes the text anew.
type rewritten struct{}

func (rewritten) Bind(in loader.Spec) (loader.Stage, error) {
	return loader.Stage{Out: in, Writes: []int{1}, Row: func(w *loader.Worker, s *loader.Sample) error {
		w.Out(s, 1, dtype.Uint8, loader.Dims(1)).Data[0] = 'x'
		return nil
	}}, nil
}

// TestInPlaceKept keeps batches while their memory's like is read into.
func TestInPlaceKept(t *testing.T) {
	for _, name := range []string{"texts", "ids"} {
		t.Run(name, func(t *testing.T) {
			var kept []*loader.Batch
			var want []string
			for b, err := range mustNew(t, tables()[name]().source(), loader.Config{BatchSize: 5, Epochs: 3, Prefetch: 2, MaxKept: 4}).All(t.Context()) {
				if err != nil {
					t.Fatal(err)
				}
				kept, want = append(kept, b.Keep()), append(want, contents(b))
				if len(kept) == 4 {
					if got := contents(kept[0]); got != want[0] {
						t.Fatalf("a kept batch has become\n%s, was\n%s", got, want[0])
					}
					kept[0].Release()
					kept, want = kept[1:], want[1:]
				}
			}
			for i, b := range kept {
				if got := contents(b); got != want[i] {
					t.Errorf("a kept batch has become\n%s, was\n%s", got, want[i])
				}
				b.Release()
			}
		})
	}
}

func contents(b *loader.Batch) string {
	return fmt.Sprintln(b.IDs(), loader.View[int64](b.Tensor("id")), string(b.Tensor("text").Data), b.Offsets("text"))
}
