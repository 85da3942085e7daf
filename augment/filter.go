package augment

import (
	"fmt"

	"github.com/stokerdata/stoker/loader"
)

// Filter leaves out the rows that Keep refuses. Batches stay full: the rows
// behind move up. Each rank filters what it reads, so that ranks may get
// different numbers of batches; a trainer that waits for all of them stops at
// the first that ends, or counts its steps.
type Filter struct {
	// Name stands for Keep in the fingerprint of a pipeline, which cannot look
	// into functions: it should change when Keep changes.
	Name  string
	Field string // whose value decides
	// Keep reports whether a row stays. It is called by several workers at once,
	// borrows t during the call, and must follow from t alone.
	Keep func(t loader.Tensor) bool
}

// Bind implements loader.Transform.
func (f Filter) Bind(in loader.Spec) (loader.Stage, error) {
	i := in.Index(f.Field)
	if i < 0 {
		return loader.Stage{}, fmt.Errorf("augment: no field %q among %v: %w", f.Field, in, loader.ErrSpec)
	}
	if f.Keep == nil {
		return loader.Stage{}, fmt.Errorf("augment: filter %q has no Keep: %w", f.Name, loader.ErrSpec)
	}
	return loader.Stage{Out: in, Drops: true, Row: func(w *loader.Worker, s *loader.Sample) error {
		if !f.Keep(s.Fields[i]) {
			w.Note("kept", 0)
			return loader.Drop
		}
		return nil
	}}, nil
}
