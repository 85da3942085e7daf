package text

import (
	"fmt"

	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
)

// Choose takes one of the texts of each sample, drawn uniformly, as one of the
// captions of an image. The field of kind Texts becomes one of kind Text, and the
// field of their lengths is removed. A sample without texts gets an empty one.
//
// Values of other kinds, which lie one behind another in the same way, keep their
// kind: so Choose takes one of several image files.
type Choose struct {
	// Field is the texts; "" means the only field of kind Texts.
	Field string
}

// Bind implements loader.Transform.
func (m Choose) Bind(in loader.Spec) (loader.Stage, error) {
	f, err := in.Find(m.Field, kind.Texts)
	if err != nil {
		return loader.Stage{}, err
	}
	l := in.FindOn(in[f].Name, kind.Lengths)
	if l < 0 || in[f].DType != dtype.Uint8 || in[f].Shape != loader.Dims(-1) || in[l].DType != dtype.Int32 {
		return loader.Stage{}, fmt.Errorf("field %v holds no texts with int32 lengths: %w", in[f], loader.ErrSpec)
	}
	out := in.Clone()
	if out[l].Name = ""; out[f].Kind == kind.Texts {
		out[f].Kind = kind.Text
	}
	if d := dependent(out, in[f].Name); d >= 0 {
		return loader.Stage{}, fmt.Errorf("field %q lives on %q, of which one value is left: %w", in[d].Name, in[f].Name, loader.ErrSpec)
	}
	return loader.Stage{Out: out, Writes: []int{f}, Row: func(w *loader.Worker, s *loader.Sample) error {
		texts, lengths := s.Fields[f].Data, loader.View[int32](s.Fields[l])
		chosen := -1
		if len(lengths) > 0 {
			chosen = w.Rand().IntN(len(lengths))
			w.Note("choose", float64(chosen))
		}
		text, err := pick(texts, lengths, chosen)
		if err != nil {
			return err
		}
		copy(w.Out(s, f, dtype.Uint8, loader.Dims(len(text))).Data, text)
		return nil
	}}, nil
}

// pick returns the chosen one of texts, none if that is negative.
func pick(texts []byte, lengths []int32, chosen int) (text []byte, err error) {
	at := 0
	for i, n := range lengths {
		if n < 0 || int(n) > len(texts)-at {
			return nil, fmt.Errorf("text %d has %d bytes, %d are left: %w", i, n, len(texts)-at, loader.ErrCorrupt)
		}
		if i == chosen {
			text = texts[at : at+int(n)]
		}
		at += int(n)
	}
	if at < len(texts) {
		return nil, fmt.Errorf("texts of %d bytes, their lengths are %d together: %w", len(texts), at, loader.ErrCorrupt)
	}
	return text, nil
}
