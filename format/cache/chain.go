package cache

import (
	"errors"
	"fmt"

	"github.com/stokerdata/stoker/loader"
)

// chain is the transforms in front of the cache, bound.
type chain struct {
	stages []loader.Stage
	names  []string
	out    loader.Spec
}

// newChain binds transforms, all of which must work on single rows and keep
// them.
func newChain(in loader.Spec, transforms []loader.Transform) (chain, error) {
	c := chain{out: in}
	for i, t := range transforms {
		name := fmt.Sprintf("%T", t)
		if t == nil {
			return c, fmt.Errorf("transform %d is nil: %w", i+1, loader.ErrSpec)
		}
		st, err := t.Bind(c.out)
		switch {
		case err != nil:
		case st.Row == nil || st.Regroup != nil || st.Batch != nil:
			err = fmt.Errorf("only transforms of single rows can be cached: %w", loader.ErrSpec)
		case st.Drops:
			err = fmt.Errorf("a transform that drops rows cannot be cached: %w", loader.ErrSpec)
		case len(st.Out) < len(c.out):
			err = fmt.Errorf("it hands on %d fields of %d: a field is removed by clearing its name", len(st.Out), len(c.out))
		}
		if err != nil {
			return c, fmt.Errorf("transform %d, %s: %w", i+1, name, err)
		}
		c.stages, c.names, c.out = append(c.stages, st), append(c.names, name), st.Out
	}
	return c, nil
}

// run makes row i of rows. The error names the stage that it is of, unless that
// is the source.
func (c *chain) run(w *loader.Worker, rows loader.Rows, i int, s *loader.Sample) error {
	if err := w.Pure(func() error { return rows.Row(w, i, s) }); err != nil {
		return err
	}
	for k := range c.stages {
		if err := w.Pure(func() error { return c.stages[k].Row(w, s) }); err != nil {
			return &stageError{c.names[k], err}
		}
	}
	return nil
}

// stageError is an error of a transform, on its way to who knows the row.
type stageError struct {
	stage string
	err   error
}

func (e *stageError) Error() string { return e.stage + ": " + e.err.Error() }
func (e *stageError) Unwrap() error { return e.err }

// sampleError completes what a stage has returned; errors of a source are
// completed by the loader.
func (s *Source) sampleError(err error, id int64, ref loader.Ref) error {
	var e *stageError
	if !errors.As(err, &e) {
		return err
	}
	at := &loader.SampleError{ID: id, Stage: e.stage, Err: e.err}
	at.Shard, at.Row = s.Locate(ref)
	return at
}
