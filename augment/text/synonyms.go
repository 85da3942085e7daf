package text

import (
	"cmp"
	"fmt"
	"math/rand/v2"

	"github.com/stokerdata/stoker/loader"
)

// Synonyms replaces words by others that a thesaurus puts beside them, each
// drawn uniformly from all its sets that hold the word. Capitals are kept: of
// the first letter, or of all. Words are replaced as they stand, neither
// inflected nor told apart by their sense in the sentence. The method is the SR
// of Wei and Zou, "EDA: easy data augmentation techniques for boosting
// performance on text classification tasks" (EMNLP 2019), on single
// occurrences. Spans move with the text.
type Synonyms struct {
	// Field is the text; "" means the only field of kind Text.
	Field string
	// Thesaurus is where synonyms come from; nil means English().
	Thesaurus *Thesaurus
	// P is the probability that a word which the thesaurus knows is replaced,
	// from 0 to 1; 0 means 0.1.
	P float64
	// N is the most words to replace in a text; if more are drawn, N of them are
	// chosen uniformly. 0 means no limit.
	N int
}

// Bind implements loader.Transform.
func (m Synonyms) Bind(in loader.Spec) (loader.Stage, error) {
	m.P = cmp.Or(m.P, 0.1)
	if !(m.P >= 0 && m.P <= 1) || m.N < 0 {
		return loader.Stage{}, fmt.Errorf("probability %v, at most %d words: %w", m.P, m.N, loader.ErrSpec)
	}
	if m.Thesaurus == nil {
		m.Thesaurus = English()
	}
	e, err := bindEditor(in, m.Field)
	if err != nil {
		return loader.Stage{}, err
	}
	return loader.Stage{Out: in, Writes: e.writes(), Row: func(w *loader.Worker, s *loader.Sample) error {
		d := e.pool.Get().(*draft)
		defer e.pool.Put(d)
		old := s.Fields[e.text].Data
		d.scan(old)
		m.choose(w.Rand(), d, old)
		if len(d.picks) == 0 {
			return nil
		}
		m.edit(w, d, old)
		return e.apply(w, s, d)
	}}, nil
}

// choose sets d.picks to the words to replace.
func (m *Synonyms) choose(rng *rand.Rand, d *draft, text []byte) {
	d.picks = d.picks[:0]
	for i, word := range d.words {
		if len(m.Thesaurus.find(text[word.start:word.end])) > 0 && rng.Float64() < m.P {
			d.picks = append(d.picks, i)
		}
	}
	if m.N == 0 || len(d.picks) <= m.N {
		return
	}
	// Selection sampling: Knuth, The Art of Computer Programming 2, 3.4.2, algorithm S.
	kept := 0
	for i, p := range d.picks {
		if rng.IntN(len(d.picks)-i) < m.N-kept {
			d.picks[kept] = p
			kept++
		}
	}
	d.picks = d.picks[:kept]
}

// edit sets d.edits so that the picked words are replaced.
func (m *Synonyms) edit(w *loader.Worker, d *draft, text []byte) {
	d.edits, d.with = d.edits[:0], d.with[:0]
	at := 0
	for _, p := range d.picks {
		word := d.words[p]
		places := m.Thesaurus.find(text[word.start:word.end])
		k := w.Rand().IntN(m.Thesaurus.choices(places))
		w.Note("synonym", float64(p), float64(k))
		start := len(d.with)
		d.with = appendLike(d.with, m.Thesaurus.synonym(places, k), text[word.start:word.end])
		d.keep(at, word.start)
		d.replace(word, d.with[start:])
		at = word.end
	}
	d.keep(at, len(text))
}

// find returns where word stands, whatever its capitals.
func (t *Thesaurus) find(word []byte) []entry {
	var small [maxWord]byte
	if len(word) > maxWord {
		return nil
	}
	return t.index[string(appendLower(small[:0], word))]
}

// scan sets d.words to the words of text.
func (d *draft) scan(text []byte) {
	d.words = d.words[:0]
	for at := 0; at < len(text); {
		tok, word := next(text, at)
		if at = tok.end; word {
			d.words = append(d.words, tok)
		}
	}
}
