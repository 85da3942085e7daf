package loadertest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"

	"github.com/stokerdata/stoker/loader"
)

// opened is a block, or some rows, that a source has opened.
type opened struct {
	loader.Rows
	k    *sourceKit
	what string
	want []digest // of each row
	ld   *loader.Loader

	mu   sync.Mutex
	lent []loan
}

// open opens block i.
func (k *sourceKit) open(i int) (*opened, error) {
	rows, err := k.src.Open(k.t.Context(), i)
	if err != nil {
		return nil, err
	}
	if d, ok := rows.(loader.Decoder); ok {
		if err := k.decode(d); err != nil {
			return nil, errors.Join(err, rows.Close())
		}
	}
	return k.prepare(fmt.Sprintf("block %d", i), rows, k.blocks[i].Rows)
}

// prepare makes a loader whose sample i is row i of rows, which it takes over.
func (k *sourceKit) prepare(what string, rows loader.Rows, n int) (o *opened, err error) {
	o = &opened{Rows: rows, k: k, what: what}
	o.ld, err = loader.New(&bench{k.spec, max(1, n), o.read}, loader.Config{BatchSize: 1})
	if err != nil {
		return nil, errors.Join(err, rows.Close())
	}
	return o, nil
}

// decode decodes all parts, one by one from the last to the first or, where
// blocks are opened together, at once.
func (k *sourceKit) decode(d loader.Decoder) error {
	n := d.Parts()
	if n == 0 {
		return nil
	}
	var mu sync.Mutex
	var failed error
	ld, err := loader.New(&bench{k.spec, n, func(w *loader.Worker, part int, _ *loader.Sample) error {
		err := d.Decode(w, part)
		mu.Lock()
		defer mu.Unlock()
		failed = errors.Join(failed, err)
		return errors.ErrUnsupported // no row comes of it
	}}, loader.Config{BatchSize: 1})
	if err != nil {
		return err
	}
	decoders := 1
	if k.together {
		decoders = min(n, 4)
	}
	parallel(decoders, func(g int) {
		for part := n - 1 - g; part >= 0; part -= decoders {
			ld.Trace(k.t.Context(), 0, int64(part), 0)
		}
	})
	return failed
}

// read is the row function of the bench.
func (o *opened) read(w *loader.Worker, i int, s *loader.Sample) error {
	if err := o.Row(w, i, s); err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.lent = append(o.lent, loan{i, slices.Clone(s.Fields)})
	return nil
}

// row returns row i.
func (o *opened) row(i int) ([]loader.Tensor, error) {
	tr, err := o.ld.Trace(o.k.t.Context(), 0, int64(i), 0)
	if err != nil {
		return nil, err
	}
	return tr.Fields, nil
}

// compare reads row i and reports whether it is what it was.
func (o *opened) compare(how string, i int) bool {
	o.k.t.Helper()
	fields, err := o.row(i)
	if err != nil {
		o.k.errorf("%s, row %d, %s: %v", o.what, i, how, err)
		return false
	}
	if sumOf(fields) != o.want[i] {
		o.k.errorf("%s, row %d, %s: other bytes than the first time", o.what, i, how)
		return false
	}
	return true
}

// readAll reads all rows backwards, and in random orders on several goroutines.
func (o *opened) readAll() {
	o.k.t.Helper()
	for i := len(o.want) - 1; i >= 0; i-- {
		if !o.compare("read backwards", i) {
			return
		}
	}
	parallel(4, func(g int) {
		for _, i := range rand.New(rand.NewPCG(uint64(g), 3)).Perm(len(o.want)) {
			if !o.compare("read by several goroutines", i) {
				return
			}
		}
	})
}

// readSome reads up to n rows.
func (o *opened) readSome(n int) {
	o.k.t.Helper()
	for i := range min(n, len(o.want)) {
		if !o.compare("read with other blocks open", i*len(o.want)/n%len(o.want)) {
			return
		}
	}
}

// close checks that what was lent is unchanged, and closes.
func (o *opened) close() {
	o.k.t.Helper()
	for _, l := range o.lent {
		if l.row < len(o.want) && sumOf(l.fields) != o.want[l.row] {
			o.k.errorf("%s, row %d: the memory that it was given has changed before Close", o.what, l.row)
			break
		}
	}
	if err := o.Rows.Close(); err != nil {
		o.k.errorf("%s: Close: %v", o.what, err)
	}
}

// liesIn checks that all values of a field that were read lie in the given memory,
// one behind another.
func (o *opened) liesIn(field int, to []byte, sizes []int64) {
	o.k.t.Helper()
	starts := make([]int64, len(sizes)+1)
	for i, n := range sizes {
		starts[i+1] = starts[i] + n
	}
	for _, l := range o.lent {
		want, got := to[starts[l.row]:starts[l.row+1]], l.fields[field].Data
		if len(got) != len(want) || len(got) > 0 && &got[0] != &want[0] {
			o.k.errorf("%s, row %d: field %d does not lie where it was to be read to", o.what, l.row, field)
			return
		}
	}
}

// untouched is what columns hold before Gather.
const untouched = 0x5a

// gather compares Gather with Row, if there is one.
func (o *opened) gather() {
	o.k.t.Helper()
	g, ok := o.Rows.(loader.Gatherer)
	if !ok || len(o.want) == 0 {
		return
	}
	n := len(o.want)
	for _, l := range lists(n) {
		l.what = o.what + ", Gather of " + l.what
		gathered := false
		err := onBatch(o.k.t.Context(), o.k.spec, n+spareRows, func(w *loader.Worker, b *loader.Batch) {
			o.k.t.Helper()
			gathered = o.gatherList(g, w, b, l)
		}, func(b *loader.Batch) {
			o.k.t.Helper()
			if gathered {
				o.compareList(b, l)
			}
		})
		if err != nil {
			o.k.errorf("%s: %v", l.what, err)
		}
		if o.k.bad.Load() {
			return
		}
	}
}

// spareRows is how many rows the batches have that nobody gathers.
const spareRows = 3

// list is a way of gathering.
type list struct {
	what     string
	rows, at []int
	run      bool
}

// lists returns ways of gathering from n rows into batches of some more.
func lists(n int) []list {
	up := make([]int, n)
	for i := range up {
		up[i] = i
	}
	down, shifted, same := slices.Clone(up), slices.Clone(up), slices.Repeat([]int{n / 2}, n)
	slices.Reverse(down)
	rng := rand.New(rand.NewPCG(uint64(n), 4))
	drawn := make([]int, n)
	for i := range up {
		shifted[i] += spareRows
		drawn[i] = rng.IntN(n)
	}
	return []list{
		{"no rows", up[:0], up[:0], true},
		{"one row", up[n-1:], up[:1], true},
		{"all rows in order", up, up, true},
		{"all rows in order, into the end of the batch", up, shifted, true},
		{"all rows backwards", down, up, false},
		{"all rows, into the batch backwards", up, down, false},
		{"one row again and again", same, shifted, false},
		{"random rows, at random places", drawn, rng.Perm(n + spareRows)[:n], false},
	}
}

// gatherList gathers l and reports whether that went well.
func (o *opened) gatherList(g loader.Gatherer, w *loader.Worker, b *loader.Batch, l list) bool {
	o.k.t.Helper()
	for f, field := range b.Spec() {
		if field.Name != "" && field.Shape.Fixed() {
			fill(b.Column(f).Data, untouched)
		}
	}
	p := loader.Pick{Rows: slices.Clone(l.rows), At: slices.Clone(l.at), Run: l.run}
	if err := g.Gather(w, p, b); err != nil {
		o.k.errorf("%s: %v", l.what, err)
		return false
	}
	if !slices.Equal(p.Rows, l.rows) || !slices.Equal(p.At, l.at) {
		o.k.errorf("%s: the lists of rows have changed", l.what)
	}
	return true
}

// compareList compares the batch that l was gathered into with Row.
func (o *opened) compareList(b *loader.Batch, l list) {
	o.k.t.Helper()
	for k, i := range l.rows {
		if sumOf(rowOf(b, l.at[k])) != o.want[i] {
			o.k.errorf("%s: row %d, gathered into row %d, has other bytes than by Row", l.what, i, l.at[k])
			return
		}
	}
	for i := range b.Len() {
		if !slices.Contains(l.at, i) && !blank(rowOf(b, i), b.Spec()) {
			o.k.errorf("%s: row %d of the batch was written, and is not among those to be gathered", l.what, i)
			return
		}
	}
}

// blank reports whether a row is as it was before Gather.
func blank(row []loader.Tensor, spec loader.Spec) bool {
	for f, t := range row {
		if !spec[f].Shape.Fixed() && len(t.Data) > 0 {
			return false
		}
		for _, x := range t.Data {
			if x != untouched {
				return false
			}
		}
	}
	return true
}

func fill(b []byte, x byte) {
	for i := range b {
		b[i] = x
	}
}
