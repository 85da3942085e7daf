package augment

import (
	"fmt"
	"math"
	"slices"

	"github.com/stokerdata/stoker/internal/draw"
	"github.com/stokerdata/stoker/loader"
)

// Compose applies transforms one after another, as one: an alternative of OneOf,
// or a part of a pipeline under one name. An empty Compose changes nothing.
type Compose []loader.Transform

// Bind implements loader.Transform.
func (c Compose) Bind(in loader.Spec) (loader.Stage, error) {
	all, err := bindAll(in, c, false)
	if err != nil {
		return loader.Stage{}, err
	}
	out := in
	if len(all) > 0 {
		out = all[len(all)-1].Out
	}
	st := join(out, all)
	st.Row = func(w *loader.Worker, s *loader.Sample) error { return runAll(all, w, s) }
	return st, nil
}

func runAll(all []child, w *loader.Worker, s *loader.Sample) error {
	for i := range all {
		if err := all[i].run(w, s); err != nil {
			return err
		}
	}
	return nil
}

// RandomApply applies all of its transforms, one after another, or none.
type RandomApply struct {
	P          float64 // probability, from 0, never, to 1
	Transforms []loader.Transform
}

// Bind implements loader.Transform. The transforms must leave the fields as
// they are announced.
func (r RandomApply) Bind(in loader.Spec) (loader.Stage, error) {
	if !(r.P >= 0 && r.P <= 1) {
		return loader.Stage{}, fmt.Errorf("augment: P is %v, must be from 0 to 1: %w", r.P, loader.ErrSpec)
	}
	all, err := bindAll(in, r.Transforms, false)
	if err != nil {
		return loader.Stage{}, err
	}
	if len(all) > 0 {
		if err := alike(in, all[len(all)-1].Out, "fields with and without the transforms"); err != nil {
			return loader.Stage{}, err
		}
	}
	st := join(in, all)
	st.Row = func(w *loader.Worker, s *loader.Sample) error {
		if w.Rand().Float64() >= r.P {
			w.Note("applied", 0)
			return nil
		}
		w.Note("applied", 1)
		return runAll(all, w, s)
	}
	return st, nil
}

// OneOf applies one of its transforms, drawn anew for each sample.
type OneOf struct {
	Transforms []loader.Transform // at least one
	// Weights holds the relative frequency of each transform; nil means that all
	// are equally likely.
	Weights []float64
}

// Bind implements loader.Transform. The transforms must announce the same
// fields.
func (o OneOf) Bind(in loader.Spec) (loader.Stage, error) {
	choice, err := o.choice()
	if err != nil {
		return loader.Stage{}, err
	}
	all, err := bindAll(in, o.Transforms, true)
	if err != nil {
		return loader.Stage{}, err
	}
	for _, c := range all[1:] {
		if err := alike(all[0].Out, c.Out, fmt.Sprintf("%s and %s", all[0].name, c.name)); err != nil {
			return loader.Stage{}, err
		}
	}
	st := join(all[0].Out, all)
	st.Row = func(w *loader.Worker, s *loader.Sample) error {
		k := choice.Pick(w.Rand())
		w.Note("choice", float64(k))
		return all[k].run(w, s)
	}
	return st, nil
}

// choice checks the weights and returns the choice that they make.
func (o OneOf) choice() (draw.Choice, error) {
	weights := o.Weights
	if len(o.Transforms) == 0 {
		return draw.Choice{}, fmt.Errorf("augment: OneOf has no transforms: %w", loader.ErrSpec)
	}
	if weights == nil {
		weights = slices.Repeat([]float64{1}, len(o.Transforms))
	}
	if len(weights) != len(o.Transforms) {
		return draw.Choice{}, fmt.Errorf("augment: %d weights of %d transforms: %w", len(weights), len(o.Transforms), loader.ErrSpec)
	}
	sum := 0.0
	for i, weight := range weights {
		if !(weight >= 0) {
			return draw.Choice{}, fmt.Errorf("augment: weight %d is %v: %w", i+1, weight, loader.ErrSpec)
		}
		sum += weight
	}
	if sum == 0 || math.IsInf(sum, 1) {
		return draw.Choice{}, fmt.Errorf("augment: the sum of weights %v is %v: %w", weights, sum, loader.ErrSpec)
	}
	return draw.NewChoice(weights), nil
}

// SomeOf applies N different ones of its transforms, drawn anew for each sample,
// all choices being equally likely. They run in the order in which they are
// listed.
type SomeOf struct {
	N          int
	Transforms []loader.Transform
}

// Bind implements loader.Transform. Each transform must leave the fields as
// they are announced.
func (o SomeOf) Bind(in loader.Spec) (loader.Stage, error) {
	if o.N < 0 || o.N > len(o.Transforms) {
		return loader.Stage{}, fmt.Errorf("augment: N is %d of %d transforms: %w", o.N, len(o.Transforms), loader.ErrSpec)
	}
	all, err := bindAll(in, o.Transforms, true)
	if err != nil {
		return loader.Stage{}, err
	}
	for _, c := range all {
		if err := alike(in, c.Out, "fields with and without "+c.name); err != nil {
			return loader.Stage{}, err
		}
	}
	st := join(in, all)
	st.Row = func(w *loader.Worker, s *loader.Sample) error {
		// Selection sampling (Knuth, The Art of Computer Programming 2, 3.4.2 S).
		r, want := w.Rand(), o.N
		for i := range all {
			if r.IntN(len(all)-i) >= want {
				continue
			}
			want--
			w.Note("choice", float64(i))
			if err := all[i].run(w, s); err != nil {
				return err
			}
		}
		return nil
	}
	return st, nil
}
