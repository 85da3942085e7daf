package tokens

import (
	"fmt"
	"math"
	"slices"

	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
)

// Ignore is the target where there is no next token to predict: what PyTorch's
// cross entropy leaves out by default.
const Ignore = -100

const (
	offsetsField = "offsets"
	defaultBins  = 16
)

// Pack is a transform that puts several documents into one row of Window tokens.
// A document goes into the fullest open row that has room for it; if none has, the
// fullest row is completed. Of one that is longer than a row the first tokens
// become rows of their own, and the rest is put like a short one. All other fields
// are removed, and these are there:
//
//	tokens        int32 (window), kind.Tokens, called as before
//	segment_ids   int32 (window): 1 for the first document, 2 for the next; 0 behind the last
//	position_ids  int32 (window): from 0 in each document, or part of one
//	offsets       int32 (?): where each document begins, and where the last one ends
//	targets       int32 (window), kind.Tokens, with Targets
//
// A mask that lets each token attend to those before it in its own document
// follows from segment_ids or from offsets, which is what kernels for sequences of
// varying length take, and far less than a mask for each pair of tokens.
type Pack struct {
	// Field names the field of documents, integers of shape (?). Empty means the
	// only one of kind.Tokens.
	Field string
	// Window is the number of tokens of a row. Required.
	Window int
	// Bins is how many rows are open at a time: more of them leave less room
	// unused, and hold more documents. 0 means 16.
	Bins int
	// Targets adds the token behind each one, and Ignore behind the last of a
	// document and where there is none.
	Targets bool
	// Pad is the token behind the last document.
	Pad int32
}

// Bind implements loader.Transform.
func (p Pack) Bind(in loader.Spec) (loader.Stage, error) {
	f, err := in.Find(p.Field, kind.Tokens)
	if err != nil {
		return loader.Stage{}, fmt.Errorf("tokens: pack: %w", err)
	}
	if p.Bins == 0 {
		p.Bins = defaultBins
	}
	k := &packer{Pack: p, field: f}
	switch {
	case p.Window <= 0 || p.Window > math.MaxInt32/4 || p.Bins < 0:
		return loader.Stage{}, fmt.Errorf("tokens: pack: a window of %d tokens, %d bins: %w", p.Window, p.Bins, loader.ErrSpec)
	case in[f].Shape.Rank() != 1 || !isToken(in[f].DType):
		return loader.Stage{}, fmt.Errorf("tokens: pack: field %v is no list of integers: %w", in[f], loader.ErrSpec)
	}
	out := in.Clone()
	for i := range out {
		if i != f {
			out[i].Name = ""
		}
	}
	name := in[f].Name
	window := func(name string, k kind.Kind) loader.Field {
		return loader.Field{Name: name, DType: dtype.Int32, Shape: loader.Dims(p.Window), Kind: k}
	}
	out[f] = window(name, kind.Tokens)
	out, k.segments = out.With(window(segmentsField, kind.Plain))
	out, k.positions = out.With(window(positionsField, kind.Plain))
	out, k.offsets = out.With(loader.Field{Name: offsetsField, DType: dtype.Int32, Shape: loader.Dims(-1)})
	if k.targets = -1; p.Targets {
		out, k.targets = out.With(window(targetsField, kind.Tokens))
	}
	return loader.Stage{Out: out, Regroup: &loader.Regroup{
		New:  func() loader.Placer { return &placer{packer: k, bins: make([]bin, p.Bins)} },
		Form: k.form,
	}}, nil
}

// packer is a Pack bound to a spec.
type packer struct {
	Pack
	field, segments, positions, offsets, targets int
}

// isToken reports whether tokens may be of type t.
func isToken(t dtype.Type) bool {
	switch t {
	case dtype.Uint8, dtype.Uint16, dtype.Uint32, dtype.Int32, dtype.Int64:
		return true
	}
	return false
}

// take sets dst to the tokens of a document from the given one on.
func (p *packer) take(dst []int32, s *loader.Sample, from int) error {
	t := s.Fields[p.field]
	bad := -1
	switch t.DType {
	case dtype.Uint8:
		bad = convert(dst, loader.View[uint8](t)[from:])
	case dtype.Uint16:
		bad = convert(dst, loader.View[uint16](t)[from:])
	case dtype.Uint32:
		bad = convert(dst, loader.View[uint32](t)[from:])
	case dtype.Int32:
		copy(dst, loader.View[int32](t)[from:])
	case dtype.Int64:
		bad = convert(dst, loader.View[int64](t)[from:])
	}
	if bad >= 0 {
		return fmt.Errorf("tokens: pack: token %d of a document is larger than an int32: %w", from+bad, loader.ErrCorrupt)
	}
	return nil
}

// convert sets dst to the numbers that src begins with, and returns the first that
// does not fit, or -1.
func convert[T uint8 | uint16 | uint32 | int64](dst []int32, src []T) int {
	src = src[:len(dst)]
	var odd int64
	for i, v := range src {
		dst[i] = int32(v)
		odd |= int64(v) ^ int64(dst[i])
	}
	if odd == 0 {
		return -1
	}
	return slices.IndexFunc(src, func(v T) bool { return int64(int32(v)) != int64(v) })
}

// count returns the tokens of a document.
func (p *packer) count(s *loader.Sample) int { return s.Fields[p.field].Shape.Len() }

// bin is what a row holds that is open.
type bin struct {
	used int // tokens
	full int // rows that long documents in it fill by themselves
}

// placer is the open rows of one stream.
type placer struct {
	*packer
	bins []bin
}

// Place implements loader.Placer.
func (p *placer) Place(s *loader.Sample, bins *loader.Bins) error {
	n := p.count(s)
	if n == 0 {
		return nil
	}
	i := p.choose(n % p.Window)
	if b := &p.bins[i]; b.used+n%p.Window > p.Window {
		bins.CloseFirst(i, b.rows())
		*b = bin{}
	}
	bins.Put(i)
	p.put(i, n)
	if b := &p.bins[i]; b.used == p.Window || b.used == 0 {
		bins.Close(i, b.rows())
		*b = bin{}
	}
	return nil
}

// choose returns the fullest row with room for n tokens, else the fullest.
func (p *placer) choose(n int) int {
	best, fits := 0, false
	for i := range p.bins {
		ok := p.bins[i].used+n <= p.Window
		if ok && !fits || ok == fits && p.bins[i].used > p.bins[best].used {
			best, fits = i, ok
		}
	}
	return best
}

// put counts a document of n tokens.
func (p *placer) put(i, n int) {
	p.bins[i].used += n % p.Window
	p.bins[i].full += n / p.Window
}

// rows returns how many rows the documents of b become.
func (b *bin) rows() int {
	if b.used > 0 {
		return b.full + 1
	}
	return b.full
}

// Restore implements loader.Placer.
func (p *placer) Restore(s *loader.Sample, bin int) error {
	if bin < 0 || bin >= len(p.bins) {
		return fmt.Errorf("tokens: pack: row %d of %d: %w", bin, len(p.bins), loader.ErrState)
	}
	p.put(bin, p.count(s))
	return nil
}

// Flush implements loader.Placer.
func (p *placer) Flush(bins *loader.Bins) error {
	for i := range p.bins {
		if n := p.bins[i].rows(); n > 0 {
			bins.Close(i, n)
			p.bins[i] = bin{}
		}
	}
	return nil
}

// form makes row i of those that the documents become: first what long ones fill
// by themselves, then what is left of all.
func (p *packer) form(w *loader.Worker, in []loader.Sample, i int, out *loader.Sample) error {
	r := p.row(w, out)
	for d := range in {
		n := p.count(&in[d])
		if i < n/p.Window {
			err := r.add(&in[d], i*p.Window, p.Window)
			p.finish(w, out, &r)
			return err
		}
		i -= n / p.Window
	}
	for d := range in {
		n := p.count(&in[d])
		if rest := n % p.Window; rest > 0 {
			if err := r.add(&in[d], n-rest, rest); err != nil {
				return err
			}
		}
	}
	p.finish(w, out, &r)
	return nil
}

// row is a row in the making.
type row struct {
	*packer
	tokens, segments, positions, targets []int32 // targets are nil if there are none
	at                                   int     // the end of the last document
	documents                            int
}

func (p *packer) row(w *loader.Worker, out *loader.Sample) row {
	field := func(f int) []int32 {
		return loader.View[int32](*w.Out(out, f, dtype.Int32, loader.Dims(p.Window)))
	}
	r := row{packer: p, tokens: field(p.field), segments: field(p.segments), positions: field(p.positions)}
	if p.targets >= 0 {
		r.targets = field(p.targets)
	}
	return r
}

// add appends n tokens of a document from the given one on.
func (r *row) add(s *loader.Sample, from, n int) error {
	if n > len(r.tokens)-r.at { // rows that a loader.State puts together may not fit
		return fmt.Errorf("tokens: pack: documents of more than %d tokens in a row: %w", r.Window, loader.ErrState)
	}
	r.documents++
	list := r.tokens[r.at:][:n]
	if err := r.take(list, s, from); err != nil {
		return err
	}
	segments, positions := r.segments[r.at:][:n], r.positions[r.at:][:n]
	for k := range segments {
		segments[k], positions[k] = int32(r.documents), int32(k)
	}
	if r.targets != nil {
		targets := r.targets[r.at:][:n]
		copy(targets, list[1:])
		if targets[n-1] = Ignore; from+n < r.count(s) {
			if err := r.take(targets[n-1:], s, from+n); err != nil {
				return err
			}
		}
	}
	r.at += n
	return nil
}

// finish fills what is left of a row and says where its documents begin.
func (p *packer) finish(w *loader.Worker, out *loader.Sample, r *row) {
	for k := r.at; k < p.Window; k++ {
		r.tokens[k], r.segments[k], r.positions[k] = p.Pad, 0, 0
		if r.targets != nil {
			r.targets[k] = Ignore
		}
	}
	offsets := loader.View[int32](*w.Out(out, p.offsets, dtype.Int32, loader.Dims(r.documents+1)))
	for k := range r.at {
		if r.positions[k] == 0 {
			offsets[r.segments[k]-1] = int32(k)
		}
	}
	offsets[r.documents] = int32(r.at)
}
