package cache_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stokerdata/stoker/format/cache"
	"github.com/stokerdata/stoker/format/mem"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/loadertest"
)

// settings are ways to keep rows.
var settings = []struct {
	name  string
	bytes int64
	spill bool
	small bool
}{
	{"memory", 1 << 20, false, false},
	{"memory, small segments", 1 << 20, false, true},
	{"memory, for some", 5 << 10, false, true},
	{"memory, for none", 8, false, false},
	{"folder", 1 << 20, true, false},
	{"folder, small files", 1 << 20, true, true},
	{"folder, for some", 5 << 10, true, true},
}

// opener returns what opens a cache of a table anew, on the same folder.
func opener(t testing.TB, i int) func() loader.Source {
	c, dir := settings[i], ""
	if c.spill {
		dir = t.TempDir()
	}
	return func() loader.Source {
		s := open(t, newTable(), cache.Options{Bytes: c.bytes, Dir: dir})
		if c.small {
			s.Small(smallSegment)
		}
		return s
	}
}

func TestConformance(t *testing.T) {
	for i, c := range settings {
		t.Run(c.name, func(t *testing.T) { loadertest.Source(t, opener(t, i)) })
	}
	t.Run("no transforms, no reading", func(t *testing.T) {
		loadertest.Source(t, func() loader.Source {
			src := newTable()
			src.bytes = 0
			return open(t, src, cache.Options{Transforms: []loader.Transform{}})
		})
	})
}

// TestSameBytes compares the stream behind caches, cold, warm and reopened, with
// the stream of the same transforms without one.
func TestSameBytes(t *testing.T) {
	cfg := loader.Config{BatchSize: 7, Epochs: 3, Seed: 5, Order: loader.Shuffle{}}
	plain := cfg
	plain.Transforms = append(append(plain.Transforms, inside...), outside...)
	want := loadertest.Digest(t, newTable(), plain)
	cfg.Transforms = outside
	for i, c := range settings {
		open := opener(t, i)
		for _, workers := range []int{1, 2, 7} {
			cfg.Workers, cfg.Prefetch, cfg.Readers = workers, workers, workers
			src := open().(*cache.Source)
			for run := range 2 {
				if got := loadertest.Digest(t, src, cfg); got != want {
					t.Errorf("%s, %d workers, run %d: other batches than without a cache", c.name, workers, run)
				}
			}
			if err := src.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

// TestResume goes on from the middle, behind a cache that is cold in memory and
// warm in a folder.
func TestResume(t *testing.T) {
	for i, c := range settings {
		t.Run(c.name, func(t *testing.T) {
			loadertest.Resume(t, opener(t, i), loader.Config{
				BatchSize: 7, Epochs: 3, Order: loader.Shuffle{}, Transforms: outside,
			}, 0, 5, 9, 20)
		})
	}
}

// TestResumeElsewhere goes on with a cache of another kind than the one that was
// left.
func TestResumeElsewhere(t *testing.T) {
	cfg := loader.Config{BatchSize: 7, Epochs: 2, Order: loader.Shuffle{}, Transforms: outside}
	var states []loader.State
	var rows [][]byte
	first := opener(t, 0)()
	for b := range loadertest.All(t, first, cfg) {
		states = append(states, b.State())
		rows = append(rows, append([]byte(nil), b.Tensor("image").Data...))
	}
	for i, c := range settings {
		cfg.Resume = &states[3]
		n := 4
		for b := range loadertest.All(t, opener(t, i)(), cfg) {
			if string(b.Tensor("image").Data) != string(rows[n]) {
				t.Errorf("%s: batch %d has other bytes", c.name, n)
			}
			n++
		}
		if n != len(rows) {
			t.Errorf("%s: %d batches, want %d", c.name, n, len(rows))
		}
	}
}

// TestWarm checks that the source is asked nothing where all rows are cached.
func TestWarm(t *testing.T) {
	for _, c := range settings {
		if c.bytes < 1<<20 {
			continue
		}
		src := newTable()
		dir := ""
		if c.spill {
			dir = t.TempDir()
		}
		s := open(t, src, cache.Options{Dir: dir})
		if c.small {
			s.Small(smallSegment)
		}
		cfg := loader.Config{BatchSize: 7, Order: loader.Shuffle{}}
		loadertest.Digest(t, s, cfg)
		if n := src.made.Load(); n != tableRows {
			t.Errorf("%s: %d rows were made for the first epoch of %d", c.name, n, tableRows)
		}
		loadertest.Digest(t, s, cfg)
		if n := src.opened.Load(); n != tableRows || src.live.Load() != 0 {
			t.Errorf("%s: %d rows were opened for two epochs of %d, and not all closed", c.name, n, tableRows)
		}
		st := s.Stats()
		if st.Rows != tableRows || st.Hits != tableRows || st.Misses != tableRows || st.Bytes < 100*tableRows || st.Damaged != 0 || st.Err != nil {
			t.Errorf("%s: %+v", c.name, st)
		}
		if err := s.Close(); err != nil || !src.closed.Load() {
			t.Errorf("%s: closed with %v; the source is closed: %v", c.name, err, src.closed.Load())
		}
		if !c.spill {
			continue
		}
		src = newTable()
		s = open(t, src, cache.Options{Dir: dir})
		if st := s.Stats(); st.Rows != tableRows || st.Bytes < 100*tableRows {
			t.Errorf("%s, opened anew: %+v", c.name, st)
		}
		loadertest.Digest(t, s, cfg)
		if n := src.opened.Load(); n != 0 {
			t.Errorf("%s, opened anew: %d rows were opened", c.name, n)
		}
		if n := s.Lent(); n != 0 {
			t.Errorf("%s: %d bytes of read buffers are lent", c.name, n)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestBlocks checks that a State is good for all ways to keep rows, and that
// what is read is announced.
func TestBlocks(t *testing.T) {
	blocks := func(src loader.Source, dir string) []loader.Block {
		s := open(t, src, cache.Options{Dir: dir, Transforms: []loader.Transform{}})
		defer s.Close()
		return s.Blocks()
	}
	a := newAlbum(100 << 10)
	if got := blocks(a, ""); got[0].Bytes != 1024*(16+256*256*3+8) {
		t.Errorf("pictures are announced as %d bytes", got[0].Bytes)
	}
	if memory, folder := blocks(a, ""), blocks(a, t.TempDir()); !slices.Equal(memory, folder) {
		t.Errorf("in memory %+v, in a folder %+v", memory, folder)
	}
	a.bytes = 0
	if got := blocks(a, ""); got[0].Bytes != 0 {
		t.Errorf("%d bytes to read of a source that reads none", got[0].Bytes)
	}
	if got := blocks(a, t.TempDir()); got[0].Bytes == 0 {
		t.Error("no bytes to read from a folder")
	}
}

// TestBudget fills a cache that is too small: what came first stays.
func TestBudget(t *testing.T) {
	for _, spill := range []bool{false, true} {
		dir := ""
		if spill {
			dir = t.TempDir()
		}
		for run := range 3 {
			src := newTable()
			s := open(t, src, cache.Options{Bytes: 5000, Dir: dir})
			s.Small(smallSegment)
			var kept int64
			for epoch := range 3 {
				loadertest.Digest(t, s, loader.Config{BatchSize: 7, Order: loader.Shuffle{}, Seed: uint64(epoch)})
				st := s.Stats()
				if epoch == 0 {
					kept = st.Rows
				}
				if kept < 10 || kept > tableRows-10 || st.Rows != kept || st.Bytes > 5000 {
					t.Errorf("spill %v, run %d: %d rows were cached, then %+v", spill, run, kept, st)
				}
				if epoch > 0 && st.Hits < int64(epoch)*kept {
					t.Errorf("spill %v, run %d: %d hits in %d epochs with %d rows", spill, run, st.Hits, epoch, kept)
				}
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			var bytes int
			for _, f := range files(t, dir) {
				bytes += len(read(t, f))
			}
			if spill && (bytes > 5000 || bytes < 4000) {
				t.Errorf("run %d: files of %d bytes for a budget of 5000", run, bytes)
			}
		}
	}
}

// TestDraws puts a transform that draws into the cache.
func TestDraws(t *testing.T) {
	for name, stage := range map[string]loader.Transform{"at once": jitter{"image"}, "in another": nested{jitter{"image"}}} {
		s := open(t, newTable(), cache.Options{Transforms: []loader.Transform{invert{"image"}, stage}})
		ld, err := loader.New(s, loader.Config{BatchSize: 7})
		if err != nil {
			t.Fatal(err)
		}
		for _, err = range ld.All(t.Context()) {
			if err != nil {
				break
			}
		}
		var at *loader.SampleError
		if !errors.Is(err, loader.ErrSpec) || !errors.As(err, &at) || at.Stage != fmt.Sprintf("%T", stage) || at.Shard != "shard-0" || at.Row != 100+at.ID {
			t.Errorf("%s: %v", name, err)
		}
		if n := s.Stats().Rows; n != 0 {
			t.Errorf("%s: %d rows were cached", name, n)
		}
		ld.Close()
	}
}

// nested is a transform that runs another as combinators do.
type nested struct{ t loader.Transform }

func (n nested) Bind(in loader.Spec) (loader.Stage, error) {
	inner, err := n.t.Bind(in)
	st := inner
	st.Row = func(w *loader.Worker, s *loader.Sample) error { return w.Run(1, &inner, s) }
	return st, err
}

// TestBadRows leaves rows that do not decode to the error policy, each time.
func TestBadRows(t *testing.T) {
	for i, c := range settings {
		if c.spill {
			continue
		}
		plain := newTable()
		plain.bad = map[int64]error{3: errRotten, 40: errRotten}
		cfg := loader.Config{BatchSize: 7, Epochs: 2, Order: loader.Shuffle{}, OnError: loader.Skip(10), Transforms: inside}
		want := loadertest.Digest(t, plain, cfg)
		cfg.Transforms = nil
		src := newTable()
		src.bad = plain.bad
		s := open(t, src, cache.Options{Bytes: settings[i].bytes})
		if loadertest.Digest(t, s, cfg) != want {
			t.Errorf("%s: other batches than without a cache", c.name)
		}
		ld, err := loader.New(s, loader.Config{BatchSize: 7})
		if err != nil {
			t.Fatal(err)
		}
		for _, err = range ld.All(t.Context()) {
			if err != nil {
				break
			}
		}
		var at *loader.SampleError
		if !errors.Is(err, errRotten) || !errors.As(err, &at) || at.ID != 3 || at.Shard != "shard-0" || at.Row != 103 {
			t.Errorf("%s: %v", c.name, err)
		}
		ld.Close()
	}
}

// bind is a transform that is its stage.
type bind struct{ st loader.Stage }

func (b bind) Bind(in loader.Spec) (loader.Stage, error) {
	if b.st.Out == nil {
		b.st.Out = in
	}
	return b.st, nil
}

func TestRefused(t *testing.T) {
	row := func(*loader.Worker, *loader.Sample) error { return nil }
	for name, c := range map[string]struct {
		src  loader.Source
		o    cache.Options
		want string
	}{
		"blocks":     {struct{ loader.Source }{newTable()}, cache.Options{}, "is read in blocks"},
		"no source":  {nil, cache.Options{}, "is read in blocks"},
		"negative":   {newTable(), cache.Options{Bytes: -1}, "negative Bytes"},
		"nil":        {newTable(), cache.Options{Transforms: []loader.Transform{invert{"image"}, nil}}, "transform 2 is nil"},
		"misspelt":   {newTable(), cache.Options{Transforms: []loader.Transform{invert{"imago"}}}, `transform 1, cache_test.invert: no field "imago"`},
		"batches":    {newTable(), cache.Options{Transforms: []loader.Transform{bind{loader.Stage{Batch: func(*loader.Worker, *loader.Batch) error { return nil }}}}}, "single rows"},
		"regrouping": {newTable(), cache.Options{Transforms: []loader.Transform{bind{loader.Stage{Regroup: &loader.Regroup{}}}}}, "single rows"},
		"dropping":   {newTable(), cache.Options{Transforms: []loader.Transform{bind{loader.Stage{Row: row, Drops: true}}}}, "drops rows"},
		"function":   {newTable(), cache.Options{Transforms: []loader.Transform{bind{loader.Stage{Row: row}}}, Dir: t.TempDir()}, "needs a Version"},
	} {
		s, err := cache.Open(c.src, c.o)
		if s != nil || !errors.Is(err, loader.ErrSpec) || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "cache: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
	short := bind{loader.Stage{Row: row, Out: loader.Spec{{Name: "x", DType: dtype.Uint8}}}}
	if _, err := cache.Open(newTable(), cache.Options{Transforms: []loader.Transform{short}}); err == nil || !strings.Contains(err.Error(), "1 fields of 6") {
		t.Errorf("fields that are gone: %v", err)
	}
	o := cache.Options{Transforms: []loader.Transform{bind{loader.Stage{Row: row}}}, Dir: t.TempDir(), Version: "1"}
	if s, err := cache.Open(newTable(), o); err != nil {
		t.Errorf("a function with a Version: %v", err)
	} else {
		s.Close()
	}
}

// TestMisfit has a transform break its own promise.
func TestMisfit(t *testing.T) {
	wrong := bind{loader.Stage{Row: func(w *loader.Worker, s *loader.Sample) error {
		w.Out(s, 0, dtype.Uint8, loader.Dims(3, 5, 1))
		return nil
	}}}
	s := open(t, newTable(), cache.Options{Transforms: []loader.Transform{wrong}})
	ld, err := loader.New(s, loader.Config{BatchSize: 7})
	if err != nil {
		t.Fatal(err)
	}
	defer ld.Close()
	for _, err = range ld.All(t.Context()) {
		if err != nil {
			break
		}
	}
	if !errors.Is(err, loader.ErrSpec) || !strings.Contains(err.Error(), `"image"`) || s.Stats().Rows != 0 {
		t.Errorf("%v, %+v", err, s.Stats())
	}
}

// TestFingerprint checks that a state of another pipeline is refused, and that
// each has its own files.
func TestFingerprint(t *testing.T) {
	named := newTable()
	named.name = "other"
	longer := newTable()
	longer.sizes = []int{9, 0, 31, 21}
	dir := t.TempDir()
	var state loader.State
	seen := map[string]string{}
	for _, c := range []struct {
		name string
		src  loader.Source
		o    cache.Options
	}{
		{"first", newTable(), cache.Options{}},
		{"name", named, cache.Options{}},
		{"rows", longer, cache.Options{}},
		{"version", newTable(), cache.Options{Version: "2"}},
		{"transforms", newTable(), cache.Options{Transforms: inside[:4]}},
		{"parameter", newTable(), cache.Options{Transforms: append([]loader.Transform{invert{"boxes"}}, inside[1:]...)}},
		{"order", newTable(), cache.Options{Transforms: []loader.Transform{inside[1], inside[0], inside[2], inside[3], inside[4]}}},
	} {
		c.o.Dir = dir
		s := open(t, c.src, c.o)
		if other, ok := seen[s.Fingerprint()]; ok {
			t.Errorf("%s has the fingerprint of %s", c.name, other)
		}
		seen[s.Fingerprint()] = c.name
		if n := s.Stats().Rows; n != 0 {
			t.Errorf("%s finds %d rows of another", c.name, n)
		}
		for b := range loadertest.All(t, s, loader.Config{BatchSize: 7}) {
			if c.name == "first" {
				state = b.State()
			}
		}
		_, err := loader.New(s, loader.Config{BatchSize: 7, Resume: &state})
		if errors.Is(err, loader.ErrState) == (c.name == "first") {
			t.Errorf("%s: the state of the first gives %v", c.name, err)
		}
		s.Close()
	}
}

// TestLarge caches rows that lie alone, in memory and in files.
func TestLarge(t *testing.T) {
	cfg := loader.Config{BatchSize: 7, Order: loader.Shuffle{}}
	want := loadertest.Digest(t, newTable(), loader.Config{BatchSize: 7, Order: loader.Shuffle{}, Transforms: inside})
	for _, dir := range []string{"", t.TempDir()} {
		s := open(t, newTable(), cache.Options{Dir: dir})
		s.Small(64)
		for range 2 {
			if loadertest.Digest(t, s, cfg) != want {
				t.Errorf("dir %q: other batches than without a cache", dir)
			}
		}
		if st := s.Stats(); st.Rows != tableRows || st.Hits != tableRows {
			t.Errorf("dir %q: %+v", dir, st)
		}
		s.Close()
		if dir == "" {
			continue
		}
		if n := len(files(t, dir)); n != tableRows {
			t.Errorf("%d files", n)
		}
		src := newTable()
		s = open(t, src, cache.Options{Dir: dir})
		if loadertest.Digest(t, s, cfg) != want || src.opened.Load() != 0 {
			t.Errorf("opened anew: other batches, or %d rows opened", src.opened.Load())
		}
		s.Close()
	}
}

// TestHuge caches a row that no segment of the usual size holds.
func TestHuge(t *testing.T) {
	const n = 16<<20 + 24 // bytes
	pixels := make([]uint8, n)
	for i := range pixels {
		pixels[i] = uint8(i >> 3)
	}
	src, err := mem.Columns(loader.Spec{{Name: "x", DType: dtype.Uint8, Shape: loader.Dims(n)}}, mem.Of(pixels))
	if err != nil {
		t.Fatal(err)
	}
	cfg := loader.Config{BatchSize: 1}
	want := loadertest.Digest(t, src, cfg)
	dir := t.TempDir()
	for run, dir := range []string{"", dir, dir} {
		s := open(t, src, cache.Options{Transforms: []loader.Transform{}, Dir: dir, Bytes: n + 1000})
		for range 2 {
			if loadertest.Digest(t, s, cfg) != want {
				t.Errorf("run %d: other batches", run)
			}
		}
		if st := s.Stats(); st.Rows != 1 || st.Hits < 1 || run == 2 && st.Misses != 0 {
			t.Errorf("run %d: %+v", run, st)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestAllocs counts allocations for rows that are cached.
func TestAllocs(t *testing.T) {
	for i, c := range settings {
		if c.bytes < 1<<20 {
			continue
		}
		s := opener(t, i)().(*cache.Source)
		loadertest.Digest(t, s, loader.Config{BatchSize: 7})
		loadertest.Allocs(t, s, loader.Config{BatchSize: 60, Order: loader.Shuffle{}, Transforms: outside}, 0)
		s.Close()
	}
}

// undrawn is a table that is never asked for a part that is drawn.
type undrawn struct{ *table }

func (u undrawn) OpenRows(ctx context.Context, refs []loader.Ref) (loader.Rows, error) {
	for _, r := range refs {
		if r.Key() != 0 {
			return nil, fmt.Errorf("row %d is asked for with the key %x, and would be kept", r.Row, r.Key())
		}
	}
	return u.table.OpenRows(ctx, refs)
}

func TestKeepsNothingDrawn(t *testing.T) {
	src, err := cache.Open(undrawn{newTable()}, cache.Options{})
	if err != nil {
		t.Fatal(err)
	}
	loadertest.Digest(t, src, loader.Config{BatchSize: 7, Seed: 1})
}
