package text

import (
	"fmt"
	"math"
	"sync"

	"github.com/stokerdata/stoker/augment/internal/spans"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
)

// An edit puts other bytes in the place of a segment of a text, or keeps it. A list of edits in the order of the new text is
// the one form in which all transforms say what they do: what no edit holds is
// deleted, one of an empty segment inserts, and kept ones out of order move.
// The segments are disjoint.
type edit struct {
	segment
	with []byte
	keep bool
}

// editor is a text, and what lives on it, bound to a spec. It makes the lists
// of edits that a transform gives for a sample come true.
type editor struct {
	text  int
	spans *spans.Set
	pool  sync.Pool // of drafts
}

// draft is the scratch memory of an editor for one sample.
type draft struct {
	words []segment
	edits []edit
	with  []byte // memory of replacements
	picks []int
	keys  []key
	moves mover
}

// keep appends the edit that keeps bytes [start, end), if there are any.
func (d *draft) keep(start, end int) {
	if start < end {
		d.edits = append(d.edits, edit{segment: segment{start, end}, keep: true})
	}
}

// replace appends the edit that puts with in the place of old.
func (d *draft) replace(old segment, with []byte) {
	d.edits = append(d.edits, edit{segment: old, with: with})
}

// bindEditor finds the text and its spans in a spec.
func bindEditor(in loader.Spec, name string) (*editor, error) {
	f, err := findText(in, name)
	if err != nil {
		return nil, err
	}
	if in[f].Shape.Fixed() {
		return nil, fmt.Errorf("field %v must vary in length: %w", in[f], loader.ErrSpec)
	}
	set, err := spans.Bind(in, in[f].Name)
	if err != nil {
		return nil, err
	}
	e := &editor{text: f, spans: set}
	e.pool.New = func() any { return new(draft) }
	return e, nil
}

// writes lists the fields that apply may set.
func (e *editor) writes() []int { return append(e.spans.Writes(), e.text) }

// apply makes the edits of d the new text of s and moves its spans.
func (e *editor) apply(w *loader.Worker, s *loader.Sample, d *draft) error {
	old := s.Fields[e.text].Data
	n := 0
	for _, p := range d.edits {
		n += p.size()
	}
	if n > math.MaxInt32 {
		return fmt.Errorf("a text of %d bytes is too long: %w", n, loader.ErrCorrupt)
	}
	out := w.Out(s, e.text, dtype.Uint8, loader.Dims(n))
	at := 0
	for _, p := range d.edits {
		if p.keep {
			at += copy(out.Data[at:], old[p.start:p.end])
		} else {
			at += copy(out.Data[at:], p.with)
		}
	}
	if e.spans.Empty() {
		return nil
	}
	d.moves.reset(d.edits)
	return e.spans.Move(w, s, len(old), d.moves.move)
}

// size returns the bytes that p leaves in the new text.
func (p *edit) size() int {
	if p.keep {
		return p.end - p.start
	}
	return len(p.with)
}
