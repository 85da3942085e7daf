package loadertest

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"slices"
	"testing"

	"github.com/stokerdata/stoker/loader"
)

// Transform checks a transform on the first samples of src, at most 48, whose
// fields must suit it. src stays open.
//
// Bind must leave its argument alone and give the same stage each time. On
// fields that were dropped, renamed or changed in type, shape or meaning it must
// return a stage or an error that wraps loader.ErrSpec, and neither it nor the
// stage may panic, whatever the values. Under a loader the batches must be the
// same for all settings and behind a resume; what is drawn must differ between
// seeds, epochs and two such transforms in a pipeline, and must not move when
// others draw before or behind it. A row must come out the same in any order,
// and as Loader.Trace tells. Memory of the source must not be written to, nor
// used when it was closed. In the end all goroutines must be gone.
func Transform(t testing.TB, tr loader.Transform, src loader.Source) {
	t.Helper()
	before := runtime.NumGoroutine()
	k := &transformKit{t: t, tr: tr, data: copyOf(t, src)}
	if len(k.data.rows) == 0 {
		t.Fatal("no samples to check with")
	}
	if k.binds() {
		k.misfits()
		k.settings()
		k.companions()
		k.epochs()
		if k.stage.Row != nil {
			k.orders()
			k.traces()
			k.twice()
		}
		k.resumes()
		k.data.check(t)
	}
	settle(t, before)
}

// transformKit is the state of one check.
type transformKit struct {
	t     testing.TB
	tr    loader.Transform
	data  *table
	stage loader.Stage
	base  *outcome // on one worker
}

// binds checks Bind on the fields that suit, and reports whether to go on.
func (k *transformKit) binds() bool {
	k.t.Helper()
	// An append to in would be seen in the room behind it.
	in := slices.Grow(clone(k.data.spec), 4)
	want := clone(in)
	var stages [2]loader.Stage
	for i := range stages {
		st, err := k.tr.Bind(in)
		if err != nil {
			k.t.Errorf("Bind: %v", err)
			return false
		}
		room := in[:cap(in)]
		if !reflect.DeepEqual(in, want) || !reflect.DeepEqual(room[len(in):], make(loader.Spec, cap(in)-len(in))) {
			k.t.Errorf("Bind has changed the spec that it was given to %v from %v (or wrote behind it)", room, want)
			return false
		}
		stages[i] = st
	}
	a, b := stages[0], stages[1]
	if !reflect.DeepEqual(a.Out, b.Out) || !slices.Equal(a.Writes, b.Writes) || a.Drops != b.Drops {
		k.t.Errorf("Bind gives another stage the second time: %v writing %v, then %v writing %v", a.Out, a.Writes, b.Out, b.Writes)
	}
	k.stage = a
	if _, err := loader.New(k.data, loader.Config{BatchSize: 1, Transforms: []loader.Transform{k.tr}}); err != nil {
		k.t.Errorf("no loader takes it: %v", err)
		return false
	}
	return true
}

// clone returns a copy of s that shares nothing with it.
func clone(s loader.Spec) loader.Spec {
	s = s.Clone()
	for f := range s {
		s[f].Names, s[f].Mirror = slices.Clone(s[f].Names), slices.Clone(s[f].Mirror)
	}
	return s
}

// outcome is what a run has made.
type outcome struct {
	all   digest           // of all batches
	rows  map[visit]digest // where rows are single samples
	print string           // fingerprint of the pipeline
}

// visit is a sample in an epoch.
type visit struct{ epoch, id int64 }

// transformBatch does not divide the number of rows.
const transformBatch = 5

// run runs a pipeline over the data.
func (k *transformKit) run(c loader.Config, transforms ...loader.Transform) *outcome {
	k.t.Helper()
	c.BatchSize, c.Transforms = transformBatch, transforms
	o := &outcome{rows: map[visit]digest{}}
	h := sha256.New()
	for b := range All(k.t, k.data, c) {
		writeBatch(h, b)
		for i, id := range b.IDs() {
			o.rows[visit{b.Epoch, id}] = sumOf(rowOf(b, i))
		}
		o.print = b.State().Fingerprint
	}
	h.Sum(o.all[:0])
	return o
}

// epochsOf returns rows epoch by epoch.
func (o *outcome) epoch(e int64) map[int64]digest {
	rows := map[int64]digest{}
	for v, d := range o.rows {
		if v.epoch == e {
			rows[v.id] = d
		}
	}
	return rows
}

// settings runs it with workers and batches ahead that must not matter.
func (k *transformKit) settings() {
	k.t.Helper()
	k.base = k.run(loader.Config{Epochs: 2, Workers: 1, Prefetch: 1}, k.tr)
	for _, c := range []loader.Config{
		{Workers: 1, Prefetch: 1},
		{Workers: 3, Prefetch: 4},
		{Workers: 8, Prefetch: 2},
	} {
		c.Epochs = 2
		o := k.run(c, k.tr)
		if o.all != k.base.all {
			k.t.Errorf("%d workers, %d batches ahead: other batches than with 1 worker the first time", c.Workers, c.Prefetch)
		}
		if o.print != k.base.print {
			k.t.Errorf("its configuration has changed while it was used: the fingerprint is %s, was %s", o.print, k.base.print)
			return
		}
	}
}

// companions puts it between transforms that draw, and that move memory.
func (k *transformKit) companions() {
	k.t.Helper()
	var behind loader.Transform = drawing{}
	if k.stage.Row == nil {
		behind = drawingColumns{}
	}
	c := loader.Config{Epochs: 2, Workers: 2}
	if o := k.run(c, drawing{}, k.tr); o.all != k.base.all {
		k.t.Errorf("behind a transform that draws random numbers: other batches")
	}
	if o := k.run(c, k.tr, behind); o.all != k.base.all {
		k.t.Errorf("before a transform that draws random numbers: other batches")
	}
	if o := k.run(c, rewrite{}, k.tr); o.all != k.base.all {
		k.t.Errorf("behind a transform that writes all fields: other batches")
	}
	if k.stage.Row == nil {
		return
	}
	if o := k.run(c, k.tr, rewrite{}); o.all != k.base.all {
		k.t.Errorf("before a transform that writes all fields: other batches")
	}
}

// manyEpochs is enough for what is drawn rarely to show.
const manyEpochs = 8

// epochs checks that what differs between seeds differs between epochs.
func (k *transformKit) epochs() {
	k.t.Helper()
	one := k.run(loader.Config{Epochs: manyEpochs}, k.tr)
	two := k.run(loader.Config{Epochs: manyEpochs, Seed: 1}, k.tr)
	if reflect.DeepEqual(one.rows, two.rows) {
		return // it draws nothing, or forms rows of several samples
	}
	first := one.epoch(0)
	for e := int64(1); e < manyEpochs; e++ {
		if !reflect.DeepEqual(one.epoch(e), first) {
			return
		}
	}
	k.t.Errorf("another seed changes the samples and another epoch does not")
}

// orders checks that a row does not depend on those before it.
func (k *transformKit) orders() {
	k.t.Helper()
	o := k.run(loader.Config{Epochs: 2, Workers: 2, Order: loader.Shuffle{}}, k.tr)
	for v, d := range k.base.rows {
		switch got, ok := o.rows[v]; {
		case !ok:
			k.t.Errorf("sample %d in epoch %d is dropped in another order", v.id, v.epoch)
			return
		case got != d:
			k.t.Errorf("sample %d in epoch %d has other bytes in another order", v.id, v.epoch)
			return
		}
	}
	if len(o.rows) != len(k.base.rows) {
		k.t.Errorf("%d samples in another order, %d before: the order decides which are dropped", len(o.rows), len(k.base.rows))
	}
}

// tracer returns a loader for Trace.
func (k *transformKit) tracer(seed uint64, transforms ...loader.Transform) *loader.Loader {
	k.t.Helper()
	ld, err := loader.New(k.data, loader.Config{BatchSize: transformBatch, Seed: seed, Transforms: transforms})
	if err != nil {
		k.t.Fatal(err)
	}
	return ld
}

// traces compares Loader.Trace with what was delivered.
func (k *transformKit) traces() {
	k.t.Helper()
	ld := k.tracer(0, k.tr)
	for epoch := range int64(2) {
		for id := range int64(len(k.data.rows)) {
			tr, err := ld.Trace(k.t.Context(), epoch, id, 0)
			if err != nil {
				k.t.Errorf("Trace of sample %d: %v", id, err)
				return
			}
			want, delivered := k.base.rows[visit{epoch, id}]
			if delivered != (tr.Fields != nil) || delivered && sumOf(tr.Fields) != want {
				k.t.Errorf("Trace of sample %d in epoch %d gives another row than the batch has", id, epoch)
				return
			}
		}
	}
}

// twice puts two of it into one pipeline, if the second accepts what the first
// gives, and compares what they note.
func (k *transformKit) twice() {
	k.t.Helper()
	if _, err := k.tr.Bind(k.stage.Out); err != nil {
		return
	}
	ld, other := k.tracer(0, k.tr, k.tr), k.tracer(1, k.tr, k.tr)
	draws, same := false, true
	for id := range int64(len(k.data.rows)) {
		a, err := ld.Trace(k.t.Context(), 0, id, 0)
		b, err2 := other.Trace(k.t.Context(), 0, id, 0)
		if err != nil || err2 != nil {
			return // it does not work on what it has made
		}
		if len(a.Steps) < 3 || len(b.Steps) < 3 { // "decode" and both
			continue
		}
		draws = draws || notes(a, 1) != notes(b, 1)
		same = same && notes(a, 1) == notes(a, 2)
	}
	if draws && same {
		k.t.Errorf("two of it in one pipeline note the same draws")
	}
}

// notes returns what a stage has noted.
func notes(tr *loader.Trace, step int) string {
	text, _ := json.Marshal(tr.Steps[step].Notes) // NaN cannot be told from NaN
	return string(text)
}

// resumes goes on behind some batches.
func (k *transformKit) resumes() {
	k.t.Helper()
	c := loader.Config{BatchSize: transformBatch, Epochs: 2, Order: loader.Shuffle{}, Transforms: []loader.Transform{k.tr}, Workers: 2}
	n := 0
	for range All(k.t, k.data, c) {
		n++
	}
	if n == 0 {
		return // all are dropped
	}
	var cuts []int
	for i := 0; i < n; i += max(1, n/6) {
		cuts = append(cuts, i)
	}
	Resume(k.t, func() loader.Source { return k.data }, c, cuts...)
}

// careful turns the panics of a transform into errors.
type careful struct{ tr loader.Transform }

// panicked is a panic of a transform.
type panicked struct {
	where string
	value any
}

// Error implements error.
func (p *panicked) Error() string { return fmt.Sprintf("%s panics: %v", p.where, p.value) }

func catch(where string, err *error) {
	if v := recover(); v != nil {
		*err = &panicked{where, v}
	}
}

// Bind implements loader.Transform.
func (c careful) Bind(in loader.Spec) (st loader.Stage, err error) {
	defer catch("Bind", &err)
	st, err = c.tr.Bind(in)
	if row := st.Row; row != nil {
		st.Row = func(w *loader.Worker, s *loader.Sample) (err error) {
			defer catch("Row", &err)
			return row(w, s)
		}
	}
	if batch := st.Batch; batch != nil {
		st.Batch = func(w *loader.Worker, b *loader.Batch) (err error) {
			defer catch("Batch", &err)
			return batch(w, b)
		}
	}
	if g := st.Regroup; g != nil && g.New != nil {
		st.Regroup = &loader.Regroup{New: func() loader.Placer { return carefulPlacer{g.New()} }, Form: g.Form}
	}
	return st, err
}

type carefulPlacer struct{ loader.Placer }

// Place implements loader.Placer.
func (c carefulPlacer) Place(s *loader.Sample, bins *loader.Bins) (err error) {
	defer catch("Place", &err)
	return c.Placer.Place(s, bins)
}

// misfits binds it to fields that do not suit it, and runs what is bound.
func (k *transformKit) misfits() {
	k.t.Helper()
	for _, m := range misfits(k.data.spec) {
		in := clone(m.spec)
		_, err := careful{k.tr}.Bind(in)
		if p, ok := errors.AsType[*panicked](err); ok {
			k.t.Errorf("%s: %v", m.what, p)
			continue
		}
		if !reflect.DeepEqual(in, m.spec) {
			k.t.Errorf("%s: Bind has changed the spec that it was given", m.what)
		}
		if err != nil {
			if !errors.Is(err, loader.ErrSpec) {
				k.t.Errorf("%s: the error of Bind does not wrap ErrSpec: %v", m.what, err)
			}
			continue
		}
		k.bears(m)
	}
}

// bears runs it on samples of odd sizes and values.
func (k *transformKit) bears(m misfit) {
	k.t.Helper()
	for _, n := range []int{0, 1, 3} {
		for _, x := range []byte{0, 1, 0xff} {
			row := sampleOf(m.spec, n, x)
			if row == nil {
				return
			}
			what := fmt.Sprintf("%s, all bytes %#x, dimensions that vary %d", m.what, x, n)
			data := &table{spec: m.spec, rows: [][]loader.Tensor{row}}
			_, err := applyTo(k.t.Context(), data, careful{k.tr})
			if p, ok := errors.AsType[*panicked](err); ok {
				k.t.Errorf("%s: %v", what, p)
				return
			}
			if e, ok := errors.AsType[*loader.SampleError](err); ok && e.Stage == "batch" {
				k.t.Errorf("%s: it does not keep to its Out: %v", what, err)
				return
			}
			data.check(k.t)
		}
	}
}
