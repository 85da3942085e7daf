package cache_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/stokerdata/stoker/format/cache"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
)

// table is a source of rows of all sorts of fields, which follow from their
// number, in blocks of several sizes. It counts what is asked of it.
type table struct {
	sizes []int
	bytes int64           // of a row, 0 for no I/O
	bad   map[int64]error // rows that do not decode
	name  string

	opened, made atomic.Int64 // rows
	live         atomic.Int64 // what was opened and not closed
	closed       atomic.Bool
}

// newTable returns 60 rows.
func newTable() *table { return &table{sizes: []int{9, 0, 31, 20}, bytes: 100} }

const tableRows = 60

var errRotten = errors.New("rotten")

func (t *table) Spec() loader.Spec {
	return loader.Spec{
		{Name: "image", DType: dtype.Uint8, Shape: loader.Dims(3, 5, 3), Kind: kind.Image},
		{Name: "boxes", DType: dtype.Float32, Shape: loader.Dims(-1, 4), Kind: kind.Boxes, Canvas: "image"},
		{Name: "text", DType: dtype.Uint8, Shape: loader.Dims(-1), Kind: kind.Text},
		{Name: "valid", DType: dtype.Bool, Shape: loader.Dims(3)},
		{Name: "volume", DType: dtype.Uint16, Shape: loader.Dims(-1, 2, -1)},
		{Name: "label", DType: dtype.Int64, Kind: kind.Label},
	}
}

func (t *table) Blocks() []loader.Block {
	b := make([]loader.Block, len(t.sizes))
	for i, n := range t.sizes {
		b[i] = loader.Block{Rows: n, Bytes: int64(n) * t.bytes, Shard: fmt.Sprintf("shard-%d", i), FirstRow: 100}
	}
	return b
}

func (t *table) Fingerprint() string { return t.name }

func (t *table) Close() error {
	t.closed.Store(true)
	return nil
}

func (t *table) Open(ctx context.Context, i int) (loader.Rows, error) {
	refs := make([]loader.Ref, t.sizes[i])
	for row := range refs {
		refs[row] = loader.Ref{Block: i, Row: row}
	}
	return t.OpenRows(ctx, refs)
}

func (t *table) OpenRows(ctx context.Context, refs []loader.Ref) (loader.Rows, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	t.opened.Add(int64(len(refs)))
	t.live.Add(1)
	return &tableRowsOf{t, refs}, nil
}

type tableRowsOf struct {
	t    *table
	refs []loader.Ref
}

func (r *tableRowsOf) Row(w *loader.Worker, i int, s *loader.Sample) error {
	r.t.made.Add(1)
	id := r.refs[i].Row
	for _, n := range r.t.sizes[:r.refs[i].Block] {
		id += n
	}
	if err := r.t.bad[int64(id)]; err != nil {
		return err
	}
	shapes := []loader.Shape{loader.Dims(3, 5, 3), loader.Dims(id%4, 4), loader.Dims(id * 3 % 11), loader.Dims(3), loader.Dims(id%3, 2, id%5), loader.Dims()}
	for f, field := range r.t.Spec() {
		v := w.Out(s, f, field.DType, shapes[f])
		for k := range v.Data {
			if v.Data[k] = uint8(id*31 + f*7 + k*k); field.DType == dtype.Bool {
				v.Data[k] &= 1
			}
		}
	}
	return nil
}

func (r *tableRowsOf) Close() error {
	r.t.live.Add(-1)
	return nil
}

// invert is a transform that writes a field anew.
type invert struct{ Field string }

func (v invert) Bind(in loader.Spec) (loader.Stage, error) {
	f, err := in.Find(v.Field, kind.Plain)
	return loader.Stage{Out: in, Writes: []int{f}, Row: func(w *loader.Worker, s *loader.Sample) error {
		old := s.Fields[f]
		v := w.Out(s, f, old.DType, old.Shape)
		for i, x := range old.Data {
			v.Data[i] = ^x
		}
		return nil
	}}, err
}

// count is a transform that appends the length of a field and removes the field.
type count struct{ Field string }

func (c count) Bind(in loader.Spec) (loader.Stage, error) {
	f, err := in.Find(c.Field, kind.Plain)
	if err != nil {
		return loader.Stage{}, err
	}
	out, n := in.With(loader.Field{Name: c.Field + ".len", DType: dtype.Int32})
	out[f].Name = ""
	return loader.Stage{Out: out, Writes: []int{n}, Row: func(w *loader.Worker, s *loader.Sample) error {
		loader.View[int32](*w.Out(s, n, dtype.Int32, loader.Dims()))[0] = int32(len(s.Fields[f].Data))
		return nil
	}}, nil
}

// shift is a transform that changes a field in place.
type shift struct{ Field string }

func (v shift) Bind(in loader.Spec) (loader.Stage, error) {
	f, err := in.Find(v.Field, kind.Plain)
	return loader.Stage{Out: in, Row: func(w *loader.Worker, s *loader.Sample) error {
		add(*w.Mutable(s, f), 3)
		return nil
	}}, err
}

func add(t loader.Tensor, x uint8) {
	for i, v := range t.Data {
		t.Data[i] = v + x
	}
}

// jitter is a transform that changes a field in place, by what it draws.
type jitter struct{ Field string }

func (j jitter) Bind(in loader.Spec) (loader.Stage, error) {
	f, err := in.Find(j.Field, kind.Plain)
	return loader.Stage{Out: in, Row: func(w *loader.Worker, s *loader.Sample) error {
		x := w.Rand().Uint32()
		w.Note("by", float64(x))
		add(*w.Mutable(s, f), uint8(x))
		return nil
	}}, err
}

// inside is a chain that uses every way to change a row, outside one that draws.
var (
	inside  = []loader.Transform{invert{"image"}, shift{"image"}, count{"text"}, invert{"volume"}, shift{"label"}}
	outside = []loader.Transform{jitter{"image"}, invert{"boxes"}}
)

// open opens a cache of the rows behind inside.
func open(t testing.TB, src loader.Source, o cache.Options) *cache.Source {
	t.Helper()
	if o.Transforms == nil {
		o.Transforms = inside
	}
	s, err := cache.Open(src, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// smallSegment is a segment of some fifteen rows.
const smallSegment = 2 << 10

// files returns the files of rows below dir.
func files(t testing.TB, dir string) []string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(dir, "*", "*.rows"))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// read returns what a file holds.
func read(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// write makes a file hold b.
func write(t testing.TB, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o666); err != nil {
		t.Fatal(err)
	}
}

// fill reads all rows once and closes s.
func fill(t testing.TB, s *cache.Source) {
	t.Helper()
	ld, err := loader.New(s, loader.Config{BatchSize: 7})
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range ld.All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := ld.Close(); err != nil {
		t.Fatal(err)
	}
}
