package loader_test

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
)

// table is a source whose row with id i is the number i and i%7 bytes of text,
// in blocks of the given sizes. It stands for every way of reading: in memory,
// row by row with I/O, and block by block, and can be slow, damaged or stuck.
type table struct {
	sizes  []int
	random bool
	place  string // the field that a random source with I/O reads into batches
	bytes  int64  // per row, 0 for no I/O
	delay  func(block int) time.Duration
	nap    func(id int64) time.Duration // while a row is made
	bad    map[int64]error              // rows that do not decode
	broken map[int]error                // blocks that do not open
	decode bool                         // blocks decode in two parts
	garble map[int]error                // blocks that do not decode
	heeds  bool                         // reads fail when they are cancelled
	stuck  chan struct{}                // closed to let opens go on; nil for at once

	opened, closed atomic.Int64
	opens          [1 << 12]atomic.Int32 // per block
}

var errRotten = errors.New("rotten")

func (t *table) Spec() loader.Spec {
	return loader.Spec{
		{Name: "id", DType: dtype.Int64},
		{Name: "text", DType: dtype.Uint8, Shape: loader.Dims(-1), Kind: kind.Text},
	}
}

func (t *table) Blocks() []loader.Block {
	b := make([]loader.Block, len(t.sizes))
	for i, n := range t.sizes {
		b[i] = loader.Block{Rows: n, Bytes: int64(n) * t.bytes, Shard: fmt.Sprintf("shard-%d", i), FirstRow: 100}
	}
	return b
}

func (t *table) Open(ctx context.Context, i int) (loader.Rows, error) {
	if err := t.wait(ctx, i); err != nil {
		return nil, err
	}
	t.opens[i].Add(1)
	refs := make([]loader.Ref, t.sizes[i])
	for r := range refs {
		refs[r] = loader.Ref{Block: i, Row: r}
	}
	rows := tableRows{t: t, refs: refs, live: new(atomic.Bool)}
	rows.live.Store(true)
	if t.decode {
		return &decodedRows{tableRows: rows}, nil
	}
	return rows, nil
}

func (t *table) wait(ctx context.Context, block int) error {
	t.opened.Add(1)
	if t.stuck != nil {
		<-t.stuck
	}
	if t.delay != nil {
		time.Sleep(t.delay(block))
	}
	if t.heeds && ctx.Err() != nil {
		t.closed.Add(1)
		return ctx.Err()
	}
	if err := t.broken[block]; err != nil {
		t.closed.Add(1)
		return err
	}
	return nil
}

// randomTable is a table whose rows are read one by one.
type randomTable struct{ *table }

func (t randomTable) OpenRows(ctx context.Context, refs []loader.Ref) (loader.Rows, error) {
	if err := t.wait(ctx, refs[0].Block); err != nil {
		return nil, err
	}
	for _, r := range refs[1:] {
		if err := t.broken[r.Block]; err != nil {
			t.closed.Add(1)
			return nil, err
		}
	}
	rows := tableRows{t: t.table, refs: refs, live: new(atomic.Bool)}
	rows.live.Store(true)
	return rows, nil
}

func (t *table) source() loader.Source {
	if t.place != "" {
		return &placingTable{randomTable: randomTable{t}}
	}
	if t.random {
		return randomTable{t}
	}
	return t
}

func (t *table) id(r loader.Ref) int64 {
	id := int64(r.Row)
	for _, n := range t.sizes[:r.Block] {
		id += int64(n)
	}
	return id
}

// textOf returns the text of a row.
func textOf(id int64) []byte { return []byte("abcdefg")[:id%7] }

type tableRows struct {
	t    *table
	refs []loader.Ref
	live *atomic.Bool
}

func (r tableRows) Row(w *loader.Worker, i int, s *loader.Sample) error {
	if !r.live.Load() {
		return errors.New("row of closed rows")
	}
	id := r.t.id(r.refs[i])
	if r.t.nap != nil {
		time.Sleep(r.t.nap(id))
	}
	if err := r.t.bad[id]; err != nil {
		return err
	}
	loader.View[int64](*w.Out(s, 0, dtype.Int64, loader.Dims()))[0] = id
	text := textOf(id)
	s.Set(1, dtype.Uint8, loader.Dims(len(text)), text)
	return nil
}

func (r tableRows) Close() error {
	if !r.live.CompareAndSwap(true, false) {
		return errors.New("closed twice")
	}
	r.t.closed.Add(1)
	return nil
}

// decodedRows must be decoded before it is used.
type decodedRows struct {
	tableRows
	parts [2]atomic.Bool
}

func (r *decodedRows) Parts() int { return len(r.parts) }

func (r *decodedRows) Decode(_ *loader.Worker, part int) error {
	if err := r.t.garble[r.refs[0].Block]; err != nil && part == 1 {
		return err
	}
	if r.parts[part].Swap(true) {
		return errors.New("part decoded twice")
	}
	return nil
}

func (r *decodedRows) Row(w *loader.Worker, i int, s *loader.Sample) error {
	if !r.parts[0].Load() || !r.parts[1].Load() {
		return errors.New("row before its block was decoded")
	}
	return r.tableRows.Row(w, i, s)
}

// jitter is a row transform with random numbers: it adds up to 9 to the id in
// column "noisy", and turns the text around for half of the samples.
type jitter struct{ Drop int64 } // drop ids that are multiples of it

func (j jitter) Bind(in loader.Spec) (loader.Stage, error) {
	out, noisy := in.With(loader.Field{Name: "noisy", DType: dtype.Float32, Shape: loader.Dims(2)})
	text := in.Index("text")
	return loader.Stage{Out: out, Writes: []int{noisy}, Drops: j.Drop > 0, Row: func(w *loader.Worker, s *loader.Sample) error {
		if j.Drop > 0 && s.ID%j.Drop == 0 {
			return loader.Drop
		}
		v := loader.View[float32](*w.Out(s, noisy, dtype.Float32, loader.Dims(2)))
		v[0], v[1] = w.Rand().Float32(), float32(s.ID)
		w.Note("noise", float64(v[0]))
		if w.Rand().IntN(2) == 0 {
			t := w.Mutable(s, text).Data
			for i, k := 0, len(t)-1; i < k; i, k = i+1, k-1 {
				t[i], t[k] = t[k], t[i]
			}
		}
		return nil
	}}, nil
}

// double is a batch transform: it doubles the ids as float64.
type double struct{}

func (double) Bind(in loader.Spec) (loader.Stage, error) {
	out, id := in.Clone(), in.Index("id")
	out[id].DType = dtype.Float64
	return loader.Stage{Out: out, Batch: func(w *loader.Worker, b *loader.Batch) error {
		old, doubled := loader.View[int64](b.Column(id)), loader.View[float64](b.Replace(id))
		for i := range doubled {
			doubled[i] = 2 * float64(old[i])
		}
		return nil
	}}, nil
}

// writeBatch adds all bytes of b to h.
func writeBatch(h hash.Hash, b *loader.Batch) {
	binary.Write(h, binary.LittleEndian, []int64{b.Epoch, b.Step, int64(b.Len())})
	binary.Write(h, binary.LittleEndian, b.IDs())
	for f, field := range b.Spec() {
		if field.Name == "" {
			continue
		}
		h.Write(b.Column(f).Data)
		binary.Write(h, binary.LittleEndian, b.Offsets(field.Name))
	}
}

func digest(b *loader.Batch) string {
	h := sha256.New()
	writeBatch(h, b)
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// digests returns a hash of each batch of src.
func digests(t testing.TB, src loader.Source, c loader.Config) (list []string, states []loader.State) {
	t.Helper()
	ld, err := loader.New(src, c)
	if err != nil {
		t.Fatal(err)
	}
	defer ld.Close()
	for b, err := range ld.All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, digest(b))
		states = append(states, b.State())
	}
	return list, states
}

// ids returns the sample ids of each batch.
func ids(t testing.TB, src loader.Source, c loader.Config) (list [][]int64) {
	t.Helper()
	ld, err := loader.New(src, c)
	if err != nil {
		t.Fatal(err)
	}
	defer ld.Close()
	for b, err := range ld.All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, append([]int64(nil), b.IDs()...))
	}
	return list
}
