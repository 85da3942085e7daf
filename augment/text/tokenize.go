package text

import (
	"cmp"
	"fmt"
	"math"
	"sync"

	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
)

// Tokenize turns a text into the numbers of its tokens, int32 of kind Tokens,
// and appends their count as the int32 scalar "<name>.length".
type Tokenize struct {
	// Field is the text; "" means the only field of kind Text.
	Field string
	// Into names the tokens. "" puts them in the place of the text, on which
	// no spans may live then; another name appends a field and leaves the text.
	Into string
	// With is the tokenizer; nil means Bytes{}.
	With Tokenizer
	// Len is the number of tokens of every sample: longer texts are cut,
	// shorter ones padded. 0 leaves them as they are, so that the shape varies.
	Len int
	// Begin and End are tokens put before and behind each text, also before
	// cutting takes place: they are never cut off. 0 means none.
	Begin, End int32
	// Pad fills up to Len; it is 0 in all tokenizers of this package.
	Pad int32
	// CutFront cuts the beginning of what is longer than Len, not the end.
	CutFront bool
	// Mask appends the Bool field "<name>.mask", true for all but the padding.
	Mask bool
}

// tokenize is a bound Tokenize.
type tokenize struct {
	Tokenize
	text, tokens, length, mask int // fields, mask may be -1
	pool                       sync.Pool
}

// Bind implements loader.Transform.
func (m Tokenize) Bind(in loader.Spec) (loader.Stage, error) {
	f, err := findText(in, m.Field)
	if err != nil {
		return loader.Stage{}, err
	}
	if m.With == nil {
		m.With = Bytes{}
	}
	if err := m.check(); err != nil {
		return loader.Stage{}, err
	}
	t := &tokenize{Tokenize: m, text: f, mask: -1}
	t.pool.New = func() any { return new([]int32) }
	shape := loader.Dims(cmp.Or(m.Len, -1))
	out := in.Clone()
	field := loader.Field{Name: cmp.Or(m.Into, in[f].Name), DType: dtype.Int32, Shape: shape, Kind: kind.Tokens}
	if m.Into == "" {
		if s := dependent(in, in[f].Name); s >= 0 {
			return loader.Stage{}, fmt.Errorf("field %q lives on %q, so name Into to keep the text: %w", in[s].Name, in[f].Name, loader.ErrSpec)
		}
		t.tokens, out[f] = f, field
	} else {
		out, t.tokens = out.With(field)
	}
	out, t.length = out.With(loader.Field{Name: field.Name + ".length", DType: dtype.Int32})
	writes := []int{t.tokens, t.length}
	if m.Mask {
		out, t.mask = out.With(loader.Field{Name: field.Name + ".mask", DType: dtype.Bool, Shape: shape, Follows: field.Name})
		writes = append(writes, t.mask)
	}
	return loader.Stage{Out: out, Writes: writes, Row: t.row}, nil
}

func (m *Tokenize) check() error {
	if w, ok := m.With.(Words); ok && w.Vocabulary == nil {
		return fmt.Errorf("the tokenizer has no vocabulary: %w", loader.ErrSpec)
	}
	if m.Len < 0 || m.Len > 0 && m.Len < m.extra() {
		return fmt.Errorf("length %d: %w", m.Len, loader.ErrSpec)
	}
	for _, n := range []int32{m.Begin, m.End, m.Pad} {
		if n < 0 || int(n) >= m.With.Size() {
			return fmt.Errorf("token %d is none of the tokenizer's %d: %w", n, m.With.Size(), loader.ErrSpec)
		}
	}
	return nil
}

// extra returns the number of tokens that are put around each text.
func (m *Tokenize) extra() int {
	n := 0
	if m.Begin != 0 {
		n++
	}
	if m.End != 0 {
		n++
	}
	return n
}

func (t *tokenize) row(w *loader.Worker, s *loader.Sample) error {
	spare := t.pool.Get().(*[]int32)
	defer t.pool.Put(spare)
	tokens := t.With.Append((*spare)[:0], s.Fields[t.text].Data)
	*spare = tokens
	if most := t.Len - t.extra(); t.Len > 0 && len(tokens) > most {
		if t.CutFront {
			tokens = tokens[len(tokens)-most:]
		} else {
			tokens = tokens[:most]
		}
	}
	n := len(tokens) + t.extra()
	if n > math.MaxInt32 {
		return fmt.Errorf("a text of %d tokens is too long: %w", n, loader.ErrCorrupt)
	}
	out := w.Out(s, t.tokens, dtype.Int32, loader.Dims(cmp.Or(t.Len, n)))
	t.lay(loader.View[int32](*out), tokens)
	loader.View[int32](*w.Out(s, t.length, dtype.Int32, loader.Dims()))[0] = int32(n)
	if t.mask >= 0 {
		mask := w.Out(s, t.mask, dtype.Bool, out.Shape)
		for i := range mask.Data {
			mask.Data[i] = 0
			if i < n {
				mask.Data[i] = 1
			}
		}
	}
	return nil
}

// lay fills dst with tokens, what goes around them, and padding.
func (t *tokenize) lay(dst, tokens []int32) {
	at := 0
	if t.Begin != 0 {
		dst[0], at = t.Begin, 1
	}
	at += copy(dst[at:], tokens)
	if t.End != 0 {
		dst[at] = t.End
		at++
	}
	for i := range dst[at:] {
		dst[at+i] = t.Pad
	}
}

// findText returns the index of the named text or, if name is empty, of the
// only one.
func findText(in loader.Spec, name string) (int, error) {
	f, err := in.Find(name, kind.Text)
	if err != nil {
		return -1, err
	}
	if t := in[f]; t.Kind != kind.Text || t.DType != dtype.Uint8 || t.Shape.Rank() != 1 {
		return -1, fmt.Errorf("field %v is no text: %w", t, loader.ErrSpec)
	}
	return f, nil
}

// dependent returns the first field that lives on the named one, or -1.
func dependent(in loader.Spec, name string) int {
	for i, f := range in {
		if f.Name != "" && f.Canvas == name {
			return i
		}
	}
	return -1
}
