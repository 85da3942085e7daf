package loadertest

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"reflect"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stokerdata/stoker/loader"
)

// Source checks a source. open returns it anew, with the same rows each time;
// what it returns is closed if it is an io.Closer. A few hundred rows in
// several blocks, one of them empty, is a good data set.
//
// Spec and Blocks must be valid and never change. Each block is opened alone
// and beside others; its rows are read in several orders and by several
// goroutines and must be the same each time, must fit the spec, and what they
// lend must stay as it is until Close. Gather must agree with Row, and OpenRows
// with Open; OpenInto with OpenRows, and its values must lie where they were to be
// read to. The parts of a Decoder may come in any order; rows from OpenRows are
// not decoded. A context that is done must end the reading, with its error where
// a block has Bytes. A loader must deliver each row once per epoch, the same for
// all settings, and resume. In the end all goroutines must be gone.
func Source(t testing.TB, open func() loader.Source) {
	t.Helper()
	before := goroutines()
	src := open()
	k := &sourceKit{t: t, src: src, spec: src.Spec(), blocks: slices.Clone(src.Blocks())}
	k.random, _ = src.(loader.RandomSource)
	k.inPlace, _ = src.(inPlace)
	for _, check := range []func(){
		k.describes, k.readsAll, k.readsAgain, k.opensTogether, k.opensRows, k.cancels, k.streams,
		func() { k.unchanged("after it was read", src) },
		func() { k.resumes(open) },
	} {
		if check(); k.bad.Load() {
			break // what follows builds on it
		}
	}
	if c, ok := src.(io.Closer); ok {
		if err := c.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
	settle(t, before)
}

// sourceKit is the state of one check.
type sourceKit struct {
	t       testing.TB
	src     loader.Source
	random  loader.RandomSource // src, or nil
	inPlace inPlace             // src, or nil
	spec    loader.Spec
	blocks  []loader.Block
	want    [][]digest // of each row of each block
	ids     []digest   // the same, by sample id

	together bool        // several blocks are being opened
	bad      atomic.Bool // something was reported
}

func (k *sourceKit) errorf(format string, args ...any) {
	k.t.Helper()
	k.bad.Store(true)
	k.t.Errorf(format, args...)
}

// describes checks Spec and Blocks.
func (k *sourceKit) describes() {
	k.t.Helper()
	rows := 0
	for i, b := range k.blocks {
		if b.Rows < 0 || b.Bytes < 0 || b.Memory < 0 || b.FirstRow < 0 {
			k.errorf("block %d has a negative number: %+v", i, b)
			return
		}
		rows += b.Rows
	}
	if rows == 0 {
		k.errorf("no rows to check among %d blocks", len(k.blocks))
		return
	}
	k.unchanged("a second time", k.src)
	if _, err := loader.New(lend(k.src), loader.Config{BatchSize: 1}); err != nil {
		k.errorf("no loader takes it: %v", err)
	}
}

// unchanged checks that Spec, Blocks and Fingerprint of src are what they were.
func (k *sourceKit) unchanged(when string, src loader.Source) {
	k.t.Helper()
	if spec := src.Spec(); !reflect.DeepEqual(spec, k.spec) {
		k.errorf("Spec %s is %v, was %v", when, spec, k.spec)
	}
	if blocks := src.Blocks(); !slices.Equal(blocks, k.blocks) {
		k.errorf("Blocks %s are %+v, were %+v", when, blocks, k.blocks)
	}
	if got, was := printOf(src), printOf(k.src); got != was {
		k.errorf("Fingerprint %s is %q, was %q", when, got, was)
	}
}

// readsAll reads all rows in order, as what is expected from then on.
func (k *sourceKit) readsAll() {
	k.t.Helper()
	for i, b := range k.blocks {
		o, err := k.open(i)
		if err != nil {
			k.errorf("Open(%d): %v", i, err)
			return
		}
		for row := range b.Rows {
			fields, err := o.row(row)
			if err != nil {
				k.errorf("block %d, row %d: %v", i, row, err)
				o.close()
				return
			}
			o.want = append(o.want, sumOf(fields))
		}
		k.want = append(k.want, o.want)
		k.ids = append(k.ids, o.want...)
		o.close()
	}
}

// readsAgain reads each block anew, in other ways.
func (k *sourceKit) readsAgain() {
	k.t.Helper()
	for i := range k.blocks {
		o, err := k.open(i)
		if err != nil {
			k.errorf("Open(%d), the second time: %v", i, err)
			return
		}
		o.want = k.want[i]
		o.readAll()
		o.gather()
		if o.close(); k.bad.Load() {
			return
		}
	}
}

// maxTogether is how many blocks are open at a time.
const maxTogether = 6

// opensTogether opens several blocks at once and closes them one by one.
func (k *sourceKit) opensTogether() {
	k.t.Helper()
	list := make([]*opened, maxTogether)
	k.together = true
	parallel(len(list), func(n int) {
		i := n % len(k.blocks) // a source of one block opens it several times
		o, err := k.open(i)
		if err != nil {
			k.errorf("Open(%d), with others beside it: %v", i, err)
			return
		}
		o.want = k.want[i]
		list[n] = o
	})
	list = slices.DeleteFunc(list, func(o *opened) bool { return o == nil })
	for len(list) > 0 {
		parallel(len(list), func(n int) { list[n].readSome(4) })
		mid := len(list) / 2
		list[mid].close()
		list = slices.Delete(list, mid, mid+1)
	}
}

// opensRows opens rows one by one, if the source can: few at first, as errors of few
// are easiest to understand.
func (k *sourceKit) opensRows() {
	k.t.Helper()
	if k.random == nil {
		return
	}
	for _, n := range []int{1, 2, 7, 30} {
		parallel(4, func(g int) {
			refs := k.draw(rand.New(rand.NewPCG(uint64(g), uint64(n))), n)
			if k.openRows(refs); k.inPlace != nil && !k.bad.Load() {
				k.openInto(refs)
			}
		})
		if k.bad.Load() {
			return
		}
	}
}

// draw returns n random rows, some of them several times.
func (k *sourceKit) draw(rng *rand.Rand, n int) []loader.Ref {
	refs := make([]loader.Ref, n)
	for i := range refs {
		id := rng.IntN(len(k.ids))
		for id >= k.blocks[refs[i].Block].Rows {
			id -= k.blocks[refs[i].Block].Rows
			refs[i].Block++
		}
		refs[i].Row = id
		if i > 0 && rng.IntN(4) == 0 {
			refs[i] = refs[i-1]
			refs[i].Draw++
		}
	}
	return refs
}

func (k *sourceKit) openRows(refs []loader.Ref) {
	k.t.Helper()
	what := fmt.Sprintf("OpenRows of %d rows", len(refs))
	k.readOpened(what, refs, nil, func() (loader.Rows, error) { return k.random.OpenRows(k.t.Context(), refs) })
}

// openInto reads rows to a given place.
func (k *sourceKit) openInto(refs []loader.Ref) {
	k.t.Helper()
	sizes := make([]int64, len(refs))
	field := k.inPlace.Sizes(refs, sizes)
	if field < 0 {
		return
	}
	total := int64(0)
	for _, n := range sizes {
		total += n
	}
	mem := make([]byte, total+guard)
	fill(mem, untouched)
	to := mem[:total:total]
	what := fmt.Sprintf("OpenInto of %d rows", len(refs))
	place := func(o *opened) {
		k.t.Helper()
		o.liesIn(field, to, sizes)
	}
	k.readOpened(what, refs, place, func() (loader.Rows, error) { return k.inPlace.OpenInto(k.t.Context(), refs, to) })
	for _, x := range mem[total:] {
		if x != untouched {
			k.errorf("%s has written behind the memory that it was given", what)
			return
		}
	}
}

// guard is the bytes behind memory that a source is given.
const guard = 64

// readOpened reads what open opens for refs, and calls check, if any, before it is
// closed.
func (k *sourceKit) readOpened(what string, refs []loader.Ref, check func(*opened), open func() (loader.Rows, error)) {
	k.t.Helper()
	given := slices.Clone(refs)
	rows, err := open()
	if err != nil {
		k.errorf("%s: %v", what, err)
		return
	}
	o, err := k.prepare(what, rows, len(refs))
	if err != nil {
		k.errorf("%s: %v", what, err)
		return
	}
	for _, r := range given {
		o.want = append(o.want, k.want[r.Block][r.Row])
	}
	o.readAll()
	o.gather()
	if check != nil {
		check(o)
	}
	o.close()
	if !slices.Equal(refs, given) {
		k.errorf("%s has changed its refs to %v from %v", what, refs, given)
	}
}

// patience is how long a call may take to see that its context is done.
const patience = 5 * time.Second

// cancels opens blocks and rows under a context that is done.
func (k *sourceKit) cancels() {
	k.t.Helper()
	ctx, cancel := context.WithCancel(k.t.Context())
	cancel()
	full := slices.IndexFunc(k.blocks, func(b loader.Block) bool { return b.Rows > 0 })
	k.cancelled("Open", k.blocks[full].Bytes > 0, func() (loader.Rows, error) { return k.src.Open(ctx, full) })
	if k.random != nil {
		refs := []loader.Ref{{Block: full}}
		k.cancelled("OpenRows", k.blocks[full].Bytes > 0, func() (loader.Rows, error) { return k.random.OpenRows(ctx, refs) })
	}
}

func (k *sourceKit) cancelled(what string, reads bool, open func() (loader.Rows, error)) {
	k.t.Helper()
	done := make(chan error, 1)
	go func() {
		rows, err := open()
		if err == nil {
			err = rows.Close()
			if reads {
				err = errors.New("it has read on")
			}
		} else if errors.Is(err, context.Canceled) {
			err = nil
		}
		done <- err
	}()
	select {
	case err := <-done:
		if err != nil {
			k.errorf("%s under a context that is done: %v", what, err)
		}
	case <-time.After(patience):
		k.errorf("%s under a context that is done still waits after %v", what, patience)
	}
}

// streams delivers all rows through loaders that differ in what must not matter.
func (k *sourceKit) streams() {
	k.t.Helper()
	const batch = 7
	for _, order := range []loader.Order{loader.Sequential{}, loader.Shuffle{}, loader.Shuffle{Live: 2, Lanes: 1}} {
		var first digest
		for i, c := range []loader.Config{
			{Workers: 1, Prefetch: 1},
			{Workers: 3, Prefetch: 4},
			{Workers: 8, Prefetch: 1, Transforms: []loader.Transform{touch{}}},
			{Workers: 2, Prefetch: 2, Transforms: []loader.Transform{rewrite{}}},
		} {
			c.BatchSize, c.Epochs, c.Order, c.Seed = batch, 2, order, 1
			what := fmt.Sprintf("%T, %d workers, %d batches ahead, transforms %v", order, c.Workers, c.Prefetch, c.Transforms)
			if d := k.stream(what, k.src, c); i == 0 {
				first = d
			} else if d != first {
				k.errorf("%s: other batches than with 1 worker", what)
			}
			if k.random != nil {
				k.stream(what+", block by block", struct{ loader.Source }{k.src}, c)
			}
			if k.bad.Load() {
				return
			}
		}
	}
}

// stream checks each row that a loader of src delivers, and that none is
// missing. It returns the checksum of the batches.
func (k *sourceKit) stream(what string, src loader.Source, c loader.Config) (d digest) {
	k.t.Helper()
	h := sha256.New()
	seen := make([]int64, len(k.ids)) // epochs in which a row has come
	for b := range All(k.t, src, c) {
		writeBatch(h, b)
		for i, id := range b.IDs() {
			if _, sequential := c.Order.(loader.Sequential); sequential && id != b.Step*int64(c.BatchSize)+int64(i) {
				k.errorf("%s: row %d of batch %d is sample %d", what, i, b.Step, id)
				return d
			}
			if seen[id] != b.Epoch {
				k.errorf("%s: sample %d came %d times before epoch %d", what, id, seen[id], b.Epoch)
				return d
			}
			if seen[id]++; sumOf(rowOf(b, i)) != k.ids[id] {
				k.errorf("%s: sample %d in epoch %d has other bytes than when read alone", what, id, b.Epoch)
				return d
			}
		}
	}
	if id := slices.IndexFunc(seen, func(n int64) bool { return n != int64(c.Epochs) }); id >= 0 {
		k.errorf("%s: sample %d came %d times in %d epochs", what, id, seen[id], c.Epochs)
	}
	h.Sum(d[:0])
	return d
}

// resumes goes on behind some batches with sources that were opened anew.
func (k *sourceKit) resumes(open func() loader.Source) {
	k.t.Helper()
	again := open()
	k.unchanged("of a source that was opened anew", again)
	if c, ok := again.(io.Closer); ok {
		c.Close()
	}
	const batch = 7
	n := (len(k.ids) + batch - 1) / batch
	cuts := []int{0, n / 2, n - 1, n, n + n/2, 2*n - 1}
	Resume(k.t, open, loader.Config{BatchSize: batch, Epochs: 2, Order: loader.Shuffle{}}, slices.Compact(cuts)...)
}
