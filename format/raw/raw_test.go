package raw_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stokerdata/stoker/format"
	"github.com/stokerdata/stoker/format/raw"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
	"github.com/stokerdata/stoker/shard"
	"github.com/stokerdata/stoker/shard/shardtest"
)

// pets is a folder of two classes.
var pets = map[string]string{
	"dog/b.jpg": "bello", "dog/a.jpg": "asta", "cat/x.jpg": "minka", "cat/y.JPG": "", "cat/notes.txt": "no image", "cat/.z.jpg": "hidden",
}

// tree writes files into a new folder.
func tree(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		put(t, filepath.Join(dir, name), content)
	}
	return dir
}

func put(t testing.TB, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
		t.Fatal(err)
	}
}

// must returns v if a source could be opened, and closes it with the test.
func must[S interface{ Close() error }](t testing.TB) func(v S, err error) S {
	return func(v S, err error) S {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { v.Close() })
		return v
	}
}

// all runs a loader over src and returns the bytes of a field, row by row, up to
// the first error.
func all(t testing.TB, src loader.Source, cfg loader.Config, field string) (values []string, err error) {
	t.Helper()
	cfg.BatchSize = max(1, cfg.BatchSize)
	// The loader closes its source, which tests go on with.
	ld, err := loader.New(open{src.(loader.RandomSource)}, cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer ld.Close()
	for b, err := range ld.All(t.Context()) {
		if err != nil {
			return values, err
		}
		for i := range b.Len() {
			values = append(values, string(b.Row(field, i).Data))
		}
	}
	return values, nil
}

// open is a source that nobody closes.
type open struct{ loader.RandomSource }

// numbers returns the values of a numeric field of all rows.
func numbers[T dtype.Element](t testing.TB, src loader.Source, field string) (values []T) {
	t.Helper()
	ld, err := loader.New(open{src.(loader.RandomSource)}, loader.Config{BatchSize: 3})
	if err != nil {
		t.Fatal(err)
	}
	defer ld.Close()
	for b, err := range ld.All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		values = append(values, loader.View[T](b.Tensor(field))...)
	}
	return values
}

func equal[T comparable](t testing.TB, got, want []T) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestOpen(t *testing.T) {
	src := must[*raw.Source](t)(raw.Open(tree(t, pets), raw.Options{Label: raw.ParentDir, Path: "path", Extensions: []string{".jpg"}}))
	spec := src.Spec()
	if got, want := spec.String(), "[image uint8 (?) encoded image; label int32 () label; path uint8 (?) text]"; got != want {
		t.Errorf("spec is %s, want %s", got, want)
	}
	equal(t, spec[1].Names, []string{"cat", "dog"})
	if b := src.Blocks(); len(b) != 1 || b[0].Rows != 4 || b[0].Bytes != int64(len("minka"+"asta"+"bello")) {
		t.Errorf("blocks are %+v", b)
	}
	images, err := all(t, src, loader.Config{BatchSize: 3}, "image")
	if err != nil {
		t.Fatal(err)
	}
	equal(t, images, []string{"minka", "", "asta", "bello"})
	paths, _ := all(t, src, loader.Config{BatchSize: 3}, "path")
	equal(t, paths, []string{"cat/x.jpg", "cat/y.JPG", "dog/a.jpg", "dog/b.jpg"})
	equal(t, numbers[int32](t, src, "label"), []int32{0, 0, 1, 1})
}

// TestBackends reads files one by one and together.
func TestBackends(t *testing.T) {
	files := map[string]string{"empty": ""}
	for i := range 200 {
		files[fmt.Sprintf("%03d", i)] = strings.Repeat(fmt.Sprint(i), i*i)
	}
	var want []string
	for _, name := range slices.Sorted(maps.Keys(files)) {
		want = append(want, files[name])
	}
	dir := tree(t, files)
	for _, backend := range []shard.Backend{shard.Pread, shard.Direct, shard.Ring, shard.DirectRing, shard.MmapTrusted} {
		src := must[*raw.Source](t)(raw.Open(dir, raw.Options{Pool: shard.PoolConfig{Backend: backend, MaxOpen: 50}}))
		got, err := all(t, src, loader.Config{BatchSize: 30}, "image")
		if err != nil {
			t.Fatal(err)
		}
		equal(t, got, want)
		n := len(got)
		if got, err = all(t, src, loader.Config{BatchSize: 30, Order: loader.Shuffle{}}, "image"); err != nil || len(got) != n {
			t.Errorf("%d of %d files, error %v", len(got), n, err)
		}
	}
}

func TestOpenShuffled(t *testing.T) {
	src := must[*raw.Source](t)(raw.Open(tree(t, pets), raw.Options{}))
	got, err := all(t, src, loader.Config{BatchSize: 2, Order: loader.Shuffle{}, Seed: 7, Workers: 3}, "image")
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(got)
	equal(t, got, []string{"", "asta", "bello", "minka", "no image"})
}

func TestField(t *testing.T) {
	dir := tree(t, map[string]string{"a": "x"})
	for _, c := range []struct {
		o    raw.Options
		want loader.Field
	}{
		{raw.Options{}, loader.Field{Name: "image", Kind: kind.EncodedImage}},
		{raw.Options{Kind: kind.EncodedAudio}, loader.Field{Name: "audio", Kind: kind.EncodedAudio}},
		{raw.Options{Kind: kind.Text}, loader.Field{Name: "text", Kind: kind.Text}},
		{raw.Options{Field: "photo", Kind: kind.EncodedImage}, loader.Field{Name: "photo", Kind: kind.EncodedImage}},
		{raw.Options{Field: "bytes"}, loader.Field{Name: "bytes", Kind: kind.Plain}},
	} {
		f := must[*raw.Source](t)(raw.Open(dir, c.o)).Spec()[0]
		if f.Name != c.want.Name || f.Kind != c.want.Kind || f.DType != dtype.Uint8 || f.Shape != loader.Dims(-1) {
			t.Errorf("%+v gives %v, want %v", c.o, f, c.want)
		}
	}
}

func TestNamesOfAnotherPart(t *testing.T) {
	dir := tree(t, map[string]string{"dog/a": "1", "yak/a": "2"})
	src := must[*raw.Source](t)(raw.Open(dir, raw.Options{Label: raw.ParentDir, Names: []string{"cat", "dog", "eel", "yak"}}))
	equal(t, numbers[int32](t, src, "label"), []int32{1, 3})
	equal(t, src.Spec()[1].Names, []string{"cat", "dog", "eel", "yak"})
}

// TestLargeFolder looks at the blocks of two files of 200 MiB, all of them holes.
func TestLargeFolder(t *testing.T) {
	dir := tree(t, map[string]string{"a": "1", "b": "", "c": ""})
	for _, name := range []string{"b", "c"} {
		if err := os.Truncate(filepath.Join(dir, name), 200<<20); err != nil {
			t.Skip(err)
		}
	}
	src := must[*raw.Source](t)(raw.Open(dir, raw.Options{}))
	equal(t, src.Blocks(), []loader.Block{
		{Rows: 2, Bytes: 200<<20 + 1, Shard: dir},
		{Rows: 1, Bytes: 200 << 20, Shard: dir, FirstRow: 2},
	})
}

func TestOpenErrors(t *testing.T) {
	dir := tree(t, map[string]string{"top.jpg": "123456", "a/in.jpg": "1"})
	for _, c := range []struct {
		name, dir string
		o         raw.Options
		is        error
		want      string
	}{
		{"missing folder", filepath.Join(dir, "none"), raw.Options{}, fs.ErrNotExist, "none"},
		{"no folder", filepath.Join(dir, "top.jpg"), raw.Options{}, nil, "not a folder"},
		{"no file", dir, raw.Options{Extensions: []string{".png"}}, fs.ErrNotExist, "no file"},
		{"no class", dir, raw.Options{Label: raw.ParentDir}, nil, "top.jpg: no class name"},
		{"unknown class", filepath.Join(dir, "a"), raw.Options{Label: func(string) string { return "z" }, Names: []string{"a"}}, nil, `in.jpg: class "z"`},
		{"two fields", dir, raw.Options{Path: "image"}, loader.ErrSpec, `"image"`},
		{"too large", dir, raw.Options{Limits: format.Limits{RecordBytes: 5}}, loader.ErrCorrupt, "top.jpg: 6 bytes, the limit is 5"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := raw.Open(c.dir, c.o)
			if err == nil || !strings.HasPrefix(err.Error(), "raw: ") || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v does not tell %q", err, c.want)
			}
			if c.is != nil && !errors.Is(err, c.is) {
				t.Errorf("error %v is not %v", err, c.is)
			}
		})
	}
}

// A path that is not UTF-8 is no text, but its file one like any other.
func TestPathsAreTexts(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "\xff.jpg"), []byte("x"), 0o666); err != nil {
		t.Skip(err) // macOS has no such names
	}
	if _, err := raw.Open(dir, raw.Options{Path: "path"}); !errors.Is(err, loader.ErrCorrupt) || !strings.Contains(err.Error(), `"\xff.jpg"`) {
		t.Errorf("as a text: %v", err)
	}
	images, err := all(t, must[*raw.Source](t)(raw.Open(dir, raw.Options{})), loader.Config{}, "image")
	if err != nil {
		t.Fatal(err)
	}
	equal(t, images, []string{"x"})
}

// TestFilesThatChange damages the second of three files after Open.
func TestFilesThatChange(t *testing.T) {
	for _, c := range []struct {
		name   string
		damage func(path string) error
		is     error
		want   string
	}{
		{"missing", os.Remove, fs.ErrNotExist, "no such file"},
		{"truncated", func(p string) error { return os.Truncate(p, 2) }, shard.ErrChanged, "size was 3, is 2"},
		{"emptied", func(p string) error { return os.Truncate(p, 0) }, shard.ErrChanged, "size was 3, is 0"},
		{"grown", func(p string) error { return os.WriteFile(p, []byte("four"), 0) }, shard.ErrChanged, "size was 3, is 4"},
		{"rewritten", func(p string) error { return os.Chtimes(p, time.Time{}, time.Unix(1, 0)) }, shard.ErrChanged, "written"},
		{"directory", func(p string) error { return errors.Join(os.Remove(p), os.Mkdir(p, 0o777)) }, nil, "directory"},
		{"FIFO", func(p string) error { return errors.Join(os.Remove(p), mkfifo(p)) }, nil, "FIFO"},
		{"unreadable", func(p string) error { return os.Chmod(p, 0) }, fs.ErrPermission, "permission"},
	} {
		for _, backend := range []shard.Backend{shard.Pread, shard.DirectRing} {
			t.Run(fmt.Sprintf("%s/backend %d", c.name, backend), func(t *testing.T) {
				if c.name == "unreadable" && os.Getuid() == 0 {
					t.Skip("the superuser may read all")
				}
				dir := tree(t, map[string]string{"a": "one", "b": "two", "c": "six"})
				src := must[*raw.Source](t)(raw.Open(dir, raw.Options{Pool: shard.PoolConfig{Backend: backend}}))
				if err := c.damage(filepath.Join(dir, "b")); err != nil {
					t.Skip(err)
				}
				_, err := all(t, src, loader.Config{BatchSize: 3}, "image")
				e, ok := errors.AsType[*loader.SampleError](err)
				if !ok || e.ID != 1 || e.Row != 1 || e.Shard != dir || e.Stage != "read" || !strings.Contains(err.Error(), filepath.Join(dir, "b")) {
					t.Errorf("error %v does not tell which sample", err)
				}
				if !strings.Contains(err.Error(), c.want) || c.is != nil && !errors.Is(err, c.is) {
					t.Errorf("error is %v, want %s", err, c.want)
				}
				got, err := all(t, src, loader.Config{BatchSize: 3, OnError: loader.Skip(1)}, "image")
				if err != nil {
					t.Fatal(err)
				}
				equal(t, got, []string{"one", "six"})
			})
		}
	}
}

func TestFIFOInFolder(t *testing.T) {
	dir := tree(t, map[string]string{"a": "one"})
	if err := mkfifo(filepath.Join(dir, "b")); err != nil {
		t.Skip(err)
	}
	if _, err := raw.Open(dir, raw.Options{}); err == nil || !strings.Contains(err.Error(), "FIFO") {
		t.Errorf("error is %v, want one that tells of a FIFO", err)
	}
}

// TestPassingFaults fails each call of the file system once: it is retried, and
// the stream stays as it is.
func TestPassingFaults(t *testing.T) {
	dir := tree(t, map[string]string{"a": "one", "b": "two", "c": "six"})
	want := []string{"one", "two", "six"}
	for _, op := range []shardtest.Op{shardtest.Open, shardtest.Read, shardtest.Stat} {
		for nth := 1; nth <= 3; nth++ {
			faulty := &shardtest.FaultFS{Faults: []shardtest.Fault{{Op: op, Nth: nth, Effect: shardtest.Error(syscall.EIO)}}}
			src := must[*raw.Source](t)(raw.Open(dir, raw.Options{Pool: shard.PoolConfig{FS: faulty, Backoff: time.Microsecond}}))
			got, err := all(t, src, loader.Config{BatchSize: 2}, "image")
			if err != nil {
				t.Errorf("fault at call %d of %v: %v", nth, op, err)
			}
			equal(t, got, want)
		}
	}
}

// TestHungRead leaves a read behind: the sample fails, its neighbours do not.
func TestHungRead(t *testing.T) {
	dir := tree(t, map[string]string{"a": "one", "b": "two", "c": "six"})
	faulty := &shardtest.FaultFS{Faults: []shardtest.Fault{{Op: shardtest.Read, Path: "b", Count: -1, Effect: shardtest.Hang()}}}
	defer faulty.Release()
	src := must[*raw.Source](t)(raw.Open(dir, raw.Options{Pool: shard.PoolConfig{FS: faulty, Deadline: 20 * time.Millisecond}}))
	got, err := all(t, src, loader.Config{BatchSize: 3, OnError: loader.Skip(1)}, "image")
	if err != nil {
		t.Fatal(err)
	}
	equal(t, got, []string{"one", "six"})
}

// TestSizes looks when files are read straight into batches: not if a read may be
// given up, as it would go on writing to them.
func TestSizes(t *testing.T) {
	dir := tree(t, map[string]string{"a": "one", "b": "", "c": "seven"})
	for _, c := range []struct {
		pool  shard.PoolConfig
		field int
	}{
		{shard.PoolConfig{}, 0},
		{shard.PoolConfig{Backend: shard.Direct}, 0},
		{shard.PoolConfig{Backend: shard.Ring}, -1},
		{shard.PoolConfig{Deadline: time.Second}, -1},
	} {
		src := must[*raw.Source](t)(raw.Open(dir, raw.Options{Pool: c.pool}))
		sizes := make([]int64, 3)
		field := src.Sizes([]loader.Ref{{Row: 2}, {Row: 0}, {Row: 1}}, sizes)
		if field != c.field || field == 0 && !slices.Equal(sizes, []int64{5, 3, 0}) {
			t.Errorf("%+v: field %d, sizes %v", c.pool, field, sizes)
		}
	}
}

func TestCancelled(t *testing.T) {
	src := must[*raw.Source](t)(raw.Open(tree(t, pets), raw.Options{}))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := src.Open(ctx, 0); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, want %v", err, context.Canceled)
	}
	src.Close()
	if _, err := src.Open(t.Context(), 0); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("error is %v, want %v", err, fs.ErrClosed)
	}
}

func TestFingerprint(t *testing.T) {
	o := raw.Options{Label: raw.ParentDir}
	here := must[*raw.Source](t)(raw.Open(tree(t, pets), o)).Fingerprint()
	if there := must[*raw.Source](t)(raw.Open(tree(t, pets), o)).Fingerprint(); here != there {
		t.Errorf("a copy has the fingerprint %s, the original %s", there, here)
	}
	dir := tree(t, pets)
	put(t, filepath.Join(dir, "cat/x.jpg"), "other")
	put(t, filepath.Join(dir, "cat/y.JPG"), "more")
	if other := must[*raw.Source](t)(raw.Open(dir, o)).Fingerprint(); here == other {
		t.Error("other data has the same fingerprint")
	}
	seen := map[string]bool{}
	for _, content := range []string{"path,n\na.jpg,1\n", "path,n\na.jpg,2\n", "path,n\nb.jpg,1\n"} {
		src := must[*raw.Source](t)(raw.OpenManifest(manifest(t, "m.csv", content), raw.ManifestOptions{}))
		seen[src.Fingerprint()] = true
	}
	if len(seen) != 3 {
		t.Errorf("three manifests have %d fingerprints", len(seen))
	}
}

// TestOpenRowsAllocates nothing once buffers have been through the pool.
func TestOpenRowsAllocates(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector empties pools")
	}
	dir := tree(t, map[string]string{"a": "one", "b": strings.Repeat("two", 9999), "c": "six"})
	src := must[*raw.Source](t)(raw.Open(dir, raw.Options{}))
	refs := []loader.Ref{{Row: 2}, {Row: 1}, {Row: 0}, {Row: 1}}
	n := testing.AllocsPerRun(200, func() {
		rows, err := src.OpenRows(t.Context(), refs)
		if err != nil {
			t.Fatal(err)
		}
		rows.Close()
	})
	if n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestSteadyState counts the allocations of a loader over many epochs.
func TestSteadyState(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector empties pools")
	}
	files := map[string]string{}
	for i := range 256 {
		files[fmt.Sprintf("%c/%d", 'a'+i%8, i)] = strings.Repeat("x", 100*i)
	}
	src := must[*raw.Source](t)(raw.Open(tree(t, files), raw.Options{Label: raw.ParentDir, Path: "path"}))
	const epochs, warm = 24, 8
	ld, err := loader.New(src, loader.Config{BatchSize: 32, Epochs: epochs, Order: loader.Shuffle{}})
	if err != nil {
		t.Fatal(err)
	}
	defer ld.Close()
	var before, after runtime.MemStats
	for b, err := range ld.All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if b.Epoch == warm && b.Step == 0 {
			runtime.ReadMemStats(&before)
		}
	}
	runtime.ReadMemStats(&after)
	if n := float64(after.Mallocs-before.Mallocs) / (256 * (epochs - warm)); n > 0.1 {
		t.Errorf("%.2f allocations per sample", n)
	}
}
