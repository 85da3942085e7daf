package loadertest

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"iter"
	"reflect"
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
	before := goroutines()
	k := &transformKit{t: t, tr: tr, data: copyOf(t, src)}
	if len(k.data.rows) == 0 {
		t.Fatal("no samples to check with")
	}
	for _, check := range []func(){
		k.binds, k.misfits, k.traces, k.orders, k.epochs, k.settings, k.companions, k.twice, k.resumes,
	} {
		if check(); k.reports > 0 {
			break // what follows builds on it
		}
	}
	k.data.check(t)
	settle(t, before)
}

// transformKit is the state of one check.
type transformKit struct {
	t     testing.TB
	tr    loader.Transform
	data  *table
	stage loader.Stage
	base  *outcome // on one worker

	reports int
}

func (k *transformKit) errorf(format string, args ...any) {
	k.t.Helper()
	k.reports++
	k.t.Errorf(format, args...)
}

// binds checks Bind on the fields that suit.
func (k *transformKit) binds() {
	k.t.Helper()
	// An append to in would be seen in the room behind it.
	in := slices.Grow(clone(k.data.spec), 4)
	want := clone(in)
	var stages [2]loader.Stage
	for i := range stages {
		st, err := k.tr.Bind(in)
		if err != nil {
			k.errorf("Bind: %v", err)
			return
		}
		room := in[:cap(in)]
		if !reflect.DeepEqual(in, want) || !reflect.DeepEqual(room[len(in):], make(loader.Spec, cap(in)-len(in))) {
			k.errorf("Bind has changed the spec that it was given to %v from %v (or wrote behind it)", room, want)
			return
		}
		stages[i] = st
	}
	a, b := stages[0], stages[1]
	if !reflect.DeepEqual(a.Out, b.Out) || !slices.Equal(a.Writes, b.Writes) || a.Drops != b.Drops {
		k.errorf("Bind gives another stage the second time: %v writing %v, then %v writing %v", a.Out, a.Writes, b.Out, b.Writes)
	}
	k.stage = a
	if _, err := loader.New(k.data, loader.Config{BatchSize: 1, Transforms: []loader.Transform{k.tr}}); err != nil {
		k.errorf("no loader takes it: %v", err)
	}
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
	print string           // fingerprint of the pipeline, if there were batches
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

// epoch returns the rows of one epoch.
func (o *outcome) epoch(e int64) map[int64]digest {
	rows := map[int64]digest{}
	for v, d := range o.rows {
		if v.epoch == e {
			rows[v.id] = d
		}
	}
	return rows
}

// orders checks that a row does not depend on those before it.
func (k *transformKit) orders() {
	k.t.Helper()
	if k.stage.Row == nil {
		return
	}
	o := k.run(loader.Config{Epochs: 2, Workers: 1, Order: loader.Shuffle{}}, k.tr)
	for v, d := range k.base.rows {
		switch got, ok := o.rows[v]; {
		case !ok:
			k.errorf("sample %d in epoch %d is dropped in another order", v.id, v.epoch)
			return
		case got != d:
			k.errorf("sample %d in epoch %d has other bytes in another order", v.id, v.epoch)
			return
		}
	}
	if len(o.rows) != len(k.base.rows) {
		k.errorf("%d samples in another order, %d before: the order decides which are dropped", len(o.rows), len(k.base.rows))
	}
}

// tracer returns a loader for Trace.
func (k *transformKit) tracer(seed uint64, transforms ...loader.Transform) (*loader.Loader, error) {
	return loader.New(k.data, loader.Config{BatchSize: transformBatch, Seed: seed, Transforms: transforms})
}

// traces compares Loader.Trace with what was delivered.
func (k *transformKit) traces() {
	k.t.Helper()
	k.base = k.run(loader.Config{Epochs: 2, Workers: 1, Prefetch: 1}, k.tr)
	if k.stage.Row == nil {
		return
	}
	ld, err := k.tracer(0, k.tr)
	if err != nil {
		k.t.Fatal(err)
	}
	for epoch := range int64(2) {
		for id := range int64(len(k.data.rows)) {
			tr, err := ld.Trace(k.t.Context(), epoch, id, 0)
			if err != nil {
				k.errorf("Trace of sample %d: %v", id, err)
				return
			}
			want, delivered := k.base.rows[visit{epoch, id}]
			if delivered != (tr.Fields != nil) || delivered && sumOf(tr.Fields) != want {
				k.errorf("Trace of sample %d in epoch %d gives another row than the batch has", id, epoch)
				return
			}
		}
	}
}

// manyEpochs is enough for what is drawn rarely to show.
const manyEpochs = 8

// epochs checks that what differs between seeds differs between epochs.
func (k *transformKit) epochs() {
	k.t.Helper()
	one := k.run(loader.Config{Epochs: manyEpochs, Workers: 1}, k.tr)
	two := k.run(loader.Config{Epochs: manyEpochs, Workers: 1, Seed: 1}, k.tr)
	if reflect.DeepEqual(one.rows, two.rows) {
		return // it draws nothing, or forms rows of several samples
	}
	first := one.epoch(0)
	for e := int64(1); e < manyEpochs; e++ {
		if !reflect.DeepEqual(one.epoch(e), first) {
			return
		}
	}
	k.errorf("another seed changes the samples and another epoch does not")
}

// settings runs it with workers and batches ahead that must not matter.
func (k *transformKit) settings() {
	k.t.Helper()
	for _, c := range []loader.Config{
		{Workers: 1, Prefetch: 1},
		{Workers: 3, Prefetch: 4},
		{Workers: 8, Prefetch: 2},
	} {
		c.Epochs = 2
		o := k.run(c, k.tr)
		if o.all != k.base.all {
			k.errorf("%d workers, %d batches ahead: other batches than with 1 worker the first time", c.Workers, c.Prefetch)
		}
		if o.print != k.base.print && o.print != "" && k.base.print != "" {
			k.errorf("its configuration has changed while it was used: the fingerprint is %s, was %s", o.print, k.base.print)
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
		k.errorf("behind a transform that draws random numbers: other batches")
	}
	if o := k.run(c, k.tr, behind); o.all != k.base.all {
		k.errorf("before a transform that draws random numbers: other batches")
	}
	if o := k.run(c, rewrite{}, k.tr); o.all != k.base.all {
		k.errorf("behind a transform that writes all fields: other batches")
	}
	if k.stage.Row == nil {
		return
	}
	if o := k.run(c, k.tr, rewrite{}); o.all != k.base.all {
		k.errorf("before a transform that writes all fields: other batches")
	}
}

// twice puts two of it into one pipeline, if the second accepts what the first
// gives, and compares what they note.
func (k *transformKit) twice() {
	k.t.Helper()
	ld, err := k.tracer(0, k.tr, k.tr)
	other, err2 := k.tracer(1, k.tr, k.tr)
	if err != nil || err2 != nil || k.stage.Row == nil {
		return
	}
	draws, same := false, true
	for id := range int64(len(k.data.rows)) {
		a, err := ld.Trace(k.t.Context(), 0, id, 0)
		b, err2 := other.Trace(k.t.Context(), 0, id, 0)
		if err != nil || err2 != nil {
			return // it does not work on what it has made
		}
		draws = draws || notes(a, 0) != notes(b, 0)
		same = same && notes(a, 0) == notes(a, 1)
	}
	if draws && same {
		k.errorf("two of it in one pipeline note the same draws")
	}
}

// notes returns what transform k of a pipeline has noted.
func notes(tr *loader.Trace, k int) string {
	if len(tr.Steps) < k+2 { // the first step is decoding
		return "dropped"
	}
	return fmt.Sprint(tr.Steps[k+1].Notes)
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
	if st.Regroup != nil {
		st.Regroup = carefulRegroup(*st.Regroup)
	}
	return st, err
}

func carefulRegroup(g loader.Regroup) *loader.Regroup {
	if place := g.New; place != nil {
		g.New = func() loader.Placer { return carefulPlacer{place()} }
	}
	if form := g.Form; form != nil {
		g.Form = func(w *loader.Worker, in []loader.Sample, i int, out *loader.Sample) (err error) {
			defer catch("Form", &err)
			return form(w, in, i, out)
		}
	}
	return &g
}

type carefulPlacer struct{ loader.Placer }

// Place implements loader.Placer.
func (c carefulPlacer) Place(s *loader.Sample, bins *loader.Bins) (err error) {
	defer catch("Place", &err)
	return c.Placer.Place(s, bins)
}

// maxReports is how many misfits are told of.
const maxReports = 5

// misfits binds it to fields that do not suit it, and runs what is bound.
func (k *transformKit) misfits() {
	k.t.Helper()
	for _, m := range misfits(k.data.spec) {
		if k.reports >= maxReports {
			return
		}
		in := clone(m.spec)
		_, err := careful{k.tr}.Bind(in)
		if p, ok := errors.AsType[*panicked](err); ok {
			k.errorf("%s: %v", m.what, p)
			continue
		}
		if !reflect.DeepEqual(in, m.spec) {
			k.errorf("%s: Bind has changed the spec that it was given", m.what)
		}
		if err != nil {
			if !errors.Is(err, loader.ErrSpec) {
				k.errorf("%s: the error of Bind does not wrap ErrSpec: %v", m.what, err)
			}
			continue
		}
		k.bears(m)
	}
}

// bears runs it on samples of odd sizes and values.
func (k *transformKit) bears(m misfit) {
	k.t.Helper()
	data := &table{spec: m.spec}
	var what []string
	for _, o := range []odd{{0, 0, 0}, {1, 0, 0}, {1, 0, 0xff}, {3, 0, 1}, {3, 0, 0xff}, {1, 1, 0}, {6, -1, 0}} {
		if row := o.sample(m.spec); row != nil {
			data.rows = append(data.rows, row)
			what = append(what, fmt.Sprintf("%s, %v", m.what, o))
		}
	}
	if len(data.rows) == 0 {
		return
	}
	for i, err := range k.eachAlone(data) {
		if p, ok := errors.AsType[*panicked](err); ok {
			k.errorf("%s: %v", what[i], p)
			return
		}
		if e, ok := errors.AsType[*loader.SampleError](err); ok && e.Stage == "batch" {
			k.errorf("%s: it does not keep to its Out: %v", what[i], err)
			return
		}
		if data.check(k.t) {
			k.reports++
			return
		}
	}
}

// eachAlone runs it on one row of data after another and yields the errors. If
// no loader takes it, there are none.
func (k *transformKit) eachAlone(data *table) iter.Seq2[int, error] {
	return func(yield func(int, error) bool) {
		ld, err := loader.New(data, loader.Config{BatchSize: 1, Transforms: []loader.Transform{careful{k.tr}}})
		for i := 0; i < len(data.rows) && err == nil; i++ {
			var failed error
			if k.stage.Row != nil {
				_, failed = ld.Trace(k.t.Context(), 0, int64(i), 0)
			} else {
				_, failed = applyTo(k.t.Context(), &table{spec: data.spec, rows: data.rows[i : i+1]}, careful{k.tr})
			}
			if !yield(i, failed) {
				return
			}
		}
	}
}
