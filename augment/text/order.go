package text

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/stokerdata/stoker/loader"
)

// ShuffleWords changes the order of words a little: no word moves by more than
// Distance places. Spaces and punctuation stay where they are, and words keep
// their capitals. Spans move with the text. The method is the word shuffle of
// Lample, Conneau, Denoyer and Ranzato, "Unsupervised machine translation using
// monolingual corpora only" (ICLR 2018): words are sorted by their place plus a
// number drawn uniformly from [0, Distance+1).
type ShuffleWords struct {
	// Field is the text; "" means the only field of kind Text.
	Field string
	// Distance is the most places that a word moves; 0 means 3, as in the paper.
	Distance int
}

// key is where a word wants to stand, in units of 2^-32 places, and its number.
type key struct {
	at uint64
	i  int
}

// Bind implements loader.Transform.
func (m ShuffleWords) Bind(in loader.Spec) (loader.Stage, error) {
	distance := cmp.Or(m.Distance, 3)
	if distance < 0 {
		return loader.Stage{}, fmt.Errorf("distance %d: %w", distance, loader.ErrSpec)
	}
	return bindOrder(in, m.Field, func(w *loader.Worker, d *draft) {
		reach := uint64(min(distance, len(d.words))+1) << 32
		d.keys = d.keys[:0]
		for i := range d.words {
			d.keys = append(d.keys, key{uint64(i)<<32 + w.Rand().Uint64N(reach), i})
		}
		slices.SortFunc(d.keys, func(a, b key) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.i, b.i)) })
		for i, k := range d.keys {
			d.picks[i] = k.i
		}
	})
}

// SwapWords lets two words change places, drawn uniformly, N times: the RS of
// Wei and Zou, "EDA: easy data augmentation techniques for boosting performance
// on text classification tasks" (EMNLP 2019). Spaces and punctuation stay where
// they are, and words keep their capitals. Spans move with the text.
type SwapWords struct {
	// Field is the text; "" means the only field of kind Text.
	Field string
	// N is the number of swaps; 0 means 1.
	N int
}

// Bind implements loader.Transform.
func (m SwapWords) Bind(in loader.Spec) (loader.Stage, error) {
	n := cmp.Or(m.N, 1)
	if n < 0 {
		return loader.Stage{}, fmt.Errorf("%d swaps: %w", n, loader.ErrSpec)
	}
	return bindOrder(in, m.Field, func(w *loader.Worker, d *draft) {
		for range n {
			i, j := w.Rand().IntN(len(d.words)), w.Rand().IntN(len(d.words)-1)
			if j >= i {
				j++
			}
			w.Note("swap", float64(i), float64(j))
			d.picks[i], d.picks[j] = d.picks[j], d.picks[i]
		}
	})
}

// bindOrder returns a stage that puts words in another order. Draw permutes
// d.picks, the numbers of the two or more words of d in their new order.
func bindOrder(in loader.Spec, field string, draw func(w *loader.Worker, d *draft)) (loader.Stage, error) {
	e, err := bindEditor(in, field)
	if err != nil {
		return loader.Stage{}, err
	}
	return loader.Stage{Out: in, Writes: e.writes(), Row: func(w *loader.Worker, s *loader.Sample) error {
		d := e.pool.Get().(*draft)
		defer e.pool.Put(d)
		text := s.Fields[e.text].Data
		d.scan(text)
		if len(d.words) < 2 {
			return nil
		}
		d.picks = d.picks[:0]
		for i := range d.words {
			d.picks = append(d.picks, i)
		}
		if draw(w, d); slices.IsSorted(d.picks) {
			return nil
		}
		d.permute(len(text))
		return e.apply(w, s, d)
	}}, nil
}

// permute sets d.edits so that word i of a text of n bytes becomes word picks[i].
func (d *draft) permute(n int) {
	d.edits = d.edits[:0]
	at := 0
	for i, p := range d.picks {
		d.keep(at, d.words[i].start)
		d.keep(d.words[p].start, d.words[p].end)
		at = d.words[i].end
	}
	d.keep(at, n)
}
