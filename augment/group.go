package augment

import (
	"errors"
	"fmt"
	"slices"

	"github.com/stokerdata/stoker/internal/prng"
	"github.com/stokerdata/stoker/loader"
)

// child is a bound transform.
type child struct {
	name string
	path uint64 // of its random numbers
	loader.Stage
}

// run runs c within the running stage.
func (c *child) run(w *loader.Worker, s *loader.Sample) error {
	err := w.Run(c.path, &c.Stage, s)
	if err == nil || errors.Is(err, loader.Drop) {
		return err
	}
	return fmt.Errorf("%s: %w", c.name, err)
}

// bindAll binds transforms one behind another, or, if they are alternatives,
// each to in.
func bindAll(in loader.Spec, transforms []loader.Transform, alternatives bool) ([]child, error) {
	all := make([]child, len(transforms))
	seen := map[string]uint64{}
	spec := in
	for i, t := range transforms {
		if t == nil {
			return nil, fmt.Errorf("augment: transform %d is nil: %w", i+1, loader.ErrSpec)
		}
		c := child{name: fmt.Sprintf("%T", t)}
		c.path = prng.Mix(prng.String(c.name), seen[c.name])
		seen[c.name]++
		var err error
		if c.Stage, err = t.Bind(spec); err == nil && c.Row == nil {
			err = fmt.Errorf("only transforms of single rows can be combined: %w", loader.ErrSpec)
		}
		if err != nil {
			return nil, fmt.Errorf("augment: transform %d, %s: %w", i+1, c.name, err)
		}
		all[i] = c
		if !alternatives {
			spec = c.Out
		}
	}
	return all, nil
}

// join returns a stage with the given fields and what children do to them.
func join(out loader.Spec, all []child) loader.Stage {
	st := loader.Stage{Out: out}
	for _, c := range all {
		st.Drops = st.Drops || c.Drops
		for _, f := range c.Writes {
			if !slices.Contains(st.Writes, f) {
				st.Writes = append(st.Writes, f)
			}
		}
	}
	return st
}

// alike returns an error that names the first field in which two specs differ.
func alike(a, b loader.Spec, what string) error {
	for i := range max(len(a), len(b)) {
		switch {
		case i >= len(a):
			return fmt.Errorf("augment: %s differ: field %v is not always there: %w", what, b[i], loader.ErrSpec)
		case i >= len(b):
			return fmt.Errorf("augment: %s differ: field %v is not always there: %w", what, a[i], loader.ErrSpec)
		case !same(a[i], b[i]):
			return fmt.Errorf("augment: %s differ in a field: %v and %v: %w", what, a[i], b[i], loader.ErrSpec)
		}
	}
	return nil
}

func same(a, b loader.Field) bool {
	return a.Name == b.Name && a.DType == b.DType && a.Shape == b.Shape && a.Kind == b.Kind &&
		a.Canvas == b.Canvas && a.Follows == b.Follows && a.Rate == b.Rate &&
		slices.Equal(a.Names, b.Names) && slices.Equal(a.Mirror, b.Mirror)
}
