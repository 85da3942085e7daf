package loader

import (
	"fmt"

	"github.com/stokerdata/stoker/internal/prng"
)

// pipeline is a list of transforms, bound.
type pipeline struct {
	in     Spec
	row    []bound
	alone  []bound // the row stages as they are without fusing
	group  *bound
	batch  []bound
	rows   Spec  // behind the row stages
	last   []int // last[f] is the row stage, from 1, that writes field f last; 0 is the source
	drops  bool
	layout *layout // of the batches
}

// bound is a stage and its name, which tells it from its like.
type bound struct {
	Stage
	name  string
	key   uint64 // of its random numbers
	fused int    // stages behind it whose work Row does too
}

// bind binds the transforms to the fields of a source.
func bind(in Spec, transforms []Transform, batchSize int) (*pipeline, error) {
	if err := in.check(); err != nil {
		return nil, fmt.Errorf("loader: source: %w", err)
	}
	p := &pipeline{in: in, rows: in}
	seen := map[string]int{}
	spec := in
	for i, t := range transforms {
		name := fmt.Sprintf("%T", t)
		if t == nil {
			return nil, fmt.Errorf("loader: transform %d is nil", i+1)
		}
		n := seen[name]
		if seen[name]++; n > 0 {
			name = fmt.Sprintf("%s#%d", name, n+1)
		}
		st, err := t.Bind(spec)
		if err == nil {
			err = p.add(bound{Stage: st, name: name, key: prng.String(name)}, spec)
		}
		if err != nil {
			return nil, fmt.Errorf("loader: transform %d, %s: %w", i+1, name, err)
		}
		spec = st.Out
	}
	if err := p.fuse(); err != nil {
		return nil, fmt.Errorf("loader: %w", err)
	}
	p.last = lastWriters(p)
	p.layout = &layout{rows: p.formed(), n: batchSize, ids: p.group == nil || p.group.Regroup.Form == nil}
	for _, b := range p.batch {
		p.layout.stages = append(p.layout.stages, b.Stage)
	}
	return p, nil
}

// add checks a bound stage and appends it to its kind.
func (p *pipeline) add(b bound, in Spec) error {
	if err := b.check(in); err != nil {
		return err
	}
	switch {
	case b.Row != nil && (p.group != nil || p.batch != nil):
		return fmt.Errorf("works on rows and stands behind one that does not: %w", ErrSpec)
	case b.Row != nil:
		p.row = append(p.row, b)
		p.rows = b.Out
		p.drops = p.drops || b.Drops
	case b.Regroup != nil && (p.group != nil || p.batch != nil):
		return fmt.Errorf("regroups rows and stands behind one that regroups or works on batches: %w", ErrSpec)
	case b.Regroup != nil:
		p.group = &b
	default:
		p.batch = append(p.batch, b)
	}
	return nil
}

// check returns an error if a transform has bound itself wrongly.
func (b *bound) check(in Spec) error {
	kinds := 0
	for _, set := range []bool{b.Row != nil, b.Regroup != nil, b.Batch != nil} {
		if set {
			kinds++
		}
	}
	if kinds != 1 {
		return fmt.Errorf("its stage has %d of Row, Regroup and Batch, must be 1", kinds)
	}
	if b.Regroup != nil && b.Regroup.New == nil {
		return fmt.Errorf("its Regroup has no New")
	}
	if len(b.Out) < len(in) {
		return fmt.Errorf("it hands on %d fields of %d: a field is removed by clearing its name", len(b.Out), len(in))
	}
	for _, f := range b.Writes {
		if f < 0 || f >= len(b.Out) {
			return fmt.Errorf("it writes field %d of %d", f, len(b.Out))
		}
	}
	if b.Batch != nil {
		for f, o := range b.Out {
			if f < len(in) && in[f].Name != "" && in[f].Shape.Fixed() != o.Shape.Fixed() && o.Name != "" {
				return fmt.Errorf("batch stages cannot make field %q fixed or varying: %w", o.Name, ErrSpec)
			}
			if f >= len(in) && !o.Shape.Fixed() {
				return fmt.Errorf("batch stages cannot add the varying field %q: %w", o.Name, ErrSpec)
			}
		}
	}
	return b.Out.check()
}

// lastWriters returns for each field the last row stage that writes it.
func lastWriters(p *pipeline) []int {
	last := make([]int, len(p.rows))
	n := len(p.in)
	for i, b := range p.row {
		for f := n; f < len(b.Out); f++ {
			last[f] = i + 1 // whoever adds a field writes it
		}
		n = len(b.Out)
		for _, f := range b.Writes {
			last[f] = i + 1
		}
	}
	return last
}

// formed returns the spec of the rows that batches are made of.
func (p *pipeline) formed() Spec {
	if p.group != nil {
		return p.group.Out
	}
	return p.rows
}

// out returns the spec of the batches.
func (p *pipeline) out() Spec { return p.layout.last() }

// regroups reports whether rows move between batches.
func (p *pipeline) regroups() bool { return p.drops || p.group != nil }

// columns reports whether columns can be gathered, as no row is touched.
func (p *pipeline) columns() bool { return len(p.row) == 0 && p.group == nil }

// keeps reports whether the row stages leave field f as the source has it, unless
// they change it in place.
func (p *pipeline) keeps(f int) bool {
	in, out := p.in[f], p.rows[f]
	return p.last[f] == 0 && out.Name != "" && out.DType == in.DType && out.Shape == in.Shape
}

// feed returns the layout of the rows that a regrouping stage draws from.
func (p *pipeline) feed() *layout { return &layout{rows: p.rows, n: p.layout.n, ids: true} }
