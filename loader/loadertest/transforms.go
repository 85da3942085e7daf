package loadertest

import "github.com/stokerdata/stoker/loader"

// touch leaves rows as they are, so that a loader takes rows instead of columns.
type touch struct{}

// Bind implements loader.Transform.
func (touch) Bind(in loader.Spec) (loader.Stage, error) {
	return loader.Stage{Out: in, Row: func(*loader.Worker, *loader.Sample) error { return nil }}, nil
}

// rewrite copies all fields through Worker.Out, so that the stages before it
// write to scratch memory and those behind it find memory that they may change.
type rewrite struct{}

// Bind implements loader.Transform.
func (rewrite) Bind(in loader.Spec) (loader.Stage, error) {
	st := loader.Stage{Out: in}
	for f, field := range in {
		if field.Name != "" {
			st.Writes = append(st.Writes, f)
		}
	}
	st.Row = func(w *loader.Worker, s *loader.Sample) error {
		for _, f := range st.Writes {
			old := s.Fields[f]
			copy(w.Out(s, f, old.DType, old.Shape).Data, old.Data)
		}
		return nil
	}
	return st, nil
}

// drawing draws from every sample's random numbers and from the scratch memory,
// and changes nothing.
type drawing struct{}

// Bind implements loader.Transform.
func (drawing) Bind(in loader.Spec) (loader.Stage, error) {
	return loader.Stage{Out: in, Row: func(w *loader.Worker, _ *loader.Sample) error {
		fill(w.Scratch(8+w.Rand().IntN(8)), byte(w.Rand().Uint32()))
		return nil
	}}, nil
}

// drawingColumns is drawing for batches.
type drawingColumns struct{}

// Bind implements loader.Transform.
func (drawingColumns) Bind(in loader.Spec) (loader.Stage, error) {
	return loader.Stage{Out: in, Batch: func(w *loader.Worker, b *loader.Batch) error {
		w.ForRow(b, b.Len()-1)
		fill(w.Scratch(8+w.Rand().IntN(8)), byte(w.Rand().Uint32()))
		return nil
	}}, nil
}
