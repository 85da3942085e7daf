package loader

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// Trace tells how a sample was made: the stages that it went through, in
// order, with the parameters that they drew. It is plain data, fit for JSON.
type Trace struct {
	ID    int64  `json:"id"`
	Epoch int64  `json:"epoch"`
	Shard string `json:"shard,omitempty"`
	Row   int64  `json:"row"`
	Steps []Step `json:"steps"`
	// Fields holds the values that the sample had at the end, in the order of
	// the Spec behind the row stages.
	Fields []Tensor `json:"-"`
}

// Step is one stage of a Trace.
type Step struct {
	Stage string `json:"stage"`
	Notes []Note `json:"notes,omitempty"`
}

// Note is one named group of drawn parameters.
type Note struct {
	Name   string    `json:"name"`
	Values []float64 `json:"values"`
}

func (t *Trace) begin(stage string) { t.Steps = append(t.Steps, Step{Stage: stage}) }

func (t *Trace) note(name string, values []float64) {
	s := &t.Steps[len(t.Steps)-1]
	s.Notes = append(s.Notes, Note{name, append([]float64(nil), values...)})
}

// Trace makes the given sample again, as the given epoch did or will, and tells
// how. Draw is the Ref.Draw of the visit, 0 for orders that visit a row once.
// It reads what it needs and may run beside All. A sample that is dropped on
// the way has no Fields.
func (l *Loader) Trace(ctx context.Context, epoch, id int64, draw int) (*Trace, error) {
	if id < 0 || id >= l.index.Len() {
		return nil, fmt.Errorf("loader: no sample %d among %d", id, l.index.Len())
	}
	ref := l.index.ref(id)
	ref.Draw = draw
	e := &engine{l: l, p: l.pipe.unfused(), ctx: ctx}
	s := &step{buf: newBuffer(l.pipe.feed(), newBytes)}
	buf := s.buf
	s.reset(place{epoch: epoch, n: 1}, 1)
	s.list()
	s.buf, s.refs[0] = buf, ref
	w := newWorker(l.pipe.rows, l.pipe.last, len(l.pipe.row)+2)
	w.arena = &buf.arena
	w.trace = &Trace{ID: id, Epoch: epoch, Shard: l.blocks[ref.Block].Shard, Row: l.blocks[ref.Block].FirstRow + int64(ref.Row)}
	e.streams(w, epoch)
	rows, row, err := e.openOne(w, epoch, ref)
	if err != nil {
		return nil, e.sampleError(ref, "read", err)
	}
	defer rows.Close()
	if err := e.makeRow(w, s, 0, rows, row, &ref); errors.Is(err, Drop) {
		return w.trace, nil
	} else if err != nil {
		return nil, err
	}
	for _, t := range buf.sample(&Sample{Fields: make([]Tensor, len(l.pipe.rows))}, 0).Fields {
		t.Data = append(newBytes(0), slices.Clone(t.Data)...)
		w.trace.Fields = append(w.trace.Fields, t)
	}
	return w.trace, nil
}

// openOne opens what holds one row.
func (e *engine) openOne(w *Worker, epoch int64, ref Ref) (rows Rows, row int, err error) {
	if e.l.access != blocks {
		ref.stream = e.sourceStream(epoch)
		rows, err = e.l.random.OpenRows(e.ctx, []Ref{ref})
		return rows, 0, err
	}
	b, err := e.openBlock(w, ref.Block)
	if err != nil {
		return nil, 0, err
	}
	return b.rows, ref.Row, nil
}
